// SPDX-License-Identifier: MIT
// Adds up the values of several CPUs. Knows no map.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// Named by the compiler, because std::is_integral does not know it in strict mode.
template <class T>
inline constexpr bool is_128_bits = false;
#ifdef __SIZEOF_INT128__
__extension__ using Signed128 = __int128;
__extension__ using Unsigned128 = unsigned __int128;
template <>
inline constexpr bool is_128_bits<Signed128> = true;
template <>
inline constexpr bool is_128_bits<Unsigned128> = true;
#else
using Unsigned128 = std::uint64_t;
#endif

// The type of a sum of Ts: 64 bits for an integer of up to 64 bits, an array of sums for an array.
template <class T>
struct SumOf {
  using type = T;
};
template <class T>
  requires(std::is_integral_v<T> && !is_128_bits<T>)
struct SumOf<T> {
  using type = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
};
template <class T, std::size_t n>
struct SumOf<T[n]> {
  using type = std::array<typename SumOf<T>::type, n>;
};
template <class T, std::size_t n>
struct SumOf<std::array<T, n>> {
  using type = std::array<typename SumOf<T>::type, n>;
};

template <class Sum, class Part>
constexpr void add(Sum& total, const Part& part) {
  if constexpr (is_128_bits<Sum>)
    total = static_cast<Sum>(static_cast<Unsigned128>(total) + static_cast<Unsigned128>(part));
  else if constexpr (std::is_integral_v<Sum>)
    // Counters wrap around in the kernel; a signed sum that overflows would be undefined.
    total = static_cast<Sum>(static_cast<std::uint64_t>(total) + static_cast<std::uint64_t>(part));
  else if constexpr (requires { total += part; })
    total += part;
  else if constexpr (requires { part[0]; })
    for (std::size_t i = 0; i < total.size(); ++i) add(total[i], part[i]);
  else
    static_assert(!sizeof(Sum),
                  "bpfmap: values of this type cannot be added. Give sum() a member that is a "
                  "number (sum(&Stats::packets)) or a function, or the type an operator+=.");
}

}  // namespace bpfmap::inline v0::detail
