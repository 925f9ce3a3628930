// SPDX-License-Identifier: MIT
#include "bpfmap/codec/integer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "bpfmap/error.hpp"
#include "bytes.hpp"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

using test::bytes;

template <class T>
constexpr T least = std::numeric_limits<T>::min();
template <class T>
constexpr T most = std::numeric_limits<T>::max();

static_assert(integer_like<char> && integer_like<signed char> && integer_like<unsigned char> &&
              integer_like<char16_t>);
static_assert(integer_like<short> && integer_like<long> && integer_like<unsigned long long>);
static_assert(!integer_like<bool> && !integer_like<float> && !integer_like<std::byte> &&
              !integer_like<int*>);

// --- encode_int_key ---

TEST(EncodeIntKey, PutsTheLeastSignificantByteFirst) {
  EXPECT_EQ(encode_int_key(42, 4), bytes({42, 0, 0, 0}));
  EXPECT_EQ(encode_int_key(0x0807060504030201, 8), bytes({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(encode_int_key(std::uint16_t{0x1234}, 2), bytes({0x34, 0x12}));
}

TEST(EncodeIntKey, TakesEveryWidthFromOneToEight) {
  for (std::size_t size = 1; size <= 8; ++size) {
    Bytes expected(size);
    expected[0] = std::byte{0x7F};
    EXPECT_EQ(encode_int_key(0x7F, size), expected) << size;
    EXPECT_EQ(encode_int_key(std::uint64_t{0x7F}, size), expected) << size;
    EXPECT_EQ(encode_int_key(std::int8_t{0x7F}, size), expected) << size;
  }
}

TEST(EncodeIntKey, ExtendsTheSignOfNegativeNumbers) {
  for (std::size_t size = 1; size <= 8; ++size) {
    EXPECT_EQ(encode_int_key(-1, size), Bytes(size, std::byte{0xFF})) << size;
    EXPECT_EQ(encode_int_key(std::int8_t{-1}, size), Bytes(size, std::byte{0xFF})) << size;
  }
  EXPECT_EQ(encode_int_key(-2, 4), bytes({0xFE, 0xFF, 0xFF, 0xFF}));
  EXPECT_EQ(encode_int_key(std::int16_t{-300}, 3), bytes({0xD4, 0xFE, 0xFF}));
}

// size bytes take -(2^(8 size - 1)) to 2^(8 size) - 1: each end fits, and the number beyond does
// not.
TEST(EncodeIntKey, RefusesWhatDoesNotFit) {
  for (std::size_t size = 1; size < 8; ++size) {
    const std::int64_t largest = (std::int64_t{1} << (8 * size)) - 1;
    const std::int64_t smallest = -(std::int64_t{1} << (8 * size - 1));
    for (const std::int64_t fits : {largest, smallest}) {
      std::error_code ec = Errc::invalid_name;
      EXPECT_EQ(encode_int_key(fits, size, ec).size(), size) << fits;
      EXPECT_FALSE(ec) << fits;
    }
    for (const std::int64_t beyond :
         {largest + 1, smallest - 1, most<std::int64_t>, least<std::int64_t>}) {
      std::error_code ec;
      EXPECT_EQ(encode_int_key(beyond, size, ec), Bytes{}) << beyond;
      EXPECT_EQ(ec, Errc::out_of_range) << beyond;
      const Error error = test::error_of([&] { (void)encode_int_key(beyond, size); });
      EXPECT_EQ(error.code(), Errc::out_of_range);
      EXPECT_EQ(error.code(), std::errc::result_out_of_range);
      EXPECT_EQ(error.operation(), Operation::encode);
      EXPECT_TRUE(test::contains(error.what(), std::to_string(beyond)));
    }
  }
  EXPECT_EQ(encode_int_key(most<std::uint64_t>, 8), Bytes(8, std::byte{0xFF}));
  EXPECT_EQ(encode_int_key(least<std::int64_t>, 8), bytes({0, 0, 0, 0, 0, 0, 0, 0x80}));
}

TEST(EncodeIntKey, RefusesSizesThatNoIntegerHas) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{9}, std::size_t{16}, most<std::size_t>}) {
    std::error_code ec;
    EXPECT_EQ(encode_int_key(0, size, ec), Bytes{});
    EXPECT_EQ(ec, Errc::out_of_range);
    EXPECT_THROW((void)encode_int_key(0, size), Error);
  }
}

// --- decode_int_value ---

TEST(DecodeIntValue, ReadsOneToEightBytesLeastSignificantFirst) {
  EXPECT_EQ(decode_int_value(bytes({10, 0, 0, 0, 0, 0, 0, 0})), 10U);
  std::uint64_t expected = 0;
  Bytes in;
  for (unsigned i = 0; i < 8; ++i) {
    in.push_back(static_cast<std::byte>(0xF1 + i));
    expected |= std::uint64_t{0xF1 + i} << (8 * i);
    EXPECT_EQ(decode_int_value(in), expected) << in.size();
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(decode_int_value(in, ec), expected) << in.size();
    EXPECT_FALSE(ec);
  }
}

TEST(DecodeIntValue, ReadsBytesAsUnsigned) {
  EXPECT_EQ(decode_int_value(bytes({0xFF})), 255U);
  EXPECT_EQ(decode_int_value(encode_int_key(-1, 4)), 0xFFFF'FFFFU);
}

TEST(DecodeIntValue, RefusesSizesThatNoIntegerHas) {
  for (const std::size_t size : {0U, 9U, 16U, 100U}) {
    const Bytes in(size, std::byte{1});
    std::error_code ec;
    EXPECT_EQ(decode_int_value(in, ec), 0U);
    EXPECT_EQ(ec, Errc::out_of_range);
    const Error error = test::error_of([&] { (void)decode_int_value(in); });
    EXPECT_EQ(error.code(), Errc::out_of_range);
    EXPECT_EQ(error.operation(), Operation::decode);
  }
}

TEST(DecodeIntValue, IsTheOtherWayOfEncodeIntKey) {
  for (std::size_t size = 1; size <= 8; ++size) {
    std::uint64_t value = 0x9E37'79B9'7F4A'7C15;
    if (size < 8) value &= (std::uint64_t{1} << (8 * size)) - 1;
    EXPECT_EQ(decode_int_value(encode_int_key(value, size)), value) << size;
  }
}

// --- detail: what Map does with integers ---

TEST(Fits, SaysForEveryNumberWhetherOneByteHoldsIt) {
  for (int value = -1000; value <= 1000; ++value)
    EXPECT_EQ(detail::fits(detail::widen(value), 1), value >= -128 && value <= 255) << value;
}

TEST(Fits, SaysSoAtTheEdgesOfEveryWidth) {
  for (std::size_t size = 2; size < 8; ++size) {
    const std::int64_t end = std::int64_t{1} << (8 * size);
    EXPECT_TRUE(detail::fits(detail::widen(end - 1), size)) << size;
    EXPECT_FALSE(detail::fits(detail::widen(end), size)) << size;
    EXPECT_TRUE(detail::fits(detail::widen(-end / 2), size)) << size;
    EXPECT_FALSE(detail::fits(detail::widen(-end / 2 - 1), size)) << size;
  }
  EXPECT_TRUE(detail::fits(detail::widen(most<std::uint64_t>), 8));
  EXPECT_TRUE(detail::fits(detail::widen(least<std::int64_t>), 8));
}

// The T that `value`'s lowest `size` bytes are.
template <class T>
std::optional<T> through(std::int64_t value, std::size_t size) {
  std::array<std::byte, 8> buffer;
  const MutableBytesView room{buffer.data(), size};
  detail::store(static_cast<std::uint64_t>(value), room, std::endian::native);
  return detail::load_native<T>(room);
}

TEST(LoadNative, ReadsEveryByteAsEveryTypeOfOneByte) {
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(through<std::uint8_t>(byte, 1), static_cast<std::uint8_t>(byte));
    EXPECT_EQ(through<std::int8_t>(byte, 1), static_cast<std::int8_t>(byte));
    EXPECT_EQ(through<char>(byte, 1), static_cast<char>(byte));
    EXPECT_EQ(through<std::uint64_t>(byte, 1), static_cast<std::uint64_t>(byte));
    EXPECT_EQ(through<std::int64_t>(byte, 1), byte < 128 ? byte : byte - 256);
  }
}

// Two bytes, whole: what a type cannot hold is nothing, and never another number.
TEST(LoadNative, ReadsEveryTwoBytesOrRefusesThem) {
  for (int value = 0; value < 65536; ++value) {
    const int read = value < 32768 ? value : value - 65536;
    const auto u8 = through<std::uint8_t>(value, 2);
    ASSERT_EQ(u8.has_value(), value <= 255) << value;
    if (u8) {
      ASSERT_EQ(*u8, value);
    }
    const auto i8 = through<std::int8_t>(value, 2);
    ASSERT_EQ(i8.has_value(), read >= -128 && read <= 127) << value;
    if (i8) {
      ASSERT_EQ(*i8, read);
    }
    ASSERT_EQ(through<std::uint16_t>(value, 2), value);
    ASSERT_EQ(through<std::int16_t>(value, 2), read);
    ASSERT_EQ(through<std::int32_t>(value, 2), read);
    ASSERT_EQ(through<std::uint32_t>(value, 2), static_cast<std::uint32_t>(value));
  }
}

template <class T>
void expect_edges() {
  constexpr auto smallest = static_cast<std::int64_t>(least<T>);
  constexpr auto largest = static_cast<std::int64_t>(most<T>);
  for (std::size_t size = sizeof(T); size <= 8; ++size) {
    EXPECT_EQ(through<T>(smallest, size), least<T>) << size;
    EXPECT_EQ(through<T>(largest, size), most<T>) << size;
    EXPECT_EQ(through<T>(0, size), T{0}) << size;
    if (size == sizeof(T)) continue;
    EXPECT_EQ(through<T>(largest + 1, size), std::nullopt) << size;
    EXPECT_EQ(through<T>(smallest - 1, size), std::nullopt) << size;
  }
}

TEST(LoadNative, StopsAtTheEdgesOfEveryType) {
  expect_edges<std::int8_t>();
  expect_edges<std::uint8_t>();
  expect_edges<std::int16_t>();
  expect_edges<std::uint16_t>();
  expect_edges<std::int32_t>();
  expect_edges<std::uint32_t>();
  EXPECT_EQ(through<std::int64_t>(least<std::int64_t>, 8), least<std::int64_t>);
  EXPECT_EQ(through<std::int64_t>(-1, 8), -1);
  EXPECT_EQ(through<std::uint64_t>(-1, 8), most<std::uint64_t>);
}

TEST(StoreAndLoad, ReverseTheBytesInTheOtherOrder) {
  std::array<std::byte, 3> buffer;
  detail::store(0x010203, buffer, std::endian::little);
  EXPECT_EQ(Bytes(buffer.begin(), buffer.end()), bytes({3, 2, 1}));
  EXPECT_EQ(detail::load(buffer, std::endian::little), 0x010203U);
  EXPECT_EQ(detail::load(buffer, std::endian::big), 0x030201U);
  detail::store(0x010203, buffer, std::endian::big);
  EXPECT_EQ(Bytes(buffer.begin(), buffer.end()), bytes({1, 2, 3}));
}

TEST(Widen, KeepsTheValueOfEveryIntegerType) {
  EXPECT_EQ(detail::widen(std::int8_t{-1}).bits, most<std::uint64_t>);
  EXPECT_TRUE(detail::widen(std::int8_t{-1}).negative);
  EXPECT_EQ(detail::widen('a').bits, 97U);
  EXPECT_EQ(detail::widen(u'\u00e4').bits, 0xE4U);
  EXPECT_FALSE(detail::widen(most<std::uint64_t>).negative);
}

TEST(EncodeNativeInt, UsesTheOrderOfTheMachine) {
  const std::uint32_t number = 0x01020304;
  const auto native = std::as_bytes(std::span{&number, 1});
  EXPECT_EQ(encode_native_int(number, 4), Bytes(native.begin(), native.end()));
  EXPECT_EQ(decode_native_int(native), number);
  EXPECT_EQ(decode_native_int(encode_native_int(-2, 8)), most<std::uint64_t> - 1);
}

TEST(EncodeNativeInt, RefusesWhatDoesNotFit) {
  std::error_code ec;
  EXPECT_EQ(encode_native_int(256, 1, ec), Bytes{});
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(encode_native_int(255, 1, ec), bytes({255}));
  EXPECT_FALSE(ec);
  EXPECT_EQ(decode_native_int(Bytes(9), ec), 0U);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(decode_native_int(bytes({7}), ec), 7U);
  EXPECT_FALSE(ec);
  EXPECT_THROW((void)encode_native_int(1, 9), Error);
  EXPECT_THROW((void)decode_native_int(Bytes{}), Error);
}

}  // namespace
}  // namespace bpfmap
