// SPDX-License-Identifier: MIT
// Walks of the types that have no batches, and what the verbs make of them.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "bulk_support.hpp"
#include "kernel_has.hpp"
#include "program.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::Entries;
using test::errno_code;
using test::error_of;
using test::held;
using test::make_map;
using test::numbered;
using test::same;
using test::shown;
using test::spec_of;

// Sockets, in slots 0, 2, 4, ... of `map`; what the map shows of them.
Entries put_sockets(Map& map, std::vector<sys::UniqueFd>& sockets) {
  Entries entries;
  for (std::uint32_t index = 0; index < map.info().max_entries; index += 2) {
    sockets.push_back(test::bound_socket(SOCK_DGRAM));
    map.update(index, sockets.back().get());
    entries[numbered(4, index)] = numbered(map.info().value_size, test::cookie_of(sockets.back()));
  }
  return entries;
}

void expect_walk(const Map& map, ScanMethod method, const Entries& expected) {
  SCOPED_TRACE(to_string(map.info().type));
  for (const std::uint32_t batch_size : {0U, 1U, 2U}) {
    auto scan = bpfmap::scan(map, {.batch_size = batch_size});
    EXPECT_TRUE(same(shown(scan), expected));
    EXPECT_EQ(scan.status().method, method);
    EXPECT_EQ(scan.status().exact, method == ScanMethod::index);
    EXPECT_TRUE(scan.status().complete);
    EXPECT_FALSE(scan.status().restarted);
    EXPECT_EQ(scan.status().entries, expected.size());
  }
  EXPECT_EQ(count(map), expected.size());
}

TEST(WalkWithoutBatches, ShowsTheFilledSlotsOfAProgArray) {
  Map map = make_map(MapType::prog_array, 4, 4, 7);
  expect_walk(map, ScanMethod::index, {});
  const sys::UniqueFd program = test::load_program();
  for (const std::uint32_t index : {1U, 6U}) map.update(index, program.get());
  const Entries entries = held(map);
  EXPECT_EQ(entries.size(), 2U);
  expect_walk(map, ScanMethod::index, entries);
  EXPECT_EQ(clear(map), 2U);
  EXPECT_TRUE(same(held(map), Entries{}));
  EXPECT_EQ(clear(map), 0U);
}

TEST(WalkWithoutBatches, ShowsTheFilledSlotsOfADevmap) {
  Map map = make_map(MapType::devmap, 4, 4, 7);
  expect_walk(map, ScanMethod::index, {});
  for (const std::uint32_t index : {0U, 5U}) map.update(index, 1U);
  expect_walk(map, ScanMethod::index, held(map));
  EXPECT_EQ(erase_if(map, [](BytesView key, BytesView) { return test::number_of(key) == 5; }), 1U);
  EXPECT_EQ(clear(map), 1U);
  EXPECT_TRUE(same(held(map), Entries{}));
  EXPECT_EQ(clear(map), 0U);
}

TEST(WalkWithoutBatches, ShowsTheFilledSlotsOfACpumap) {
  Map map =
      make_map(MapType::cpumap, 4, 4, static_cast<std::uint32_t>(sys::possible_cpus().size()));
  expect_walk(map, ScanMethod::index, {});
  map.update(0U, 64U);
  expect_walk(map, ScanMethod::index, {{numbered(4, 0), numbered(4, 64)}});
  EXPECT_EQ(clear(map), 1U);
  EXPECT_TRUE(same(held(map), Entries{}));
}

TEST(WalkWithoutBatches, ShowsEveryEntryOfADevmapHash) {
  Map map = make_map(MapType::devmap_hash, 4, 4, 100);
  expect_walk(map, ScanMethod::next_key, {});
  for (std::uint32_t key = 0; key < 100; ++key) map.update(key * 7, 1U);
  expect_walk(map, ScanMethod::next_key, held(map));
  std::size_t walked = 0;
  for (auto [key, value] : scan(map, {.batch_size = 3})) {
    ++walked;
    EXPECT_TRUE(map.erase(key));
  }
  EXPECT_EQ(walked, 100U);
  EXPECT_TRUE(same(held(map), Entries{}));
  for (std::uint32_t key = 0; key < 100; ++key) map.update(key * 7, 1U);
  EXPECT_EQ(erase_if(map, [](BytesView key, BytesView) { return test::number_of(key) % 2 == 0; }),
            50U);
  EXPECT_EQ(clear(map), 50U);
  EXPECT_TRUE(same(held(map), Entries{}));
}

TEST(WalkWithoutBatches, ShowsTheCookiesOfSockets) {
  for (const MapType type : {MapType::sockmap, MapType::reuseport_sockarray}) {
    Map map = make_map(type, 4, 8, 9);
    std::vector<sys::UniqueFd> sockets;
    const Entries entries = put_sockets(map, sockets);
    expect_walk(map, ScanMethod::index, entries);
    EXPECT_EQ(clear(map), 5U);
    expect_walk(map, ScanMethod::index, {});
    EXPECT_EQ(clear(map), 0U);
  }
}

TEST(WalkWithoutBatches, ShowsTheCookiesOfASockhash) {
  Map map = make_map(MapType::sockhash, 4, 8, 9);
  std::vector<sys::UniqueFd> sockets;
  const Entries entries = put_sockets(map, sockets);
  expect_walk(map, ScanMethod::next_key, entries);
  EXPECT_EQ(clear(map), 5U);
  expect_walk(map, ScanMethod::next_key, {});
}

// With values of 4 bytes a cookie does not fit: the kernel says ENOSPC, and it is no batch's.
TEST(WalkWithoutBatches, TellsThatSocketsOfSmallValuesCannotBeRead) {
  for (const MapType type : {MapType::sockmap, MapType::reuseport_sockarray, MapType::sockhash}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 4, 9);
    std::vector<sys::UniqueFd> sockets;
    put_sockets(map, sockets);
    std::error_code ec;
    for ([[maybe_unused]] auto entry : scan(map, ec)) ADD_FAILURE();
    EXPECT_EQ(ec, errno_code(ENOSPC));
    std::size_t keys = 0;
    for ([[maybe_unused]] auto key : bpfmap::keys(map)) ++keys;
    EXPECT_EQ(keys, type == MapType::sockhash ? 5U : 9U);
    EXPECT_EQ(clear(map), 5U);
    EXPECT_EQ(clear(map), 0U);
  }
}

TEST(WalkWithoutBatches, FindsNothingInAnEmptyStackTraceMap) {
  expect_walk(Map::create(spec_of(MapType::stack_trace)), ScanMethod::next_key, {});
}

TEST(WalkWithoutBatches, ShowsKeysOfSlotsThatCannotBeRead) {
  const std::array types{MapType::perf_event_array, MapType::cgroup_array, MapType::xskmap};
  const std::array errors{sys::enotsupp, sys::enotsupp, EOPNOTSUPP};
  for (std::size_t i = 0; i < types.size(); ++i) {
    SCOPED_TRACE(to_string(types[i]));
    Map map = Map::create(spec_of(types[i]));
    std::vector<std::uint64_t> keys;
    for (const BytesView key : bpfmap::keys(map, {.batch_size = 3}))
      keys.push_back(test::number_of(key));
    EXPECT_EQ(keys, (std::vector<std::uint64_t>{0, 1, 2, 3}));
    std::error_code ec;
    for ([[maybe_unused]] auto entry : scan(map, ec)) ADD_FAILURE();
    EXPECT_EQ(ec, errno_code(errors[i]));
    EXPECT_EQ(count(map, ec), 0U);
    EXPECT_EQ(ec, errno_code(errors[i])) << "nobody knows which slots are filled";
    EXPECT_EQ(clear(map), types[i] == MapType::xskmap ? 4U : 0U);
  }
}

TEST(WalkWithoutBatches, IsRefusedForMapsWithoutKeys) {
  for (const MapType type :
       test::those_of_this_kernel({MapType::queue, MapType::stack, MapType::bloom_filter,
                                   MapType::ringbuf, MapType::user_ringbuf, MapType::arena})) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(spec_of(type));
    EXPECT_EQ(error_of([&] { (void)begin(map); }).code(), Errc::unsupported_operation);
    std::error_code ec;
    auto scan = bpfmap::scan(map, ec);
    EXPECT_TRUE(scan.begin() == scan.end());
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_FALSE(scan.status().complete);
    EXPECT_EQ(error_of([&] { (void)count(map); }).operation(), Operation::scan);
    EXPECT_EQ(count_if(map, [](BytesView, BytesView) { return true; }, ec), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_EQ(to_vector(map, ec).size(), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_EQ(erase_if(map, [](BytesView, BytesView) { return true; }, ec), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    for ([[maybe_unused]] auto entry : drain(map, ec)) ADD_FAILURE();
    const bool popped = type == MapType::queue || type == MapType::stack;
    EXPECT_EQ(ec, popped ? std::error_code{} : Errc::unsupported_operation);
  }
}

TEST(WalkWithoutBatches, FindsNothingInAnEmptyCgroupStorage) {
  Map map = Map::create(spec_of(MapType::cgroup_storage));
  expect_walk(map, ScanMethod::next_key, {});
  EXPECT_EQ(count(map), 0U);
  EXPECT_TRUE(empty(map));
  std::error_code ec;
  EXPECT_EQ(clear(map, ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);
  for ([[maybe_unused]] auto entry : drain(map, ec)) ADD_FAILURE();
  EXPECT_EQ(ec, Errc::unsupported_operation);
}

TEST(WalkOfNoMap, IsRefused) {
  Map map;
  std::error_code ec;
  for ([[maybe_unused]] auto entry : scan(map, ec)) ADD_FAILURE();
  EXPECT_EQ(ec, Errc::no_map);
  for ([[maybe_unused]] auto entry : drain(map, ec)) ADD_FAILURE();
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(count(map, ec), 0U);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(clear(map, ec), 0U);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(error_of([&] { clear(map); }).code(), Errc::no_map);
  EXPECT_EQ(error_of([&] { (void)to_vector(map); }).code(), Errc::no_map);
}

}  // namespace
}  // namespace bpfmap
