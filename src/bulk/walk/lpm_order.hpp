// SPDX-License-Identifier: MIT
// The order in which the kernel walks an LPM trie. Private to src/bulk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bpfmap::inline v0::detail {

// Whether key `a` comes before key `b`: by their common bits, and a longer prefix before the
// shorter one that covers it (post-order). A key is a u32 prefix length and the bits, most
// significant first.
inline bool lpm_precedes(const std::byte* a, const std::byte* b, std::size_t key_size) noexcept {
  std::uint32_t a_length = 0;
  std::uint32_t b_length = 0;
  std::memcpy(&a_length, a, sizeof a_length);
  std::memcpy(&b_length, b, sizeof b_length);
  const std::size_t bits =
      std::min({std::size_t{a_length}, std::size_t{b_length}, (key_size - 4) * 8});
  const int bytes_order = std::memcmp(a + 4, b + 4, bits / 8);
  if (bytes_order != 0) return bytes_order < 0;
  if (bits % 8 != 0) {
    const auto mask = static_cast<std::byte>(0xff << (8 - bits % 8));
    const std::byte a_bits = a[4 + bits / 8] & mask;
    const std::byte b_bits = b[4 + bits / 8] & mask;
    if (a_bits != b_bits) return a_bits < b_bits;
  }
  return a_length > b_length;
}

}  // namespace bpfmap::inline v0::detail
