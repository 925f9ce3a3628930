// SPDX-License-Identifier: MIT
// More of the kernel's own tests (tools/testing/selftests/bpf), said again through the public API:
// those with many threads, with sockets and with memory. Each case is named for the function that
// it follows.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::errno_code;
using test::make_map;

// What an update of `key` answers; no error is 0.
template <class K, class V>
int update(Map& map, const K& key, const V& value, UpdateFlags flags = UpdateFlags::any) {
  std::error_code ec;
  map.update(key, value, flags, ec);
  return ec.value();
}
constexpr auto noexist = UpdateFlags::noexist;
constexpr auto exist = UpdateFlags::exist;
constexpr auto locked = UpdateFlags::lock;

// What may be tried again: locks that others hold, and memory that comes back soon.
bool transient(int error) {
  return error == EAGAIN || error == EBUSY || error == ENOMEM || error == EDEADLK;
}

// Runs `task(0)`, `task(1)`, ... at the same time.
void in_parallel(std::uint32_t tasks, const std::function<void(std::uint32_t)>& task) {
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < tasks; ++i) threads.emplace_back(task, i);
  for (auto& thread : threads) thread.join();
}

// --- test_maps.c ---

constexpr std::uint32_t tasks = 8;

// Every task its own keys: inserts and overwrites them, or erases them.
void update_in_parallel(Map& map, std::uint32_t entries, bool erase) {
  in_parallel(tasks, [&](std::uint32_t task) {
    for (std::uint32_t key = task; key < entries; key += tasks) {
      if (erase) {
        EXPECT_TRUE(map.erase(key));
        continue;
      }
      int error = 0;
      do error = update(map, key, key, noexist);
      while (transient(error));
      EXPECT_EQ(error, 0);
      do error = update(map, key, key + 1, exist);
      while (transient(error));
      EXPECT_EQ(error, 0);
    }
  });
}

void expect_map_parallel(std::uint32_t entries, MapFlags flags) {
  // With room to spare: without preallocation an overwrite takes a second entry for a moment.
  Map map = make_map(MapType::hash, 4, 4, entries + tasks, flags);
  for (int round = 0; round < 2; ++round) {
    update_in_parallel(map, entries, false);
    EXPECT_EQ(update(map, 0, 0, noexist), EEXIST);
    std::vector<bool> found(entries);
    for (const auto& key : test::stored_keys(map)) {
      const std::uint64_t number = decode_int_value(key);
      ASSERT_LT(number, entries);
      EXPECT_FALSE(found[number]);
      found[number] = true;
      EXPECT_EQ(map.lookup<std::uint32_t>(key), number + 1);
    }
    EXPECT_EQ(std::count(found.begin(), found.end(), true), entries);
    update_in_parallel(map, entries, true);
    EXPECT_EQ(map.get_next_key(std::nullopt), std::nullopt);
  }
}

TEST(Selftest, MapParallel) {
  expect_map_parallel(8192, MapFlags::none);
  expect_map_parallel(8192, MapFlags::no_prealloc);
}

// Many small maps at once, each used and gone.
TEST(Selftest, MapStress) {
  in_parallel(4, [](std::uint32_t) {
    for (int round = 0; round < 25; ++round) {
      for (const auto type : {MapType::hash, MapType::percpu_hash, MapType::array,
                              MapType::percpu_array, MapType::lru_hash}) {
        Map map = make_map(type, 4, 8, 16);
        for (std::uint32_t key = 0; key < 16; ++key) EXPECT_EQ(update(map, key, key), 0);
        EXPECT_LE(count(map), 16U);
        EXPECT_TRUE(map.is_percpu() ? map.lookup_percpu(15).has_value()
                                    : map.lookup(15).has_value());
      }
    }
  });
}

// The map that holds sockets of both kinds, whether or not there are programs.
TEST(Selftest, Sockmap) {
  Map map = make_map(MapType::sockmap, 4, 4, 6);
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const auto [client, server] = test::connected_sockets();
  EXPECT_EQ(update(map, 0, udp.get()), 0);
  EXPECT_EQ(update(map, 1, client.get()), 0);
  EXPECT_EQ(update(map, 2, server.get(), noexist), 0);
  EXPECT_EQ(update(map, 2, client.get(), noexist), EEXIST);
  EXPECT_EQ(update(map, 2, client.get(), exist), 0);
  EXPECT_EQ(update(map, 2, client.get()), 0);
  EXPECT_EQ(update(map, 5, client.get(), exist), ENOENT);
  EXPECT_TRUE(map.erase(2));
  std::error_code ec;
  EXPECT_FALSE(map.erase(2, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));

  const int client_fd = client.get();  // no structured binding can be captured
  in_parallel(4, [&map, client_fd](std::uint32_t) {
    std::error_code ignored;
    for (int i = 0; i < 1000; ++i) {
      const int error = update(map, 3, client_fd);
      EXPECT_TRUE(error == 0 || transient(error)) << error;
      map.erase(3, ignored);
    }
  });
}

TEST(Selftest, ReuseportArray) {
  Map map = make_map(MapType::reuseport_sockarray, 4, 8, 4);
  const sys::UniqueFd first = test::listening_socket();
  const sys::UniqueFd second = test::listening_socket();
  sys::UniqueFd third = test::listening_socket();
  const sys::UniqueFd unbound = test::new_socket(SOCK_STREAM);
  const sys::UniqueFd bound = test::bound_socket(SOCK_STREAM);
  std::error_code ec;
  map.update(4, first.get(), ec);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
  EXPECT_FALSE(map.erase(4, ec));
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
  EXPECT_EQ(map.lookup(3), std::nullopt);
  EXPECT_FALSE(map.erase(3));
  EXPECT_EQ(update(map, 3, unbound.get()), EINVAL);
  EXPECT_EQ(update(map, 3, bound.get()), EINVAL);

  EXPECT_EQ(update(map, 3, first.get(), exist), ENOENT);
  EXPECT_EQ(update(map, 3, first.get(), noexist), 0);
  EXPECT_EQ(update(map, 3, second.get(), exist), 0);
  EXPECT_EQ(map.lookup<std::uint64_t>(3), test::cookie_of(second));
  EXPECT_EQ(update(map, 3, first.get(), noexist), EEXIST);
  for (const auto flags : {UpdateFlags::any, exist})
    EXPECT_EQ(update(map, 3, second.get(), flags), EBUSY);
  EXPECT_EQ(update(map, 2, second.get()), EBUSY);
  EXPECT_TRUE(map.erase(3));
  EXPECT_EQ(update(map, 3, second.get(), noexist), 0);

  EXPECT_EQ(update(map, 0, third.get()), 0);
  EXPECT_EQ(map.lookup<std::uint64_t>(0), test::cookie_of(third));
  third.reset();
  EXPECT_EQ(map.lookup(0), std::nullopt);
}

// --- map_tests/map_percpu_stats.c ---

// Every task writes every key.
void upsert_in_parallel(Map& map, std::uint32_t keys) {
  in_parallel(tasks, [&](std::uint32_t task) {
    for (std::uint32_t i = 0; i < keys; ++i) {
      int error = 0;
      do error = update(map, (i + task * keys / tasks) % keys, i);
      while (transient(error));
      EXPECT_EQ(error, 0);
    }
  });
}

// Every task takes every key, one way or the other: each is taken once.
std::uint64_t take_in_parallel(Map& map, std::uint32_t keys) {
  const bool takes = test::kernel_takes_from_hashes();
  std::array<std::uint64_t, tasks> taken{};
  in_parallel(tasks, [&](std::uint32_t task) {
    for (std::uint32_t key = 0; key < keys; ++key) {
      if (key % 2 == 0 || !takes)
        taken[task] += map.erase(key);
      else if (map.is_percpu())
        taken[task] += map.lookup_and_delete_percpu(key).has_value();
      else
        taken[task] += map.lookup_and_delete(key).has_value();
    }
  });
  std::uint64_t all = 0;
  for (const std::uint64_t count : taken) all += count;
  return all;
}

TEST(Selftest, MapPercpuStats) {
  constexpr std::uint32_t entries = 1024;
  constexpr std::uint32_t keys = entries - 512;
  struct Kind {
    MapType type;
    MapFlags flags;
  };
  for (const auto& [type, flags] :
       {Kind{MapType::hash, MapFlags::none}, Kind{MapType::hash, MapFlags::no_prealloc},
        Kind{MapType::percpu_hash, MapFlags::none},
        Kind{MapType::percpu_hash, MapFlags::no_prealloc}, Kind{MapType::lru_hash, MapFlags::none},
        Kind{MapType::lru_hash, MapFlags::no_common_lru},
        Kind{MapType::lru_percpu_hash, MapFlags::none},
        Kind{MapType::lru_percpu_hash, MapFlags::no_common_lru}}) {
    SCOPED_TRACE(std::string{to_string(type)} + " " +
                 std::to_string(static_cast<std::uint32_t>(flags)));
    const bool lru = type == MapType::lru_hash || type == MapType::lru_percpu_hash;
    Map map = make_map(type, 4, 4, entries, flags);
    for (const bool batch : {false, true}) {
      upsert_in_parallel(map, keys);
      const std::uint64_t there = count(map);
      EXPECT_TRUE(lru ? there <= keys : there == keys) << there;
      std::uint64_t taken = 0;
      if (batch)
        for ([[maybe_unused]] const auto& entry : drain(map)) ++taken;
      else
        taken = take_in_parallel(map, keys);
      EXPECT_EQ(taken, there);
      EXPECT_EQ(count(map), 0U);
    }
  }
}

// --- map_tests/sk_storage_map.c ---

MapSpec sk_storage_spec(const test::SmallBtf& btf) {
  return {.type = MapType::sk_storage,
          .key_size = 4,
          .value_size = 8,
          .flags = MapFlags::no_prealloc,
          .btf_fd = btf.fd(),
          .btf_key_type_id = test::SmallBtf::integer,
          .btf_value_type_id = test::SmallBtf::locked};
}

TEST(Selftest, SkStorageMapCreation) {
  const test::SmallBtf btf;
  EXPECT_TRUE(Map::create(sk_storage_spec(btf)));
  const auto refused = [&btf](auto change) {
    MapSpec spec = sk_storage_spec(btf);
    change(spec);
    std::error_code ec;
    EXPECT_FALSE(Map::create(spec, ec));
    EXPECT_EQ(ec, errno_code(EINVAL));
  };
  refused([](MapSpec& spec) { spec.btf_key_type_id = 0; });
  refused([](MapSpec& spec) { spec.btf_key_type_id = test::SmallBtf::locked; });
  refused([](MapSpec& spec) { spec.max_entries = 1; });
  refused([](MapSpec& spec) { spec.flags = MapFlags::none; });
}

TEST(Selftest, SkStorageMapBasic) {
  struct Locked {
    std::int32_t count = 0;
    bpf_spin_lock lock{};
    bool operator==(const Locked& other) const {
      return count == other.count && lock.val == other.lock.val;
    }
  };
  const test::SmallBtf btf;
  SkStorage<Locked> map{Map::create(sk_storage_spec(btf))};
  const sys::UniqueFd socket = test::new_socket(SOCK_STREAM);
  const int fd = socket.get();
  Map& beneath = map.map();
  // With the lock, as the class writes, and without it, as Map does when it is not asked to.
  EXPECT_TRUE(map.insert(fd, {.count = 1}));
  EXPECT_EQ(map.lookup(fd), Locked{.count = 1});
  EXPECT_TRUE(map.replace(fd, {.count = 2}));
  EXPECT_EQ(map.lookup(fd), Locked{.count = 2});
  EXPECT_EQ(update(beneath, fd, Locked{.count = 3}, noexist | locked), EEXIST);
  EXPECT_FALSE(map.insert(fd, {.count = 3}));
  EXPECT_EQ(update(beneath, fd, Locked{.count = 3}, exist), 0);
  EXPECT_EQ(map.lookup(fd), Locked{.count = 3});
  EXPECT_EQ(update(beneath, fd, Locked{.count = 4}, noexist), EEXIST);
  EXPECT_EQ(update(beneath, fd, Locked{.count = 4}), 0);
  EXPECT_EQ(map.lookup(fd), Locked{.count = 4});
  map.update(fd, {.count = 5});
  EXPECT_EQ(beneath.lookup<Locked>(fd), Locked{.count = 5});
  EXPECT_TRUE(map.erase(fd));
  EXPECT_EQ(map.lookup(fd), std::nullopt);
  EXPECT_FALSE(map.erase(fd));
}

// --- prog_tests/mmap.c ---

TEST(Selftest, Mmap) {
  Map rdonly = make_map(MapType::array, 4, 8, 4, MapFlags::mmapable | MapFlags::rdonly_prog);
  std::error_code ec;
  EXPECT_FALSE(MappedArray<std::uint64_t>(rdonly.duplicate(), ec));
  EXPECT_EQ(ec, errno_code(EACCES));
  EXPECT_TRUE(MappedArray<const std::uint64_t>(rdonly.duplicate()));

  auto map = ArrayMap<std::uint64_t>::create({.max_entries = 4, .flags = MapFlags::mmapable});
  {
    const MappedArray<std::uint64_t> memory{map.map().duplicate()};
    memory.store(1, 11);
    EXPECT_EQ(map.lookup(1), 11U);
    map.update(2, 22);
    EXPECT_EQ(memory.load(2), 22U);
    map.map().freeze(ec);
    EXPECT_EQ(ec, errno_code(EBUSY));
  }
  const MappedArray<const std::uint64_t> readable{map.map().duplicate()};
  map.map().freeze();
  EXPECT_FALSE(MappedArray<std::uint64_t>(map.map().duplicate(), ec));
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_EQ(readable.load(1), 11U);
  EXPECT_TRUE(MappedArray<const std::uint64_t>(map.map().duplicate()));
}

// --- prog_tests/map_excl.c ---

// What the kernel says to a program that uses the map behind `fd`.
long load_user_of(int fd) {
  const auto load = test::load_map(1, fd);
  const std::array code{load[0], load[1], test::load_number(0, 0), test::leave()};
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = sys::detail::address(code.data());
  attr.insn_cnt = code.size();
  attr.license = sys::detail::address("MIT");
  const long result = sys::bpf(BPF_PROG_LOAD, &attr, offsetof(bpf_attr, attach_btf_id));
  const sys::UniqueFd program{static_cast<int>(result)};
  return result < 0 ? result : 0;
}

TEST(Selftest, MapExcl) {
  MapSpec spec = test::spec_of(MapType::array);
  EXPECT_EQ(load_user_of(Map::create(spec).fd()), 0);
  spec.excl_prog_hash.emplace().fill(std::byte{1});
  std::error_code ec;
  const Map map = Map::create(spec, ec);
  if (ec) GTEST_SKIP() << "before Linux 6.18 there are no exclusive maps";
  EXPECT_EQ(load_user_of(map.fd()), -EACCES) << "it is for a program with another hash";
}

}  // namespace
}  // namespace bpfmap
