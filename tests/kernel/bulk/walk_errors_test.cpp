// SPDX-License-Identifier: MIT
// Whole-map work on a kernel that fails half-way: nothing is lost, and the error is told.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bulk_faults.hpp"

namespace bpfmap {
namespace {

using test::Entries;
using test::errno_code;
using test::error_of;
using test::failing_once;
using test::FakeBpf;
using test::fill;
using test::filled_maps;
using test::held;
using test::is_array;
using test::is_batch;
using test::is_trie;
using test::make_map;
using test::result;
using test::same;
using test::shown;
using test::with;

TEST(FailingScan, ShowsWhatItReadBefore) {
  for (auto& [map, entries] : filled_maps())
    for (const int error : {EPERM, EIO, EFAULT, ENOMEM})
      for (std::size_t n = 1; n <= 4; ++n) {
        SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(error) + " " +
                     std::to_string(n));
        const FakeBpf bpf{failing_once(BPF_MAP_LOOKUP_BATCH, n, error)};
        std::error_code ec;
        auto scan = bpfmap::scan(map, {.batch_size = 16}, ec);
        const Entries seen = shown(scan);
        EXPECT_EQ(ec, errno_code(error));
        EXPECT_FALSE(scan.status().complete);
        EXPECT_EQ(scan.status().entries, seen.size());
        EXPECT_LE(seen.size(), (n - 1) * 16);
        EXPECT_GE(seen.size(), (n - 1) * 10) << "buckets are filled evenly";
        for (const auto& entry : seen) EXPECT_EQ(entries.at(entry.first), entry.second);
        // The next walk has no trouble.
        EXPECT_TRUE(same(shown(scan), entries));
        EXPECT_EQ(ec, std::error_code{});
      }
}

TEST(FailingScan, ThrowsAfterWhatItReadBefore) {
  Map map = make_map(MapType::hash, 4, 4, 200);
  fill(map, 200);
  const FakeBpf bpf{failing_once(BPF_MAP_LOOKUP_BATCH, 3, EIO)};
  std::size_t seen = 0;
  const Error error = error_of([&] {
    for ([[maybe_unused]] auto entry : scan(map, {.batch_size = 16})) ++seen;
  });
  EXPECT_EQ(error.code(), errno_code(EIO));
  EXPECT_EQ(error.operation(), Operation::scan);
  EXPECT_GT(seen, 16U);
}

// A lookup that fails between those of a batch.
TEST(FailingScan, ShowsWhatItReadBeforeOneByOne) {
  for (auto& [map, entries] : filled_maps())
    for (const std::size_t n : {1U, 5U, 20U}) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(n));
      const FakeBpf bpf{with([=, lookups = std::size_t{0}](
                                 int cmd, bpf_attr&, unsigned int) mutable -> std::optional<long> {
        if (is_batch(cmd)) return -EINVAL;
        if (cmd == BPF_MAP_LOOKUP_ELEM && ++lookups == n) return -EIO;
        return std::nullopt;
      })};
      std::error_code ec;
      auto scan = bpfmap::scan(map, {.batch_size = 16}, ec);
      // Of a trie a value is looked up twice.
      const std::size_t before = is_trie(map) ? (n - 1) / 2 : n - 1;
      EXPECT_EQ(shown(scan).size(), before);
      EXPECT_EQ(scan.status().entries, before);
      EXPECT_EQ(ec, errno_code(EIO));
    }
}

TEST(FailingScan, GivesUpOnALockThatStaysTaken) {
  for (const int error : {EINTR, EAGAIN, EBUSY, EDEADLK, ETIMEDOUT}) {
    SCOPED_TRACE(error);
    Map map = make_map(MapType::hash, 4, 4, 8);
    fill(map, 8);
    const FakeBpf bpf{with([error](int cmd, bpf_attr&, unsigned int) {
      return is_batch(cmd) ? std::optional<long>{-error} : std::nullopt;
    })};
    std::error_code ec;
    EXPECT_TRUE(same(shown(scan(map, ec)), {}));
    EXPECT_EQ(ec, errno_code(error));
    EXPECT_LE(bpf.calls().size(), error == ETIMEDOUT ? 5U : 100U);
    EXPECT_GE(bpf.calls().size(), 2U);
  }
}

TEST(FailingScan, GivesUpOnABucketThatFitsInNoRoom) {
  Map map = make_map(MapType::hash, 4, 4, 100);
  fill(map, 100);
  const FakeBpf bpf{with([](int cmd, bpf_attr& attr, unsigned int) -> std::optional<long> {
    if (!is_batch(cmd)) return std::nullopt;
    attr.batch.count = 0;
    return -ENOSPC;
  })};
  std::error_code ec;
  EXPECT_TRUE(same(shown(scan(map, {.batch_size = 1}, ec)), {}));
  EXPECT_EQ(ec, errno_code(ENOSPC));
  EXPECT_LE(bpf.calls().size(), 12U);
}

TEST(FailingWalk, NamesTheLockThatTheValuesLack) {
  Map map = make_map(MapType::hash, 4, 8, 16);
  fill(map, 10);
  const std::string says = "the lock flag needs a struct bpf_spin_lock in the map's value type";
  const ScanOptions locked{.flags = LookupFlags::lock};
  std::error_code ec;
  for (const auto& [key, value] : scan(map, locked, ec)) (void)key, (void)value;
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_NE(explain(ec).find(says), std::string::npos) << explain(ec);
  for (const auto& [key, value] : drain(map, locked, ec)) (void)key, (void)value;
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_NE(explain(ec).find(says), std::string::npos) << explain(ec);
  parallel_scan(map, 2, [](BytesView, BytesView) {}, locked, ec);
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_NE(explain(ec).find(says), std::string::npos) << explain(ec);
  EXPECT_EQ(count(map), 10U);
}

TEST(FailingDrain, LosesNothing) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    const int cmd = is_trie(map) ? BPF_MAP_DELETE_ELEM : BPF_MAP_LOOKUP_AND_DELETE_BATCH;
    for (const int error : {EPERM, EIO, ENOMEM})
      for (std::size_t n = 1; n <= 4; ++n) {
        SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(error) + " " +
                     std::to_string(n));
        Entries seen;
        {
          const FakeBpf bpf{failing_once(cmd, n, error)};
          std::error_code ec;
          auto all = drain(map, {.batch_size = 16}, ec);
          seen = shown(all);
          EXPECT_EQ(ec, errno_code(error));
          EXPECT_FALSE(all.status().complete);
          EXPECT_LT(seen.size(), entries.size());
          Entries together = held(map);
          EXPECT_EQ(together.size() + seen.size(), entries.size());
          // Walked again it goes on.
          const Entries rest = shown(all);
          EXPECT_EQ(ec, std::error_code{});
          EXPECT_EQ(rest.size() + seen.size(), entries.size());
          seen.insert(rest.begin(), rest.end());
        }
        EXPECT_TRUE(same(seen, entries));
        fill(map, 200);
      }
  }
}

// The kernel took entries out of the map, and then met an error.
TEST(FailingDrain, HandsOutWhatWasTakenBeforeTheError) {
  for (const int error : {EBUSY, EDEADLK, ETIMEDOUT, ENOMEM, EIO})
    for (const std::uint32_t taken : {1U, 10U, 64U}) {
      SCOPED_TRACE(std::to_string(error) + " " + std::to_string(taken));
      Map map = make_map(MapType::hash, 4, 4, 200);
      const Entries entries = fill(map, 200);
      // For ever, after the first batch.
      const FakeBpf bpf{with([=, calls = 0](int cmd, bpf_attr& attr,
                                            unsigned int size) mutable -> std::optional<long> {
        if (cmd != BPF_MAP_LOOKUP_AND_DELETE_BATCH) return std::nullopt;
        if (++calls > 1) return -error;
        attr.batch.count = taken;
        const long done = sys::bpf_syscall(cmd, &attr, size);
        return done == 0 ? -error : done;
      })};
      std::error_code ec;
      Entries seen = shown(drain(map, {.batch_size = 64}, ec));
      EXPECT_EQ(ec, errno_code(error));
      Entries together = held(map);
      EXPECT_EQ(together.size() + seen.size(), entries.size());
      together.insert(seen.begin(), seen.end());
      EXPECT_TRUE(same(together, entries));
    }
}

TEST(FailingClear, TellsWhatItTook) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    SCOPED_TRACE(to_string(map.info().type));
    const FakeBpf bpf{
        is_trie(map)
            ? with([batches = 0](int cmd, bpf_attr&, unsigned int) mutable -> std::optional<long> {
                if (cmd == BPF_MAP_DELETE_BATCH) return -EINVAL;
                return cmd == BPF_MAP_DELETE_ELEM && ++batches == 50 ? std::optional<long>{-EIO}
                                                                     : std::nullopt;
              })
            : with([batches = 0](int cmd, bpf_attr& attr,
                                 unsigned int) mutable -> std::optional<long> {
                if (cmd != BPF_MAP_LOOKUP_AND_DELETE_BATCH) return std::nullopt;
                if (++batches == 4) return -EIO;
                attr.batch.count = std::min(attr.batch.count, 20U);
                return std::nullopt;
              })};
    std::error_code ec;
    const auto cleared = clear(map, ec);
    EXPECT_EQ(ec, errno_code(EIO));
    EXPECT_GT(cleared, 0U);
    EXPECT_EQ(held(map).size() + cleared, entries.size());
  }
}

// --- writing ---

using Numbers = HashMap<std::uint32_t, std::uint64_t>;
struct Input {
  std::vector<std::uint32_t> keys;
  std::vector<std::uint64_t> values;
  explicit Input(std::uint32_t size) : keys(size), values(size) {
    for (std::uint32_t i = 0; i < size; ++i) values[i] = 7 * (keys[i] = i);
  }
};

// `attr.batch.count` of the first call, and its answer.
FakeBpf::Answer answering_batches(int cmd, std::uint32_t count, int error) {
  return with([=](int called, bpf_attr& attr, unsigned int size) -> std::optional<long> {
    if (called != cmd) return std::nullopt;
    if (count == ~0U) return -error;  // refused before the first entry: the count is as it was
    attr.batch.count = count;
    const long done = count == 0 ? 0 : sys::bpf_syscall(called, &attr, size);
    attr.batch.count = count;
    return done == 0 ? -error : done;
  });
}

TEST(FailingUpdateBatch, GoesOneByOneWhenMemoryForABatchIsLacking) {
  for (const std::uint32_t count : {~0U, 0U, 1U, 50U}) {
    SCOPED_TRACE(count);
    auto map = Numbers::create({.max_entries = 100, .flags = MapFlags::no_prealloc});
    const Input input{100};
    const FakeBpf bpf{answering_batches(BPF_MAP_UPDATE_BATCH, count, ENOMEM)};
    EXPECT_EQ(update_batch(map, input.keys, input.values), result(100));
    EXPECT_EQ(
        count_if(map, [](std::uint32_t key, std::uint64_t value) { return value == 7 * key; }),
        100U);
    EXPECT_EQ(bpf.count(BPF_MAP_UPDATE_ELEM), count == ~0U ? 100U : 100U - count);
  }
}

TEST(FailingUpdateBatch, WaitsForMemoryForAnEntry) {
  auto map = Numbers::create({.max_entries = 10});
  const Input input{10};
  const FakeBpf bpf{
      with([calls = 0](int cmd, bpf_attr&, unsigned int) mutable -> std::optional<long> {
        if (cmd == BPF_MAP_UPDATE_BATCH) return -ENOMEM;
        return cmd == BPF_MAP_UPDATE_ELEM && ++calls % 3 != 0 ? std::optional<long>{-ENOMEM}
                                                              : std::nullopt;
      })};
  EXPECT_EQ(update_batch(map, input.keys, input.values), result(10));
  EXPECT_EQ(count(map), 10U);
}

TEST(FailingUpdateBatch, TellsThatThereIsNoMemory) {
  auto map = Numbers::create({.max_entries = 10});
  const Input input{10};
  const FakeBpf bpf{with([](int cmd, bpf_attr& attr, unsigned int) -> std::optional<long> {
    if (cmd == BPF_MAP_UPDATE_BATCH) return -ENOMEM;
    // Key 4.
    const auto* const key = reinterpret_cast<const std::uint32_t*>(attr.key);
    return cmd == BPF_MAP_UPDATE_ELEM && *key == 4 ? std::optional<long>{-ENOMEM} : std::nullopt;
  })};
  std::error_code ec;
  EXPECT_EQ(update_batch(map, input.keys, input.values, ec), result(4, 0, 4));
  EXPECT_EQ(ec, errno_code(ENOMEM));
  EXPECT_EQ(count(map), 4U);
}

TEST(FailingUpdateBatch, StopsAtTheEntryThatFails) {
  for (const int error : {EPERM, EIO, E2BIG, EFAULT})
    for (const std::uint32_t at : {0U, 1U, 60U, 99U}) {
      SCOPED_TRACE(std::to_string(error) + " " + std::to_string(at));
      auto map = Numbers::create({.max_entries = 100});
      const Input input{100};
      const FakeBpf bpf{
          with([=](int cmd, bpf_attr& attr, unsigned int size) -> std::optional<long> {
            if (cmd == BPF_MAP_UPDATE_ELEM) return -error;
            if (cmd != BPF_MAP_UPDATE_BATCH) return std::nullopt;
            attr.batch.count = at;
            if (at != 0 && sys::bpf_syscall(cmd, &attr, size) != 0) return -EINVAL;
            return -error;
          })};
      std::error_code ec;
      EXPECT_EQ(update_batch(map, input.keys, input.values, ec), result(at, 0, at));
      EXPECT_EQ(ec, errno_code(error));
      EXPECT_EQ(count(map), at);
    }
}

// A kernel that says that all is well and does nothing.
TEST(FailingUpdateBatch, EndsOnAKernelThatDoesNothing) {
  auto map = Numbers::create({.max_entries = 10});
  const Input input{10};
  const FakeBpf bpf{with([](int cmd, bpf_attr& attr, unsigned int) -> std::optional<long> {
    if (!is_batch(cmd)) return std::nullopt;
    attr.batch.count = 0;
    return 0;
  })};
  EXPECT_EQ(update_batch(map, input.keys, input.values), result(10));
  EXPECT_EQ(test::held(map.map()).size(), 10U);
  EXPECT_EQ(erase_batch(map, input.keys), result(10));
  auto scan = bpfmap::scan(map);
  for ([[maybe_unused]] auto entry : scan) ADD_FAILURE();
  EXPECT_FALSE(scan.status().complete);
}

TEST(FailingEraseBatch, StopsAtTheEntryThatFails) {
  for (const std::uint32_t at : {0U, 1U, 60U, 99U}) {
    SCOPED_TRACE(at);
    auto map = Numbers::create({.max_entries = 100});
    const Input input{100};
    update_batch(map, input.keys, input.values);
    const FakeBpf bpf{with([=](int cmd, bpf_attr& attr, unsigned int size) -> std::optional<long> {
      if (cmd == BPF_MAP_DELETE_ELEM) return -EIO;
      if (cmd != BPF_MAP_DELETE_BATCH) return std::nullopt;
      attr.batch.count = at;
      if (at != 0 && sys::bpf_syscall(cmd, &attr, size) != 0) return -EINVAL;
      return -EIO;
    })};
    std::error_code ec;
    EXPECT_EQ(erase_batch(map, input.keys, ec), result(at, 0, at));
    EXPECT_EQ(ec, errno_code(EIO));
    EXPECT_EQ(count(map), 100 - at);
  }
}

}  // namespace
}  // namespace bpfmap
