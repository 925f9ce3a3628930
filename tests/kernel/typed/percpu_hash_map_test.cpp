// SPDX-License-Identifier: MIT
// PerCpuHashMap on real maps.
#include "bpfmap/typed/percpu_hash_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bytes.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
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
using test::FlowKey;
using test::FlowStats;
using test::Name;
using test::Packed;
using test::Proto;
using test::raw_slots;
using test::soil_slots;
using test::told;

using Flows = PerCpuHashMap<FlowKey, FlowStats>;
using Numbers = PerCpuHashMap<std::uint32_t, std::uint64_t>;

const FlowKey flow{.src = 0x0a000001, .dst = 0x0a000002, .ports = {80, 1024}, .proto = 6};
const FlowKey absent{.src = 0x0a000001, .dst = 0x0a000003, .ports = {80, 1024}, .proto = 6};
const FlowStats stats{.packets = 3, .bytes = 4500};
const std::size_t cpus = sys::possible_cpus().size();

// Another value on each CPU.
PerCpuValues<FlowStats> one_for_each_cpu(std::uint64_t first = 1) {
  PerCpuValues<FlowStats> values;
  for (std::size_t i = 0; i < values.size(); ++i) values.set(i, {first + i, 100 * (first + i)});
  return values;
}

template <class V>
void expect_equal(const std::optional<PerCpuValues<V>>& found, const PerCpuValues<V>& expected) {
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ((*found)[i], expected[i]) << i;
}

TEST(PerCpuHashMapCreate, FillsTypeAndSizesIn) {
  const auto map = Flows::create({.max_entries = 100, .name = "flows"});
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, MapType::percpu_hash);
  EXPECT_EQ(info.key_size, 16U);
  EXPECT_EQ(info.value_size, 16U) << "of one CPU";
  EXPECT_EQ(info.max_entries, 100U);
  EXPECT_EQ(info.name, "flows");
}

TEST(PerCpuHashMapCreate, TellsWhatTheKernelRefuses) {
  using Huge = PerCpuHashMap<std::uint32_t, Block<32776>>;
  std::error_code ec;
  EXPECT_FALSE(Huge::create({.max_entries = 1}, ec));
  EXPECT_EQ(ec.value(), E2BIG);
  EXPECT_EQ(error_of([] { (void)Huge::create({.max_entries = 1}); }).code(), ec);
}

TEST(PerCpuHashMapUpdate, WritesOneValueToEveryCpu) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  const auto found = map.lookup(flow);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), cpus);
  for (const FlowStats& value : *found) EXPECT_EQ(value, stats);
  EXPECT_EQ(found->sum(&FlowStats::packets), 3 * cpus);
  EXPECT_EQ(map.map().get_next_key(std::nullopt), copy_of(bytes_of(flow)));
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(flow)), bytes_of(stats)));
}

TEST(PerCpuHashMapUpdate, WritesEachCpuItsOwnValue) {
  auto map = Flows::create({.max_entries = 4});
  const auto values = one_for_each_cpu();
  map.update(flow, values);
  expect_equal(map.lookup(flow), values);
  const auto raw = map.map().lookup_percpu(bytes_of(flow));
  ASSERT_TRUE(raw);
  ASSERT_EQ(raw->size(), cpus);
  for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ((*raw)[i], copy_of(bytes_of(values[i])));
}

TEST(PerCpuHashMapUpdate, TakesAListOfMembers) {
  auto map = Flows::create({.max_entries = 2});
  map.update(flow, {.packets = 7});
  expect_equal(map.lookup(flow), PerCpuValues<FlowStats>{{.packets = 7}});
  EXPECT_TRUE(map.replace(flow, {.packets = 8}));
  expect_equal(map.lookup(flow), PerCpuValues<FlowStats>{{.packets = 8}});
}

TEST(PerCpuHashMapUpdate, TakesFlagsOnTheMapBeneath) {
  auto map = Flows::create({.max_entries = 2});
  Map& beneath = map.map();
  std::error_code ec;
  beneath.update(flow, stats, UpdateFlags::exist, ec);
  EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
  beneath.update_percpu(flow, one_for_each_cpu(), UpdateFlags::noexist, ec);
  EXPECT_FALSE(ec) << ec.message();
  expect_equal(map.lookup(flow), one_for_each_cpu());
  EXPECT_EQ(error_of([&] { beneath.update(flow, stats, UpdateFlags::noexist); }).code(),
            std::errc::file_exists);
  expect_equal(map.lookup(flow), one_for_each_cpu());
}

TEST(PerCpuHashMapLookup, ReadsWhatOthersWrote) {
  const auto map = Flows::create({.max_entries = 4});
  Map other = map.map().duplicate();
  const auto values = one_for_each_cpu(7);
  other.update_percpu(bytes_of(flow), values);
  expect_equal(map.lookup(flow), values);
  std::error_code ec = Errc::invalid_name;
  expect_equal(map.lookup(flow, ec), values);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(PerCpuHashMapLookup, GivesNothingForAMissingKey) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  EXPECT_FALSE(map.lookup(absent).has_value());
  EXPECT_FALSE(map.contains(absent));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup(absent, ec).has_value());
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.contains(absent, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(map.contains(flow));
  EXPECT_TRUE(map.contains(flow, ec));
}

TEST(PerCpuHashMapLookupInto, UsesTheSameMemoryEachTime) {
  auto map = Flows::create({.max_entries = 4});
  PerCpuValues<FlowStats> room;
  const auto* const memory = room.bytes().data();
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto values = one_for_each_cpu(i);
    map.update(flow, values);
    std::error_code ec = Errc::invalid_name;
    ASSERT_TRUE(i % 2 == 0 ? map.lookup_into(flow, room) : map.lookup_into(flow, room, ec));
    if (i % 2 == 1) {
      EXPECT_EQ(ec, std::error_code{});
    }
    EXPECT_EQ(room[cpus - 1], values[cpus - 1]);
    EXPECT_EQ(room.bytes().data(), memory);
  }
}

TEST(PerCpuHashMapLookupInto, LeavesTheValuesAloneForAMissingKey) {
  const auto map = Flows::create({.max_entries = 4});
  auto room = one_for_each_cpu();
  EXPECT_FALSE(map.lookup_into(absent, room));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_into(absent, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(copy_of(std::as_const(room).bytes()), copy_of(one_for_each_cpu().view().bytes()));
}

TEST(PerCpuHashMapLookupInto, FillsValuesThatWereMovedFrom) {
  auto map = Flows::create({.max_entries = 4});
  const auto values = one_for_each_cpu();
  map.update(flow, values);
  PerCpuValues<FlowStats> room;
  const PerCpuValues<FlowStats> thief{std::move(room)};
  EXPECT_TRUE(map.lookup_into(flow, room));  // NOLINT(bugprone-use-after-move)
  expect_equal(std::optional{room}, values);
}

TEST(PerCpuHashMapUpdate, RefusesValuesThatWereMovedFrom) {
  auto map = Flows::create({.max_entries = 4});
  PerCpuValues<FlowStats> values{stats};
  const PerCpuValues<FlowStats> thief{std::move(values)};
  std::error_code ec;
  map.update(flow, values, ec);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  const Error error = error_of([&] { map.update(flow, values); });
  EXPECT_EQ(error.code(), Errc::wrong_cpu_count);
  EXPECT_EQ(error.map_id(), map.map().info().id);
  EXPECT_FALSE(map.insert(flow, values, ec));
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  EXPECT_FALSE(map.contains(flow));
  map.update(flow, thief);
  EXPECT_FALSE(map.replace(flow, values, ec));
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  expect_equal(map.lookup(flow), thief);
}

TEST(PerCpuHashMapInsert, AddsAnEntryOnce) {
  auto map = Flows::create({.max_entries = 4});
  EXPECT_TRUE(map.insert(flow, one_for_each_cpu(1)));
  EXPECT_FALSE(map.insert(flow, one_for_each_cpu(2)));
  EXPECT_FALSE(map.insert(flow, stats));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.insert(flow, stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(flow), one_for_each_cpu(1));
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.insert(absent, stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(absent), PerCpuValues<FlowStats>{stats});
}

TEST(PerCpuHashMapReplace, OverwritesOnlyWhatIsThere) {
  auto map = Flows::create({.max_entries = 4});
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.replace(flow, stats));
  EXPECT_FALSE(map.replace(flow, one_for_each_cpu(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_FALSE(map.contains(flow));
  map.update(flow, stats);
  EXPECT_TRUE(map.replace(flow, one_for_each_cpu(5)));
  expect_equal(map.lookup(flow), one_for_each_cpu(5));
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.replace(flow, stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(flow), PerCpuValues<FlowStats>{stats});
}

TEST(PerCpuHashMapErase, ReturnsFalseForAMissingKey) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  map.update(absent, stats);
  EXPECT_TRUE(map.erase(flow));
  EXPECT_FALSE(map.erase(flow));
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.erase(absent, ec));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.erase(absent, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);
}

TEST(PerCpuHashMapLookupAndDelete, TakesTheEntryOut) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, one_for_each_cpu(1));
  map.update(absent, one_for_each_cpu(2));
  expect_equal(map.lookup_and_delete(flow), one_for_each_cpu(1));
  EXPECT_FALSE(map.lookup_and_delete(flow).has_value());
  std::error_code ec = Errc::invalid_name;
  expect_equal(map.lookup_and_delete(absent, ec), one_for_each_cpu(2));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_and_delete(absent, ec).has_value());
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);
}

TEST(FullPerCpuHashMap, RefusesANewKeyAndTakesAnOldOne) {
  auto map = Numbers::create({.max_entries = 4});
  for (std::uint32_t key = 0; key < 4; ++key) EXPECT_TRUE(map.insert(key, std::uint64_t{key}));
  std::error_code ec;
  map.update(4, std::uint64_t{4}, ec);
  EXPECT_EQ(ec.value(), E2BIG);
  const Error error = error_of([&] { map.update(4, PerCpuValues<std::uint64_t>{4}); });
  EXPECT_EQ(error.code().value(), E2BIG);
  EXPECT_TRUE(test::contains(error.what(), "full"));
  EXPECT_EQ(error_of([&] { (void)map.insert(4, std::uint64_t{4}); }).code().value(), E2BIG);
  map.update(3, std::uint64_t{33});
  EXPECT_EQ(map.lookup(3)->sum(), 33 * cpus);
  EXPECT_FALSE(map.contains(4));
}

// --- one value per CPU from any contiguous range ---

std::vector<FlowStats> list_of(std::size_t count, std::uint64_t first = 1) {
  std::vector<FlowStats> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back({first + i, 100 * (first + i)});
  return list;
}

TEST(PerCpuHashMapRanges, AreWrittenByEachOperation) {
  auto map = Flows::create({.max_entries = 4});
  std::error_code ec = Errc::invalid_name;
  map.update(flow, list_of(cpus, 1));
  expect_equal(map.lookup(flow), one_for_each_cpu(1));
  map.update(flow, list_of(cpus, 2), ec);
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(flow), one_for_each_cpu(2));

  EXPECT_TRUE(map.insert(absent, list_of(cpus, 3)));
  EXPECT_FALSE(map.insert(absent, list_of(cpus, 4)));
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.insert(absent, list_of(cpus, 4), ec));
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(absent), one_for_each_cpu(3));
  EXPECT_TRUE(map.erase(absent));
  EXPECT_TRUE(map.insert(absent, list_of(cpus, 5), ec));
  expect_equal(map.lookup(absent), one_for_each_cpu(5));

  EXPECT_TRUE(map.replace(absent, list_of(cpus, 6)));
  expect_equal(map.lookup(absent), one_for_each_cpu(6));
  EXPECT_TRUE(map.replace(absent, list_of(cpus, 7), ec));
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(map.lookup(absent), one_for_each_cpu(7));
  EXPECT_TRUE(map.erase(absent));
  EXPECT_FALSE(map.replace(absent, list_of(cpus, 8)));
  EXPECT_FALSE(map.replace(absent, list_of(cpus, 8), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_FALSE(map.contains(absent));
}

TEST(PerCpuHashMapRanges, MayBeSpans) {
  auto map = Flows::create({.max_entries = 4});
  std::vector<FlowStats> list = list_of(cpus);
  map.update(flow, std::span<const FlowStats>{list});
  expect_equal(map.lookup(flow), one_for_each_cpu(1));
  list[0].packets = 77;
  EXPECT_TRUE(map.replace(flow, std::span{list}));
  EXPECT_EQ((*map.lookup(flow))[0].packets, 77U);
  EXPECT_TRUE(map.insert(absent, std::span<const FlowStats>{list}));
  EXPECT_EQ((*map.lookup(absent))[0].packets, 77U);
}

// An array has as many values as there are possible CPUs on few machines only.
template <std::size_t size>
void expect_arrays_of() {
  SCOPED_TRACE(size);
  auto map = Flows::create({.max_entries = 4});
  std::array<FlowStats, size> array{};
  FlowStats list[size]{};
  for (std::size_t i = 0; i < size; ++i) array[i] = list[i] = {1 + i, 100 * (1 + i)};
  std::error_code ec;
  if (size == cpus) {
    map.update(flow, array, ec);
    expect_equal(map.lookup(flow), one_for_each_cpu());
    EXPECT_TRUE(map.erase(flow));
    EXPECT_TRUE(map.insert(flow, list));
    expect_equal(map.lookup(flow), one_for_each_cpu());
    EXPECT_TRUE(map.replace(flow, array));
    EXPECT_TRUE(map.replace(flow, list, ec));
    map.update(flow, list);
    expect_equal(map.lookup(flow), one_for_each_cpu());
    return;
  }
  map.update(flow, array, ec);
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  map.update(flow, list, ec);
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  EXPECT_EQ(error_of([&] { (void)map.insert(flow, array); }).code(), Errc::wrong_cpu_count);
  EXPECT_EQ(error_of([&] { (void)map.replace(flow, list); }).code(), Errc::wrong_cpu_count);
  EXPECT_FALSE(map.contains(flow));
}

TEST(PerCpuHashMapRanges, MayBeArrays) {
  expect_arrays_of<1>();
  expect_arrays_of<2>();
  expect_arrays_of<3>();
  expect_arrays_of<4>();
  expect_arrays_of<8>();
  expect_arrays_of<16>();
}

TEST(PerCpuHashMapRanges, WriteNothingWithAnotherNumberOfValues) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  const auto before = raw_slots(map.map(), bytes_of(flow));
  for (const std::size_t count : {std::size_t{0}, cpus - 1, cpus + 1, 2 * cpus}) {
    SCOPED_TRACE(count);
    const auto list = list_of(count, 5);
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(Errc::wrong_cpu_count, call).empty());
    };
    expect_refused([&](auto&... ec) { map.update(flow, list, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(absent, list, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(flow, list, ec...); });
  }
  EXPECT_EQ(raw_slots(map.map(), bytes_of(flow)), before);
  EXPECT_FALSE(map.contains(absent));
}

TEST(PerCpuHashMapRanges, LeaveThePaddingOfEachSlotZero) {
  auto map = PerCpuHashMap<std::uint32_t, Packed>::create({.max_entries = 2});
  const std::uint32_t key = 1;
  soil_slots(map.map(), bytes_of(key));
  map.update(key, std::vector<Packed>(cpus, Packed{1, 0x05040302}));
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(key)), bytes({1, 2, 3, 4, 5})));
}

// --- forms that fill values in ---

TEST(PerCpuHashMapLookupAndDeleteInto, FillsTheValuesInAndTakesTheEntryOut) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  PerCpuValues<FlowStats> room;
  const auto* const memory = room.bytes().data();
  map.update(flow, one_for_each_cpu(1));
  map.update(absent, one_for_each_cpu(2));
  EXPECT_TRUE(map.lookup_and_delete_into(flow, room));
  expect_equal(std::optional{room}, one_for_each_cpu(1));
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.lookup_and_delete_into(absent, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  expect_equal(std::optional{room}, one_for_each_cpu(2));
  EXPECT_EQ(room.bytes().data(), memory);
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);
}

TEST(PerCpuHashMapLookupAndDeleteInto, LeavesTheValuesAloneForAMissingKey) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  auto room = one_for_each_cpu();
  EXPECT_FALSE(map.lookup_and_delete_into(absent, room));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_and_delete_into(absent, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  Flows none;
  EXPECT_FALSE(none.lookup_and_delete_into(absent, room, ec));
  EXPECT_EQ(ec, Errc::no_map);
  expect_equal(std::optional{room}, one_for_each_cpu());
}

TEST(PerCpuHashMapLookupAndDeleteInto, FillsValuesThatWereMovedFrom) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, one_for_each_cpu());
  PerCpuValues<FlowStats> room;
  const PerCpuValues<FlowStats> thief{std::move(room)};
  EXPECT_TRUE(map.lookup_and_delete_into(flow, room));  // NOLINT(bugprone-use-after-move)
  expect_equal(std::optional{room}, one_for_each_cpu());
}

// --- any integer is a key or a value ---

TEST(PerCpuHashMapIntegers, TakesAnyIntegerTypeAsKeyAndValue) {
  auto map = PerCpuHashMap<std::uint16_t, std::uint8_t>::create({.max_entries = 4});
  map.update(std::int64_t{65535}, std::int64_t{255});
  EXPECT_TRUE(map.insert(1LL, 2ULL));
  EXPECT_TRUE(map.replace(std::uint8_t{1}, 3L));
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({1, 0})), bytes({3})));
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({0xff, 0xff})), bytes({0xff})));
  EXPECT_TRUE(map.contains(std::size_t{1}));
  EXPECT_TRUE(map.erase(65535ULL));
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(map.lookup_and_delete(std::int64_t{1})->sum(), 3 * cpus);
}

TEST(PerCpuHashMapIntegers, RefuseWhatDoesNotFit) {
  auto map = PerCpuHashMap<std::uint16_t, std::uint8_t>::create({.max_entries = 4});
  map.update(1, 10);
  map.update(65535, 20);
  const std::vector<std::uint8_t> list(cpus, 9);
  PerCpuValues<std::uint8_t> room{7};
  const auto expect_refused = [](auto call) {
    EXPECT_FALSE(told(Errc::out_of_range, call).empty());
  };
  for (const std::int64_t key : {std::int64_t{-1}, std::int64_t{0x10001}}) {
    SCOPED_TRACE(key);
    expect_refused([&](auto&... ec) { (void)map.lookup(key, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_into(key, room, ec...); });
    expect_refused([&](auto&... ec) { (void)map.contains(key, ec...); });
    expect_refused([&](auto&... ec) { map.update(key, 1, ec...); });
    expect_refused([&](auto&... ec) { map.update(key, list, ec...); });
    expect_refused([&](auto&... ec) { map.update(key, room, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(key, list, ec...); });
    expect_refused([&](auto&... ec) { (void)map.erase(key, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_and_delete(key, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_and_delete_into(key, room, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_cpu(key, 0, ec...); });
    expect_refused([&](auto&... ec) { map.update_cpu(key, 0, 1, ec...); });
  }
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{256}}) {
    SCOPED_TRACE(value);
    expect_refused([&](auto&... ec) { map.update(1, value, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(2, value, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(1, value, ec...); });
    expect_refused([&](auto&... ec) { map.update_cpu(1, 0, value, ec...); });
  }
  EXPECT_EQ(room.sum(), 7 * cpus);
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({1, 0})), bytes({10})));
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({0xff, 0xff})), bytes({20})));
  EXPECT_EQ(test::stored_keys(map.map()).size(), 2U);
}

TEST(PerCpuHashMapIntegers, AreTakenFromARangeOfAnyIntegerType) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint16_t>::create({.max_entries = 3});
  const std::vector<std::int64_t> numbers(cpus, 300);
  EXPECT_TRUE(map.insert(1, numbers));
  EXPECT_TRUE(map.replace(1, std::deque<int>(cpus, 301)));
  EXPECT_EQ(map.lookup(1)->sum(), 301 * cpus);
  map.update(1, numbers);
  EXPECT_EQ(map.lookup(1)->sum(), 300 * cpus);
  const std::vector<std::int64_t> large(cpus, 1 << 16);
  for (const int key : {1, 2}) {
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(Errc::out_of_range, call).empty());
    };
    expect_refused([&](auto&... ec) { map.update(key, large, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(key, large, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(key, large, ec...); });
  }
  EXPECT_EQ(map.lookup(1)->sum(), 300 * cpus) << "nothing is written";
  EXPECT_FALSE(map.contains(2));
}

// --- sizes and padding ---

template <std::size_t size>
void expect_blocks_of() {
  SCOPED_TRACE(size);
  auto map = PerCpuHashMap<std::uint32_t, Block<size>>::create({.max_entries = 2});
  const std::uint32_t key = 1;
  const auto block = Block<size>::filled(9);

  soil_slots(map.map(), bytes_of(key));
  map.update(key, block);
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes_of(key)), bytes_of(block)));
  expect_equal(map.lookup(key), PerCpuValues<Block<size>>{block});

  PerCpuValues<Block<size>> values;
  for (std::size_t i = 0; i < cpus; ++i)
    values.set(i, Block<size>::filled(static_cast<unsigned>(i)));
  soil_slots(map.map(), bytes_of(key));
  EXPECT_TRUE(map.replace(key, values));
  EXPECT_EQ(raw_slots(map.map(), bytes_of(key)), copy_of(values.view().bytes()));
  expect_equal(map.lookup(key), values);

  soil_slots(map.map(), bytes_of(key));
  const auto soiled = map.lookup(key);
  ASSERT_TRUE(soiled);
  Block<size> expected;
  expected.bytes.fill(0xaa);
  for (const auto& value : *soiled) EXPECT_EQ(value, expected);
}

TEST(PerCpuHashMapOfAnySize, KeepsEveryByteAndZeroPadding) {
  expect_blocks_of<1>();
  expect_blocks_of<4>();
  expect_blocks_of<5>();
  expect_blocks_of<8>();
  expect_blocks_of<12>();
  expect_blocks_of<16>();
  expect_blocks_of<100>();
  expect_blocks_of<4096>();
  expect_blocks_of<32768>();
}

// --- kinds of keys and values ---

TEST(PerCpuHashMapOfCodedTypes, KeepsTheBytesOfTheirCodecs) {
  auto map = PerCpuHashMap<Name, BigEndian32>::create({.max_entries = 4});
  EXPECT_EQ(map.map().info().key_size, 16U);
  EXPECT_EQ(map.map().info().value_size, 4U);
  map.update(Name{"eth0"}, BigEndian32{0x01020304});
  Bytes key(16);
  std::memcpy(key.data(), "eth0", 4);
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), key), bytes({1, 2, 3, 4})));

  PerCpuValues<BigEndian32> values;
  for (std::size_t i = 0; i < cpus; ++i) values.set(i, {static_cast<std::uint32_t>(i + 1)});
  EXPECT_TRUE(map.replace(Name{"eth0"}, values));
  expect_equal(map.lookup(Name{"eth0"}), values);
  EXPECT_FALSE(map.contains(Name{"eth1"}));
  if (!test::kernel_takes_from_hashes()) return;
  expect_equal(map.lookup_and_delete(Name{"eth0"}), values);
}

TEST(PerCpuHashMapOfCodedTypes, TakesAValueThatIsAString) {
  auto map = PerCpuHashMap<BigEndian32, Name>::create({.max_entries = 4});
  PerCpuValues<Name> values;
  for (std::size_t i = 0; i < cpus; ++i) values.set(i, {"cpu" + std::to_string(i)});
  EXPECT_TRUE(map.insert(BigEndian32{1}, values));
  expect_equal(map.lookup(BigEndian32{1}), values);
  // Shorter than what was there: nothing of it may stay.
  for (std::size_t i = 0; i < cpus; ++i) values.set(i, {"x"});
  map.update(BigEndian32{1}, values);
  Bytes x(16);
  x[0] = std::byte{'x'};
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({0, 0, 0, 1})), x));
}

TEST(PerCpuHashMapOfCodedTypes, TakesAnOddNumberOfBytes) {
  auto map = PerCpuHashMap<Packed, Packed>::create({.max_entries = 4});
  soil_slots(map.map(), bytes({1, 2, 0, 0, 0}));
  map.update(Packed{1, 2}, Packed{3, 0x07060504});
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({1, 2, 0, 0, 0})), bytes({3, 4, 5, 6, 7})));
}

TEST(PerCpuHashMapOfBool, TakesAnyByteThatIsNotZeroForTrue) {
  auto map = PerCpuHashMap<Proto, bool>::create({.max_entries = 4});
  map.update(Proto::tcp, true);
  EXPECT_TRUE(every_slot_is(raw_slots(map.map(), bytes({6})), bytes({1})));
  soil_slots(map.map(), bytes({17}));
  const auto found = map.lookup(Proto::udp);
  ASSERT_TRUE(found);
  for (const bool value : *found) EXPECT_TRUE(value);
  EXPECT_EQ(found->sum(), cpus);
}

TEST(PerCpuHashMapOfNumbers, AddsThemUp) {
  auto map = PerCpuHashMap<std::int16_t, std::uint8_t>::create({.max_entries = 4});
  map.update(-1, std::uint8_t{255});
  EXPECT_EQ(map.lookup(-1)->sum(), 255U * cpus) << "in 64 bits";
  map.update(-1, 7);
  EXPECT_EQ(map.lookup(-1)->sum(), 7U * cpus);
}

// --- views ---

TEST(PerCpuHashMapView, SeesTheSameEntries) {
  const test::PrivateBpffs bpffs;
  auto made = Flows::create({.max_entries = 4});
  made.update(flow, one_for_each_cpu());
  made.map().pin(bpffs.path("flows"));
  const Flows pinned{Map::open_pinned(bpffs.path("flows"))};
  const Flows by_id{Map::from_id(made.map().info().id)};
  std::error_code ec = Errc::invalid_name;
  const Flows duplicate{made.map().duplicate(), ec};
  EXPECT_EQ(ec, std::error_code{});
  made = Flows{};
  expect_equal(pinned.lookup(flow), one_for_each_cpu());
  expect_equal(by_id.lookup(flow), one_for_each_cpu());
  expect_equal(duplicate.lookup(flow), one_for_each_cpu());
}

}  // namespace
}  // namespace bpfmap
