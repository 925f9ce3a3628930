// SPDX-License-Identifier: MIT
// Handles made by in_kernel(): many keys of each family of maps, by either engine.
#include "bpfmap/in_kernel/in_kernel.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "maps.hpp"
#include "syscall_programs.hpp"
#include "told_texts.hpp"

namespace bpfmap::test {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Flow {
  u64 packets;
  u64 bytes;
  u32 flags;
  std::int32_t level;
};

// What the type of a map alone decides.
template <class M>
class EachMap : public testing::Test {};

template <std::size_t size>
struct Blob {
  std::array<std::uint8_t, size> bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};
template <class T>
T number(u32 n) {
  T value{};
  if constexpr (std::is_integral_v<T>) {
    value = static_cast<T>(n);
  } else {
    for (std::size_t i = 0; i < sizeof value.bytes; ++i)
      value.bytes[i] = static_cast<std::uint8_t>(n * 7 + i + (i > 0 && i < 4 ? n >> (i * 8) : 0));
  }
  return value;
}

using EachMapTypes =
    testing::Types<HashMap<u32, u64>, HashMap<Blob<1>, Blob<1>>, HashMap<Blob<3>, Blob<5>>,
                   HashMap<Blob<16>, Blob<40>>, HashMap<Blob<37>, Blob<255>>,
                   HashMap<Blob<8>, Blob<257>>, HashMap<Blob<500>, Blob<4097>>>;
TYPED_TEST_SUITE(EachMap, EachMapTypes);

std::vector<EngineChoice> engines() {
  if (!kernel_has_syscall_programs()) return {EngineChoice::system_calls};
  return {EngineChoice::require_kernel, EngineChoice::system_calls};
}

TYPED_TEST(EachMap, DoesTheSameByEitherEngine) {
  using K = typename TypeParam::key_type;
  using V = typename TypeParam::mapped_type;
  for (const MapType type : {MapType::hash, MapType::lru_hash}) {
    for (const EngineChoice choice : engines()) {
      auto map = TypeParam::create({.type = type, .max_entries = 200});
      auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 7});
      ASSERT_EQ(fast.status().reads == Engine::kernel, choice == EngineChoice::require_kernel);
      std::vector<K> keys;
      std::vector<V> values;
      std::vector<V> others;
      for (u32 i = 0; i < 40; ++i) {
        keys.push_back(number<K>(i));
        values.push_back(number<V>(i));
        others.push_back(number<V>(i + 100));
      }
      const std::span<const K> some{keys.data(), 20};
      const std::span<const V> some_values{values.data(), 20};
      EXPECT_EQ(fast.insert_batch(some, some_values), (BatchResult{20, 0, {}}));
      EXPECT_EQ(fast.insert_batch(keys, others), (BatchResult{20, 20, {}}));
      EXPECT_EQ(map.lookup(keys[0]), values[0]);
      EXPECT_EQ(map.lookup(keys[39]), others[39]);
      EXPECT_EQ(fast.erase_batch(some), (BatchResult{20, 0, {}}));
      EXPECT_EQ(fast.replace_batch(keys, values), (BatchResult{20, 20, {}}));
      std::vector<std::optional<V>> seen(keys.size());
      const auto see = [&](std::size_t i, const V& value) { seen[i] = value; };
      EXPECT_EQ(fast.lookup_batch(keys, see), (BatchResult{20, 20, {}}));
      for (std::size_t i = 0; i < keys.size(); ++i)
        EXPECT_EQ(seen[i], i < 20 ? std::optional<V>{} : values[i]) << i;
      std::array<bool, 40> found{};
      EXPECT_EQ(fast.contains_batch(keys, found), (BatchResult{20, 20, {}}));
      EXPECT_TRUE(!found[19] && found[20]);
      EXPECT_EQ(fast.update_batch(keys, others), (BatchResult{40, 0, {}}));
      const auto view = fast.lookup_batch(std::span<const K>{keys.data() + 3, 7});
      ASSERT_EQ(view.size(), 7U);
      EXPECT_EQ(view.found(), 7U);
      for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(view[i], others[i + 3]);
      seen.assign(keys.size(), {});
      EXPECT_EQ(fast.lookup_and_delete_batch(some, see), (BatchResult{20, 0, {}}));
      EXPECT_EQ(fast.lookup_and_delete_batch(keys, see), (BatchResult{20, 20, {}}));
      for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(seen[i], others[i]) << i;
      EXPECT_EQ(fast.contains_batch(keys, found), (BatchResult{0, 40, {}}));
    }
  }
}

// --- families ---

// Every key has flow(i) where i is below `present`.
Flow flow(u32 i) { return {i * 3ULL, i * 5ULL, i, -static_cast<std::int32_t>(i)}; }
bool operator==(const Flow& a, const Flow& b) {
  return a.packets == b.packets && a.bytes == b.bytes && a.flags == b.flags && a.level == b.level;
}

// A lookup of 30 keys, 20 present, shows what single lookups do.
template <class M>
void expect_lookups(const M& map, const std::vector<typename M::key_type>& keys,
                    EngineChoice choice) {
  auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 8});
  std::size_t seen = 0;
  const auto see = [&](std::size_t i, const auto& value) {
    ++seen;
    if constexpr (requires { value.sum(&Flow::bytes); })
      EXPECT_TRUE(std::ranges::equal(value, *map.lookup(keys[i]))) << i;
    else
      EXPECT_EQ(value, *map.lookup(keys[i])) << i;
  };
  EXPECT_EQ(fast.lookup_batch(keys, see), (BatchResult{20, keys.size() - 20, {}}));
  EXPECT_EQ(seen, 20U);
  const auto view = fast.lookup_batch(std::span{keys}.first(5));
  EXPECT_EQ(view.found(), 5U);
  EXPECT_TRUE(view.found(4));
}

std::vector<u32> numbers(u32 count, u32 first = 0) {
  std::vector<u32> keys(count);
  std::iota(keys.begin(), keys.end(), first);
  return keys;
}

TEST(InKernelLookup, ShowsWhatSingleLookupsShow) {
  for (const EngineChoice choice : engines()) {
    for (const MapFlags flags : {MapFlags::none, MapFlags::no_prealloc}) {
      auto map = HashMap<u32, Flow>::create({.max_entries = 64, .flags = flags});
      for (u32 i = 0; i < 20; ++i) map.update(i, flow(i));
      expect_lookups(map, numbers(30), choice);
    }
    auto array = ArrayMap<Flow>::create({.max_entries = 20});
    for (u32 i = 0; i < 20; ++i) array.update(i, flow(i));
    auto fast = in_kernel(array, {.engine = choice, .keys_per_call = 8});
    std::size_t seen = 0;
    const auto see = [&](std::size_t i, const Flow& value) {
      EXPECT_EQ(value, flow(static_cast<u32>(i)));
      ++seen;
    };
    EXPECT_EQ(fast.lookup_batch(numbers(20), see), (BatchResult{20, 0, {}}));
    std::error_code ec;
    EXPECT_EQ(fast.lookup_batch(numbers(25), see, ec), (BatchResult{20, 0, 20}));
    EXPECT_EQ(ec, Errc::index_out_of_range);
    EXPECT_EQ(fast.update_batch(numbers(25), std::vector<Flow>(25), ec), (BatchResult{20, 0, 20}));
    EXPECT_EQ(ec, Errc::index_out_of_range);
    EXPECT_EQ(seen, 40U);
    EXPECT_EQ(array.lookup(19), Flow{});
  }
}

template <class M>
class PerCpuKeys : public testing::Test {};
using PerCpuTypes =
    testing::Types<PerCpuHashMap<u32, Flow>, PerCpuHashMap<Blob<5>, Flow>, PerCpuArrayMap<Flow>>;
TYPED_TEST_SUITE(PerCpuKeys, PerCpuTypes);

TYPED_TEST(PerCpuKeys, ShowAllSlotsAndTheirSums) {
  using K = typename TypeParam::key_type;
  constexpr bool is_array = std::is_same_v<TypeParam, PerCpuArrayMap<Flow>>;
  std::vector<K> keys;
  for (u32 i = 0; i < (is_array ? 20 : 30); ++i) keys.push_back(number<K>(i));
  auto map = TypeParam::create({.max_entries = is_array ? 20U : 64U});
  const std::size_t cpus = sys::possible_cpus().size();
  for (u32 i = 0; i < 20; ++i) {
    std::vector<Flow> slots;
    for (u32 cpu = 0; cpu < cpus; ++cpu) slots.push_back(flow(i * 16 + cpu));
    map.update(keys[i], slots);
  }
  for (const EngineChoice choice : engines()) {
    if constexpr (!is_array) expect_lookups(map, keys, choice);
    auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 8});
    std::size_t seen = 0;
    const auto check = [&](std::size_t i, u64 sum, auto member) {
      std::error_code ec;
      EXPECT_EQ(sum, map.lookup(keys[i], ec)->sum(member)) << i;
      ++seen;
    };
    const BatchResult expected{20, keys.size() - 20, {}};
    EXPECT_EQ(fast.sum_batch(keys, &Flow::bytes,
                             [&](std::size_t i, u64 sum) { check(i, sum, &Flow::bytes); }),
              expected);
    EXPECT_EQ(fast.sum_batch(keys, &Flow::level,
                             [&](std::size_t i, std::int64_t sum) {
                               check(i, static_cast<u64>(sum), &Flow::level);
                               EXPECT_TRUE(i == 0 || sum < 0);
                             }),
              expected);
    EXPECT_EQ(fast.sum_batch(std::span{keys}.first(1), &Flow::flags,
                             [&](std::size_t i, u64 sum) { check(i, sum, &Flow::flags); })
                  .done,
              1U);
    EXPECT_EQ(seen, 41U);
    if constexpr (!is_array) {
      EXPECT_EQ(fast.insert_batch(keys, std::vector<Flow>(keys.size(), flow(9))),
                (BatchResult{10, 20, {}}));
      EXPECT_EQ(map.lookup(keys[29])->sum(&Flow::flags), 9 * cpus);
      EXPECT_EQ(fast.erase_batch(std::span{keys}.last(10)), (BatchResult{10, 0, {}}));
    }
  }
}

TEST(InKernelLookup, FindsTheLongestPrefixOfManyAddresses) {
  using Key = LpmKey<in_addr>;
  auto trie = LpmTrie<Key, u32>::create({.max_entries = 1000});
  for (const EngineChoice choice : engines()) {
    auto fast = in_kernel(trie, {.engine = choice, .keys_per_call = 50});
    EXPECT_EQ(fast.status().reads == Engine::kernel, choice == EngineChoice::require_kernel);
    const std::array prefixes{Key::parse("10.0.0.0/8"), Key::parse("10.1.0.0/16"),
                              Key::parse("10.1.2.0/24"), Key::parse("192.168.0.0/16")};
    EXPECT_EQ(fast.insert_batch(prefixes, std::array<u32, 4>{8, 16, 24, 99}),
              (BatchResult{4, 0, {}}));
    EXPECT_EQ(fast.insert_batch(prefixes, std::array<u32, 4>{}), (BatchResult{0, 4, {}}));
    std::vector<Key> addresses;
    for (std::size_t i = 0; i < 200; ++i)
      addresses.push_back(Key::parse(std::array{"10.2.3.", "10.1.9.", "10.1.2.", "11.1.1."}[i % 4] +
                                     std::to_string(i)));
    constexpr std::array<u32, 3> expected{8, 16, 24};
    const auto see = [&](std::size_t i, u32 value) { EXPECT_EQ(value, expected[i % 4]); };
    EXPECT_EQ(fast.lookup_batch(addresses, see), (BatchResult{150, 50, {}}));
    EXPECT_EQ(fast.erase_batch(prefixes), (BatchResult{4, 0, {}}));
    EXPECT_EQ(fast.lookup_batch(addresses, see), (BatchResult{0, 200, {}}));
  }
}

TEST(InKernelLookup, TakesExactlyTheGivenPrefixesOfATrie) {
  using Key = LpmKey<in_addr>;
  for (const EngineChoice choice : engines()) {
    for (const u32 keys_per_call : {1U, 2U, 8U}) {
      auto trie = LpmTrie<Key, u32>::create({.max_entries = 10});
      auto fast = in_kernel(trie, {.engine = choice, .keys_per_call = keys_per_call});
      const std::array present{Key::parse("10.0.0.0/8"), Key::parse("10.1.0.0/16"),
                               Key::parse("10.1.2.0/24")};
      fast.update_batch(present, std::array<u32, 3>{8, 16, 24});
      const std::array asked{Key::parse("10.1.0.0/16"), Key::parse("10.2.0.0/16"),
                             Key::parse("10.1.2.0/24"), Key::parse("10.1.2.3/32"),
                             Key::parse("11.0.0.0/8")};
      std::vector<u32> taken;
      EXPECT_EQ(fast.lookup_and_delete_batch(
                    asked, [&](std::size_t, u32 value) { taken.push_back(value); }),
                (BatchResult{2, 3, {}}));
      EXPECT_EQ(taken, (std::vector<u32>{16, 24}));
      EXPECT_EQ(trie.lookup(Key::parse("10.1.2.3/32")), 8U);
    }
  }
}

int lookups = 0;
int loads = 0;
long count_calls(int command, void* attr, unsigned size) noexcept {
  lookups += command == BPF_MAP_LOOKUP_ELEM ? 1 : 0;
  loads += command == BPF_PROG_LOAD ? 1 : 0;
  return sys::bpf_syscall(command, attr, size);
}
template <class Call>
void counted(Call call) {
  lookups = loads = 0;
  const auto real = sys::set_bpf_for_testing(&count_calls);
  call();
  sys::set_bpf_for_testing(real);
}

template <class T>
void expect_sums_by_a_program(const std::vector<T>& slots) {
  auto map = PerCpuHashMap<u32, T>::create({.max_entries = 16});
  T expected{};
  for (const T slot : slots) expected = static_cast<T>(expected + slot);
  for (u32 i = 0; i < 4; ++i) map.update(i, slots);
  auto fast = in_kernel(map, {.engine = EngineChoice::require_kernel});
  counted([&] {
    const auto see = [&](std::size_t, auto sum) { EXPECT_EQ(static_cast<T>(sum), expected); };
    EXPECT_EQ(fast.sum_batch(numbers(6), whole_value, see), (BatchResult{4, 2, {}}));
  });
  EXPECT_EQ(lookups, 0) << "sizeof(T) is " << sizeof(T);
  EXPECT_EQ(fast.status().log, "");
  const auto view = fast.lookup_batch(numbers(6));
  EXPECT_EQ(view.found(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(std::ranges::equal(view[i], slots));
}

TEST(InKernelLookup, SumsValuesOfAllSizesByAProgram) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "programs need Linux 5.14";
  const std::size_t cpus = sys::possible_cpus().size();
  expect_sums_by_a_program(std::vector<std::uint8_t>(cpus, 3));
  expect_sums_by_a_program(std::vector<std::int16_t>(cpus, -300));
  expect_sums_by_a_program(std::vector<u32>(cpus, 70'000));
  expect_sums_by_a_program(std::vector<std::int64_t>(cpus, -5));
}

// --- failures ---

TEST(InKernelFailure, NamesTheKeyThatFailed) {
  for (const EngineChoice choice : engines()) {
    auto map = HashMap<u32, u64>::create({.max_entries = 10});
    auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 4});
    std::error_code ec;
    const std::vector<u64> values(20, 1);
    EXPECT_EQ(fast.insert_batch(numbers(20), values, ec), (BatchResult{10, 0, 10}));
    EXPECT_EQ(ec, Condition::map_full);
    EXPECT_NE(explain(ec).find("10 of"), 0U);
    EXPECT_EQ(fast.update_batch(numbers(20), values, ec), (BatchResult{10, 0, 10}));
    EXPECT_THROW(fast.update_batch(numbers(20), values), BatchError);
    EXPECT_EQ(fast.insert_batch(numbers(3), values, ec).done, 0U);
    EXPECT_EQ(ec, Errc::wrong_value_count);
    const std::vector<std::int64_t> wide{0, 1, 2, 3, 4, -1, 6};
    EXPECT_EQ(fast.lookup_batch(wide, [](std::size_t, u64) {}, ec), (BatchResult{5, 0, 5}));
    EXPECT_EQ(ec, Errc::out_of_range);
    test::note_text(explain(ec));
    EXPECT_EQ(fast.lookup_batch(wide, ec).size(), 0U);
    EXPECT_EQ(ec, Errc::too_many_keys);
    test::note_text(explain(ec));
    EXPECT_NE(explain(ec).find("keys_per_call"), std::string::npos) << explain(ec);
    EXPECT_TRUE(fast.lookup_batch(std::vector<u32>{}, ec).empty());
    EXPECT_FALSE(ec);
    std::array<bool, 2> few{};
    (void)fast.contains_batch(numbers(3), few, ec);
    EXPECT_EQ(ec, Errc::wrong_value_count);
  }
}

TEST(InKernelFailure, IsTooManyKeysPerCall) {
  const auto map = ArrayMap<u32>::create({.max_entries = 10});
  std::error_code ec;
  EXPECT_EQ(in_kernel(map, {.keys_per_call = 65536}, ec).keys_per_call(), 65536U) << explain(ec);
  EXPECT_FALSE(in_kernel(map, {.keys_per_call = 65537}, ec));
  EXPECT_EQ(ec, Errc::out_of_range);
  test::note_text(explain(ec));
  EXPECT_NE(explain(ec).find("keys_per_call is at most 65,536"), std::string::npos) << explain(ec);
}

TEST(InKernelFailure, IsNoMapWhenEmpty) {
  using Handle = InKernel<HashMap<u32, u64>>;
  Handle empty;
  std::error_code ec;
  EXPECT_EQ(in_kernel(HashMap<u32, u64>{}, ec).keys_per_call(), 0U);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_TRUE(empty.lookup_batch(numbers(3), ec).empty());
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_THROW(empty.erase_batch(numbers(1)), BatchError);
  Handle full = in_kernel(HashMap<u32, u64>::create({.max_entries = 4}));
  Handle taken = std::move(full);
  EXPECT_TRUE(taken && !full);
  empty.update_batch(numbers(1), numbers(1), ec);
  EXPECT_EQ(ec, Errc::no_map);
  taken.update_batch(numbers(2), numbers(2));
  EXPECT_EQ(taken.lookup_batch(numbers(4)).found(), 2U);
}

// A program may write a frozen map, and one of a read-only descriptor; a handle does not.
TEST(InKernelFailure, IsThatOfTheDescriptorAndOfAFrozenMap) {
  for (const EngineChoice choice : {EngineChoice::automatic, EngineChoice::system_calls}) {
    auto map = HashMap<u32, u64>::create({.max_entries = 10});
    map.update(1, 1);
    const auto through = [&](Access access) {
      return in_kernel(HashMap<u32, u64>::from_id(map.map().info().id, access), {.engine = choice});
    };
    auto reads = through(Access::read_only);
    auto writes = through(Access::write_only);
    auto frozen = in_kernel(map, {.engine = choice});
    std::error_code ec;
    EXPECT_EQ(writes.lookup_batch(numbers(3), ec).size(), 0U);
    EXPECT_EQ(ec, std::errc::operation_not_permitted);
    EXPECT_EQ(writes.update_batch(numbers(3), numbers(3), ec), (BatchResult{3, 0, {}}));
    map.map().freeze();
    for (auto* const fast : {&reads, &frozen}) {
      EXPECT_EQ(fast->lookup_batch(numbers(5)).found(), 3U);
      EXPECT_EQ(fast->update_batch(numbers(3), numbers(3), ec), (BatchResult{0, 0, 0}));
      EXPECT_EQ(ec, std::errc::operation_not_permitted);
      EXPECT_EQ(fast->erase_batch(numbers(3), ec), (BatchResult{0, 0, 0}));
      EXPECT_EQ(ec, std::errc::operation_not_permitted);
      fast->fetch_add(numbers(3), whole_value, 1, ec);
      if (fast->status().reads == Engine::kernel) {
        EXPECT_EQ(ec, std::errc::operation_not_permitted);
        EXPECT_NE(explain(ec).find(fast == &reads ? "descriptor" : "frozen"), std::string::npos)
            << explain(ec);
      } else {
        EXPECT_EQ(ec, Errc::unsupported_operation);
        test::note_text(explain(ec));
      }
    }
  }
  if (!kernel_has_syscall_programs()) return;
  for (const MapFlags flags : {MapFlags::rdonly_prog, MapFlags::wronly_prog}) {
    auto map = HashMap<u32, u64>::create({.max_entries = 10, .flags = flags});
    auto fast = in_kernel(map);
    const bool reads = flags == MapFlags::rdonly_prog;
    EXPECT_EQ(fast.status().reads == Engine::kernel, reads) << fast.status().log;
    EXPECT_EQ(fast.status().writes == Engine::kernel, !reads) << fast.status().log;
    EXPECT_EQ(fast.status().reason, EngineReason::refused);
    EXPECT_EQ(fast.insert_batch(numbers(3), numbers(3)).done, 3U);
    EXPECT_EQ(fast.lookup_batch(numbers(5)).found(), 3U);
    std::error_code ec;
    for (int call = 0; call < 3; ++call) {
      counted([&] { fast.fetch_add(numbers(3), whole_value, 1, ec); });
      EXPECT_EQ(ec, Errc::unsupported_operation);
      test::note_text(explain(ec));
      EXPECT_NE(fast.status().log, "");
      EXPECT_EQ(loads != 0, call == 0) << "the refusal is remembered";
    }
    EXPECT_EQ(fast.lookup_and_delete_batch(numbers(5), [](std::size_t, u64) {}).done, 3U);
  }
}

// --- where the kernel is not possible ---

int refused_command = 0;
int refused_with = 0;
long refuse(int command, void* attr, unsigned size) noexcept {
  return command == refused_command ? -refused_with : sys::bpf_syscall(command, attr, size);
}

TEST(InKernelFallback, DoesTheWorkAndSaysWhy) {
  if (!kernel_has_syscall_programs()) GTEST_SKIP() << "before Linux 5.14 nothing else is possible";
  struct Row {
    int command;
    int error;
    EngineReason reason;
  };
  constexpr int not_loaded = 18;
  for (const Row& row : {Row{BPF_PROG_LOAD, EINVAL, EngineReason::kernel_too_old},
                         Row{BPF_PROG_LOAD, EPERM, EngineReason::not_permitted},
                         Row{BPF_PROG_LOAD, E2BIG, EngineReason::refused},
                         Row{not_loaded, EINVAL, EngineReason::kernel_too_old},
                         Row{BPF_PROG_TEST_RUN, ENOMEM, EngineReason::none}}) {
    auto map = HashMap<u32, u64>::create({.max_entries = 100});
    refused_command = row.command;
    refused_with = row.error;
    const auto real = sys::set_bpf_for_testing(&refuse);
    auto fast = in_kernel(map);
    std::error_code ec;
    if (row.reason != EngineReason::none) {
      EXPECT_FALSE(in_kernel(map, {.engine = EngineChoice::require_kernel}, ec));
      EXPECT_EQ(ec.value(), row.error);
    }
    EXPECT_EQ(fast.status().reason, row.reason);
    EXPECT_EQ(fast.insert_batch(numbers(50), numbers(50)), (BatchResult{50, 0, {}}));
    EXPECT_EQ(fast.erase_batch(numbers(20, 40)), (BatchResult{10, 10, {}}));
    EXPECT_EQ(fast.lookup_batch(numbers(60)).found(), 40U);
    fast.fetch_add(numbers(50), whole_value, 1, ec);
    EXPECT_EQ(ec == Errc::unsupported_operation, row.reason != EngineReason::none) << ec;
    sys::set_bpf_for_testing(real);
  }
}

TEST(InKernelFallback, IsForTypesWithoutKeysForPrograms) {
  auto fast = in_kernel(HashMap<u32, u64>::create({.max_entries = 4}),
                        {.engine = EngineChoice::system_calls});
  EXPECT_EQ(fast.status().reason, EngineReason::asked_for);
  EXPECT_EQ(to_string(fast.status().reason), "asked_for");
  EXPECT_EQ(to_string(fast.status().reads), "system_calls");
  EXPECT_EQ(fast.keys_per_call(), 1024U);
  EXPECT_EQ(in_kernel(HashMap<u32, Blob<65536>>::create({.max_entries = 1})).keys_per_call(), 63U);
}

}  // namespace
}  // namespace bpfmap::test
