// SPDX-License-Identifier: MIT
// The arguments of Map's operations. Included by map.hpp only.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/wire.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/percpu_values.hpp"
#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0 {

namespace detail {
template <class K>
using NextKeyArgument = std::optional<std::conditional_t<std::same_as<K, Bytes>, BytesView, K>>;

// A range that can be indexed and holds one value per CPU.
template <class T>
concept percpu_values = !byte_range<T> && !has_own_codec<T> && requires(const T& values) {
  { std::size(values) } -> std::convertible_to<std::size_t>;
  requires argument_encodable<std::remove_cvref_t<decltype(values[0])>>;
};
template <class V>
struct PerCpuResultOf {
  using type = PerCpuValues<V>;
};
template <>
struct PerCpuResultOf<Bytes> {
  using type = std::vector<Bytes>;
};

// The flags that name one CPU.
[[nodiscard]] constexpr std::uint64_t cpu_flags(std::uint32_t cpu) noexcept {
  return sys::f_cpu | std::uint64_t{cpu} << 32U;
}
// The size of a value that is to be read as a V, which the record of a failure has.
template <decodable V>
[[nodiscard]] constexpr BytesView asked(std::size_t value_size) noexcept {
  if constexpr (std::same_as<V, Bytes>)
    return sized(value_size);
  else if constexpr (integer_or_enum<V>)
    return sized(is_integer_size(value_size) ? value_size : sizeof(V));
  else
    return sized(Codec<V>::size);
}

}  // namespace detail

}  // namespace bpfmap::inline v0
