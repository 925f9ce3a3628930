// SPDX-License-Identifier: MIT
// Integers as keys and values of maps of every size: what lies in the kernel, and what does not
// fit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::make_map;
using test::stored;
using test::stored_keys;

constexpr std::uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8};

template <class T>
constexpr T least = std::numeric_limits<T>::min();
template <class T>
constexpr T most = std::numeric_limits<T>::max();

// 2^(8 size) - 1 and -2^(8 size - 1), the ends of what `size` bytes hold.
std::uint64_t largest(std::uint32_t size) { return most<std::uint64_t> >> (64 - 8 * size); }
std::int64_t smallest(std::uint32_t size) { return least<std::int64_t> >> (64 - 8 * size); }

Bytes little_endian(std::uint64_t value, std::size_t size) {
  Bytes result;
  for (std::size_t i = 0; i < size; ++i) result.push_back(static_cast<std::byte>(value >> (8 * i)));
  return result;
}

TEST(IntegerKeysAndValues, TakeTheSizesOfTheMap) {
  const bool takes = test::kernel_takes_from_hashes();
  for (const auto key_size : sizes) {
    for (const auto value_size : sizes) {
      SCOPED_TRACE(std::to_string(key_size) + " byte keys, " + std::to_string(value_size) +
                   " byte values");
      Map map = make_map(MapType::hash, key_size, value_size);
      map.update(42, 10);
      EXPECT_EQ(stored(map, little_endian(42, key_size)), little_endian(10, value_size));
      EXPECT_EQ(map.lookup(42), little_endian(10, value_size));
      EXPECT_EQ(map.lookup<std::uint64_t>(42), 10U);
      EXPECT_EQ(map.lookup<std::int8_t>(std::uint8_t{42}), 10);
      EXPECT_EQ(map.lookup<unsigned short>(std::int64_t{42}), 10);
      EXPECT_EQ(map.get_next_key<std::uint64_t>(std::nullopt), 42U);
      EXPECT_EQ(map.get_next_key<std::uint8_t>(42), std::nullopt);
      if (!takes) continue;
      EXPECT_EQ(map.lookup_and_delete<std::int64_t>(42), 10);
      EXPECT_FALSE(map.erase(42));
    }
  }
}

TEST(IntegerKeysAndValues, ReachTheEndsOfTheirSizes) {
  for (const auto size : sizes) {
    SCOPED_TRACE(size);
    Map map = make_map(MapType::hash, size, size);
    map.update(largest(size), largest(size));
    EXPECT_EQ(stored(map, Bytes(size, std::byte{0xFF})), Bytes(size, std::byte{0xFF}));
    EXPECT_EQ(map.lookup<std::uint64_t>(largest(size)), largest(size));
    map.update(smallest(size), smallest(size));
    Bytes expected(size);
    expected.back() = std::byte{0x80};
    EXPECT_EQ(stored(map, expected), expected);
    EXPECT_EQ(map.lookup<std::int64_t>(smallest(size)), smallest(size));
  }
}

TEST(NegativeIntegers, AreExtendedToTheSizeOfTheMap) {
  for (const auto size : sizes) {
    SCOPED_TRACE(size);
    Map map = make_map(MapType::hash, size, size);
    map.update(std::int8_t{-2}, -1);
    Bytes key(size, std::byte{0xFF});
    key[0] = std::byte{0xFE};
    EXPECT_EQ(stored(map, key), Bytes(size, std::byte{0xFF}));
    EXPECT_EQ(map.lookup<std::int64_t>(-2), -1);
    EXPECT_EQ(map.lookup<std::int8_t>(std::int64_t{-2}), -1);
    EXPECT_EQ(map.get_next_key<std::int16_t>(std::nullopt), -2);
    // The same bytes, read as the unsigned number that they are as well.
    EXPECT_EQ(map.lookup<std::uint64_t>(-2), largest(size));
    EXPECT_TRUE(map.erase(std::int32_t{-2}));
  }
}

TEST(IntegerKeys, ThatDoNotFitReachNothing) {
  for (const auto size : sizes) {
    if (size == 8) continue;
    SCOPED_TRACE(size);
    Map map = make_map(MapType::hash, size, 8);
    // What a truncated key would hit.
    map.update(0, 1);
    map.update(Bytes(size, std::byte{0xFF}), 2);
    const std::int64_t above = static_cast<std::int64_t>(largest(size)) + 1;
    const std::int64_t below = smallest(size) - 1;
    for (const std::int64_t key : {above, below, most<std::int64_t>, least<std::int64_t>}) {
      std::error_code ec;
      EXPECT_EQ(map.lookup(key, ec), std::nullopt);
      EXPECT_EQ(ec, Errc::out_of_range);
      EXPECT_EQ(ec, std::errc::result_out_of_range);
      map.update(key, 7, ec);
      EXPECT_EQ(ec, Errc::out_of_range);
      EXPECT_FALSE(map.erase(key, ec));
      EXPECT_EQ(ec, Errc::out_of_range);
      EXPECT_EQ(map.get_next_key<std::int64_t>(key, ec), std::nullopt);
      EXPECT_EQ(ec, Errc::out_of_range);
      EXPECT_EQ(map.lookup_and_delete(key, ec), std::nullopt);
      EXPECT_EQ(ec, Errc::out_of_range);
      EXPECT_EQ(test::error_of([&] { map.update(key, 7); }).code(), Errc::out_of_range);
    }
    EXPECT_EQ(stored_keys(map).size(), 2U);
    EXPECT_EQ(map.lookup<int>(0), 1);
    EXPECT_EQ(map.lookup<int>(-1), 2);
  }
}

TEST(IntegerValues, ThatDoNotFitWriteNothing) {
  for (const auto size : sizes) {
    if (size == 8) continue;
    SCOPED_TRACE(size);
    Map map = make_map(MapType::array, 4, size);
    map.update(0, 5);
    for (const std::int64_t value :
         {static_cast<std::int64_t>(largest(size)) + 1, smallest(size) - 1}) {
      std::error_code ec;
      map.update(0, value, ec);
      EXPECT_EQ(ec, Errc::out_of_range);
      EXPECT_EQ(test::error_of([&] { map.update(0, value); }).code(), Errc::out_of_range);
    }
    EXPECT_EQ(stored(map, Bytes(4)), little_endian(5, size));
  }
}

TEST(IntegerValues, ThatTheTypeCannotHoldAreNotRead) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 300);
  map.update(2, -300);
  std::error_code ec;
  EXPECT_EQ(map.lookup<std::uint8_t>(1, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(map.lookup<std::int8_t>(2, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(map.lookup<std::int16_t>(2, ec), -300);
  EXPECT_FALSE(ec);
  EXPECT_EQ(map.lookup<std::uint16_t>(2, ec), std::nullopt) << "2^64 - 300";
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(map.lookup<std::uint64_t>(2), std::uint64_t{0} - 300);
  EXPECT_EQ(test::error_of([&] { (void)map.lookup<std::uint8_t>(1); }).code(), Errc::out_of_range);
}

// The kernel would delete the entry in the call that reads it, and the number would be lost.
TEST(IntegerValues, AreNotTakenIntoATypeThatMayNotHoldThem) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 300);
  std::error_code ec;
  EXPECT_EQ(map.lookup_and_delete<std::uint8_t>(1, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(test::error_of([&] { (void)map.lookup_and_delete<std::uint8_t>(1); }).code(),
            Errc::out_of_range);
  EXPECT_NE(stored(map, encode_int_key(1, 4)), std::nullopt) << "still there";
  if (test::kernel_takes_from_hashes()) {
    EXPECT_EQ(map.lookup_and_delete<std::uint64_t>(1, ec), 300U);
    EXPECT_FALSE(ec);
  }

  Map queue = make_map(MapType::queue, 0, 8);
  queue.update(BytesView{}, 300);
  EXPECT_EQ(queue.lookup_and_delete<std::uint16_t>(BytesView{}, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(queue.lookup<std::uint64_t>(BytesView{}), 300U) << "still there";

  Map percpu = make_map(MapType::percpu_hash, 4, 8);
  percpu.update(1, 300);
  EXPECT_EQ(percpu.lookup_and_delete_percpu<std::uint32_t>(1, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_NE(percpu.lookup_percpu<std::uint64_t>(1), std::nullopt) << "still there";
}

TEST(IntegerKeys, ThatTheTypeCannotHoldAreNotRead) {
  Map map = make_map(MapType::hash, 4, 4);
  map.update(70000, 1);
  std::error_code ec;
  EXPECT_EQ(map.get_next_key<std::uint16_t>(std::nullopt, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(map.get_next_key<std::uint32_t>(std::nullopt), 70000U);
}

TEST(IntegerKeys, WalkAMapOfEverySize) {
  for (const auto size : sizes) {
    SCOPED_TRACE(size);
    Map map = make_map(MapType::hash, size, 4, 64);
    std::set<std::int64_t> expected;
    for (std::int64_t key = -10; key <= 10; ++key) {
      map.update(key, key);
      expected.insert(key);
    }
    std::set<std::int64_t> visited;
    for (auto key = map.get_next_key<std::int64_t>(std::nullopt); key && visited.size() < 64;
         key = map.get_next_key<std::int64_t>(key)) {
      visited.insert(*key);
      EXPECT_EQ(map.lookup<std::int64_t>(*key), *key);
    }
    EXPECT_EQ(visited, expected);
  }
}

TEST(Enumerators, AreIntegersToAMap) {
  enum class Proto : std::uint8_t { tcp = 6, udp = 17 };
  enum class Delta : std::int16_t { down = -1 };
  enum class Letter : char { t = 't' };
  Map map = make_map(MapType::hash, 4, 8);
  map.update(Proto::udp, Delta::down);
  EXPECT_EQ(stored(map, encode_int_key(17, 4)), Bytes(8, std::byte{0xFF}));
  EXPECT_EQ(map.lookup<Delta>(17), Delta::down);
  std::optional<Proto> key;
  EXPECT_EQ(map.get_next_key<Proto>(key), Proto::udp);
  map.update(Letter::t, 'x');
  EXPECT_EQ(map.lookup<char>('t'), 'x');
  EXPECT_EQ(map.lookup<int>(116), 120);
  std::error_code ec;
  map.update(1, 1000);
  EXPECT_EQ(map.lookup<Proto>(1, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
}

}  // namespace
}  // namespace bpfmap
