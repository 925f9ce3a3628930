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
  unspec = sys::map_type_unspec,
  hash = sys::map_type_hash,
  array = sys::map_type_array,
  prog_array = sys::map_type_prog_array,
  perf_event_array = sys::map_type_perf_event_array,
  percpu_hash = sys::map_type_percpu_hash,
  percpu_array = sys::map_type_percpu_array,
  stack_trace = sys::map_type_stack_trace,
  cgroup_array = sys::map_type_cgroup_array,
  lru_hash = sys::map_type_lru_hash,
  lru_percpu_hash = sys::map_type_lru_percpu_hash,
  lpm_trie = sys::map_type_lpm_trie,
  array_of_maps = sys::map_type_array_of_maps,
  hash_of_maps = sys::map_type_hash_of_maps,
  devmap = sys::map_type_devmap,
  sockmap = sys::map_type_sockmap,
  cpumap = sys::map_type_cpumap,
  xskmap = sys::map_type_xskmap,
  sockhash = sys::map_type_sockhash,
  cgroup_storage = sys::map_type_cgroup_storage,
  reuseport_sockarray = sys::map_type_reuseport_sockarray,
  percpu_cgroup_storage = sys::map_type_percpu_cgroup_storage,
  queue = sys::map_type_queue,
  stack = sys::map_type_stack,
  sk_storage = sys::map_type_sk_storage,
  devmap_hash = sys::map_type_devmap_hash,
  struct_ops = sys::map_type_struct_ops,
  ringbuf = sys::map_type_ringbuf,
  inode_storage = sys::map_type_inode_storage,
  task_storage = sys::map_type_task_storage,
  bloom_filter = sys::map_type_bloom_filter,
  user_ringbuf = sys::map_type_user_ringbuf,
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
