// SPDX-License-Identifier: MIT
// LayoutReport: what a comparison of C++ types with a map's BTF found. Layer 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// How a C++ type and a map's BTF relate.
enum class LayoutVerdict : std::uint8_t {
  match,
  mismatch,
  unknown,  ///< the BTF cannot be had, or is broken: LayoutReport::reason has the cause
};

/// The part of a map that a line of a report is about.
enum class LayoutPart : std::uint8_t {
  key,
  value,     ///< of a map of maps, those of an inner map
  variable,  ///< of a data section
};

/// The ways in which a member can differ.
enum class LayoutFault : std::uint8_t {
  size,  ///< also a note: an integer holds the other side's bit-fields
  offset,
  sign,          ///< of an integer of at least 2 bytes
  count,         ///< of an array's elements
  type,          ///< an integer and a floating-point number
  absent,        ///< the other side has neither a member nor padding there
  flexible_end,  ///< an array without a size ends the struct; a note if it is the map's
  name,          ///< only with LayoutOptions::names
  padding,       ///< a note: the other side has padding there
};

/// Where a member lies. Bit 0 is the first in memory.
struct LayoutPlace {
  std::uint64_t bit_offset = 0;  ///< from the beginning of the key or value
  std::uint64_t bit_size = 0;

  friend bool operator==(const LayoutPlace&, const LayoutPlace&) = default;
};

/// A difference, or a note. At least one side has a place.
struct LayoutDifference {
  LayoutPart part = LayoutPart::value;
  LayoutFault fault = LayoutFault::size;
  std::string path = {};  ///< as in "tcp.flags[0].x"; empty for the whole key or value
  std::optional<LayoutPlace> in_type = {};
  std::optional<LayoutPlace> in_map = {};
  std::string text = {};  ///< one line
};

/// A line of the two layouts, which stand side by side.
struct LayoutLine {
  /// A member as C declares it, such as "__u32 ports[2]".
  struct Side {
    LayoutPlace place;
    std::string text;
  };
  enum class Mark : std::uint8_t { same, note, different };

  LayoutPart part = LayoutPart::value;
  Mark mark = Mark::same;
  std::uint32_t depth = 0;  ///< of nested structs
  std::optional<Side> in_type = {};
  std::optional<Side> in_map = {};
};

/// How to compare layouts.
struct LayoutOptions {
  bool names = false;  ///< members with different names differ, instead of being noted
};

/// What a comparison of C++ types with a map's BTF found.
struct LayoutReport {
  LayoutVerdict verdict = LayoutVerdict::unknown;
  std::vector<LayoutDifference> differences = {};  ///< the first 256
  std::vector<LayoutDifference> notes = {};        ///< the first 256: differences that do no harm
  std::size_t difference_count = 0;                ///< of all differences
  std::string reason = {};                         ///< of LayoutVerdict::unknown
  std::vector<LayoutLine> lines = {};              ///< the first 10 000 of both layouts
  std::uint32_t map_id = 0;                        ///< the map whose BTF was read
  std::string map_name = {};
};

[[nodiscard]] std::string_view to_string(LayoutVerdict verdict) noexcept;
[[nodiscard]] std::string_view to_string(LayoutPart part) noexcept;
[[nodiscard]] std::string_view to_string(LayoutFault fault) noexcept;
/// Returns the verdict, the differences and notes, a line each, and both layouts side by side with
/// offsets in bytes. '!' marks a line that differs, '~' one with a note. Of long layouts, shows
/// only the lines around the marked ones, and of many differences the first.
[[nodiscard]] std::string to_string(const LayoutReport& report);
/// Returns the report without the lines of both layouts as one JSON object.
[[nodiscard]] std::string to_json(const LayoutReport& report);

}  // namespace bpfmap::inline v0
