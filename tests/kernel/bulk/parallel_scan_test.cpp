// SPDX-License-Identifier: MIT
// Scans by several threads: each entry comes to exactly one of them.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bpfmap/bulk/parallel_scan.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Busy;
using test::errno_code;
using test::error_of;
using test::fill;
using test::make_map;
using test::OuterMap;

constexpr std::array thread_counts{1U, 2U, 3U, 4U, 7U, 16U};
constexpr std::array batch_sizes{0U, 1U, 2U, 100U, 1000U};

std::size_t threads_now() {
  std::size_t threads = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator{"/proc/self/task"})
    ++threads;
  return threads;
}

// A thread that was joined stands in /proc for a moment longer.
bool threads_become(std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (threads_now() != count && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  return threads_now() == count;
}

// How often each key below `size` comes.
class Tally {
 public:
  explicit Tally(std::uint32_t size)
      : size_(size), times_(std::make_unique<std::atomic<std::uint32_t>[]>(size)) {}
  void add(BytesView key) {
    if (const auto n = test::number_of(key); n < size_) ++times_[n];
  }
  void expect_each_once() const {
    for (std::uint32_t n = 0; n < size_; ++n) ASSERT_EQ(times_[n], 1U) << "key " << n;
  }

 private:
  std::uint32_t size_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> times_;
};

ParallelScanStatus expect_each_once(const Map& map, std::uint32_t entries, std::uint32_t threads,
                                    ScanOptions options) {
  Tally tally{entries};
  std::atomic<std::uint64_t> calls = 0;
  const auto status = parallel_scan(
      map, threads,
      [&](BytesView key, BytesView) {
        tally.add(key);
        ++calls;
      },
      options);
  EXPECT_EQ(status.entries, calls);
  EXPECT_TRUE(status.complete);
  EXPECT_TRUE(status.exact);
  tally.expect_each_once();
  return status;
}

void expect_each_once_always(const Map& map, std::uint32_t entries) {
  for (const std::uint32_t threads : thread_counts)
    for (const std::uint32_t batch_size : batch_sizes) {
      if (batch_size == 1 && entries > 10'000) continue;  // takes its time
      SCOPED_TRACE(std::string{to_string(map.info().type)} + ", entries " +
                   std::to_string(entries) + ", threads " + std::to_string(threads) + ", batch " +
                   std::to_string(batch_size));
      const auto status = expect_each_once(map, entries, threads, {.batch_size = batch_size});
      EXPECT_EQ(status.entries, entries);
      // As many parts as there are buckets or indices, at most.
      const std::uint32_t max_entries = map.info().max_entries;
      const bool array = traits_of(map.info().type)->key == KeyKind::index;
      EXPECT_EQ(status.threads,
                std::min(threads, array ? max_entries : std::bit_ceil(max_entries)));
    }
}

TEST(ParallelScan, ShowsEveryEntryOfAHashOnce) {
  for (const std::uint32_t entries : {1U, 2U, 10U, 1000U, 100'000U}) {
    Map map = make_map(MapType::hash, 4, 4, entries);
    for (std::uint32_t key = 0; key < entries; ++key)
      test::put(map, test::numbered(4, key), Bytes(4));
    expect_each_once_always(map, entries);
  }
}

TEST(ParallelScan, ShowsEveryEntryOfAHalfFilledHashOnce) {
  for (const std::uint32_t max_entries : {3U, 17U, 1025U, 3000U}) {
    Map map = make_map(MapType::hash, 8, 12, max_entries);
    fill(map, max_entries / 2);
    expect_each_once_always(map, max_entries / 2);
  }
}

TEST(ParallelScan, ShowsEveryEntryOfTheOtherHashesOnce) {
  for (const MapType type : {MapType::percpu_hash, MapType::lru_hash, MapType::lru_percpu_hash}) {
    Map map = make_map(type, 4, 12, type == MapType::percpu_hash ? 1000 : 9000);
    fill(map, 1000);
    expect_each_once_always(map, 1000);
  }
  Map map = make_map(MapType::lru_hash, 4, 4, 9001, MapFlags::no_common_lru);
  fill(map, 1000);
  expect_each_once_always(map, 1000);
  OuterMap outer{MapType::hash_of_maps, 100};
  for (std::uint32_t key = 0; key < 100; ++key) outer.map.update(key, outer.inner.fd());
  expect_each_once_always(outer.map, 100);
}

TEST(ParallelScan, ShowsEveryIndexOfAnArrayOnce) {
  for (const MapType type : {MapType::array, MapType::percpu_array})
    for (const std::uint32_t entries : {1U, 2U, 10U, 1000U})
      expect_each_once_always(make_map(type, 4, 5, entries), entries);
  expect_each_once_always(make_map(MapType::array, 4, 4, 100'000), 100'000);
}

// Its empty slots are skipped by the kernel, which then reaches further than it is asked to.
TEST(ParallelScan, ShowsEveryFilledSlotOfAnArrayOfMapsOnce) {
  OuterMap outer{MapType::array_of_maps, 100};
  std::set<std::uint64_t> filled;
  for (const std::uint32_t index : {5U, 6U, 30U, 49U, 50U, 51U, 74U, 75U, 76U, 99U}) {
    outer.map.update(index, outer.inner.fd());
    filled.insert(index);
  }
  for (const std::uint32_t threads : thread_counts)
    for (const std::uint32_t batch_size : batch_sizes) {
      SCOPED_TRACE(std::to_string(threads) + " " + std::to_string(batch_size));
      std::mutex mutex;
      std::multiset<std::uint64_t> seen;
      const auto status = parallel_scan(outer.map, threads,
                                        [&](BytesView key, BytesView) {
                                          const std::lock_guard lock{mutex};
                                          seen.insert(test::number_of(key));
                                        },
                                        {.batch_size = batch_size});
      EXPECT_EQ(seen, (std::multiset<std::uint64_t>{filled.begin(), filled.end()}));
      EXPECT_EQ(status.entries, filled.size());
    }
}

TEST(ParallelScan, ShowsNothingOfAnEmptyMap) {
  for (const std::uint32_t threads : thread_counts) {
    const Map map = make_map(MapType::hash, 4, 4, 1000);
    const auto status = parallel_scan(map, threads, [](BytesView, BytesView) { ADD_FAILURE(); });
    EXPECT_EQ(status.entries, 0U);
    EXPECT_TRUE(status.complete);
    EXPECT_EQ(status.threads, threads);
  }
}

TEST(ParallelScan, ShowsTypedEntries) {
  auto map = HashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 1000});
  for (std::uint32_t key = 0; key < 1000; ++key) map.update(key, key * 2);
  std::atomic<std::uint64_t> sum = 0;
  const auto status = parallel_scan(map, 4, [&](std::uint32_t key, std::uint64_t value) {
    EXPECT_EQ(value, key * 2);
    sum += value;
  });
  EXPECT_EQ(sum, 999'000U);
  EXPECT_EQ(status.threads, 4U);
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 1000});
  for (std::uint32_t key = 0; key < 1000; ++key) percpu.update(key, key);
  sum = 0;
  parallel_scan(percpu, 3, [&](std::uint32_t, const auto& values) { sum += values.sum(); });
  EXPECT_EQ(sum, 499'500U * sys::possible_cpus().size());
}

TEST(ParallelScan, UsesAsManyThreadsAsItSays) {
  Map map = make_map(MapType::hash, 4, 4, 1000);
  fill(map, 1000);
  for (const std::uint32_t threads : thread_counts) {
    std::mutex mutex;
    std::set<std::thread::id> ids;
    const auto status = parallel_scan(map, threads, [&](BytesView, BytesView) {
      const std::lock_guard lock{mutex};
      ids.insert(std::this_thread::get_id());
    });
    EXPECT_EQ(status.threads, threads);
    EXPECT_EQ(ids.size(), threads) << "a thousand entries are enough for all";
  }
  const auto status = parallel_scan(map, 0, [](BytesView, BytesView) {});
  EXPECT_EQ(status.threads, std::max(std::thread::hardware_concurrency(), 1U));
}

TEST(ParallelScan, IsWalkedByOneThreadWhereItCannotBeSplit) {
  Map trie = make_map(MapType::lpm_trie, 8, 4, 300);
  fill(trie, 300);
  std::uint32_t calls = 0;
  auto status = parallel_scan(trie, 4, [&](BytesView, BytesView) { ++calls; });
  EXPECT_EQ(calls, 300U);
  EXPECT_EQ(status.threads, 1U);
  EXPECT_EQ(status.entries, 300U);
  EXPECT_TRUE(status.complete);
  EXPECT_FALSE(status.exact);
  Map devices = make_map(MapType::devmap_hash, 4, 4, 10);
  devices.update(1, 1);
  calls = 0;
  status = parallel_scan(devices, 4, [&](BytesView, BytesView) { ++calls; });
  EXPECT_EQ(calls, 1U);
  EXPECT_EQ(status.threads, 1U);
  EXPECT_FALSE(status.exact);
}

TEST(ParallelScan, TellsErrors) {
  const auto nothing = [](BytesView, BytesView) {};
  const Map queue = make_map(MapType::queue, 0, 4, 4);
  EXPECT_EQ(error_of([&] { parallel_scan(queue, 4, nothing); }).code(),
            Errc::unsupported_operation);
  const Map none;
  EXPECT_EQ(error_of([&] { parallel_scan(none, 4, nothing); }).code(), Errc::no_map);
  for (const MapType type : {MapType::hash, MapType::array}) {
    const Map map = make_map(type, 4, 4, 100);
    const Map blind = Map::from_id(map.info().id, Access::write_only);
    const Error error = error_of([&] { parallel_scan(blind, 4, nothing); });
    EXPECT_EQ(error.code(), errno_code(EPERM));
    EXPECT_EQ(error.operation(), Operation::scan);
    EXPECT_EQ(error.map_id(), map.info().id);
  }
}

TEST(ParallelScan, ThrowsWhatTheFunctionThrows) {
  Map map = make_map(MapType::hash, 4, 4, 50'000);
  for (std::uint32_t key = 0; key < 50'000; ++key) test::put(map, test::numbered(4, key), Bytes(4));
  const std::size_t threads_before = threads_now();
  for (const std::uint32_t threads : thread_counts)
    for (const std::uint64_t when : {1U, 100U, 49'999U}) {
      std::atomic<std::uint64_t> calls = 0;
      try {
        parallel_scan(map, threads, [&](BytesView, BytesView) {
          if (++calls == when) throw std::runtime_error{"the function"};
        });
        ADD_FAILURE();
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "the function");
      }
      EXPECT_LT(calls, when == 1 ? 50'000U : 50'001U) << "the others stop";
      EXPECT_TRUE(threads_become(threads_before));
    }
}

TEST(ParallelScan, ThrowsOneOfManyExceptions) {
  Map map = make_map(MapType::hash, 4, 4, 1000);
  fill(map, 1000);
  for (int round = 0; round < 50; ++round)
    EXPECT_THROW(parallel_scan(map, 4, [](BytesView, BytesView) { throw std::runtime_error{""}; }),
                 std::runtime_error);
}

TEST(ParallelScan, UsesTheCallersMemoryForOneThreadOnly) {
  Map map = make_map(MapType::hash, 4, 4, 1000);
  fill(map, 1000);
  test::GuardedBuffer buffer{Walk::bytes_for(map, 64)};
  expect_each_once(map, 1000, 1, {.batch_size = 64, .buffer = buffer.bytes()});
  EXPECT_NE(test::copy_of(buffer.bytes()), Bytes(buffer.bytes().size()));
  std::ranges::fill(buffer.bytes(), std::byte{0});
  expect_each_once(map, 1000, 4, {.batch_size = 64, .buffer = buffer.bytes()});
  EXPECT_EQ(test::copy_of(buffer.bytes()), Bytes(buffer.bytes().size()));
}

// --- others change the map ---

void expect_stable_once(Map& map, std::uint32_t stable, std::uint32_t max_key) {
  SCOPED_TRACE(to_string(map.info().type));
  for (std::uint32_t key = 0; key < stable; ++key)
    test::put(map, test::numbered(4, key), test::value_for(map, key));
  Busy busy{[&, value = test::value_for(map, 1), random = test::Random{3}](std::uint64_t) mutable {
    const std::uint32_t key = stable + random.below(max_key - stable);
    if (random() % 2 == 0)
      (void)sys::map_delete_elem(map.fd(), &key);
    else
      (void)sys::map_update_elem(map.fd(), &key, value.data());
  }};
  std::uint32_t turn = 0;
  test::keep_on(500ms, [&] {
    const std::uint32_t threads = 2 + turn % 3;
    const std::uint32_t batch_size = batch_sizes[turn % batch_sizes.size()];
    SCOPED_TRACE(std::to_string(threads) + " threads, batch " + std::to_string(batch_size));
    expect_each_once(map, stable, threads, {.batch_size = batch_size});
    ++turn;
  });
  EXPECT_GT(turn, 0U);
}

TEST(ChurnedParallelScan, ShowsWhatStaysOnce) {
  for (const std::uint32_t stable : {8U, 60U, 1000U}) {
    Map map = make_map(MapType::hash, 4, 4, 2 * stable);
    expect_stable_once(map, stable, 2 * stable);
  }
  Map percpu = make_map(MapType::percpu_hash, 4, 4, 100);
  expect_stable_once(percpu, 50, 100);
  Map lru = make_map(MapType::lru_hash, 4, 4, 4000);
  expect_stable_once(lru, 50, 100);
}

// An entry that only goes, and does not come back, never comes to two threads.
TEST(ChurnedParallelScan, ShowsWhatGoesAtMostOnce) {
  test::keep_on(500ms, [&] {
    Map map = make_map(MapType::hash, 4, 4, 500);
    fill(map, 500);
    std::vector<std::atomic<std::uint32_t>> times(500);
    {
      Busy busy{[&](std::uint64_t n) {
        const auto key = static_cast<std::uint32_t>(n);
        if (n < 500) (void)sys::map_delete_elem(map.fd(), &key);
      }};
      parallel_scan(map, 4, [&](BytesView key, BytesView) { ++times[test::number_of(key)]; },
                    {.batch_size = 100});
    }
    for (const auto& count : times) EXPECT_LE(count, 1U);
  });
}

}  // namespace
}  // namespace bpfmap
