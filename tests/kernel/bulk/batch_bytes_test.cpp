// SPDX-License-Identifier: MIT
// Many given keys at once, on a Map's bytes.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <vector>

#include "bpfmap/bulk/batch.hpp"
#include "bulk_support.hpp"
#include "program.hpp"

namespace bpfmap {
namespace {

using test::Entries;
using test::errno_code;
using test::GuardedBuffer;
using test::hash_types;
using test::held;
using test::make_map;
using test::numbered;
using test::OuterMap;
using test::result;
using test::same;

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// `count` keys, or values, one behind the other.
Bytes flat_keys(const Map& map, std::uint32_t count, std::uint64_t first = 0) {
  Bytes keys;
  for (std::uint32_t n = 0; n < count; ++n) append(keys, test::key_for(map, first + n));
  return keys;
}
Bytes flat_values(const Map& map, std::uint32_t count, std::uint64_t seed = 1) {
  Bytes values;
  for (std::uint32_t n = 0; n < count; ++n) append(values, test::value_for(map, seed + n));
  return values;
}
Entries expected_entries(const Map& map, std::uint32_t count, std::uint64_t seed = 1) {
  Entries entries;
  for (std::uint32_t n = 0; n < count; ++n)
    entries[test::key_for(map, n)] = test::value_for(map, seed + n);
  return entries;
}

// Every type that takes batches of plain values.
std::vector<Map> batch_maps(std::uint32_t value_size, std::uint32_t max_entries) {
  std::vector<Map> maps;
  for (const MapType type : hash_types) {
    const bool lru = type == MapType::lru_hash || type == MapType::lru_percpu_hash;
    maps.push_back(make_map(type, 4, value_size, lru ? 8 * max_entries : max_entries));
  }
  maps.push_back(make_map(MapType::hash, 13, value_size, max_entries, MapFlags::no_prealloc));
  maps.push_back(make_map(MapType::lpm_trie, 8, value_size, max_entries));
  maps.push_back(make_map(MapType::array, 4, value_size, max_entries));
  maps.push_back(make_map(MapType::percpu_array, 4, value_size, max_entries));
  return maps;
}

bool can_erase(const Map& map) { return traits_of(map.info().type)->key != KeyKind::index; }

TEST(FlatBatch, WritesReadsAndErases) {
  for (const std::uint32_t value_size : {1U, 4U, 12U, 4096U})
    for (Map& map : batch_maps(value_size, 300)) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(value_size));
      const Bytes keys = flat_keys(map, 300);
      const Bytes values = flat_values(map, 300);
      std::error_code ec = Errc::invalid_name;
      EXPECT_EQ(update_batch(map, keys, values, UpdateFlags::any, ec), result(300));
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(same(held(map), expected_entries(map, 300)));
      Bytes read(values.size(), std::byte{0xff});
      const auto found = std::make_unique<bool[]>(300);
      EXPECT_EQ(lookup_batch_into(map, keys, read, {found.get(), 300}, ec), result(300));
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(read == values);
      if (!can_erase(map)) continue;
      EXPECT_EQ(erase_batch(map, keys), result(300));
      EXPECT_EQ(erase_batch(map, keys, ec), result(0, 300));
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(same(held(map), {}));
    }
}

TEST(FlatBatch, ReadsAndWritesNoByteTooMany) {
  for (const std::uint32_t value_size : {1U, 4U, 12U, 100U})
    for (Map& map : batch_maps(value_size, 40)) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(value_size));
      const GuardedBuffer keys{40 * std::size_t{map.info().key_size}};
      const GuardedBuffer values{flat_values(map, 40).size()};
      std::ranges::copy(flat_keys(map, 40), keys.bytes().begin());
      std::ranges::copy(flat_values(map, 40), values.bytes().begin());
      EXPECT_EQ(update_batch(map, keys.bytes(), values.bytes()), result(40));
      EXPECT_EQ(update_batch(map, keys.bytes(), values.bytes(), UpdateFlags::exist), result(40));
      EXPECT_TRUE(same(held(map), expected_entries(map, 40)));
      std::ranges::fill(values.bytes(), std::byte{0});
      std::array<bool, 40> found{};
      std::error_code ec;
      EXPECT_EQ(lookup_batch_into(map, keys.bytes(), values.bytes(), found, ec), result(40));
      EXPECT_TRUE(test::copy_of(values.bytes()) == flat_values(map, 40));
      if (!can_erase(map)) continue;
      EXPECT_EQ(erase_batch(map, keys.bytes()), result(40));
    }
}

TEST(FlatBatch, GivesEveryCpuTheOneValue) {
  for (const MapType type : {MapType::percpu_hash, MapType::lru_percpu_hash, MapType::percpu_array})
    for (const std::uint32_t value_size : {1U, 4U, 8U, 12U, 4096U}) {
      SCOPED_TRACE(std::string{to_string(type)} + " " + std::to_string(value_size));
      Map map = make_map(type, 4, value_size, 5000);
      Map plain = make_map(MapType::array, 4, value_size, 1);
      const Bytes keys = flat_keys(map, 600);
      const GuardedBuffer values{600 * std::size_t{value_size}};
      std::ranges::copy(flat_values(plain, 600), values.bytes().begin());
      EXPECT_EQ(update_batch(map, keys, values.bytes()), result(600));
      for (const std::uint32_t n : {0U, 255U, 256U, 599U}) {
        const auto slots = map.lookup_percpu(n);
        ASSERT_TRUE(slots);
        for (const Bytes& slot : *slots) EXPECT_TRUE(slot == test::value_for(plain, n + 1));
      }
      EXPECT_EQ(update_batch(map, keys, values.bytes(), UpdateFlags::exist), result(600));
      if (type == MapType::percpu_array) continue;
      EXPECT_EQ(update_batch(map, keys, values.bytes(), UpdateFlags::noexist), result(0, 600));
    }
}

TEST(FlatBatch, StopsAtAFullMap) {
  for (const MapType type : {MapType::hash, MapType::percpu_hash, MapType::lpm_trie}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 8, 4, 5);
    const Bytes keys = flat_keys(map, 9);
    const Bytes values = flat_values(map, 9);
    std::error_code ec;
    EXPECT_EQ(update_batch(map, keys, values, UpdateFlags::any, ec), result(5, 0, 5));
    EXPECT_EQ(ec, errno_code(type == MapType::lpm_trie ? ENOSPC : E2BIG));
    EXPECT_TRUE(same(held(map), expected_entries(map, 5)));
    EXPECT_EQ(update_batch(map, keys, values, UpdateFlags::noexist, ec), result(0, 5, 5));
    EXPECT_EQ(ec, errno_code(type == MapType::lpm_trie ? ENOSPC : E2BIG));
    EXPECT_EQ(update_batch(map, keys, values, UpdateFlags::exist, ec), result(5, 4));
    EXPECT_EQ(ec, std::error_code{});
    try {
      update_batch(map, keys, values);
      ADD_FAILURE();
    } catch (const BatchError& error) {
      EXPECT_EQ(error.result(), result(5, 0, 5));
      EXPECT_TRUE(test::contains(error.what(), "the map is full (5 of 5 entries)"));
    }
  }
}

TEST(FlatBatch, StopsAtAFullMapWithOneValueForEveryCpu) {
  Map map = make_map(MapType::percpu_hash, 4, 4, 400);
  const Bytes keys = flat_keys(map, 500);
  std::error_code ec;
  EXPECT_EQ(update_batch(map, keys, Bytes(500 * 4), UpdateFlags::any, ec), result(400, 0, 400));
  EXPECT_EQ(ec, errno_code(E2BIG));
  EXPECT_EQ(held(map).size(), 400U);
}

TEST(FlatBatch, IsRefusedWhenSizesDoNotFit) {
  for (Map& map : batch_maps(4, 10)) {
    SCOPED_TRACE(to_string(map.info().type));
    const Entries before = held(map);
    const std::size_t stride = test::value_for(map, 0).size();
    const Bytes keys = flat_keys(map, 3);
    std::error_code ec;
    for (const std::size_t size :
         {0 * stride, 2 * stride, 3 * stride - 1, 3 * stride + 1, 4 * stride + 100}) {
      EXPECT_EQ(update_batch(map, keys, Bytes(size), UpdateFlags::any, ec), result(0));
      EXPECT_EQ(ec, Errc::wrong_value_count) << size;
      Bytes room(size);
      std::array<bool, 3> found{};
      EXPECT_EQ(lookup_batch_into(map, keys, room, found, ec), result(0));
      EXPECT_EQ(ec, Errc::wrong_value_count) << size;
    }
    const BytesView odd{keys.data(), keys.size() - 1};
    EXPECT_EQ(update_batch(map, odd, Bytes(3 * stride), UpdateFlags::any, ec), result(0));
    EXPECT_EQ(ec, Errc::wrong_key_size);
    EXPECT_EQ(erase_batch(map, odd, ec), result(0));
    EXPECT_EQ(ec, Errc::wrong_key_size);
    Bytes room(3 * stride);
    std::array<bool, 2> too_few{};
    EXPECT_EQ(lookup_batch_into(map, keys, room, too_few, ec), result(0));
    EXPECT_EQ(ec, Errc::wrong_value_count);
    EXPECT_EQ(test::error_of([&] { update_batch(map, odd, room); }).code(), Errc::wrong_key_size);
    EXPECT_EQ(test::error_of([&] { update_batch(map, keys, {}); }).code(), Errc::wrong_value_count);
    EXPECT_TRUE(same(held(map), before)) << "nothing was written";
  }
}

TEST(FlatBatch, DoesNothingWithoutEntries) {
  for (Map& map : batch_maps(4, 10)) {
    const Entries before = held(map);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(update_batch(map, {}, {}, UpdateFlags::any, ec), result(0));
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    EXPECT_EQ(erase_batch(map, {}, ec), result(0));
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    EXPECT_EQ(lookup_batch_into(map, {}, {}, {}, ec), result(0));
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_TRUE(same(held(map), before));
  }
}

TEST(FlatBatch, IsRefusedForAnEmptyMapAndOneWithoutKeys) {
  Map none;
  Map queue = make_map(MapType::queue, 0, 4, 4);
  std::error_code ec;
  EXPECT_EQ(update_batch(none, Bytes(4), Bytes(4), UpdateFlags::any, ec), result(0));
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(erase_batch(none, Bytes(4), ec), result(0));
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(test::error_of([&] { erase_batch(none, Bytes(4)); }).code(), Errc::no_map);
  EXPECT_EQ(update_batch(queue, Bytes(4), Bytes(4), UpdateFlags::any, ec), result(0));
  EXPECT_EQ(ec, Errc::wrong_key_size);
}

TEST(FlatBatch, FillsWhatIsMissingWithZeros) {
  Map map = make_map(MapType::hash, 4, 4, 10);
  map.update(1U, 0x01010101U);
  Bytes room(12, std::byte{0xff});
  std::array<bool, 3> found{true, false, true};
  std::error_code ec;
  Bytes keys = numbered(4, 0);
  append(keys, numbered(4, 1));
  append(keys, numbered(4, 2));
  EXPECT_EQ(lookup_batch_into(map, keys, room, found, ec), result(1, 2));
  EXPECT_EQ(found, (std::array<bool, 3>{false, true, false}));
  EXPECT_EQ(room, test::bytes({255, 255, 255, 255, 1, 1, 1, 1, 255, 255, 255, 255}))
      << "the bytes of missing keys are left alone";
}

// What is written is a descriptor, what is read an id.
TEST(FlatBatch, PutsMapsIntoMaps) {
  for (const MapType type : {MapType::hash_of_maps, MapType::array_of_maps}) {
    SCOPED_TRACE(to_string(type));
    OuterMap outer{type, 8};
    std::vector<Map> inner;
    Bytes keys;
    Bytes fds;
    for (std::uint32_t n = 0; n < 8; ++n) {
      inner.push_back(OuterMap::another());
      append(keys, numbered(4, n));
      append(fds, numbered(4, static_cast<std::uint64_t>(inner.back().fd())));
    }
    EXPECT_EQ(update_batch(outer.map, keys, fds), result(8));
    EXPECT_EQ(update_batch(outer.map, keys, fds), result(8));
    for (std::uint32_t n = 0; n < 8; ++n)
      EXPECT_EQ(outer.map.lookup<std::uint32_t>(n), inner[n].info().id);
    // A descriptor that is no map's.
    Bytes bad = fds;
    std::ranges::copy(numbered(4, 9999), bad.begin() + 12);
    std::error_code ec;
    EXPECT_EQ(update_batch(outer.map, keys, bad, UpdateFlags::any, ec), result(3, 0, 3));
    EXPECT_EQ(ec, errno_code(EBADF));
    EXPECT_EQ(erase_batch(outer.map, keys), result(8));
    EXPECT_EQ(erase_batch(outer.map, keys), result(0, 8));
  }
}

// Types without batches are written one by one.
TEST(FlatBatch, GoesOneByOneWhereThereAreNoBatches) {
  Map programs = make_map(MapType::prog_array, 4, 4, 4);
  const sys::UniqueFd program = test::load_program();
  Bytes keys = numbered(4, 0);
  append(keys, numbered(4, 2));
  Bytes fds;
  for (int i = 0; i < 2; ++i) append(fds, numbered(4, static_cast<std::uint64_t>(program.get())));
  EXPECT_EQ(update_batch(programs, keys, fds), result(2));
  append(keys, numbered(4, 1));
  EXPECT_EQ(erase_batch(programs, keys), result(2, 1));
  Map devices = make_map(MapType::devmap_hash, 4, 4, 4);
  Bytes loopback;
  for (int i = 0; i < 3; ++i) append(loopback, numbered(4, 1));
  EXPECT_EQ(update_batch(devices, flat_keys(devices, 3), loopback), result(3));
  EXPECT_EQ(erase_batch(devices, flat_keys(devices, 4)), result(3, 1));
}

TEST(FlatBatch, CannotEraseIndices) {
  Map map = make_map(MapType::array, 4, 4, 4);
  std::error_code ec;
  EXPECT_EQ(erase_batch(map, flat_keys(map, 2), ec), result(0, 0, 0));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_TRUE(test::contains(test::error_of([&] { erase_batch(map, flat_keys(map, 2)); }).what(),
                             "entries of an array cannot be deleted"));
}

}  // namespace
}  // namespace bpfmap
