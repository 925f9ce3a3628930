// SPDX-License-Identifier: MIT
// The kernel's map types, and the table of what each is. Layer 1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0 {

/// The kernel's map types, by the kernel's names in lower case. A newer kernel's type is a value
/// without a name here.
enum class MapType : std::uint32_t {
  unspec = BPF_MAP_TYPE_UNSPEC,
  hash = BPF_MAP_TYPE_HASH,
  array = BPF_MAP_TYPE_ARRAY,
  prog_array = BPF_MAP_TYPE_PROG_ARRAY,
  perf_event_array = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  percpu_hash = BPF_MAP_TYPE_PERCPU_HASH,
  percpu_array = BPF_MAP_TYPE_PERCPU_ARRAY,
  stack_trace = BPF_MAP_TYPE_STACK_TRACE,
  cgroup_array = BPF_MAP_TYPE_CGROUP_ARRAY,
  lru_hash = BPF_MAP_TYPE_LRU_HASH,
  lru_percpu_hash = BPF_MAP_TYPE_LRU_PERCPU_HASH,
  lpm_trie = BPF_MAP_TYPE_LPM_TRIE,
  array_of_maps = BPF_MAP_TYPE_ARRAY_OF_MAPS,
  hash_of_maps = BPF_MAP_TYPE_HASH_OF_MAPS,
  devmap = BPF_MAP_TYPE_DEVMAP,
  sockmap = BPF_MAP_TYPE_SOCKMAP,
  cpumap = BPF_MAP_TYPE_CPUMAP,
  xskmap = BPF_MAP_TYPE_XSKMAP,
  sockhash = BPF_MAP_TYPE_SOCKHASH,
  cgroup_storage = BPF_MAP_TYPE_CGROUP_STORAGE,
  reuseport_sockarray = BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  percpu_cgroup_storage = BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  queue = BPF_MAP_TYPE_QUEUE,
  stack = BPF_MAP_TYPE_STACK,
  sk_storage = BPF_MAP_TYPE_SK_STORAGE,
  devmap_hash = BPF_MAP_TYPE_DEVMAP_HASH,
  struct_ops = BPF_MAP_TYPE_STRUCT_OPS,
  ringbuf = BPF_MAP_TYPE_RINGBUF,
  inode_storage = BPF_MAP_TYPE_INODE_STORAGE,
  task_storage = BPF_MAP_TYPE_TASK_STORAGE,
  bloom_filter = BPF_MAP_TYPE_BLOOM_FILTER,
  user_ringbuf = BPF_MAP_TYPE_USER_RINGBUF,
  cgrp_storage = sys::map_type_cgrp_storage,
  arena = sys::map_type_arena,
  insn_array = sys::map_type_insn_array,
  rhash = sys::map_type_rhash,
};

/// How a map type's keys and entries behave.
enum class KeyKind : std::uint8_t {
  bytes,   ///< compared byte by byte; entries come and go
  prefix,  ///< an LPM trie: compared by prefix; entries come and go
  index,   ///< u32 below max_entries; every entry is always there
  slot,    ///< u32 below max_entries; a slot may be empty
  object,  ///< a descriptor of what owns the entry (socket, task, inode, cgroup)
  none,    ///< no keys: queues, stacks, bloom filters, ring buffers, arenas
};

/// One row a map type: what the layers need to know of it.
struct MapTypeTraits {
  MapType type;
  std::string_view name;  ///< the kernel's name in lower case
  KeyKind key;
  bool percpu;  ///< a value is one slot for each possible CPU
  bool
      lookup_batch;  ///< BPF_MAP_LOOKUP_BATCH and BPF_MAP_UPDATE_BATCH (6.18; some types since 5.6)
  bool delete_batch;       ///< BPF_MAP_DELETE_BATCH
  bool drain_batch;        ///< BPF_MAP_LOOKUP_AND_DELETE_BATCH
  std::string_view since;  ///< the first kernel that has the type
};

/// All rows, in the order of the kernel's numbers.
[[nodiscard]] std::span<const MapTypeTraits> map_types() noexcept;

/// The row of `type`, or nullptr when the type is newer than this library.
[[nodiscard]] const MapTypeTraits* traits_of(MapType type) noexcept;

/// The kernel's name in lower case, or "unknown".
[[nodiscard]] std::string_view to_string(MapType type) noexcept;

/// The type with the kernel's name in lower case; nullopt when there is none.
[[nodiscard]] std::optional<MapType> parse_map_type(std::string_view name) noexcept;

}  // namespace bpfmap::inline v0
