// SPDX-License-Identifier: MIT
// Adds up the values of several CPUs. Knows no map.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// The type of a sum of Ts: 64 bits for an integer, an array of sums for an array.
template <class T>
struct SumOf {
  using type = T;
};
template <class T>
  requires std::is_integral_v<T>
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
  if constexpr (std::is_integral_v<Sum>)
    // Counters wrap around in the kernel; a signed sum that overflows would be undefined.
    total = static_cast<Sum>(static_cast<std::uint64_t>(total) + static_cast<std::uint64_t>(part));
  else if constexpr (requires { total += part; })
    total += part;
  else
    for (std::size_t i = 0; i < total.size(); ++i) add(total[i], part[i]);
}

}  // namespace bpfmap::inline v0::detail
