// SPDX-License-Identifier: MIT
// count, count_if, erase_if, clear, to_vector.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bpfmap/bulk/verbs.hpp"
#include "bulk_support.hpp"
#include "program.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Busy;
using test::Entries;
using test::errno_code;
using test::error_of;
using test::fill;
using test::held;
using test::live_maps;
using test::make_map;
using test::numbered;
using test::OuterMap;
using test::same;

using test::Numbers;
using test::numbers;

// --- count ---

TEST(Count, IsOfWhatIsInTheMap) {
  for (Map& map : live_maps())
    for (const std::uint32_t entries : {0U, 1U, 255U, 256U, 257U, 600U}) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(entries));
      fill(map, entries);
      std::error_code ec = Errc::invalid_name;
      EXPECT_EQ(count(map), entries);
      EXPECT_EQ(count(map, ec), entries);
      EXPECT_EQ(ec, std::error_code{});
    }
}

TEST(Count, IsOfEveryIndexOfAnArray) {
  EXPECT_EQ(count(ArrayMap<std::uint32_t>::create({.max_entries = 300})), 300U);
  EXPECT_EQ(count(PerCpuArrayMap<std::uint32_t>::create({.max_entries = 1})), 1U);
}

TEST(Count, IsOfTheFilledSlotsOfAnArrayOfMaps) {
  OuterMap outer{MapType::array_of_maps, 20};
  EXPECT_EQ(count(outer.map), 0U);
  outer.map.update(3, outer.inner.fd());
  outer.map.update(19, outer.inner.fd());
  EXPECT_EQ(count(outer.map), 2U);
}

TEST(CountIf, CountsWhatThePredicateLikes) {
  const auto map = numbers(1000);
  const auto even = [](std::uint32_t key, std::uint64_t) { return key % 2 == 0; };
  EXPECT_EQ(count_if(map, even), 500U);
  EXPECT_EQ(count_if(map, [](std::uint32_t, std::uint64_t value) { return value >= 9000; }), 100U);
  EXPECT_EQ(count_if(map.map(), [](BytesView key, BytesView) { return key[0] == std::byte{7}; }),
            4U);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(count_if(map, even, ec), 500U);
  EXPECT_EQ(ec, std::error_code{});
}

// --- erase_if ---

TEST(EraseIf, ErasesWhatThePredicateLikes) {
  for (Map& map : live_maps())
    for (const std::uint64_t modulus : {1U, 2U, 3U, 1000U}) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(modulus));
      Entries expected = fill(map, 600);
      const auto unwanted = [&](BytesView value) {
        return std::to_integer<unsigned>(value[0]) % modulus == 0;
      };
      std::uint64_t erased = 0;
      for (auto it = expected.begin(); it != expected.end();)
        if (unwanted(it->second)) {
          it = expected.erase(it);
          ++erased;
        } else {
          ++it;
        }
      std::error_code ec = Errc::invalid_name;
      EXPECT_EQ(
          erase_if(map, [&](BytesView, BytesView value) { return unwanted(value); }, ec), erased);
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(same(held(map), expected));
    }
}

TEST(EraseIf, ShowsTypedEntries) {
  auto map = numbers(1000);
  EXPECT_EQ(erase_if(map,
                     [](std::uint32_t key, std::uint64_t value) {
                       EXPECT_EQ(value, 10 * key);
                       return key >= 300;
                     }),
            700U);
  EXPECT_EQ(count(map), 300U);
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 10});
  percpu.update(1, 1U);
  percpu.update(2, 2U);
  const auto cpus = sys::possible_cpus().size();
  EXPECT_EQ(erase_if(percpu, [&](std::uint32_t, auto values) { return values.sum() == 2 * cpus; }),
            1U);
  EXPECT_TRUE(percpu.contains(1));
}

TEST(EraseIf, KeepsTheRestWhenThePredicateThrows) {
  auto map = numbers(1000);
  std::uint32_t calls = 0;
  EXPECT_THROW(erase_if(map,
                        [&](std::uint32_t, std::uint64_t) {
                          if (++calls == 600) throw std::runtime_error{"enough"};
                          return true;
                        }),
               std::runtime_error);
  // Whole batches before it are gone, its own is not.
  EXPECT_GE(count(map), 400U);
  EXPECT_LT(count(map), 1000U);
}

TEST(EraseIf, TellsWhatFailed) {
  auto map = numbers(20);
  Map plain = map.map().duplicate();
  plain.freeze();
  const auto all = [](std::uint32_t, std::uint64_t) { return true; };
  std::error_code ec;
  EXPECT_EQ(erase_if(map, all, ec), 0U);
  EXPECT_EQ(ec, errno_code(EPERM));
  const Error error = error_of([&] { erase_if(map, all); });
  EXPECT_EQ(error.operation(), Operation::erase_batch);
  EXPECT_TRUE(test::contains(error.what(), "frozen"));
  EXPECT_EQ(count(map), 20U);
  EXPECT_EQ(erase_if(map, [](std::uint32_t, std::uint64_t) { return false; }), 0U);
  Map blind = Map::from_id(map.map().info().id, Access::write_only);
  EXPECT_EQ(
      error_of([&] { erase_if(blind, [](BytesView, BytesView) { return true; }); }).operation(),
      Operation::scan);
}

TEST(EraseIf, CannotEraseIndices) {
  Map map = make_map(MapType::array, 4, 4, 4);
  std::error_code ec;
  EXPECT_EQ(erase_if(map, [](BytesView, BytesView) { return true; }, ec), 0U);
  EXPECT_EQ(ec, errno_code(EINVAL));
}

TEST(ChurnedEraseIf, LeavesNothingThatIsUnwantedAndStays) {
  Map map = make_map(MapType::hash, 4, 4, 4000);
  Busy busy{[&](std::uint64_t n) {
    const auto key = static_cast<std::uint32_t>(10'000 + n % 1000);
    if (n % 3 == 0)
      (void)sys::map_delete_elem(map.fd(), &key);
    else
      (void)sys::map_update_elem(map.fd(), &key, &key);
  }};
  test::keep_on(400ms, [&] {
    fill(map, 1000);
    const auto mine = [](BytesView key, BytesView) { return test::number_of(key) < 1000; };
    EXPECT_EQ(erase_if(map,
                       [&](BytesView key, BytesView value) {
                         return mine(key, value) && test::number_of(key) % 2 == 0;
                       }),
              500U);
    EXPECT_EQ(count_if(map, mine), 500U);
  });
}

// --- clear ---

TEST(Clear, EmptiesTheMap) {
  for (Map& map : live_maps(12))
    for (const std::uint32_t entries : {0U, 1U, 256U, 600U}) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(entries));
      fill(map, entries);
      std::error_code ec = Errc::invalid_name;
      EXPECT_EQ(clear(map, ec), entries);
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(same(held(map), {}));
    }
  auto map = numbers(700);
  EXPECT_EQ(clear(map), 700U);
  EXPECT_EQ(count(map), 0U);
}

TEST(Clear, EmptiesMapsOfMaps) {
  for (const MapType type : {MapType::hash_of_maps, MapType::array_of_maps}) {
    OuterMap outer{type, 20};
    for (std::uint32_t key = 0; key < 20; key += 3) outer.map.update(key, outer.inner.fd());
    EXPECT_EQ(clear(outer.map), 7U);
    EXPECT_EQ(clear(outer.map), 0U);
    EXPECT_TRUE(same(held(outer.map), {}));
  }
}

TEST(Clear, PopsQueuesAndStacks) {
  for (const MapType type : {MapType::queue, MapType::stack}) {
    Map map = make_map(type, 0, 4, 50);
    for (std::uint32_t n = 0; n < 30; ++n)
      EXPECT_EQ(sys::map_update_elem(map.fd(), nullptr, &n), 0);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(clear(map, ec), 30U);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(clear(map), 0U);
  }
}

TEST(Clear, IsRefusedForArraysAndWhatHasNoEntries) {
  for (const MapType type : {MapType::array, MapType::percpu_array, MapType::bloom_filter,
                             MapType::ringbuf, MapType::cgroup_storage}) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(test::spec_of(type));
    std::error_code ec;
    EXPECT_EQ(clear(map, ec), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_EQ(error_of([&] { clear(map); }).code(), std::errc::not_supported);
  }
}

TEST(Clear, IsRefusedForAFrozenMap) {
  std::vector<Map> maps = live_maps();
  maps.push_back(make_map(MapType::prog_array, 4, 4, 4));
  maps.push_back(make_map(MapType::devmap_hash, 4, 4, 4));
  const sys::UniqueFd program = test::load_program();
  for (Map& map : maps) {
    SCOPED_TRACE(to_string(map.info().type));
    if (map.info().type == MapType::prog_array)
      map.update(1, program.get());
    else if (map.info().type == MapType::devmap_hash)
      map.update(1, 1);
    else
      fill(map, 20);
    const Entries entries = held(map);
    map.freeze();
    std::error_code ec;
    EXPECT_EQ(clear(map, ec), 0U);
    EXPECT_EQ(ec, errno_code(EPERM));
    EXPECT_TRUE(test::contains(error_of([&] { clear(map); }).what(), "frozen"));
    EXPECT_TRUE(same(held(map), entries));
  }
}

// What a trie that others change is walked past, in rare cases, a clear is, too.
TEST(ChurnedClear, EndsAndTakesWhatWasThere) {
  for (const MapType type : {MapType::hash, MapType::lpm_trie}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 8, 4, 20'000);
    Busy busy{[&](std::uint64_t n) {
      const Bytes key = test::key_for(map, 100'000 + n % 50'000);
      (void)sys::map_update_elem(map.fd(), key.data(), key.data());
    }};
    std::uint64_t overlooked = 0;
    const std::uint64_t turns = test::keep_on(300ms, [&] {
      std::uint64_t inserted = 0;
      for (std::uint32_t n = 0; n < 100; ++n) {
        const Bytes key = test::key_for(map, n);
        if (sys::map_update_elem(map.fd(), key.data(), key.data()) == 0) ++inserted;
      }
      EXPECT_GE(clear(map), type == MapType::hash ? inserted : 0);
      for (std::uint32_t n = 0; n < 100; ++n)
        if (test::stored(map, test::key_for(map, n))) ++overlooked;
    });
    EXPECT_LE(overlooked, type == MapType::hash ? 0 : turns);
  }
}

TEST(ChurnedClear, EndsOnAQueueThatOthersPushTo) {
  Map map = make_map(MapType::queue, 0, 4, 1000);
  Busy busy{[&](std::uint64_t n) { (void)sys::map_update_elem(map.fd(), nullptr, &n); }};
  test::keep_on(200ms, [&] { EXPECT_LE(clear(map), 1000U); });
}

// --- to_vector ---

TEST(ToVector, HoldsEveryEntry) {
  for (Map& map : live_maps(12)) {
    const Entries entries = fill(map, 600);
    Entries seen;
    for (const OwnedEntry<Map>& entry : to_vector(map))
      EXPECT_TRUE(seen.emplace(entry.key, entry.value).second);
    EXPECT_TRUE(same(seen, entries));
  }
}

TEST(ToVector, OwnsPerCpuValues) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 600});
  for (std::uint32_t key = 0; key < 600; ++key) map.update(key, key);
  const auto entries = to_vector(map);
  clear(map);
  ASSERT_EQ(entries.size(), 600U);
  for (const auto& entry : entries) {
    static_assert(std::is_same_v<decltype(entry.value), PerCpuValues<std::uint32_t>>);
    EXPECT_EQ(entry.value.sum(), entry.key * sys::possible_cpus().size());
  }
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(to_vector(numbers(700), ec).size(), 700U);
  EXPECT_EQ(ec, std::error_code{});
}

}  // namespace
}  // namespace bpfmap
