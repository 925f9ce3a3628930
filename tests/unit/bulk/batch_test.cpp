// SPDX-License-Identifier: MIT
// What the kernel is asked for many given keys at once.
#include "bpfmap/bulk/batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/parallel_scan.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/typed/array_map.hpp"
#include "bpfmap/typed/array_of_maps.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "bpfmap/typed/hash_of_maps.hpp"
#include "bpfmap/typed/percpu_array_map.hpp"
#include "bpfmap/typed/percpu_hash_map.hpp"
#include "bpfmap/typed/prog_array.hpp"
#include "bpfmap/typed/sock_hash.hpp"
#include "bpfmap/typed/sock_map.hpp"
#include "fake_bpf.hpp"

namespace bpfmap {
namespace {

using test::BpfCall;
using test::FakeMap;

bpf_attr attr_of(const BpfCall& call) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  std::memcpy(&attr, call.attr.data(), call.attr.size());
  return attr;
}

MapInfo info_of(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
  return {
      .type = type, .id = 1, .key_size = key_size, .value_size = value_size, .max_entries = 1000};
}

using Numbers = HashMap<std::uint32_t, std::uint64_t>;

struct Input {
  std::vector<std::uint32_t> keys;
  std::vector<std::uint64_t> values;
  explicit Input(std::uint32_t size) : keys(size), values(size) {
    std::iota(keys.begin(), keys.end(), 0U);
  }
};

TEST(UpdateBatchCall, HandsTheKernelTheCallersMemory) {
  FakeMap fake{info_of(MapType::hash, 4, 8)};
  Numbers map{std::move(fake.map)};
  const Input input{1000};
  update_batch(map, input.keys, input.values);
  const BpfCall call = fake.bpf().only_call();
  EXPECT_EQ(call.cmd, BPF_MAP_UPDATE_BATCH);
  const bpf_attr attr = attr_of(call);
  EXPECT_EQ(attr.batch.keys, sys::detail::address(input.keys.data()));
  EXPECT_EQ(attr.batch.values, sys::detail::address(input.values.data()));
  EXPECT_EQ(attr.batch.count, 1000U);
  EXPECT_EQ(attr.batch.in_batch, 0U);
  EXPECT_EQ(attr.batch.out_batch, 0U);
  EXPECT_EQ(attr.batch.elem_flags, 0U);
  EXPECT_EQ(attr.batch.flags, 0U);
}

// The kernel's batch refuses BPF_NOEXIST and BPF_EXIST.
TEST(UpdateBatchCall, GoesOneByOneForConditionalFlags) {
  for (const UpdateFlags flags :
       {UpdateFlags::noexist, UpdateFlags::exist, UpdateFlags::noexist | UpdateFlags::lock}) {
    FakeMap fake{info_of(MapType::hash, 4, 8)};
    const Bytes keys(3 * 4);
    const Bytes values(3 * 8);
    EXPECT_EQ(update_batch(fake.map, keys, values, flags).done, 3U);
    EXPECT_EQ(fake.bpf().count(BPF_MAP_UPDATE_BATCH), 0U);
    EXPECT_EQ(fake.bpf().count(BPF_MAP_UPDATE_ELEM), 3U);
    EXPECT_EQ(attr_of(fake.calls()[0]).flags, detail::to_underlying(flags));
  }
}

TEST(UpdateBatchCall, PassesTheLockFlagOn) {
  FakeMap fake{info_of(MapType::hash, 4, 8)};
  update_batch(fake.map, Bytes(4), Bytes(8), UpdateFlags::lock);
  EXPECT_EQ(attr_of(fake.bpf().only_call()).batch.elem_flags, std::uint64_t{BPF_F_LOCK});
}

TEST(UpdateBatchCall, GoesOneByOneForTypesWithoutBatches) {
  FakeMap fake{info_of(MapType::devmap_hash, 4, 4)};
  EXPECT_EQ(update_batch(fake.map, Bytes(3 * 4), Bytes(3 * 4)).done, 3U);
  EXPECT_EQ(erase_batch(fake.map, Bytes(3 * 4)).done, 3U);
  EXPECT_EQ(fake.bpf().count(BPF_MAP_UPDATE_ELEM), 3U);
  EXPECT_EQ(fake.bpf().count(BPF_MAP_DELETE_ELEM), 3U);
}

TEST(UpdateBatchCall, AsksNothingWithoutEntries) {
  FakeMap fake{info_of(MapType::hash, 4, 8)};
  EXPECT_EQ(update_batch(fake.map, {}, {}), BatchResult{});
  EXPECT_EQ(erase_batch(fake.map, {}), BatchResult{});
  EXPECT_TRUE(fake.calls().empty());
}

// What has to be put together first goes in pieces, and no piece is large.
TEST(UpdateBatchCall, GoesInPiecesOfAtMostAMebibyte) {
  for (const std::uint32_t value_size : {1U, 100U, 4096U, 32768U}) {
    FakeMap fake{info_of(MapType::percpu_hash, 4, value_size)};
    EXPECT_EQ(update_batch(fake.map, Bytes(600 * 4), Bytes(600 * std::size_t{value_size})).done,
              600U);
    std::uint64_t total = 0;
    for (const BpfCall& call : fake.calls()) {
      const std::uint64_t count = attr_of(call).batch.count;
      EXPECT_LE(count, 256U);
      EXPECT_TRUE(count == 1 || count * sys::percpu_size(value_size) <= 1U << 20);
      total += count;
    }
    EXPECT_EQ(total, 600U);
  }
}

TEST(EraseBatchCall, GoesOnBehindTheMissingKey) {
  std::vector<std::uint64_t> at;
  const Input input{10};
  FakeMap fake{info_of(MapType::hash, 4, 8), [&](int, void* attr, unsigned int) -> long {
                 auto& all = *static_cast<bpf_attr*>(attr);
                 at.push_back((all.batch.keys - sys::detail::address(input.keys.data())) / 4);
                 // Keys 2 and 3 are missing, and the last.
                 const std::uint64_t first = at.back();
                 const std::uint64_t missing = first <= 2 ? 2 : first == 3 ? 3 : 9;
                 all.batch.count = static_cast<std::uint32_t>(missing - first);
                 return -ENOENT;
               }};
  Numbers map{std::move(fake.map)};
  EXPECT_EQ(erase_batch(map, input.keys), (BatchResult{.done = 7, .skipped = 3}));
  EXPECT_EQ(at, (std::vector<std::uint64_t>{0, 3, 4}));
}

// What may be asked of which map is told at compile time.
template <class M>
concept can_erase =
    requires(M& map, std::vector<typename M::key_type> keys) { erase_batch(map, keys); };
template <class M, class V>
concept can_insert = requires(M& map, std::vector<typename M::key_type> keys, V values) {
  insert_batch(map, keys, values);
};
template <class M, class V>
concept can_update = requires(M& map, std::vector<typename M::key_type> keys, V values) {
  update_batch(map, keys, values);
};
template <class M>
concept can_clear = requires(M& map) { clear(map); };
template <class M>
concept can_drain = requires(M& map) { drain(map); };

using PerCpuNumbers = PerCpuHashMap<std::uint32_t, std::uint64_t>;
using Array = ArrayMap<std::uint64_t>;
using Values = std::vector<std::uint64_t>;
static_assert(can_erase<Numbers> && can_clear<Numbers>);
static_assert(can_erase<PerCpuNumbers> && can_clear<PerCpuNumbers>);
static_assert(!can_erase<Array> && !can_clear<Array> && !can_drain<Array>);
// A slot stays when its value is removed, so that there is nothing to take out of the map.
static_assert(!can_drain<ArrayOfMaps<Map>> && !can_drain<ProgArray> && !can_drain<SockMap>);
static_assert(can_drain<HashOfMaps<int, Map>> && can_drain<SockHash<int>>);
static_assert(!can_insert<Array, Values> && can_update<Array, Values>);
static_assert(can_insert<Numbers, Values> && can_insert<PerCpuNumbers, Values>);
static_assert(can_update<PerCpuNumbers, std::vector<PerCpuValues<std::uint64_t>>>);
static_assert(can_update<Numbers, std::vector<std::uint32_t>>);
static_assert(!can_update<Numbers, std::vector<double>> && !can_update<Numbers, std::vector<bool>>);
static_assert(!can_update<Numbers, std::vector<PerCpuValues<std::uint64_t>>>);
static_assert(!can_update<const Numbers, Values> && !can_erase<const Numbers>);

}  // namespace
}  // namespace bpfmap
