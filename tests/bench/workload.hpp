// SPDX-License-Identifier: MIT
// What every API is measured on: the same maps, keys and values, in the same order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/typed/array_map.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "bpfmap/typed/percpu_hash_map.hpp"

namespace bpfmap::bench {

struct FlowKey {
  std::uint32_t src;
  std::uint32_t dst;
};

struct Stats8 {
  std::uint64_t packets;
};

struct Stats32 {
  std::uint64_t packets;
  std::uint64_t bytes;
  std::uint64_t drops;
  std::uint64_t seen;
};

template <class V>
[[nodiscard]] V value_of(std::uint64_t packets) {
  V value{};
  value.packets = packets;
  return value;
}

// A map type with its sizes, and the class that bpfmap has for it.
template <class V>
struct Hash {
  using Key = FlowKey;
  using Value = V;
  using Typed = HashMap<Key, Value>;
  static constexpr const char* name = sizeof(V) == 8 ? "hash8" : "hash32";
  static constexpr MapType type = MapType::hash;
  static constexpr bool is_percpu = false;
};
template <class V>
struct Array {
  using Key = std::uint32_t;
  using Value = V;
  using Typed = ArrayMap<Value>;
  static constexpr const char* name = sizeof(V) == 8 ? "array8" : "array32";
  static constexpr MapType type = MapType::array;
  static constexpr bool is_percpu = false;
};
template <class V>
struct PerCpuHash {
  using Key = FlowKey;
  using Value = V;
  using Typed = PerCpuHashMap<Key, Value>;
  static constexpr const char* name = sizeof(V) == 8 ? "percpu_hash8" : "percpu_hash32";
  static constexpr MapType type = MapType::percpu_hash;
  static constexpr bool is_percpu = true;
};

// The i-th key: the Go program has the same.
inline void make_key(std::uint32_t i, std::uint32_t& key) { key = i; }
inline void make_key(std::uint32_t i, FlowKey& key) { key = {0x0a000000 + i, ~i}; }

/// Keys `first` ... `first + count - 1` in a random order that is the same in every run.
template <class Key>
[[nodiscard]] std::vector<Key> shuffled_keys(std::uint32_t first, std::uint32_t count) {
  std::vector<Key> keys(count);
  for (std::uint32_t i = 0; i < count; ++i) make_key(first + i, keys[i]);
  std::uint64_t random = 88172645463325252;
  for (std::uint32_t i = count; i > 1; --i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    std::swap(keys[i - 1], keys[random % i]);
  }
  return keys;
}

/// A full map, its keys, and keys that it does not have.
template <class Family>
struct Table {
  using Key = typename Family::Key;
  using Value = typename Family::Value;

  explicit Table(std::uint32_t entries)
      : present(shuffled_keys<Key>(0, entries)),
        // An array has all its keys; a hash gets room for one more.
        absent(shuffled_keys<Key>(entries, entries)),
        map(Map::create({.type = Family::type,
                         .key_size = sizeof(Key),
                         .value_size = sizeof(Value),
                         .max_entries = entries + (Family::type == MapType::array ? 0 : 1),
                         .name = "bench"})) {
    fill();
  }

  /// Writes every entry: what is measured next finds the caches as they are after this.
  void fill() {
    for (std::uint64_t i = 0; i < present.size(); ++i)
      map.update(present[i], value_of<Value>(i + 1));
  }

  std::vector<Key> present;
  std::vector<Key> absent;
  Map map;
};

/// The entries of the maps: `normal`, or what BPFMAP_BENCH_ENTRIES says when that is less.
[[nodiscard]] inline std::uint32_t entries_or_less(std::uint32_t normal) {
  const char* const text = std::getenv("BPFMAP_BENCH_ENTRIES");
  const unsigned long wanted = text == nullptr ? normal : std::strtoul(text, nullptr, 10);
  return static_cast<std::uint32_t>(std::clamp<unsigned long>(wanted, 1, normal));
}

/// Whether bpf(2) is refused here. Says so as ctest's skip expression wants it, and what to exit
/// with: BPFMAP_REQUIRE_KERNEL=1 makes it a failure.
[[nodiscard]] inline bool bpf_is_refused(int& exit_status) {
  std::error_code ec;
  (void)ArrayMap<std::uint64_t>::create({.max_entries = 1, .name = "probe"}, ec);
  if (!ec) return false;
  const char* const required = std::getenv("BPFMAP_REQUIRE_KERNEL");
  exit_status = required != nullptr && std::string_view{required} == "1" ? 1 : 0;
  std::printf("%s: bpf(2) is refused: %s. Run as root or with CAP_BPF.\n",
              exit_status == 0 ? "SKIPPED" : "FAILED", ec.message().c_str());
  return true;
}

}  // namespace bpfmap::bench
