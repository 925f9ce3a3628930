// SPDX-License-Identifier: MIT
// What the library refuses by itself: each case must end before the kernel sees a pointer, with no
// call made at all.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "fake_bpf.hpp"
#include "map_calls.hpp"

namespace bpfmap {
namespace {

using test::FakeMap;

struct Eight {
  std::uint32_t a = 1;
  std::uint32_t b = 2;
};
struct Twelve {
  std::uint32_t a, b, c;
};

MapInfo info(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
  return {.type = type,
          .id = 77,
          .key_size = key_size,
          .value_size = value_size,
          .max_entries = 4,
          .name = "misused"};
}

// Both forms of a call end with `code`, and neither reaches the kernel.
template <class Quiet, class Loud>
void expect_refused(FakeMap& fake, Operation operation, std::error_code code, Quiet quiet,
                    Loud loud) {
  std::error_code ec;
  quiet(fake.map, ec);
  EXPECT_EQ(ec, code);
  const Error error = test::error_of([&] { loud(fake.map); });
  EXPECT_EQ(error.code(), code);
  EXPECT_EQ(error.operation(), operation);
  EXPECT_EQ(error.map_id(), 77U);
  EXPECT_EQ(fake.calls().size(), 0U);
}

void expect_every_call_refused(Map& map) {
  test::FakeBpf kernel;
  EXPECT_FALSE(map);
  for (const auto& call : test::every_call()) test::expect_refused(map, call, Errc::no_map);
  EXPECT_EQ(kernel.calls().size(), 0U);
}

// --- no map ---

TEST(EveryOperation, IsRefusedOnADefaultMap) {
  Map map;
  expect_every_call_refused(map);
}

TEST(EveryOperation, IsRefusedOnAMovedFromMap) {
  FakeMap fake{info(MapType::hash, 4, 8)};
  const Map other = std::move(fake.map);
  EXPECT_TRUE(other);
  expect_every_call_refused(fake.map);
}

TEST(EveryOperation, IsRefusedOnceTheDescriptorWasReleased) {
  FakeMap fake{info(MapType::percpu_hash, 4, 8)};
  const sys::UniqueFd fd = fake.map.release();
  EXPECT_TRUE(fd);
  expect_every_call_refused(fake.map);
}

TEST(EveryOperation, IsRefusedOnAMapThatCouldNotBeCreated) {
  test::FakeBpf kernel{-EPERM};
  std::error_code ec;
  Map map =
      Map::create({.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 1}, ec);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  expect_every_call_refused(map);
}

TEST(EveryOperation, OnNoMapIsABadFileDescriptorToPortableCode) {
  const Error error = test::error_of([] { (void)Map{}.lookup(1); });
  EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
  EXPECT_EQ(error.map_id(), 0U);
}

TEST(Map, IsEmptyInEveryRespectOnceMovedFrom) {
  FakeMap fake{info(MapType::percpu_hash, 4, 8)};
  const int fd = fake.map.fd();
  Map map{std::move(fake.map)};
  EXPECT_EQ(map.fd(), fd);
  EXPECT_EQ(map.info().name, "misused");
  EXPECT_TRUE(map.is_percpu());
  EXPECT_FALSE(fake.map);
  EXPECT_EQ(fake.map.fd(), -1);
  EXPECT_EQ(fake.map.info().id, 0U);
  EXPECT_EQ(fake.map.info().type, MapType::unspec);
  EXPECT_EQ(fake.map.info().name, "");
  EXPECT_FALSE(fake.map.is_percpu());
}

TEST(Map, ClosesWhatItHadWhenAnotherIsMovedIn) {
  FakeMap first{info(MapType::hash, 4, 8)};
  FakeMap second{info(MapType::array, 4, 4)};
  const int closed = first.map.fd();
  const int kept = second.map.fd();
  first.map = std::move(second.map);
  EXPECT_EQ(::fcntl(closed, F_GETFD), -1);
  EXPECT_EQ(first.map.fd(), kept);
  EXPECT_EQ(first.map.info().type, MapType::array);
  EXPECT_FALSE(second.map);
}

TEST(Map, SurvivesAMoveOntoItself) {
  FakeMap fake{info(MapType::hash, 4, 8)};
  const int fd = fake.map.fd();
  Map& itself = fake.map;
  fake.map = std::move(itself);
  EXPECT_EQ(fake.map.fd(), fd);
  EXPECT_GE(::fcntl(fd, F_GETFD), 0);
  EXPECT_EQ(fake.map.info().key_size, 4U);
  EXPECT_EQ(fake.map.info().name, "misused");
}

// --- wrong sizes ---

TEST(AKey, OfTheWrongSizeIsRefused) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{5}, std::size_t{4096}}) {
    FakeMap plain{info(MapType::hash, 4, 8)};
    for (const auto& call : test::plain_calls(size)) {
      if (std::string_view{call.name} == "get_next_key of the first") continue;  // has no key
      test::expect_refused(plain.map, call, Errc::wrong_key_size);
    }
    EXPECT_EQ(plain.calls().size(), 0U);
    FakeMap percpu{info(MapType::percpu_hash, 4, 8)};
    for (const auto& call : test::percpu_calls(size))
      test::expect_refused(percpu.map, call, Errc::wrong_key_size);
    EXPECT_EQ(percpu.calls().size(), 0U);
  }
}

TEST(AKey, IsRefusedWhereTheMapHasNone) {
  FakeMap fake{info(MapType::queue, 0, 8)};
  expect_refused(
      fake, Operation::lookup, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup(1, ec); },
      [](Map& m) { (void)m.lookup(1); });
  expect_refused(
      fake, Operation::update, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { m.update(1, 1, ec); }, [](Map& m) { m.update(1, 1); });
}

TEST(AStructKey, OfTheWrongSizeIsRefused) {
  FakeMap fake{info(MapType::hash, 4, 8)};
  expect_refused(
      fake, Operation::lookup, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup(Eight{}, ec); },
      [](Map& m) { (void)m.lookup(Eight{}); });
  expect_refused(
      fake, Operation::erase, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.erase(Eight{}, ec); },
      [](Map& m) { (void)m.erase(Eight{}); });
  expect_refused(
      fake, Operation::get_next_key, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.get_next_key<Eight>(Eight{}, ec); },
      [](Map& m) { (void)m.get_next_key<Eight>(Eight{}); });
  expect_refused(
      fake, Operation::get_next_key, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.get_next_key<Eight>(std::nullopt, ec); },
      [](Map& m) { (void)m.get_next_key<Eight>(std::nullopt); });
}

TEST(AnIntegerKey, IsRefusedWhereKeysAreNoIntegers) {
  FakeMap fake{info(MapType::hash, 12, 8)};
  expect_refused(
      fake, Operation::lookup, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup(1, ec); },
      [](Map& m) { (void)m.lookup(1); });
  expect_refused(
      fake, Operation::get_next_key, Errc::wrong_key_size,
      [](Map& m, std::error_code& ec) { (void)m.get_next_key<int>(std::nullopt, ec); },
      [](Map& m) { (void)m.get_next_key<int>(std::nullopt); });
}

TEST(AValue, OfTheWrongSizeIsRefused) {
  for (const MapType type : {MapType::hash, MapType::array, MapType::percpu_hash, MapType{99}}) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{7}, std::size_t{9}, std::size_t{16}}) {
      FakeMap fake{info(type, 4, 8)};
      const Bytes value(size);
      expect_refused(
          fake, Operation::update, Errc::wrong_value_size,
          [&](Map& m, std::error_code& ec) { m.update(1, value, ec); },
          [&](Map& m) { m.update(1, value); });
    }
  }
}

TEST(AStructValue, OfTheWrongSizeIsRefused) {
  FakeMap fake{info(MapType::hash, 4, 8)};
  expect_refused(
      fake, Operation::update, Errc::wrong_value_size,
      [](Map& m, std::error_code& ec) { m.update(1, Twelve{1, 2, 3}, ec); },
      [](Map& m) { m.update(1, Twelve{1, 2, 3}); });
  expect_refused(
      fake, Operation::lookup, Errc::wrong_value_size,
      [](Map& m, std::error_code& ec) { EXPECT_EQ(m.lookup<Twelve>(1, ec).has_value(), false); },
      [](Map& m) { (void)m.lookup<Twelve>(1); });
  expect_refused(
      fake, Operation::lookup_and_delete, Errc::wrong_value_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup_and_delete<Twelve>(1, ec); },
      [](Map& m) { (void)m.lookup_and_delete<Twelve>(1); });
}

TEST(AnIntegerValue, IsRefusedWhereValuesAreNoIntegers) {
  for (const MapType type : {MapType::hash, MapType::percpu_hash}) {
    FakeMap fake{info(type, 4, 12)};
    expect_refused(
        fake, Operation::update, Errc::wrong_value_size,
        [](Map& m, std::error_code& ec) { m.update(1, 1, ec); }, [](Map& m) { m.update(1, 1); });
  }
  FakeMap fake{info(MapType::hash, 4, 12)};
  expect_refused(
      fake, Operation::lookup, Errc::wrong_value_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup<std::uint64_t>(1, ec); },
      [](Map& m) { (void)m.lookup<std::uint64_t>(1); });
}

TEST(Room, OfTheWrongSizeForAValueIsRefused) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{9}}) {
    FakeMap fake{info(MapType::hash, 4, 8)};
    Bytes room(size, std::byte{0xEE});
    expect_refused(
        fake, Operation::lookup, Errc::wrong_value_size,
        [&](Map& m, std::error_code& ec) { EXPECT_FALSE(m.lookup_into(1, room, ec)); },
        [&](Map& m) { (void)m.lookup_into(1, room); });
    EXPECT_EQ(room, Bytes(size, std::byte{0xEE}));
  }
}

// --- integers that do not fit ---

TEST(AnInteger, ThatDoesNotFitIsRefused) {
  FakeMap fake{info(MapType::hash, 1, 2)};
  expect_refused(
      fake, Operation::update, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { m.update(256, 1, ec); }, [](Map& m) { m.update(256, 1); });
  expect_refused(
      fake, Operation::update, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { m.update(1, 65536, ec); },
      [](Map& m) { m.update(1, 65536); });
  expect_refused(
      fake, Operation::update, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { m.update(1, -32769, ec); },
      [](Map& m) { m.update(1, -32769); });
  expect_refused(
      fake, Operation::lookup, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { (void)m.lookup(-129, ec); },
      [](Map& m) { (void)m.lookup(-129); });
  expect_refused(
      fake, Operation::erase, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { (void)m.erase(256, ec); },
      [](Map& m) { (void)m.erase(256); });
  expect_refused(
      fake, Operation::get_next_key, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { (void)m.get_next_key<int>(256, ec); },
      [](Map& m) { (void)m.get_next_key<int>(256); });
  expect_refused(
      fake, Operation::lookup_and_delete, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { (void)m.lookup_and_delete(256, ec); },
      [](Map& m) { (void)m.lookup_and_delete(256); });
}

TEST(AnInteger, ThatDoesNotFitIsRefusedOnPerCpuMaps) {
  FakeMap fake{info(MapType::percpu_hash, 1, 2)};
  const std::vector<int> values(sys::possible_cpus().size(), 65536);
  expect_refused(
      fake, Operation::update, Errc::out_of_range,
      [&](Map& m, std::error_code& ec) { m.update_percpu(1, values, ec); },
      [&](Map& m) { m.update_percpu(1, values); });
  expect_refused(
      fake, Operation::update, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { m.update(1, 65536, ec); },
      [](Map& m) { m.update(1, 65536); });
  expect_refused(
      fake, Operation::lookup, Errc::out_of_range,
      [](Map& m, std::error_code& ec) { (void)m.lookup_percpu(256, ec); },
      [](Map& m) { (void)m.lookup_percpu(256); });
}

// --- plain or per-CPU ---

TEST(APlainRead, IsRefusedOnAPerCpuMap) {
  for (const MapType type : {MapType::percpu_hash, MapType::percpu_array, MapType::lru_percpu_hash,
                             MapType::percpu_cgroup_storage}) {
    FakeMap fake{info(type, 4, 8)};
    for (const auto& call : test::plain_calls())
      if (call.operation == Operation::lookup || call.operation == Operation::lookup_and_delete)
        test::expect_refused(fake.map, call, Errc::map_is_percpu);
    EXPECT_EQ(fake.calls().size(), 0U);
  }
}

TEST(APerCpuCall, IsRefusedOnAPlainMap) {
  for (const auto& row : map_types()) {
    if (row.percpu) continue;
    FakeMap fake{info(row.type, 4, 8)};
    for (const auto& call : test::percpu_calls())
      test::expect_refused(fake.map, call, Errc::map_is_not_percpu);
    EXPECT_EQ(fake.calls().size(), 0U) << row.name;
  }
}

TEST(AnUpdatePerCpu, TakesOneValueForEachPossibleCpu) {
  const std::size_t cpus = sys::possible_cpus().size();
  for (const std::size_t count : {std::size_t{0}, cpus - 1, cpus + 1, 2 * cpus}) {
    if (count == cpus) continue;
    FakeMap fake{info(MapType::percpu_array, 4, 8)};
    const std::vector<Bytes> bytes(count, Bytes(8));
    expect_refused(
        fake, Operation::update, Errc::wrong_cpu_count,
        [&](Map& m, std::error_code& ec) { m.update_percpu(1, bytes, ec); },
        [&](Map& m) { m.update_percpu(1, bytes); });
    const std::vector<std::uint64_t> integers(count);
    expect_refused(
        fake, Operation::update, Errc::wrong_cpu_count,
        [&](Map& m, std::error_code& ec) { m.update_percpu(1, integers, ec); },
        [&](Map& m) { m.update_percpu(1, integers); });
  }
}

TEST(AnUpdatePerCpu, TakesValuesOfTheRightSizeOnly) {
  FakeMap fake{info(MapType::percpu_hash, 4, 8)};
  std::vector<Bytes> values(sys::possible_cpus().size(), Bytes(8));
  values.back().pop_back();
  expect_refused(
      fake, Operation::update, Errc::wrong_value_size,
      [&](Map& m, std::error_code& ec) { m.update_percpu(1, values, ec); },
      [&](Map& m) { m.update_percpu(1, values); });
  const PerCpuValues<Twelve> structs;
  expect_refused(
      fake, Operation::update, Errc::wrong_value_size,
      [&](Map& m, std::error_code& ec) { m.update_percpu(1, structs, ec); },
      [&](Map& m) { m.update_percpu(1, structs); });
}

TEST(APerCpuLookup, OfTheWrongSizeIsRefused) {
  FakeMap fake{info(MapType::percpu_hash, 4, 12)};
  expect_refused(
      fake, Operation::lookup, Errc::wrong_value_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup_percpu<std::uint64_t>(1, ec); },
      [](Map& m) { (void)m.lookup_percpu<std::uint64_t>(1); });
  expect_refused(
      fake, Operation::lookup_and_delete, Errc::wrong_value_size,
      [](Map& m, std::error_code& ec) { (void)m.lookup_and_delete_percpu<Eight>(1, ec); },
      [](Map& m) { (void)m.lookup_and_delete_percpu<Eight>(1); });
  // 16 bytes a CPU: the value's 12 a CPU would be overrun.
  const std::size_t cpus = sys::possible_cpus().size();
  for (const std::size_t size : {std::size_t{0}, 12 * cpus, 16 * cpus - 1, 16 * cpus + 1}) {
    Bytes room(size);
    expect_refused(
        fake, Operation::lookup, Errc::wrong_value_size,
        [&](Map& m, std::error_code& ec) { (void)m.lookup_percpu_into(1, room, ec); },
        [&](Map& m) { (void)m.lookup_percpu_into(1, room); });
  }
}

// --- what is portable of it ---

TEST(Misuse, EqualsTheStdErrcThatTheHeaderPromises) {
  EXPECT_EQ(make_error_code(Errc::wrong_key_size), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::wrong_value_size), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::map_is_percpu), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::map_is_not_percpu), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::wrong_cpu_count), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::no_cpu_list), std::errc::not_supported);
  EXPECT_EQ(make_error_code(Errc::no_map), std::errc::bad_file_descriptor);
  EXPECT_EQ(make_error_code(Errc::wrong_map_type), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::out_of_range), std::errc::result_out_of_range);
  EXPECT_EQ(make_error_code(Errc::index_out_of_range), std::errc::argument_list_too_long);
  EXPECT_EQ(make_error_code(Errc::invalid_name), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(Errc::invalid_path), std::errc::invalid_argument);
}

// --- what a bloom filter does not give ---

// The kernel would look for whatever is in the room for the value.
TEST(ABloomFilter, IsAskedWithLookupInto) {
  FakeMap fake{info(MapType::bloom_filter, 0, 4)};
  const auto quiet = [](Map& map, std::error_code& ec) { (void)map.lookup(Bytes{}, ec); };
  const auto loud = [](Map& map) { (void)map.lookup(Bytes{}); };
  expect_refused(fake, Operation::lookup, Errc::values_not_stored, quiet, loud);
  expect_refused(
      fake, Operation::lookup, Errc::values_not_stored,
      [](Map& map, std::error_code& ec) { (void)map.lookup<int>(Bytes{}, ec); },
      [](Map& map) { (void)map.lookup<int>(Bytes{}); });
  const Error error = test::error_of([&] { loud(fake.map); });
  EXPECT_TRUE(test::contains(error.what(), "ask with lookup_into"));
  Bytes value(4);
  EXPECT_TRUE(fake.map.lookup_into(Bytes{}, value));
  EXPECT_EQ(fake.calls().size(), 1U);
}

// --- how many values ---

TEST(AWrongNumberOfSlots, IsTold) {
  FakeMap fake{info(MapType::percpu_hash, 4, 8)};
  const std::size_t cpus = sys::possible_cpus().size();
  for (const std::size_t count : {std::size_t{0}, cpus + 1, cpus + 30}) {
    const std::vector<std::uint64_t> values(count);
    const Error error = test::error_of([&] { fake.map.update_percpu(1, values); });
    EXPECT_EQ(error.code(), Errc::wrong_cpu_count);
    EXPECT_TRUE(test::contains(error.what(), ": " + std::to_string(count) + " values were given"));
    EXPECT_TRUE(test::contains(error.what(), "each of the " + std::to_string(cpus) + " possible"));
  }
  EXPECT_EQ(fake.calls().size(), 0U);
}

}  // namespace
}  // namespace bpfmap
