// SPDX-License-Identifier: MIT
// Text in a room of fixed size.
#include "bpfmap/codec/fixed_string.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "bpfmap/codec/codec.hpp"

namespace bpfmap {
namespace {

using namespace std::literals;
using Name = FixedString<8>;

static_assert(sizeof(Name) == 8 && alignof(Name) == 1);
static_assert(encodable_as_key<Name> && detail::coded_as_object<Name>);
static_assert(Name{"eth0"} == "eth0" && Name{"eth0"}.view() == "eth0");

struct Interface {
  std::uint32_t index;
  FixedString<16> name;
};
static_assert(encodable_as_key<Interface> && sizeof(Interface) == 20);

TEST(FixedString, IsPaddedWithZeros) {
  const Name name{"eth0"};
  std::array<std::byte, 8> bytes{};
  Codec<Name>::encode(name, bytes);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), 8), "eth0\0\0\0\0"s);
  EXPECT_EQ(Codec<Name>::decode(bytes), name);
}

TEST(FixedString, HoldsAsManyBytesAsItHasRoomFor) {
  EXPECT_EQ(Name{"12345678"}.view(), "12345678");
  EXPECT_EQ(Name{}.view(), "");
  EXPECT_EQ(Name{""}, Name{});
}

TEST(FixedString, RefusesTextThatIsTooLong) {
  std::error_code ec;
  EXPECT_EQ((Name{"123456789", ec}), Name{});
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ((Name{"1234", ec}), "1234");
  EXPECT_FALSE(ec) << "cleared";
  try {
    (void)Name{"123456789"};
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::out_of_range);
    EXPECT_NE(error.what(), nullptr);
    EXPECT_NE(
        std::string_view{error.what()}.find("text '123456789' has 9 bytes, and at most 8 fit: "),
        std::string_view::npos)
        << error.what();
  }
}

TEST(FixedString, RefusesTextWithAZeroInside) {
  std::error_code ec;
  EXPECT_EQ((Name{"a\0b"sv, ec}), Name{});
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_THROW(Name{"a\0b"sv}, Error);
  (void)Name{"a\0b"sv, ec};
  EXPECT_NE(explain(ec).find("text 'a?b' contains a zero byte, which ends a text in a map: "),
            std::string::npos)
      << explain(ec);
}

TEST(FixedString, ComparesWithText) {
  const Name name{"eth0"};
  EXPECT_TRUE(name == "eth0"sv && name == "eth0"s && name == "eth0" && "eth0"sv == name);
  EXPECT_TRUE(name != "eth1"sv && name < "eth1"sv && "eth"sv < name && name < Name{"eth1"});
  const std::string_view view = name;
  EXPECT_EQ(view, "eth0");
}

TEST(FixedString, KeepsTheBytesBehindAZeroThatAProgramLeft) {
  const std::array<char, 8> found{'a', 'b', '\0', 'x', 0, 0, 0, 0};
  const Name name = Codec<Name>::decode(std::as_bytes(std::span{found}));
  EXPECT_EQ(name.view(), "ab");
  EXPECT_NE(name, Name{"ab"}) << "another key to the kernel";
  EXPECT_EQ(name, "ab"sv);
}

}  // namespace
}  // namespace bpfmap
