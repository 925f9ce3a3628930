// SPDX-License-Identifier: MIT
// How much stack each operation on large values takes. Included by two tests, which compile it with
// and without optimisation: the types are in an unnamed namespace, so that each has its own code.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"

namespace bpfmap {
namespace {

/// Bytes of stack that `body` writes to, on a thread of its own with a stack painted before.
template <class Body>
std::size_t stack_use(Body body) {
  constexpr std::size_t size = std::size_t{4} << 20;
  auto* const stack = static_cast<std::byte*>(::mmap(
      nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
  if (static_cast<void*>(stack) == MAP_FAILED) std::abort();
  constexpr std::byte paint{0xa5};
  std::memset(stack, 0xa5, size);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstack(&attributes, stack, size);
  const auto run = [](void* of) -> void* {
    (*static_cast<Body*>(of))();
    return nullptr;
  };
  pthread_t thread{};
  if (::pthread_create(&thread, &attributes, run, &body) != 0) std::abort();
  ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
  const std::byte* deepest = stack;
  // A page at a time, because the loop over bytes is slow without optimisation.
  std::array<std::byte, 4096> painted;
  painted.fill(paint);
  while (deepest != stack + size && std::memcmp(deepest, painted.data(), painted.size()) == 0)
    deepest += painted.size();
  while (*deepest == paint) ++deepest;
  const auto used = static_cast<std::size_t>(stack + size - deepest);
  ::munmap(stack, size);
  return used;
}

struct Big {
  std::uint32_t number;
  std::array<unsigned char, (1U << 20) - 4> rest;
};
/// The kernel limits the value of one CPU to 32 KiB.
struct Slot {
  std::uint32_t number;
  std::array<unsigned char, (1U << 15) - 12> rest;
};
struct Prefix {
  std::uint32_t length;
  std::uint32_t address;
};

constexpr std::size_t frames = std::size_t{24} << 10;  // of the thread and of the calls themselves

template <class V, class Body>
void expect_one_value(const char* name, Body body) {
  EXPECT_LT(stack_use(body), sizeof(V) + frames) << name;
}
template <class Body>
void expect_no_value(const char* name, Body body) {
  EXPECT_LT(stack_use(body), frames) << name;
}

class StackUse : public ::testing::Test {
 protected:
  void SetUp() override { big->number = 7; }
  std::unique_ptr<Big> big = std::make_unique<Big>();
  std::unique_ptr<Big> room = std::make_unique<Big>();
  std::error_code ec;
};

TEST_F(StackUse, IsMeasured) {
  expect_no_value("nothing", [] {});
  const auto hold = [this] {
    Big copy;
    std::memset(&copy, big->number == 7 ? 1 : 2, sizeof copy);
    const volatile unsigned char* const at = copy.rest.data();
    EXPECT_EQ(at[0], 1);
  };
  EXPECT_GT(stack_use(hold), sizeof(Big));
  expect_one_value<Big>("one value", hold);
}

// What a hash, an LRU hash and a trie have in common.
template <class M, class Key>
void expect_entries_on_one_value(M& map, Key key, Big& big, Big& room) {
  std::error_code ec;
  expect_no_value("update", [&] { map.update(key, big); });
  expect_no_value("update ec", [&] { map.update(key, big, ec); });
  expect_no_value("insert", [&] { (void)map.insert(key, big); });
  expect_no_value("replace", [&] { (void)map.replace(key, big, ec); });
  expect_one_value<Big>("lookup", [&] { EXPECT_TRUE(map.lookup(key)); });
  expect_one_value<Big>("lookup ec", [&] { EXPECT_TRUE(map.lookup(key, ec)); });
  expect_one_value<Big>("contains", [&] { EXPECT_TRUE(map.contains(key)); });
  expect_one_value<Big>("contains ec", [&] { EXPECT_TRUE(map.contains(key, ec)); });
  expect_no_value("lookup_into", [&] { EXPECT_TRUE(map.lookup_into(key, room)); });
  expect_no_value("lookup_into ec", [&] { EXPECT_TRUE(map.lookup_into(key, room, ec)); });
  expect_one_value<Big>("lookup of a Map",
                        [&] { EXPECT_TRUE(map.map().template lookup<Big>(key)); });
  expect_one_value<Big>("lookup of a Map ec",
                        [&] { EXPECT_TRUE(map.map().template lookup<Big>(key, ec)); });
  expect_no_value("update of a Map", [&] { map.map().update(key, big); });
}

template <class M>
void expect_walks_on_one_value(M& map, Big& big) {
  using Key = typename M::key_type;
  std::error_code ec;
  std::uint64_t sum = 0;
  auto all = scan(map);
  auto read_values = values(map);
  auto entry = std::make_unique<Entry<Key, Big>>();
  expect_one_value<Big>("range-for", [&] {
    for (auto [key, value] : map) sum += value.number;
  });
  expect_one_value<Big>("scan", [&] {
    for (const auto& shown : all) sum += shown.value.number;
  });
  expect_one_value<Big>("scan ec", [&] {
    for (const auto& [key, value] : scan(map, ec)) sum += value.number;
  });
  expect_one_value<Big>("values", [&] {
    for (const Big& value : read_values) sum += value.number;
  });
  expect_no_value("keys", [&] {
    for (const Key& key : keys(map)) sum += sizeof key;
  });
  expect_no_value("read_into", [&] {
    for (auto it = all.begin(); it != all.end(); ++it) it.read_into(*entry);
  });
  EXPECT_EQ(entry->value.number, big.number);
  expect_one_value<Big>("count_if", [&] {
    (void)count_if(map, [](const Key&, const Big& value) { return value.number == 7; });
  });
  expect_one_value<Big>("parallel_scan",
                        [&] { (void)parallel_scan(map, 1, [](const Key&, const Big&) {}); });
  std::vector<Entry<Key, Big>> entries;
  expect_no_value("to_vector", [&] { entries = to_vector(map); });
  expect_no_value("to_vector ec", [&] { entries = to_vector(map, ec); });
  expect_no_value("to_vector_into", [&] { to_vector_into(map, entries); });
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].value.number, big.number);
  const std::array<Key, 1> which{entries[0].key};
  const std::span<const Big> bigs{&big, 1};
  std::vector<std::optional<Big>> found(1);
  expect_no_value("update_batch", [&] { (void)update_batch(map, which, bigs); });
  expect_no_value("lookup_batch", [&] { found = lookup_batch(map, which); });
  expect_no_value("lookup_batch ec", [&] { found = lookup_batch(map, which, ec); });
  expect_no_value("lookup_batch_into", [&] { (void)lookup_batch_into(map, which, found); });
  EXPECT_EQ(found[0]->number, big.number);
  expect_no_value("copy", [&] { (void)copy(map, map); });
}

TEST_F(StackUse, OfAHashIsOneValue) {
  auto map =
      HashMap<std::uint32_t, Big>::create({.max_entries = 2, .flags = MapFlags::no_prealloc});
  expect_entries_on_one_value(map, 1U, *big, *room);
  expect_walks_on_one_value(map, *big);
  const auto wanted = std::make_unique<std::array<std::pair<std::uint32_t, Big>, 1>>();
  (*wanted)[0].first = 1;
  expect_no_value("sync", [&] { (void)sync(map, *wanted); });
  expect_one_value<Big>("erase_if", [&] {
    (void)erase_if(map, [](const auto&, const auto& value) { return value.number == 1; });
  });
  expect_one_value<Big>("lookup_and_delete", [&] { EXPECT_TRUE(map.lookup_and_delete(1)); });
  map.update(1, *big);
  expect_one_value<Big>("lookup_and_delete ec", [&] { EXPECT_TRUE(map.lookup_and_delete(1, ec)); });
  map.update(1, *big);
  expect_no_value("lookup_and_delete_into",
                  [&] { EXPECT_TRUE(map.lookup_and_delete_into(1, *room)); });
  map.update(1, *big);
  expect_no_value("lookup_and_delete_into ec",
                  [&] { EXPECT_TRUE(map.lookup_and_delete_into(1, *room, ec)); });
  map.update(1, *big);
  expect_one_value<Big>("lookup_and_delete of a Map",
                        [&] { EXPECT_TRUE(map.map().lookup_and_delete<Big>(1)); });
  map.update(1, *big);
  expect_one_value<Big>("drain", [&] {
    for (auto [key, value] : drain(map)) EXPECT_EQ(value.number, 7U);
  });
  map.update(1, *big);
  auto entry = std::make_unique<Entry<std::uint32_t, Big>>();
  expect_no_value("drain, read_into", [&] {
    auto drained = drain(map, ec);
    for (auto it = drained.begin(); it != drained.end(); ++it) it.read_into(*entry);
  });
  EXPECT_EQ(entry->value.number, 7U);
}

TEST_F(StackUse, OfATrieIsOneValue) {
  auto map = LpmTrie<Prefix, Big>::create({.max_entries = 2});
  expect_entries_on_one_value(map, Prefix{8, 1}, *big, *room);
  expect_walks_on_one_value(map, *big);
}

TEST_F(StackUse, OfAnArrayIsOneValue) {
  auto map = ArrayMap<Big>::create({.max_entries = 1});
  expect_no_value("update", [&] { map.update(0, *big); });
  expect_one_value<Big>("lookup", [&] { EXPECT_EQ(map.lookup(0).number, 7U); });
  expect_one_value<Big>("lookup ec", [&] { EXPECT_TRUE(map.lookup(0, ec)); });
  expect_no_value("lookup_into", [&] { map.lookup_into(0, *room); });
  expect_no_value("lookup_into ec", [&] { map.lookup_into(0, *room, ec); });
  expect_walks_on_one_value(map, *big);
}

template <class M>
void expect_queue_on_one_value(Big& big, Big& room) {
  auto map = M::create({.max_entries = 2});
  std::error_code ec;
  expect_no_value("push", [&] { EXPECT_TRUE(map.push(big)); });
  expect_no_value("push_overwrite", [&] { map.push_overwrite(big, ec); });
  expect_one_value<Big>("peek", [&] { EXPECT_TRUE(map.peek()); });
  expect_one_value<Big>("peek ec", [&] { EXPECT_TRUE(map.peek(ec)); });
  expect_no_value("peek_into", [&] { EXPECT_TRUE(map.peek_into(room)); });
  expect_no_value("peek_into ec", [&] { EXPECT_TRUE(map.peek_into(room, ec)); });
  expect_one_value<Big>("pop", [&] { EXPECT_TRUE(map.pop()); });
  expect_one_value<Big>("pop ec", [&] { EXPECT_TRUE(map.pop(ec)); });
  map.push(big);
  map.push(big);
  expect_no_value("pop_into", [&] { EXPECT_TRUE(map.pop_into(room)); });
  expect_no_value("pop_into ec", [&] { EXPECT_TRUE(map.pop_into(room, ec)); });
  map.push(big);
  expect_one_value<Big>("drain", [&] {
    for (const Big& value : drain(map)) EXPECT_EQ(value.number, 7U);
  });
  map.push(big);
  expect_no_value("drain, read_into", [&] {
    auto drained = drain(map);
    for (auto it = drained.begin(); it != drained.end(); ++it) it.read_into(room);
  });
  EXPECT_EQ(room.number, 7U);
}

TEST_F(StackUse, OfAQueueIsOneValue) { expect_queue_on_one_value<Queue<Big>>(*big, *room); }
TEST_F(StackUse, OfAStackIsOneValue) { expect_queue_on_one_value<Stack<Big>>(*big, *room); }

// The slots themselves are on the heap.
TEST_F(StackUse, OfAPerCpuMapIsAtMostOneSlot) {
  auto map = PerCpuHashMap<std::uint32_t, Slot>::create(
      {.max_entries = 2, .flags = MapFlags::no_prealloc});
  auto array = PerCpuArrayMap<Slot>::create({.max_entries = 1});
  const auto slot = std::make_unique<Slot>();
  PerCpuValues<Slot> values;
  expect_no_value("update", [&] { map.update(1, *slot); });
  expect_no_value("update each", [&] { map.update(1, values, ec); });
  expect_no_value("lookup", [&] { EXPECT_TRUE(map.lookup(1)); });
  expect_no_value("lookup_into", [&] { EXPECT_TRUE(map.lookup_into(1, values)); });
  expect_no_value("lookup of an array", [&] { (void)array.lookup(0); });
  expect_no_value("to_vector", [&] { EXPECT_EQ(to_vector(map).size(), 1U); });
  expect_one_value<Slot>("scan of slots", [&] {
    for (auto [key, view] : map)
      for (const Slot& one : view) EXPECT_EQ(one.number, 0U);
  });
  expect_one_value<Slot>("lookup_cpu", [&] { (void)map.lookup_cpu(1, 0, ec); });
  expect_no_value("lookup_cpu_into", [&] { (void)map.lookup_cpu_into(1, 0, *slot, ec); });
  expect_one_value<Slot>("lookup_cpu of a Map",
                         [&] { (void)map.map().lookup_cpu<Slot>(1, 0, ec); });
  expect_one_value<Slot>("lookup_percpu of a Map",
                         [&] { EXPECT_TRUE(map.map().lookup_percpu<Slot>(1)); });
  expect_no_value("lookup_and_delete", [&] { EXPECT_TRUE(map.lookup_and_delete(1)); });
}

}  // namespace
}  // namespace bpfmap
