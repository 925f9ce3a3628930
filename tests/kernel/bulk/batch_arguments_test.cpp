// SPDX-License-Identifier: MIT
// Batches of what single operations take: integers of any type, structs, texts, C arrays.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bulk_support.hpp"
#include "sample_types.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::batch_error_of;
using test::contains;
using test::make_map;
using test::Numbers;
using test::result;
using test::told;

const std::error_code out_of_range = make_error_code(Errc::out_of_range);

TEST(BatchOfIntegers, TakesAnyIntegerType) {
  auto map = Numbers::create({.max_entries = 600});
  const std::vector<std::int64_t> keys{1, 2, 3};
  const int values[] = {10, 20, 30};
  EXPECT_EQ(update_batch(map, keys, values), result(3));
  EXPECT_EQ(map.lookup(2), 20U);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(insert_batch(map, std::deque<short>{3, 4}, values, ec), result(0));
  EXPECT_EQ(ec, Errc::wrong_value_count);
  EXPECT_EQ(insert_batch(map, std::deque<short>{3, 4}, std::array<unsigned char, 2>{1, 40}, ec),
            result(1, 1));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(replace_batch(map, std::array<std::uint8_t, 2>{1, 9}, std::array{11L, 99L}),
            result(1, 1));
  const auto found = lookup_batch(map, std::array{1LL, 4LL, 9LL});
  EXPECT_EQ(found[0], 11U);
  EXPECT_EQ(found[1], 40U);
  EXPECT_EQ(found[2], std::nullopt);
  EXPECT_EQ(erase_batch(map, std::array<unsigned long, 3>{1, 2, 9}, ec), result(2, 1));
}

TEST(BatchOfIntegers, StopsAtTheFirstThatDoesNotFit) {
  auto map = Numbers::create({.max_entries = 600});
  // Beyond one chunk of the conversion, so that the index is that of the whole batch.
  std::vector<std::int64_t> keys(400);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<std::int64_t>(i);
  const std::vector<std::uint64_t> values(400, 5);
  for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{1} << 32}) {
    (void)clear(map);
    keys[300] = wrong;
    std::error_code ec;
    EXPECT_EQ(update_batch(map, keys, values, ec), result(300, 0, 300));
    EXPECT_EQ(ec, out_of_range);
    EXPECT_EQ(count(map), 300U);
    EXPECT_EQ(erase_batch(map, keys, ec), result(300, 0, 300));
    EXPECT_EQ(ec, out_of_range);
    EXPECT_EQ(insert_batch(map, keys, values, ec), result(300, 0, 300));
    EXPECT_EQ(lookup_batch(map, keys, ec).size(), 300U);
    EXPECT_EQ(ec, out_of_range);
    EXPECT_TRUE(contains(
        told(out_of_range, [&](auto&... e) { (void)update_batch(map, keys, values, e...); }),
        "entry 300"));
  }
}

TEST(BatchOfIntegers, ChecksValues) {
  auto map = HashMap<std::uint32_t, std::uint16_t>::create({.max_entries = 8});
  std::error_code ec;
  EXPECT_EQ(update_batch(map, std::array{1, 2, 3}, std::array{1, 65536, 3}, ec), result(1, 0, 1));
  EXPECT_EQ(ec, out_of_range);
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint16_t>::create({.max_entries = 8});
  EXPECT_EQ(update_batch(percpu, std::array{1, 2, 3}, std::array{1, 65536, 3}, ec),
            result(1, 0, 1));
  EXPECT_EQ(ec, out_of_range);
  EXPECT_EQ((*percpu.lookup(1))[0], 1U);
  EXPECT_EQ(count(percpu), 1U);
}

TEST(SyncOfIntegers, ChecksKeysAndValuesBeforeItWrites) {
  auto map = HashMap<std::uint32_t, std::uint16_t>::create({.max_entries = 8});
  map.update(7, 7);
  using Wide = std::map<std::int64_t, int>;
  EXPECT_EQ(sync(map, Wide{{1, 10}, {7, 7}}), (SyncResult{.inserted = 1, .unchanged = 1}));
  for (const Wide& wrong : {Wide{{1, 1}, {std::int64_t{1} << 32, 1}}, Wide{{1, -1}}}) {
    EXPECT_FALSE(told(out_of_range, [&](auto&... ec) { (void)sync(map, wrong, ec...); }).empty());
    EXPECT_EQ(count(map), 2U);
    EXPECT_EQ(map.lookup(1), 10U);
  }
}

TEST(SetBatch, TakesKeysOfAnyIntegerType) {
  auto inner =
      Map::create({.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 2});
  auto outer = HashOfMaps<std::uint64_t, Map>::create({.max_entries = 4}, inner);
  std::array<Map, 2> inners{inner.duplicate(), inner.duplicate()};
  const int keys[] = {1, 2};
  EXPECT_EQ(outer.set_batch(keys, inners), result(2));
  const int wrong[] = {3, -1};
  std::error_code ec;
  EXPECT_EQ(outer.set_batch(wrong, inners, ec), result(1, 0, 1));
  EXPECT_EQ(ec, out_of_range);
  EXPECT_TRUE(outer.lookup_id(3));
}

// --- on a Map ---

TEST(BatchOnAMap, TakesIntegersOfAnyWidth) {
  for (const MapType type : {MapType::hash, MapType::lru_hash, MapType::array}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 2, 16);
    EXPECT_EQ(update_batch(map, std::array{1LL, 2LL}, std::vector<long>{10, -20}), result(2));
    EXPECT_EQ(map.lookup<int>(2), -20);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(update_batch(map, std::array{3, 4}, std::array{1, 1 << 16}, ec), result(1, 0, 1));
    EXPECT_EQ(ec, out_of_range);
    EXPECT_EQ(update_batch(map, std::array{1LL << 32}, std::array{1}, ec), result(0, 0, 0));
    EXPECT_EQ(ec, out_of_range);
    if (type == MapType::array) continue;
    EXPECT_EQ(update_batch(map, std::array{1, 9}, std::array{5, 6}, UpdateFlags::noexist, ec),
              result(1, 1));
    EXPECT_EQ(erase_batch(map, std::array{1LL, 8LL, 9LL}), result(2, 1));
  }
}

TEST(BatchOnAMap, TakesTextsAndStructs) {
  Map map = make_map(MapType::hash, 4, 16, 16);
  const std::string_view keys[] = {"eth0", "wlan"};
  const test::FlowStats values[] = {{.packets = 1, .bytes = 2}, {.packets = 3, .bytes = 4}};
  EXPECT_EQ(update_batch(map, keys, values), result(2));
  EXPECT_EQ(map.lookup<test::FlowStats>(std::string_view{"wlan"}), values[1]);
  std::error_code ec;
  EXPECT_EQ(update_batch(map, std::array<std::string, 2>{"lan0", "toolong"}, values, ec),
            result(1, 0, 1));
  EXPECT_EQ(ec, Errc::wrong_key_size);
  EXPECT_TRUE(contains(batch_error_of([&] {
                         (void)erase_batch(map, std::array<std::string_view, 2>{"eth0", "no"});
                       }).what(),
                       "entry 1"));
  EXPECT_EQ(map.lookup(std::string_view{"eth0"}), std::nullopt) << "those before it are erased";
  EXPECT_EQ(update_batch(map, std::array<std::string_view, 1>{"wlan"}, std::array{1, 2}, ec),
            result(0));
  EXPECT_EQ(ec, Errc::wrong_value_count);
  EXPECT_EQ(update_batch(map, keys, std::array<std::string_view, 2>{"a", "b"}, ec),
            result(0, 0, 0));
  EXPECT_EQ(ec, Errc::wrong_value_size);
}

TEST(BatchOnAMap, SetsAValueOnEveryCpu) {
  Map map = make_map(MapType::percpu_hash, 4, 4, 16);
  EXPECT_EQ(update_batch(map, std::array{1, 2}, std::array{7, 8}), result(2));
  EXPECT_EQ(map.lookup_percpu<std::uint32_t>(2)->sum(), 8 * sys::possible_cpus().size());
}

TEST(BatchOnAMap, NeedsAMap) {
  Map none;
  const std::error_code no_map = Errc::no_map;
  const std::array<int, 1> one{1};
  EXPECT_FALSE(
      told(no_map, [&](auto&... ec) { (void)update_batch(none, one, one, ec...); }).empty());
  EXPECT_FALSE(told(no_map, [&](auto&... ec) { (void)erase_batch(none, one, ec...); }).empty());
}

TEST(UpdatePerCpu, TakesACArray) {
  Map map = make_map(MapType::percpu_array, 4, 4, 1);
  std::vector<std::uint32_t> expected(sys::possible_cpus().size(), 0);
  if (expected.size() != 2) GTEST_SKIP() << "the array is for 2 CPUs";
  const std::uint32_t values[] = {3, 4};
  map.update_percpu(0, values);
  EXPECT_EQ(map.lookup_percpu<std::uint32_t>(0)->sum(), 7U);
}

}  // namespace
}  // namespace bpfmap
