// SPDX-License-Identifier: MIT
// Finds a program's global variable in the map of its section. Layer 2.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

/// A variable of a section: its offset in the map's only value, and its size, both in bytes.
struct GlobalVariable {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  friend bool operator==(const GlobalVariable&, const GlobalVariable&) = default;
};

/// Finds the variable `name`, static ones included, of the section that `map` holds (.bss, .data,
/// .rodata), in the BTF that the kernel keeps for the map (BPF_BTF_GET_FD_BY_ID, 4.18; sections
/// 5.2). The static variable `calls` of a function `f` has the name "f.calls". Throws Error:
/// Errc::no_btf when the map has none; Errc::no_such_variable; ENOTUNIQ when linked files have
/// several static variables of this name; EPERM without CAP_SYS_ADMIN.
[[nodiscard]] GlobalVariable find_variable(const Map& map, std::string_view name);
/// As above; all zero when `ec` is set.
[[nodiscard]] GlobalVariable find_variable(const Map& map, std::string_view name,
                                           std::error_code& ec) noexcept;

namespace detail {
// Returns whether `map` holds the variables of a program's section. Only such maps have BTF without
// a key.
[[nodiscard]] bool is_section(const MapInfo& info) noexcept;
}  // namespace detail

}  // namespace bpfmap::inline v0
