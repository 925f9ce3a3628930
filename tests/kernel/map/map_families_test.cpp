// SPDX-License-Identifier: MIT
// The operations on one entry where a family of maps has ways of its own: arrays, queues and
// stacks, bloom filters, LPM tries, maps of maps, values with a lock.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"
#include "small_btf.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::errno_code;
using test::make_map;
using test::stored;

const Bytes value_a = bytes({1, 2, 3, 4, 5, 6, 7, 8});
const Bytes value_b = bytes({8, 7, 6, 5, 4, 3, 2, 1});

// --- arrays ---

TEST(AnArray, HoldsEveryIndexFromTheStart) {
  Map map = make_map(MapType::array, 4, 8);
  for (int index = 0; index < 4; ++index) EXPECT_EQ(map.lookup<std::uint64_t>(index), 0U);
  map.update(3, value_a);
  EXPECT_EQ(stored(map, bytes({3, 0, 0, 0})), value_a);
  EXPECT_EQ(map.lookup(2), Bytes(8));
  map.update(3, value_b, UpdateFlags::exist);
  EXPECT_EQ(map.lookup(3), value_b);
}

TEST(AnArray, RefusesAnIndexOutOfRange) {
  Map map = make_map(MapType::array, 4, 8);
  for (const std::int64_t index : {std::int64_t{4}, std::int64_t{-1}, std::int64_t{0xFFFF'FFFF}}) {
    std::error_code ec;
    EXPECT_EQ(map.lookup(index, ec), std::nullopt);
    EXPECT_EQ(ec, Errc::index_out_of_range);
    Bytes value(8);
    EXPECT_FALSE(map.lookup_into(index, value, ec));
    EXPECT_EQ(ec, Errc::index_out_of_range);
    map.update(index, 1, ec);
    EXPECT_EQ(ec, Errc::index_out_of_range);
    EXPECT_EQ(ec, std::errc::argument_list_too_long);
    const Error lookup = test::error_of([&] { (void)map.lookup(index); });
    EXPECT_EQ(lookup.code(), std::errc::argument_list_too_long) << "the same as of the update";
    EXPECT_EQ(test::error_of([&] { map.update(index, 1); }).code(), Errc::index_out_of_range);
  }
}

TEST(AnArray, NeverInsertsOrDeletes) {
  Map map = make_map(MapType::array, 4, 8);
  std::error_code ec;
  map.update(1, value_a, UpdateFlags::noexist, ec);
  EXPECT_EQ(ec, errno_code(EEXIST));
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_FALSE(map.erase(100, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_THROW((void)map.erase(1), Error);
  EXPECT_EQ(map.lookup_and_delete(1, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::not_supported);
  EXPECT_EQ(ec, errno_code(sys::enotsupp));
  EXPECT_EQ(map.lookup(1), Bytes(8));
}

TEST(AnArray, IsWalkedByIndex) {
  Map map = make_map(MapType::array, 4, 8);
  std::vector<std::uint32_t> visited;
  for (auto key = map.get_next_key<std::uint32_t>(std::nullopt); key;
       key = map.get_next_key<std::uint32_t>(key))
    visited.push_back(*key);
  EXPECT_EQ(visited, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(map.get_next_key<std::uint32_t>(100), 0U) << "an index out of range starts again";
}

TEST(AnArray, HoldsLargeValues) {
  Map map = make_map(MapType::array, 4, 1 << 20, 2);
  Bytes value(1 << 20);
  for (std::size_t i = 0; i < value.size(); ++i)
    value[i] = static_cast<std::byte>(i * 7 + (i >> 8));
  map.update(1, value);
  EXPECT_EQ(map.lookup(1), value);
  EXPECT_EQ(map.lookup(0), Bytes(1 << 20));
}

// --- queues and stacks ---

TEST(AQueue, GivesTheOldestFirst) {
  Map map = make_map(MapType::queue, 0, 4);
  const Bytes none;
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(none), std::nullopt);
  EXPECT_EQ(map.lookup_and_delete(none, ec), std::nullopt);
  EXPECT_FALSE(ec) << "an empty queue is no error";
  for (int i = 1; i <= 4; ++i) map.update(none, i * 10);
  map.update(none, 50, ec);
  EXPECT_EQ(ec, errno_code(E2BIG));
  map.update(none, 50, UpdateFlags::exist);
  EXPECT_EQ(map.lookup<int>(none), 20) << "the oldest made room";
  EXPECT_EQ(map.lookup<int>(none), 20) << "a peek takes nothing";
  for (const int expected : {20, 30, 40, 50}) EXPECT_EQ(map.lookup_and_delete<int>(none), expected);
  EXPECT_EQ(map.lookup_and_delete<int>(none), std::nullopt);
}

TEST(AStack, GivesTheNewestFirst) {
  Map map = make_map(MapType::stack, 0, 4);
  const Bytes none;
  for (int i = 1; i <= 4; ++i) map.update(none, i * 10);
  std::error_code ec;
  map.update(none, 50, ec);
  EXPECT_EQ(ec, errno_code(E2BIG));
  map.update(none, 50, UpdateFlags::exist, ec);
  EXPECT_FALSE(ec);
  Bytes value(4);
  EXPECT_TRUE(map.lookup_into(none, value));
  EXPECT_EQ(decode_int_value(value), 50U);
  for (const int expected : {50, 40, 30, 20})
    EXPECT_EQ(map.lookup_and_delete<int>(none, ec), expected);
  EXPECT_EQ(map.lookup<int>(none, ec), std::nullopt);
  EXPECT_FALSE(ec);
}

TEST(AMapWithoutKeys, RefusesWhatNeedsOne) {
  for (const auto type : {MapType::queue, MapType::stack}) {
    Map map = make_map(type, 0, 4);
    map.update(Bytes{}, 1);
    std::error_code ec;
    EXPECT_FALSE(map.erase(Bytes{}, ec));
    EXPECT_EQ(ec, errno_code(EINVAL));
    EXPECT_EQ(map.get_next_key(std::nullopt, ec), std::nullopt);
    EXPECT_EQ(ec, errno_code(EINVAL));
    map.update(Bytes{}, 2, UpdateFlags::noexist, ec);
    EXPECT_EQ(ec, errno_code(EINVAL));
    map.update(Bytes(4), 2, ec);
    EXPECT_EQ(ec, Errc::wrong_key_size);
    EXPECT_EQ(map.lookup<int>(Bytes{}), 1);
  }
}

TEST(ABloomFilter, ReadsTheValueItIsAskedAbout) {
  Map map = make_map(MapType::bloom_filter, 0, 4, 64);
  const Bytes none;
  Bytes value = bytes({1, 2, 3, 4});
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_into(none, value, ec)) << "surely absent";
  EXPECT_FALSE(ec);
  map.update(none, value);
  EXPECT_TRUE(map.lookup_into(none, value)) << "maybe there";
  EXPECT_EQ(value, bytes({1, 2, 3, 4}));
  EXPECT_FALSE(map.erase(none, ec));
  EXPECT_EQ(ec, errno_code(EOPNOTSUPP));
}

// --- LPM tries ---

// 32 bits of prefix length, in the machine's order, and an address in network order.
Bytes prefix(int length, int a, int b, int c, int d) {
  return bytes({length, 0, 0, 0, a, b, c, d});
}

TEST(AnLpmTrie, GivesTheLongestPrefixThatMatches) {
  Map map = make_map(MapType::lpm_trie, 8, 4, 16);
  map.update(prefix(16, 192, 168, 0, 0), 16);
  map.update(prefix(24, 192, 168, 7, 0), 24);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 7, 9)), 24);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 8, 9)), 16);
  EXPECT_EQ(map.lookup<int>(prefix(20, 192, 168, 7, 0)), 16) << "no longer than it asks";
  EXPECT_EQ(map.lookup<int>(prefix(32, 10, 0, 0, 1)), std::nullopt);
  EXPECT_TRUE(map.erase(prefix(24, 192, 168, 7, 0)));
  EXPECT_FALSE(map.erase(prefix(24, 192, 168, 7, 0)));
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 7, 9)), 16);
}

TEST(AnLpmTrie, TakesEachUpdateFlag) {
  Map map = make_map(MapType::lpm_trie, 8, 4, 2);
  const Bytes key = prefix(16, 192, 168, 0, 0);
  std::error_code ec;
  map.update(key, 1, UpdateFlags::exist, ec);
  EXPECT_EQ(ec, errno_code(ENOENT));
  map.update(key, 1, UpdateFlags::noexist, ec);
  EXPECT_FALSE(ec);
  map.update(key, 2, UpdateFlags::noexist, ec);
  EXPECT_EQ(ec, errno_code(EEXIST));
  map.update(prefix(24, 192, 168, 7, 0), 2);
  map.update(prefix(24, 192, 168, 8, 0), 3, ec);
  EXPECT_EQ(ec, errno_code(ENOSPC)) << "full";
  map.update(key, 3);
  EXPECT_EQ(map.lookup<int>(key), 3);
  EXPECT_EQ(map.lookup_and_delete<int>(key, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::not_supported);
}

TEST(AnLpmTrie, TreatsAPrefixThatIsTooLongByTheOperation) {
  Map map = make_map(MapType::lpm_trie, 8, 4);
  map.update(prefix(0, 0, 0, 0, 0), 1);
  const Bytes too_long = prefix(33, 1, 2, 3, 4);
  std::error_code ec;
  EXPECT_EQ(map.lookup(too_long, ec), std::nullopt);
  EXPECT_FALSE(ec);
  map.update(too_long, 1, ec);
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_FALSE(map.erase(too_long, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_EQ(map.get_next_key(too_long), prefix(0, 0, 0, 0, 0));
}

// --- maps of maps: a descriptor goes in, an id comes out ---

TEST(AMapOfMaps, TakesADescriptorAndGivesAnId) {
  const Map inner = make_map(MapType::hash, 4, 8);
  for (const auto type : {MapType::array_of_maps, MapType::hash_of_maps}) {
    MapSpec spec = test::spec_of(type);
    spec.inner_map_fd = inner.fd();
    Map outer = Map::create(spec);
    EXPECT_EQ(outer.lookup(1), std::nullopt) << "an empty slot is no error";
    outer.update(1, inner.fd());
    EXPECT_EQ(outer.lookup<std::uint32_t>(1), inner.info().id);
    EXPECT_EQ(Map::from_id(*outer.lookup<std::uint32_t>(1)).info().id, inner.info().id);
    std::error_code ec;
    outer.update(2, 1'000'000, ec);
    EXPECT_EQ(ec, errno_code(EBADF));
    const Map other = make_map(MapType::hash, 8, 8);
    outer.update(2, other.fd(), ec);
    EXPECT_EQ(ec, errno_code(EINVAL)) << "another key size";
    EXPECT_TRUE(outer.erase(1));
    EXPECT_FALSE(outer.erase(1));
  }
}

// --- values with a lock ---

class AMapOfLockedValues : public ::testing::Test {
 protected:
  struct Locked {
    std::int32_t number = 0;
    std::uint32_t lock = 0;
  };

  static Map make(MapType type) {
    const test::SmallBtf btf;
    return Map::create({.type = type,
                        .key_size = 4,
                        .value_size = 8,
                        .max_entries = 4,
                        .btf_fd = btf.fd(),
                        .btf_key_type_id = test::SmallBtf::integer,
                        .btf_value_type_id = test::SmallBtf::locked});
  }
};

TEST_F(AMapOfLockedValues, IsReadAndWrittenUnderTheLock) {
  for (const auto type : {MapType::hash, MapType::array}) {
    Map map = make(type);
    map.update(1, Locked{.number = 7, .lock = 99});
    EXPECT_EQ(map.lookup<Locked>(1)->lock, 0U) << "the lock is never shown or overwritten";
    std::error_code ec = Errc::invalid_name;
    map.update(1, Locked{.number = 8}, UpdateFlags::exist | UpdateFlags::lock, ec);
    EXPECT_FALSE(ec);
    const auto value = map.lookup<Locked>(1, LookupFlags::lock, ec);
    EXPECT_FALSE(ec);
    ASSERT_TRUE(value);
    EXPECT_EQ(value->number, 8);
    EXPECT_EQ(map.lookup<Locked>(1, LookupFlags::lock)->number, 8);
  }
}

TEST_F(AMapOfLockedValues, IsTakenUnderTheLock) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  Map map = make(MapType::hash);
  map.update(1, Locked{.number = 7});
  EXPECT_EQ(map.lookup_and_delete<Locked>(1, LookupFlags::lock)->number, 7);
  EXPECT_EQ(map.lookup<Locked>(1).has_value(), false);
}

TEST_F(AMapOfLockedValues, CannotBeFrozen) {
  if (test::errno_of_freezing_locks() == 0) GTEST_SKIP() << "this kernel freezes maps with locks";
  Map map = make(MapType::hash);
  std::error_code ec;
  map.freeze(ec);
  EXPECT_EQ(ec, std::errc::not_supported);
}

}  // namespace
}  // namespace bpfmap
