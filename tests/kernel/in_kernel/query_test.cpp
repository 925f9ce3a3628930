// SPDX-License-Identifier: MIT
// Queries over real maps: by programs and by system calls, with the same results.
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "small_btf.hpp"

namespace bpfmap::test {
namespace {

using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct FlowKey {
  u32 source;
  u16 port;
  u16 protocol;
};
struct FlowStats {
  u64 packets;
  std::int64_t balance;
  u32 flags;
  std::int32_t delta;
  char name[8];
};
constexpr u32 entries = 500;

FlowKey key_of(u32 i) {
  return {i, static_cast<u16>(i % 100), static_cast<u16>(i % 2 == 0 ? 6 : 17)};
}
FlowStats stats_of(u32 i) {
  FlowStats stats{i * 10, std::int64_t{100} - i, i % 7, static_cast<std::int32_t>(i % 5) - 2, {}};
  stats.name[0] = static_cast<char>('a' + i % 3);
  return stats;
}

constexpr auto packets = [] { return value(&FlowStats::packets); };
constexpr auto flags = [] { return value(&FlowStats::flags); };
constexpr auto delta = [] { return value(&FlowStats::delta); };

enum class By : std::uint8_t { programs, system_calls };

template <class M>
InKernel<M> queries_by(By by, const M& map) {
  return in_kernel(
      map, {.engine = by == By::programs ? EngineChoice::automatic : EngineChoice::system_calls});
}
template <class M>
void expect_engine(By by, const InKernel<M>& queries) {
  EXPECT_EQ(queries.query_status().engine,
            by == By::programs ? Engine::kernel : Engine::system_calls)
      << queries.query_status().reason;
}

// Another user with these capabilities alone.
void become_nobody_with(u64 capabilities) {
  ASSERT_EQ(::prctl(PR_SET_KEEPCAPS, 1), 0);
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (unsigned half = 0; half < 2; ++half) {
    const auto bits = static_cast<u32>(capabilities >> (32 * half));
    sets[half] = {.effective = bits, .permitted = bits, .inheritable = 0};
  }
  ASSERT_EQ(::syscall(SYS_capset, &header, sets), 0);
}

HashMap<FlowKey, FlowStats> flows(MapType type = MapType::hash, u32 count = entries) {
  // An LRU map evicts before it is full.
  auto map = HashMap<FlowKey, FlowStats>::create({.type = type, .max_entries = 4 * count});
  for (u32 i = 0; i < count; ++i) map.update(key_of(i), stats_of(i));
  return map;
}
// The number of entries, and the sum of `number`, of those that `where` accepts.
template <class Where, class Number>
std::pair<u64, std::int64_t> plain(Where where, Number number) {
  std::pair<u64, std::int64_t> result{};
  for (u32 i = 0; i < entries; ++i) {
    if (!where(key_of(i), stats_of(i))) continue;
    ++result.first;
    result.second += static_cast<std::int64_t>(number(stats_of(i)));
  }
  return result;
}

// A query of each kind, by a program.
void run_all_kinds(InKernel<HashMap<FlowKey, FlowStats>>& queries) {
  const auto expect = [&](bool right) {
    EXPECT_TRUE(right);
    expect_engine(By::programs, queries);
  };
  expect(queries.count_if(packets() >= 10) == entries - 1);
  expect(queries.any_of(flags() == 3));
  expect(queries.sum(delta()) == 0);
  expect(queries.min(packets()) == 0U);
  expect(queries.max(packets()) == 4990U);
  expect(queries.copy_if(flags() == 3).size() == 71);
  expect(queries.top(5, packets()).number(4) == 4950);
  expect(queries.group_by(flags(), packets()).groups.size() == 7);
  expect(queries.histogram(packets())[13] == 90);
  expect(queries.histogram(packets(), {.width = 100, .count = 4})[3] == 470);
  expect(queries.update_if(flags() == 3, add(packets(), 1), set(delta(), 5)) == 71);
  expect(queries.erase_if(flags() == 3) == 71);
}

class Query : public testing::TestWithParam<By> {
 protected:
  void TearDown() override { EXPECT_EQ(open_descriptors(), before_); }
  std::size_t before_ = (possible(), open_descriptors());

 private:
  static void possible() { (void)sys::possible_cpus(); }
};
INSTANTIATE_TEST_SUITE_P(, Query, testing::Values(By::programs, By::system_calls),
                         [](const auto& by) {
                           return by.param == By::programs ? "ByPrograms" : "BySystemCalls";
                         });

TEST_P(Query, CountsAndAddsUp) {
  for (const MapType type : {MapType::hash, MapType::lru_hash}) {
    auto map = flows(type);
    auto queries = queries_by(GetParam(), map);
    const auto where = packets() > 1000 && key(&FlowKey::port).in({3, 53, 80});
    const auto [count, sum] = plain(
        [](FlowKey k, const FlowStats& s) {
          return s.packets > 1000 && (k.port == 3 || k.port == 53 || k.port == 80);
        },
        [](const FlowStats& s) { return s.delta; });
    EXPECT_EQ(queries.count_if(where), count);
    expect_engine(GetParam(), queries);
    EXPECT_EQ(queries.sum(delta(), where), sum);
    EXPECT_EQ(queries.count_if(everything), entries);
    EXPECT_EQ(queries.sum(packets()), u64{10} * entries * (entries - 1) / 2);
    EXPECT_TRUE(queries.any_of(packets() == 4990));
    EXPECT_TRUE(queries.any_of(everything));
    EXPECT_FALSE(queries.any_of(packets() == 4991));
    EXPECT_EQ(queries.count_if(value(&FlowStats::name) == "a"), 167U);
    EXPECT_EQ(queries.count_if(value(&FlowStats::name) != "a"), entries - 167);
    expect_engine(GetParam(), queries);
  }
}

TEST_P(Query, FindsTheSmallestAndTheLargest) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  EXPECT_EQ(queries.min(packets()), 0U);
  EXPECT_EQ(queries.max(packets()), 4990U);
  EXPECT_EQ(queries.min(value(&FlowStats::balance)), -399);
  EXPECT_EQ(queries.max(value(&FlowStats::balance), packets() >= 1000), 0);
  EXPECT_EQ(queries.max(delta()), 2);
  EXPECT_EQ(queries.min(delta()), -2);
  EXPECT_EQ(queries.min(packets(), packets() > 5000), std::nullopt);
  expect_engine(GetParam(), queries);
}

TEST_P(Query, ErasesByACondition) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  EXPECT_EQ(queries.erase_if(packets() % 100 == 0U), 50U);
  expect_engine(GetParam(), queries);
  EXPECT_EQ(count(map), entries - 50);
  EXPECT_FALSE(map.contains(key_of(10)));
  EXPECT_TRUE(map.contains(key_of(11)));
  EXPECT_EQ(queries.erase_if(packets() % 100 == 0U), 0U);
  EXPECT_EQ(queries.erase_if(everything), entries - 50);
  EXPECT_TRUE(empty(map));
}

TEST_P(Query, ChangesMembersByACondition) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  EXPECT_EQ(queries.update_if(flags() == 3, add(packets(), 1), set(delta(), packets() * 2),
                              set(value(&FlowStats::name, 7), 'z')),
            71U);
  expect_engine(GetParam(), queries);
  for (u32 i = 0; i < entries; ++i) {
    FlowStats expected = stats_of(i);
    if (expected.flags == 3) {
      ++expected.packets;
      expected.delta = static_cast<std::int32_t>(expected.packets * 2);
      expected.name[7] = 'z';
    }
    const FlowStats found = *map.lookup(key_of(i));
    EXPECT_EQ(std::memcmp(&found, &expected, sizeof found), 0) << i;
  }
  auto array = ArrayMap<u32>::create({.max_entries = 8});
  auto indexed = queries_by(GetParam(), array);
  EXPECT_EQ(indexed.update_if(key<u32>() >= 5, set(value<u32>(), key<u32>() + 1)), 3U);
  EXPECT_EQ(array.lookup(4), 0U);
  EXPECT_EQ(array.lookup(7), 8U);
  expect_engine(GetParam(), indexed);
}

TEST_P(Query, CopiesEntries) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  for (int round = 0; round < 2; ++round) {
    std::map<u32, u64> found;
    for (const auto& [flow, stats] : queries.copy_if(flags() == 3))
      found.emplace(flow.source, stats.packets);
    EXPECT_EQ(found.size(), 71U);
    EXPECT_EQ(found[3], 30U);
    EXPECT_EQ(found[10], 100U);
  }
  expect_engine(GetParam(), queries);
  // More than there was room for.
  EXPECT_EQ(queries.snapshot().size(), entries);
  for (u32 i = entries; i < 4 * entries; ++i) map.update(key_of(i), stats_of(i));
  std::set<u32> keys;
  for (const auto& [flow, stats] : queries.snapshot()) {
    EXPECT_EQ(stats.packets, 10 * flow.source);
    keys.insert(flow.source);
  }
  EXPECT_EQ(keys.size(), 4 * entries);
  expect_engine(GetParam(), queries);
  EXPECT_TRUE(queries.copy_if(packets() == 7).empty());
  const auto owned = queries.to_vector(flags() == 3 && packets() < 100);
  EXPECT_TRUE(queries.copy_if(packets() == 7).empty());
  ASSERT_EQ(owned.size(), 1U);
  EXPECT_EQ(owned[0].key.source, 3U);
  EXPECT_EQ(owned[0].value.packets, 30U);
}

// An instruction reaches 32,767 bytes.
TEST_P(Query, ReadsAndChangesMembersFarIntoALargeValue) {
  struct Far {
    u64 first;
    u64 second;
    char between[32734];
    u16 last_reached;  // ends at byte 32,752
    u64 beyond[2];
    char more[32768];
    u64 far;  // beyond byte 65,536
  };
  auto map = ArrayMap<Far>::create({.max_entries = 2});
  const auto object = std::make_unique<Far>();
  object->first = 1;
  object->second = 2;
  object->last_reached = 3;
  object->beyond[1] = 5;
  object->far = 7;
  for (const u32 i : {0U, 1U}) map.update(i, *object);
  auto queries = queries_by(GetParam(), map);
  EXPECT_EQ(queries.sum(value(&Far::last_reached)), 6U);
  expect_engine(GetParam(), queries);
  EXPECT_EQ(queries.sum(value(&Far::beyond, 1)), 10U);
  EXPECT_EQ(queries.sum(value(&Far::far)), 14U);
  EXPECT_EQ(queries.count_if(value(&Far::far) == 7), 2U);
  EXPECT_EQ(queries.update_if(everything, set(value(&Far::far), 9), add(value(&Far::beyond, 1), 1)),
            2U);
  expect_engine(By::system_calls, queries);
  map.lookup_into(1, *object);
  EXPECT_EQ(object->first, 1U);
  EXPECT_EQ(object->second, 2U);
  EXPECT_EQ(object->beyond[1], 6U);
  EXPECT_EQ(object->far, 9U);
}

// The kernel keeps a bpf_timer to itself, and says nothing when a system call writes it.
TEST_P(Query, DoesNotChangeWhatTheKernelManages) {
  const SmallBtf btf;
  struct Timed {
    u64 timer[2];
  };
  struct Locked {
    u32 a;
    u32 lock;
  };
  MapSpec spec{.type = MapType::hash, .key_size = 4, .value_size = 16, .max_entries = 4};
  spec.btf_fd = btf.fd();
  spec.btf_key_type_id = SmallBtf::integer;
  spec.btf_value_type_id = SmallBtf::timed;
  HashMap<u32, Timed> timed{Map::create(spec)};
  timed.update(1, {});
  auto queries = queries_by(GetParam(), timed);
  std::error_code ec;
  EXPECT_EQ(queries.update_if(everything, set(value(&Timed::timer, 1), 7), ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);
  spec.value_size = 8;
  spec.btf_value_type_id = SmallBtf::locked;
  HashMap<u32, Locked> locked{Map::create(spec)};
  locked.update(1, {});
  auto others = queries_by(GetParam(), locked);
  EXPECT_EQ(others.update_if(everything, set(value(&Locked::lock), 7), ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);
  EXPECT_EQ(others.update_if(everything, set(value(&Locked::a), 7), ec), 1U);
  EXPECT_FALSE(ec);
  EXPECT_EQ(locked.lookup(1)->a, 7U);
}

TEST_P(Query, FindsTheTop) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  const auto busiest = queries.top(10, packets(), key(&FlowKey::protocol) == 6);
  ASSERT_EQ(busiest.size(), 10U);
  for (u32 i = 0; i < 10; ++i) {
    EXPECT_EQ(busiest.number(i), 4980 - 20 * i);
    EXPECT_EQ(busiest.entries[i].key.source, 498 - 2 * i);
    EXPECT_EQ(busiest.entries[i].value.packets, 4980 - 20 * i);
  }
  expect_engine(GetParam(), queries);
  const auto lowest = queries.top(3, -value(&FlowStats::balance) - 1000);
  EXPECT_EQ(lowest.number(0), 399 - 1000);
  EXPECT_EQ(lowest.number(2), 397 - 1000);
  EXPECT_EQ(queries.top(128, packets()).number(127), 4990U - 1270);
  EXPECT_EQ(queries.top(1, packets()).entries[0].key.source, 499U);
  EXPECT_EQ(queries.top(20, packets(), packets() < 50).size(), 5U);
  expect_engine(GetParam(), queries);
  std::error_code ec;
  for (const u32 count : {0U, 129U}) {
    EXPECT_EQ(queries.top(count, packets(), ec).size(), 0U);
    EXPECT_EQ(ec, Errc::out_of_range) << count;
  }
}

TEST_P(Query, GroupsAndCounts) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  for (int round = 0; round < 2; ++round) {  // the second one begins anew
    const auto by_flags = queries.group_by(flags(), packets(), packets() >= 100);
    expect_engine(GetParam(), queries);
    EXPECT_EQ(by_flags.left_out, 0U);
    ASSERT_EQ(by_flags.groups.size(), 7U);
    for (const auto& group : by_flags.groups) {
      const auto [count, sum] = plain(
          [&](FlowKey, const FlowStats& s) { return s.packets >= 100 && s.flags == group.key; },
          [](const FlowStats& s) { return s.packets; });
      EXPECT_EQ(group.count, count);
      EXPECT_EQ(group.sum, static_cast<u64>(sum));
    }
  }
  const auto few = queries.group_by(delta(), delta(), everything, 2);
  EXPECT_EQ(few.groups.size(), 2U);
  EXPECT_EQ(few.left_out, 300U);
  for (const auto& group : few.groups) EXPECT_EQ(group.sum, group.key * 100);
  expect_engine(GetParam(), queries);
  const auto counted = queries.count_by(flags(), packets() < 700);
  EXPECT_EQ(counted.groups.size(), 7U);
  for (const auto& group : counted.groups) EXPECT_EQ(group.count, 10U);
  expect_engine(GetParam(), queries);
  std::error_code ec;
  EXPECT_TRUE(queries.group_by(flags(), packets(), everything, 0, ec).groups.empty());
  EXPECT_EQ(ec, Errc::out_of_range);
}

TEST_P(Query, ReportsByAnErrorCodeWithOrWithoutACondition) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  std::error_code ec = Errc::no_map;  // is cleared
  EXPECT_EQ(queries.sum(packets(), ec), u64{10} * entries * (entries - 1) / 2);
  EXPECT_FALSE(ec);
  EXPECT_EQ(queries.min(packets(), ec), 0U);
  EXPECT_EQ(queries.max(packets(), ec), 4990U);
  EXPECT_EQ(queries.top(2, packets(), ec).number(1), 4980U);
  EXPECT_EQ(queries.histogram(packets(), ec)[13], 90U);
  EXPECT_EQ(queries.histogram(packets(), {.width = 100, .count = 4}, ec)[3], 470U);
  EXPECT_EQ(queries.group_by(flags(), packets(), ec).groups.size(), 7U);
  EXPECT_EQ(queries.group_by(flags(), packets(), flags() < 3, ec).groups.size(), 3U);
  EXPECT_EQ(queries.count_by(flags(), ec).groups.size(), 7U);
  EXPECT_EQ(queries.count_by(flags(), flags() < 3, ec).groups.size(), 3U);
  EXPECT_EQ(queries.count_by(flags(), everything, 2, ec).groups.size(), 2U);
  EXPECT_EQ(queries.to_vector(ec).size(), entries);
  EXPECT_EQ(queries.to_vector(flags() == 3, ec).size(), 71U);
  EXPECT_FALSE(ec);
  InKernel<HashMap<FlowKey, FlowStats>> nothing;
  EXPECT_TRUE(nothing.to_vector(ec).empty());
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(nothing.sum(packets(), ec), 0U);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_TRUE(nothing.count_by(flags(), ec).groups.empty());
  EXPECT_EQ(ec, Errc::no_map);
}

TEST_P(Query, MakesHistograms) {
  auto map = flows();
  auto queries = queries_by(GetParam(), map);
  const auto bits = queries.histogram(packets());
  EXPECT_EQ(bits[0], 1U);
  EXPECT_EQ(bits[4], 1U);    // 10
  EXPECT_EQ(bits[13], 90U);  // 4,100 to 4,990
  EXPECT_EQ(queries.histogram(value(&FlowStats::balance))[0], 400U);
  const auto linear =
      queries.histogram(value(&FlowStats::balance), {.from = -399, .width = 100, .count = 4});
  EXPECT_EQ((std::vector<u64>{linear.begin(), linear.end()}),
            (std::vector<u64>{100, 100, 100, 200}));
  expect_engine(GetParam(), queries);
  std::error_code ec;
  (void)queries.histogram(packets(), {.width = 0}, everything, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  (void)queries.histogram(packets(), {.count = 513}, everything, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  (void)queries.histogram(packets(), {.from = -5}, everything, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
}

TEST_P(Query, AddsUpTheCpusOfAPerCpuMap) {
  auto map = PerCpuHashMap<u32, FlowStats>::create({.max_entries = 64});
  const auto cpus = static_cast<u32>(sys::possible_cpus().size());
  for (u32 i = 0; i < 40; ++i) {
    std::vector<FlowStats> values(cpus, stats_of(i));
    for (u32 cpu = 0; cpu < cpus; ++cpu) {
      values[cpu].packets = i + cpu;
      values[cpu].delta = -1;
    }
    map.map().update_percpu(i, values);
  }
  auto queries = queries_by(GetParam(), map);
  const u64 of_cpus = cpus * (cpus - 1) / 2;
  EXPECT_EQ(queries.sum(packets()), cpus * 780 + 40 * of_cpus);
  expect_engine(GetParam(), queries);
  EXPECT_EQ(queries.count_if(packets() >= cpus * 20 + of_cpus), 20U);
  EXPECT_EQ(queries.min(delta()), -static_cast<std::int64_t>(cpus));
  EXPECT_EQ(queries.group_by(key<u32>() % 2, packets()).groups.size(), 2U);
  EXPECT_EQ(queries.erase_if(key<u32>() < 5 && delta() < 0), 5U);
  EXPECT_EQ(count(map), 35U);
  expect_engine(GetParam(), queries);
  std::error_code ec;
  EXPECT_EQ(queries.count_if(value(&FlowStats::name) == "a", ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);

  auto array = PerCpuArrayMap<u64>::create({.max_entries = 4});
  array.update(2, 5);
  auto indexed = queries_by(GetParam(), array);
  EXPECT_EQ(indexed.sum(value<u64>()), 5 * cpus);
  EXPECT_EQ(indexed.count_if(value<u64>() == 0), 3U);
  expect_engine(GetParam(), indexed);
}

TEST_P(Query, WalksOverOtherMapsBySystemCalls) {
  using Prefix = LpmKey<std::array<std::uint8_t, 4>>;
  auto map = LpmTrie<Prefix, u32>::create({.max_entries = 16});
  map.insert(Prefix{{10, 0, 0, 0}, 8}, 1);
  map.insert(Prefix{{10, 1, 0, 0}, 16}, 2);
  map.insert(Prefix{{192, 168, 0, 0}, 16}, 3);
  auto queries = queries_by(GetParam(), map);
  EXPECT_EQ(queries.sum(value<u32>(), key(&Prefix::data).in(Prefix{{10, 0, 0, 0}, 8})), 3U);
  expect_engine(By::system_calls, queries);
  EXPECT_FALSE(queries.query_status().reason.empty());
  EXPECT_EQ(queries.erase_if(key(&Prefix::prefixlen) == 16), 2U);
  EXPECT_EQ(count(map), 1U);
}

TEST_P(Query, RefusesBadInput) {
  std::error_code ec;
  auto array = ArrayMap<FlowStats>::create({.max_entries = 8});
  auto queries = queries_by(GetParam(), array);
  EXPECT_EQ(queries.erase_if(packets() == 0, ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);
  EXPECT_EQ(queries.count_if(value(&FlowStats::name, 8) == 0, ec), 0U);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_THROW((void)queries.sum(value(&FlowStats::name, -1)), Error);
  EXPECT_EQ(queries.update_if(everything, set(value(&FlowStats::name, 8), 0), ec), 0U);
  EXPECT_EQ(ec, Errc::out_of_range);
  InKernel<ArrayMap<FlowStats>> nothing;
  EXPECT_EQ(nothing.count_if(everything, ec), 0U);
  EXPECT_EQ(ec, Errc::no_map);
  // Cleared by the next one.
  EXPECT_EQ(queries.count_if(everything, ec), 8U);
  EXPECT_FALSE(ec);
}

TEST_P(Query, WritesOnlyWhereSystemCallsMay) {
  PrivateBpffs bpffs;
  auto map = flows();
  map.map().pin(bpffs.path("flows"));
  auto reader = HashMap<FlowKey, FlowStats>::open_pinned(bpffs.path("flows"), Access::read_only);
  auto reads = queries_by(GetParam(), reader);
  std::error_code ec;
  EXPECT_EQ(reads.count_if(packets() >= 10, ec), entries - 1);
  EXPECT_FALSE(ec);
  expect_engine(GetParam(), reads);
  EXPECT_EQ(reads.erase_if(everything, ec), 0U);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  EXPECT_EQ(reads.update_if(everything, std::tuple{add(packets(), 1), set(flags(), 1)}, ec), 0U);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  map.map().freeze();
  auto writes = queries_by(GetParam(), map);
  EXPECT_EQ(writes.erase_if(everything, ec), 0U);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  EXPECT_EQ(writes.count_if(everything, ec), entries);
  EXPECT_FALSE(ec);
}

TEST_P(Query, KeepsItsMemoryWhenItIsMoved) {
  auto map = flows();
  auto first = queries_by(GetParam(), map);
  const auto view = first.copy_if(flags() == 3);
  auto second = std::move(first);
  EXPECT_EQ(view.size(), 71U);
  EXPECT_EQ(view[0].value.flags, 3U);
  EXPECT_EQ(second.count_if(flags() == 3), 71U);
  expect_engine(GetParam(), second);
}

TEST(QueryPrograms, AreLoadedOnceForAllConstants) {
  auto map = flows();
  auto queries = in_kernel(map);
  static int loads;
  loads = 0;
  const ReplacedBpf counting{[](int cmd, void* attr, unsigned int size) noexcept {
    if (cmd == static_cast<int>(sys::Command::prog_load)) ++loads;
    return sys::bpf_syscall(cmd, attr, size);
  }};
  for (u32 i = 0; i < 10; ++i) EXPECT_EQ(queries.count_if(packets() < 10 * i), i);
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(queries.count_if(packets() <= 10), 2U);
  EXPECT_EQ(loads, 2);
}

TEST(QueryPrograms, AreReplacedBySystemCallsWhereTheyAreRefused) {
  static long refusal;
  for (const int error : {EPERM, EINVAL, E2BIG, ENOMEM}) {
    refusal = -error;
    auto map = flows();
    auto queries = in_kernel(map);
    const ReplacedBpf refusing{[](int cmd, void* attr, unsigned int size) noexcept {
      return cmd == static_cast<int>(sys::Command::prog_load) ? refusal
                                                              : sys::bpf_syscall(cmd, attr, size);
    }};
    EXPECT_EQ(queries.count_if(packets() >= 10), entries - 1);
    expect_engine(By::system_calls, queries);
    EXPECT_NE(queries.query_status().reason.find("refuses"), std::string_view::npos)
        << queries.query_status().reason;
    EXPECT_EQ(queries.snapshot().size(), entries);
    EXPECT_EQ(queries.erase_if(packets() < 100), 10U);
  }
}

// As where a syscall program may not use a map, on older kernels.
TEST(QueryPrograms, AreOfAnotherTypeWhereTheKernelRefusesTheFirst) {
  static std::uint32_t refused_type;
  refused_type = sys::prog_type_syscall;
  const ReplacedBpf refusing{[](int cmd, void* attr, unsigned int size) noexcept {
    if (cmd == static_cast<int>(sys::Command::prog_load) &&
        static_cast<sys::ProgLoadAttr*>(attr)->prog_type == refused_type)
      return long{-EACCES};
    return sys::bpf_syscall(cmd, attr, size);
  }};
  auto map = flows();
  auto queries = in_kernel(map);
  run_all_kinds(queries);
  auto percpu = PerCpuHashMap<u32, u64>::create({.max_entries = 4});
  percpu.update(1, 7);
  auto sums = in_kernel(percpu);
  EXPECT_EQ(sums.sum(value<u64>()), 7 * sys::possible_cpus().size());
  expect_engine(By::programs, sums);
}

TEST(QueryPrograms, GiveTheFirstReasonWhereBothTypesAreRefused) {
  const ReplacedBpf refusing{[](int cmd, void* attr, unsigned int size) noexcept {
    if (cmd != static_cast<int>(sys::Command::prog_load)) return sys::bpf_syscall(cmd, attr, size);
    const bool first = static_cast<sys::ProgLoadAttr*>(attr)->prog_type == sys::prog_type_syscall;
    return first ? long{-EINVAL} : long{-EACCES};
  }};
  auto map = flows();
  auto queries = in_kernel(map);
  EXPECT_EQ(queries.count_if(packets() >= 10), entries - 1);
  const std::string reason{queries.query_status().reason};
  const auto first = reason.find("Invalid argument");
  const auto second = reason.find("Permission denied");
  EXPECT_NE(second, std::string::npos) << reason;
  EXPECT_LT(first, second) << reason;
}

TEST(QueryPrograms, AreTriedAgainAfterAFailureThatMayPass) {
  static bool fails;
  const ReplacedBpf failing{[](int cmd, void* attr, unsigned int size) noexcept {
    return fails && cmd == static_cast<int>(sys::Command::prog_load)
               ? long{-ENOMEM}
               : sys::bpf_syscall(cmd, attr, size);
  }};
  auto map = flows();
  auto queries = in_kernel(map);
  for (const bool now : {true, false}) {
    fails = now;
    EXPECT_EQ(queries.count_if(packets() >= 10), entries - 1);
    expect_engine(now ? By::system_calls : By::programs, queries);
  }
}

// Groups that cannot be read are not in the next result.
TEST(QueryPrograms, BeginWithNoGroupsAfterAFailure) {
  static bool fails;
  static int error;
  const ReplacedBpf failing{[](int cmd, void* attr, unsigned int size) noexcept {
    return fails && cmd == static_cast<int>(sys::Command::map_lookup_batch)
               ? static_cast<long>(-error)
               : sys::bpf_syscall(cmd, attr, size);
  }};
  for (const int each : {EIO, ENOMEM}) {
    error = each;
    fails = false;
    auto map = flows();
    auto queries = in_kernel(map);
    EXPECT_EQ(queries.count_by(flags()).groups.size(), 7U);
    fails = true;
    std::error_code ec;
    EXPECT_TRUE(queries.count_by(flags(), ec).groups.empty());
    EXPECT_EQ(ec.value(), each);
    fails = false;
    for (int round = 0; round < 2; ++round) {
      u64 all = 0;
      for (const auto& group : queries.count_by(flags()).groups) all += group.count;
      EXPECT_EQ(all, entries);
      expect_engine(By::programs, queries);
    }
  }
}

// Neither a descriptor nor /proc is needed.
TEST(QueryPrograms, OpenNothingOnceTheyAreLoaded) {
  auto map = flows();
  auto queries = in_kernel(map);
  EXPECT_EQ(queries.count_if(packets() >= 10), entries - 1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::error_code ec;
  const u64 counted = queries.count_if(packets() >= 10, ec);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(counted, entries - 1);
  EXPECT_FALSE(ec) << explain(ec);
  expect_engine(By::programs, queries);
}

// The 64 that were used last.
TEST(QueryPrograms, StayWhileTheyAreUsed) {
  static int loads;
  const ReplacedBpf counting{[](int cmd, void* attr, unsigned int size) noexcept {
    if (cmd == static_cast<int>(sys::Command::prog_load)) ++loads;
    return sys::bpf_syscall(cmd, attr, size);
  }};
  struct Wide {
    u64 numbers[100];
  };
  auto map = ArrayMap<Wide>::create({.max_entries = 1});
  auto queries = in_kernel(map);
  loads = 0;
  EXPECT_EQ(queries.count_if(everything), 1U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(queries.count_if(value(&Wide::numbers, i) == 0), 1U);
    EXPECT_EQ(queries.count_if(everything), 1U);
  }
  EXPECT_EQ(loads, 101);
  EXPECT_EQ(queries.count_if(value(&Wide::numbers, 99) == 0), 1U);
  EXPECT_EQ(loads, 101);
  EXPECT_EQ(queries.count_if(value(&Wide::numbers, 0) == 0), 1U);
  EXPECT_EQ(loads, 102);
}

TEST(QueryPrograms, NeedCapBpfAlone) {
  if (::getuid() != 0) GTEST_SKIP() << "gives privileges up";
  auto map = flows();
  in_child([&] {
    become_nobody_with(u64{1} << 39U);
    auto queries = in_kernel(map);
    run_all_kinds(queries);
  });
}

TEST(QueryPrograms, AreRequiredOnDemand) {
  const InKernelOptions options{.engine = EngineChoice::require_kernel};
  auto map = flows();
  auto queries = in_kernel(map, options);
  EXPECT_EQ(queries.count_if(packets() >= 10), entries - 1);
  expect_engine(By::programs, queries);
  const ReplacedBpf refusing{[](int cmd, void* attr, unsigned int size) noexcept {
    return cmd == static_cast<int>(sys::Command::prog_load) ? long{-EPERM}
                                                            : sys::bpf_syscall(cmd, attr, size);
  }};
  EXPECT_EQ(queries.count_if(packets() >= 20), entries - 2);  // is loaded
  std::error_code ec;
  EXPECT_EQ(queries.count_if(packets() <= 10, ec), 0U);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
}

TEST(QueryPrograms, WalkOverNoMoreThanTheyMay) {
  auto map = flows(MapType::hash, 20);  // of 80
  for (const u32 most : {79U, 80U}) {
    auto queries = in_kernel(map, {.longest_walk = most});
    EXPECT_EQ(queries.count_if(everything), 20U);
    expect_engine(most == 80 ? By::programs : By::system_calls, queries);
  }
}

TEST(QueryPrograms, AreNotUsedInAChildProcess) {
  auto map = flows();
  auto queries = in_kernel(map);
  EXPECT_EQ(queries.count_if(packets() >= 10), entries - 1);
  in_child([&] {
    std::error_code ec;
    EXPECT_EQ(queries.count_if(packets() >= 10, ec), 0U);
    EXPECT_EQ(ec.value(), ESTALE);
  });
  EXPECT_EQ(queries.count_if(packets() >= 20), entries - 2);
  expect_engine(By::programs, queries);
}

TEST(QueryPrograms, AddWithoutLosingWhatOthersAdd) {
  auto map = ArrayMap<u64>::create({.max_entries = 4});
  constexpr int rounds = 2000;
  const auto add_often = [&] {
    auto queries = in_kernel(map);
    for (int i = 0; i < rounds; ++i) queries.update_if(everything, add(value<u64>(), 1));
    expect_engine(By::programs, queries);
  };
  std::thread other{add_often};
  add_often();
  other.join();
  EXPECT_EQ(map.lookup(3), u64{2 * rounds});
}

// The kernel uses the memory of an erased entry at once for the next one that is inserted, perhaps
// in another bucket: a walk that is just there goes on in that bucket, and may miss entries or meet
// some twice. This is rare, and status().exact is false.
TEST(QueryPrograms, SeldomMissOrRepeatEntriesThatStayWhileOthersComeAndGo) {
  constexpr u32 stable = 1000;
  constexpr u32 few = 16;
  auto map = HashMap<u32, u64>::create({.max_entries = 4096});
  for (u32 i = 0; i < stable; ++i) map.update(i, i);
  std::atomic<bool> stop{false};
  std::thread churn{[&] {
    for (u32 i = 0; !stop; ++i) {
      map.update(stable + i % 2000, i);
      map.erase(stable + (i + 1000) % 2000);
    }
  }};
  auto queries = in_kernel(map);
  constexpr int rounds = 200;
  int exact = 0;
  for (int round = 0; round < rounds; ++round) {
    const u64 counted = queries.count_if(key<u32>() < stable);
    EXPECT_NEAR(static_cast<double>(counted), stable, few);
    std::set<u32> seen;
    for (const auto& [key, value] : queries.snapshot()) seen.insert(key);
    const auto copied = std::distance(seen.begin(), seen.lower_bound(stable));
    EXPECT_NEAR(static_cast<double>(copied), stable, few);
    exact += counted == stable && copied == stable ? 1 : 0;
  }
  stop = true;
  churn.join();
  EXPECT_GT(exact, rounds / 2);
  expect_engine(By::programs, queries);
}

}  // namespace
}  // namespace bpfmap::test
