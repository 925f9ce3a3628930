// SPDX-License-Identifier: MIT
// Whole-map work on a kernel that is slow to answer or knows no batches: nothing is lost, nothing
// comes twice.
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

using test::copy_of;
using test::Entries;
using test::FakeBpf;
using test::fill;
using test::filled_maps;
using test::held;
using test::is_array;
using test::is_batch;
using test::is_trie;
using test::make_map;
using test::ReplacedBpf;
using test::result;
using test::same;
using test::shown;
using test::troubled;
using test::with;
using test::without_batches;

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

}  // namespace
}  // namespace bpfmap
