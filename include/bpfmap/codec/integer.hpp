// SPDX-License-Identifier: MIT
// Integers in 1 to 8 bytes. Knows no map.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>
#include <type_traits>

#include "bpfmap/bytes.hpp"

namespace bpfmap::inline v0 {

/// Returns the unsigned integer in 1 to 8 `bytes`, least significant first: {10, 0, 0, 0} is 10.
/// Throws Error with Errc::out_of_range for any other number of bytes.
[[nodiscard]] std::uint64_t decode_int_value(BytesView bytes);
/// As above; 0 when `ec` is set.
[[nodiscard]] std::uint64_t decode_int_value(BytesView bytes, std::error_code& ec) noexcept;

/// Returns the unsigned integer in 1 to 8 `bytes` in the machine's byte order, in which maps store
/// integers. Throws Error with Errc::out_of_range for any other number of bytes.
[[nodiscard]] std::uint64_t decode_native_int(BytesView bytes);
/// As above; 0 when `ec` is set.
[[nodiscard]] std::uint64_t decode_native_int(BytesView bytes, std::error_code& ec) noexcept;

/// An integer type; a `Map` encodes it in as many bytes as the map declares. Characters are
/// integers here; bool is not.
template <class T>
concept integer_like = std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8;

namespace detail {

// An integer of any type: its 64 bits, and whether they are a negative number.
struct Integer {
  std::uint64_t bits;
  bool negative;
};

template <integer_like T>
[[nodiscard]] constexpr Integer widen(T value) noexcept {
  // Not std::cmp_less, which rejects characters.
  bool negative = false;
  if constexpr (std::is_signed_v<T>) negative = value < 0;
  return {static_cast<std::uint64_t>(value), negative};
}

// Whether an integer has `size` bytes.
[[nodiscard]] constexpr bool is_integer_size(std::size_t size) noexcept {
  return size >= 1 && size <= 8;
}

// Whether `value` is one of -(2^(8n-1)) ... 2^(8n)-1, that is, whether n bytes can hold it as
// signed or unsigned.
[[nodiscard]] constexpr bool fits(Integer value, std::size_t size) noexcept {
  if (size >= 8) return true;
  const unsigned bits = static_cast<unsigned>(size) * 8;
  return value.negative ? value.bits >= ~std::uint64_t{0} << (bits - 1) : value.bits >> bits == 0;
}

// Stores the low `out.size()` (1 to 8) bytes in `order`; sign-extended by construction.
constexpr void store(std::uint64_t bits, MutableBytesView out, std::endian order) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t at = order == std::endian::little ? i : out.size() - 1 - i;
    out[at] = static_cast<std::byte>(bits >> (8 * i));
  }
}

[[nodiscard]] constexpr std::uint64_t load(BytesView in, std::endian order) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::size_t at = order == std::endian::little ? i : in.size() - 1 - i;
    bits |= static_cast<std::uint64_t>(in[at]) << (8 * i);
  }
  return bits;
}

// Returns the T in 1 to 8 bytes in the machine's byte order: as two's complement for a signed T.
// nullopt when a T cannot hold the number.
template <integer_like T>
[[nodiscard]] constexpr std::optional<T> load_native(BytesView in) noexcept {
  const std::uint64_t bits = load(in, std::endian::native);
  if constexpr (std::is_signed_v<T>) {
    const unsigned unused = 64 - 8 * static_cast<unsigned>(in.size());
    const auto value = static_cast<std::int64_t>(bits << unused) >> unused;
    if (static_cast<T>(value) == value) return static_cast<T>(value);
  } else {
    if (static_cast<T>(bits) == bits) return static_cast<T>(bits);
  }
  return std::nullopt;
}

[[nodiscard]] Bytes encode_int(Integer value, std::size_t size, std::endian order);
[[nodiscard]] Bytes encode_int(Integer value, std::size_t size, std::endian order,
                               std::error_code& ec) noexcept;

}  // namespace detail

/// Returns the `size` (1 to 8) bytes of `value`, least significant first: encode_int_key(42, 4) is
/// {42, 0, 0, 0}. Negative numbers are sign-extended. Throws Error with Errc::out_of_range when the
/// value does not fit, or no integer has that size.
template <integer_like T>
[[nodiscard]] Bytes encode_int_key(T value, std::size_t size) {
  return detail::encode_int(detail::widen(value), size, std::endian::little);
}
/// As above; empty when `ec` is set. ENOMEM: out of memory.
template <integer_like T>
[[nodiscard]] Bytes encode_int_key(T value, std::size_t size, std::error_code& ec) noexcept {
  return detail::encode_int(detail::widen(value), size, std::endian::little, ec);
}

/// Returns the `size` (1 to 8) bytes of `value` in the machine's byte order, as a `Map` encodes an
/// integer. Negative numbers are sign-extended. Throws Error with Errc::out_of_range when the value
/// does not fit, or no integer has that size.
template <integer_like T>
[[nodiscard]] Bytes encode_native_int(T value, std::size_t size) {
  return detail::encode_int(detail::widen(value), size, std::endian::native);
}
/// As above; empty when `ec` is set. ENOMEM: out of memory.
template <integer_like T>
[[nodiscard]] Bytes encode_native_int(T value, std::size_t size, std::error_code& ec) noexcept {
  return detail::encode_int(detail::widen(value), size, std::endian::native, ec);
}

}  // namespace bpfmap::inline v0
