// SPDX-License-Identifier: MIT
// Copies objects without the bytes that belong to no member: what was on the stack before must not
// reach the kernel. Knows no map.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// Not constant when one of the bytes is padding, or when the compiler cannot see into a T.
template <class T, std::size_t begin, std::size_t end>
constexpr bool read_bytes() {
  const auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(T{});
  bool read = true;
  for (std::size_t i = begin; i < end; ++i) read = read && bytes[i] == bytes[i];
  return read;
}

// Whether the bytes from `begin` to `end` are known to belong to members.
template <class T, std::size_t begin, std::size_t end>
concept bytes_of_members = requires { typename std::bool_constant<read_bytes<T, begin, end>()>; };

// Larger values are written as they lie in memory: a copy may not fit on the stack.
inline constexpr std::size_t largest_copy = 4096;

// Whether a copy of a T needs its padding cleared. clang 14 cannot see into a T with a bit-field or
// a union, or without a constexpr constructor, and has no builtin for it.
template <class T>
concept has_padding = !std::has_unique_object_representations_v<T> && sizeof(T) <= largest_copy &&
                      !bytes_of_members<T, 0, sizeof(T)>
#ifdef __clang__
                      && bytes_of_members<T, 0, 1>
#endif
    ;

#ifdef __clang__
template <class T, std::size_t begin, std::size_t end>
constexpr void mark_members(std::array<std::byte, sizeof(T)>& mask) {
  if constexpr (bytes_of_members<T, begin, end>) {
    for (std::size_t i = begin; i < end; ++i) mask[i] = std::byte{0xff};
  } else if constexpr (end - begin > 1) {
    mark_members<T, begin, (begin + end) / 2>(mask);
    mark_members<T, (begin + end) / 2, end>(mask);
  }
}
template <class T>
inline constexpr auto mask_of_members = [] {
  std::array<std::byte, sizeof(T)> mask{};
  mark_members<T, 0, sizeof(T)>(mask);
  return mask;
}();
#endif

// Copies a T to `out`, with zeros for its padding.
template <class T>
void copy_members(const T& value, std::byte* out) noexcept {
  if constexpr (!has_padding<T>) {
    std::memcpy(out, &value, sizeof(T));
  } else {
#ifdef __clang__
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    const auto& mask = mask_of_members<T>;
    for (std::size_t i = 0; i < sizeof(T); ++i) out[i] = bytes[i] & mask[i];
#else
    T copy;
    std::memcpy(static_cast<void*>(&copy), &value, sizeof(T));
    __builtin_clear_padding(&copy);
    std::memcpy(out, &copy, sizeof(T));
#endif
  }
}

}  // namespace bpfmap::inline v0::detail
