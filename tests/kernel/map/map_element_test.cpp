// SPDX-License-Identifier: MIT
// Every operation on one entry, in both forms, on the hash family; the bytes in the kernel are
// read beside Map.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::errno_code;
using test::make_map;
using test::stored;
using test::stored_keys;

const Bytes key_1 = bytes({1, 0, 0, 0});
const Bytes key_2 = bytes({2, 0, 0, 0});
const Bytes value_a = bytes({1, 2, 3, 4, 5, 6, 7, 8});
const Bytes value_b = bytes({8, 7, 6, 5, 4, 3, 2, 1});

struct Family {
  MapType type;
  MapFlags flags;
};

// Types whose entries come and go, and that behave alike.
constexpr std::array hash_family{
    Family{MapType::hash, MapFlags::none}, Family{MapType::hash, MapFlags::no_prealloc},
    Family{MapType::lru_hash, MapFlags::none}, Family{MapType::lru_hash, MapFlags::no_common_lru}};

template <class Body>
void for_each_hash(Body body) {
  for (const auto& [type, flags] : hash_family) {
    SCOPED_TRACE(std::string{to_string(type)} + " flags " +
                 std::to_string(static_cast<unsigned>(flags)));
    Map map = make_map(type, 4, 8, 64, flags);
    body(map);
  }
}

// --- lookup ---

TEST(HashLookup, GivesTheValueOrNothing) {
  for_each_hash([](Map& map) {
    EXPECT_EQ(map.lookup(key_1), std::nullopt);
    map.update(key_1, value_a);
    EXPECT_EQ(map.lookup(key_1), value_a);
    EXPECT_EQ(map.lookup(key_2), std::nullopt);
    EXPECT_EQ(map.lookup(key_1, LookupFlags::none), value_a);
  });
}

TEST(HashLookup, GivesTheSameWithAnErrorCode) {
  for_each_hash([](Map& map) {
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(key_1, ec), std::nullopt);
    EXPECT_FALSE(ec) << "a missing key is no error";
    map.update(key_1, value_a);
    ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(key_1, ec), value_a);
    EXPECT_FALSE(ec);
    EXPECT_EQ(map.lookup(key_1, LookupFlags::none, ec), value_a);
    EXPECT_FALSE(ec);
  });
}

TEST(HashLookup, RefusesFlagsThatTheKernelRefuses) {
  for_each_hash([](Map& map) {
    map.update(key_1, value_a);
    std::error_code ec;
    // No value of this map has a lock.
    EXPECT_EQ(map.lookup(key_1, LookupFlags::lock, ec), std::nullopt);
    EXPECT_EQ(ec, errno_code(EINVAL));
    EXPECT_EQ(map.lookup(key_1, LookupFlags{1}, ec), std::nullopt);
    EXPECT_EQ(ec, errno_code(EINVAL));
    EXPECT_EQ(test::error_of([&] { (void)map.lookup(key_1, LookupFlags{1}); }).code(),
              errno_code(EINVAL));
  });
}

TEST(HashLookupInto, FillsTheCallersBytesWhenTheKeyIsThere) {
  for_each_hash([](Map& map) {
    Bytes value(8, std::byte{0xEE});
    std::error_code ec = Errc::invalid_name;
    EXPECT_FALSE(map.lookup_into(key_1, value));
    EXPECT_FALSE(map.lookup_into(key_1, value, ec));
    EXPECT_FALSE(ec);
    EXPECT_EQ(value, Bytes(8, std::byte{0xEE}));
    map.update(key_1, value_a);
    EXPECT_TRUE(map.lookup_into(key_1, value));
    EXPECT_EQ(value, value_a);
    value.assign(8, std::byte{0});
    EXPECT_TRUE(map.lookup_into(key_1, value, LookupFlags::none, ec));
    EXPECT_FALSE(ec);
    EXPECT_EQ(value, value_a);
  });
}

TEST(HashLookupInto, TakesAnyContiguousMemory) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(key_1, value_a);
  std::array<std::byte, 8> array{};
  EXPECT_TRUE(map.lookup_into(key_1, array));
  EXPECT_TRUE(std::equal(array.begin(), array.end(), value_a.begin()));
  std::uint64_t number = 0;
  EXPECT_TRUE(map.lookup_into(1, std::as_writable_bytes(std::span{&number, 1})));
  EXPECT_EQ(number, 0x0807060504030201U);
}

// --- update ---

TEST(HashUpdate, WritesTheBytes) {
  for_each_hash([](Map& map) {
    map.update(key_1, value_a);
    EXPECT_EQ(stored(map, key_1), value_a);
    map.update(key_1, value_b);
    EXPECT_EQ(stored(map, key_1), value_b) << "overwritten";
    std::error_code ec = Errc::invalid_name;
    map.update(key_2, value_a, ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(stored(map, key_2), value_a);
    EXPECT_EQ(stored_keys(map).size(), 2U);
  });
}

TEST(HashUpdate, InsertsOnlyWithNoexist) {
  for_each_hash([](Map& map) {
    map.update(key_1, value_a, UpdateFlags::noexist);
    EXPECT_EQ(stored(map, key_1), value_a);
    std::error_code ec;
    map.update(key_1, value_b, UpdateFlags::noexist, ec);
    EXPECT_EQ(ec, errno_code(EEXIST));
    EXPECT_EQ(test::error_of([&] { map.update(key_1, value_b, UpdateFlags::noexist); }).code(),
              std::errc::file_exists);
    EXPECT_EQ(stored(map, key_1), value_a) << "untouched";
    map.update(key_2, value_b, UpdateFlags::noexist, ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(stored(map, key_2), value_b);
  });
}

TEST(HashUpdate, OverwritesOnlyWithExist) {
  for_each_hash([](Map& map) {
    std::error_code ec;
    map.update(key_1, value_a, UpdateFlags::exist, ec);
    EXPECT_EQ(ec, errno_code(ENOENT));
    EXPECT_EQ(test::error_of([&] { map.update(key_1, value_a, UpdateFlags::exist); }).code(),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(stored(map, key_1), std::nullopt) << "nothing inserted";
    map.update(key_1, value_a);
    map.update(key_1, value_b, UpdateFlags::exist);
    EXPECT_EQ(stored(map, key_1), value_b);
  });
}

TEST(HashUpdate, RefusesFlagsThatTheKernelRefuses) {
  for_each_hash([](Map& map) {
    std::error_code ec;
    for (const auto flags : {UpdateFlags::noexist | UpdateFlags::exist, UpdateFlags{8},
                             UpdateFlags{1ULL << 40}, UpdateFlags{~0ULL}, UpdateFlags::lock}) {
      map.update(key_1, value_a, flags, ec);
      EXPECT_EQ(ec, errno_code(EINVAL)) << static_cast<std::uint64_t>(flags);
    }
    EXPECT_EQ(stored(map, key_1), std::nullopt);
  });
}

TEST(HashUpdate, IsRefusedWhenTheMapIsFull) {
  for (const auto flags : {MapFlags::none, MapFlags::no_prealloc}) {
    Map map = make_map(MapType::hash, 4, 8, 2, flags);
    map.update(1, 1);
    map.update(2, 2);
    std::error_code ec;
    map.update(3, 3, ec);
    EXPECT_EQ(ec, errno_code(E2BIG));
    EXPECT_EQ(test::error_of([&] { map.update(3, 3); }).code(), std::errc::argument_list_too_long);
    EXPECT_EQ(stored_keys(map).size(), 2U);
    map.update(2, 20);
    EXPECT_EQ(map.lookup<int>(2), 20) << "a key that is there can be updated";
    EXPECT_TRUE(map.erase(1));
    map.update(3, 3);
    EXPECT_EQ(map.lookup<int>(3), 3);
  }
}

TEST(AnLruHash, IsNeverFull) {
  for (const auto flags : {MapFlags::none, MapFlags::no_common_lru}) {
    Map map = make_map(MapType::lru_hash, 4, 8, 16, flags);
    for (int key = 0; key < 1000; ++key) {
      map.update(key, key);
      ASSERT_EQ(map.lookup<int>(key), key) << "the newest is always there";
    }
    EXPECT_LE(stored_keys(map).size(), map.info().max_entries);
  }
}

// --- erase ---

TEST(HashErase, TellsWhetherThereWasAnEntry) {
  for_each_hash([](Map& map) {
    EXPECT_FALSE(map.erase(key_1));
    map.update(key_1, value_a);
    map.update(key_2, value_b);
    EXPECT_TRUE(map.erase(key_1));
    EXPECT_FALSE(map.erase(key_1));
    EXPECT_EQ(stored(map, key_1), std::nullopt);
    EXPECT_EQ(stored(map, key_2), value_b) << "the other entry stays";
    std::error_code ec = Errc::invalid_name;
    EXPECT_FALSE(map.erase(key_1, ec));
    EXPECT_FALSE(ec);
    EXPECT_TRUE(map.erase(key_2, ec));
    EXPECT_FALSE(ec);
    EXPECT_TRUE(stored_keys(map).empty());
  });
}

// --- get_next_key ---

TEST(HashGetNextKey, IsNothingOnAnEmptyMap) {
  for_each_hash([](Map& map) {
    EXPECT_EQ(map.get_next_key(std::nullopt), std::nullopt);
    EXPECT_EQ(map.get_next_key(key_1), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.get_next_key(std::nullopt, ec), std::nullopt);
    EXPECT_FALSE(ec);
    EXPECT_EQ(map.get_next_key({}, ec), std::nullopt);
    EXPECT_FALSE(ec);
  });
}

TEST(HashGetNextKey, VisitsEveryKeyOnce) {
  for_each_hash([](Map& map) {
    std::set<Bytes> expected;
    for (int i = 0; i < 10; ++i) {
      map.update(i * 1000, i);
      expected.insert(encode_int_key(i * 1000, 4));
    }
    std::set<Bytes> visited;
    std::size_t steps = 0;
    std::error_code ec;
    for (auto key = map.get_next_key(std::nullopt); key; key = map.get_next_key(*key, ec)) {
      visited.insert(*key);
      ASSERT_LE(++steps, 10U);
    }
    EXPECT_FALSE(ec);
    EXPECT_EQ(steps, 10U);
    EXPECT_EQ(visited, expected);
  });
}

TEST(HashGetNextKey, StartsAgainBehindAKeyThatIsGone) {
  for_each_hash([](Map& map) {
    map.update(key_1, value_a);
    map.update(key_2, value_b);
    const auto first = map.get_next_key(std::nullopt);
    EXPECT_EQ(map.get_next_key(bytes({9, 9, 9, 9})), first);
  });
}

// --- lookup_and_delete ---

TEST(HashLookupAndDelete, TakesTheEntryOut) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  for_each_hash([](Map& map) {
    EXPECT_EQ(map.lookup_and_delete(key_1), std::nullopt);
    map.update(key_1, value_a);
    map.update(key_2, value_b);
    EXPECT_EQ(map.lookup_and_delete(key_1), value_a);
    EXPECT_EQ(stored(map, key_1), std::nullopt);
    EXPECT_EQ(map.lookup_and_delete(key_1), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup_and_delete<std::uint64_t>(2, ec), 0x0102030405060708U);
    EXPECT_FALSE(ec);
    EXPECT_EQ(map.lookup_and_delete(key_2, LookupFlags::none, ec), std::nullopt);
    EXPECT_FALSE(ec);
    EXPECT_TRUE(stored_keys(map).empty());
  });
}

TEST(HashLookupAndDelete, RefusesFlagsAndDeletesNothing) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  for_each_hash([](Map& map) {
    map.update(key_1, value_a);
    std::error_code ec;
    EXPECT_EQ(map.lookup_and_delete(key_1, LookupFlags::lock, ec), std::nullopt);
    EXPECT_EQ(ec, errno_code(EINVAL));
    EXPECT_EQ(test::error_of([&] { (void)map.lookup_and_delete(key_1, LookupFlags{2}); }).code(),
              errno_code(EINVAL));
    EXPECT_EQ(stored(map, key_1), value_a);
  });
}

// --- arguments of every kind ---

TEST(AnOperation, TakesKeysAndValuesOfAnyKindMixed) {
  Map map = make_map(MapType::hash, 4, 8);
  const std::array<std::byte, 4> array_key{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}};
  const unsigned char plain_key[4] = {1, 0, 0, 0};
  map.update(array_key, value_a);
  EXPECT_EQ(map.lookup(1), value_a);
  EXPECT_EQ(map.lookup(BytesView{key_1}), value_a);
  EXPECT_EQ(map.lookup(plain_key), value_a);
  EXPECT_EQ(map.lookup(std::string{"\1\0\0\0", 4}), value_a);
  EXPECT_EQ(map.lookup(std::array<std::uint16_t, 2>{1, 0}), value_a)
      << "an array that is its own layout";
  map.update(1, std::array<std::uint32_t, 2>{7, 8});
  EXPECT_EQ((map.lookup<std::array<std::uint32_t, 2>>(1)), (std::array<std::uint32_t, 2>{7, 8}));
  map.update(1, 2.5);
  EXPECT_EQ(map.lookup<double>(1), 2.5);
}

}  // namespace
}  // namespace bpfmap
