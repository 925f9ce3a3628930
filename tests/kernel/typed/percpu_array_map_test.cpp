// SPDX-License-Identifier: MIT
// PerCpuArrayMap on real maps.
#include "bpfmap/typed/percpu_array_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bytes.hpp"
#include "kernel_test.hpp"
#include "percpu_padding.hpp"
#include "sample_types.hpp"
#include "told.hpp"

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
using test::told;

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

// --- one value per CPU from any contiguous range ---

std::vector<FlowStats> list_of(std::size_t count, std::uint64_t first = 1) {
  std::vector<FlowStats> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back({first + i, 100 * (first + i)});
  return list;
}

TEST(PerCpuArrayMapRanges, AreWritten) {
  auto map = Stats::create({.max_entries = 3});
  map.update(1, list_of(cpus, 1));
  expect_equal(map.lookup(1), one_for_each_cpu(1));
  std::error_code ec = Errc::invalid_name;
  const auto list = list_of(cpus, 2);
  map.update(1, std::span<const FlowStats>{list}, ec);
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(1), one_for_each_cpu(2));
  expect_equal(map.lookup(0), PerCpuValues<FlowStats>{});
}

template <std::size_t size>
void expect_arrays_of() {
  SCOPED_TRACE(size);
  auto map = Stats::create({.max_entries = 1});
  std::array<FlowStats, size> array{};
  FlowStats list[size]{};
  for (std::size_t i = 0; i < size; ++i) array[i] = list[i] = {1 + i, 100 * (1 + i)};
  const std::error_code expected =
      size == cpus ? std::error_code{} : make_error_code(Errc::wrong_cpu_count);
  std::error_code ec = Errc::invalid_name;
  map.update(0, array, ec);
  EXPECT_EQ(ec, expected);
  expect_equal(map.lookup(0), expected ? PerCpuValues<FlowStats>{} : one_for_each_cpu());
  map.update(0, FlowStats{});
  ec = Errc::invalid_name;
  map.update(0, list, ec);
  EXPECT_EQ(ec, expected);
  expect_equal(map.lookup(0), expected ? PerCpuValues<FlowStats>{} : one_for_each_cpu());
}

TEST(PerCpuArrayMapRanges, MayBeArrays) {
  expect_arrays_of<1>();
  expect_arrays_of<2>();
  expect_arrays_of<3>();
  expect_arrays_of<4>();
  expect_arrays_of<8>();
  expect_arrays_of<16>();
}

TEST(PerCpuArrayMapRanges, WriteNothingWithAnotherNumberOfValues) {
  auto map = Stats::create({.max_entries = 3});
  map.update(1, stats);
  for (const std::size_t count : {std::size_t{0}, cpus - 1, cpus + 1}) {
    SCOPED_TRACE(count);
    const auto list = list_of(count);
    EXPECT_FALSE(
        told(Errc::wrong_cpu_count, [&](auto&... ec) { map.update(1, list, ec...); }).empty());
  }
  expect_equal(map.lookup(1), PerCpuValues<FlowStats>{stats});
}

// --- any integer is an index or a value ---

TEST(PerCpuArrayMapIntegers, TakesAnyIntegerTypeThatFits) {
  auto map = PerCpuArrayMap<std::uint8_t>::create({.max_entries = 3});
  map.update(std::int64_t{1}, std::int64_t{255});
  EXPECT_EQ(map.lookup(std::uint8_t{1}).sum(), 255 * cpus);
  PerCpuValues<std::uint8_t> room{7};
  const std::vector<std::uint8_t> list(cpus, 9);
  const auto expect_refused = [](auto call) {
    EXPECT_FALSE(told(Errc::out_of_range, call).empty());
  };
  for (const std::int64_t index : {std::int64_t{-1}, (std::int64_t{1} << 32) + 1}) {
    SCOPED_TRACE(index);
    expect_refused([&](auto&... ec) { (void)map.lookup(index, ec...); });
    expect_refused([&](auto&... ec) { map.lookup_into(index, room, ec...); });
    expect_refused([&](auto&... ec) { map.update(index, 1, ec...); });
    expect_refused([&](auto&... ec) { map.update(index, list, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_cpu(index, 0, ec...); });
    expect_refused([&](auto&... ec) { map.update_cpu(index, 0, 1, ec...); });
  }
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{256}}) {
    SCOPED_TRACE(value);
    expect_refused([&](auto&... ec) { map.update(1, value, ec...); });
    expect_refused([&](auto&... ec) { map.update_cpu(1, 0, value, ec...); });
  }
  EXPECT_EQ(room.sum(), 7 * cpus);
  const std::uint32_t written = 1;
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(written)), bytes({0xff})));
  EXPECT_EQ(map.lookup(0).sum(), 0U) << "nothing is written";
  EXPECT_EQ(map.lookup(2).sum(), 0U) << "nothing is written";
}

TEST(PerCpuArrayMapIntegers, AreTakenFromARangeOfAnyIntegerType) {
  auto map = PerCpuArrayMap<std::uint64_t>::create({.max_entries = 3});
  std::vector<int> numbers(cpus);
  for (std::size_t i = 0; i < cpus; ++i) numbers[i] = static_cast<int>(i) + 1;
  map.update(0, numbers);
  std::error_code ec = Errc::invalid_name;
  map.update(1, PerCpuValues<std::uint8_t>{7}, ec);
  EXPECT_FALSE(ec);
  const PerCpuValues<std::uint64_t> written = map.lookup(0);
  for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ(written[i], i + 1);
  EXPECT_EQ(map.lookup(1).sum(), 7 * cpus);

  numbers.back() = -1;
  EXPECT_FALSE(
      told(Errc::out_of_range, [&](auto&... code) { map.update(1, numbers, code...); }).empty());
  numbers.push_back(1);
  EXPECT_FALSE(
      told(Errc::wrong_cpu_count, [&](auto&... code) { map.update(1, numbers, code...); }).empty());
  EXPECT_EQ(map.lookup(1).sum(), 7 * cpus) << "nothing is written";
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
