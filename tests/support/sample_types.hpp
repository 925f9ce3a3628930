// SPDX-License-Identifier: MIT
// Keys and values of every kind that a typed map takes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>

#include "bpfmap/codec/codec.hpp"

namespace bpfmap::test {

/// A struct with array fields, every byte of it named.
struct FlowKey {
  std::uint32_t src = 0;
  std::uint32_t dst = 0;
  std::array<std::uint16_t, 2> ports{};
  std::uint8_t proto = 0;
  std::array<std::uint8_t, 3> pad{};
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};
static_assert(sizeof(FlowKey) == 16);

/// A value that can be summed over CPUs.
struct FlowStats {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  FlowStats& operator+=(const FlowStats& other) noexcept {
    packets += other.packets;
    bytes += other.bytes;
    return *this;
  }
  friend bool operator==(const FlowStats&, const FlowStats&) = default;
};

/// A value whose padding nobody reads, and no key.
struct Padded {
  std::uint8_t a = 0;
  std::uint32_t b = 0;
  friend bool operator==(const Padded&, const Padded&) = default;
};
static_assert(sizeof(Padded) == 8);

/// A trivially copyable value of `size` bytes.
template <std::size_t size>
struct Block {
  std::array<unsigned char, size> bytes{};
  /// Fills the bytes with different numbers, which depend on `seed`.
  [[nodiscard]] static Block filled(unsigned seed) noexcept {
    Block block;
    for (std::size_t i = 0; i < size; ++i)
      block.bytes[i] = static_cast<unsigned char>(seed + 7 * i + (i >> 8));
    return block;
  }
  friend bool operator==(const Block&, const Block&) = default;
};

enum class Proto : std::uint8_t { icmp = 1, tcp = 6, udp = 17 };

/// Text of up to 16 bytes: its layout in the map is not that of the object.
struct Name {
  std::string text;
  friend bool operator==(const Name&, const Name&) = default;
};

/// A number whose bytes lie in the map in network order: trivially copyable, and yet not its own
/// layout.
struct BigEndian32 {
  std::uint32_t value = 0;
  friend bool operator==(const BigEndian32&, const BigEndian32&) = default;
};

/// 5 bytes in the map, 8 in memory.
struct Packed {
  std::uint8_t a = 0;
  std::uint32_t b = 0;
  friend bool operator==(const Packed&, const Packed&) = default;
};

/// An address of 6 bytes with the member functions of a range, which is 8 bytes in the map, and
/// no default constructor.
class Mac {
 public:
  constexpr explicit Mac(std::array<unsigned char, 6> bytes) : bytes_(bytes) {}
  [[nodiscard]] const unsigned char* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] const unsigned char& operator[](std::size_t i) const noexcept { return bytes_[i]; }
  friend bool operator==(const Mac&, const Mac&) = default;

 private:
  std::array<unsigned char, 6> bytes_{};
};

/// A text with the member functions of a range, of which the map holds the whole object.
class Packet {
 public:
  constexpr Packet() = default;
  explicit Packet(std::string_view text) : size_(static_cast<std::uint32_t>(text.size())) {
    std::copy(text.begin(), text.end(), bytes_.begin());
  }
  [[nodiscard]] const char* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  friend bool operator==(const Packet&, const Packet&) = default;

 private:
  std::uint32_t size_ = 0;
  std::array<char, 12> bytes_{};
};

/// An enumeration that is 2 bytes in the map, in network order.
enum class Port : std::uint16_t { dns = 53, https = 443 };

inline std::ostream& operator<<(std::ostream& out, const FlowStats& stats) {
  return out << '{' << stats.packets << ", " << stats.bytes << '}';
}
inline std::ostream& operator<<(std::ostream& out, const Name& name) {
  return out << '"' << name.text << '"';
}
inline std::ostream& operator<<(std::ostream& out, const BigEndian32& number) {
  return out << number.value;
}

}  // namespace bpfmap::test

template <>
struct bpfmap::Codec<bpfmap::test::Name> {
  static constexpr std::size_t size = 16;
  static void encode(const test::Name& name, std::span<std::byte, size> zeroed) noexcept {
    std::memcpy(zeroed.data(), name.text.data(), std::min(name.text.size(), size));
  }
  static test::Name decode(std::span<const std::byte, size> in) noexcept {
    const std::string_view text{reinterpret_cast<const char*>(in.data()), size};
    return {std::string{text.substr(0, text.find('\0'))}};
  }
};

template <>
struct bpfmap::Codec<bpfmap::test::BigEndian32> {
  static constexpr std::size_t size = 4;
  static void encode(test::BigEndian32 number, std::span<std::byte, size> out) noexcept {
    for (unsigned i = 0; i < size; ++i)
      out[i] = static_cast<std::byte>(number.value >> (24 - 8 * i));
  }
  static test::BigEndian32 decode(std::span<const std::byte, size> in) noexcept {
    std::uint32_t value = 0;
    for (const std::byte byte : in) value = value << 8 | std::to_integer<std::uint32_t>(byte);
    return {value};
  }
};

template <>
struct bpfmap::Codec<bpfmap::test::Mac> {
  static constexpr std::size_t size = 8;
  static void encode(const test::Mac& mac, std::span<std::byte, size> zeroed) noexcept {
    std::memcpy(zeroed.data(), mac.data(), mac.size());
  }
  static test::Mac decode(std::span<const std::byte, size> in) noexcept {
    std::array<unsigned char, 6> bytes{};
    std::memcpy(bytes.data(), in.data(), bytes.size());
    return test::Mac{bytes};
  }
};

template <>
inline constexpr bool bpfmap::valid_as_bytes<bpfmap::test::Packet> = true;

template <>
struct bpfmap::Codec<bpfmap::test::Port> {
  static constexpr std::size_t size = 2;
  static void encode(test::Port port, std::span<std::byte, size> out) noexcept {
    out[0] = static_cast<std::byte>(static_cast<unsigned>(port) >> 8);
    out[1] = static_cast<std::byte>(port);
  }
  static test::Port decode(std::span<const std::byte, size> in) noexcept {
    return static_cast<test::Port>(std::to_integer<unsigned>(in[0]) << 8 |
                                   std::to_integer<unsigned>(in[1]));
  }
};

template <>
struct bpfmap::Codec<bpfmap::test::Packed> {
  static constexpr std::size_t size = 5;
  static void encode(const test::Packed& packed, std::span<std::byte, size> out) noexcept {
    out[0] = static_cast<std::byte>(packed.a);
    std::memcpy(out.data() + 1, &packed.b, sizeof packed.b);
  }
  static test::Packed decode(std::span<const std::byte, size> in) noexcept {
    test::Packed packed;
    packed.a = std::to_integer<std::uint8_t>(in[0]);
    std::memcpy(&packed.b, in.data() + 1, sizeof packed.b);
    return packed;
  }
};
