// SPDX-License-Identifier: MIT
// PerCpuArrayMap on real maps.
#include "bpfmap/typed/percpu_array_map.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "bytes.hpp"
#include "kernel_test.hpp"
#include "percpu_padding.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::BigEndian32;
using test::Block;
using test::bytes;
using test::bytes_of;
using test::copy_of;
using test::error_of;
using test::every_slot_is;
using test::FlowStats;
using test::Name;
using test::raw_slots;
using test::soil_slots;

using Stats = PerCpuArrayMap<FlowStats>;

const FlowStats stats{.packets = 3, .bytes = 4500};
const std::size_t cpus = sys::possible_cpus().size();

PerCpuValues<FlowStats> one_for_each_cpu(std::uint64_t first = 1) {
  PerCpuValues<FlowStats> values;
  for (std::size_t i = 0; i < values.size(); ++i) values.set(i, {first + i, 100 * (first + i)});
  return values;
}

template <class V>
void expect_equal(const PerCpuValues<V>& found, const PerCpuValues<V>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(found[i], expected[i]) << i;
}

TEST(PerCpuArrayMapCreate, FillsTypeAndSizesIn) {
  const auto map = Stats::create({.max_entries = 9, .name = "stats"});
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, MapType::percpu_array);
  EXPECT_EQ(info.key_size, 4U);
  EXPECT_EQ(info.value_size, 16U) << "of one CPU";
  EXPECT_EQ(info.max_entries, 9U);
  EXPECT_EQ(map.max_entries(), 9U);
}

TEST(PerCpuArrayMapCreate, TellsWhatTheKernelRefuses) {
  const MapSpec spec{.max_entries = 1, .flags = MapFlags::mmapable};
  std::error_code ec;
  EXPECT_FALSE(Stats::create(spec, ec));
  EXPECT_EQ(ec, std::errc::invalid_argument);
  EXPECT_EQ(error_of([&] { (void)Stats::create(spec); }).code(), ec);
}

TEST(PerCpuArrayMapLookup, GivesZeroOnEveryCpuAtFirst) {
  const auto map = Stats::create({.max_entries = 3});
  for (std::uint32_t index = 0; index < map.max_entries(); ++index)
    expect_equal(map.lookup(index), PerCpuValues<FlowStats>{});
}

TEST(PerCpuArrayMapUpdate, WritesOneValueToEveryCpu) {
  auto map = Stats::create({.max_entries = 3});
  map.update(1, stats);
  const std::uint32_t index = 1;
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(index)), bytes_of(stats)));
  expect_equal(map.lookup(1), PerCpuValues<FlowStats>{stats});
  expect_equal(map.lookup(0), PerCpuValues<FlowStats>{});
  const FlowStats sum = map.lookup(1).sum();
  EXPECT_EQ(sum, (FlowStats{3 * cpus, 4500 * cpus}));
}

TEST(PerCpuArrayMapUpdate, WritesEachCpuItsOwnValue) {
  auto map = Stats::create({.max_entries = 3});
  std::error_code ec = Errc::invalid_name;
  map.update(2, one_for_each_cpu(), ec);
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(2), one_for_each_cpu());
  const auto raw = map.map().lookup_percpu(2);
  ASSERT_TRUE(raw);
  for (std::size_t i = 0; i < cpus; ++i)
    EXPECT_EQ((*raw)[i], copy_of(bytes_of(one_for_each_cpu()[i])));
}

TEST(PerCpuArrayMapLookup, ReadsWhatOthersWrote) {
  const auto map = Stats::create({.max_entries = 3});
  Map other = map.map().duplicate();
  other.update_percpu(0, one_for_each_cpu(9));
  expect_equal(map.lookup(0), one_for_each_cpu(9));
  std::error_code ec = Errc::invalid_name;
  const auto found = map.lookup(0, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(found);
  expect_equal(*found, one_for_each_cpu(9));
}

TEST(PerCpuArrayMapCalls, RefuseAnIndexOutOfRange) {
  auto map = Stats::create({.max_entries = 3, .name = "stats"});
  for (const std::uint32_t index : {3U, std::numeric_limits<std::uint32_t>::max()}) {
    std::error_code ec;
    EXPECT_FALSE(map.lookup(index, ec).has_value());
    EXPECT_EQ(ec, Errc::index_out_of_range);
    auto room = one_for_each_cpu();
    ec.clear();
    map.lookup_into(index, room, ec);
    EXPECT_EQ(ec, Errc::index_out_of_range);
    expect_equal(room, one_for_each_cpu());
    const Error error = error_of([&] { (void)map.lookup(index); });
    EXPECT_EQ(error.code(), Errc::index_out_of_range);
    EXPECT_TRUE(test::contains(error.what(), std::to_string(index)));
    EXPECT_EQ(error_of([&] { map.lookup_into(index, room); }).code(), Errc::index_out_of_range);
    map.update(index, stats, ec);
    EXPECT_EQ(ec, Errc::index_out_of_range);
    EXPECT_EQ(ec, std::errc::argument_list_too_long);
    EXPECT_EQ(error_of([&] { map.update(index, stats); }).code(), Errc::index_out_of_range);
    EXPECT_EQ(error_of([&] { map.update(index, room); }).code(), Errc::index_out_of_range);
  }
}

TEST(PerCpuArrayMapLookupInto, UsesTheSameMemoryEachTime) {
  auto map = Stats::create({.max_entries = 3});
  PerCpuValues<FlowStats> room;
  const auto* const memory = room.bytes().data();
  for (std::uint64_t i = 0; i < 100; ++i) {
    map.update(1, one_for_each_cpu(i));
    std::error_code ec;
    i % 2 == 0 ? map.lookup_into(1, room) : map.lookup_into(1, room, ec);
    EXPECT_EQ(ec, std::error_code{});
    expect_equal(room, one_for_each_cpu(i));
    EXPECT_EQ(room.bytes().data(), memory);
  }
}

TEST(PerCpuArrayMapLookupInto, FillsValuesThatWereMovedFrom) {
  auto map = Stats::create({.max_entries = 3});
  map.update(1, one_for_each_cpu());
  PerCpuValues<FlowStats> room;
  PerCpuValues<FlowStats> thief{std::move(room)};
  map.lookup_into(1, room);  // NOLINT(bugprone-use-after-move)
  expect_equal(room, one_for_each_cpu());
  thief = std::move(room);
  std::error_code ec;
  map.lookup_into(1, room, ec);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(room, one_for_each_cpu());
}

TEST(PerCpuArrayMapUpdate, RefusesValuesThatWereMovedFrom) {
  auto map = Stats::create({.max_entries = 3});
  map.update(1, stats);
  PerCpuValues<FlowStats> values;
  const PerCpuValues<FlowStats> thief{std::move(values)};
  std::error_code ec;
  map.update(1, values, ec);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  EXPECT_EQ(error_of([&] { map.update(1, values); }).code(), Errc::wrong_cpu_count);
  expect_equal(map.lookup(1), PerCpuValues<FlowStats>{stats});
}

// --- sizes and padding ---

template <std::size_t size>
void expect_blocks_of() {
  SCOPED_TRACE(size);
  auto map = PerCpuArrayMap<Block<size>>::create({.max_entries = 2});
  const std::uint32_t index = 1;
  const auto block = Block<size>::filled(9);

  soil_slots(map.map(), bytes_of(index));
  map.update(index, block);
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(index)), bytes_of(block)));
  expect_equal(map.lookup(index), PerCpuValues<Block<size>>{block});

  PerCpuValues<Block<size>> values;
  for (std::size_t i = 0; i < cpus; ++i)
    values.set(i, Block<size>::filled(static_cast<unsigned>(i)));
  soil_slots(map.map(), bytes_of(index));
  map.update(index, values);
  EXPECT_EQ(raw_slots(map.map(), bytes_of(index)), copy_of(values.view().bytes()));
  expect_equal(map.lookup(index), values);
}

TEST(PerCpuArrayMapOfAnySize, KeepsEveryByteAndZeroPadding) {
  expect_blocks_of<1>();
  expect_blocks_of<4>();
  expect_blocks_of<5>();
  expect_blocks_of<8>();
  expect_blocks_of<12>();
  expect_blocks_of<100>();
  expect_blocks_of<4096>();
  expect_blocks_of<32768>();
}

// --- kinds of values ---

TEST(PerCpuArrayMapOfCodedTypes, KeepsTheBytesOfTheirCodecs) {
  const std::uint32_t index = 1;
  auto numbers = PerCpuArrayMap<BigEndian32>::create({.max_entries = 2});
  numbers.update(index, BigEndian32{0x01020304});
  EXPECT_TRUE(every_slot_is(raw_slots(numbers.map(), bytes_of(index)), bytes({1, 2, 3, 4})));
  expect_equal(numbers.lookup(index), PerCpuValues<BigEndian32>{BigEndian32{0x01020304}});

  auto names = PerCpuArrayMap<Name>::create({.max_entries = 2});
  PerCpuValues<Name> values;
  for (std::size_t i = 0; i < cpus; ++i) values.set(i, {"cpu" + std::to_string(i)});
  names.update(index, values);
  expect_equal(names.lookup(index), values);
}

TEST(PerCpuArrayMapOfBool, TakesAnyByteThatIsNotZeroForTrue) {
  const std::uint32_t index = 0;
  auto map = PerCpuArrayMap<bool>::create({.max_entries = 1});
  soil_slots(map.map(), bytes_of(index));
  EXPECT_EQ(map.lookup(0).sum(), cpus);
  map.update(0, true);
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(index)), bytes({1})));
  map.update(0, false);
  EXPECT_EQ(map.lookup(0).sum(), 0U);
}

// --- views ---

TEST(PerCpuArrayMapView, SeesTheSameEntries) {
  const test::PrivateBpffs bpffs;
  auto made = Stats::create({.max_entries = 2});
  made.update(1, one_for_each_cpu());
  made.map().pin(bpffs.path("stats"));
  const Stats pinned{Map::open_pinned(bpffs.path("stats"))};
  const Stats by_id{Map::from_id(made.map().info().id)};
  std::error_code ec = Errc::invalid_name;
  const Stats duplicate{made.map().duplicate(), ec};
  EXPECT_EQ(ec, std::error_code{});
  made = Stats{};
  expect_equal(pinned.lookup(1), one_for_each_cpu());
  expect_equal(by_id.lookup(1), one_for_each_cpu());
  expect_equal(duplicate.lookup(1), one_for_each_cpu());
  EXPECT_EQ(pinned.max_entries(), 2U);
}

}  // namespace
}  // namespace bpfmap
