// SPDX-License-Identifier: MIT
// Shared by the maps that are mapped as memory. Layer 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/mapping.hpp"

namespace bpfmap::inline v0::detail {

// Fails to compile with the reason why a T cannot be shared as memory, and the remedy.
template <class T>
consteval bool check_shared() {
  static_assert(bytewise<T>,
                "bpfmap: V cannot be shared as memory: it must be trivially copyable, and any "
                "bytes must be a V (no bool, enumeration without a fixed underlying type, pointer, "
                "long double or std::optional: use std::uint8_t or std::uint64_t, or specialise "
                "bpfmap::valid_as_bytes).");
  return true;
}

// Maps the memory of an array or an arena; sets ec when mmap(2) fails.
[[nodiscard]] sys::Mapping map_memory(const Map& map, std::uint64_t size,
                                      const sys::MappingOptions& options,
                                      std::error_code& ec) noexcept;

// Returns how many elements of this type an array holds; 0, with Errc::wrong_value_size, when it is
// not an array of such elements.
[[nodiscard]] std::uint64_t element_count(const Map& map, std::size_t size, std::size_t alignment,
                                          std::error_code& ec) noexcept;

// Record the failures of checked access.
[[nodiscard, gnu::cold]] std::error_code wrong_index(const Map& map, std::size_t index,
                                                     std::size_t count) noexcept;
[[nodiscard, gnu::cold]] std::error_code wrong_size(const Map& map, std::size_t size) noexcept;

}  // namespace bpfmap::inline v0::detail
