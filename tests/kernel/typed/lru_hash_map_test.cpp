// SPDX-License-Identifier: MIT
// HashMap and PerCpuHashMap over LRU maps, which evict entries and are never full.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/hash_map.hpp"
#include "bpfmap/typed/percpu_hash_map.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using Numbers = HashMap<std::uint32_t, std::uint64_t>;
using PerCpuNumbers = PerCpuHashMap<std::uint32_t, std::uint64_t>;

template <class M>
std::uint32_t count(const M& map) {
  std::uint32_t entries = 0;
  for (const auto& key : keys(map)) {
    (void)key;
    ++entries;
  }
  return entries;
}

TEST(LruHashMapCreate, TakesTheTypeInTheSpec) {
  const auto map = Numbers::create({.type = MapType::lru_hash, .max_entries = 8, .name = "lru"});
  EXPECT_EQ(map.map().info().type, MapType::lru_hash);
  EXPECT_EQ(map.map().info().key_size, 4U);
  EXPECT_EQ(map.map().info().value_size, 8U);
  EXPECT_EQ(map.map().info().max_entries, 8U);
  const auto percpu = PerCpuNumbers::create({.type = MapType::lru_percpu_hash, .max_entries = 8});
  EXPECT_EQ(percpu.map().info().type, MapType::lru_percpu_hash);
}

TEST(LruHashMapCreate, TellsThatItHasToPreallocate) {
  const MapSpec spec{
      .type = MapType::lru_hash, .max_entries = 8, .flags = MapFlags::no_prealloc, .name = "lru"};
  std::error_code ec;
  EXPECT_FALSE(Numbers::create(spec, ec));
  EXPECT_EQ(ec, std::errc::not_supported);
  EXPECT_EQ(ec.value(), 524);
  EXPECT_EQ(test::error_of([&] { (void)Numbers::create(spec); }).code(), ec);
}

TEST(LruHashMap, DoesWhatAHashMapDoes) {
  auto map = Numbers::create({.type = MapType::lru_hash, .max_entries = 8});
  EXPECT_TRUE(map.insert(1, 10));
  EXPECT_FALSE(map.insert(1, 11));
  EXPECT_FALSE(map.replace(2, 20));
  EXPECT_TRUE(map.replace(1, 12));
  EXPECT_EQ(map.lookup(1), 12U);
  std::uint64_t room = 0;
  EXPECT_TRUE(map.lookup_into(1, room));
  EXPECT_EQ(room, 12U);
  map.map().update(2, 20, UpdateFlags::noexist);
  EXPECT_EQ(test::error_of([&] { map.map().update(2, 21, UpdateFlags::noexist); }).code(),
            std::errc::file_exists);
  EXPECT_TRUE(map.erase(2));
  EXPECT_FALSE(map.erase(2));
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(map.lookup_and_delete(1), 12U);
  EXPECT_FALSE(map.contains(1));
}

// One entry, one list: each new key takes the place of the one before.
TEST(LruHashMap, EvictsInsteadOfFailing) {
  auto map = Numbers::create({.type = MapType::lru_hash, .max_entries = 1});
  std::error_code ec = Errc::invalid_name;
  for (std::uint32_t key = 0; key < 100; ++key) {
    map.update(key, key, ec);
    ASSERT_EQ(ec, std::error_code{});
    EXPECT_EQ(map.lookup(key), key) << "the newest is always there";
    EXPECT_EQ(count(map), 1U);
  }
}

TEST(LruHashMap, NeverHoldsMoreThanItsCapacity) {
  auto map = Numbers::create({.type = MapType::lru_hash, .max_entries = 64});
  for (std::uint32_t key = 0; key < 1000; ++key) EXPECT_TRUE(map.insert(key, key));
  EXPECT_LE(count(map), 64U);
  EXPECT_GT(count(map), 0U);
  EXPECT_EQ(map.lookup(999), 999U);
  EXPECT_EQ(map.lookup(0), std::nullopt);
  for (auto [key, value] : map) EXPECT_EQ(key, value);
}

TEST(LruHashMap, MayKeepAListForEachCpu) {
  auto map = Numbers::create(
      {.type = MapType::lru_hash, .max_entries = 64, .flags = MapFlags::no_common_lru});
  for (std::uint32_t key = 0; key < 1000; ++key) map.update(key, key);
  EXPECT_LE(count(map), map.map().info().max_entries);
  EXPECT_EQ(map.lookup(999), 999U);
}

TEST(LruPerCpuHashMap, EvictsInsteadOfFailing) {
  auto map = PerCpuNumbers::create({.type = MapType::lru_percpu_hash, .max_entries = 1});
  for (std::uint32_t key = 0; key < 100; ++key) {
    EXPECT_TRUE(map.insert(key, std::uint64_t{key}));
    EXPECT_EQ(count(map), 1U);
  }
  const auto values = map.lookup(99);
  ASSERT_TRUE(values);
  for (const auto value : *values) EXPECT_EQ(value, 99U);
  EXPECT_FALSE(map.contains(98));
}

TEST(LruPerCpuHashMap, DoesWhatAPerCpuHashMapDoes) {
  auto map = PerCpuNumbers::create({.type = MapType::lru_percpu_hash, .max_entries = 8});
  const PerCpuValues<std::uint64_t> ones{1};
  EXPECT_TRUE(map.insert(1, ones));
  EXPECT_FALSE(map.insert(1, ones));
  EXPECT_FALSE(map.replace(2, ones));
  EXPECT_TRUE(map.replace(1, std::uint64_t{2}));
  PerCpuValues<std::uint64_t> room;
  EXPECT_TRUE(map.lookup_into(1, room));
  EXPECT_EQ(room.sum(), 2 * room.size());
  if (!test::kernel_takes_from_hashes()) return;
  const auto taken = map.lookup_and_delete(1);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->sum(), 2 * room.size());
  EXPECT_FALSE(map.erase(1));
}

TEST(LruHashMapView, TakesEitherKindOfHash) {
  Map lru =
      Map::create({.type = MapType::lru_hash, .key_size = 4, .value_size = 8, .max_entries = 4});
  Map hash = Map::create({.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 4});
  EXPECT_EQ(Numbers{std::move(lru)}.map().info().type, MapType::lru_hash);
  EXPECT_EQ(Numbers{std::move(hash)}.map().info().type, MapType::hash);
}

}  // namespace
}  // namespace bpfmap
