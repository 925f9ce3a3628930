// SPDX-License-Identifier: MIT
// The kernel's own tests of batches (tools/testing/selftests/bpf/map_tests: htab_map_batch_ops.c,
// array_map_batch_ops.c, map_in_map_batch_ops.c, lpm_trie_map_batch_ops.c), said again through the
// public API; each case is named for the function that it follows.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"

namespace bpfmap {
namespace {

constexpr std::uint32_t entries = 10;
using Numbers = std::map<std::uint32_t, std::int64_t>;

std::vector<std::uint32_t> all_keys() {
  std::vector<std::uint32_t> keys;
  for (std::uint32_t i = 0; i < entries; ++i) keys.push_back(i);
  return keys;
}

// The value of `key`: on a per-CPU map another on each CPU.
template <class M>
auto value_of(std::uint32_t key) {
  using V = typename M::mapped_type;
  if constexpr (std::is_same_v<V, std::int64_t>) {
    return std::int64_t{key} + 1;
  } else {
    V values;
    for (std::size_t i = 0; i < values.size(); ++i)
      values.set(i, std::int64_t{key} + 1 + static_cast<std::int64_t>(i));
    return values;
  }
}

// A value as one number, and what it is for `key`.
std::int64_t number_of(std::int64_t value) { return value; }
template <class PerCpu>
std::int64_t number_of(const PerCpu& values) {
  return values.sum();
}
template <class M>
Numbers all_numbers() {
  Numbers numbers;
  for (const std::uint32_t key : all_keys()) numbers.emplace(key, number_of(value_of<M>(key)));
  return numbers;
}

template <class M>
void fill(M& map) {
  const auto keys = all_keys();
  std::vector<typename M::mapped_type> values;
  for (const std::uint32_t key : keys) values.push_back(value_of<M>(key));
  EXPECT_EQ(update_batch(map, std::span{keys}, values).done, entries);
}

// What a walk in batches of `step` shows.
template <class M>
Numbers shown(const M& map, std::uint32_t step) {
  Numbers numbers;
  for (const auto& [key, value] : scan(map, {.batch_size = step}))
    EXPECT_TRUE(numbers.emplace(key, number_of(value)).second) << "twice";
  return numbers;
}

// Erases all keys in batches of `step`.
template <class M, class K>
void erase_in_steps(M& map, const std::vector<K>& keys, std::size_t step) {
  for (std::size_t at = 0; at < keys.size(); at += step) {
    const std::size_t count = std::min(step, keys.size() - at);
    EXPECT_EQ(erase_batch(map, std::span{keys}.subspan(at, count)).done, count);
  }
}

template <class M>
void expect_htab_map_batch_ops() {
  auto map = M::create({.max_entries = entries});
  EXPECT_EQ(count(map), 0U);
  for (const auto entry : drain(map)) ADD_FAILURE() << entry.key << " in an empty map";

  fill(map);
  EXPECT_EQ(shown(map, entries), all_numbers<M>());
  Numbers drained;
  for (const auto& [key, value] : drain(map)) drained.emplace(key, number_of(value));
  EXPECT_EQ(drained, all_numbers<M>());
  EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);

  for (std::uint32_t step = 1; step < entries; ++step) {
    SCOPED_TRACE(step);
    fill(map);
    EXPECT_EQ(shown(map, step), all_numbers<M>());
    erase_in_steps(map, all_keys(), step);
    EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);
    fill(map);
    drained.clear();
    for (const auto& [key, value] : drain(map, {.batch_size = step}))
      EXPECT_TRUE(drained.emplace(key, number_of(value)).second);
    EXPECT_EQ(drained, all_numbers<M>());
    EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);
  }
}

TEST(Selftest, HtabMapBatchOps) {
  expect_htab_map_batch_ops<HashMap<std::uint32_t, std::int64_t>>();
}
TEST(Selftest, HtabPercpuMapBatchOps) {
  expect_htab_map_batch_ops<PerCpuHashMap<std::uint32_t, std::int64_t>>();
}

template <class M>
void expect_array_map_batch_ops() {
  auto map = M::create({.max_entries = entries});
  fill(map);
  for (std::uint32_t step = 1; step < entries; ++step) {
    SCOPED_TRACE(step);
    EXPECT_EQ(shown(map, step), all_numbers<M>());
  }
}

TEST(Selftest, ArrayMapBatchOps) { expect_array_map_batch_ops<ArrayMap<std::int64_t>>(); }
TEST(Selftest, ArrayPercpuMapBatchOps) {
  expect_array_map_batch_ops<PerCpuArrayMap<std::int64_t>>();
}

// --- map_in_map_batch_ops.c ---

// An array has a value for every index, a hash perhaps none for a key.
std::optional<std::uint32_t> first_of(const ArrayMap<std::uint32_t>& map) { return map.lookup(0); }
std::optional<std::uint32_t> first_of(const HashMap<std::uint32_t, std::uint32_t>& map) {
  return map.lookup(0);
}

// Each inner map holds its own id.
template <class Inner>
std::vector<Inner> numbered_maps() {
  std::vector<Inner> inners;
  for (std::uint32_t i = 0; i < entries; ++i) {
    inners.push_back(Inner::create({.max_entries = 1}));
    inners.back().update(0, inners.back().map().info().id);
  }
  return inners;
}

template <class Outer, class Inner>
void expect_map_in_map_batch_ops() {
  const auto inners = numbered_maps<Inner>();
  auto outer = Outer::create({.max_entries = entries}, inners[0]);
  const auto keys = all_keys();
  EXPECT_EQ(outer.set_batch(keys, inners).done, entries);
  for (const std::uint32_t step : {entries / 2, entries}) {
    std::size_t found = 0;
    for (const auto [key, id] : scan(outer, {.batch_size = step})) {
      ++found;
      EXPECT_EQ(id, inners[key].map().info().id);
      const auto inner = outer.lookup(key);
      ASSERT_TRUE(inner);
      EXPECT_EQ(first_of(*inner), id);
    }
    EXPECT_EQ(found, entries);
  }
  if constexpr (std::is_same_v<Outer, HashOfMaps<std::uint32_t, Inner>>) {
    std::size_t drained = 0;
    for (const auto [key, id] : drain(outer)) drained += id == inners[key].map().info().id;
    EXPECT_EQ(drained, entries);
    EXPECT_EQ(count(outer), 0U);
  }
}

using InnerArray = ArrayMap<std::uint32_t>;
using InnerHash = HashMap<std::uint32_t, std::uint32_t>;

TEST(Selftest, MapInMapBatchOpsArray) {
  expect_map_in_map_batch_ops<ArrayOfMaps<InnerArray>, InnerArray>();
  expect_map_in_map_batch_ops<ArrayOfMaps<InnerHash>, InnerHash>();
}
TEST(Selftest, MapInMapBatchOpsHash) {
  expect_map_in_map_batch_ops<HashOfMaps<std::uint32_t, InnerArray>, InnerArray>();
  expect_map_in_map_batch_ops<HashOfMaps<std::uint32_t, InnerHash>, InnerHash>();
}

// --- lpm_trie_map_batch_ops.c ---

TEST(Selftest, LpmTrieMapBatchOps) {
  using Prefix = LpmKey<in_addr>;
  auto map = LpmTrie<Prefix, std::int64_t>::create({.max_entries = entries});
  std::vector<Prefix> keys;
  std::vector<std::int64_t> values;
  for (std::uint8_t i = 0; i < entries; ++i) {
    keys.push_back(Prefix::parse("192.168.0." + std::to_string(i) + "/32"));
    values.push_back(i + 1);
  }
  for (std::uint32_t step = 1; step < entries; ++step) {
    SCOPED_TRACE(step);
    EXPECT_EQ(update_batch(map, std::span{std::as_const(keys)}, values).done, entries);
    std::int64_t sum = 0;
    std::size_t found = 0;
    for (const auto& [key, value] : scan(map, {.batch_size = step})) {
      ++found;
      sum += value;
    }
    EXPECT_EQ(found, entries);
    EXPECT_EQ(sum, entries * (entries + 1) / 2);
    erase_in_steps(map, keys, step);
    EXPECT_EQ(map.map().get_next_key(std::nullopt), std::nullopt);
  }
}

}  // namespace
}  // namespace bpfmap
