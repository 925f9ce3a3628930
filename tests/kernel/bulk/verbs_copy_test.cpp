// SPDX-License-Identifier: MIT
// Copies of whole maps.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bulk/verbs.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using test::Entries;
using test::errno_code;
using test::error_of;
using test::fill;
using test::held;
using test::live_maps;
using test::make_map;
using test::OuterMap;
using test::same;

using test::Numbers;
using test::numbers;

TEST(Copy, WritesEveryEntryIntoAMapOfTheSameType) {
  std::vector<Map> to = live_maps(12);
  for (Map& from : live_maps(12)) {
    SCOPED_TRACE(to_string(from.info().type));
    const Entries entries = fill(from, 500);
    for (Map& map : to) {
      if (map.info().type != from.info().type) continue;
      EXPECT_EQ(copy(from, map), 500U);
      EXPECT_TRUE(same(held(map), entries));
      EXPECT_TRUE(same(held(from), entries));
    }
  }
}

TEST(Copy, WritesIntoAMapOfAnotherType) {
  const auto from = numbers(700);
  auto lru = Numbers::create({.type = MapType::lru_hash, .max_entries = 8000});
  EXPECT_EQ(copy(from, lru), 700U);
  EXPECT_TRUE(same(held(lru.map()), held(from.map())));
  auto array = ArrayMap<std::uint64_t>::create({.max_entries = 700});
  EXPECT_EQ(copy(from, array), 700U);
  EXPECT_EQ(array.lookup(699), 6990U);
  auto back = Numbers::create({.max_entries = 700});
  EXPECT_EQ(copy(array, back), 700U);
  EXPECT_TRUE(same(held(back.map()), held(from.map())));
}

TEST(Copy, WritesThePerCpuValuesOfEachCpu) {
  Map from = make_map(MapType::percpu_hash, 4, 5, 300);
  const Entries entries = fill(from, 300);
  Map to = make_map(MapType::lru_percpu_hash, 4, 5, 4000);
  EXPECT_EQ(copy(from, to), 300U);
  EXPECT_TRUE(same(held(to), entries));
}

TEST(Copy, MayBeOfAMapOntoItself) {
  auto map = numbers(700, 700);
  const Entries entries = held(map.map());
  EXPECT_EQ(copy(map, map), 700U);
  EXPECT_TRUE(same(held(map.map()), entries));
}

TEST(Copy, KeepsWhatIsThereWhenAskedTo) {
  const auto from = numbers(500);
  auto to = Numbers::create({.max_entries = 1000});
  for (std::uint32_t key = 0; key < 1000; key += 5) to.update(key, 1);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(copy(from, to, CopyMode::insert, ec), 400U);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(to.lookup(5), 1U);
  EXPECT_EQ(to.lookup(6), 60U);
  EXPECT_EQ(copy(from, to, CopyMode::replace), 500U);
  EXPECT_EQ(to.lookup(5), 50U);
}

TEST(Copy, TellsThatTheTargetIsFull) {
  const auto from = numbers(500);
  auto to = Numbers::create({.max_entries = 300});
  std::error_code ec;
  EXPECT_EQ(copy(from, to, ec), 300U);
  EXPECT_EQ(ec, errno_code(E2BIG));
  EXPECT_EQ(count(to), 300U);
  const Error error = error_of([&] { copy(from, to); });
  EXPECT_EQ(error.map_id(), to.map().info().id);
  EXPECT_EQ(error.operation(), Operation::update_batch);
  EXPECT_TRUE(test::contains(error.what(), "the map is full (300 of 300 entries)"));
}

TEST(Copy, TellsWhichIndexIsOutOfRange) {
  Map from = make_map(MapType::array, 4, 4, 10);
  Map to = make_map(MapType::array, 4, 4, 4);
  std::error_code ec;
  EXPECT_EQ(copy(from, to, UpdateFlags::any, ec), 4U);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_TRUE(test::contains(error_of([&] { copy(from, to); }).what(),
                             "index 4 is out of range (max_entries 4)"));
}

TEST(Copy, TellsThatTheSourceCannotBeRead) {
  auto map = numbers(5);
  const Map blind = Map::from_id(map.map().info().id, Access::write_only);
  Map to = make_map(MapType::hash, 4, 8, 10);
  const Error error = error_of([&] { copy(blind, to); });
  EXPECT_EQ(error.operation(), Operation::scan);
  EXPECT_EQ(error.map_id(), blind.info().id);
  EXPECT_TRUE(test::contains(error.what(), "write-only"));
}

TEST(Copy, IsRefusedBetweenMapsThatDoNotFit) {
  const Map from = make_map(MapType::hash, 4, 8, 10);
  const auto expect_refused = [&](Map to, const Map& source, std::error_code code) {
    std::error_code ec;
    EXPECT_EQ(copy(source, to, UpdateFlags::any, ec), 0U);
    EXPECT_EQ(ec, code);
    EXPECT_EQ(error_of([&] { copy(source, to); }).code(), code);
  };
  expect_refused(make_map(MapType::hash, 8, 8, 10), from, Errc::wrong_key_size);
  expect_refused(make_map(MapType::hash, 4, 4, 10), from, Errc::wrong_value_size);
  expect_refused(make_map(MapType::percpu_hash, 4, 8, 10), from, Errc::map_is_percpu);
  expect_refused(make_map(MapType::hash, 4, 8, 10), make_map(MapType::percpu_hash, 4, 8, 10),
                 Errc::map_is_not_percpu);
  expect_refused(Map{}, from, Errc::no_map);
  expect_refused(make_map(MapType::hash, 4, 8, 10), Map{}, Errc::no_map);
  expect_refused(make_map(MapType::queue, 0, 8, 10), make_map(MapType::queue, 0, 8, 10),
                 Errc::unsupported_operation);
}

// An id is read and a descriptor written: a copy would put in whatever has that number.
TEST(Copy, IsRefusedWhereIdsAreReadAndDescriptorsWritten) {
  for (const MapType type : {MapType::hash_of_maps, MapType::array_of_maps}) {
    OuterMap from{type};
    OuterMap to{type};
    from.map.update(1, from.inner.fd());
    std::error_code ec;
    Map plain = make_map(MapType::hash, 4, 4, 64);
    EXPECT_EQ(copy(from.map, plain, UpdateFlags::any, ec), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_NE(explain(ec).find("are read as ids and written as descriptors"), std::string::npos);
    plain.update(1, 3);
    EXPECT_EQ(copy(plain, to.map, UpdateFlags::any, ec), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_NE(explain(ec).find("are read as ids and written as descriptors"), std::string::npos);
  }
}

TEST(Copy, NamesTheMapWhoseValuesCannotBeRead) {
  const Map programs = make_map(MapType::prog_array, 4, 4, 1);
  Map plain = make_map(MapType::hash, 4, 4, 1);
  std::error_code ec;
  EXPECT_EQ(copy(programs, plain, UpdateFlags::any, ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);
  EXPECT_NE(explain(ec).find("the values of prog_array maps"), std::string::npos) << explain(ec);
  EXPECT_EQ(explain(ec).find("hash"), std::string::npos) << explain(ec);
}

}  // namespace
}  // namespace bpfmap
