// SPDX-License-Identifier: MIT
// Where the members of a T lie, found in memory for one. Knows no map.
#pragma once

#include <bit>
#include <cstddef>
#include <span>

#include "bpfmap/config.hpp"
#include "bpfmap/layout/detail/type_description.hpp"

namespace bpfmap::inline v0::detail {

// Memory for a T that is never constructed: only the addresses of its members are taken, and its
// bit-fields read. In .bss, because a T may be too large for the stack.
template <class T>
union Blank {
  constexpr Blank() noexcept : bytes{} {}
  std::byte bytes[sizeof(T)];
  T value;
};
template <class T>
inline constinit Blank<T> blank;

// The place of a bit-field in bytes where it alone has ones.
inline void find_bits(std::span<const std::byte> bytes, MemberDescription& into) noexcept {
  into.bit_size = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const unsigned shift = std::endian::native == std::endian::little ? bit % 8 : 7 - bit % 8;
    if ((std::to_integer<unsigned>(bytes[bit / 8]) >> shift & 1) == 0) continue;
    if (into.bit_size++ == 0) into.bit_offset = bit;
  }
  // Not a bit-field, but a packed member, or the first element of one, that g++ copied.
  if (into.bit_size == into.type->size * 8 || into.type->kind == TypeKind::array) into.bit_size = 0;
}

}  // namespace bpfmap::inline v0::detail
