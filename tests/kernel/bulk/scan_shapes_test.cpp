// SPDX-License-Identifier: MIT
// Scans by batch of maps that nobody else changes: every shape of map, every size of batch.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "bpfmap/bulk/scan.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using test::copy_of;
using test::Entries;
using test::fill;
using test::hash_types;
using test::held;
using test::make_map;
using test::OuterMap;
using test::same;
using test::shown;

constexpr std::array batch_sizes{1U, 2U, 3U, 7U, 64U, 0U};

// Scans of every batch size show what single calls tell, and say so.
void expect_shown_by_every_scan(const Map& map, const Entries& expected) {
  EXPECT_TRUE(same(held(map), expected));
  EXPECT_TRUE(same(shown(map), expected));
  for (const std::uint32_t batch_size : batch_sizes) {
    SCOPED_TRACE(batch_size);
    std::error_code ec = Errc::invalid_name;
    auto scan = bpfmap::scan(map, {.batch_size = batch_size}, ec);
    for (int walk = 0; walk < 2; ++walk) {
      EXPECT_TRUE(same(shown(scan), expected));
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_EQ(scan.status().method, ScanMethod::batch);
      EXPECT_TRUE(scan.status().complete);
      EXPECT_FALSE(scan.status().restarted);
      EXPECT_EQ(scan.status().entries, expected.size());
      EXPECT_EQ(scan.status().exact, map.info().type != MapType::lpm_trie);
    }
  }
}

TEST(BatchScan, ShowsHashesOfEveryKeyAndValueSize) {
  for (const MapType type : hash_types)
    for (const std::uint32_t key_size : {1U, 2U, 3U, 4U, 8U, 40U})
      for (const std::uint32_t value_size : {1U, 4U, 5U, 12U, 4096U}) {
        SCOPED_TRACE(std::string{to_string(type)} + " " + std::to_string(key_size) + " " +
                     std::to_string(value_size));
        Map map = make_map(type, key_size, value_size, 64);
        expect_shown_by_every_scan(map, fill(map, 40));
      }
}

TEST(BatchScan, ShowsHashesOfEveryFill) {
  for (const MapType type : hash_types)
    for (const std::uint32_t max_entries : {1U, 2U, 3U, 200U})
      for (const std::uint32_t entries : std::set{0U, 1U, max_entries / 2, max_entries}) {
        SCOPED_TRACE(std::string{to_string(type)} + " " + std::to_string(entries) + " of " +
                     std::to_string(max_entries));
        Map map = make_map(type, 4, 4, max_entries);
        fill(map, entries);
        // An LRU map may have evicted some.
        expect_shown_by_every_scan(map, held(map));
      }
}

TEST(BatchScan, ShowsHashesWithoutPreallocation) {
  for (const MapType type : {MapType::hash, MapType::percpu_hash}) {
    Map map = make_map(type, 8, 12, 100, MapFlags::no_prealloc);
    expect_shown_by_every_scan(map, fill(map, 100));
  }
}

TEST(BatchScan, ShowsAnLruMapWithAListForEachCpu) {
  Map map = make_map(MapType::lru_hash, 4, 4, 201, MapFlags::no_common_lru);
  fill(map, 90);
  expect_shown_by_every_scan(map, held(map));
}

TEST(BatchScan, ShowsArrays) {
  for (const MapType type : {MapType::array, MapType::percpu_array})
    for (const std::uint32_t max_entries : {1U, 2U, 7U, 64U, 65U})
      for (const std::uint32_t value_size : {1U, 4U, 5U, 12U, 4096U}) {
        SCOPED_TRACE(std::string{to_string(type)} + " " + std::to_string(max_entries) + " " +
                     std::to_string(value_size));
        Map map = make_map(type, 4, value_size, max_entries);
        expect_shown_by_every_scan(map, fill(map, max_entries));
      }
}

TEST(BatchScan, ShowsAnArrayInOrder) {
  Map map = make_map(MapType::array, 4, 4, 600);
  for (const std::uint32_t batch_size : batch_sizes) {
    std::uint32_t next = 0;
    for (auto [key, value] : scan(map, {.batch_size = batch_size}))
      EXPECT_EQ(test::number_of(key), next++);
    EXPECT_EQ(next, 600U);
  }
}

TEST(BatchScan, ShowsTries) {
  for (const std::uint32_t key_size : {5U, 8U, 20U, 40U})
    for (const std::uint32_t entries : {0U, 1U, 2U, 64U, 65U}) {
      SCOPED_TRACE(std::to_string(key_size) + " " + std::to_string(entries));
      Map map = make_map(MapType::lpm_trie, key_size, 12, 65);
      expect_shown_by_every_scan(map, fill(map, entries));
    }
}

TEST(BatchScan, ShowsTheFilledSlotsOfAnArrayOfMaps) {
  OuterMap outer{MapType::array_of_maps, 70};
  Entries expected;
  for (const std::uint32_t index : {3U, 4U, 40U, 69U}) {
    Map inner = OuterMap::another();
    outer.map.update(index, inner.fd());
    expected[test::numbered(4, index)] = test::numbered(4, inner.info().id);
  }
  expect_shown_by_every_scan(outer.map, expected);
}

TEST(BatchScan, ShowsAHashOfMaps) {
  OuterMap outer{MapType::hash_of_maps, 40};
  Entries expected;
  for (std::uint32_t key = 0; key < 40; ++key) {
    Map inner = OuterMap::another();
    outer.map.update(key * 1000, inner.fd());
    expected[test::numbered(4, key * 1000)] = test::numbered(4, inner.info().id);
  }
  expect_shown_by_every_scan(outer.map, expected);
}

// A full hash of 1000 has buckets of 2 to 5 entries: a batch of one is too small for them.
TEST(BatchScan, GrowsUntilTheLargestBucketFits) {
  for (const MapType type : hash_types) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 4, 1024);
    fill(map, 1000);
    const Entries expected = held(map);
    auto scan = bpfmap::scan(map, {.batch_size = 1});
    EXPECT_TRUE(same(shown(scan), expected));
    const std::uint32_t grown = scan.status().batch_size;
    EXPECT_GE(grown, 2U);
    EXPECT_LE(grown, 16U);
    EXPECT_TRUE(same(shown(scan), expected));
    EXPECT_EQ(scan.status().batch_size, grown) << "what it has grown to is kept";
  }
}

TEST(BatchScan, IsSatisfiedWithWhatTheMapCanHold) {
  Map map = make_map(MapType::hash, 4, 4, 10);
  const Entries expected = fill(map, 10);
  auto scan = bpfmap::scan(map, {.batch_size = 4'000'000'000});
  EXPECT_TRUE(same(shown(scan), expected));
  EXPECT_EQ(scan.status().batch_size, 10U);
}

TEST(BatchScan, TakesSmallerBatchesOfLargeValues) {
  Map map = make_map(MapType::array, 4, 300'000, 5);
  auto scan = bpfmap::scan(map);
  EXPECT_EQ(shown(scan).size(), 5U);
  EXPECT_EQ(scan.status().batch_size, 3U) << "1 MiB";
  Map larger = make_map(MapType::array, 4, 2'000'000, 3);
  auto one_by_one = bpfmap::scan(larger);
  EXPECT_EQ(shown(one_by_one).size(), 3U);
  EXPECT_EQ(one_by_one.status().batch_size, 1U);
}

TEST(BatchScan, IsNotCompleteBeforeItsEnd) {
  for (const MapType type : {MapType::hash, MapType::array, MapType::lpm_trie}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, type == MapType::lpm_trie ? 8 : 4, 4, 8);
    fill(map, 8);
    auto scan = bpfmap::scan(map);
    EXPECT_FALSE(scan.status().complete);
    for ([[maybe_unused]] auto entry : scan) EXPECT_FALSE(scan.status().complete);
    EXPECT_TRUE(scan.status().complete);
    for ([[maybe_unused]] auto entry : scan) break;
    EXPECT_FALSE(scan.status().complete);
  }
}

TEST(BatchScan, MayBeNestedAndMeetItself) {
  Map map = make_map(MapType::hash, 4, 4, 64);
  const Entries expected = fill(map, 50);
  std::size_t inner = 0;
  for ([[maybe_unused]] auto outer : map) inner += shown(map).size();
  EXPECT_EQ(inner, expected.size() * expected.size());
}

TEST(BatchScan, WalksAMapThatWasPutInThePlaceOfAnother) {
  Map map = make_map(MapType::hash, 4, 4, 8);
  fill(map, 8);
  auto scan = bpfmap::scan(map);
  EXPECT_EQ(shown(scan).size(), 8U);
  map = make_map(MapType::hash, 40, 4000, 8);
  const Entries expected = fill(map, 8);
  EXPECT_TRUE(same(shown(scan), expected));
}

// --- the loop body changes the map ---

TEST(BatchScanBody, MayEraseTheCurrentEntry) {
  for (const MapType type : hash_types)
    for (const std::uint32_t batch_size : batch_sizes) {
      Map map = make_map(type, 4, 4, 4096);
      const Entries expected = fill(map, 300);
      Entries seen;
      for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
        EXPECT_TRUE(map.erase(key));
        EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
      }
      EXPECT_TRUE(same(seen, expected));
      EXPECT_TRUE(same(held(map), Entries{}));
    }
}

TEST(BatchScanBody, MayEraseEveryOtherEntry) {
  for (const MapType type : hash_types)
    for (const std::uint32_t batch_size : batch_sizes) {
      Map map = make_map(type, 4, 4, 4096);
      const Entries expected = fill(map, 300);
      Entries seen;
      Entries left = expected;
      for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
        EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
        if (seen.size() % 2 == 0) continue;
        EXPECT_TRUE(map.erase(key));
        left.erase(copy_of(key));
      }
      EXPECT_TRUE(same(seen, expected));
      EXPECT_TRUE(same(held(map), left));
    }
}

TEST(BatchScanBody, MayUpdateTheCurrentEntry) {
  for (const MapType type : hash_types)
    for (const std::uint32_t batch_size : batch_sizes) {
      Map map = make_map(type, 4, 4, 4096);
      const Entries expected = fill(map, 300);
      Entries seen;
      Entries updated;
      for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
        EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
        updated[copy_of(key)] = test::value_for(map, 1000 + seen.size());
        test::put(map, copy_of(key), updated[copy_of(key)]);
      }
      EXPECT_TRUE(same(seen, expected));
      EXPECT_TRUE(same(held(map), updated));
    }
}

// It ends, and what was there when it began comes once; new entries come at most once.
TEST(BatchScanBody, MayInsertEntries) {
  for (const std::uint32_t batch_size : batch_sizes) {
    Map map = make_map(MapType::hash, 4, 4, 4096);
    const Entries expected = fill(map, 300);
    Entries seen;
    std::uint32_t next = 1'000'000;
    for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
      EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
      if (next < 1'003'000) map.update(next, next);
      ++next;
    }
    for (const auto& [key, value] : expected) EXPECT_EQ(seen.count(key), 1U);
  }
}

TEST(BatchScanBody, MayErasePrefixes) {
  for (const std::uint32_t batch_size : batch_sizes) {
    Map map = make_map(MapType::lpm_trie, 8, 4, 300);
    const Entries expected = fill(map, 300);
    Entries seen;
    auto scan = bpfmap::scan(map, {.batch_size = batch_size});
    for (auto [key, value] : scan) {
      EXPECT_TRUE(map.erase(key));
      EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
    }
    EXPECT_TRUE(same(seen, expected));
    EXPECT_TRUE(scan.status().complete);
    EXPECT_TRUE(same(held(map), Entries{}));
  }
}

}  // namespace
}  // namespace bpfmap
