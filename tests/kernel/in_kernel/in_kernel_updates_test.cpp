// SPDX-License-Identifier: MIT
// Atomic updates of many keys by a handle; what a handle leaves behind; processes and threads.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "../../../src/in_kernel/program.hpp"
#include "bpfmap/bpfmap.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "child_process.hpp"
#include "small_btf.hpp"
#include "syscall_programs.hpp"
#include "told_texts.hpp"

namespace bpfmap::test {
namespace {

using namespace detail::bytecode;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

struct Flow {
  u64 packets;
  i64 balance;
  u32 flags;
  std::int32_t level;
};

std::vector<u32> numbers(u32 count) {
  std::vector<u32> keys(count);
  std::iota(keys.begin(), keys.end(), 0U);
  return keys;
}

// What a member of each of 5 values becomes by `call`, beside what `combine` makes of the old
// value.
template <class T, class Call, class Combine>
void expect_combined(T Flow::* member, const std::vector<T>& values, T operand, Call call,
                     Combine combine) {
  for (const MapType type : {MapType::hash, MapType::array}) {
    auto map =
        Map::create({.type = type, .key_size = 4, .value_size = sizeof(Flow), .max_entries = 8});
    for (u32 i = 0; i < values.size(); ++i) {
      Flow flow{77, 77, 77, 77};
      flow.*member = values[i];
      map.update(i, flow);
    }
    const auto with = [&](auto typed) {
      auto fast = in_kernel(typed, {.engine = EngineChoice::require_kernel, .keys_per_call = 3});
      std::vector<T> old(values.size());
      const auto keys = numbers(static_cast<u32>(values.size()));
      const BatchResult result =
          call(fast, keys, member, operand, [&](std::size_t i, T was) { old[i] = was; });
      EXPECT_EQ(result, (BatchResult{values.size(), 0, {}}));
      EXPECT_EQ(old, values);
      for (const u32 key : keys) {
        Flow expected{77, 77, 77, 77};
        expected.*member = combine(values[key], operand);
        const Flow now = *typed.map().template lookup<Flow>(key);
        EXPECT_EQ(now.packets, expected.packets);
        EXPECT_EQ(now.balance, expected.balance);
        EXPECT_EQ(now.flags, expected.flags);
        EXPECT_EQ(now.level, expected.level);
      }
    };
    if (type == MapType::hash)
      with(HashMap<u32, Flow>{std::move(map)});
    else
      with(ArrayMap<Flow>{std::move(map)});
  }
}

template <class T>
void expect_all(T Flow::* member, const std::vector<T>& values) {
  using U = std::make_unsigned_t<T>;
  for (const T operand : values) {
    expect_combined<T>(
        member, values, operand,
        [](auto& fast, const auto&... rest) { return fast.fetch_add(rest...); },
        [](T a, T b) { return static_cast<T>(static_cast<U>(a) + static_cast<U>(b)); });
    expect_combined<T>(
        member, values, operand,
        [](auto& fast, const auto&... rest) { return fast.fetch_or(rest...); },
        [](T a, T b) { return static_cast<T>(a | b); });
    expect_combined<T>(
        member, values, operand,
        [](auto& fast, const auto&... rest) { return fast.exchange(rest...); },
        [](T, T b) { return b; });
    expect_combined<T>(
        member, values, operand,
        [](auto& fast, const auto&... rest) { return fast.fetch_min(rest...); },
        [](T a, T b) { return std::min(a, b); });
    expect_combined<T>(
        member, values, operand,
        [](auto& fast, const auto&... rest) { return fast.fetch_max(rest...); },
        [](T a, T b) { return std::max(a, b); });
    expect_combined<T>(
        member, values, operand,
        [&](auto& fast, auto& keys, auto& of, auto& desired, auto visit) {
          return fast.compare_exchange(keys, of, values[1], desired, visit);
        },
        [&](T a, T b) { return a == values[1] ? b : a; });
  }
}

TEST(InKernelFetch, CombinesIntegersOf4And8BytesWithAndWithoutSign) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  expect_all(&Flow::packets,
             std::vector<u64>{0, 1, 0xffff'ffff'ffff'fffe, 0x8000'0000'0000'0000, 5});
  expect_all(&Flow::balance,
             std::vector<i64>{0, -1, std::numeric_limits<i64>::min(), 7, 1LL << 40});
  expect_all(&Flow::flags, std::vector<u32>{0, 1, 0xffff'fffe, 0x8000'0000, 5});
  expect_all(&Flow::level, std::vector<std::int32_t>{0, -1, std::numeric_limits<int>::min(), 7, 5});
}

TEST(InKernelFetch, SkipsMissingKeysOrInsertsThem) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  auto map = HashMap<u32, Flow>::create({.max_entries = 20});
  auto fast = in_kernel(map, {.keys_per_call = 8});
  map.update(3, Flow{100, 0, 0, 0});
  EXPECT_EQ(fast.fetch_add(numbers(10), &Flow::packets, 5), (BatchResult{1, 9, {}}));
  std::vector<u64> deltas(10);
  std::iota(deltas.begin(), deltas.end(), 1U);
  const Flow initial{1000, -4, 8, 0};
  EXPECT_EQ(fast.fetch_add_or_insert(numbers(10), &Flow::packets, deltas, initial),
            (BatchResult{10, 0, {}}));
  for (u32 i = 0; i < 10; ++i) {
    EXPECT_EQ(map.lookup(i)->packets, i == 3 ? 109 : 1001 + i);
    EXPECT_EQ(map.lookup(i)->balance, i == 3 ? 0 : -4);
  }
  std::error_code ec;
  EXPECT_EQ(fast.fetch_add_or_insert(numbers(30), &Flow::packets, 1, initial, ec),
            (BatchResult{20, 0, 20}));
  EXPECT_EQ(ec, Condition::map_full);
  EXPECT_EQ(fast.fetch_add(numbers(3), &Flow::packets, std::vector<u64>(2), ec), BatchResult{});
  EXPECT_EQ(ec, Errc::wrong_value_count);
  EXPECT_EQ(fast.fetch_add(numbers(3), &Flow::packets, std::vector<int>{1, -1, 1}, ec),
            (BatchResult{1, 0, 1}));
  EXPECT_EQ(ec, Errc::out_of_range);
  test::note_text(explain(ec));
  EXPECT_THROW(fast.compare_exchange(numbers(2), &Flow::flags, -1, 0), BatchError);
  auto array = in_kernel(ArrayMap<Flow>::create({.max_entries = 4}));
  EXPECT_EQ(array.fetch_add(numbers(6), &Flow::packets, 1, ec), (BatchResult{4, 0, 4}));
  EXPECT_EQ(ec, Errc::index_out_of_range);
  auto calls = in_kernel(map, {.engine = EngineChoice::system_calls});
  calls.fetch_add(numbers(2), &Flow::packets, 1, ec);
  EXPECT_EQ(ec, Errc::unsupported_operation);
  test::note_text(explain(ec));
  EXPECT_NE(explain(ec).find("status()"), std::string::npos) << explain(ec);
}

TEST(InKernelFetch, PassesOnWhatAVisitorThrows) {
  for (const EngineChoice choice : {EngineChoice::automatic, EngineChoice::system_calls}) {
    auto map = HashMap<u32, u64>::create({.max_entries = 20});
    auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 4});
    fast.update_batch(numbers(10), numbers(10));
    struct Enough {};
    const auto stop = [](std::size_t i, auto&&) {
      if (i == 1) throw Enough{};
    };
    if (fast.status().writes == Engine::kernel) {
      EXPECT_THROW(fast.fetch_add(numbers(10), whole_value, 100, stop), Enough);
      EXPECT_THROW(fast.compare_exchange(numbers(10), whole_value, 103, 5, stop), Enough);
      EXPECT_EQ(map.lookup(3), 5U);
      EXPECT_EQ(map.lookup(4), 4U) << "of the next system call";
    }
    EXPECT_THROW(fast.lookup_batch(numbers(10), stop), Enough);
    EXPECT_THROW(fast.lookup_and_delete_batch(numbers(10), stop), Enough);
    EXPECT_EQ(fast.lookup_batch(numbers(4)).found(), 0U) << "removed, although not all are seen";
    EXPECT_TRUE(map.contains(4));
    auto percpu = PerCpuHashMap<u32, u64>::create({.max_entries = 4});
    auto sums = in_kernel(percpu, {.engine = choice});
    sums.update_batch(numbers(4), numbers(4));
    EXPECT_THROW(sums.sum_batch(numbers(4), whole_value, stop), Enough);
    EXPECT_EQ(sums.lookup_batch(numbers(4)).found(), 4U) << "the handle works on";
  }
}

// A program that adds 1 to the 8 bytes at `offset` of each value of the keys 0 to `count` - 1,
// under the lock at `lock` when that is not negative.
sys::UniqueFd counting_program(const Map& map, const Map& keys, std::int16_t offset, int lock) {
  Assembler a;
  const auto each = a.new_label();
  const auto none = a.new_label();
  a.load_map(r1, keys.fd());
  a.load_function(r2, each);
  a.move(r3, 0);
  a.move(r4, 0);
  a.call(Helper::for_each_map_elem);
  a.move(r0, 0);
  a.exit();
  a.begin_function(each);
  a.load_map(r1, map.fd());
  a.call(Helper::map_lookup_elem);
  a.jump_if(When::eq, r0, 0, none);
  a.move(r6, r0);
  if (lock < 0) {
    a.move(r1, 1);
    a.atomic(Atomic::add, Size::word, r6, offset, r1);
  } else {
    a.move(r1, r6);
    a.alu(Alu::add, r1, lock);
    a.call(Helper::spin_lock);
    a.load(Size::word, r1, r6, offset);
    a.alu(Alu::add, r1, 1);
    a.store(Size::word, r6, offset, r1);
    a.move(r1, r6);
    a.alu(Alu::add, r1, lock);
    a.call(Helper::spin_unlock);
  }
  a.bind(none);
  a.move(r0, 0);
  a.exit();
  EXPECT_TRUE(a.finish());
  std::string log;
  std::error_code ec;
  auto program = load(a, ProgramKind::cgroup_skb, "bpfmap_count", log, ec);
  EXPECT_FALSE(ec) << log;
  return program;
}

struct Locked {
  u32 count;
  bpf_spin_lock lock;
};

template <class V>
void expect_exact(HashMap<u32, V> map, u32 V::* member, std::int16_t offset, int lock) {
  constexpr u32 keys = 64;
  for (u32 i = 0; i < keys; ++i) map.update(i, V{});
  const Map indices =
      Map::create({.type = MapType::array, .key_size = 4, .value_size = 4, .max_entries = keys});
  const auto program = counting_program(map.map(), indices, offset, lock);
  auto fast = in_kernel(map, {.engine = EngineChoice::require_kernel});
  std::atomic<bool> enough{false};
  std::atomic<u32> rounds{0};
  std::thread other{[&] {
    u32 returned = 0;
    while (!enough) {
      ASSERT_EQ(run(program.get(), ProgramKind::cgroup_skb, returned), 0);
      ++rounds;
    }
  }};
  u32 mine = 0;
  while (mine < 3000 || rounds < 3000) {
    fast.fetch_add(numbers(keys), member, 3);
    mine += 3;
  }
  enough = true;
  other.join();
  for (u32 i = 0; i < keys; ++i) EXPECT_EQ((*map.lookup(i)).*member, mine + rounds) << i;
}

TEST(InKernelFetch, LosesNothingBesideAProgramOnAnotherCpu) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  expect_exact(HashMap<u32, Flow>::create({.max_entries = 100}), &Flow::flags,
               offsetof(Flow, flags), -1);
}

TEST(InKernelFetch, LosesNothingUnderTheLockOfAValue) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  const SmallBtf btf;
  expect_exact(HashMap<u32, Locked>::create({.max_entries = 100,
                                             .btf_fd = btf.fd(),
                                             .btf_key_type_id = SmallBtf::integer,
                                             .btf_value_type_id = SmallBtf::locked}),
               &Locked::count, offsetof(Locked, count), offsetof(Locked, lock));
}

// The kernel keeps the timer to itself, and refuses a program that copies the whole value.
TEST(InKernelFetch, UpdatesACounterBesideWhatAProgramMayNotCopy) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  struct Counted {
    std::array<u64, 2> timer;
    u64 count;
  };
  const SmallBtf btf;
  std::error_code ec;
  auto map = HashMap<u32, Counted>::create({.max_entries = 100,
                                            .btf_fd = btf.fd(),
                                            .btf_key_type_id = SmallBtf::integer,
                                            .btf_value_type_id = SmallBtf::counted},
                                           ec);
  if (ec) GTEST_SKIP() << explain(ec);
  auto fast = in_kernel(map);
  EXPECT_EQ(fast.status().reads, Engine::system_calls);
  EXPECT_EQ(fast.status().writes, Engine::kernel) << fast.status().log;
  EXPECT_EQ(fast.insert_batch(numbers(5), std::vector<Counted>(5)).done, 5U);
  EXPECT_EQ(fast.fetch_add(numbers(7), &Counted::count, 3), (BatchResult{5, 2, {}}));
  EXPECT_EQ(fast.lookup_batch(numbers(5))[4].count, 3U);
  EXPECT_EQ(fast.erase_batch(numbers(2)).done, 2U);
  u64 sum = 0;
  EXPECT_EQ(fast.lookup_and_delete_batch(numbers(5),
                                         [&](std::size_t, const Counted& v) { sum += v.count; })
                .done,
            3U);
  EXPECT_EQ(sum, 9U);
}

TEST(InKernelFetch, RefusesMembersThatAreNotAligned) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  struct [[gnu::packed]] Packed {
    u32 first;
    u64 second;
    u32 third;
  };
  auto map = HashMap<u32, Packed>::create({.max_entries = 4});
  map.update(0, Packed{});
  auto fast = in_kernel(map);
  std::error_code ec;
  EXPECT_EQ(fast.fetch_add(numbers(3), &Packed::third, 1, ec), (BatchResult{1, 2, {}}));
  fast.fetch_add(numbers(3), &Packed::second, 1, ec);
  EXPECT_EQ(ec, Errc::misaligned_member);
  test::note_text(explain(ec));
  EXPECT_NE(explain(ec).find("multiple of its size"), std::string::npos) << explain(ec);
  using Ipv4 = LpmKey<in_addr>;
  struct Counters {
    u32 small;
    u32 other;
    u64 large;
  };
  auto trie = LpmTrie<Ipv4, Counters>::create({.max_entries = 4});
  const std::array prefixes{Ipv4::parse("10.0.0.0/8"), Ipv4::parse("10.1.0.0/16"),
                            Ipv4::parse("10.1.2.0/24")};
  trie.update(prefixes[1], Counters{});
  auto prefix_counts = in_kernel(trie);
  EXPECT_EQ(prefix_counts.fetch_add(prefixes, &Counters::small, 1, ec), (BatchResult{2, 1, {}}));
  EXPECT_EQ(trie.lookup(prefixes[2])->small, 2U) << "updates what a lookup finds";
  prefix_counts.fetch_add(prefixes, &Counters::large, 1, ec);
  EXPECT_EQ(ec, Errc::misaligned_member);
  test::note_text(explain(ec));
  EXPECT_NE(explain(ec).find("prefixes"), std::string::npos) << explain(ec);
}

TEST(InKernelFetch, TakesAMemberOfABaseClass) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  struct Derived : Flow {};
  auto fast = in_kernel(HashMap<u32, Derived>::create({.max_entries = 4}));
  fast.update_batch(numbers(3), std::vector<Derived>(3));
  EXPECT_EQ(fast.fetch_add(numbers(3), &Derived::level, -2), (BatchResult{3, 0, {}}));
  EXPECT_EQ(fast.lookup_batch(numbers(3))[2].level, -2);
}

TEST(InKernelFetch, CombinesUnderTheLockOfAValue) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  const SmallBtf btf;
  auto map = HashMap<u32, Locked>::create({.max_entries = 100,
                                           .btf_fd = btf.fd(),
                                           .btf_key_type_id = SmallBtf::integer,
                                           .btf_value_type_id = SmallBtf::locked});
  auto fast = in_kernel(map, {.engine = EngineChoice::require_kernel, .keys_per_call = 4});
  const auto values = [&] {
    std::vector<u32> all;
    fast.lookup_batch(numbers(3), [&](std::size_t, const Locked& v) {
      EXPECT_EQ(v.lock.val, 0U);
      all.push_back(v.count);
    });
    return all;
  };
  using Counts = std::vector<u32>;
  EXPECT_EQ(fast.insert_batch(numbers(3), std::vector<Locked>{{1, {}}, {2, {}}, {3, {}}}),
            (BatchResult{3, 0, {}}));
  fast.fetch_or(numbers(3), &Locked::count, 4);
  EXPECT_EQ(values(), (Counts{5, 6, 7}));
  fast.fetch_min(numbers(3), &Locked::count, 6);
  EXPECT_EQ(values(), (Counts{5, 6, 6}));
  fast.fetch_max(numbers(3), &Locked::count, Counts{9, 1, 7});
  EXPECT_EQ(values(), (Counts{9, 6, 7}));
  fast.compare_exchange(numbers(3), &Locked::count, 6, 60);
  EXPECT_EQ(values(), (Counts{9, 60, 7}));
  fast.exchange(numbers(3), &Locked::count, 11);
  EXPECT_EQ(values(), (Counts{11, 11, 11}));
}

// --- what is left behind ---

// The kernel's objects behind this process's descriptors: "map_id:\t5", "prog_id:\t7".
std::set<std::string> objects() {
  std::set<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fdinfo"}) {
    std::ifstream file{entry.path()};
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("map_id") || line.starts_with("prog_id")) lines.insert(line);
  }
  return lines;
}
bool exists(const std::string& object) {
  const auto id = static_cast<u32>(std::stoul(object.substr(object.find('\t') + 1)));
  const bool is_map = object.starts_with("map");
  sys::IdAttr attr{id, 0, 0};
  const long fd =
      sys::bpf(is_map ? BPF_MAP_GET_FD_BY_ID : BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
  if (fd >= 0) ::close(static_cast<int>(fd));
  return fd >= 0;
}

TEST(InKernelHandle, LeavesNothingBehind) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  auto map = HashMap<u32, Flow>::create({.max_entries = 20});
  const auto before = objects();
  std::vector<std::string> added;
  {
    auto fast = in_kernel(map, {.engine = EngineChoice::require_kernel});
    fast.fetch_add_or_insert(numbers(3), &Flow::packets, 1, Flow{});
    auto moved = std::move(fast);
    EXPECT_EQ(moved.lookup_batch(numbers(5)).found(), 3U);
    const auto now = objects();
    std::ranges::set_difference(now, before, std::back_inserter(added));
    EXPECT_EQ(added.size(), 7U);  // three arrays, four programs
  }
  EXPECT_EQ(objects(), before);
  const auto remains = [&] { return std::ranges::any_of(added, exists); };
  for (int i = 0; i < 500 && remains(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  EXPECT_FALSE(remains());
}

// --- processes and threads ---

TEST(InKernelHandle, CanOnlyBeDestroyedInAChild) {
  auto map = HashMap<u32, u64>::create({.max_entries = 20});
  auto fast = in_kernel(map);
  fast.update_batch(numbers(5), numbers(5));
  in_child([&] {
    std::error_code ec;
    EXPECT_TRUE(fast.lookup_batch(numbers(5), ec).empty());
    EXPECT_EQ(ec.value(), ESTALE);
    fast.update_batch(numbers(5), numbers(5), ec);
    EXPECT_EQ(ec.value(), ESTALE);
    fast.fetch_add(numbers(5), whole_value, 1, ec);
    EXPECT_EQ(ec.value(), ESTALE);
    auto own = in_kernel(map);
    EXPECT_EQ(own.lookup_batch(numbers(5)).found(), 5U);
    fast = {};
  });
  EXPECT_EQ(fast.lookup_batch(numbers(9)).found(), 5U);
}

TEST(InKernelHandle, IsOneForEachThread) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  auto map = HashMap<u32, u64>::create({.max_entries = 2000});
  std::vector<std::thread> threads;
  for (u32 t = 0; t < 2; ++t)
    threads.emplace_back([&map, t] {
      auto fast = in_kernel(map, {.keys_per_call = 100});
      auto keys = numbers(1000);
      for (u32& key : keys) key += t * 1000;
      for (int round = 0; round < 50; ++round) {
        EXPECT_EQ(fast.insert_batch(keys, keys).done, 1000U);
        fast.fetch_add(keys, whole_value, u64{1} << 32U);
        const auto see = [&](std::size_t i, u64 value) {
          EXPECT_EQ(value, keys[i] + (u64{1} << 32U));
        };
        EXPECT_EQ(fast.lookup_and_delete_batch(keys, see).done, 1000U);
      }
    });
  for (auto& thread : threads) thread.join();
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

// Of the entries 0 to 2, whose levels are 7.
template <class Fast>
void expect_queries_by_programs(Fast& fast) {
  const auto level = value(&Flow::level);
  const auto by_a_program = [&](const char* query) {
    EXPECT_EQ(fast.query_status().engine, Engine::kernel)
        << query << ": " << fast.query_status().reason;
  };
  EXPECT_EQ(fast.count_if(level == 7 && key<u32>() != 1), 2U);
  by_a_program("count_if");
  EXPECT_EQ(fast.sum(level), 21);
  by_a_program("sum");
  EXPECT_EQ(fast.max(level), 7);
  by_a_program("max");
  EXPECT_EQ(fast.update_if(key<u32>() < 2, add(value(&Flow::flags), 1), set(level, 9)), 2U);
  by_a_program("update_if");
  EXPECT_EQ(fast.copy_if(level == 9).size(), 2U);
  by_a_program("copy_if");
  EXPECT_EQ(fast.top(1, level).size(), 1U);
  by_a_program("top");
  EXPECT_EQ(fast.group_by(level, value(&Flow::flags)).groups.size(), 2U);
  by_a_program("group_by");
  EXPECT_FALSE(fast.histogram(level).empty());
  by_a_program("histogram");
  EXPECT_EQ(fast.erase_if(level == 7), 1U);
  by_a_program("erase_if");
}

TEST(InKernelHandle, NeedsCapBpfAlone) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  if (::getuid() != 0) GTEST_SKIP() << "gives privileges up";
  for (const u64 capabilities : {u64{0}, u64{1} << 39U}) {
    auto map = HashMap<u32, Flow>::create({.max_entries = 20});
    in_child([&] {
      become_nobody_with(capabilities);
      auto fast = in_kernel(map);
      if (capabilities == 0) {
        EXPECT_EQ(fast.status().reason, EngineReason::not_permitted);
        std::error_code ec;
        EXPECT_FALSE(in_kernel(map, {.engine = EngineChoice::require_kernel}, ec));
        EXPECT_EQ(ec.value(), EPERM);
        EXPECT_NE(explain(ec).find("CAP_BPF"), std::string::npos) << explain(ec);
      } else {
        EXPECT_EQ(fast.status().reason, EngineReason::none) << fast.status().log;
        EXPECT_EQ(fast.fetch_add_or_insert(numbers(3), &Flow::flags, 1, Flow{}).done, 3U);
        EXPECT_EQ(fast.fetch_max(numbers(3), &Flow::level, 7).done, 3U);
        EXPECT_EQ(fast.lookup_batch(numbers(5))[2].level, 7);
        expect_queries_by_programs(fast);
      }
      EXPECT_EQ(fast.update_batch(numbers(9), std::vector<Flow>(9)).done, 9U);
      EXPECT_EQ(fast.erase_batch(numbers(5)).done, 5U);
      EXPECT_EQ(fast.lookup_batch(numbers(9)).found(), 4U);
    });
  }
}

}  // namespace
}  // namespace bpfmap::test
