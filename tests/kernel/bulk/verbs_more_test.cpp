// SPDX-License-Identifier: MIT
// empty, sync, queues, stack traces, inner maps; what functions and ranges the verbs take.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "bulk_support.hpp"
#include "failing_new.hpp"
#include "fake_bpf.hpp"
#include "stacks.skel.h"

namespace bpfmap {
namespace {

using test::Entries;
using test::errno_code;
using test::error_of;
using test::fill;
using test::held;
using test::make_map;
using test::numbers;
using test::OuterMap;
using test::same;

// --- empty ---

TEST(Empty, IsWhatTheMapIs) {
  for (Map& map : test::live_maps()) {
    SCOPED_TRACE(to_string(map.info().type));
    std::error_code ec = Errc::invalid_name;
    EXPECT_TRUE(empty(map, ec));
    EXPECT_EQ(ec, std::error_code{});
    fill(map, 1);
    EXPECT_FALSE(empty(map));
    clear(map);
    EXPECT_TRUE(empty(map));
  }
  EXPECT_FALSE(empty(ArrayMap<int>::create({.max_entries = 1})));
  OuterMap outer{MapType::array_of_maps};
  EXPECT_TRUE(empty(outer.map));
  outer.map.update(60, outer.inner.fd());
  EXPECT_FALSE(empty(outer.map));
}

TEST(Empty, ReportsWhatNobodyCanTell) {
  std::error_code ec;
  EXPECT_FALSE(empty(Map{}, ec));
  EXPECT_EQ(ec, Errc::no_map);
  for (const MapType type : {MapType::xskmap, MapType::perf_event_array}) {
    EXPECT_FALSE(empty(make_map(type, 4, 4, 4), ec));
    EXPECT_EQ(ec, Errc::unsupported_operation) << to_string(type);
  }
  EXPECT_FALSE(empty(make_map(MapType::ringbuf, 0, 0, 4096), ec));
  EXPECT_EQ(ec, Errc::unsupported_operation);
}

// --- queues and stacks ---

TEST(QueueVerbs, DrainClearAndEmpty) {
  auto queue = Queue<std::uint32_t>::create({.max_entries = 8});
  EXPECT_TRUE(empty(queue));
  for (std::uint32_t value = 0; value < 5; ++value) queue.push(value);
  EXPECT_FALSE(empty(queue));
  std::vector<std::uint32_t> values;
  for (const std::uint32_t value : drain(queue)) {
    values.push_back(value);
    if (values.size() == 3) break;
  }
  EXPECT_EQ(values, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(queue.peek(), 3U) << "nothing is popped ahead";
  EXPECT_EQ(clear(queue), 2U);
  EXPECT_TRUE(empty(queue));
  auto stack = Stack<std::uint32_t>::create({.max_entries = 8});
  stack.push(1);
  stack.push(2);
  values.clear();
  for (auto [key, value] : drain(stack.map())) {
    EXPECT_TRUE(key.empty());
    values.push_back(static_cast<std::uint32_t>(test::number_of(value)));
  }
  EXPECT_EQ(values, (std::vector<std::uint32_t>{2, 1}));
}

TEST(QueueVerbs, RefuseAQueueThatWasMovedFrom) {
  auto queue = Queue<int>::create({.max_entries = 4});
  const auto moved = std::move(queue);
  std::error_code ec = Errc::invalid_name;
  for ([[maybe_unused]] const int value : drain(queue, ec)) ADD_FAILURE();
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(error_of([&] { (void)drain(queue).begin(); }).operation(), Operation::drain);
  EXPECT_EQ(clear(queue, ec), 0U);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_FALSE(empty(queue, ec));
  EXPECT_EQ(ec, Errc::no_map);
}

TEST(QueueVerbs, CannotCount) {
  std::error_code ec;
  (void)count(make_map(MapType::queue, 0, 4, 4), ec);
  EXPECT_EQ(ec, Errc::unsupported_operation);
}

// --- without memory ---

TEST(VerbWithoutMemory, LeavesEnomemInTheErrorCode) {
  Map queue = make_map(MapType::queue, 0, 8, 4);
  Map hash = make_map(MapType::hash, 4, 4, 100);
  auto typed = numbers(10);
  fill(hash, 100);
  const auto fails = [](auto call) {
    std::error_code ec;
    {
      const test::FailingNew no_memory{0};
      call(ec);
    }
    EXPECT_EQ(ec, std::errc::not_enough_memory);
  };
  fails([&](std::error_code& ec) { (void)clear(queue, ec); });
  fails([&](std::error_code& ec) { (void)clear(hash, ec); });
  fails([&](std::error_code& ec) { (void)count(hash, ec); });
  fails([&](std::error_code& ec) { (void)empty(hash, ec); });
  fails([&](std::error_code& ec) { (void)to_vector(typed, ec); });
  fails([&](std::error_code& ec) { (void)copy(hash, hash, ec); });
  fails([&](std::error_code& ec) {
    (void)erase_if(hash, [](BytesView, BytesView) { return true; }, ec);
  });
  fails(
      [&](std::error_code& ec) { (void)parallel_scan(hash, 2, [](BytesView, BytesView) {}, ec); });
  const std::array<std::pair<std::uint32_t, std::uint64_t>, 1> wanted{{{1, 2}}};
  fails([&](std::error_code& ec) { (void)sync(typed, wanted, ec); });
  EXPECT_EQ(count(hash), 100U);
}

// --- error codes from before ---

TEST(StaleErrorCode, IsCleared) {
  Map map = make_map(MapType::percpu_hash, 4, 8, 16);
  const std::uint32_t keys[] = {1, 2, 3, 4};
  const std::uint64_t values[] = {10, 20, 30, 40};
  std::error_code ec = make_error_code(std::errc::io_error);
  EXPECT_EQ(update_batch(map, std::as_bytes(std::span{keys}), std::as_bytes(std::span{values}),
                         UpdateFlags::any, ec),
            test::result(4));
  EXPECT_EQ(ec, std::error_code{});
  const auto clears = [](auto call) {
    std::error_code stale = make_error_code(std::errc::io_error);
    call(stale);
    EXPECT_EQ(stale, std::error_code{});
  };
  clears([&](std::error_code& old) { EXPECT_EQ(count(map, old), 4U); });
  clears([&](std::error_code& old) { EXPECT_FALSE(empty(map, old)); });
  clears([&](std::error_code& old) { EXPECT_EQ(copy(map, map, old), 4U); });
  clears([&](std::error_code& old) { (void)scan(map, old); });
  clears([&](std::error_code& old) { (void)drain(map, old); });
  clears([&](std::error_code& old) { EXPECT_EQ(to_vector(map, old).size(), 4U); });
  clears([&](std::error_code& old) {
    EXPECT_EQ(parallel_scan(map, 2, [](BytesView, BytesView) {}, old).entries, 4U);
  });
  clears([&](std::error_code& old) {
    EXPECT_EQ(erase_batch(map, std::as_bytes(std::span{keys}), old), test::result(4));
  });
  clears([&](std::error_code& old) { EXPECT_EQ(clear(map, old), 0U); });
}

// --- ranges and functions ---

TEST(BatchRanges, AreAnythingThatLiesInARow) {
  auto map = numbers(0);
  const std::uint32_t keys[] = {1, 2, 3};
  const std::uint64_t values[] = {10, 20, 30};
  EXPECT_EQ(update_batch(map, keys, values), test::result(3));
  EXPECT_EQ(insert_batch(map, std::array{4U, 5U}, std::array<std::uint64_t, 2>{40, 50}),
            test::result(2));
  EXPECT_EQ(replace_batch(map, std::vector<std::uint32_t>{1}, std::span{values, 1}),
            test::result(1));
  std::optional<std::uint64_t> found[3];
  std::error_code ec;
  EXPECT_EQ(lookup_batch_into(map, keys, found, ec), test::result(3));
  EXPECT_EQ(found[2], 30U);
  EXPECT_EQ(lookup_batch(map, keys).size(), 3U);
  EXPECT_EQ(erase_batch(map, keys, ec), test::result(3));
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 4});
  const PerCpuValues<std::uint64_t> slots[] = {PerCpuValues<std::uint64_t>{7}};
  EXPECT_EQ(update_batch(percpu, std::array{1U}, slots), test::result(1));
  EXPECT_EQ(percpu.lookup(1)->sum(), 7 * sys::possible_cpus().size());
}

TEST(Predicates, TakeTheirArgumentsAsTheyLike) {
  auto map = numbers(10);
  EXPECT_EQ(count_if(map, [](auto&, auto&) { return true; }), 10U);
  EXPECT_EQ(count_if(map, [](auto&&, auto&&) { return true; }), 10U);
  EXPECT_EQ(count_if(map, [](const auto&, const auto&) { return true; }), 10U);
  EXPECT_EQ(count_if(map, [](auto, auto) { return true; }), 10U);
  EXPECT_EQ(count_if(map, [](std::uint32_t&& key, std::uint64_t) { return key < 3; }), 3U);
  EXPECT_EQ(count_if(map, [](std::uint64_t key, std::uint32_t) { return key < 4; }), 4U);
  int calls = 0;
  auto odd = [calls = &calls, mine = std::make_unique<int>()](auto key, auto) mutable {
    *calls = ++*mine;
    return key % 2 == 1;
  };
  EXPECT_EQ(erase_if(map, odd), 5U) << "it cannot be copied";
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(count_if(std::as_const(map).map(), [](BytesView, BytesView) { return true; }), 5U);
}

// Every verb that takes a function, with every way of taking an entry.
template <class M>
void expect_functions_in_every_form(M map) {
  const auto each = [&](auto call) {
    call([](auto&, auto&) { return true; });
    call([](auto&&, auto&&) { return true; });
    call([](const auto&, const auto&) { return true; });
    call([](auto, auto) { return true; });
    call([](const auto&, auto) { return true; });
    call([](auto&&...) { return true; });
  };
  each([&](auto function) {
    EXPECT_EQ(count_if(map, function), 10U);
    EXPECT_EQ(parallel_scan(map, 2, function).entries, 10U);
    EXPECT_EQ(parallel_scan(map, 2, std::as_const(function)).entries, 10U);
    if constexpr (requires { erase_if(map, function); }) {
      EXPECT_EQ(erase_if(map, function), 10U);
      for (std::uint32_t i = 0; i < 10; ++i) map.update(i, std::uint64_t{i});
    }
  });
}

TEST(Predicates, AreTakenInEveryFormByEveryVerb) {
  auto percpu = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 10});
  for (std::uint32_t i = 0; i < 10; ++i) percpu.update(i, i);
  Map bytes = numbers(10).map().duplicate();
  expect_functions_in_every_form(numbers(10));
  expect_functions_in_every_form(std::move(percpu));
  expect_functions_in_every_form(std::move(bytes));
  expect_functions_in_every_form(ArrayMap<std::uint64_t>::create({.max_entries = 10}));
}

// Names that the library uses for types of its own.
struct Lookalike {
  std::uint64_t number = 0;
  [[nodiscard]] static Lookalike of_bytes(BytesView) noexcept { return {99}; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return number; }
  [[nodiscard]] bool empty() const noexcept { return true; }
};

TEST(Values, MayHaveMembersThatLookLikeTheLibrarys) {
  auto map = HashMap<std::uint32_t, Lookalike>::create({.max_entries = 4});
  const Lookalike value[] = {{5}};
  EXPECT_EQ(update_batch(map, std::array{1U}, value), test::result(1));
  for (auto [key, seen] : map) EXPECT_EQ(seen.number, 5U);
  for (auto [key, seen] : drain(map)) EXPECT_EQ(seen.number, 5U);
}

TEST(BatchError, TellsCountIndexAndKey) {
  auto map = test::Numbers::create({.max_entries = 2});
  const std::uint32_t keys[] = {1, 2, 0xabcd};
  const std::uint64_t values[] = {1, 2, 3};
  const BatchError error = test::batch_error_of([&] { (void)update_batch(map, keys, values); });
  EXPECT_EQ(error.result(), test::result(2, 0, 2));
  const std::string text = error.what();
  EXPECT_NE(text.find("2 done"), std::string::npos) << text;
  EXPECT_NE(text.find("entry 2"), std::string::npos) << text;
  EXPECT_NE(text.find("cdab0000"), std::string::npos) << text;
}

// --- sync ---

TEST(Sync, ErasesTheRestAndWritesTheDifference) {
  auto map = numbers(10);  // 0: 0, 1: 10, ...
  const std::map<std::uint32_t, std::uint64_t> wanted{{1, 10}, {2, 21}, {3, 30}, {50, 500}};
  EXPECT_EQ(sync(map, wanted),
            (SyncResult{.inserted = 1, .updated = 1, .unchanged = 2, .erased = 7}));
  EXPECT_EQ(to_vector(map).size(), 4U);
  for (const auto& [key, value] : wanted) EXPECT_EQ(map.lookup(key), value);
  EXPECT_EQ(sync(map, wanted), (SyncResult{.unchanged = 4}));
  const std::vector<Entry<std::uint32_t, std::uint64_t>> twice{{7, 1}, {7, 2}};
  EXPECT_EQ(sync(map, twice), (SyncResult{.inserted = 1, .erased = 4}));
  EXPECT_EQ(map.lookup(7), 2U);
  const std::map<std::uint32_t, std::uint64_t> nothing;
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(sync(map, nothing, ec), (SyncResult{.erased = 1}));
  EXPECT_EQ(ec, std::error_code{});
}

TEST(Sync, FillsAMapThatIsFull) {
  auto map = numbers(100, 100);
  std::vector<std::pair<std::uint32_t, std::uint64_t>> wanted;
  for (std::uint32_t key = 50; key < 150; ++key) wanted.emplace_back(key, key * 10);
  EXPECT_EQ(sync(map, wanted), (SyncResult{.inserted = 50, .unchanged = 50, .erased = 50}));
}

TEST(Sync, ComparesEveryCpusSlot) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 8});
  map.update(1, 5U);
  PerCpuValues<std::uint32_t> mixed{5};
  mixed.set(0, 6);
  map.update(2, mixed);
  const std::map<std::uint32_t, std::uint32_t> wanted{{1, 5}, {2, 5}};
  EXPECT_EQ(sync(map, wanted), (SyncResult{.updated = 1, .unchanged = 1}));
  const std::map<std::uint32_t, PerCpuValues<std::uint32_t>> slots{{1, mixed}};
  EXPECT_EQ(sync(map, slots), (SyncResult{.updated = 1, .erased = 1}));
  EXPECT_EQ(map.lookup(1), mixed);
}

TEST(Sync, WorksOnBytesAndTries) {
  Map trie = make_map(MapType::lpm_trie, 8, 4, 100);
  fill(trie, 20);
  Bytes keys;
  Bytes values;
  for (std::uint32_t n = 10; n < 30; ++n) {
    const Bytes key = test::key_for(trie, n);
    const Bytes value = test::value_for(trie, n + 1);
    keys.insert(keys.end(), key.begin(), key.end());
    values.insert(values.end(), value.begin(), value.end());
  }
  EXPECT_EQ(sync(trie, keys, values), (SyncResult{.inserted = 10, .unchanged = 10, .erased = 10}));
  std::error_code ec;
  values.pop_back();
  EXPECT_EQ(sync(trie, keys, values, ec), SyncResult{});
  EXPECT_EQ(ec, Errc::wrong_value_count);
  Map array = make_map(MapType::array, 4, 4, 4);
  EXPECT_EQ(sync(array, {}, {}, ec), SyncResult{});
  EXPECT_EQ(ec, Errc::unsupported_operation);
}

// --- stack traces ---

TEST(StackTraceVerbs, CountAndClear) {
  stacks* const skeleton = stacks::open_and_load();
  ASSERT_NE(skeleton, nullptr);
  {
    StackTraceMap map{from(skeleton->maps.addresses)};
    EXPECT_TRUE(empty(map));
    for (const std::uint64_t user : {0U, 1U}) {
      std::array<std::uint64_t, 2> arguments{user, 0};
      bpf_test_run_opts options{};
      options.sz = sizeof options;
      options.ctx_in = arguments.data();
      options.ctx_size_in = sizeof arguments;
      ASSERT_EQ(
          ::bpf_prog_test_run_opts(::bpf_program__fd(skeleton->progs.record_addresses), &options),
          0);
    }
    const std::size_t ids = map.ids().size();
    EXPECT_GE(ids, 1U);
    EXPECT_FALSE(empty(map));
    EXPECT_EQ(count(map.map()), ids);
    EXPECT_EQ(clear(map), ids);
    EXPECT_TRUE(map.ids().empty());
    EXPECT_EQ(clear(map), 0U);
  }
  stacks::destroy(skeleton);
}

// --- inner maps ---

TEST(CopyOfMapsOfMaps, PutsTheSameInnerMapsIn) {
  for (const MapType type : {MapType::hash_of_maps, MapType::array_of_maps}) {
    SCOPED_TRACE(to_string(type));
    OuterMap from{type, 200};
    OuterMap to{MapType::hash_of_maps, 200};
    std::vector<Map> inner;
    for (std::uint32_t key = 0; key < 150; ++key) {
      inner.push_back(OuterMap::another());
      from.map.update(key, inner.back().fd());
    }
    EXPECT_EQ(copy(from.map, to.map), 150U);
    for (std::uint32_t key = 0; key < 150; ++key)
      EXPECT_EQ(to.map.lookup<std::uint32_t>(key), inner[key].info().id);
    EXPECT_EQ(copy(from.map, to.map, UpdateFlags::noexist), 0U);
  }
}

TEST(CopyOfMapsOfMaps, IsRefusedIntoAMapOfIds) {
  OuterMap from{MapType::hash_of_maps};
  Map to = make_map(MapType::hash, 4, 4, 10);
  std::error_code ec;
  EXPECT_EQ(copy(from.map, to, ec), 0U);
  EXPECT_EQ(ec, Errc::unsupported_operation);
}

}  // namespace
}  // namespace bpfmap
