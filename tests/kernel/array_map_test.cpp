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

const FlowStats stats{.packets = 3, .bytes = 4500};

TEST(ArrayMapCreate, FillsTypeAndSizesIn) {
  const auto map = ArrayMap<FlowStats>::create({.max_entries = 9, .name = "stats"});
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, MapType::array);
  EXPECT_EQ(info.key_size, 4U);
  EXPECT_EQ(info.value_size, 16U);
  EXPECT_EQ(info.max_entries, 9U);
  EXPECT_EQ(info.name, "stats");
  EXPECT_EQ(map.size(), 9U);
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
  for (std::uint32_t index = 0; index < map.size(); ++index)
    EXPECT_EQ(map.lookup(index), FlowStats{});
}

TEST(ArrayMapLookup, GivesWhatWasWritten) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  map.update(2, stats);
  EXPECT_EQ(map.lookup(2), stats);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(2, ec), stats);
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(2, LookupFlags::none, ec), stats);
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
  EXPECT_EQ(map.lookup(0, LookupFlags::lock, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  EXPECT_EQ(error_of([&] { (void)map.lookup(0, LookupFlags::lock); }).code(),
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
    EXPECT_EQ(ec.value(), E2BIG);
    EXPECT_EQ(ec, std::errc::argument_list_too_long);
    const Error error = error_of([&] { map.update(index, stats); });
    EXPECT_EQ(error.code().value(), E2BIG);
    EXPECT_TRUE(test::contains(error.what(), std::to_string(index)));
    EXPECT_TRUE(test::contains(error.what(), "3"));
  }
}

// Every entry is there: EXIST always holds, NOEXIST never.
TEST(ArrayMapUpdate, HonoursItsFlags) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 3});
  map.update(0, stats, UpdateFlags::exist);
  EXPECT_EQ(map.lookup(0), stats);
  std::error_code ec = Errc::invalid_name;
  map.update(0, FlowStats{}, UpdateFlags::exist, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(0), FlowStats{});
  map.update(0, stats, UpdateFlags::noexist, ec);
  EXPECT_EQ(ec, std::errc::file_exists);
  EXPECT_EQ(error_of([&] { map.update(0, stats, UpdateFlags::noexist); }).code(),
            std::errc::file_exists);
  EXPECT_EQ(map.lookup(0), FlowStats{}) << "nothing changed";
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
  EXPECT_EQ(pinned.size(), 2U);
  pinned.update(0, stats);
  made = ArrayMap<FlowStats>{};
  EXPECT_EQ(duplicate.lookup(0), stats);
}

}  // namespace
}  // namespace bpfmap
