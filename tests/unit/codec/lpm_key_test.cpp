// SPDX-License-Identifier: MIT
#include "bpfmap/codec/lpm_key.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/error.hpp"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

using Ip4 = LpmKey<in_addr>;
using Ip6 = LpmKey<in6_addr>;
using Mac = LpmKey<std::array<std::uint8_t, 6>>;
using Data4 = std::array<std::uint8_t, 4>;

static_assert(encodable_as_key<Ip4> && encodable_as_key<Ip6> && encodable_as_key<Mac>);
static_assert(sizeof(Ip4) == 8 && sizeof(Ip6) == 20 && sizeof(Mac) == 12);
static_assert(sizeof(LpmKey<std::array<std::uint8_t, 1>>) == 8);
static_assert(sizeof(LpmKey<std::array<std::uint8_t, 256>>) == 260);
static_assert(Ip4::max_prefixlen == 32 && Ip6::max_prefixlen == 128 && Mac::max_prefixlen == 48);
static_assert(Ip4{}.prefixlen == 0 && Ip4{} == Ip4{});

in_addr address4(const char* text) {
  in_addr address{};
  EXPECT_EQ(::inet_pton(AF_INET, text, &address), 1);
  return address;
}

template <class Key>
void expect_refused(std::string_view text, std::string_view why) {
  SCOPED_TRACE(std::string{text});
  std::error_code ec;
  EXPECT_EQ(Key::parse(text, ec), Key{});
  EXPECT_EQ(ec, Errc::invalid_prefix);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  const Error error = test::error_of([&] { (void)Key::parse(text); });
  EXPECT_EQ(error.code(), Errc::invalid_prefix);
  EXPECT_EQ(error.operation(), Operation::encode);
  EXPECT_TRUE(test::contains(error.what(), why));
}

TEST(LpmKeyParse, LaysItOutAsTheKernelWantsIt) {
  const Ip4 key = Ip4::parse("10.1.0.0/16");
  std::array<std::uint8_t, 8> bytes{};
  std::memcpy(bytes.data(), &key, sizeof key);
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  EXPECT_EQ(length, 16U) << "in machine order";
  EXPECT_EQ(key.data, (Data4{10, 1, 0, 0})) << "in network order";
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(Ip4::parse("10.1.0.0/16", ec), key);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(LpmKeyParse, TakesAnAddressAloneAsAllOfIt) {
  EXPECT_EQ(Ip4::parse("192.168.0.1"), Ip4::parse("192.168.0.1/32"));
  EXPECT_EQ(Ip6::parse("::1").prefixlen, 128U);
  EXPECT_EQ(Ip6::parse("::1").data[15], 1U);
}

TEST(LpmKeyParse, ClearsTheBitsBehindThePrefix) {
  EXPECT_EQ(Ip4::parse("10.255.255.255/9").data, (Data4{10, 128, 0, 0}));
  EXPECT_EQ(Ip4::parse("10.255.255.255/8"), Ip4::parse("10.0.0.0/8"));
  EXPECT_EQ(Ip4::parse("255.255.255.255/0"), Ip4{});
  EXPECT_EQ(Ip6::parse("2a00:1450:4001:814:ffff::1/64"), Ip6::parse("2a00:1450:4001:814::/64"));
}

TEST(LpmKeyParse, RefusesWhatIsNoPrefix) {
  expect_refused<Ip4>("", "'' is not an IPv4 address");
  expect_refused<Ip4>("10.0.0/8", "'10.0.0' is not an IPv4 address");
  expect_refused<Ip4>("10.0.0.256", "'10.0.0.256' is not an IPv4 address");
  expect_refused<Ip4>(" 10.0.0.1", "is not an IPv4 address");
  expect_refused<Ip4>("2001:db8::/32",
                      "'2001:db8::' is not an IPv4 address; write it as 10.0.0.0/8");
  expect_refused<Ip6>("10.0.0.0/8", "'10.0.0.0' is not an IPv6 address; write it as 2001:db8::/32");
  expect_refused<Ip6>(std::string(100, '1'), "is not an IPv6 address");
  expect_refused<Ip4>("10.0.0.0/", "the length is '', and it can be 0 to 32");
  expect_refused<Ip4>("10.0.0.0/33", "the length is '33', and it can be 0 to 32");
  expect_refused<Ip6>("::/129", "the length is '129', and it can be 0 to 128");
  for (const char* const text : {"10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ",
                                 "10.0.0.0/8/8", "10.0.0.0/99999999999", "10.0.0.0/0x8"})
    expect_refused<Ip4>(text, "and it can be 0 to 32");
}

TEST(LpmKeyParse, ReadsAllOfTheText) {
  using namespace std::string_view_literals;
  expect_refused<Ip4>("10.0.0.1\0.evil"sv, "is not an IPv4 address");
  expect_refused<Ip6>("::1\0"sv, "is not an IPv6 address");
  // A view need not end with a zero.
  const std::string text = "10.0.0.0/8 and more";
  EXPECT_EQ(Ip4::parse(std::string_view{text}.substr(0, 10)), Ip4::parse("10.0.0.0/8"));
}

TEST(LpmKeyOfAnAddress, TakesAllOfItUnlessTold) {
  EXPECT_EQ(Ip4{address4("10.1.2.3")}, Ip4::parse("10.1.2.3/32"));
  EXPECT_EQ((Ip4{address4("10.1.2.3"), 8}), Ip4::parse("10.0.0.0/8"));
  EXPECT_EQ((Ip4{address4("10.1.2.3"), 33}), Ip4::parse("10.1.2.3/32")) << "more than all";
}

TEST(LpmKeyOfAnAddress, KeepsEveryPrefixLengthItsBits) {
  const in6_addr ones = [] {
    in6_addr address;
    std::memset(&address, 0xff, sizeof address);
    return address;
  }();
  for (std::uint32_t length = 0; length <= 128; ++length) {
    const Ip6 key{ones, length};
    for (std::uint32_t bit = 0; bit < 128; ++bit)
      EXPECT_EQ((key.data[bit / 8] >> (7 - bit % 8)) & 1, bit < length ? 1 : 0)
          << length << ", " << bit;
  }
}

TEST(LpmKeyOfAnArray, FillsUpWithZeros) {
  const Mac key{{1, 2, 3, 0xff, 5, 6}, 28};
  EXPECT_EQ(key.data, (std::array<std::uint8_t, 8>{1, 2, 3, 0xf0, 0, 0, 0, 0}));
  EXPECT_EQ(key.address(), (std::array<std::uint8_t, 6>{1, 2, 3, 0xf0, 0, 0}));
  EXPECT_EQ((Mac{{1, 2, 3, 4, 5, 6}, 64}).prefixlen, 48U) << "the zeros are no part of it";
}

TEST(LpmKeyText, IsWhatIsParsed) {
  for (const char* const text : {"0.0.0.0/0", "10.0.0.0/8", "192.168.0.128/25", "1.2.3.4/32"})
    EXPECT_EQ(Ip4::parse(text).to_string(), text);
  for (const char* const text : {"::/0", "2a00:1450:4001:814::/64", "::1/128"})
    EXPECT_EQ(Ip6::parse(text).to_string(), text);
  EXPECT_EQ(Ip4::parse("10.1.2.3/8").to_string(), "10.0.0.0/8");
}

TEST(LpmKeyAddress, IsTheAddress) {
  const in_addr address = Ip4::parse("10.1.2.3/24").address();
  EXPECT_EQ(address.s_addr, address4("10.1.2.0").s_addr);
}

TEST(LpmKeyEquality, ComparesLengthAndBits) {
  EXPECT_NE(Ip4::parse("10.0.0.0/8"), Ip4::parse("10.0.0.0/9"));
  EXPECT_NE(Ip4::parse("10.0.0.0/8"), Ip4::parse("11.0.0.0/8"));
}

using PackedMac = PackedLpmKey<std::array<std::uint8_t, 6>>;
static_assert(Codec<PackedMac>::size == 10 && Codec<Mac>::size == 12);
static_assert(encodable_as_key<PackedMac> && PackedMac::max_prefixlen == 48);
static_assert(Codec<PackedLpmKey<std::array<std::uint8_t, 10>>>::size == 14);
static_assert(Codec<PackedLpmKey<std::array<std::uint8_t, 1>>>::size == 5);
static_assert(std::is_same_v<PackedLpmKey<in_addr>, Ip4>, "nothing is added to it anyway");

TEST(PackedLpmKey, HasNoBytesBehindTheAddress) {
  const PackedMac key{{1, 2, 3, 4, 5, 6}, 44};
  std::array<std::byte, 10> bytes{};
  Codec<PackedMac>::encode(key, bytes);
  EXPECT_EQ(std::to_integer<int>(bytes[8]), 5);
  EXPECT_EQ(std::to_integer<int>(bytes[9]), 0) << "4 of 8 bits, which are 0000";
  EXPECT_EQ(Codec<PackedMac>::decode(bytes), key);
}

}  // namespace
}  // namespace bpfmap
