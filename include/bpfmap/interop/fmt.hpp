// SPDX-License-Identifier: MIT
// Formatters for {fmt}. Needs fmt: target bpfmap::fmt.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "bpfmap/error.hpp"
#include "bpfmap/layout/layout_report.hpp"
#include "bpfmap/map/map.hpp"

/// The kernel's name, as in "percpu_hash".
template <>
struct fmt::formatter<bpfmap::MapType> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(bpfmap::MapType type, Context& context) const {
    return fmt::formatter<std::string_view>::format(bpfmap::to_string(type), context);
  }
};

/// The operation's name, as in "get_next_key".
template <>
struct fmt::formatter<bpfmap::Operation> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(bpfmap::Operation operation, Context& context) const {
    return fmt::formatter<std::string_view>::format(bpfmap::to_string(operation), context);
  }
};

/// Its what().
template <>
struct fmt::formatter<bpfmap::Error> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const bpfmap::Error& error, Context& context) const {
    return fmt::formatter<std::string_view>::format(error.what(), context);
  }
};

/// One line, as in "7: hash 'flows' key 8 value 16 max_entries 65536 flags 0x1".
template <>
struct fmt::formatter<bpfmap::MapInfo> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(const bpfmap::MapInfo& info, Context& context) const {
    return fmt::format_to(context.out(), "{}: {} '{}' key {} value {} max_entries {} flags {:#x}",
                          info.id, info.type, info.name, info.key_size, info.value_size,
                          info.max_entries, static_cast<std::uint32_t>(info.flags));
  }
};

/// Its to_string(): several lines.
template <>
struct fmt::formatter<bpfmap::LayoutReport> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const bpfmap::LayoutReport& report, Context& context) const {
    return fmt::formatter<std::string_view>::format(bpfmap::to_string(report), context);
  }
};

// PerCpuValues and PerCpuView are ranges of their slots, and print as such: "[3, 0, 12, 1]".
