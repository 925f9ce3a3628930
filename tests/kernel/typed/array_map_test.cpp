// SPDX-License-Identifier: MIT
// ArrayMap on real maps.
#include "bpfmap/typed/array_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "bytes.hpp"
#include "kernel_test.hpp"
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
using test::FlowStats;
using test::Name;
using test::Packed;
using test::told;

const FlowStats stats{.packets = 3, .bytes = 4500};

TEST(ArrayMapCreate, FillsTypeAndSizesIn) {
  const auto map = ArrayMap<FlowStats>::create({.max_entries = 9, .name = "stats"});
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, MapType::array);
  EXPECT_EQ(info.key_size, 4U);
  EXPECT_EQ(info.value_size, 16U);
  EXPECT_EQ(info.max_entries, 9U);
  EXPECT_EQ(info.name, "stats");
  EXPECT_EQ(map.max_entries(), 9U);
}

TEST(ArrayMapCreate, PassesFlagsOn) {
  std::error_code ec = Errc::invalid_name;
  const auto map = ArrayMap<int>::create({.max_entries = 1, .flags = MapFlags::mmapable}, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.map().info().flags, MapFlags::mmapable);
  EXPECT_FALSE(ArrayMap<int>::create({.max_entries = 1, .flags = MapFlags::no_prealloc}, ec));
  EXPECT_EQ(ec, std::errc::invalid_argument);
}

TEST(ArrayMapLookup, GivesZeroAtFirst) {
  const auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  for (std::uint32_t index = 0; index < map.max_entries(); ++index)
    EXPECT_EQ(map.lookup(index), FlowStats{});
}

TEST(ArrayMapLookup, GivesWhatWasWritten) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  map.update(2, stats);
  EXPECT_EQ(map.lookup(2), stats);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(2, ec), stats);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(1), FlowStats{}) << "the others are as they were";
}

TEST(ArrayMapLookupInto, CopiesTheValue) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 2});
  map.update(1, stats);
  FlowStats value{};
  map.lookup_into(1, value);
  EXPECT_EQ(value, stats);
  std::error_code ec;
  map.lookup_into(0, value, ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(value, FlowStats{});
}

TEST(ArrayMapLookupInto, DecodesWhatHasACodec) {
  auto map = ArrayMap<Name>::create({.max_entries = 1});
  map.update(0, Name{"eth0"});
  Name name;
  map.lookup_into(0, name);
  EXPECT_EQ(name, Name{"eth0"});
}

TEST(ArrayMapLookupInto, LeavesTheValueAloneWhenThereIsNone) {
  const auto map = ArrayMap<FlowStats>::create({.max_entries = 2});
  FlowStats value = stats;
  std::error_code ec;
  map.lookup_into(2, value, ec);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(error_of([&] { map.lookup_into(2, value); }).code(), Errc::index_out_of_range);
  EXPECT_EQ(value, stats);
}

TEST(ArrayMapLookup, RefusesAnIndexOutOfRange) {
  const auto map = ArrayMap<FlowStats>::create({.max_entries = 3, .name = "stats"});
  for (const std::uint32_t index : {3U, 4U, std::numeric_limits<std::uint32_t>::max()}) {
    std::error_code ec;
    EXPECT_EQ(map.lookup(index, ec), std::nullopt);
    EXPECT_EQ(ec, Errc::index_out_of_range);
    EXPECT_EQ(ec, std::errc::argument_list_too_long);
    const Error error = error_of([&] { (void)map.lookup(index); });
    EXPECT_EQ(error.code(), Errc::index_out_of_range);
    EXPECT_EQ(error.operation(), Operation::lookup);
    EXPECT_TRUE(test::contains(error.what(), std::to_string(index)));
    EXPECT_TRUE(test::contains(error.what(), "stats"));
  }
}

TEST(ArrayMapLookup, LocksOnlyWhatHasALock) {
  const auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  std::error_code ec;
  EXPECT_EQ(map.map().lookup(0, LookupFlags::lock, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  EXPECT_EQ(error_of([&] { (void)map.map().lookup(0, LookupFlags::lock); }).code(),
            std::errc::invalid_argument);
}

TEST(ArrayMapUpdate, WritesTheBytesOfTheValue) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  map.update(1, stats);
  EXPECT_EQ(map.map().lookup(1), copy_of(bytes_of(stats)));
  EXPECT_EQ(map.map().lookup(0), Bytes(16));
  EXPECT_EQ(map.map().lookup(2), Bytes(16));
  std::error_code ec = Errc::invalid_name;
  map.update(2, stats, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.map().lookup(2), copy_of(bytes_of(stats)));
}

TEST(ArrayMapUpdate, RefusesAnIndexOutOfRange) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  for (const std::uint32_t index : {3U, std::numeric_limits<std::uint32_t>::max()}) {
    std::error_code ec;
    map.update(index, stats, ec);
    EXPECT_EQ(ec, Errc::index_out_of_range);
    EXPECT_EQ(ec, std::errc::argument_list_too_long);
    const Error error = error_of([&] { map.update(index, stats); });
    EXPECT_EQ(error.code(), Errc::index_out_of_range);
    EXPECT_EQ(error.operation(), Operation::update);
    EXPECT_TRUE(test::contains(error.what(), std::to_string(index)));
    EXPECT_TRUE(test::contains(error.what(), "3"));
  }
}

// Every entry is there: EXIST always holds, NOEXIST never.
TEST(ArrayMapUpdate, TakesFlagsOnTheMapBeneath) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  Map& beneath = map.map();
  beneath.update(0, stats, UpdateFlags::exist);
  EXPECT_EQ(map.lookup(0), stats);
  std::error_code ec = Errc::invalid_name;
  beneath.update(0, FlowStats{}, UpdateFlags::exist, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(0), FlowStats{});
  beneath.update(0, stats, UpdateFlags::noexist, ec);
  EXPECT_EQ(ec, std::errc::file_exists);
  EXPECT_EQ(error_of([&] { beneath.update(0, stats, UpdateFlags::noexist); }).code(),
            std::errc::file_exists);
  EXPECT_EQ(map.lookup(0), FlowStats{}) << "nothing changed";
}

// --- any integer is an index or a value ---

TEST(ArrayMapIntegers, TakesAnyIntegerTypeAsIndexAndValue) {
  auto map = ArrayMap<std::uint16_t>::create({.max_entries = 3});
  map.update(std::int8_t{1}, std::int64_t{65535});
  map.update(std::uint64_t{2}, 7);
  EXPECT_EQ(map.lookup(std::int64_t{1}), 65535U);
  EXPECT_EQ(map.lookup(std::size_t{2}), 7U);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(std::uint8_t{1}, ec), 65535U);
  EXPECT_EQ(ec, std::error_code{});
  std::uint16_t room = 0;
  map.lookup_into(2LL, room, ec);
  EXPECT_EQ(room, 7U);
  EXPECT_EQ(map.map().lookup(1), bytes({0xff, 0xff}));
}

TEST(ArrayMapIntegers, RefuseAnIndexThatDoesNotFit) {
  auto map = ArrayMap<std::uint16_t>::create({.max_entries = 3});
  map.update(2, 7);
  // Cut to 32 bits, these are 1, 2, and 2.
  for (const std::int64_t index :
       {std::int64_t{-1}, std::int64_t{0x1'0000'0002}, -std::int64_t{0xffff'fffe}}) {
    SCOPED_TRACE(index);
    EXPECT_FALSE(
        told(Errc::out_of_range, [&](auto&... ec) { (void)map.lookup(index, ec...); }).empty());
    std::uint16_t room = 9;
    EXPECT_FALSE(told(Errc::out_of_range, [&](auto&... ec) {
                   map.lookup_into(index, room, ec...);
                 }).empty());
    EXPECT_EQ(room, 9U);
    EXPECT_FALSE(
        told(Errc::out_of_range, [&](auto&... ec) { map.update(index, 1, ec...); }).empty());
  }
  EXPECT_EQ(map.map().lookup(0), Bytes(2));
  EXPECT_EQ(map.map().lookup(1), Bytes(2));
  EXPECT_EQ(map.map().lookup(2), bytes({7, 0})) << "nothing is written";
}

TEST(ArrayMapIntegers, RefuseAValueThatDoesNotFit) {
  auto map = ArrayMap<std::uint16_t>::create({.max_entries = 3});
  map.update(0, 7);
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{0x10000}}) {
    SCOPED_TRACE(value);
    EXPECT_FALSE(
        told(Errc::out_of_range, [&](auto&... ec) { map.update(0, value, ec...); }).empty());
  }
  EXPECT_EQ(map.map().lookup(0), bytes({7, 0})) << "nothing is written";
  auto small = ArrayMap<std::int8_t>::create({.max_entries = 1});
  small.update(0, -128L);
  std::error_code ec;
  small.update(0, -129, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  small.update(0, 128U, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(small.map().lookup(0), bytes({0x80}));
}

// --- kinds of values ---

TEST(ArrayMapOfCodedTypes, KeepsTheBytesOfTheirCodecs) {
  auto names = ArrayMap<Name>::create({.max_entries = 2});
  names.update(1, Name{"eth0"});
  Bytes expected(16);
  std::memcpy(expected.data(), "eth0", 4);
  EXPECT_EQ(names.map().lookup(1), expected);
  EXPECT_EQ(names.lookup(1), Name{"eth0"});
  EXPECT_EQ(names.lookup(0), Name{});

  auto numbers = ArrayMap<BigEndian32>::create({.max_entries = 2});
  numbers.update(1, BigEndian32{0x01020304});
  EXPECT_EQ(numbers.map().lookup(1), bytes({1, 2, 3, 4}));
  EXPECT_EQ(numbers.lookup(1), BigEndian32{0x01020304});

  auto packed = ArrayMap<Packed>::create({.max_entries = 2});
  packed.update(1, Packed{1, 0x05040302});
  EXPECT_EQ(packed.map().lookup(1), bytes({1, 2, 3, 4, 5}));
  EXPECT_EQ(packed.lookup(1), (Packed{1, 0x05040302}));
}

TEST(ArrayMapOfCodedTypes, NeedsNoDefaultConstructor) {
  static_assert(!std::default_initializable<test::Mac>);
  auto macs = ArrayMap<test::Mac>::create({.max_entries = 2});
  const test::Mac mac{{1, 2, 3, 4, 5, 6}};
  macs.update(1, mac);
  EXPECT_EQ(macs.lookup(1), mac);
  EXPECT_EQ(error_of([&] { (void)macs.lookup(2); }).code(), Errc::index_out_of_range);
}

TEST(ArrayMapOfBool, TakesAnyByteThatIsNotZeroForTrue) {
  auto map = ArrayMap<bool>::create({.max_entries = 3});
  map.update(0, true);
  EXPECT_EQ(map.map().lookup(0), bytes({1}));
  map.map().update(1, bytes({0xff}));
  EXPECT_TRUE(map.lookup(0));
  EXPECT_TRUE(map.lookup(1));
  EXPECT_FALSE(map.lookup(2));
}

template <std::size_t size>
void expect_blocks_of() {
  SCOPED_TRACE(size);
  auto map = ArrayMap<Block<size>>::create({.max_entries = 3});
  EXPECT_EQ(map.map().info().value_size, size);
  for (unsigned i = 0; i < 3; ++i) map.update(i, Block<size>::filled(i));
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(map.lookup(i), Block<size>::filled(i));
    EXPECT_EQ(map.map().lookup(i), copy_of(bytes_of(Block<size>::filled(i))));
  }
}

// The kernel rounds the distance of values up to 8; nobody else has to know.
TEST(ArrayMapOfAnySize, KeepsEveryByte) {
  expect_blocks_of<1>();
  expect_blocks_of<3>();
  expect_blocks_of<4>();
  expect_blocks_of<8>();
  expect_blocks_of<12>();
  expect_blocks_of<100>();
  expect_blocks_of<4096>();
}

TEST(ArrayMapUpdate, ReadsTheValueAndNotAByteMore) {
  auto map = ArrayMap<Block<20>>::create({.max_entries = 1});
  const test::GuardedBuffer buffer{20};
  const auto* const value = ::new (buffer.bytes().data()) Block<20>{Block<20>::filled(3)};
  map.update(0, *value);
  EXPECT_EQ(map.lookup(0), Block<20>::filled(3));
}

TEST(ArrayMapOfDoubles, KeepsThem) {
  auto map = ArrayMap<double>::create({.max_entries = 1});
  map.update(0, -0.5);
  EXPECT_EQ(map.lookup(0), -0.5);
}

// --- views ---

TEST(ArrayMapView, SeesTheSameEntries) {
  const test::PrivateBpffs bpffs;
  auto made = ArrayMap<FlowStats>::create({.max_entries = 2});
  made.update(1, stats);
  made.map().pin(bpffs.path("stats"));
  ArrayMap<FlowStats> pinned{Map::open_pinned(bpffs.path("stats"))};
  const ArrayMap<FlowStats> by_id{Map::from_id(made.map().info().id)};
  std::error_code ec = Errc::invalid_name;
  const ArrayMap<FlowStats> duplicate{made.map().duplicate(), ec};
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(pinned.lookup(1), stats);
  EXPECT_EQ(by_id.lookup(1), stats);
  EXPECT_EQ(duplicate.lookup(1), stats);
  EXPECT_EQ(pinned.max_entries(), 2U);
  pinned.update(0, stats);
  made = ArrayMap<FlowStats>{};
  EXPECT_EQ(duplicate.lookup(0), stats);
}

}  // namespace
}  // namespace bpfmap
