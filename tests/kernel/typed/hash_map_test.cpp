// SPDX-License-Identifier: MIT
// HashMap on real maps: what it writes lies in the kernel, and what lies there it reads.
#include "bpfmap/typed/hash_map.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "bytes.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
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
using test::FlowKey;
using test::FlowStats;
using test::Name;
using test::Packed;
using test::Proto;
using test::told;

using Flows = HashMap<FlowKey, FlowStats>;
using Numbers = HashMap<std::uint32_t, std::uint64_t>;

const FlowKey flow{.src = 0x0a000001, .dst = 0x0a000002, .ports = {80, 1024}, .proto = 6};
const FlowKey absent{.src = 0x0a000001, .dst = 0x0a000003, .ports = {80, 1024}, .proto = 6};
const FlowStats stats{.packets = 3, .bytes = 4500};
const FlowStats other_stats{.packets = 4, .bytes = 6000};

TEST(HashMapCreate, FillsTypeAndSizesIn) {
  const auto map = Flows::create({.max_entries = 100, .name = "flows"});
  ASSERT_TRUE(map);
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, MapType::hash);
  EXPECT_EQ(info.key_size, 16U);
  EXPECT_EQ(info.value_size, 16U);
  EXPECT_EQ(info.max_entries, 100U);
  EXPECT_EQ(info.flags, MapFlags::none);
  EXPECT_EQ(info.name, "flows");
  EXPECT_NE(info.id, 0U);
}

TEST(HashMapCreate, TakesSizesAndTypeThatAgree) {
  std::error_code ec = Errc::invalid_name;
  const auto map = Flows::create({.type = MapType::hash,
                                  .key_size = 16,
                                  .value_size = 16,
                                  .max_entries = 7,
                                  .flags = MapFlags::no_prealloc},
                                 ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(map);
  EXPECT_EQ(map.map().info().max_entries, 7U);
  EXPECT_EQ(map.map().info().flags, MapFlags::no_prealloc);
}

TEST(HashMapCreate, TellsWhatTheKernelRefuses) {
  const std::size_t before = test::open_descriptors();
  std::error_code ec;
  EXPECT_FALSE(Flows::create({.name = "nothing"}, ec));
  EXPECT_EQ(ec, std::errc::invalid_argument);
  const Error error = error_of([] { (void)Flows::create({.name = "nothing"}); });
  EXPECT_EQ(error.code(), std::errc::invalid_argument);
  EXPECT_EQ(error.operation(), Operation::create);
  EXPECT_TRUE(test::contains(error.what(), "nothing"));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(HashMapLookup, GivesWhatWasWritten) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  EXPECT_EQ(map.lookup(flow), stats);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(flow, ec), stats);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(HashMapLookup, GivesNothingForAMissingKey) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  EXPECT_EQ(map.lookup(absent), std::nullopt);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(absent, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(HashMapLookup, ReadsWhatOthersWrote) {
  const auto map = Flows::create({.max_entries = 4});
  Map other = map.map().duplicate();
  other.update(bytes_of(flow), bytes_of(stats));
  EXPECT_EQ(map.lookup(flow), stats);
  EXPECT_TRUE(map.contains(flow));
}

TEST(HashMapLookup, LocksOnlyWhatHasALock) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  std::error_code ec;
  EXPECT_EQ(map.map().lookup(flow, LookupFlags::lock, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  EXPECT_EQ(error_of([&] { (void)map.map().lookup(flow, LookupFlags::lock); }).code(),
            std::errc::invalid_argument);
}

TEST(HashMapLookupInto, FillsTheValueIn) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  FlowStats room;
  EXPECT_TRUE(map.lookup_into(flow, room));
  EXPECT_EQ(room, stats);
  room = {};
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.lookup_into(flow, room, ec));
  EXPECT_EQ(room, stats);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(HashMapLookupInto, LeavesTheValueAloneForAMissingKey) {
  const auto map = Flows::create({.max_entries = 4});
  FlowStats room = stats;
  EXPECT_FALSE(map.lookup_into(absent, room));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_into(absent, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, stats);
}

TEST(HashMapLookupInto, WritesTheValueAndNotAByteMore) {
  using Large = Block<4096>;
  auto map = HashMap<std::uint32_t, Large>::create({.max_entries = 2});
  const auto large = Large::filled(1);
  map.update(1, large);
  const test::GuardedBuffer buffer{sizeof(Large)};
  auto* const room = ::new (buffer.bytes().data()) Large;
  EXPECT_TRUE(map.lookup_into(1, *room));
  EXPECT_EQ(*room, large);
}

TEST(HashMapUpdate, ReadsKeyAndValueAndNotAByteMore) {
  auto map = HashMap<Block<12>, Block<20>>::create({.max_entries = 2});
  const test::GuardedBuffer keys{12};
  const test::GuardedBuffer values{20};
  const auto* const key = ::new (keys.bytes().data()) Block<12>{Block<12>::filled(1)};
  const auto* const value = ::new (values.bytes().data()) Block<20>{Block<20>::filled(2)};
  map.update(*key, *value);
  EXPECT_EQ(map.lookup(Block<12>::filled(1)), Block<20>::filled(2));
  EXPECT_TRUE(map.contains(*key));
  EXPECT_TRUE(map.erase(*key));
}

TEST(HashMapContains, SaysWhetherThereIsAnEntry) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.contains(flow));
  EXPECT_TRUE(map.contains(flow, ec));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.contains(absent));
  EXPECT_FALSE(map.contains(absent, ec));
  EXPECT_EQ(ec, std::error_code{});
}

TEST(HashMapUpdate, WritesTheBytesOfKeyAndValue) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  EXPECT_EQ(map.map().get_next_key(std::nullopt), copy_of(bytes_of(flow)));
  EXPECT_EQ(map.map().lookup(bytes_of(flow)), copy_of(bytes_of(stats)));
}

TEST(HashMapUpdate, InsertsAndOverwrites) {
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  map.update(flow, other_stats);
  EXPECT_EQ(map.lookup(flow), other_stats);
  std::error_code ec = Errc::invalid_name;
  map.update(flow, stats, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(flow), stats);
}

TEST(HashMapMap, WithNoexistRefusesAKeyThatIsThere) {
  auto map = Flows::create({.max_entries = 4});
  Map& beneath = map.map();
  beneath.update(flow, stats, UpdateFlags::noexist);
  const Error error = error_of([&] { beneath.update(flow, other_stats, UpdateFlags::noexist); });
  EXPECT_EQ(error.code(), std::errc::file_exists);
  EXPECT_EQ(error.operation(), Operation::update);
  EXPECT_EQ(error.map_id(), map.map().info().id);
  std::error_code ec;
  beneath.update(flow, other_stats, UpdateFlags::noexist, ec);
  EXPECT_EQ(ec, std::errc::file_exists);
  EXPECT_EQ(map.lookup(flow), stats) << "nothing changed";
}

TEST(HashMapMap, WithExistRefusesAKeyThatIsNotThere) {
  auto map = Flows::create({.max_entries = 4});
  Map& beneath = map.map();
  const Error error = error_of([&] { beneath.update(flow, stats, UpdateFlags::exist); });
  EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  std::error_code ec;
  beneath.update(flow, stats, UpdateFlags::exist, ec);
  EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
  EXPECT_FALSE(map.contains(flow));
  map.update(flow, stats);
  beneath.update(flow, other_stats, UpdateFlags::exist);
  EXPECT_EQ(map.lookup(flow), other_stats);
}

TEST(HashMapMap, RefusesFlagsThatTheKernelDoesNotTake) {
  auto map = Flows::create({.max_entries = 4});
  Map& beneath = map.map();
  for (const auto flags : {UpdateFlags::noexist | UpdateFlags::exist, UpdateFlags::lock,
                           static_cast<UpdateFlags>(1U << 20)}) {
    std::error_code ec;
    beneath.update(flow, stats, flags, ec);
    EXPECT_EQ(ec, std::errc::invalid_argument);
    EXPECT_EQ(error_of([&] { beneath.update(flow, stats, flags); }).code(),
              std::errc::invalid_argument);
  }
  EXPECT_FALSE(map.contains(flow));
}

TEST(HashMapInsert, AddsAnEntryOnce) {
  auto map = Flows::create({.max_entries = 4});
  EXPECT_TRUE(map.insert(flow, stats));
  EXPECT_FALSE(map.insert(flow, other_stats));
  EXPECT_EQ(map.lookup(flow), stats) << "nothing changed";
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.insert(flow, other_stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.insert(absent, other_stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(absent), other_stats);
}

TEST(HashMapReplace, OverwritesOnlyWhatIsThere) {
  auto map = Flows::create({.max_entries = 4});
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.replace(flow, stats));
  EXPECT_FALSE(map.replace(flow, stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_FALSE(map.contains(flow)) << "nothing changed";
  map.update(flow, stats);
  EXPECT_TRUE(map.replace(flow, other_stats));
  EXPECT_EQ(map.lookup(flow), other_stats);
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.replace(flow, stats, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(flow), stats);
}

TEST(HashMapErase, ReturnsFalseForAMissingKey) {
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
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt) << "nothing is left";
}

TEST(HashMapLookupAndDelete, TakesTheEntryOut) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  map.update(absent, other_stats);
  EXPECT_EQ(map.lookup_and_delete(flow), stats);
  EXPECT_FALSE(map.contains(flow));
  EXPECT_EQ(map.lookup_and_delete(flow), std::nullopt);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_and_delete(absent, ec), other_stats);
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_and_delete(absent, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt) << "nothing is left";
}

TEST(HashMapLookupAndDeleteInto, FillsTheValueInAndTakesTheEntryOut) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  map.update(flow, stats);
  map.update(absent, other_stats);
  FlowStats room;
  EXPECT_TRUE(map.lookup_and_delete_into(flow, room));
  EXPECT_EQ(room, stats);
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.lookup_and_delete_into(absent, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, other_stats);
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt) << "nothing is left";
}

TEST(HashMapLookupAndDeleteInto, LeavesTheValueAloneForAMissingKey) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = Flows::create({.max_entries = 4});
  FlowStats room = stats;
  EXPECT_FALSE(map.lookup_and_delete_into(absent, room));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_and_delete_into(absent, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, stats);
  Flows none;
  EXPECT_FALSE(none.lookup_and_delete_into(flow, room, ec));
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(error_of([&] { (void)none.lookup_and_delete_into(flow, room); }).code(), Errc::no_map);
  EXPECT_EQ(room, stats);
}

TEST(HashMapLookupAndDeleteInto, WritesTheValueAndNotAByteMore) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  using Large = Block<4096>;
  auto map = HashMap<std::uint32_t, Large>::create({.max_entries = 2});
  map.update(1, Large::filled(1));
  const test::GuardedBuffer buffer{sizeof(Large)};
  auto* const room = ::new (buffer.bytes().data()) Large;
  EXPECT_TRUE(map.lookup_and_delete_into(1, *room));
  EXPECT_EQ(*room, Large::filled(1));
  EXPECT_FALSE(map.contains(1));
}

TEST(HashMapLookupAndDeleteInto, DecodesWhatHasACodec) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = HashMap<Name, BigEndian32>::create({.max_entries = 4});
  map.update(Name{"eth0"}, BigEndian32{7});
  BigEndian32 room{9};
  EXPECT_FALSE(map.lookup_and_delete_into(Name{"eth1"}, room));
  EXPECT_EQ(room, BigEndian32{9});
  EXPECT_TRUE(map.lookup_and_delete_into(Name{"eth0"}, room));
  EXPECT_EQ(room, BigEndian32{7});
}

// --- values as large as the kernel takes ---

struct Huge {
  std::uint32_t length = 0;
  std::array<char, (4U << 20U) - 1024> text;
};

// Runs `body` on a stack of `size` bytes.
template <class Body>
void with_stack_of(std::size_t size, Body body) {
  pthread_attr_t attributes;
  ASSERT_EQ(::pthread_attr_init(&attributes), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, size), 0);
  pthread_t thread{};
  const auto run = [](void* given) -> void* {
    (*static_cast<Body*>(given))();
    return nullptr;
  };
  ASSERT_EQ(::pthread_create(&thread, &attributes, run, &body), 0);
  EXPECT_EQ(::pthread_join(thread, nullptr), 0);
  ::pthread_attr_destroy(&attributes);
}

TEST(HashMapOfHugeValues, PutsNoMoreThanOneOnTheStack) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = HashMap<int, Huge>::create({.max_entries = 4, .flags = MapFlags::no_prealloc});
  const auto value = std::make_unique<Huge>();
  value->text.back() = 'z';
  for (std::uint32_t key = 1; key <= 4; ++key) {
    value->length = key;
    map.update(key, *value);
  }
  with_stack_of(6U << 20U, [&map] {
    const auto taken = map.lookup_and_delete(1);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->length, 1U);
    EXPECT_EQ(taken->text.back(), 'z');
  });
  with_stack_of(6U << 20U, [&map] {
    std::error_code ec;
    const auto taken = map.lookup_and_delete(2, ec);
    ASSERT_TRUE(taken) << ec.message();
    EXPECT_EQ(taken->length, 2U);
  });
  with_stack_of(6U << 20U, [&map] {
    const auto found = map.lookup(3);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->length, 3U);
  });
  with_stack_of(6U << 20U, [&map] {
    const auto found = map.map().lookup<Huge>(3);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text.back(), 'z');
  });
  with_stack_of(6U << 20U, [&map] {
    const auto taken = map.map().lookup_and_delete<Huge>(3);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->length, 3U);
  });
  EXPECT_EQ(map.map().get_next_key<int>(std::nullopt).has_value(), true);
}

TEST(HashMapOfHugeValues, PutsNoneOnTheStackWithARoom) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = HashMap<int, Huge>::create({.max_entries = 2, .flags = MapFlags::no_prealloc});
  const auto room = std::make_unique<Huge>();
  with_stack_of(256U << 10U, [&map, &room] {
    std::error_code ec;
    room->length = 7;
    room->text.back() = 'y';
    map.update(1, *room);
    EXPECT_FALSE(map.insert(1, *room, ec));
    EXPECT_TRUE(map.replace(1, *room, ec));
    room->length = 0;
    EXPECT_TRUE(map.lookup_into(1, *room));
    EXPECT_EQ(room->length, 7U);
    room->length = 0;
    EXPECT_TRUE(map.lookup_and_delete_into(1, *room));
    EXPECT_EQ(room->length, 7U);
    EXPECT_FALSE(map.lookup_and_delete_into(1, *room, ec));
    EXPECT_EQ(ec, std::error_code{});
  });
  EXPECT_EQ(room->text.back(), 'y');
}

// --- a full map ---

TEST(FullHashMap, RefusesANewKeyAndTakesAnOldOne) {
  auto map = Numbers::create({.max_entries = 4});
  for (std::uint32_t key = 0; key < 4; ++key) EXPECT_TRUE(map.insert(key, key));
  std::error_code ec;
  map.update(4, 4, ec);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
  EXPECT_EQ(ec.value(), E2BIG);
  EXPECT_FALSE(map.insert(4, 4, ec));
  EXPECT_EQ(ec.value(), E2BIG);
  const Error update = error_of([&] { map.update(4, 4); });
  EXPECT_EQ(update.code().value(), E2BIG);
  EXPECT_TRUE(test::contains(update.what(), "full"));
  EXPECT_EQ(error_of([&] { (void)map.insert(4, 4); }).code().value(), E2BIG);
  EXPECT_FALSE(map.contains(4));
  EXPECT_FALSE(map.replace(4, 4)) << "not there is not full";
  map.update(3, 33);
  EXPECT_TRUE(map.replace(2, 22));
  EXPECT_FALSE(map.insert(1, 11));
  EXPECT_EQ(map.lookup(3), 33U);
  EXPECT_EQ(map.lookup(2), 22U);
  EXPECT_EQ(map.lookup(1), 1U);
  EXPECT_TRUE(map.erase(0));
  EXPECT_TRUE(map.insert(4, 4)) << "there is room again";
}

TEST(FullHashMap, IsMapFull) {
  auto map = Numbers::create({.max_entries = 1});
  map.update(0, 0);
  std::error_code ec;
  map.update(4, 4, ec);
  EXPECT_EQ(ec, Condition::map_full);
  EXPECT_FALSE(map.insert(4, 4, ec));
  EXPECT_EQ(ec, Condition::map_full);
  EXPECT_EQ(error_of([&] { map.update(4, 4); }).code(), Condition::map_full);
  map.update(0, 5, ec);
  EXPECT_NE(ec, Condition::map_full);
}

// --- any integer is a key or a value ---

TEST(HashMapIntegers, TakesAnyIntegerTypeAsKeyAndValue) {
  auto map = HashMap<std::uint16_t, std::int32_t>::create({.max_entries = 4});
  map.update(std::int64_t{65535}, std::int8_t{-1});
  EXPECT_TRUE(map.insert(1LL, 2ULL));
  EXPECT_TRUE(map.replace(std::uint8_t{1}, std::int64_t{-3}));
  EXPECT_EQ(map.map().lookup(bytes({0xff, 0xff})), bytes({0xff, 0xff, 0xff, 0xff}));
  EXPECT_EQ(map.map().lookup(bytes({1, 0})), bytes({0xfd, 0xff, 0xff, 0xff}));
  EXPECT_EQ(map.lookup(65535U), -1);
  EXPECT_TRUE(map.contains(std::size_t{1}));
  std::int32_t room = 0;
  EXPECT_TRUE(map.lookup_into(std::int8_t{1}, room));
  EXPECT_EQ(room, -3);
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_TRUE(map.lookup_and_delete_into(1L, room));
  EXPECT_EQ(map.lookup_and_delete(std::uint64_t{65535}), -1);
  EXPECT_FALSE(map.erase(std::int64_t{1}));
}

// Each integer that does not fit is one of a key or a value that is there, cut to its bits.
TEST(HashMapIntegers, RefuseAKeyThatDoesNotFit) {
  auto map = HashMap<std::uint16_t, std::int32_t>::create({.max_entries = 4});
  map.update(1, 10);
  map.update(65535, 20);
  for (const std::int64_t key : {std::int64_t{-1}, std::int64_t{0x10001}, std::int64_t{-65535}}) {
    SCOPED_TRACE(key);
    std::int32_t room = 9;
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(Errc::out_of_range, call).empty());
    };
    expect_refused([&](auto&... ec) { (void)map.lookup(key, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_into(key, room, ec...); });
    expect_refused([&](auto&... ec) { (void)map.contains(key, ec...); });
    expect_refused([&](auto&... ec) { map.update(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.erase(key, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_and_delete(key, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_and_delete_into(key, room, ec...); });
    EXPECT_EQ(room, 9);
  }
  EXPECT_EQ(test::stored_keys(map.map()).size(), 2U);
  EXPECT_EQ(map.map().lookup(bytes({1, 0})), bytes({10, 0, 0, 0}));
  EXPECT_EQ(map.map().lookup(bytes({0xff, 0xff})), bytes({20, 0, 0, 0}));
}

TEST(HashMapIntegers, RefuseAValueThatDoesNotFit) {
  auto map = HashMap<std::uint16_t, std::uint8_t>::create({.max_entries = 4});
  map.update(1, 10);
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{256}}) {
    SCOPED_TRACE(value);
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(Errc::out_of_range, call).empty());
    };
    expect_refused([&](auto&... ec) { map.update(1, value, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(2, value, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(1, value, ec...); });
  }
  EXPECT_EQ(test::stored_keys(map.map()).size(), 1U);
  EXPECT_EQ(map.map().lookup(bytes({1, 0})), bytes({10}));
  auto narrow = HashMap<std::int8_t, std::int8_t>::create({.max_entries = 4});
  std::error_code ec;
  narrow.update(128, 0, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  narrow.update(0, -129L, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  narrow.update(-128, 127, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(narrow.map().lookup(bytes({0x80})), bytes({0x7f}));
}

// --- kinds of keys and values ---

TEST(HashMapOfCodedTypes, KeepsTheBytesOfTheirCodecs) {
  auto map = HashMap<Name, BigEndian32>::create({.max_entries = 4});
  EXPECT_EQ(map.map().info().key_size, 16U);
  EXPECT_EQ(map.map().info().value_size, 4U);
  map.update(Name{"eth0"}, BigEndian32{0x01020304});
  Bytes key(16);
  std::memcpy(key.data(), "eth0", 4);
  EXPECT_EQ(map.map().get_next_key(std::nullopt), key);
  EXPECT_EQ(map.map().lookup(key), bytes({1, 2, 3, 4}));

  EXPECT_EQ(map.lookup(Name{"eth0"}), BigEndian32{0x01020304});
  EXPECT_EQ(map.lookup(Name{"eth1"}), std::nullopt);
  EXPECT_FALSE(map.insert(Name{"eth0"}, BigEndian32{5}));
  EXPECT_TRUE(map.replace(Name{"eth0"}, BigEndian32{5}));
  BigEndian32 room;
  EXPECT_TRUE(map.lookup_into(Name{"eth0"}, room));
  EXPECT_EQ(room, BigEndian32{5});
  EXPECT_TRUE(map.contains(Name{"eth0"}));
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(map.lookup_and_delete(Name{"eth0"}), BigEndian32{5});
  EXPECT_FALSE(map.erase(Name{"eth0"}));
}

TEST(HashMapOfCodedTypes, TakesAValueThatIsAString) {
  auto map = HashMap<BigEndian32, Name>::create({.max_entries = 4});
  map.update(BigEndian32{1}, Name{"sixteen bytes ok"});
  map.update(BigEndian32{2}, Name{});
  EXPECT_EQ(map.map().lookup(bytes({0, 0, 0, 2})), Bytes(16));
  EXPECT_EQ(map.lookup(BigEndian32{1}), Name{"sixteen bytes ok"});
  Name room{"old"};
  EXPECT_TRUE(map.lookup_into(BigEndian32{2}, room));
  EXPECT_EQ(room, Name{});
}

TEST(HashMapOfCodedTypes, FindsKeysThatDifferInPaddingOnly) {
  auto map = HashMap<Packed, int>::create({.max_entries = 4});
  Packed a;
  Packed b;
  std::memset(static_cast<void*>(&a), 0x00, sizeof a);
  std::memset(static_cast<void*>(&b), 0xff, sizeof b);
  a.a = b.a = 1;
  a.b = b.b = 2;
  map.update(a, 7);
  EXPECT_EQ(map.lookup(b), 7);
  EXPECT_FALSE(map.insert(b, 8));
}

TEST(HashMapOfBool, TakesAnyByteThatIsNotZeroForTrue) {
  auto map = HashMap<std::uint16_t, bool>::create({.max_entries = 4});
  EXPECT_EQ(map.map().info().value_size, 1U);
  map.update(1, true);
  map.update(2, false);
  EXPECT_EQ(map.map().lookup(1), bytes({1}));
  EXPECT_EQ(map.map().lookup(2), bytes({0}));
  map.map().update(3, bytes({0x80}));
  EXPECT_EQ(map.lookup(1), true);
  EXPECT_EQ(map.lookup(2), false);
  EXPECT_EQ(map.lookup(3), true);
  bool room = false;
  EXPECT_TRUE(map.lookup_into(3, room));
  EXPECT_TRUE(room);
}

TEST(HashMapOfEnumerators, KeepsTheirNumbers) {
  auto map = HashMap<Proto, Proto>::create({.max_entries = 4});
  map.update(Proto::tcp, Proto::udp);
  EXPECT_EQ(map.map().lookup(bytes({6})), bytes({17}));
  EXPECT_EQ(map.lookup(Proto::tcp), Proto::udp);
  EXPECT_EQ(map.lookup(Proto::icmp), std::nullopt);
}

TEST(HashMapOfArrays, KeepsEveryElement) {
  using Path = std::array<char, 8>;
  using Counts = std::array<std::uint32_t, 3>;
  auto map = HashMap<Path, Counts>::create({.max_entries = 4});
  const Path path{'/', 't', 'm', 'p'};
  map.update(path, Counts{1, 2, 3});
  EXPECT_EQ(map.lookup(path), (Counts{1, 2, 3}));
  EXPECT_EQ(map.map().info().key_size, 8U);
  EXPECT_EQ(map.map().info().value_size, 12U);
}

TEST(HashMapOfLargeTypes, KeepsEveryByte) {
  using Key = Block<500>;
  using Large = Block<4096>;
  auto map = HashMap<Key, Large>::create({.max_entries = 3});
  for (unsigned i = 0; i < 3; ++i) EXPECT_TRUE(map.insert(Key::filled(i), Large::filled(100 + i)));
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(map.lookup(Key::filled(i)), Large::filled(100 + i));
    EXPECT_EQ(map.map().lookup(bytes_of(Key::filled(i))),
              copy_of(bytes_of(Large::filled(100 + i))));
  }
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(map.lookup_and_delete(Key::filled(1)), Large::filled(101));
}

TEST(HashMapOfPaddedValues, KeepsTheMembers) {
  auto map = HashMap<int, test::Padded>::create({.max_entries = 4});
  map.update(-1, {.a = 1, .b = 2});
  EXPECT_EQ(map.lookup(-1), (test::Padded{.a = 1, .b = 2}));
}

TEST(HashMapOfSignedKeys, KeepsTheirSign) {
  auto map = HashMap<std::int64_t, std::int32_t>::create({.max_entries = 4});
  map.update(-2, -3);
  EXPECT_EQ(map.lookup(-2), -3);
  EXPECT_EQ(map.map().lookup<std::int32_t>(-2), -3);
  EXPECT_EQ(map.map().lookup(-2), bytes({0xfd, 0xff, 0xff, 0xff}));
}

// --- views, and who owns ---

TEST(HashMapView, OfAPinnedMapSeesItsEntries) {
  const test::PrivateBpffs bpffs;
  auto made = Flows::create({.max_entries = 4, .name = "flows"});
  made.update(flow, stats);
  made.map().pin(bpffs.path("flows"));
  Flows opened{Map::open_pinned(bpffs.path("flows"))};
  EXPECT_EQ(opened.lookup(flow), stats);
  opened.update(absent, other_stats);
  EXPECT_EQ(made.lookup(absent), other_stats);
  EXPECT_EQ(opened.map().info().id, made.map().info().id);
  EXPECT_EQ(opened.map().info().name, "flows");
}

TEST(HashMapView, OfAnIdOrADuplicateSeesItsEntries) {
  auto made = Flows::create({.max_entries = 4});
  Flows by_id{Map::from_id(made.map().info().id)};
  Flows duplicate{made.map().duplicate()};
  Flows of_descriptor{Map::duplicate_of(made.map().fd())};
  by_id.update(flow, stats);
  EXPECT_EQ(made.lookup(flow), stats);
  EXPECT_TRUE(duplicate.erase(flow));
  EXPECT_FALSE(of_descriptor.contains(flow));
}

TEST(HashMapView, KeepsTheMapWhenItsMakerIsGone) {
  auto made = Flows::create({.max_entries = 4});
  made.update(flow, stats);
  const Flows duplicate{made.map().duplicate()};
  made = Flows{};
  EXPECT_EQ(duplicate.lookup(flow), stats);
}

TEST(HashMapMove, TakesTheMapAlong) {
  const std::size_t before = test::open_descriptors();
  {
    auto first = Flows::create({.max_entries = 4});
    first.update(flow, stats);
    Flows second{std::move(first)};
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(second.lookup(flow), stats);
    Flows third = Flows::create({.max_entries = 4});
    third = std::move(second);
    EXPECT_FALSE(second);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(third.lookup(flow), stats);
    EXPECT_EQ(test::open_descriptors(), before + 1);
    std::error_code ec;
    EXPECT_EQ(second.lookup(flow, ec), std::nullopt);
    EXPECT_EQ(ec, Errc::no_map);
    second = Flows::create({.max_entries = 4});
    EXPECT_TRUE(second.insert(flow, stats)) << "a new map in its place";
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(HashMapMap, IsTheMapBeneath) {
  auto map = Numbers::create({.max_entries = 4});
  map.map().update(1, 2);
  EXPECT_EQ(map.lookup(1), 2U);
  Map beneath = std::move(map).map();
  EXPECT_FALSE(map);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(beneath.lookup<int>(1), 2);
}

}  // namespace
}  // namespace bpfmap
