// SPDX-License-Identifier: MIT
// Drains: entries leave the map as they are handed out, and none is lost.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Busy;
using test::Clock;
using test::copy_of;
using test::Entries;
using test::errno_code;
using test::error_of;
using test::fill;
using test::hash_types;
using test::held;
using test::make_map;
using test::OuterMap;
using test::same;

using Numbers = HashMap<std::uint32_t, std::uint64_t>;

constexpr std::array batch_sizes{1U, 2U, 7U, 64U, 0U};

// The types that can be drained, each as a map of up to 512 entries; an LRU map has room to spare,
// because it begins to evict long before it is full.
std::vector<Map> drainable(std::uint32_t value_size = 4) {
  std::vector<Map> maps;
  for (const MapType type : {MapType::hash, MapType::percpu_hash})
    maps.push_back(make_map(type, 4, value_size, 512));
  for (const MapType type : {MapType::lru_hash, MapType::lru_percpu_hash})
    maps.push_back(make_map(type, 4, value_size, 4096));
  maps.push_back(make_map(MapType::hash, 40, value_size, 512, MapFlags::no_prealloc));
  maps.push_back(make_map(MapType::lpm_trie, 8, value_size, 512));
  return maps;
}

TEST(Drain, EmptiesTheMap) {
  for (const std::uint32_t value_size : {1U, 4U, 12U, 4096U})
    for (Map& map : drainable(value_size))
      for (const std::uint32_t batch_size : batch_sizes) {
        SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(value_size) +
                     " " + std::to_string(batch_size));
        const Entries entries = fill(map, 60);
        auto all = drain(map, {.batch_size = batch_size});
        EXPECT_TRUE(same(test::shown(all), entries));
        EXPECT_TRUE(same(held(map), Entries{}));
        EXPECT_TRUE(all.status().complete);
        EXPECT_EQ(all.status().entries, entries.size());
        EXPECT_EQ(all.left(), 0U);
        const bool trie = map.info().type == MapType::lpm_trie;
        EXPECT_EQ(all.status().exact, !trie);
        EXPECT_EQ(all.status().method, trie ? ScanMethod::next_key : ScanMethod::batch);
      }
}

TEST(Drain, FindsNothingInAnEmptyMap) {
  for (Map& map : drainable()) {
    SCOPED_TRACE(to_string(map.info().type));
    std::error_code ec = Errc::invalid_name;
    auto none = drain(map, ec);
    EXPECT_TRUE(same(test::shown(none), Entries{}));
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_TRUE(none.status().complete);
  }
}

TEST(Drain, HandsOutWhatIsNoLongerInTheMap) {
  for (Map& map : drainable()) {
    SCOPED_TRACE(to_string(map.info().type));
    fill(map, 300);
    for (auto [key, value] : drain(map)) {
      EXPECT_EQ(test::stored(map, copy_of(key)), std::nullopt);
      EXPECT_FALSE(map.erase(key));
    }
  }
}

TEST(Drain, GivesTypedEntries) {
  auto map = Numbers::create({.max_entries = 100});
  for (std::uint32_t key = 0; key < 100; ++key) map.update(key, 3 * key);
  std::uint64_t sum = 0;
  for (auto [key, value] : drain(map)) {
    EXPECT_EQ(value, 3 * key);
    sum += key;
  }
  EXPECT_EQ(sum, 4950U);
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 100});
  percpu.update(7, 5U);
  for (auto [key, values] : drain(percpu)) {
    EXPECT_EQ(key, 7U);
    EXPECT_EQ(values.sum(), 5 * sys::possible_cpus().size());
  }
  EXPECT_TRUE(same(held(percpu.map()), Entries{}));
}

TEST(Drain, WalksAnotherPassWithTheSameBuffer) {
  for (Map& map : drainable()) {
    SCOPED_TRACE(to_string(map.info().type));
    auto all = drain(map);
    for (int pass = 0; pass < 3; ++pass) {
      const Entries entries = fill(map, 300);
      EXPECT_TRUE(same(test::shown(all), entries));
      EXPECT_TRUE(same(test::shown(all), Entries{}));
    }
  }
}

// --- loops that stop half-way ---

// Hands out `wanted` entries and stops: `stop` says how.
template <class Stop>
Entries handed_out(Map& map, std::uint32_t batch_size, std::size_t wanted, Stop stop) {
  Entries entries;
  try {
    for (auto [key, value] : drain(map, {.batch_size = batch_size})) {
      EXPECT_TRUE(entries.emplace(copy_of(key), copy_of(value)).second);
      if (entries.size() < wanted) continue;
      if (stop()) break;
    }
  } catch (const std::runtime_error&) {
  }
  return entries;
}

template <class Stop>
void expect_the_rest_put_back(Stop stop) {
  for (Map& map : drainable(12))
    for (const std::uint32_t batch_size : batch_sizes)
      for (const std::size_t wanted : {1U, 2U, 63U, 64U, 65U, 299U, 300U}) {
        SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(batch_size) +
                     " " + std::to_string(wanted));
        const Entries entries = fill(map, 300);
        const Entries out = handed_out(map, batch_size, wanted, stop);
        EXPECT_EQ(out.size(), wanted);
        Entries all = held(map);
        EXPECT_EQ(all.size(), entries.size() - wanted);
        for (const auto& [key, value] : out) EXPECT_TRUE(all.emplace(key, value).second);
        EXPECT_TRUE(same(all, entries)) << "values are as they were";
        for (const auto& [key, value] : entries) map.erase(key);
      }
}

TEST(DrainThatStops, PutsBackWhatItDidNotHandOut) {
  expect_the_rest_put_back([] { return true; });
}

TEST(DrainThatStops, PutsBackWhenTheBodyThrows) {
  expect_the_rest_put_back([]() -> bool { throw std::runtime_error{"the body"}; });
}

TEST(DrainThatStops, GoesOnWhereItStopped) {
  for (Map& map : drainable())
    for (const std::uint32_t batch_size : batch_sizes) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(batch_size));
      const Entries entries = fill(map, 300);
      Entries seen;
      auto all = drain(map, {.batch_size = batch_size});
      for (int walk = 0; walk < 400 && seen.size() < 300; ++walk)
        for (auto [key, value] : all) {
          EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
          if (seen.size() % 11 == 0) break;
        }
      EXPECT_TRUE(same(seen, entries));
      EXPECT_EQ(all.left(), 0U);
      EXPECT_TRUE(same(held(map), Entries{}));
    }
}

TEST(DrainThatStops, CountsWhatIsLeft) {
  Map map = make_map(MapType::hash, 4, 4, 256);
  fill(map, 256);
  auto all = drain(map, {.batch_size = 256});
  std::size_t out = 0;
  for ([[maybe_unused]] auto entry : all) {
    ++out;
    EXPECT_EQ(all.left() + out + held(map).size(), 256U);
    if (out == 100) break;
  }
  EXPECT_EQ(all.put_back(), 0U);
  EXPECT_EQ(all.left(), 0U);
  EXPECT_EQ(held(map).size(), 156U);
  EXPECT_EQ(all.put_back(), 0U) << "there is nothing left to put back";
  EXPECT_EQ(held(map).size(), 156U);
}

TEST(DrainThatStops, KeepsTheCurrentEntryWhilePuttingBack) {
  Map map = make_map(MapType::hash, 4, 4, 64);
  const Entries entries = fill(map, 64);
  auto all = drain(map);
  auto it = all.begin();
  const Bytes key = copy_of((*it).key);
  EXPECT_EQ(all.put_back(), 0U);
  EXPECT_EQ(copy_of((*it).key), key);
  EXPECT_EQ(copy_of((*it).value), entries.at(key));
  EXPECT_EQ(held(map).size(), 63U);
}

TEST(DrainThatStops, MayBeMoved) {
  Map map = make_map(MapType::hash, 4, 4, 256);
  fill(map, 200);
  {
    auto all = drain(map);
    for ([[maybe_unused]] auto entry : all) break;
    auto moved = std::move(all);
    EXPECT_EQ(held(map).size() + moved.left(), 199U);
  }
  EXPECT_EQ(held(map).size(), 199U);
}

// Takes all of a map of `entries` and hands out one; the keys that were not.
Entries left_by(decltype(drain(std::declval<Map&>()))& all, const Entries& entries) {
  Entries left = entries;
  for (auto [key, value] : all) {
    left.erase(copy_of(key));
    break;
  }
  EXPECT_EQ(all.left(), left.size());
  return left;
}

TEST(DrainPutBack, KeepsWhatWasInsertedAgain) {
  for (const MapType type : hash_types) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 4, 4096);
    const Entries entries = fill(map, 100);
    auto all = drain(map);
    const Entries left = left_by(all, entries);
    // Every third is inserted again, with another value.
    Entries again;
    std::size_t n = 0;
    for (const auto& [key, value] : left)
      if (n++ % 3 == 0) test::put(map, key, again[key] = test::value_for(map, 7777));
    EXPECT_EQ(all.put_back(), again.size());
    EXPECT_EQ(all.left(), again.size());
    Entries expected = left;
    for (const auto& [key, value] : again) expected[key] = value;
    EXPECT_TRUE(same(held(map), expected)) << "the newer values stay";
    // Walking on hands the older values out.
    Entries older;
    for (auto [key, value] : all) {
      EXPECT_TRUE(older.emplace(copy_of(key), copy_of(value)).second);
      if (all.left() == 0) break;
    }
    EXPECT_EQ(older.size(), again.size());
    for (const auto& [key, value] : older) EXPECT_EQ(value, entries.at(key));
    EXPECT_TRUE(same(held(map), expected));
  }
}

TEST(DrainPutBack, MayBeTriedAgain) {
  Map map = make_map(MapType::hash, 4, 4, 64);
  const Entries entries = fill(map, 64);
  auto all = drain(map);
  const Entries left = left_by(all, entries);
  // Others fill the map.
  for (std::uint32_t key = 1000; key < 1064; ++key) map.update(key, 0);
  EXPECT_EQ(all.put_back(), 63U);
  for (std::uint32_t key = 1000; key < 1032; ++key) map.erase(key);
  EXPECT_EQ(all.put_back(), 63U - 32U);
  for (std::uint32_t key = 1032; key < 1064; ++key) map.erase(key);
  EXPECT_EQ(all.put_back(), 0U);
  EXPECT_TRUE(same(held(map), left));
}

// --- maps of maps ---

// What is taken out of a hash of maps is an id; the map behind it may be gone when nobody else
// holds it. So nothing is taken ahead.
TEST(DrainOfMaps, TakesNothingAhead) {
  OuterMap outer{MapType::hash_of_maps};
  std::map<std::uint64_t, std::uint64_t> ids;
  for (std::uint32_t key = 0; key < 20; ++key) {
    const Map inner = OuterMap::another();
    outer.map.update(key, inner.fd());
    ids[key] = inner.info().id;
  }
  std::size_t out = 0;
  auto all = drain(outer.map);
  for (auto [key, value] : all) {
    EXPECT_EQ(test::number_of(value), ids.at(test::number_of(key)));
    EXPECT_EQ(all.left(), 0U);
    EXPECT_EQ(held(outer.map).size(), 20 - ++out);
    if (out == 7) break;
  }
  EXPECT_FALSE(all.status().exact);
  EXPECT_EQ(all.put_back(), 0U);
  const Entries rest = held(outer.map);
  EXPECT_EQ(rest.size(), 13U);
  for (const auto& [key, value] : rest) {
    EXPECT_EQ(test::number_of(value), ids.at(test::number_of(key)));
    EXPECT_TRUE(Map::from_id(static_cast<std::uint32_t>(test::number_of(value))));
  }
}

// --- refusals ---

TEST(DrainOfAnArray, IsRefused) {
  for (const MapType type : {MapType::array, MapType::percpu_array, MapType::prog_array,
                             MapType::devmap, MapType::cpumap}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 4, 2);
    std::error_code ec;
    for ([[maybe_unused]] auto entry : drain(map, ec)) ADD_FAILURE();
    EXPECT_EQ(ec, Errc::unsupported_operation);
    const Error error = error_of([&] { (void)drain(map).begin(); });
    EXPECT_EQ(error.operation(), Operation::drain);
    EXPECT_EQ(error.code(), std::errc::not_supported);
  }
}

TEST(DrainOfAFrozenMap, IsRefused) {
  for (Map& map : drainable()) {
    SCOPED_TRACE(to_string(map.info().type));
    const Entries entries = fill(map, 20);
    map.freeze();
    std::error_code ec;
    auto all = drain(map, ec);
    for ([[maybe_unused]] auto entry : all) ADD_FAILURE();
    EXPECT_EQ(ec, errno_code(EPERM));
    EXPECT_FALSE(all.status().complete);
    EXPECT_EQ(error_of([&] { (void)drain(map).begin(); }).code(),
              std::errc::operation_not_permitted);
    EXPECT_TRUE(same(held(map), entries));
  }
}

// --- others insert ---

// One thread inserts each number once, as fast as there is room; drains take them out again.
TEST(ChurnedDrain, HandsOutEveryEntryThatIsInsertedOnce) {
  constexpr std::uint32_t all = 300'000;
  for (const MapType type : {MapType::hash, MapType::percpu_hash}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 4, 4096);
    const Bytes value = test::value_for(map, 1);
    std::atomic<std::uint32_t> inserted = 0;
    const auto end = Clock::now() + 2500ms;
    std::thread inserter{[&] {
      for (std::uint32_t key = 0; key < all && Clock::now() < end; ++key) {
        while (sys::map_update_elem(map.fd(), &key, value.data(), BPF_NOEXIST) != 0)
          std::this_thread::yield();
        inserted = key + 1;
      }
      inserted |= 0x80000000;
    }};
    std::vector<std::uint8_t> times(all);
    std::uint64_t total = 0;
    auto numbers = drain(map, {.batch_size = 64});
    for (bool last = false; !last;) {
      last = (inserted & 0x80000000) != 0;
      for (auto [key, slots] : numbers) {
        ++times[test::number_of(key)];
        ++total;
        // Now and then the loop stops, and goes on or puts back.
        if (total % 1000 == 0) break;
      }
      // Where the map is full again, it stays in the drain.
      if (total % 3000 == 0) (void)numbers.put_back();
      if (numbers.left() != 0 || test::stored_keys(map).size() != 0) last = false;
    }
    inserter.join();
    const std::uint32_t count = inserted & 0x7fffffff;
    EXPECT_GT(count, 10'000U);
    EXPECT_EQ(total, count);
    for (std::uint32_t key = 0; key < count; ++key) ASSERT_EQ(times[key], 1U) << key;
    EXPECT_TRUE(same(held(map), Entries{}));
  }
}

TEST(ChurnedDrain, EndsWhileOthersInsert) {
  for (const MapType type : {MapType::hash, MapType::lpm_trie}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 8, 4, 1000);
    Busy busy{[&](std::uint64_t n) {
      const Bytes key = test::key_for(map, n);
      const std::uint32_t value = 0;
      (void)sys::map_update_elem(map.fd(), key.data(), &value);
    }};
    test::keep_on(300ms, [&] {
      std::uint64_t entries = 0;
      for ([[maybe_unused]] auto entry : drain(map)) ++entries;
      EXPECT_LE(entries, 1'000'000U);
    });
  }
}

}  // namespace
}  // namespace bpfmap
