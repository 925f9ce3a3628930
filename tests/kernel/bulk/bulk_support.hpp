// SPDX-License-Identifier: MIT
// What the tests of whole-map work share: maps of every type that can be walked, what they hold as
// single calls tell it, and threads that change them meanwhile.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bytes.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"

namespace bpfmap {

inline std::ostream& operator<<(std::ostream& out, const BatchResult& result) {
  out << result.done << " done, " << result.skipped << " skipped, ";
  return result.failed ? out << *result.failed << " failed" : out << "none failed";
}

}  // namespace bpfmap

namespace bpfmap::test {

using Entries = std::map<Bytes, Bytes>;
using Clock = std::chrono::steady_clock;

/// `n` as `size` bytes, the lowest first.
[[nodiscard]] inline Bytes numbered(std::size_t size, std::uint64_t n) {
  Bytes bytes(size);
  std::memcpy(bytes.data(), &n, std::min(size, sizeof n));
  return bytes;
}
[[nodiscard]] inline std::uint64_t number_of(BytesView bytes) {
  std::uint64_t n = 0;
  std::memcpy(&n, bytes.data(), std::min(bytes.size(), sizeof n));
  return n;
}

using Numbers = HashMap<std::uint32_t, std::uint64_t>;
using Keys = std::vector<std::uint32_t>;
using Values = std::vector<std::uint64_t>;

[[nodiscard]] inline Keys keys_up_to(std::uint32_t size, std::uint32_t first = 0) {
  Keys keys(size);
  std::iota(keys.begin(), keys.end(), first);
  return keys;
}
[[nodiscard]] inline Values values_of(const Keys& keys, std::uint64_t factor = 10) {
  Values values;
  for (const std::uint32_t key : keys) values.push_back(key * factor);
  return values;
}
/// Keys 0 to before `entries`, each with ten times the key as its value.
[[nodiscard]] inline Numbers numbers(std::uint32_t entries, std::uint32_t max_entries = 1000) {
  auto map = Numbers::create({.max_entries = max_entries});
  for (std::uint32_t key = 0; key < entries; ++key) map.update(key, 10 * key);
  return map;
}

/// A value for all of a map's slots, every byte another and another from `seed` to `seed`; the
/// padding behind a CPU's slot is zero.
[[nodiscard]] inline Bytes value_for(const Map& map, std::uint64_t seed) {
  const std::size_t size = map.info().value_size;
  const std::size_t stride = map.is_percpu() ? sys::percpu_stride(size) : size;
  Bytes value(map.is_percpu() ? sys::percpu_size(size) : size);
  for (std::size_t i = 0; i < value.size(); ++i)
    if (i % stride < size) value[i] = static_cast<std::byte>(seed + 7 * i + (i >> 8));
  return value;
}

inline void put(Map& map, const Bytes& key, const Bytes& value) {
  int result = -ENOMEM;
  // Memory for an entry that is not preallocated comes from a cache that is refilled meanwhile.
  for (int i = 0; i < 1000 && result == -ENOMEM; ++i) {
    if (i != 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    result = sys::map_update_elem(map.fd(), key.data(), value.data());
  }
  EXPECT_EQ(result, 0);
}

/// An LPM key: a prefix length of the host's order, then the bits.
[[nodiscard]] inline Bytes prefix(std::uint32_t length, const Bytes& bits) {
  Bytes key(sizeof length + bits.size());
  std::memcpy(key.data(), &length, sizeof length);
  std::copy(bits.begin(), bits.end(), key.begin() + sizeof length);
  return key;
}

/// The key of entry `n` in a map of this type: a number, an index, or a prefix of full length.
[[nodiscard]] inline Bytes key_for(const Map& map, std::uint64_t n) {
  const std::size_t size = map.info().key_size;
  if (map.info().type != MapType::lpm_trie) return numbered(size, n);
  const std::size_t bits = size - 4;
  return prefix(static_cast<std::uint32_t>(8 * bits), numbered(bits, n));
}

/// Puts entries 0 to `count` into a map, each with a value of its own; what is in it then.
inline Entries fill(Map& map, std::uint32_t count) {
  Entries entries;
  for (std::uint32_t n = 0; n < count; ++n) {
    const Bytes key = key_for(map, n);
    entries[key] = value_for(map, n + 1);
    put(map, key, entries[key]);
  }
  return entries;
}

/// What the kernel holds, told by single calls.
[[nodiscard]] inline Entries held(const Map& map) {
  Entries entries;
  for (const Bytes& key : stored_keys(map))
    if (const auto value = stored(map, key)) entries[key] = *value;
  return entries;
}

/// What a range of entries shows; a test failure when a key comes twice.
template <class Range>
[[nodiscard]] Entries shown(Range&& range) {
  Entries entries;
  for (auto [key, value] : range)
    EXPECT_TRUE(entries.emplace(copy_of(key), copy_of(value)).second)
        << "key " << number_of(key) << " came twice";
  return entries;
}

/// Whether both hold the same; says in few words where they differ.
[[nodiscard]] inline ::testing::AssertionResult same(const Entries& actual,
                                                     const Entries& expected) {
  if (actual == expected) return ::testing::AssertionSuccess();
  const auto differs = [](const Entries& a, const Entries& b) {
    return std::find_if(a.begin(), a.end(), [&b](const Entries::value_type& entry) {
      const auto other = b.find(entry.first);
      return other == b.end() || other->second != entry.second;
    });
  };
  auto result = ::testing::AssertionFailure();
  result << actual.size() << " entries, expected " << expected.size();
  if (const auto it = differs(actual, expected); it != actual.end())
    result << "; unexpected is key " << number_of(it->first);
  if (const auto it = differs(expected, actual); it != expected.end())
    result << "; missing is key " << number_of(it->first);
  return result;
}

[[nodiscard]] inline BatchResult result(std::size_t done, std::size_t skipped = 0,
                                        std::optional<std::size_t> failed = {}) {
  return {.done = done, .skipped = skipped, .failed = failed};
}

/// The BatchError that `call` throws; a test failure, and one of nothing, when it throws none.
template <class Call>
[[nodiscard]] BatchError batch_error_of(Call call) {
  try {
    call();
  } catch (const BatchError& error) {
    return error;
  }
  ADD_FAILURE() << "no BatchError was thrown";
  return {Error{std::error_code{}, Operation::info, 0, ""}, {}};
}

/// A map of maps and an inner map to put into it.
struct OuterMap {
  Map inner = make_map(MapType::array, 4, 4, 1);
  Map map;

  explicit OuterMap(MapType type, std::uint32_t max_entries = 64)
      : map(Map::create({.type = type,
                         .key_size = 4,
                         .value_size = 4,
                         .max_entries = max_entries,
                         .name = "outer",
                         .inner_map_fd = inner.fd()})) {}
  /// Another inner map; its id is what a lookup reads.
  [[nodiscard]] static Map another() { return make_map(MapType::array, 4, 4, 1); }
};

/// The hash types that take any key and any value.
inline constexpr std::array hash_types{MapType::hash, MapType::lru_hash, MapType::percpu_hash,
                                       MapType::lru_percpu_hash};

/// A map of every type whose entries come and go, with room for 600.
[[nodiscard]] inline std::vector<Map> live_maps(std::uint32_t value_size = 4) {
  std::vector<Map> maps;
  for (const MapType type : {MapType::hash, MapType::percpu_hash})
    maps.push_back(make_map(type, 4, value_size, 600));
  for (const MapType type : {MapType::lru_hash, MapType::lru_percpu_hash})
    maps.push_back(make_map(type, 4, value_size, 4800));
  maps.push_back(make_map(MapType::lpm_trie, 8, value_size, 600));
  return maps;
}

/// A thread that calls `step(n)` with n = 0, 1, 2, ... until it is destroyed.
class Busy {
 public:
  template <class Step>
  explicit Busy(Step step)
      : thread_([this, step]() mutable {
          for (std::uint64_t n = 0; !stop_.load(std::memory_order_relaxed); ++n) {
            step(n);
            steps_.store(n + 1, std::memory_order_relaxed);
          }
        }) {
    while (steps() == 0) std::this_thread::yield();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { stop(); }

  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> steps_ = 0;
  std::thread thread_;
};

/// Calls `turn()` again and again for so long, and until the first failure; how often.
template <class Turn>
std::uint64_t keep_on(std::chrono::milliseconds time, Turn turn) {
  std::uint64_t turns = 0;
  const auto end = Clock::now() + time;
  do {
    turn();
    ++turns;
  } while (Clock::now() < end && !::testing::Test::HasFailure());
  return turns;
}

/// xorshift: fast, and the same numbers in every run.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  [[nodiscard]] std::uint64_t operator()() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>((*this)() % bound);
  }

 private:
  std::uint64_t state_;
};

}  // namespace bpfmap::test
