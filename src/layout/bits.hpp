// SPDX-License-Identifier: MIT
// Integers of any width at any bit of a value, as BTF places them. Private to src/layout/.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// Bit `i` of a byte in the machine's order: the first one is the lowest on little-endian machines.
inline unsigned bit_in_byte(std::uint64_t i) noexcept {
  const auto in_byte = static_cast<unsigned>(i % 8);
  return std::endian::native == std::endian::little ? in_byte : 7U - in_byte;
}

/// Returns the `bits` (at most 64) bits at bit `offset` of `from`.
inline std::uint64_t load_bits(const std::byte* from, std::uint64_t offset,
                               unsigned bits) noexcept {
  constexpr bool little = std::endian::native == std::endian::little;
  std::uint64_t value = 0;
  if (offset % 8 == 0 && bits % 8 == 0) {
    for (unsigned i = 0; i < bits / 8; ++i) {
      const auto byte = std::to_integer<std::uint64_t>(from[offset / 8 + i]);
      value = little ? value | byte << 8 * i : value << 8U | byte;
    }
    return value;
  }
  for (unsigned i = 0; i < bits; ++i) {
    const std::uint64_t at = offset + i;
    const auto bit = std::to_integer<std::uint64_t>(from[at / 8]) >> bit_in_byte(at) & 1U;
    value = little ? value | bit << i : value << 1U | bit;
  }
  return value;
}

/// Stores the lowest `bits` (at most 64) bits of `value` at bit `offset` of `to`.
inline void store_bits(std::byte* to, std::uint64_t offset, unsigned bits,
                       std::uint64_t value) noexcept {
  constexpr bool little = std::endian::native == std::endian::little;
  if (offset % 8 == 0 && bits % 8 == 0) {
    for (unsigned i = 0; i < bits / 8; ++i)
      to[offset / 8 + i] =
          static_cast<std::byte>(value >> 8 * (little ? i : bits / 8 - 1 - i) & 0xffU);
    return;
  }
  for (unsigned i = 0; i < bits; ++i) {
    const std::uint64_t at = offset + i;
    const auto mask = std::byte{1} << bit_in_byte(at);
    const bool set = (value >> (little ? i : bits - 1 - i) & 1U) != 0;
    to[at / 8] = set ? to[at / 8] | mask : to[at / 8] & ~mask;
  }
}

/// Returns the number with its highest bit repeated.
inline std::uint64_t sign_extended(std::uint64_t value, unsigned bits) noexcept {
  if (bits == 0 || bits >= 64) return value;
  const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  return (value ^ sign) - sign;
}

/// Whether an enumerator, which BTF keeps in 32 or 64 bits, is the number of its lowest `bits`
/// bits.
inline bool enumerator_fits(std::uint64_t value, unsigned bits) noexcept {
  if (bits >= 64) return true;
  const std::uint64_t kept = value & ((std::uint64_t{1} << bits) - 1);
  const std::uint64_t extended = sign_extended(kept, bits);
  return kept == value || extended == value || (extended & 0xffffffffU) == value;
}

/// Returns the largest number of `bits` bits.
inline std::uint64_t all_bits(unsigned bits) noexcept {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

}  // namespace bpfmap::inline v0::detail
