// SPDX-License-Identifier: MIT
// Walks that are moved, given another map, a range; parts of a map beside threads that change it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bulk_support.hpp"
#include "fake_bpf.hpp"
#include "told_texts.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Busy;
using test::Entries;
using test::errno_code;
using test::error_of;
using test::fill;
using test::held;
using test::make_map;
using test::numbers;
using test::same;

// --- moves ---

TEST(MovedScan, LeavesAnEmptyOneBehind) {
  const auto map = numbers(600);
  auto from = scan(map);
  std::uint64_t entries = 0;
  for ([[maybe_unused]] auto entry : from) ++entries;
  EXPECT_EQ(entries, 600U);
  {
    auto to = std::move(from);
    entries = 0;
    for ([[maybe_unused]] auto entry : to) ++entries;
    EXPECT_EQ(entries, 600U);
  }
  EXPECT_EQ(error_of([&] { (void)from.begin(); }).code(), Errc::no_map);
  from = scan(map);
  entries = 0;
  for ([[maybe_unused]] auto entry : from) ++entries;
  EXPECT_EQ(entries, 600U);
}

// An iterator of a range-for owns its walk, whose memory goes with it.
TEST(MovedScanIterator, IsAtTheEnd) {
  const auto map = numbers(600);
  auto from = begin(map);
  ++from;
  auto to = std::move(from);
  EXPECT_TRUE(from == std::default_sentinel);
  std::vector<int> times(600);
  for (; to != std::default_sentinel; ++to) ++times[(*to).key];
  EXPECT_EQ(std::ranges::count(times, 1), 599);
  from = begin(map);
  to = std::move(from);
  EXPECT_TRUE(from == std::default_sentinel);
  auto& same_one = to;
  to = std::move(same_one);
  times.assign(600, 0);
  for (; to != std::default_sentinel; ++to) ++times[(*to).key];
  EXPECT_EQ(times, std::vector<int>(600, 1));
}

TEST(MovedDrain, LosesAndRepeatsNothing) {
  auto map = numbers(600);
  std::vector<int> times(600);
  auto from = drain(map);
  for (auto [key, value] : from)
    if (++times[key], from.left() < 250) break;
  const std::uint32_t left = from.left();
  auto to = std::move(from);
  EXPECT_EQ(to.left(), left);
  EXPECT_EQ(from.left(), 0U);
  EXPECT_EQ(from.put_back(), 0U);
  EXPECT_EQ(error_of([&] { (void)from.begin(); }).code(), Errc::no_map);
  for (auto [key, value] : to) ++times[key];
  EXPECT_EQ(times, std::vector<int>(600, 1));
  EXPECT_TRUE(empty(map));
}

TEST(MovedDrain, PutsBackWhatItHeldWhenItIsAssigned) {
  auto first = numbers(100);
  auto second = numbers(100);
  auto all = drain(first);
  for ([[maybe_unused]] auto entry : all) break;
  all = drain(second);
  EXPECT_EQ(count(first), 99U);
  for ([[maybe_unused]] auto entry : all) {
  }
  EXPECT_EQ(count(second), 0U);
}

// The names of scans and drains, as members.
struct Watcher {
  test::Numbers map = numbers(10);
  Scan<test::Numbers> entries{map};
  KeyScan<test::Numbers> keys{map};
  ValueScan<test::Numbers> values{map};
  Drain<test::Numbers> taken{map};
};

TEST(Scan, CanBeAMember) {
  Watcher watcher;
  EXPECT_EQ(std::ranges::distance(watcher.entries), 10);
  EXPECT_EQ(std::ranges::distance(watcher.keys), 10);
  EXPECT_EQ(std::ranges::distance(watcher.values), 10);
  EXPECT_EQ(std::ranges::distance(watcher.taken), 10);
  EXPECT_TRUE(empty(watcher.map));
}

// Another map, of the same sizes, that takes more room.
TEST(RewoundScan, HasRoomForTheMapThatIsThere) {
  Map map = make_map(MapType::hash, 8, 8, 256);
  fill(map, 100);
  auto all = scan(map);
  EXPECT_EQ(std::ranges::distance(all), 100);
  map = make_map(MapType::lpm_trie, 8, 8, 1024);
  const Entries prefixes = fill(map, 1000);
  EXPECT_TRUE(same(test::shown(all), prefixes));
  map = make_map(MapType::percpu_hash, 8, 8, 256);
  const Entries slots = fill(map, 200);
  EXPECT_TRUE(same(test::shown(all), slots));
  map = make_map(MapType::array, 4, 4096, 300);
  EXPECT_EQ(std::ranges::distance(all), 300);
}

// The memory of a walk has no room for the values of the larger map.
TEST(ScanInProgress, EndsWhenItsMapIsReplaced) {
  for (const MapType type : {MapType::hash, MapType::percpu_hash, MapType::array}) {
    Map map = make_map(MapType::hash, 4, 8, 1000);
    fill(map, 750);
    std::error_code ec;
    std::uint64_t entries = 0;
    for ([[maybe_unused]] auto entry : scan(map, {.batch_size = 16}, ec))
      if (++entries == 3) map = make_map(type, 4, 4096, 1000);
    EXPECT_EQ(ec, Errc::map_changed);
    EXPECT_NE(explain(ec).find("the Map was reassigned during the walk"), std::string::npos);
    test::note_text(explain(ec));
    EXPECT_GE(entries, 3U);
    EXPECT_LT(entries, 750U);
    map = make_map(type, 4, 16, 1000);
    fill(map, 750);
    Walk walk{map, {.batch_size = 16}};
    ASSERT_TRUE(walk.next());
    map = make_map(MapType::hash, 4, 8, 1000);
    fill(map, 5);
    EXPECT_EQ(error_of([&] { walk.next(); }).code(), Errc::map_changed);
    walk.rewind();
    EXPECT_TRUE(walk.next());
    map = {};
    walk.rewind();
    EXPECT_EQ(error_of([&] { walk.next(); }).code(), Errc::no_map);
  }
}

TEST(ScanInProgress, ContinuesWithAnotherOwnerOfItsMap) {
  Map map = make_map(MapType::hash, 4, 8, 1000);
  fill(map, 750);
  std::uint64_t entries = 0;
  for ([[maybe_unused]] auto entry : scan(map, {.batch_size = 16}))
    if (++entries == 3) map = map.duplicate();
  EXPECT_EQ(entries, 750U);
}

TEST(DrainInProgress, NeitherReadsNorFillsTheMapThatReplacesItsOwn) {
  Map map = make_map(MapType::hash, 4, 8, 1000);
  fill(map, 750);
  std::error_code ec;
  auto all = drain(map, {.batch_size = 16}, ec);
  std::uint32_t taken = 0;
  for ([[maybe_unused]] auto entry : all)
    if (++taken == 3) break;
  const std::uint32_t left = all.left();
  ASSERT_GT(left, 0U);
  map = make_map(MapType::hash, 4, 4096, 1000);
  EXPECT_EQ(all.put_back(), left);
  EXPECT_TRUE(empty(map));
  fill(map, 5);
  taken = 0;
  for ([[maybe_unused]] auto entry : all) ++taken;
  EXPECT_EQ(taken, left);
  EXPECT_EQ(ec, Errc::map_changed);
  EXPECT_EQ(count(map), 5U);
  for ([[maybe_unused]] auto entry : all) ++taken;
  EXPECT_EQ(taken, left + 5);
  EXPECT_FALSE(ec);
}

TEST(DrainInProgress, DoesNotPopTheQueueThatReplacesItsOwn) {
  Map map = make_map(MapType::queue, 0, 8, 4);
  for (std::uint64_t i = 0; i < 4; ++i) map.update(BytesView{}, i);
  std::error_code ec;
  std::uint32_t popped = 0;
  for ([[maybe_unused]] auto entry : drain(map, ec))
    if (++popped == 2) {
      map = make_map(MapType::queue, 0, 4096, 4);
      map.update(BytesView{}, Bytes(4096));
    }
  EXPECT_EQ(popped, 2U);
  EXPECT_EQ(ec, Errc::map_changed);
  EXPECT_FALSE(empty(map));
}

// --- ranges ---

std::vector<std::uint64_t> indices_in(const Map& map, CursorRange range, std::error_code& ec) {
  std::vector<std::uint64_t> indices;
  Walk walk{map, {.batch_size = 3}, range};
  while (walk.next(ec))
    for (std::uint32_t i = 0; i < walk.size(); ++i)
      indices.push_back(test::number_of({walk.keys() + 4 * i, 4}));
  EXPECT_EQ(walk.status().complete, !ec);
  return indices;
}

TEST(WalkRange, OfAnArrayEndsWithTheArray) {
  const std::vector<std::uint64_t> none;
  std::error_code ec;
  for (const MapType type : {MapType::array, MapType::percpu_array}) {
    const Map map = make_map(type, 4, 4, 10);
    EXPECT_EQ(indices_in(map, {8, 12}, ec), (std::vector<std::uint64_t>{8, 9}));
    EXPECT_EQ(indices_in(map, {9, ~0U}, ec), (std::vector<std::uint64_t>{9}));
    EXPECT_EQ(indices_in(map, {10, ~0U}, ec), none);
    EXPECT_EQ(indices_in(map, {11, 20}, ec), none);
    EXPECT_EQ(indices_in(map, {~0U - 1, ~0U}, ec), none);
    EXPECT_EQ(indices_in(map, {5, 5}, ec), none);
    EXPECT_EQ(indices_in(map, {6, 5}, ec), none);
    EXPECT_EQ(ec, std::error_code{});
  }
}

TEST(WalkRange, OfAHashEndsWithItsBuckets) {
  Map map = make_map(MapType::hash, 4, 4, 64);
  fill(map, 64);
  std::error_code ec;
  EXPECT_TRUE(indices_in(map, {64, ~0U}, ec).empty());
  EXPECT_TRUE(indices_in(map, {1000, 2000}, ec).empty());
  EXPECT_TRUE(indices_in(map, {7, 7}, ec).empty());
  EXPECT_EQ(indices_in(map, {0, 64}, ec).size(), 64U);
  EXPECT_EQ(indices_in(map, {0, 5000}, ec).size(), 64U);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(WalkRange, IsRefusedWhereThereAreNoBucketsOrIndices) {
  for (const MapType type : {MapType::lpm_trie, MapType::devmap_hash, MapType::sockhash}) {
    SCOPED_TRACE(to_string(type));
    const Map map = make_map(type, type == MapType::lpm_trie ? 8 : 4, 4, 10);
    std::error_code ec;
    EXPECT_TRUE(indices_in(map, {0, 5}, ec).empty());
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_EQ(error_of([&] { (void)Walk{map, {}, {.begin = 1}}.next(); }).operation(),
              Operation::scan);
  }
}

// --- sizes at the edge ---

TEST(WalkRoom, IsLimitedWhateverIsAskedFor) {
  Map map = make_map(MapType::hash, 4, 4, 100'000);
  fill(map, 1000);
  auto all = scan(map, {.batch_size = ~0U});
  EXPECT_EQ(std::ranges::distance(all), 1000);
  EXPECT_EQ(all.status().batch_size, 100'000U);
  Map trie = Map::create({.type = MapType::lpm_trie,
                          .key_size = 8,
                          .value_size = 4096,
                          .max_entries = ~0U,
                          .flags = MapFlags::no_prealloc});
  fill(trie, 100);
  auto prefixes = scan(trie, {.batch_size = ~0U});
  EXPECT_EQ(std::ranges::distance(prefixes), 100);
  EXPECT_LE(prefixes.status().batch_size, (64U << 20) / 4096);
  EXPECT_EQ(Walk::bytes_for(trie, ~0U) > std::size_t{1} << 40, sizeof(std::size_t) == 8);
}

TEST(WalkRoom, HoldsTheLargestValues) {
  constexpr std::uint32_t size = (4U << 20) - 4096;
  Map map = make_map(MapType::hash, 4, size, 3, MapFlags::no_prealloc);
  const Entries entries = fill(map, 3);
  EXPECT_TRUE(same(test::shown(scan(map)), entries));
  EXPECT_TRUE(same(test::shown(drain(map)), entries));
  EXPECT_EQ(count(map), 0U);
}

// --- parts beside threads that change the map ---

struct Tallied {
  std::uint64_t scans = 0;
  std::uint64_t missed = 0;
  std::uint64_t twice = 0;
};

template <class Change>
Tallied tally(std::uint32_t keys, std::uint32_t threads, Change change) {
  auto map = numbers(keys, keys);
  const Busy busy{[&](std::uint64_t n) { change(map, static_cast<std::uint32_t>(n % keys)); }};
  const auto times = std::make_unique<std::atomic<std::uint32_t>[]>(keys);
  Tallied total;
  const auto scan_once = [&] {
    for (std::uint32_t key = 0; key < keys; ++key) times[key] = 0;
    const auto status =
        parallel_scan(map, threads, [&](std::uint32_t key, std::uint64_t) { ++times[key]; });
    EXPECT_TRUE(status.complete);
    EXPECT_TRUE(status.exact);
    for (std::uint32_t key = 0; key < keys; ++key) {
      total.missed += times[key] == 0 ? 1U : 0U;
      total.twice += times[key] > 1 ? 1U : 0U;
    }
    ++total.scans;
  };
  test::keep_on(1500ms, scan_once);
  // A sanitizer or a loaded machine is slower, and makes as many scans all the same.
  while (total.scans <= 10) scan_once();
  EXPECT_GT(total.scans, 10U);
  return total;
}

TEST(ChurnedParallelScan, ShowsEveryKeyThatIsOnlyUpdatedOnce) {
  for (const std::uint32_t keys : {16U, 4096U}) {
    const Tallied seen = tally(keys, 2, [](auto& map, std::uint32_t key) { map.update(key, key); });
    EXPECT_EQ(seen.missed, 0U) << "of " << seen.scans;
    EXPECT_EQ(seen.twice, 0U) << "of " << seen.scans;
  }
}

TEST(ChurnedParallelScan, ShowsNothingTwiceThatIsErasedAndInsertedAgain) {
  for (const std::uint32_t threads : {2U, 5U, 16U})
    for (const std::uint32_t keys : {16U, 4096U}) {
      const Tallied seen = tally(keys, threads, [](auto& map, std::uint32_t key) {
        map.erase(key);
        map.update(key, key);
      });
      EXPECT_EQ(seen.twice, 0U) << "of " << seen.scans;
    }
}

TEST(ParallelScan, LeavesItsErrorInTheErrorCode) {
  const Map map = make_map(MapType::hash, 4, 4, 100);
  const Map blind = Map::from_id(map.info().id, Access::write_only);
  std::error_code ec;
  const auto nothing = [](BytesView, BytesView) {};
  EXPECT_FALSE(parallel_scan(blind, 2, nothing, ec).complete);
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_NE(explain(ec), ec.message());
  EXPECT_TRUE(parallel_scan(map, 2, nothing, {.batch_size = 5}, ec).complete);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(ParallelScan, CallsItsFunctionWhereItLies) {
  const auto map = numbers(100);
  struct {
    std::atomic<std::uint32_t> calls = 0;
    void operator()(std::uint32_t, std::uint64_t) { ++calls; }
  } counter;
  parallel_scan(map, 2, counter);
  EXPECT_EQ(counter.calls, 100U);
}

}  // namespace
}  // namespace bpfmap
