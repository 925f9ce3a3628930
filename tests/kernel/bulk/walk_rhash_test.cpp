// SPDX-License-Identifier: MIT
// Walks of hashes and of rhashes (7.2, where the kernel has them). An rhash resizes itself, and the
// cursor of its batches is a key.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/parallel_scan.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

// Large enough for the map to shrink several times while entries are removed.
constexpr std::uint32_t many = 20'000;

// The first half of a key, read as the number of a bucket, is beyond every map.
Bytes key_of(std::uint32_t i) {
  Bytes key(8, std::byte{0xFF});
  std::memcpy(key.data() + 4, &i, sizeof i);
  return key;
}
std::uint32_t number_of(BytesView key) {
  std::uint32_t i = 0;
  std::memcpy(&i, key.data() + 4, sizeof i);
  return i;
}

std::vector<MapType> types() { return test::those_of_this_kernel({MapType::hash, MapType::rhash}); }
Map filled(MapType type, std::uint32_t entries) {
  Map map = test::make_map(type, 8, 4, entries);
  for (std::uint32_t i = 0; i < entries; ++i) map.update(key_of(i), i);
  return map;
}

// As above; an rhash grows in the background, which must be over where nothing may change.
Map filled_and_at_rest(MapType type, std::uint32_t entries) {
  Map map = filled(type, entries);
  if (type == MapType::rhash) std::this_thread::sleep_for(std::chrono::seconds{1});
  return map;
}

// Each number below `entries` once.
void expect_each_once(std::vector<std::uint32_t> numbers, std::uint32_t entries) {
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end()) << "repeated";
  EXPECT_EQ(numbers.size(), entries);
}
// A drain of an rhash that resizes itself handed out some entries twice on Linux 7.2, although each
// was removed.
void expect_each_drained(std::vector<std::uint32_t> numbers, std::uint32_t entries, MapType type) {
  std::sort(numbers.begin(), numbers.end());
  if (type == MapType::rhash)
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  expect_each_once(numbers, entries);
}
// What comes twice from an rhash is counted twice.
void expect_removed(std::uint64_t removed, std::uint64_t entries, MapType type) {
  EXPECT_GE(removed, entries);
  if (type == MapType::hash) {
    EXPECT_EQ(removed, entries);
  }
}
void expect_empty(const Map& map) {
  EXPECT_TRUE(empty(map));
  EXPECT_EQ(test::stored_keys(map).size(), 0U);
}

TEST(WalkOfAHash, ShowsEveryEntryOnceWhileNothingChanges) {
  for (const MapType type : types()) {
    const Map map = filled_and_at_rest(type, 1000);
    for (const std::uint32_t batch_size : {1U, 7U, 256U, 2000U}) {
      SCOPED_TRACE(std::string{to_string(type)} + " in batches of " + std::to_string(batch_size));
      auto all = scan(map, {.batch_size = batch_size});
      std::vector<std::uint32_t> numbers;
      for (const auto& [key, value] : all) numbers.push_back(number_of(key));
      expect_each_once(numbers, 1000);
      EXPECT_TRUE(all.status().complete);
      EXPECT_EQ(all.status().exact, type == MapType::hash);
    }
    EXPECT_EQ(count(map), 1000U);
  }
}

TEST(WalkOfAHash, IsByOneThreadWhereItsCursorIsAKey) {
  for (const MapType type : types()) {
    SCOPED_TRACE(to_string(type));
    const Map map = filled_and_at_rest(type, 1000);
    std::vector<std::uint32_t> numbers;
    std::mutex mutex;
    std::error_code ec;
    const auto note = [&](BytesView key, BytesView) {
      const std::scoped_lock lock{mutex};
      numbers.push_back(number_of(key));
    };
    const auto status = parallel_scan(map, 4, note, ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(status.threads == 1, type == MapType::rhash);
    EXPECT_EQ(status.exact, type == MapType::hash);
    expect_each_once(numbers, 1000);
  }
}

// The rhash shrinks meanwhile, and its walk misses entries.
TEST(WalkOfAHash, IsExactOnlyIfNoEntryIsMissed) {
  for (const MapType type : types()) {
    SCOPED_TRACE(to_string(type));
    Map map = filled(type, many);
    auto all = scan(map);
    std::uint32_t erased = 0;
    for (const auto& [key, value] : all) erased += map.erase(key) ? 1U : 0U;
    EXPECT_EQ(all.status().exact, type == MapType::hash);
    if (all.status().exact) {
      EXPECT_EQ(erased, many);
      expect_empty(map);
    }
  }
}

TEST(WalkOfAHash, LeavesNothingAfterClear) {
  for (const MapType type : types()) {
    SCOPED_TRACE(to_string(type));
    Map map = filled(type, many);
    expect_removed(clear(map), many, type);
    expect_empty(map);
  }
}

TEST(WalkOfAHash, DrainsEveryEntry) {
  for (const MapType type : types()) {
    SCOPED_TRACE(to_string(type));
    Map map = filled(type, many);
    std::vector<std::uint32_t> numbers;
    auto entries = drain(map);
    for (const auto& entry : entries) numbers.push_back(number_of(entry.key));
    expect_each_drained(numbers, many, type);
    EXPECT_TRUE(entries.status().complete);
    EXPECT_EQ(entries.status().exact, type == MapType::hash);
    expect_empty(map);
  }
}

TEST(WalkOfAHash, ErasesAllThatThePredicateTakes) {
  for (const MapType type : types()) {
    SCOPED_TRACE(to_string(type));
    Map map = filled(type, many);
    const auto is_odd = [](BytesView key, BytesView) { return number_of(key) % 2 == 1; };
    expect_removed(erase_if(map, is_odd), many / 2, type);
    EXPECT_EQ(count_if(map, is_odd), 0U);
    expect_removed(erase_if(map, [](BytesView, BytesView) { return true; }), many / 2, type);
    expect_empty(map);
  }
}

}  // namespace
}  // namespace bpfmap
