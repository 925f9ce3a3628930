// SPDX-License-Identifier: MIT
// What takes no heap: operations on entries, polling, and scans that are walked again.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "failing_new.hpp"
#include "kernel_has.hpp"
#include "rings.hpp"
#include "sample_types.hpp"
#include "typed_calls.hpp"

namespace {
thread_local std::size_t allocated = 0;
}
constinit thread_local std::size_t bpfmap::test::allocations_left = SIZE_MAX;

// Counts, and fails where a test asks for it, so that it does no harm to the other tests in this
// executable. All other forms of new end here; those that do not throw need to be named, because a
// sanitizer brings its own.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocated;
  if (bpfmap::test::allocations_left != SIZE_MAX && bpfmap::test::allocations_left-- == 0) {
    bpfmap::test::allocations_left = 0;
    throw std::bad_alloc{};
  }
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept {
  return ::operator new(size, nothrow);
}
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return ::operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace bpfmap {
namespace {

using test::FlowKey;
using test::FlowStats;
using test::TypedCall;

constexpr FlowKey key{.src = 1, .dst = 2};
constexpr FlowStats stats{.packets = 3, .bytes = 4};

/// Calls of operator new that this thread makes in `body`.
template <class Body>
std::size_t allocations(Body body) {
  const std::size_t before = allocated;
  body();
  return allocated - before;
}

/// Neither form of `call` allocates more than `limit` times; with an error, the form that throws
/// may.
template <class M>
void expect_allocations(M& map, const TypedCall<M>& call, std::size_t limit = 0) {
  SCOPED_TRACE(call.name);
  std::error_code ec;
  EXPECT_LE(allocations([&] { call.quiet(map, ec); }), limit) << ec;
  try {
    EXPECT_LE(allocations([&] { call.loud(map); }), limit);
  } catch (const Error&) {
  }
}

/// The same of each call, first without and then with the entry that it is about. What gives
/// PerCpuValues, or makes some to look at, may allocate them.
template <class M>
void expect_hash_allocations(M& map, const std::vector<TypedCall<M>>& calls,
                             const typename M::key_type& about, const typename M::slot_type& value,
                             std::size_t values = 0) {
  for (const auto& call : calls) {
    map.erase(about);
    expect_allocations(map, call, call.reads() ? values : 0);
    map.update(about, value);
    expect_allocations(map, call, call.reads() ? values : 0);
  }
}

template <class M>
M filled(std::uint32_t entries) {
  M map = M::create({.max_entries = entries, .name = "allocation"});
  for (std::uint32_t i = 0; i < entries; ++i) map.update(i, stats);
  return map;
}

TEST(OperatorNew, IsCounted) {
  EXPECT_EQ(allocations([] { ::operator delete(::operator new(1)); }), 1U);
  EXPECT_GE(allocations([] { const std::vector<int> values(1000); }), 1U);
}

TEST(HashMapOperation, AllocatesNothing) {
  auto map = HashMap<FlowKey, FlowStats>::create({.max_entries = 4});
  expect_hash_allocations(map, test::hash_calls(key, stats), key, stats);
}

TEST(HashMapOperation, AllocatesNothingWithACodec) {
  auto map = HashMap<test::BigEndian32, test::Packed>::create({.max_entries = 4});
  const test::BigEndian32 one{1};
  const test::Packed packed{2, 3};
  expect_hash_allocations(map, test::hash_calls(one, packed), one, packed);
}

TEST(HashMapOperation, AllocatesNothingWhenTheMapIsFull) {
  auto map = filled<HashMap<std::uint32_t, FlowStats>>(4);
  std::error_code ec;
  EXPECT_EQ(allocations([&] { map.update(4, stats, ec); }), 0U);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
}

TEST(InKernel, AllocatesNothingForManyKeys) {
  auto map = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 64});
  for (const EngineChoice choice : {EngineChoice::automatic, EngineChoice::system_calls}) {
    auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 8});
    std::array<std::uint32_t, 32> keys{};
    for (std::uint32_t i = 0; i < keys.size(); ++i) keys[i] = i;
    const std::array<FlowStats, 32> values{};
    std::error_code ec;
    fast.fetch_add(keys, &FlowStats::packets, 1, ec);  // loads its program
    EXPECT_EQ(allocations([&] {
                fast.insert_batch(keys, values);
                fast.lookup_batch(keys, [](std::size_t, const FlowStats&) {});
                fast.fetch_add(keys, &FlowStats::packets, 1, ec);
                fast.erase_batch(keys);
              }),
              0U);
  }
}

TEST(InKernel, ReportsTheMemoryThatItDoesNotGet) {
  const auto map = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 64});
  std::size_t failures = 0;
  for (std::size_t left = 0;; ++left) {
    std::error_code ec;
    test::allocations_left = left;
    const auto fast = in_kernel(map, ec);
    test::allocations_left = SIZE_MAX;
    if (!ec && fast.status().error.value() != ENOMEM) break;
    ++failures;
    ASSERT_LT(left, 1000U);
  }
  EXPECT_GT(failures, 0U);
}

TEST(ArrayMapOperation, AllocatesNothing) {
  auto map = ArrayMap<FlowStats>::create({.max_entries = 4});
  for (const auto& call : test::array_calls(3, stats)) expect_allocations(map, call);
  for (const auto& call : test::array_calls(4, stats)) expect_allocations(map, call);
}

TEST(PerCpuHashMapOperation, AllocatesNothingButWhatItGives) {
  auto map = PerCpuHashMap<FlowKey, FlowStats>::create({.max_entries = 4});
  expect_hash_allocations(map, test::percpu_hash_calls(key, stats), key, stats, 1);
}

TEST(PerCpuArrayMapOperation, AllocatesNothingButWhatItGives) {
  auto map = PerCpuArrayMap<FlowStats>::create({.max_entries = 4});
  for (const auto& call : test::percpu_array_calls(3, stats))
    expect_allocations(map, call, call.reads() ? 1 : 0);
}

TEST(PerCpuHashMapLookupInto, AllocatesNothingWhilePolling) {
  auto map = PerCpuHashMap<FlowKey, FlowStats>::create({.max_entries = 4});
  map.update(key, stats);
  PerCpuValues<FlowStats> values;
  std::error_code ec;
  EXPECT_EQ(allocations([&] {
              for (int i = 0; i < 100; ++i) {
                ASSERT_TRUE(map.lookup_into(key, values));
                ASSERT_TRUE(map.lookup_into(key, values, ec));
                ASSERT_EQ(values.sum(&FlowStats::packets), stats.packets * values.size());
                values.fill(stats);
                map.update(key, values);
              }
            }),
            0U);
}

TEST(PerCpuArrayMapLookupInto, AllocatesNothingWhilePolling) {
  auto map = PerCpuArrayMap<std::uint64_t>::create({.max_entries = 4});
  PerCpuValues<std::uint64_t> values;
  EXPECT_EQ(allocations([&] {
              for (std::uint64_t i = 0; i < 100; ++i) {
                map.update(3, i);
                map.lookup_into(3, values);
                ASSERT_EQ(values.sum(), i * values.size());
              }
            }),
            0U);
}

TEST(PerCpuHashMapLookupAndDeleteInto, AllocatesNothing) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto map = PerCpuHashMap<FlowKey, FlowStats>::create({.max_entries = 4});
  PerCpuValues<FlowStats> values;
  const std::vector<FlowStats> list(values.size(), stats);
  std::error_code ec;
  EXPECT_EQ(allocations([&] {
              map.update(key, list);
              ASSERT_TRUE(map.lookup_and_delete_into(key, values));
              ASSERT_TRUE(map.insert(key, list, ec));
              ASSERT_TRUE(map.replace(key, list, ec));
              ASSERT_TRUE(map.lookup_and_delete_into(key, values, ec));
              ASSERT_FALSE(map.lookup_and_delete_into(key, values, ec));
            }),
            0U);
}

template <class M>
void expect_push_and_pop_to_allocate_nothing() {
  auto map = M::create({.max_entries = 1});
  FlowStats room;
  std::error_code ec;
  EXPECT_EQ(allocations([&] {
              ASSERT_TRUE(map.push(stats));
              ASSERT_FALSE(map.push(stats, ec));
              map.push_overwrite(stats);
              ASSERT_EQ(map.peek(), stats);
              ASSERT_TRUE(map.peek_into(room, ec));
              ASSERT_TRUE(map.pop_into(room));
              ASSERT_FALSE(map.pop_into(room, ec));
              ASSERT_EQ(map.pop(), std::nullopt);
            }),
            0U);
}

TEST(QueueOperation, AllocatesNothing) {
  expect_push_and_pop_to_allocate_nothing<Queue<FlowStats>>();
}

TEST(StackOperation, AllocatesNothing) {
  expect_push_and_pop_to_allocate_nothing<Stack<FlowStats>>();
}

TEST(BloomFilterOperation, AllocatesNothing) {
  if (!test::kernel_has(MapType::bloom_filter)) GTEST_SKIP() << "this kernel has none";
  auto filter = BloomFilter<FlowKey>::create({.max_entries = 4});
  std::error_code ec;
  EXPECT_EQ(allocations([&] {
              filter.push(key);
              filter.push(key, ec);
              ASSERT_TRUE(filter.contains(key));
              ASSERT_TRUE(filter.contains(key, ec));
            }),
            0U);
}

TEST(StackTraceMapLookupInto, AllocatesNothingWithRoomForTheFrames) {
  const auto stacks = StackTraceMap::create({.max_entries = 4});
  std::vector<std::uint64_t> frames;
  frames.reserve(stacks.max_frames());
  std::error_code ec;
  EXPECT_EQ(allocations([&] { ASSERT_FALSE(stacks.lookup_into(1, frames, ec)); }), 0U);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(MapOperation, AllocatesNothingWithIntegersAndStructs) {
  Map map = Map::create({.type = MapType::hash, .key_size = 4, .value_size = 16, .max_entries = 4});
  std::error_code ec;
  FlowStats room;
  const MutableBytesView bytes = std::as_writable_bytes(std::span{&room, 1});
  EXPECT_EQ(allocations([&] {
              map.update(1, stats);
              map.update(1, stats, ec);
              ASSERT_EQ(map.lookup<FlowStats>(1), stats);
              ASSERT_EQ(map.lookup<FlowStats>(1, ec), stats);
              ASSERT_TRUE(map.lookup_into(1, bytes));
              ASSERT_EQ(map.get_next_key<std::uint32_t>(std::nullopt), 1U);
              ASSERT_TRUE(map.erase(1));
              ASSERT_FALSE(map.erase(1, ec));
            }),
            0U);
}

TEST(MapOperationInto, AllocatesNothing) {
  Map map = Map::create({.type = MapType::hash, .key_size = 4, .value_size = 16, .max_entries = 4});
  Map percpu =
      Map::create({.type = MapType::percpu_hash, .key_size = 4, .value_size = 8, .max_entries = 4});
  percpu.update(1, 1);
  std::error_code ec;
  FlowStats room;
  std::array<std::byte, 4> next{};
  PerCpuValues<std::uint64_t> slots;
  std::uint64_t slot = 0;
  const MutableBytesView bytes = std::as_writable_bytes(std::span{&room, 1});
  const MutableBytesView slot_bytes = std::as_writable_bytes(std::span{&slot, 1});
  EXPECT_EQ(allocations([&] {
              map.update(1, stats);
              ASSERT_TRUE(map.get_next_key_into(std::nullopt, next));
              ASSERT_FALSE(map.get_next_key_into(next, next, ec));
              ASSERT_TRUE(map.lookup_into(1, bytes));
              ASSERT_TRUE(percpu.lookup_percpu_into(1, slots.bytes()));
              (void)percpu.lookup_cpu_into(1, 0, slot_bytes, ec);
            }),
            0U);
  EXPECT_EQ(room, stats);
  room = {};
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(allocations([&] {
              ASSERT_TRUE(map.lookup_and_delete_into(1, bytes));
              ASSERT_FALSE(map.lookup_and_delete_into(1, bytes, ec));
              ASSERT_TRUE(percpu.lookup_and_delete_percpu_into(1, slots.bytes()));
              ASSERT_FALSE(percpu.lookup_and_delete_percpu_into(1, slots.bytes(), ec));
            }),
            0U);
  EXPECT_EQ(room, stats);
}

TEST(LookupBatchInto, AllocatesNothing) {
  const auto map = filled<HashMap<std::uint32_t, FlowStats>>(3);
  auto percpu = PerCpuHashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  percpu.update(1, stats);
  const std::array<std::uint32_t, 3> keys{1, 2, 7};
  const std::array<std::uint32_t, 1> one{1};
  std::array<std::optional<FlowStats>, 3> found;
  std::array<std::optional<PerCpuValues<FlowStats>>, 1> slots{PerCpuValues<FlowStats>{}};
  std::error_code ec;
  EXPECT_EQ(allocations([&] {
              ASSERT_EQ(lookup_batch_into(map, keys, found).done, 2U);
              ASSERT_EQ(lookup_batch_into(map, keys, found, ec).skipped, 1U);
              ASSERT_EQ(lookup_batch_into(percpu, one, slots).done, 1U);
            }),
            0U);
}

TEST(ToVectorInto, AllocatesTheMemoryOfItsWalkOnly) {
  const auto map = filled<HashMap<std::uint32_t, FlowStats>>(1000);
  auto entries = to_vector(map);
  EXPECT_EQ(allocations([&] { to_vector_into(map, entries); }), 1U);
  EXPECT_EQ(entries.size(), 1000U);
}

TEST(Supports, AllocatesNothingWhenItRemembers) {
  (void)supports(Operation::erase, MapType::hash);
  std::error_code ec;
  EXPECT_EQ(allocations([&] {
              (void)supports(MapType::hash);
              (void)supports(MapType::hash, ec);
              (void)supports(Operation::erase, MapType::hash);
              (void)supports(Operation::erase, MapType::hash, ec);
            }),
            0U);
}

// --- scans ---

template <class M>
class ScanAllocation : public ::testing::Test {};
using Scanned =
    ::testing::Types<HashMap<std::uint32_t, FlowStats>, ArrayMap<FlowStats>,
                     PerCpuHashMap<std::uint32_t, FlowStats>, PerCpuArrayMap<FlowStats>>;
TYPED_TEST_SUITE(ScanAllocation, Scanned);

template <class Range>
std::size_t walk(Range&& range) {
  std::size_t entries = 0;
  for (const auto& entry : range) {
    (void)entry;
    ++entries;
  }
  return entries;
}

TYPED_TEST(ScanAllocation, IsZeroTheSecondTime) {
  const auto map = filled<TypeParam>(1000);
  auto entries = scan(map);
  ASSERT_EQ(walk(entries), 1000U);
  EXPECT_EQ(allocations([&] { ASSERT_EQ(walk(entries), 1000U); }), 0U);
}

TYPED_TEST(ScanAllocation, IsOneBufferHoweverManyEntries) {
  const auto map = filled<TypeParam>(1000);
  EXPECT_EQ(allocations([&] { ASSERT_EQ(walk(map), 1000U); }), 1U);
  EXPECT_EQ(allocations([&] { ASSERT_EQ(walk(keys(map)), 1000U); }), 1U);
  EXPECT_EQ(allocations([&] { ASSERT_EQ(walk(values(map)), 1000U); }), 1U);
}

// --- records ---

TEST(RingBufferRecord, AllocatesNothing) {
  if (!test::RingPrograms::load()) GTEST_SKIP() << test::RingPrograms::needs;
  const test::RingPrograms programs;
  RingBuffer ring;
  std::uint64_t sum = 0;
  ring.for_each<test::Event>(programs.first(), [&](const test::Event& e) { sum += e.number; });
  ring.for_each(programs.second(), [&](BytesView record) { sum += record.size(); });
  for (int round = 0; round < 3; ++round) {
    programs.write(0, 100);
    programs.write(0, 100, true);
    EXPECT_EQ(allocations([&] { ASSERT_EQ(ring.consume(), 200U); }), 0U);
    EXPECT_EQ(allocations([&] { ASSERT_EQ(ring.poll(std::chrono::seconds{0}), 0U); }), 0U);
  }
  EXPECT_EQ(sum, 3U * (99 * 100 / 2 + 100 * sizeof(test::Event)));
}

TEST(PerfBufferRecord, AllocatesNothing) {
  if (!test::RingPrograms::load()) GTEST_SKIP() << test::RingPrograms::needs;
  const test::RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::uint64_t sum = 0;
  perf.for_each<test::Event>([&](const test::Event& event) { sum += event.number; });
  programs.write_perf(0, 100);
  EXPECT_EQ(allocations([&] { ASSERT_EQ(perf.poll(std::chrono::seconds{10}), 100U); }), 0U);
  EXPECT_EQ(sum, 99U * 100 / 2);
}

TEST(UserRingBufferSample, AllocatesNothing) {
  if (!test::RingPrograms::load()) GTEST_SKIP() << test::RingPrograms::needs;
  const test::RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  EXPECT_EQ(allocations([&] {
              for (int i = 0; i < 100; ++i) {
                auto sample = ring.reserve<test::Event>();
                ASSERT_TRUE(sample);
                sample->submit();
              }
            }),
            0U);
  EXPECT_EQ(programs.drain_count(), 100U);
}

}  // namespace
}  // namespace bpfmap
