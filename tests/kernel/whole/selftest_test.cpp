// SPDX-License-Identifier: MIT
// The kernel's own tests of maps (tools/testing/selftests/bpf: test_maps.c, test_lru_map.c,
// test_lpm_map.c and map_tests/), said again through the public API; each case is named for the
// function that it follows.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"
#include "program.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::errno_code;
using test::make_map;
using test::stored_keys;

constexpr auto any = UpdateFlags::any;
constexpr auto noexist = UpdateFlags::noexist;
constexpr auto exist = UpdateFlags::exist;
constexpr auto all_flags = UpdateFlags{~0ULL};

const std::size_t cpus = sys::possible_cpus().size();

// What an update of `key` answers; no error is 0.
template <class K, class V>
int update(Map& map, const K& key, const V& value, UpdateFlags flags) {
  std::error_code ec;
  map.update(key, value, flags, ec);
  return ec.value();
}

std::set<std::uint64_t> integer_keys(const Map& map) {
  std::set<std::uint64_t> keys;
  for (const auto& key : stored_keys(map)) keys.insert(decode_int_value(key));
  return keys;
}

// Once with preallocated entries, and once without.
template <class Body>
void both_ways(Body body) {
  for (const auto flags : {MapFlags::none, MapFlags::no_prealloc}) {
    SCOPED_TRACE(flags == MapFlags::none ? "preallocated" : "no_prealloc");
    body(flags);
  }
}

// --- test_maps.c ---

TEST(Selftest, Hashmap) {
  both_ways([](MapFlags flags) {
    Map map = make_map(MapType::hash, 8, 8, 2, flags);
    EXPECT_EQ(update(map, 1, 1234, any), 0);
    EXPECT_EQ(update(map, 1, 0, noexist), EEXIST);
    EXPECT_EQ(update(map, 1, 0, all_flags), EINVAL);
    EXPECT_EQ(map.lookup<int>(1), 1234);
    EXPECT_EQ(update(map, 2, 1234, any), 0);
    if (test::kernel_takes_from_hashes()) {
      EXPECT_EQ(map.lookup_and_delete<std::int64_t>(2), 1234);
    } else {
      EXPECT_TRUE(map.erase(2));
    }
    EXPECT_EQ(map.lookup(2), std::nullopt);
    EXPECT_EQ(update(map, 2, 0, exist), ENOENT);
    EXPECT_EQ(update(map, 2, 0, noexist), 0);
    EXPECT_EQ(update(map, 0, 0, noexist), E2BIG);
    EXPECT_EQ(update(map, 1, 1, exist), 0);
    EXPECT_EQ(update(map, 2, 2, any), 0);
    EXPECT_EQ(update(map, 3, 3, noexist), E2BIG);
    EXPECT_FALSE(map.erase(0));
    EXPECT_EQ(integer_keys(map), (std::set<std::uint64_t>{1, 2}));
  });
}

TEST(Selftest, HashmapIteration) {
  both_ways([](MapFlags flags) {
    Map map = make_map(MapType::hash, 8, 8, 2, flags);
    map.update(1, 1234);
    map.update(2, 1234);
    const auto first = map.get_next_key<std::uint64_t>(std::nullopt);
    ASSERT_TRUE(first == 1U || first == 2U);
    EXPECT_EQ(map.get_next_key<std::uint64_t>(0), first) << "a missing key gives the first";
    const auto second = map.get_next_key<std::uint64_t>(first);
    EXPECT_EQ(second, 3 - *first);
    EXPECT_EQ(map.get_next_key<std::uint64_t>(second), std::nullopt);
    EXPECT_TRUE(map.erase(1));
    EXPECT_TRUE(map.erase(2));
    EXPECT_FALSE(map.erase(1));
    EXPECT_EQ(map.get_next_key<std::uint64_t>(std::nullopt), std::nullopt);
    EXPECT_EQ(map.get_next_key<std::uint64_t>(0), std::nullopt);
  });
}

TEST(Selftest, HashmapSizes) {
  for (std::uint32_t key_size = 1; key_size <= 512; key_size *= 8)
    for (std::uint32_t value_size = 1; value_size <= 1U << 18; value_size *= 8)
      EXPECT_EQ(make_map(MapType::hash, key_size, value_size, 2).info().value_size, value_size);
}

TEST(Selftest, HashmapPercpu) {
  both_ways([](MapFlags flags) {
    Map map = make_map(MapType::percpu_hash, 8, 8, 2, flags);
    PerCpuValues<std::uint64_t> values;
    for (std::size_t i = 0; i < cpus; ++i) values.set(i, i + 100);
    map.update_percpu(1, values);
    EXPECT_EQ(update(map, 1, 0, noexist), EEXIST);
    EXPECT_EQ(update(map, 1, 0, all_flags), EINVAL);
    EXPECT_EQ((*map.lookup_percpu<std::uint64_t>(1))[0], 100U);
    const auto taken = test::kernel_takes_from_hashes()
                           ? map.lookup_and_delete_percpu<std::uint64_t>(1)
                           : map.lookup_percpu<std::uint64_t>(1);
    if (!test::kernel_takes_from_hashes()) map.erase(1);
    ASSERT_TRUE(taken);
    for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ((*taken)[i], i + 100);
    EXPECT_FALSE(map.lookup_percpu(1));
    map.update_percpu(1, values, noexist);
    EXPECT_EQ(update(map, 2, 0, exist), ENOENT);
    map.update_percpu(2, values, noexist);
    EXPECT_EQ(update(map, 0, 0, noexist), E2BIG);
    EXPECT_FALSE(map.erase(0));

    std::size_t visited = 0;
    std::optional<std::uint64_t> key;
    while ((key = map.get_next_key<std::uint64_t>(key)) && ++visited <= 2) {
      const auto read = map.lookup_percpu<std::uint64_t>(*key);
      ASSERT_TRUE(read);
      for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ((*read)[i], i + 100);
    }
    EXPECT_EQ(visited, 2U);
    map.update_percpu(1, values, exist);
    EXPECT_TRUE(map.erase(1));
    EXPECT_TRUE(map.erase(2));
    EXPECT_EQ(map.get_next_key(std::nullopt), std::nullopt);
  });
}

TEST(Selftest, HashmapWalk) {
  struct Value {
    std::uint64_t words[3];
  };
  static constexpr std::uint64_t entries = 1000;
  both_ways([](MapFlags flags) {
    Map map = make_map(MapType::hash, 8, sizeof(Value), entries, flags);
    for (std::uint64_t i = 0; i < entries; ++i) map.update(i, Value{{i, i, i}}, noexist);
    // The next key is fetched before the current one is updated: the other way the walk may never
    // end.
    std::uint64_t visited = 0;
    auto key = map.get_next_key<std::uint64_t>(std::nullopt);
    while (key && visited < 2 * entries) {
      const auto next = map.get_next_key<std::uint64_t>(key);
      auto value = map.lookup<Value>(*key);
      ASSERT_TRUE(value);
      ++value->words[0];
      map.update(*key, *value, exist);
      key = next;
      ++visited;
    }
    EXPECT_EQ(visited, entries);
    for (const auto& bytes_of_key : stored_keys(map))
      EXPECT_EQ(map.lookup<Value>(bytes_of_key)->words[0] - 1, decode_int_value(bytes_of_key));
  });
}

TEST(Selftest, HashmapZeroSeed) {
  const auto make = [] {
    Map map = make_map(MapType::hash, 4, 4, 64, MapFlags::zero_seed);
    for (int key = 1; key <= 3; ++key) map.update(key, key);
    return map;
  };
  const Map first = make();
  const Map second = make();
  EXPECT_EQ(stored_keys(first), stored_keys(second));
  EXPECT_EQ(stored_keys(first).size(), 3U);
}

TEST(Selftest, Arraymap) {
  Map map = make_map(MapType::array, 4, 8, 2);
  EXPECT_EQ(update(map, 1, 1234, any), 0);
  EXPECT_EQ(update(map, 1, 0, noexist), EEXIST);
  EXPECT_EQ(map.lookup<int>(1), 1234);
  EXPECT_EQ(map.lookup<int>(0), 0);
  EXPECT_EQ(update(map, 2, 0, exist), static_cast<int>(Errc::index_out_of_range));
  std::error_code ec;
  EXPECT_EQ(map.lookup(2, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(map.get_next_key<int>(std::nullopt), 0);
  EXPECT_EQ(map.get_next_key<std::uint32_t>(2), 0U);
  EXPECT_EQ(map.get_next_key<int>(0), 1);
  EXPECT_EQ(map.get_next_key<int>(1), std::nullopt);
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
}

TEST(Selftest, ArraymapPercpu) {
  Map map = make_map(MapType::percpu_array, 4, 8, 2);
  PerCpuValues<std::uint64_t> values;
  for (std::size_t i = 0; i < cpus; ++i) values.set(i, i + 100);
  map.update_percpu(1, values);
  EXPECT_EQ(update(map, 1, 0, noexist), EEXIST);
  for (std::size_t i = 0; i < cpus; ++i)
    EXPECT_EQ((*map.lookup_percpu<std::uint64_t>(1))[i], i + 100);
  EXPECT_EQ(map.lookup_percpu<std::uint64_t>(0)->sum(), 0U) << "zero on every CPU";
  EXPECT_EQ(update(map, 2, 0, exist), static_cast<int>(Errc::index_out_of_range));
  std::error_code ec;
  EXPECT_FALSE(map.lookup_percpu(2, ec));
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(map.get_next_key<int>(std::nullopt), 0);
  EXPECT_EQ(map.get_next_key<std::uint32_t>(2), 0U);
  EXPECT_EQ(map.get_next_key<int>(0), 1);
  EXPECT_EQ(map.get_next_key<int>(1), std::nullopt);
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
}

TEST(Selftest, ArraymapPercpuManyKeys) {
  constexpr std::uint32_t entries = 2000;
  Map map = make_map(MapType::percpu_array, 4, 8, entries);
  PerCpuValues<std::uint64_t> values;
  for (std::size_t i = 0; i < cpus; ++i) values.set(i, i + 10);
  for (std::uint32_t key = 0; key < entries; ++key) map.update_percpu(key, values);
  PerCpuValues<std::uint64_t> read;
  for (std::uint32_t key = 0; key < entries; ++key) {
    ASSERT_TRUE(map.lookup_percpu_into(key, read.bytes()));
    ASSERT_TRUE(std::equal(read.begin(), read.end(), values.begin(), values.end())) << key;
  }
}

TEST(Selftest, DevmapAndDevmapHash) {
  for (const auto type : {MapType::devmap, MapType::devmap_hash})
    EXPECT_EQ(make_map(type, 4, 4, 2).info().max_entries, 2U);
}

// A queue gives the oldest first, a stack the newest.
void expect_queue_or_stack(MapType type) {
  constexpr std::uint32_t size = 32;
  std::error_code ec;
  EXPECT_FALSE(
      Map::create({.type = type, .key_size = 4, .value_size = 4, .max_entries = size}, ec));
  EXPECT_EQ(ec, errno_code(EINVAL)) << "there are no keys";
  EXPECT_FALSE(Map::create(
      {.type = type, .value_size = 4, .max_entries = size, .flags = MapFlags::no_prealloc}, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));

  Map map = make_map(type, 0, 4, size);
  const Bytes none;
  std::vector<std::uint32_t> values(size + size / 2);
  for (std::uint32_t i = 0; i < values.size(); ++i) values[i] = 7919 * i + 1;
  for (std::uint32_t i = 0; i < size; ++i) map.update(none, values[i]);
  EXPECT_EQ(update(map, none, values[0], any), E2BIG);
  const bool queue = type == MapType::queue;
  EXPECT_EQ(map.lookup<std::uint32_t>(none), queue ? values[0] : values[size - 1]);
  for (std::uint32_t i = size; i < values.size(); ++i)
    EXPECT_EQ(update(map, none, values[i], exist), 0);
  std::vector<std::uint32_t> expected(values.end() - size, values.end());
  if (!queue) std::reverse(expected.begin(), expected.end());
  for (const auto value : expected) EXPECT_EQ(map.lookup_and_delete<std::uint32_t>(none), value);
  EXPECT_EQ(map.lookup_and_delete<std::uint32_t>(none), std::nullopt);
  EXPECT_FALSE(map.erase(none, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_EQ(map.get_next_key(std::nullopt, ec), std::nullopt);
  EXPECT_EQ(ec, errno_code(EINVAL));
}

TEST(Selftest, Queuemap) { expect_queue_or_stack(MapType::queue); }

TEST(Selftest, Stackmap) { expect_queue_or_stack(MapType::stack); }

TEST(Selftest, MapLarge) {
  struct Key {
    std::int32_t number;
    char text[4096];
  };
  constexpr std::uint32_t entries = 64;
  Map map = make_map(MapType::hash, sizeof(Key), 8, entries);
  Key key{};
  for (std::uint32_t i = 0; i < entries; ++i) {
    key.number = static_cast<std::int32_t>(i);
    EXPECT_EQ(update(map, key, i, noexist), 0);
  }
  key.number = -1;
  EXPECT_EQ(update(map, key, 0, noexist), E2BIG);
  EXPECT_EQ(map.lookup(key), std::nullopt);
  EXPECT_EQ(stored_keys(map).size(), entries);
  key.number = 1;
  EXPECT_EQ(map.lookup<int>(key), 1);
}

TEST(Selftest, MapRdonly) {
  Map map = make_map(MapType::hash, 4, 4, 4, MapFlags::rdonly);
  EXPECT_EQ(update(map, 1, 1234, any), EPERM);
  EXPECT_EQ(map.lookup(1), std::nullopt);
  EXPECT_EQ(map.get_next_key(std::nullopt), std::nullopt);
}

TEST(Selftest, MapWronly) {
  std::error_code ec;
  Map map = make_map(MapType::hash, 4, 4, 4, MapFlags::wronly);
  EXPECT_EQ(update(map, 1, 1234, any), 0);
  EXPECT_EQ(map.lookup(1, ec), std::nullopt);
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_EQ(map.get_next_key(std::nullopt, ec), std::nullopt);
  EXPECT_EQ(ec, errno_code(EPERM));
  for (const auto type : {MapType::queue, MapType::stack}) {
    Map keyless = make_map(type, 0, 4, 4, MapFlags::wronly);
    EXPECT_EQ(update(keyless, Bytes{}, 1234, any), 0);
    EXPECT_EQ(keyless.lookup(Bytes{}, ec), std::nullopt);
    EXPECT_EQ(ec, errno_code(EPERM));
    EXPECT_EQ(keyless.lookup_and_delete(Bytes{}, ec), std::nullopt);
    EXPECT_EQ(ec, errno_code(EPERM));
  }
}

// --- test_lru_map.c, on one CPU ---

class LruSelftest : public ::testing::Test {
 protected:
  void SetUp() override {
    CPU_ZERO(&before_);
    ASSERT_EQ(::sched_getaffinity(0, sizeof before_, &before_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &before_)) continue;
      CPU_SET(cpu, &one);
      break;
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }
  void TearDown() override { ::sched_setaffinity(0, sizeof before_, &before_); }

  // The map that holds `entries` for one CPU: with a list of its own, each CPU has its share.
  static Map make(MapType type, MapFlags flags, std::uint32_t entries) {
    const auto share = flags == MapFlags::no_common_lru ? static_cast<std::uint32_t>(cpus) : 1;
    return make_map(type, 8, 8, entries * share, flags);
  }

  template <class Body>
  static void for_each_lru(Body body) {
    for (const auto type : {MapType::lru_hash, MapType::lru_percpu_hash}) {
      for (const auto flags : {MapFlags::none, MapFlags::no_common_lru}) {
        SCOPED_TRACE(std::string{to_string(type)} +
                     (flags == MapFlags::none ? "" : " no_common_lru"));
        body(type, flags);
      }
    }
  }

 private:
  cpu_set_t before_{};
};

TEST_F(LruSelftest, Sanity0) {
  for_each_lru([](MapType type, MapFlags flags) {
    Map map = make(type, flags, 2);
    EXPECT_EQ(update(map, 1, 1234, noexist), 0);
    EXPECT_EQ(update(map, 1, 1234, noexist), EEXIST);
    EXPECT_EQ(update(map, 1, 1234, all_flags), EINVAL);
    EXPECT_EQ(update(map, 2, 1234, exist), ENOENT);
    EXPECT_EQ(update(map, 2, 1234, noexist), 0);
    // A program's lookup marks an entry as used; one from user space does not.
    test::lookup_by_program(map.fd(), 1);
    EXPECT_EQ(update(map, 3, 1234, noexist), 0);
    EXPECT_EQ(integer_keys(map), (std::set<std::uint64_t>{1, 3}));
    if (!test::kernel_takes_from_hashes()) {
      EXPECT_TRUE(map.erase(1));
    } else if (type == MapType::lru_hash) {
      EXPECT_EQ(map.lookup_and_delete<std::int64_t>(1), 1234);
    } else {
      EXPECT_EQ(map.lookup_and_delete_percpu<std::uint64_t>(1)->sum(), 1234 * cpus);
    }
    EXPECT_FALSE(map.erase(1));
    EXPECT_EQ(integer_keys(map), std::set<std::uint64_t>{3});
  });
}

TEST_F(LruSelftest, Sanity5) {
  for (const auto type : {MapType::lru_hash, MapType::lru_percpu_hash}) {
    Map map = make(type, MapFlags::none, 1);
    for (std::uint64_t key = 1; key <= 10; ++key) {
      map.update(key, 1234);
      test::lookup_by_program(map.fd(), static_cast<std::int32_t>(key));
      EXPECT_EQ(integer_keys(map), std::set<std::uint64_t>{key})
          << "each new key takes the only place";
    }
  }
}

TEST_F(LruSelftest, Sanity7AndSanity8) {
  for_each_lru([](MapType type, MapFlags flags) {
    for (const std::int32_t used : {1, 2}) {
      Map map = make(type, flags, 2);
      map.update(1, 1234);
      map.update(2, 1234);
      const int other = 3 - used;
      if (type == MapType::lru_hash) {
        EXPECT_EQ(map.lookup<int>(other), 1234) << "from user space: does not count";
      } else {
        EXPECT_TRUE(map.lookup_percpu(other));
      }
      test::lookup_by_program(map.fd(), used);
      map.update(3, 1234);
      EXPECT_EQ(integer_keys(map), (std::set<std::uint64_t>{static_cast<std::uint64_t>(used), 3}));
    }
  });
}

// --- test_lpm_map.c and map_tests/lpm_trie_map_basic_ops.c ---

Bytes prefix(int length, int a, int b, int c, int d) {
  return bytes({length, 0, 0, 0, a, b, c, d});
}

TEST(Selftest, LpmIpaddr) {
  Map map = make_map(MapType::lpm_trie, 8, 8, 100);
  map.update(prefix(16, 192, 168, 0, 0), 1);
  map.update(prefix(24, 192, 168, 0, 0), 2);
  map.update(prefix(24, 192, 168, 128, 0), 3);
  map.update(prefix(24, 192, 168, 1, 0), 5);
  map.update(prefix(23, 192, 168, 0, 0), 4);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 128, 23)), 3);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 0, 1)), 2);
  EXPECT_EQ(map.lookup(prefix(32, 10, 0, 0, 1)), std::nullopt);
  EXPECT_EQ(map.lookup(prefix(32, 11, 11, 11, 11)), std::nullopt);

  Map six = make_map(MapType::lpm_trie, 20, 8, 100);
  Bytes network = bytes({64, 0, 0, 0, 0x2a, 0x00, 0x14, 0x50, 0x40, 0x01, 0x08, 0x14});
  network.resize(20);
  six.update(network, 6);
  Bytes address = network;
  address[0] = std::byte{128};
  address[19] = std::byte{1};
  EXPECT_EQ(six.lookup<int>(address), 6);
  address[6] = address[7] = std::byte{0xFF};
  EXPECT_EQ(six.lookup(address), std::nullopt);
}

TEST(Selftest, LpmDelete) {
  Map map = make_map(MapType::lpm_trie, 8, 8, 100);
  map.update(prefix(16, 192, 168, 0, 0), 1);
  map.update(prefix(24, 192, 168, 0, 0), 2);
  map.update(prefix(24, 192, 168, 128, 0), 3);
  map.update(prefix(24, 192, 168, 1, 0), 4);
  EXPECT_FALSE(map.erase(prefix(30, 192, 168, 0, 0))) << "another length";
  EXPECT_FALSE(map.erase(prefix(16, 192, 255, 0, 0))) << "another prefix of that length";
  EXPECT_TRUE(map.erase(prefix(24, 192, 168, 0, 0)));
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 0, 1)), 1) << "the shorter one";
  EXPECT_TRUE(map.erase(prefix(16, 192, 168, 0, 0)));
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 128, 1)), 3);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 1, 1)), 4);
  EXPECT_EQ(map.lookup(prefix(32, 192, 168, 0, 1)), std::nullopt);
  EXPECT_TRUE(map.erase(prefix(24, 192, 168, 128, 0)));
  EXPECT_TRUE(map.erase(prefix(24, 192, 168, 1, 0)));
  EXPECT_TRUE(stored_keys(map).empty());
}

TEST(Selftest, LpmGetNextKey) {
  Map map = make_map(MapType::lpm_trie, 8, 8, 100);
  EXPECT_EQ(map.get_next_key(std::nullopt), std::nullopt);
  for (const auto& key :
       {prefix(16, 192, 168, 0, 0), prefix(24, 192, 168, 128, 0), prefix(24, 192, 168, 0, 0),
        prefix(24, 192, 168, 1, 0), prefix(28, 192, 168, 1, 128)})
    map.update(key, 1);
  std::vector<Bytes> walked;
  std::optional<Bytes> key;
  while ((key = map.get_next_key(key)) && walked.size() < 10) walked.push_back(*key);
  EXPECT_EQ(walked, (std::vector<Bytes>{prefix(24, 192, 168, 0, 0), prefix(28, 192, 168, 1, 128),
                                        prefix(24, 192, 168, 1, 0), prefix(24, 192, 168, 128, 0),
                                        prefix(16, 192, 168, 0, 0)}))
      << "longer prefixes before the shorter one that holds them";
  EXPECT_EQ(map.get_next_key(prefix(24, 10, 0, 0, 0)), prefix(24, 192, 168, 0, 0));
}

TEST(Selftest, LpmUpdateFlags) {
  Map map = make_map(MapType::lpm_trie, 8, 8, 3);
  const Bytes key = prefix(24, 192, 168, 0, 0);
  EXPECT_EQ(update(map, key, 1, UpdateFlags::lock), EINVAL);
  EXPECT_EQ(update(map, key, 1, noexist | exist), EINVAL);
  EXPECT_EQ(update(map, key, 1, exist), ENOENT);
  EXPECT_EQ(update(map, key, 1, noexist), 0);
  EXPECT_EQ(update(map, key, 2, noexist), EEXIST);
  EXPECT_EQ(update(map, key, 2, exist), 0);
  EXPECT_EQ(map.lookup<int>(key), 2);
  EXPECT_EQ(update(map, key, 3, any), 0);
  EXPECT_EQ(map.lookup<int>(key), 3);
  EXPECT_EQ(update(map, prefix(16, 192, 168, 0, 0), 4, exist), ENOENT)
      << "a shorter prefix that nobody put there";
}

TEST(Selftest, LpmUpdateFullMap) {
  Map map = make_map(MapType::lpm_trie, 8, 8, 3);
  for (int i = 1; i <= 3; ++i) map.update(prefix(24, 192, 168, i, 0), i);
  EXPECT_EQ(update(map, prefix(24, 192, 168, 4, 0), 4, any), ENOSPC);
  EXPECT_EQ(update(map, prefix(24, 192, 168, 4, 0), 4, noexist), ENOSPC);
  EXPECT_EQ(update(map, prefix(24, 192, 168, 2, 0), 20, exist), 0);
  EXPECT_EQ(update(map, prefix(24, 192, 168, 3, 0), 30, any), 0);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 2, 1)), 20);
  EXPECT_EQ(map.lookup<int>(prefix(32, 192, 168, 3, 1)), 30);
  EXPECT_EQ(stored_keys(map).size(), 3U);
}

// Numbers in network order are prefixes in ascending order.
TEST(Selftest, LpmIterateInts) {
  constexpr int entries = 256;
  Map map = make_map(MapType::lpm_trie, 8, 4, entries);
  for (int i = entries - 1; i >= 0; --i) map.update(prefix(32, 0, 0, 0, i), i);
  int expected = 0;
  std::optional<Bytes> key = map.get_next_key(std::nullopt);
  while (key && expected < entries) {
    EXPECT_EQ(*key, prefix(32, 0, 0, 0, expected));
    const auto next = map.get_next_key(*key);
    EXPECT_TRUE(map.erase(*key));
    key = next;
    ++expected;
  }
  EXPECT_EQ(expected, entries);
  EXPECT_TRUE(stored_keys(map).empty());
}

// --- prog_tests ---

TEST(Selftest, BloomFilterMap) {
  std::error_code ec;
  EXPECT_FALSE(Map::create(
      {.type = MapType::bloom_filter, .key_size = 4, .value_size = 4, .max_entries = 100}, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_FALSE(
      Map::create({.type = MapType::bloom_filter, .value_size = 0, .max_entries = 100}, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  Map map = make_map(MapType::bloom_filter, 0, 4, 100);
  for (const auto flags : {all_flags, exist, noexist, UpdateFlags::lock, UpdateFlags{10000}})
    EXPECT_EQ(update(map, Bytes{}, 1, flags), EINVAL);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(update(map, Bytes{}, i, any), 0);
  for (int i = 0; i < 100; ++i) {
    Bytes value = encode_int_key(i, 4);
    EXPECT_TRUE(map.lookup_into(Bytes{}, value)) << i;
  }
}

}  // namespace
}  // namespace bpfmap
