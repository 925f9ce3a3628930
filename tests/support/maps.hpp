// SPDX-License-Identifier: MIT
// Maps for tests, and what the kernel really holds in them, read beside Map.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bytes.hpp"
#include "kernel_test.hpp"

namespace bpfmap::test {

/// What a type is created with here: sizes and flags that it takes, four entries.
[[nodiscard]] inline MapSpec spec_of(MapType type) {
  MapSpec spec{.type = type, .key_size = 4, .value_size = 4, .max_entries = 4, .name = "test"};
  switch (type) {
    case MapType::lpm_trie:
      spec.key_size = 8;
      spec.flags = MapFlags::no_prealloc;
      break;
    case MapType::queue:
    case MapType::stack:
    case MapType::bloom_filter:
      spec.key_size = 0;
      break;
    case MapType::ringbuf:
    case MapType::user_ringbuf:
      spec.key_size = spec.value_size = 0;
      spec.max_entries = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
      break;
    case MapType::arena:
      spec.key_size = spec.value_size = 0;
      spec.flags = MapFlags::mmapable;
      break;
    case MapType::stack_trace:
      spec.value_size = 8;
      break;
    case MapType::sockmap:
    case MapType::sockhash:
    case MapType::reuseport_sockarray:
      spec.value_size = 8;
      break;
    case MapType::cgroup_storage:
    case MapType::percpu_cgroup_storage:
      spec.key_size = 8;
      spec.max_entries = 0;
      break;
    default:
      break;
  }
  return spec;
}

/// A map with keys and values of these sizes.
[[nodiscard]] inline Map make_map(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                                  std::uint32_t max_entries = 4, MapFlags flags = MapFlags::none) {
  return Map::create({.type = type,
                      .key_size = key_size,
                      .value_size = value_size,
                      .max_entries = max_entries,
                      .flags = flags | spec_of(type).flags,
                      .name = "test"});
}

/// The bytes that the kernel holds for `key`, of every CPU on a per-CPU map.
[[nodiscard]] inline std::optional<Bytes> stored(const Map& map, const Bytes& key) {
  Bytes value(map.is_percpu() ? sys::percpu_size(map.info().value_size) : map.info().value_size);
  const int result =
      sys::map_lookup_elem(map.fd(), key.empty() ? nullptr : key.data(), value.data());
  if (result == 0) return value;
  EXPECT_EQ(result, -ENOENT);
  return std::nullopt;
}

/// All keys that the kernel holds, in its order. For maps that nobody changes meanwhile.
[[nodiscard]] inline std::vector<Bytes> stored_keys(const Map& map) {
  std::vector<Bytes> keys;
  Bytes key(map.info().key_size);
  for (const void* at = nullptr; sys::map_get_next_key(map.fd(), at, key.data()) == 0;
       at = keys.back().data()) {
    keys.push_back(key);
    if (keys.size() > map.info().max_entries) {
      ADD_FAILURE() << "the walk does not end";
      break;
    }
  }
  return keys;
}

[[nodiscard]] inline std::error_code errno_code(int error) { return {error, category()}; }

}  // namespace bpfmap::test
