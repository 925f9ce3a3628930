// SPDX-License-Identifier: MIT
// Whole-map work on a kernel that is slow to answer, knows no batches, or fails half-way: the real
// one, with faults put in its way. Nothing is lost, nothing comes twice, and errors are told.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bulk_support.hpp"
#include "fake_bpf.hpp"

namespace bpfmap {
namespace {

using test::copy_of;
using test::Entries;
using test::errno_code;
using test::error_of;
using test::FakeBpf;
using test::fill;
using test::held;
using test::make_map;
using test::Random;
using test::ReplacedBpf;
using test::result;
using test::same;
using test::shown;

bool is_read_batch(int cmd) {
  return cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
}
bool is_batch(int cmd) {
  return is_read_batch(cmd) || cmd == BPF_MAP_UPDATE_BATCH || cmd == BPF_MAP_DELETE_BATCH;
}

// The real kernel, unless `fault` answers.
using Fault = std::function<std::optional<long>(int cmd, bpf_attr& attr, unsigned int size)>;
FakeBpf::Answer with(Fault fault) {
  return [fault = std::move(fault)](int cmd, void* attr, unsigned int size) {
    const auto answer = fault(cmd, *static_cast<bpf_attr*>(attr), size);
    return answer ? *answer : sys::bpf_syscall(cmd, attr, size);
  };
}

// No batch command is known.
FakeBpf::Answer without_batches(int error) {
  return with([error](int cmd, bpf_attr&, unsigned int) {
    return is_batch(cmd) ? std::optional<long>{-error} : std::nullopt;
  });
}

// The `n`th call of `cmd` fails without having done anything.
FakeBpf::Answer failing_once(int cmd, std::size_t n, int error) {
  return with([=, calls = std::size_t{0}](int called, bpf_attr&, unsigned int) mutable {
    return called == cmd && ++calls == n ? std::optional<long>{-error} : std::nullopt;
  });
}

// Every second batch or so: fewer entries than asked for, a signal, a contended lock before the
// first entry or behind some.
FakeBpf::Answer troubled(std::uint64_t seed) {
  return with([random = Random{seed}](int cmd, bpf_attr& attr,
                                      unsigned int size) mutable -> std::optional<long> {
    if (!is_batch(cmd)) return random.below(8) == 0 ? std::optional<long>{-EAGAIN} : std::nullopt;
    const std::array errors{EINTR, EAGAIN, EBUSY, EDEADLK};
    const long error = -errors[random.below(errors.size())];
    const std::uint32_t wanted = attr.batch.count;
    switch (random.below(6)) {
      case 0:
        return error;
      case 1:
        attr.batch.count = 1 + random.below(wanted);
        return sys::bpf_syscall(cmd, &attr, size);
      case 2: {
        attr.batch.count = 1 + random.below(wanted);
        const long done = sys::bpf_syscall(cmd, &attr, size);
        // A write fails at an entry, and never behind the last.
        return done == 0 && (is_read_batch(cmd) || attr.batch.count < wanted) ? error : done;
      }
      default:
        return std::nullopt;
    }
  });
}

// Maps of every type with batches, each with 200 entries.
struct Filled {
  Map map;
  Entries entries;
};
std::vector<Filled> filled_maps() {
  std::vector<Filled> maps;
  const auto add = [&](Map map) {
    Entries entries = fill(map, 200);
    maps.push_back({std::move(map), std::move(entries)});
  };
  add(make_map(MapType::hash, 4, 12, 200));
  add(make_map(MapType::percpu_hash, 3, 12, 200));
  add(make_map(MapType::lru_hash, 40, 4, 3200));
  add(make_map(MapType::lru_percpu_hash, 4, 4, 3200));
  add(make_map(MapType::array, 4, 12, 200));
  add(make_map(MapType::percpu_array, 4, 12, 200));
  add(make_map(MapType::lpm_trie, 8, 12, 200));
  return maps;
}
bool is_array(const Map& map) { return traits_of(map.info().type)->key == KeyKind::index; }
bool is_trie(const Map& map) { return map.info().type == MapType::lpm_trie; }

// --- trouble that passes ---

TEST(TroubledScan, ShowsEveryEntryOnce) {
  for (auto& [map, entries] : filled_maps())
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(seed));
      const FakeBpf bpf{troubled(seed)};
      std::error_code ec;
      auto scan = bpfmap::scan(map, {.batch_size = 1 + static_cast<std::uint32_t>(seed)}, ec);
      EXPECT_TRUE(same(shown(scan), entries));
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(scan.status().complete);
      EXPECT_EQ(scan.status().method, ScanMethod::batch);
      EXPECT_EQ(count(map), entries.size());
    }
}

TEST(TroubledDrain, HandsOutEveryEntryOnce) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(seed));
      Entries seen;
      {
        const FakeBpf bpf{troubled(seed)};
        auto all = drain(map, {.batch_size = 1 + static_cast<std::uint32_t>(seed)});
        for (auto [key, value] : all) {
          EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
          if (seen.size() == 100) break;
        }
        EXPECT_EQ(all.put_back(), 0U);
      }
      Entries together = held(map);
      EXPECT_EQ(together.size() + seen.size(), entries.size());
      together.insert(seen.begin(), seen.end());
      EXPECT_TRUE(same(together, entries));
      {
        const FakeBpf bpf{troubled(seed + 1000)};
        for (auto [key, value] : drain(map, {.batch_size = 7}))
          EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
      }
      EXPECT_TRUE(same(seen, entries));
      EXPECT_TRUE(same(held(map), {}));
      fill(map, 200);
    }
  }
}

TEST(TroubledBatch, WritesAndErasesEveryEntryOnce) {
  for (auto& [map, entries] : filled_maps()) {
    Bytes keys;
    Bytes values;
    for (const auto& [key, value] : entries) {
      keys.insert(keys.end(), key.begin(), key.end());
      values.insert(values.end(), value.begin(), value.end());
    }
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(seed));
      const FakeBpf bpf{troubled(seed)};
      if (!is_array(map)) {
        EXPECT_EQ(erase_batch(map, keys), result(200));
        EXPECT_TRUE(same(held(map), {}));
        EXPECT_EQ(erase_batch(map, keys), result(0, 200));
      }
      EXPECT_EQ(update_batch(map, keys, values), result(200));
      if (is_array(map)) continue;
      EXPECT_EQ(update_batch(map, keys, values, UpdateFlags::noexist), result(0, 200));
    }
    EXPECT_TRUE(same(held(map), entries));
  }
}

TEST(TroubledEraseIf, ErasesWhatThePredicateLikesOnce) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(seed));
      Entries expected = entries;
      std::erase_if(expected, [](const auto& entry) {
        return std::to_integer<int>(entry.second[0]) % 3 == 0;
      });
      std::size_t asked = 0;
      {
        const FakeBpf bpf{troubled(seed)};
        EXPECT_EQ(erase_if(map,
                           [&](BytesView, BytesView value) {
                             ++asked;
                             return std::to_integer<int>(value[0]) % 3 == 0;
                           }),
                  entries.size() - expected.size());
      }
      EXPECT_EQ(asked, entries.size());
      EXPECT_TRUE(same(held(map), expected));
      fill(map, 200);
    }
  }
}

TEST(TroubledClear, TakesEveryEntry) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    const FakeBpf bpf{troubled(5)};
    EXPECT_EQ(clear(map), entries.size());
    EXPECT_EQ(count(map), 0U);
  }
}

// A bucket that does not fit, said at any call: the walk goes on where it was, with more room.
TEST(TroubledScan, GrowsWheneverItIsToldTo) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map) || is_trie(map)) continue;
    for (std::size_t n = 1; n < 12; ++n) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(n));
      const auto no_space = [n](int cmd) {
        return with([=, calls = std::size_t{0}](int called, bpf_attr& attr,
                                                unsigned int) mutable -> std::optional<long> {
          if (called != cmd || ++calls != n) return std::nullopt;
          attr.batch.count = 0;
          return -ENOSPC;
        });
      };
      {
        const FakeBpf bpf{no_space(BPF_MAP_LOOKUP_BATCH)};
        auto scan = bpfmap::scan(map, {.batch_size = 16});
        EXPECT_TRUE(same(shown(scan), entries));
        EXPECT_EQ(scan.status().batch_size, 32U);
      }
      const FakeBpf bpf{no_space(BPF_MAP_LOOKUP_AND_DELETE_BATCH)};
      EXPECT_TRUE(same(shown(drain(map, {.batch_size = 16})), entries));
      fill(map, 200);
    }
  }
}

// --- a kernel without batches ---

constexpr std::array unknown_command{EINVAL, sys::enotsupp, EOPNOTSUPP};

TEST(KernelWithoutBatches, IsScannedByIndexOrNextKey) {
  for (auto& [map, entries] : filled_maps())
    for (const int error : unknown_command)
      for (const std::uint32_t batch_size : {0U, 1U, 7U}) {
        SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(error) + " " +
                     std::to_string(batch_size));
        const FakeBpf bpf{without_batches(error)};
        auto scan = bpfmap::scan(map, {.batch_size = batch_size});
        for (int walk = 0; walk < 2; ++walk) {
          EXPECT_TRUE(same(shown(scan), entries));
          EXPECT_EQ(scan.status().method, is_array(map) ? ScanMethod::index : ScanMethod::next_key);
          EXPECT_EQ(scan.status().exact, is_array(map));
          EXPECT_TRUE(scan.status().complete);
          EXPECT_FALSE(scan.status().restarted);
        }
      }
}

TEST(KernelWithoutBatches, LetsTheLoopBodyChangeTheCurrentEntry) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    for (const std::uint32_t batch_size : {1U, 2U, 64U}) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(batch_size));
      const FakeBpf bpf{without_batches(EINVAL)};
      Entries seen;
      for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
        EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
        test::put(map, copy_of(key), copy_of(value));
      }
      EXPECT_TRUE(same(seen, entries));
      seen.clear();
      for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
        EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
        EXPECT_TRUE(map.erase(key));
      }
      EXPECT_TRUE(same(seen, entries));
      EXPECT_TRUE(same(held(map), {}));
      fill(map, 200);
    }
  }
}

TEST(KernelWithoutBatches, ShowsNoPrefixTwice) {
  Map map = make_map(MapType::lpm_trie, 8, 4, 300);
  const Entries entries = fill(map, 300);
  const std::vector<Bytes> keys = test::stored_keys(map);
  for (const std::uint32_t batch_size : {1U, 2U, 7U}) {
    SCOPED_TRACE(batch_size);
    fill(map, 300);
    const FakeBpf bpf{without_batches(EINVAL)};
    std::size_t at = 0;
    Entries seen;
    auto scan = bpfmap::scan(map, {.batch_size = batch_size});
    for (auto [key, value] : scan) {
      EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
      // Some of those ahead go, the key at the cursor among them.
      if (++at == 100)
        for (std::size_t i = at; i < at + 20; ++i) map.erase(keys[i]);
    }
    for (std::size_t i = 0; i < keys.size(); ++i)
      EXPECT_GE(seen.count(keys[i]), i < 100 || i >= 120 ? 1U : 0U);
    EXPECT_TRUE(scan.status().complete);
  }
}

TEST(KernelWithoutBatches, IsDrainedOneByOne) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    for (const int error : unknown_command) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(error));
      const FakeBpf bpf{without_batches(error)};
      Entries seen;
      auto all = drain(map);
      for (auto [key, value] : all) {
        EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
        EXPECT_EQ(all.left(), 0U);
        if (seen.size() == 50) break;
      }
      EXPECT_EQ(held(map).size(), 150U);
      for (auto [key, value] : all) EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
      EXPECT_TRUE(same(seen, entries));
      EXPECT_EQ(all.status().method, ScanMethod::next_key);
      EXPECT_EQ(all.status().exact, !is_trie(map));
      EXPECT_TRUE(same(held(map), {}));
      fill(map, 200);
    }
  }
}

// Before 5.14 a hash has no lookup_and_delete either.
TEST(KernelWithoutBatches, IsDrainedByTwoCalls) {
  for (auto& [map, entries] : filled_maps()) {
    if (is_array(map)) continue;
    SCOPED_TRACE(to_string(map.info().type));
    const FakeBpf bpf{with([](int cmd, bpf_attr&, unsigned int) {
      return is_batch(cmd) || cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM
                 ? std::optional<long>{-sys::enotsupp}
                 : std::nullopt;
    })};
    auto all = drain(map);
    EXPECT_TRUE(same(shown(all), entries));
    EXPECT_FALSE(all.status().exact);
    EXPECT_TRUE(same(held(map), {}));
    fill(map, 200);
    EXPECT_EQ(clear(map), 200U);
    EXPECT_TRUE(same(held(map), {}));
  }
}

TEST(KernelWithoutBatches, IsWrittenOneByOne) {
  for (auto& [map, entries] : filled_maps())
    for (const int error : unknown_command) {
      SCOPED_TRACE(std::string{to_string(map.info().type)} + " " + std::to_string(error));
      const FakeBpf bpf{without_batches(error)};
      Bytes keys;
      Bytes values;
      for (const auto& [key, value] : entries) {
        keys.insert(keys.end(), key.begin(), key.end());
        values.insert(values.end(), value.begin(), value.end());
      }
      EXPECT_EQ(update_batch(map, keys, values), result(200));
      EXPECT_TRUE(same(held(map), entries));
      EXPECT_EQ(bpf.count(BPF_MAP_UPDATE_BATCH), 1U) << "asked once";
      if (is_array(map)) continue;
      EXPECT_EQ(erase_batch(map, keys), result(200));
      EXPECT_EQ(bpf.count(BPF_MAP_DELETE_BATCH), 1U);
      EXPECT_EQ(erase_batch(map, keys), result(0, 200));
      fill(map, 200);
      EXPECT_EQ(erase_if(map, [](BytesView, BytesView) { return true; }), 200U);
      fill(map, 200);
    }
}

// Not FakeBpf: it is no good for threads.
long no_batches(int cmd, void* attr, unsigned int size) noexcept {
  return is_batch(cmd) ? -EINVAL : sys::bpf_syscall(cmd, attr, size);
}

TEST(KernelWithoutBatches, IsScannedInParallelByIndexOnly) {
  const Map probe = make_map(MapType::hash, 4, 4, 64);
  EXPECT_EQ(parallel_scan(probe, 2, [](BytesView, BytesView) {}).threads, 2U);
  for (auto& [map, entries] : filled_maps()) {
    SCOPED_TRACE(to_string(map.info().type));
    const ReplacedBpf bpf{&no_batches};
    std::mutex mutex;
    Entries seen;
    const auto status = parallel_scan(map, 4, [&](BytesView key, BytesView value) {
      const std::lock_guard lock{mutex};
      EXPECT_TRUE(seen.emplace(copy_of(key), copy_of(value)).second);
    });
    EXPECT_TRUE(same(seen, entries));
    EXPECT_EQ(status.threads, is_array(map) ? 4U : 1U);
    EXPECT_EQ(status.exact, is_array(map));
    EXPECT_TRUE(status.complete);
  }
}

// --- errors that stay ---

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
      EXPECT_EQ(shown(scan).size(), n - 1);
      EXPECT_EQ(scan.status().entries, n - 1);
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
  auto scan = map.scan();
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
