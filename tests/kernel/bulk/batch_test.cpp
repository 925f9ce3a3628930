// SPDX-License-Identifier: MIT
// Many given keys at once, on typed maps.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "bpfmap/bulk/batch.hpp"
#include "bulk_support.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::batch_error_of;
using test::BigEndian32;
using test::Block;
using test::errno_code;
using test::FlowKey;
using test::FlowStats;
using test::Name;
using test::Packed;
using test::result;

using test::Keys;
using test::keys_up_to;
using test::Numbers;
using test::Values;
using test::values_of;

constexpr std::array sizes{0U, 1U, 2U, 255U, 256U, 257U, 1000U};

// Writes `size` entries, reads each alone and all at once, and erases them.
template <class M, class MakeKey, class MakeValue>
void expect_round_trip(M map, MakeKey make_key, MakeValue make_value, std::uint32_t size) {
  SCOPED_TRACE(std::string{to_string(map.map().info().type)} + " " + std::to_string(size));
  using K = typename M::key_type;
  std::vector<K> keys;
  std::vector<decltype(make_value(0))> values;
  for (std::uint32_t i = 0; i < size; ++i) {
    keys.push_back(make_key(i));
    values.push_back(make_value(i));
  }
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(update_batch(map, keys, values, ec), result(size));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(update_batch(map, keys, values), result(size)) << "a second time";
  const auto looked_up = lookup_batch(map, keys);
  ASSERT_EQ(looked_up.size(), size);
  for (std::uint32_t i = 0; i < size; ++i) {
    ASSERT_TRUE(looked_up[i]);
    const std::optional alone{map.lookup(keys[i])};
    ASSERT_TRUE(alone);
    if constexpr (requires { alone->view(); }) {
      EXPECT_TRUE(std::ranges::equal(looked_up[i]->bytes(), alone->bytes()));
      for (const auto& slot : *alone) EXPECT_EQ(slot, make_value(i));
    } else {
      EXPECT_EQ(*looked_up[i], values[i]);
      EXPECT_EQ(*alone, values[i]);
    }
  }
  if constexpr (requires { map.erase(keys[0]); }) {
    EXPECT_EQ(erase_batch(map, keys), result(size));
    EXPECT_EQ(erase_batch(map, keys), result(0, size));
  }
}

const auto number = [](std::uint32_t i) { return i; };

TEST(UpdateBatch, WritesNumbers) {
  for (const std::uint32_t size : sizes)
    expect_round_trip(
        Numbers::create({.max_entries = 1000}), number,
        [](std::uint32_t i) { return std::uint64_t{i} * 3; }, size);
}

TEST(UpdateBatch, WritesToAnLruMap) {
  expect_round_trip(
      Numbers::create({.type = MapType::lru_hash, .max_entries = 8192}), number,
      [](std::uint32_t i) { return std::uint64_t{i} * 3; }, 500);
}

TEST(UpdateBatch, WritesToAMapWithoutPreallocation) {
  expect_round_trip(
      Numbers::create({.max_entries = 1000, .flags = MapFlags::no_prealloc}), number,
      [](std::uint32_t i) { return std::uint64_t{i} * 3; }, 1000);
}

TEST(UpdateBatch, WritesStructs) {
  for (const std::uint32_t size : sizes)
    expect_round_trip(
        HashMap<FlowKey, FlowStats>::create({.max_entries = 1000}),
        [](std::uint32_t i) { return FlowKey{.src = i, .dst = ~i}; },
        [](std::uint32_t i) { return FlowStats{.packets = i, .bytes = 2 * i}; }, size);
}

TEST(UpdateBatch, WritesWhatCodecsMakeOfIt) {
  for (const std::uint32_t size : sizes) {
    expect_round_trip(
        HashMap<Name, BigEndian32>::create({.max_entries = 1000}),
        [](std::uint32_t i) { return Name{"eth" + std::to_string(i)}; },
        [](std::uint32_t i) { return BigEndian32{i}; }, size);
    expect_round_trip(
        HashMap<std::uint32_t, Packed>::create({.max_entries = 1000}), number,
        [](std::uint32_t i) { return Packed{.a = static_cast<std::uint8_t>(i), .b = i}; }, size);
    expect_round_trip(
        HashMap<BigEndian32, std::uint64_t>::create({.max_entries = 1000}),
        [](std::uint32_t i) { return BigEndian32{i}; },
        [](std::uint32_t i) { return std::uint64_t{i}; }, size);
  }
}

TEST(UpdateBatch, WritesValuesOfEverySize) {
  const auto with = []<std::size_t size>(std::integral_constant<std::size_t, size>) {
    expect_round_trip(
        HashMap<std::uint32_t, Block<size>>::create({.max_entries = 300}), number,
        [](std::uint32_t i) { return Block<size>::filled(i); }, 300);
    expect_round_trip(
        PerCpuHashMap<std::uint32_t, Block<size>>::create({.max_entries = 300}), number,
        [](std::uint32_t i) { return Block<size>::filled(i); }, 300);
  };
  with(std::integral_constant<std::size_t, 1>{});
  with(std::integral_constant<std::size_t, 4>{});
  with(std::integral_constant<std::size_t, 12>{});
  with(std::integral_constant<std::size_t, 4096>{});
}

TEST(UpdateBatch, WritesArrays) {
  for (const std::uint32_t size : sizes) {
    expect_round_trip(
        ArrayMap<std::uint64_t>::create({.max_entries = 1000}), number,
        [](std::uint32_t i) { return std::uint64_t{i} * 7; }, size);
    expect_round_trip(
        PerCpuArrayMap<std::uint32_t>::create({.max_entries = 1000}), number,
        [](std::uint32_t i) { return i * 7; }, size);
  }
}

TEST(UpdateBatch, GivesEveryCpuTheSameValue) {
  for (const std::uint32_t size : sizes)
    expect_round_trip(
        PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 1000}), number,
        [](std::uint32_t i) { return i * 7; }, size);
}

TEST(UpdateBatch, GivesEachCpuAValueOfItsOwn) {
  auto map = PerCpuHashMap<std::uint32_t, Packed>::create({.max_entries = 600});
  const Keys keys = keys_up_to(600);
  std::vector<PerCpuValues<Packed>> values(600);
  for (std::uint32_t i = 0; i < 600; ++i)
    for (std::size_t cpu = 0; cpu < values[i].size(); ++cpu)
      values[i].set(cpu, {.a = static_cast<std::uint8_t>(cpu), .b = i + 1000});
  EXPECT_EQ(update_batch(map, keys, values), result(600));
  for (std::uint32_t i = 0; i < 600; ++i)
    EXPECT_EQ(test::copy_of(map.lookup(i)->bytes()), test::copy_of(values[i].bytes()));
}

TEST(UpdateBatch, TakesAnyRangeThatCanBeIndexed) {
  auto map = Numbers::create({.max_entries = 100});
  const std::array<std::uint32_t, 3> keys{1, 2, 3};
  const std::array<std::uint64_t, 3> array{10, 20, 30};
  EXPECT_EQ(update_batch(map, keys, array), result(3));
  EXPECT_EQ(map.lookup(3), 30U);
  const std::deque<std::uint64_t> deque{11, 21, 31};
  EXPECT_EQ(update_batch(map, keys, deque), result(3));
  EXPECT_EQ(map.lookup(3), 31U);
  EXPECT_EQ(update_batch(map, keys, std::span{array}), result(3));
  EXPECT_EQ(update_batch(map, std::span{keys}.first(2), std::span{array}.last(2)), result(2));
  EXPECT_EQ(map.lookup(2), 30U);
  EXPECT_EQ(map.lookup(3), 30U);
  auto flags = HashMap<std::uint32_t, bool>::create({.max_entries = 100});
  EXPECT_EQ(update_batch(flags, keys, std::vector<bool>{true, false, true}), result(3));
  EXPECT_EQ(flags.lookup(1), true);
  EXPECT_EQ(flags.lookup(2), false);
}

TEST(UpdateBatch, LetsTheLastOfTwoEqualKeysWin) {
  auto map = Numbers::create({.max_entries = 100});
  EXPECT_EQ(update_batch(map, Keys{1, 2, 1}, Values{10, 20, 30}), result(3));
  EXPECT_EQ(map.lookup(1), 30U);
  EXPECT_EQ(map.lookup(2), 20U);
}

TEST(UpdateBatch, StopsAtAFullMap) {
  for (const MapFlags flags : {MapFlags::none, MapFlags::no_prealloc}) {
    auto map = Numbers::create({.max_entries = 4, .flags = flags});
    map.update(3, 1);
    const Keys keys{1, 2, 3, 4, 5, 6};
    std::error_code ec;
    EXPECT_EQ(update_batch(map, keys, values_of(keys), ec), result(4, 0, 4));
    EXPECT_EQ(ec, errno_code(E2BIG));
    for (const std::uint32_t key : {1U, 2U, 3U, 4U}) EXPECT_EQ(map.lookup(key), key * 10);
    EXPECT_EQ(map.lookup(5), std::nullopt);
    const BatchError error = batch_error_of([&] { update_batch(map, keys, values_of(keys)); });
    EXPECT_EQ(error.result(), result(4, 0, 4));
    EXPECT_EQ(error.code(), errno_code(E2BIG));
    EXPECT_EQ(error.operation(), Operation::update_batch);
    EXPECT_EQ(error.map_id(), map.map().info().id);
    EXPECT_TRUE(test::contains(error.what(), "the map is full (4 of 4 entries)"));
  }
}

// More than the kernel was given at once, so that the index of the failed one is not the kernel's.
TEST(UpdateBatch, NamesTheEntryThatFailedBehindWholeChunks) {
  auto map = HashMap<Name, BigEndian32>::create({.max_entries = 700});
  std::vector<Name> keys;
  std::vector<BigEndian32> values;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    keys.push_back({std::to_string(i)});
    values.push_back({i});
  }
  std::error_code ec;
  EXPECT_EQ(update_batch(map, keys, values, ec), result(700, 0, 700));
  EXPECT_EQ(ec, errno_code(E2BIG));
  EXPECT_EQ(map.lookup({"699"}), BigEndian32{699});
  EXPECT_EQ(map.lookup({"700"}), std::nullopt);
  EXPECT_EQ(batch_error_of([&] { update_batch(map, keys, values); }).result(), result(700, 0, 700));
}

TEST(UpdateBatch, StopsAtAnIndexOutOfRange) {
  auto map = ArrayMap<std::uint64_t>::create({.max_entries = 10});
  const Keys keys{1, 2, 50, 3};
  std::error_code ec;
  EXPECT_EQ(update_batch(map, keys, values_of(keys), ec), result(2, 0, 2));
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(map.lookup(2), 20U);
  EXPECT_EQ(map.lookup(3), 0U);
  const BatchError error = batch_error_of([&] { update_batch(map, keys, values_of(keys)); });
  EXPECT_EQ(error.result(), result(2, 0, 2));
  EXPECT_TRUE(test::contains(error.what(), "index 50 is out of range (max_entries 10)"));
}

TEST(UpdateBatch, IsRefusedWithoutAValueForEachKey) {
  auto map = Numbers::create({.max_entries = 10});
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 10});
  for (const std::size_t size : {0U, 1U, 3U}) {
    std::error_code ec;
    EXPECT_EQ(update_batch(map, Keys{1, 2}, Values(size), ec), result(0));
    EXPECT_EQ(ec, Errc::wrong_value_count);
    EXPECT_EQ(update_batch(percpu, Keys{1, 2}, Values(size), ec), result(0));
    EXPECT_EQ(ec, Errc::wrong_value_count);
    EXPECT_EQ(insert_batch(map, Keys{1, 2}, Values(size), ec), result(0));
    EXPECT_EQ(ec, Errc::wrong_value_count);
    const BatchError error = batch_error_of([&] { update_batch(map, Keys{1, 2}, Values(size)); });
    EXPECT_EQ(error.code(), Errc::wrong_value_count);
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
  }
  EXPECT_EQ(test::held(map.map()).size(), 0U);
  EXPECT_EQ(test::held(percpu.map()).size(), 0U);
}

TEST(UpdateBatch, IsRefusedForPerCpuValuesThatWereMovedFrom) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 10});
  std::vector<PerCpuValues<std::uint64_t>> values(3);
  const auto gone = std::move(values[1]);
  std::error_code ec;
  EXPECT_EQ(update_batch(map, Keys{1, 2, 3}, values, ec), result(0));
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  EXPECT_EQ(test::held(map.map()).size(), 0U);
}

TEST(UpdateBatch, IsRefusedForAFrozenMap) {
  auto map = Numbers::create({.max_entries = 10});
  map.update(1, 1);
  map.map().freeze();
  std::error_code ec;
  EXPECT_EQ(update_batch(map, Keys{1, 2}, Values{3, 4}, ec), result(0, 0, 0));
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_EQ(insert_batch(map, Keys{5}, Values{3}, ec), result(0, 0, 0));
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_EQ(erase_batch(map, Keys{1}, ec), result(0, 0, 0));
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_EQ(map.lookup(1), 1U);
  const BatchError error = batch_error_of([&] { erase_batch(map, Keys{1}); });
  EXPECT_TRUE(test::contains(error.what(), "frozen"));
  EXPECT_EQ(error.operation(), Operation::erase_batch);
}

TEST(UpdateBatch, IsRefusedForAnEmptyMap) {
  Numbers map;
  std::error_code ec;
  EXPECT_EQ(update_batch(map, Keys{1}, Values{1}, ec), result(0));
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(erase_batch(map, Keys{1}, ec), result(0));
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(batch_error_of([&] { update_batch(map, Keys{1}, Values{1}); }).code(), Errc::no_map);
  EXPECT_EQ(batch_error_of([&] { (void)lookup_batch(map, Keys{1}); }).code(), Errc::no_map);
}

// As every other operation on an empty Map.
TEST(Batches, OfNoKeysAreRefusedForAnEmptyMap) {
  Numbers map;
  PerCpuHashMap<std::uint32_t, std::uint64_t> percpu;
  const std::vector<std::int64_t> wide;
  const auto is_refused = [](auto call) {
    std::error_code ec = make_error_code(std::errc::io_error);
    call(ec);
    return ec == Errc::no_map;
  };
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)update_batch(map, Keys{}, Values{}, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)update_batch(map, wide, wide, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)update_batch(percpu, wide, wide, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)insert_batch(map, wide, wide, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)replace_batch(map, wide, wide, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)erase_batch(map, Keys{}, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)erase_batch(map, wide, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)lookup_batch(map, Keys{}, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)lookup_batch(percpu, wide, ec); }));
  EXPECT_TRUE(is_refused([&](auto& ec) { (void)lookup_batch_into(map, wide, {}, ec); }));
}

}  // namespace
}  // namespace bpfmap
