// SPDX-License-Identifier: MIT
// Scans by batch while other threads change the map: an entry that stays comes exactly once.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "bpfmap/bulk/scan.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Busy;
using test::keep_on;
using test::make_map;
using test::OuterMap;
using test::Random;

// A map of which the keys below `stable` stay, and those from `stable` to below 2 * `stable` come
// and go.
class Churned {
 public:
  Churned(Map& map, std::uint32_t stable, Bytes value)
      : map_(&map), stable_(stable), value_(std::move(value)) {
    for (std::uint32_t key = 0; key < stable; ++key) put(key);
  }

  void put(std::uint32_t key) {
    const int result = sys::map_update_elem(map_->fd(), &key, value_.data());
    EXPECT_TRUE(result == 0 || result == -E2BIG || result == -ENOMEM) << result;
  }
  void erase(std::uint32_t key) { (void)sys::map_delete_elem(map_->fd(), &key); }

  // Inserts, updates and erases keys that nobody counts on.
  auto churn(std::uint64_t seed) {
    return [this, random = Random{seed}](std::uint64_t) mutable {
      const std::uint32_t key = stable_ + random.below(stable_);
      if (random() % 3 == 0)
        erase(key);
      else
        put(key);
    };
  }
  // Gives entries that stay new values.
  auto updates(std::uint64_t seed) {
    return [this, random = Random{seed}](std::uint64_t) mutable { put(random.below(stable_)); };
  }

  // Walks the map once and counts how often each stable key comes.
  void expect_each_once(ScanOptions options) {
    counts_.assign(stable_, 0);
    auto scan = bpfmap::scan(*map_, options);
    for (auto [key, value] : scan)
      if (const auto n = test::number_of(key); n < stable_) ++counts_[n];
    EXPECT_TRUE(scan.status().complete);
    EXPECT_TRUE(scan.status().exact);
    for (std::uint32_t key = 0; key < stable_; ++key)
      EXPECT_EQ(counts_[key], 1U) << "key " << key << " of " << stable_;
  }

 private:
  Map* map_;
  std::uint32_t stable_;
  Bytes value_;
  std::vector<std::uint32_t> counts_;
};

constexpr std::array batch_sizes{0U, 1U, 5U};

void expect_exact(Map& map, std::uint32_t stable, const Bytes& value, bool only_updates) {
  SCOPED_TRACE(std::string{to_string(map.info().type)} + ", stable entries " +
               std::to_string(stable));
  Churned churned{map, stable, value};
  std::uint64_t turn = 0;
  const auto walk = [&] {
    churned.expect_each_once({.batch_size = batch_sizes[turn++ % batch_sizes.size()]});
  };
  std::uint64_t steps = 0;
  if (only_updates) {
    Busy one{churned.updates(1)};
    keep_on(150ms, walk);
    steps = one.steps();
  } else {
    Busy one{churned.churn(1)};
    Busy two{churned.churn(2)};
    keep_on(150ms, walk);
    steps = one.steps() + two.steps();
  }
  EXPECT_GT(turn, 0U);
  EXPECT_GT(steps, 0U);
}

// The smaller a map, the more often a walk meets a change of its own bucket.
constexpr std::array stable_counts{10U, 100U, 2000U};

void expect_exact_for_all(bool only_updates) {
  for (const std::uint32_t stable : stable_counts) {
    // LRU maps have room to spare, so that nothing stable is evicted.
    for (const MapType type :
         {MapType::hash, MapType::percpu_hash, MapType::lru_hash, MapType::lru_percpu_hash}) {
      const bool lru = type == MapType::lru_hash || type == MapType::lru_percpu_hash;
      Map map = make_map(type, 4, 4, lru ? 16 * stable + 2048 : 2 * stable);
      expect_exact(map, stable, test::value_for(map, 1), only_updates);
    }
    Map map = make_map(MapType::hash, 4, 4, 2 * stable, MapFlags::no_prealloc);
    expect_exact(map, stable, test::value_for(map, 1), only_updates);
  }
}

TEST(ChurnedScan, ShowsWhatStaysOnceWhileOthersInsertUpdateAndErase) {
  expect_exact_for_all(false);
}

TEST(ChurnedScan, ShowsWhatStaysOnceWhileOthersUpdateIt) { expect_exact_for_all(true); }

TEST(ChurnedScan, ShowsTheMapsThatStayInAHashOfMaps) {
  OuterMap outer{MapType::hash_of_maps, 40};
  const Bytes fd = test::numbered(4, static_cast<std::uint64_t>(outer.inner.fd()));
  expect_exact(outer.map, 20, fd, false);
  expect_exact(outer.map, 20, fd, true);
}

// Large buckets, so that a batch often has to grow while others change them.
TEST(ChurnedScan, ShowsWhatStaysInLargeBuckets) {
  // 64 buckets for 64 entries, half of them stable: up to five or so in one.
  Map map = make_map(MapType::hash, 4, 64, 64);
  Churned churned{map, 32, test::value_for(map, 1)};
  Busy busy{churned.churn(3)};
  keep_on(400ms, [&] { churned.expect_each_once({.batch_size = 1}); });
}

// What an array holds is always there; torn values are no business of a scan.
TEST(ChurnedScan, ShowsEveryIndexOfAnArrayThatOthersWriteTo) {
  for (const MapType type : {MapType::array, MapType::percpu_array}) {
    Map map = make_map(type, 4, 8, 300);
    Churned churned{map, 300, test::value_for(map, 1)};
    Busy busy{churned.updates(4)};
    keep_on(150ms, [&] { churned.expect_each_once({.batch_size = 7}); });
  }
}

// An inserter that never rests: each pass over the buckets is one pass, and ends.
TEST(ChurnedScan, EndsWhileOthersInsert) {
  Map map = make_map(MapType::hash, 4, 4, 200'000);
  Busy busy{[&](std::uint64_t n) {
    const std::uint64_t key = n % 1'000'000;
    if (sys::map_update_elem(map.fd(), &key, &key) == -E2BIG)
      (void)sys::map_delete_elem(map.fd(), &key);
  }};
  keep_on(500ms, [&] {
    auto scan = bpfmap::scan(map);
    std::uint64_t entries = 0;
    for ([[maybe_unused]] auto entry : scan) ++entries;
    EXPECT_LE(entries, 200'000U);
    EXPECT_TRUE(scan.status().complete);
  });
}

}  // namespace
}  // namespace bpfmap
