// SPDX-License-Identifier: MIT
// The kernel's map types, and a table of their properties. Layer 1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bpfmap/map/flags.hpp"
#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0 {

/// The kernel's map types, named as in the kernel, in lower case. A type of a newer kernel is a
/// value without an enumerator.
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
  object,  ///< a descriptor of the object that owns the entry (socket, task, inode, cgroup)
  none,    ///< no keys: queues, stacks, bloom filters, ring buffers, arenas
};

/// Whether a lookup returns the bytes that an update takes.
enum class ValueKind : std::uint8_t {
  plain,       ///< the same bytes
  inner_map,   ///< a map: written as a descriptor, read as an id
  object,      ///< a program: written as a descriptor, read as an id
  socket,      ///< written as a descriptor, read as a cookie, which needs values of 8 bytes
  target,      ///< a device or CPU, and in values of 8 bytes a program, as above
  write_only,  ///< written as a descriptor, never read
};

/// The commands of bpf(2) on a map's entries, as a set.
enum class MapCommands : std::uint16_t {
  none = 0,
  lookup = 1U << 0U,
  update = 1U << 1U,
  erase = 1U << 2U,
  get_next_key = 1U << 3U,
  lookup_and_delete = 1U << 4U,
  lookup_batch = 1U << 5U,
  update_batch = 1U << 6U,
  erase_batch = 1U << 7U,
  drain_batch = 1U << 8U,  ///< BPF_MAP_LOOKUP_AND_DELETE_BATCH
  freeze = 1U << 9U,
};

template <>
inline constexpr bool detail::is_flags<MapCommands> = true;

/// The numbers that a field of a MapSpec accepts: least, least + step, ... up to most.
struct SizeRange {
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  std::uint32_t step = 1;
  std::string_view why = {};  ///< where the numbers come from; may be empty

  [[nodiscard]] constexpr bool contains(std::uint32_t number) const noexcept {
    return number >= least && number <= most && (number - least) % step == 0;
  }
};

/// One row per map type: every fact about the type that can be data.
struct MapTypeTraits {
  MapType type = MapType::unspec;
  std::string_view name;   ///< the kernel's name in lower case
  std::string_view since;  ///< the first kernel that has the type
  KeyKind key = KeyKind::none;
  bool percpu = false;        ///< a value is one slot for each possible CPU
  SizeRange key_size;         ///< bytes
  SizeRange value_size;       ///< bytes of one value, of one CPU's slot on a per-CPU map
  SizeRange max_entries;      ///< entries; bytes of a ring buffer, pages of an arena
  MapFlags flags_taken = {};  ///< at creation, in addition to vtype_btf_obj_fd and token_fd
  MapFlags flags_needed = {};
  MapCommands commands = {};  ///< in Linux 6.18, or in the kernel that introduced the type
  std::string_view batches_since = {};  ///< the first kernel with its batch commands; may be empty
  ValueKind value = ValueKind::plain;

  bool lookup_batch = has(commands, MapCommands::lookup_batch);
  bool erase_batch = has(commands, MapCommands::erase_batch);
  bool drain_batch = has(commands, MapCommands::drain_batch);

  [[nodiscard]] constexpr bool has_command(MapCommands command) const noexcept {
    return has(commands, command);
  }
};

/// Returns all rows, in the order of the kernel's numbers.
[[nodiscard]] std::span<const MapTypeTraits> map_types() noexcept;

/// Returns the row of `type`; nullptr when the type is newer than this library.
[[nodiscard]] const MapTypeTraits* traits_of(MapType type) noexcept;

/// Returns the kernel's name in lower case, or "unknown".
[[nodiscard]] std::string_view to_string(MapType type) noexcept;

/// Returns the type with this kernel name in lower case; nullopt when there is none.
[[nodiscard]] std::optional<MapType> parse_map_type(std::string_view name) noexcept;

}  // namespace bpfmap::inline v0
