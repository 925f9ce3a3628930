// SPDX-License-Identifier: MIT
// A hash of u32 to u32 as the kernel has it, played in memory: buckets, and the four batches.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fake_bpf.hpp"

namespace bpfmap::test {

class FakeHash {
 public:
  using Entry = std::pair<std::uint32_t, std::uint32_t>;

  /// Key k is in bucket k % buckets.
  explicit FakeHash(std::uint32_t buckets, MapType type = MapType::hash)
      : buckets_(buckets),
        fake_(
            MapInfo{.type = type, .id = 1, .key_size = 4, .value_size = 4, .max_entries = buckets},
            [this](int cmd, void* attr, unsigned int) {
              return answer(cmd, *static_cast<bpf_attr*>(attr));
            }) {}

  /// Entries 0 to before `count`, each with the value 10 * key.
  void fill(std::uint32_t count) {
    for (std::uint32_t key = 0; key < count; ++key) bucket(key).push_back({key, 10 * key});
  }
  void put(std::uint32_t key) { bucket(key).push_back({key, 10 * key}); }
  void erase(std::uint32_t key) {
    std::erase_if(bucket(key), [key](const Entry& entry) { return entry.first == key; });
  }
  [[nodiscard]] std::map<std::uint32_t, std::uint32_t> entries() const {
    std::map<std::uint32_t, std::uint32_t> all;
    for (const auto& bucket : buckets_) all.insert(bucket.begin(), bucket.end());
    return all;
  }
  [[nodiscard]] Map& map() noexcept { return fake_.map; }
  [[nodiscard]] FakeBpf& bpf() noexcept { return fake_.bpf(); }

  /// Asked before a batch goes into a bucket: an error ends it there, as a lock that is taken does.
  std::function<int(std::uint32_t bucket)> at_bucket = [](std::uint32_t) { return 0; };
  /// Asked before each call; may answer it.
  std::function<std::optional<long>(int cmd, bpf_attr& attr)> at_call = [](int, bpf_attr&) {
    return std::optional<long>{};
  };

  static std::uint32_t load(std::uint64_t address) {
    std::uint32_t value = 0;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
  }

 private:
  [[nodiscard]] std::vector<Entry>& bucket(std::uint32_t key) {
    return buckets_[key % buckets_.size()];
  }
  static void store(std::uint64_t address, std::uint64_t index, std::uint32_t value) {
    std::memcpy(reinterpret_cast<std::byte*>(address) + index * sizeof value, &value, sizeof value);
  }

  long answer(int cmd, bpf_attr& attr) {
    if (const auto other = at_call(cmd, attr)) return *other;
    switch (cmd) {
      case BPF_MAP_LOOKUP_BATCH:
        return read_batch(attr, false);
      case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
        return read_batch(attr, true);
      case BPF_MAP_LOOKUP_ELEM:
        return lookup(attr);
      case BPF_MAP_UPDATE_ELEM:
        return update(attr);
      default:
        return -EINVAL;
    }
  }

  // As htab does: whole buckets, and the number of the next one.
  long read_batch(bpf_attr& attr, bool take) {
    const std::uint32_t room = attr.batch.count;
    std::uint32_t at = attr.batch.in_batch == 0 ? 0 : load(attr.batch.in_batch);
    attr.batch.count = 0;
    if (at >= buckets_.size()) return -ENOENT;
    long result = -ENOENT;
    std::uint32_t total = 0;
    for (; at < buckets_.size(); ++at) {
      auto& entries = buckets_[at];
      result = at_bucket(at);
      if (result != 0) break;
      if (entries.size() > room - total) {
        result = total == 0 ? -ENOSPC : 0;
        break;
      }
      for (const auto& [key, value] : entries) {
        store(attr.batch.keys, total, key);
        store(attr.batch.values, total++, value);
      }
      if (take) entries.clear();
      result = -ENOENT;
    }
    attr.batch.count = total;
    store(attr.batch.out_batch, 0, at);
    return result;
  }

  long lookup(const bpf_attr& attr) {
    const std::uint32_t key = load(attr.key);
    for (const auto& [there, value] : bucket(key)) {
      if (there != key) continue;
      store(attr.value, 0, value);
      return 0;
    }
    return -ENOENT;
  }

  long update(const bpf_attr& attr) {
    const std::uint32_t key = load(attr.key);
    auto& entries = bucket(key);
    const auto there = std::find_if(entries.begin(), entries.end(),
                                    [key](const Entry& entry) { return entry.first == key; });
    if (there != entries.end() && (attr.flags & BPF_NOEXIST) != 0) return -EEXIST;
    if (there != entries.end()) entries.erase(there);
    entries.insert(entries.begin(), {key, load(attr.value)});
    return 0;
  }

  std::vector<std::vector<Entry>> buckets_;
  FakeMap fake_;
};

}  // namespace bpfmap::test
