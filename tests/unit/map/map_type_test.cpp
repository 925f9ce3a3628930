// SPDX-License-Identifier: MIT
#include "bpfmap/map/map_type.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace bpfmap {
namespace {

// Every type of the oldest headers that this builds with, by the kernel's own name and number.
#define KERNEL_TYPE(NAME)                                             \
  std::pair<int, std::string_view> {                                  \
    static_cast<int>(BPF_MAP_TYPE_##NAME), std::string_view { #NAME } \
  }
constexpr std::array kernel_types{
    KERNEL_TYPE(HASH),
    KERNEL_TYPE(ARRAY),
    KERNEL_TYPE(PROG_ARRAY),
    KERNEL_TYPE(PERF_EVENT_ARRAY),
    KERNEL_TYPE(PERCPU_HASH),
    KERNEL_TYPE(PERCPU_ARRAY),
    KERNEL_TYPE(STACK_TRACE),
    KERNEL_TYPE(CGROUP_ARRAY),
    KERNEL_TYPE(LRU_HASH),
    KERNEL_TYPE(LRU_PERCPU_HASH),
    KERNEL_TYPE(LPM_TRIE),
    KERNEL_TYPE(ARRAY_OF_MAPS),
    KERNEL_TYPE(HASH_OF_MAPS),
    KERNEL_TYPE(DEVMAP),
    KERNEL_TYPE(SOCKMAP),
    KERNEL_TYPE(CPUMAP),
    KERNEL_TYPE(XSKMAP),
    KERNEL_TYPE(SOCKHASH),
    KERNEL_TYPE(CGROUP_STORAGE),
    KERNEL_TYPE(REUSEPORT_SOCKARRAY),
    KERNEL_TYPE(PERCPU_CGROUP_STORAGE),
    KERNEL_TYPE(QUEUE),
    KERNEL_TYPE(STACK),
    KERNEL_TYPE(SK_STORAGE),
    KERNEL_TYPE(DEVMAP_HASH),
    KERNEL_TYPE(STRUCT_OPS),
    KERNEL_TYPE(RINGBUF),
    KERNEL_TYPE(INODE_STORAGE),
    KERNEL_TYPE(TASK_STORAGE),
    KERNEL_TYPE(BLOOM_FILTER),
    KERNEL_TYPE(USER_RINGBUF),
};
#undef KERNEL_TYPE

std::string lower_case(std::string_view name) {
  std::string result{name};
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

TEST(MapTypeTable, HasTheKernelsNumbersAndNames) {
  ASSERT_GE(map_types().size(), kernel_types.size());
  for (const auto& [number, name] : kernel_types) {
    const auto type = static_cast<MapType>(number);
    ASSERT_NE(traits_of(type), nullptr) << name;
    EXPECT_EQ(traits_of(type)->type, type);
    EXPECT_EQ(to_string(type), lower_case(name));
  }
}

TEST(MapTypeTable, HasTheTypesThatAreNewerThanTheHeaders) {
  EXPECT_EQ(static_cast<int>(MapType::cgrp_storage), 32);
  EXPECT_EQ(static_cast<int>(MapType::arena), 33);
  EXPECT_EQ(static_cast<int>(MapType::insn_array), 34);
  EXPECT_EQ(static_cast<int>(MapType::rhash), 35);
  EXPECT_EQ(to_string(MapType::cgrp_storage), "cgrp_storage");
  EXPECT_EQ(to_string(MapType::arena), "arena");
  EXPECT_EQ(to_string(MapType::insn_array), "insn_array");
  EXPECT_EQ(to_string(MapType::rhash), "rhash");
}

TEST(MapTypeTable, IsInTheOrderOfTheNumbersWithoutGaps) {
  std::uint32_t number = 0;
  for (const auto& row : map_types()) EXPECT_EQ(static_cast<std::uint32_t>(row.type), ++number);
}

TEST(MapTypeTable, HasNoNameTwice) {
  std::set<std::string_view> names;
  for (const auto& row : map_types()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
}

TEST(MapTypeTable, KnowsNothingOfOtherNumbers) {
  const auto next = static_cast<std::uint32_t>(map_types().size() + 1);
  for (const std::uint32_t number : {0U, next, 1000U, 0xFFFF'FFFFU}) {
    EXPECT_EQ(traits_of(static_cast<MapType>(number)), nullptr) << number;
    EXPECT_EQ(to_string(static_cast<MapType>(number)), "unknown") << number;
  }
}

TEST(MapTypeTable, KnowsTheTypesWithAValueForEachCpu) {
  std::set<MapType> percpu;
  for (const auto& row : map_types())
    if (row.percpu) percpu.insert(row.type);
  EXPECT_EQ(percpu, (std::set{MapType::percpu_hash, MapType::percpu_array, MapType::lru_percpu_hash,
                              MapType::percpu_cgroup_storage}));
}

// A type that deletes by batch looks up by batch, and one that drains deletes.
TEST(MapTypeTable, HasNoBatchCommandWithoutTheSimplerOnes) {
  for (const auto& row : map_types()) {
    EXPECT_TRUE(row.lookup_batch || !row.erase_batch) << row.name;
    EXPECT_TRUE(row.erase_batch || !row.drain_batch) << row.name;
  }
}

TEST(ParseMapType, ReadsEveryNameThatToStringGives) {
  for (const auto& row : map_types())
    EXPECT_EQ(parse_map_type(to_string(row.type)), row.type) << row.name;
}

TEST(ParseMapType, RefusesOtherNames) {
  for (const std::string_view name : {"", "unknown", "unspec", "HASH", "Hash", " hash", "hash ",
                                      "has", "hashh", "BPF_MAP_TYPE_HASH"})
    EXPECT_EQ(parse_map_type(name), std::nullopt) << '"' << name << '"';
}

TEST(MapTypeTable, HasSizesThatTheTypesNeed) {
  for (const auto& row : map_types()) {
    for (const SizeRange& range : {row.key_size, row.value_size, row.max_entries}) {
      EXPECT_LE(range.least, range.most) << row.name;
      EXPECT_TRUE(range.contains(range.least)) << row.name;
    }
    EXPECT_EQ(row.key_size.most == 0, row.key == KeyKind::none) << row.name;
    EXPECT_EQ(row.lookup_batch, !row.batches_since.empty()) << row.name;
    EXPECT_EQ(row.flags_needed & row.flags_taken, row.flags_needed) << row.name;
  }
}

TEST(SizeRange, HoldsEveryStepFromTheLeastToTheMost) {
  constexpr SizeRange range{8, 16, 8};
  EXPECT_TRUE(range.contains(8) && range.contains(16));
  EXPECT_FALSE(range.contains(0) || range.contains(12) || range.contains(24));
}

}  // namespace
}  // namespace bpfmap
