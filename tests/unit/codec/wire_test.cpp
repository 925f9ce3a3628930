// SPDX-License-Identifier: MIT
// One argument as bytes, and one result out of bytes, when the size is known at run time only.
#include "bpfmap/codec/wire.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"
#include "kernel_test.hpp"
#include "sample_types.hpp"

namespace {

enum class Small : std::uint8_t { one = 1 };
enum class Letter : char { t = 't' };
enum class Negative : std::int16_t { two = -2 };
enum Unscoped { unscoped_five = 5 };
enum class Switch : bool { off, on };

struct FlowKey {
  std::uint32_t src;
  std::uint32_t dst;
  bool operator==(const FlowKey&) const = default;
};

// Writes only what it has: the rest is as it came.
struct Name {
  std::string text;
};

}  // namespace

template <>
struct bpfmap::Codec<Name> {
  static constexpr std::size_t size = 8;
  static void encode(const Name& name, std::span<std::byte, size> out) noexcept {
    std::memcpy(out.data(), name.text.data(), std::min(name.text.size(), size));
  }
  static Name decode(std::span<const std::byte, size> in) noexcept {
    const char* const text = reinterpret_cast<const char*>(in.data());
    return {std::string{text, ::strnlen(text, size)}};
  }
};

namespace bpfmap {
namespace {

using test::bytes;

static_assert(argument_encodable<Bytes> && argument_encodable<BytesView> &&
              argument_encodable<MutableBytesView>);
static_assert(argument_encodable<std::array<std::byte, 4>> &&
              argument_encodable<std::array<unsigned char, 4>>);
static_assert(argument_encodable<std::string> && argument_encodable<std::string_view>);
static_assert(argument_encodable<std::byte[4]> && argument_encodable<char[5]>);
static_assert(argument_encodable<int> && argument_encodable<char> &&
              argument_encodable<std::byte> && argument_encodable<Small>);
static_assert(argument_encodable<FlowKey> && argument_encodable<Name> &&
              argument_encodable<float> && argument_encodable<bool>);
static_assert(!argument_encodable<const char*> && !argument_encodable<void*> &&
              !argument_encodable<std::vector<int>>);
static_assert(!argument_encodable<std::nullptr_t> && !argument_encodable<int[4]> &&
              !argument_encodable<std::vector<Bytes>>);

static_assert(decodable<Bytes> && decodable<std::uint64_t> && decodable<Letter> &&
              decodable<FlowKey>);
static_assert(decodable<Name> && decodable<bool> && decodable<double> &&
              decodable<std::array<std::byte, 4>>);
static_assert(!decodable<BytesView> && !decodable<std::string> && !decodable<std::string_view>);
static_assert(!decodable<int*> && !decodable<int[4]> && !decodable<std::vector<unsigned char>>);

// Bytes are a closed list. A class that looks like one of them is what a typed map makes of it.
struct ByteVector : std::vector<std::byte> {};
struct View {
  [[nodiscard]] const std::byte* data() const;
  [[nodiscard]] std::size_t size() const;
  const std::byte* bytes;
};
static_assert(!argument_encodable<ByteVector> && !argument_encodable<View>);
static_assert(!detail::byte_range<test::Mac> && !detail::byte_range<test::Packet>);
static_assert(argument_encodable<test::Mac> && argument_encodable<test::Packet>);
static_assert(argument_encodable<std::span<const char, 4>> &&
              argument_encodable<std::span<unsigned char>>);
static_assert(!detail::byte_range<std::array<std::int8_t, 4>> &&
              !argument_encodable<std::vector<std::int8_t>> && !argument_encodable<std::u8string>);

// What T becomes for a map that declares `size` bytes.
template <class T>
Bytes encoded(const T& value, std::size_t size, std::error_code expected = {}) {
  std::error_code ec;
  const detail::Encoded<T> result{value, size, ec};
  EXPECT_EQ(ec, expected);
  return Bytes(result.bytes().begin(), result.bytes().end());
}

TEST(Encoded, TakesBytesAsTheyAre) {
  const Bytes expected = bytes({1, 2, 3, 4});
  EXPECT_EQ(encoded(expected, 4), expected);
  EXPECT_EQ(encoded(BytesView{expected}, 4), expected);
  EXPECT_EQ(encoded(std::array{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}, 4),
            expected);
  EXPECT_EQ(encoded(std::array<unsigned char, 4>{1, 2, 3, 4}, 4), expected);
  EXPECT_EQ(encoded(std::vector<unsigned char>{1, 2, 3, 4}, 4), expected);
  EXPECT_EQ(encoded(std::string{"\1\2\3\4"}, 4), expected);
  EXPECT_EQ(encoded(std::string_view{"\1\2\3\4"}, 4), expected);
  const unsigned char array[] = {1, 2, 3, 4};
  EXPECT_EQ(encoded(array, 4), expected);
}

// The size that the map declares is for the call to compare.
TEST(Encoded, KeepsTheSizeOfBytesAndStructs) {
  EXPECT_EQ(encoded(Bytes{}, 4).size(), 0U);
  EXPECT_EQ(encoded(bytes({1, 2, 3}), 4).size(), 3U);
  EXPECT_EQ(encoded(FlowKey{1, 2}, 4).size(), 8U);
  EXPECT_EQ(encoded(Name{"a"}, 4).size(), 8U);
  EXPECT_EQ(encoded(true, 4).size(), 1U);
}

TEST(Encoded, CopiesNoBytesAndNoStruct) {
  std::error_code ec;
  const Bytes in = bytes({1, 2, 3, 4});
  const detail::Encoded<Bytes> view{in, 4, ec};
  EXPECT_EQ(view.bytes().data(), in.data());
  const FlowKey key{1, 2};
  const detail::Encoded<FlowKey> object{key, 8, ec};
  EXPECT_EQ(static_cast<const void*>(object.bytes().data()), &key);
}

TEST(Encoded, GivesAnIntegerTheSizeOfTheMap) {
  EXPECT_EQ(encoded(42, 1), bytes({42}));
  EXPECT_EQ(encoded(42, 2), bytes({42, 0}));
  EXPECT_EQ(encoded(std::uint64_t{42}, 4), bytes({42, 0, 0, 0}));
  EXPECT_EQ(encoded(std::uint8_t{42}, 8), bytes({42, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded(-1, 8), Bytes(8, std::byte{0xFF}));
  EXPECT_EQ(encoded('a', 2), bytes({'a', 0}));
  EXPECT_EQ(encoded(std::byte{7}, 4), bytes({7, 0, 0, 0}));
}

TEST(Encoded, RefusesAnIntegerThatDoesNotFit) {
  (void)encoded(256, 1, Errc::out_of_range);
  (void)encoded(-129, 1, Errc::out_of_range);
  (void)encoded(std::uint64_t{1} << 32, 4, Errc::out_of_range);
  (void)encoded(Negative{-300}, 1, Errc::out_of_range);
}

// Then the call sees the integer's own size beside the map's, and says so.
TEST(Encoded, GivesAnIntegerItsOwnSizeWhereTheMapsIsNone) {
  EXPECT_EQ(encoded(42, 0).size(), 4U);
  EXPECT_EQ(encoded(std::uint64_t{42}, 12).size(), 8U);
  EXPECT_EQ(encoded(Small::one, 100).size(), 1U);
}

TEST(Encoded, TakesAnEnumeratorAsItsInteger) {
  EXPECT_EQ(encoded(Small::one, 4), bytes({1, 0, 0, 0}));
  EXPECT_EQ(encoded(Letter::t, 1), bytes({'t'}));
  EXPECT_EQ(encoded(Negative::two, 4), bytes({0xFE, 0xFF, 0xFF, 0xFF}));
  EXPECT_EQ(encoded(unscoped_five, 2), bytes({5, 0}));
  EXPECT_EQ(encoded(Switch::on, 1), bytes({1}));
}

TEST(Encoded, StartsAUsersCodecFromZeros) {
  EXPECT_EQ(encoded(Name{"ab"}, 8), bytes({'a', 'b', 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded(Name{}, 8), Bytes(8));
}

TEST(Encoded, GivesATypeWithACodecThatLayoutOnly) {
  EXPECT_EQ(encoded(test::Mac{{1, 2, 3, 4, 5, 6}}, 8), bytes({1, 2, 3, 4, 5, 6, 0, 0}));
  EXPECT_EQ(encoded(test::Port::https, 2), bytes({1, 187}));
  EXPECT_EQ(encoded(test::Port::https, 8).size(), 2U) << "not widened like an integer";
}

TEST(Encoded, StoresAClassWithAPromiseAsAnObject) {
  const test::Packet packet{"ab"};
  EXPECT_EQ(encoded(packet, 16), bytes({2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

template <class T>
std::optional<T> decoded(const Bytes& in, std::error_code expected = {}) {
  std::error_code ec;
  auto value = detail::decode<T>(in, ec);
  EXPECT_EQ(ec, expected);
  return value;
}

TEST(Decode, GivesBytesAsTheyAre) {
  EXPECT_EQ(decoded<Bytes>(bytes({1, 2, 3})), bytes({1, 2, 3}));
  EXPECT_EQ(decoded<Bytes>({}), Bytes{});
}

TEST(Decode, ReadsAnIntegerOfAnyWidth) {
  EXPECT_EQ(decoded<std::uint64_t>(bytes({10})), 10U);
  EXPECT_EQ(decoded<std::uint8_t>(bytes({10, 0, 0, 0, 0, 0, 0, 0})), 10U);
  EXPECT_EQ(decoded<int>(bytes({0xFF, 0xFF})), -1);
  EXPECT_EQ(decoded<unsigned>(bytes({0xFF, 0xFF})), 65535U);
  EXPECT_EQ(decoded<char>(bytes({'x'})), 'x');
}

TEST(Decode, RefusesAnIntegerThatTheTypeCannotHold) {
  EXPECT_EQ(decoded<std::uint8_t>(bytes({0, 1}), Errc::out_of_range), std::nullopt);
  EXPECT_EQ(decoded<std::int8_t>(bytes({0x80, 0}), Errc::out_of_range), std::nullopt);
  EXPECT_EQ(decoded<Small>(bytes({0, 1}), Errc::out_of_range), std::nullopt);
}

TEST(Decode, ReadsEnumeratorsStructsAndUsersTypes) {
  EXPECT_EQ(decoded<Small>(bytes({1, 0, 0, 0})), Small::one);
  EXPECT_EQ(decoded<Letter>(bytes({'t'})), Letter::t);
  EXPECT_EQ(decoded<Negative>(bytes({0xFE})), Negative::two);
  EXPECT_EQ(decoded<FlowKey>(bytes({1, 0, 0, 0, 2, 0, 0, 0})), (FlowKey{1, 2}));
  EXPECT_EQ(decoded<Name>(bytes({'a', 'b', 0, 0, 0, 0, 0, 0}))->text, "ab");
  EXPECT_EQ(decoded<bool>(bytes({2})), true);
  EXPECT_EQ(decoded<Switch>(bytes({1})), Switch::on);
  EXPECT_EQ(decoded<test::Port>(bytes({1, 187})), test::Port::https);
  EXPECT_EQ(decoded<test::Mac>(bytes({1, 2, 3, 4, 5, 6, 0, 0})), (test::Mac{{1, 2, 3, 4, 5, 6}}));
}

TEST(Room, HasTheSizeThatTheMapDeclares) {
  EXPECT_EQ(detail::Room<Bytes>{100}.bytes().size(), 100U);
  EXPECT_EQ(detail::Room<Bytes>{0}.bytes().size(), 0U);
  for (std::size_t size = 1; size <= 8; ++size)
    EXPECT_EQ(detail::Room<std::uint32_t>{size}.bytes().size(), size);
}

// So that the call compares two different sizes and refuses.
TEST(Room, HasTheTypesOwnSizeWhereTheMapsCannotBe) {
  EXPECT_EQ(detail::Room<std::uint32_t>{12}.bytes().size(), 4U);
  EXPECT_EQ(detail::Room<std::uint32_t>{0}.bytes().size(), 4U);
  EXPECT_EQ(detail::Room<FlowKey>{12}.bytes().size(), 8U);
  EXPECT_EQ(detail::Room<Name>{4}.bytes().size(), 8U);
}

TEST(Room, GivesWhatWasPutThere) {
  detail::Room<std::uint32_t> room{2};
  room.bytes()[0] = std::byte{0x34};
  room.bytes()[1] = std::byte{0x12};
  std::error_code ec;
  EXPECT_EQ(room.take(ec), 0x1234U);

  detail::Room<Bytes> any{3};
  std::fill(any.bytes().begin(), any.bytes().end(), std::byte{9});
  EXPECT_EQ(any.take(ec), bytes({9, 9, 9}));
  EXPECT_FALSE(ec);
}

}  // namespace
}  // namespace bpfmap
