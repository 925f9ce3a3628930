// SPDX-License-Identifier: MIT
// LpmKey: a prefix, as the key of an LPM trie. Knows no map.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/config.hpp"
#include "bpfmap/error.hpp"

// Defined by <netinet/in.h> and by <linux/in.h>, which cannot be included together in every order.
struct in_addr;
struct in6_addr;

namespace bpfmap::inline v0 {

namespace detail {

// As <sys/socket.h> has them.
inline constexpr int af_inet = 2;
inline constexpr int af_inet6 = 10;

// The family of an address, or 0 when it has no text.
template <class Addr>
inline constexpr int address_family = std::is_same_v<Addr, in_addr>    ? af_inet
                                      : std::is_same_v<Addr, in6_addr> ? af_inet6
                                                                       : 0;

// Clears the bits after the first `prefixlen`.
constexpr void clear_host_bits(std::span<std::uint8_t> data, std::uint32_t prefixlen) noexcept {
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto begin = static_cast<std::uint32_t>(i * 8);
    const std::uint32_t kept = prefixlen <= begin ? 0 : std::min(prefixlen - begin, 8U);
    data[i] = static_cast<std::uint8_t>(data[i] & (0xff00U >> kept));
  }
}

// Parses "10.0.0.0/8" into the bytes of an address; returns the prefix length, or sets ec to
// Errc::invalid_prefix.
[[nodiscard]] std::uint32_t parse_prefix(int family, std::string_view text,
                                         std::span<std::uint8_t> address,
                                         std::error_code& ec) noexcept;
[[nodiscard]] std::string prefix_text(int family, std::span<const std::uint8_t> address,
                                      std::uint32_t prefixlen);

}  // namespace detail

/// The first `prefixlen` bits of an address: `LpmKey<in_addr>::parse("10.0.0.0/8")`.
///
/// Laid out as the kernel's struct bpf_lpm_trie_key: 4 bytes of prefix length in machine order,
/// then the address in network order. The size of the key is that of a BPF program's `struct {
/// __u32 prefixlen; __u8 data[n]; }`, which the compiler rounds up to a multiple of 4 bytes; the
/// added bytes are zero. For a packed struct, or a trie created with another key size, use
/// PackedLpmKey.
///
/// Addr is in_addr or in6_addr (include <netinet/in.h> or <linux/in.h>), or an array of bytes such
/// as std::array<std::uint8_t, 6>. Bits after the prefix are always cleared: to the kernel,
/// 10.1.2.3/8 and 10.0.0.0/8 are the same prefix, and it returns the one that was written last.
template <class Addr, std::size_t data_size = (sizeof(Addr) + 3) / 4 * 4>
struct LpmKey {
  static_assert(std::is_trivially_copyable_v<Addr> && sizeof(Addr) <= 256,
                "bpfmap: the address of an LpmKey is up to 256 plain bytes in network order.");
  static_assert(data_size >= sizeof(Addr) && data_size <= 256,
                "bpfmap: the data of an LpmKey holds the address, in up to 256 bytes.");

  /// The number of bits in an address.
  static constexpr std::uint32_t max_prefixlen = sizeof(Addr) * 8;

  std::uint32_t prefixlen = 0;
  std::array<std::uint8_t, data_size> data{};

  /// Makes the prefix of length 0, which covers everything.
  constexpr LpmKey() noexcept = default;
  /// Makes the prefix of the first `length` bits of `address`, all by default; a larger length
  /// means all.
  explicit LpmKey(const Addr& address, std::uint32_t length = max_prefixlen) noexcept
      : prefixlen(std::min(length, max_prefixlen)) {
    std::memcpy(data.data(), &address, sizeof(Addr));
    detail::clear_host_bits(data, prefixlen);
  }

  /// Parses "10.0.0.0/8" or "2a00:1450::/32"; without a length, all bits of the address count. Host
  /// bits may be set and are cleared. Throws Error (Errc::invalid_prefix).
  [[nodiscard]] static LpmKey parse(std::string_view text)
    requires(detail::address_family<Addr> != 0)
  {
    std::error_code ec;
    const LpmKey key = parse(text, ec);
    detail::throw_if(ec);
    return key;
  }
  /// As above; the prefix of length 0 when `ec` is set.
  [[nodiscard]] static LpmKey parse(std::string_view text, std::error_code& ec) noexcept
    requires(detail::address_family<Addr> != 0)
  {
    LpmKey key;
    key.prefixlen = detail::parse_prefix(detail::address_family<Addr>, text, key.data, ec);
    detail::clear_host_bits(key.data, key.prefixlen);
    return key;
  }

  /// Returns the address, with its host bits zero.
  [[nodiscard]] Addr address() const noexcept {
    Addr address;
    std::memcpy(&address, data.data(), sizeof(Addr));
    return address;
  }
  /// Returns the text that parse() accepts: "10.0.0.0/8".
  [[nodiscard]] std::string to_string() const
    requires(detail::address_family<Addr> != 0)
  {
    return detail::prefix_text(detail::address_family<Addr>, data, prefixlen);
  }

  friend constexpr bool operator==(const LpmKey&, const LpmKey&) noexcept = default;
};

/// An LpmKey without padding: its key is always 4 bytes larger than the address, such as 10 bytes
/// for an address of 6.
template <class Addr>
using PackedLpmKey = LpmKey<Addr, sizeof(Addr)>;

/// The layout of an LpmKey with a size that is not a multiple of 4: without the padding of the
/// object.
template <class Addr, std::size_t data_size>
  requires(data_size % 4 != 0)
struct Codec<LpmKey<Addr, data_size>> {
  static constexpr std::size_t size = sizeof(std::uint32_t) + data_size;
  static void encode(const LpmKey<Addr, data_size>& key, std::span<std::byte, size> out) noexcept {
    std::memcpy(out.data(), &key.prefixlen, sizeof key.prefixlen);
    std::memcpy(out.data() + sizeof key.prefixlen, key.data.data(), data_size);
  }
  static LpmKey<Addr, data_size> decode(std::span<const std::byte, size> in) noexcept {
    LpmKey<Addr, data_size> key;
    std::memcpy(&key.prefixlen, in.data(), sizeof key.prefixlen);
    std::memcpy(key.data.data(), in.data() + sizeof key.prefixlen, data_size);
    return key;
  }
};

}  // namespace bpfmap::inline v0
