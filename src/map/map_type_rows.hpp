// SPDX-License-Identifier: MIT
// The table of map types: a new type is a row at its end. Private to src/map/, src/bulk/ and
// src/explain/.
//
// Batches came with these commits: hashes and arrays cb4d03ab499d and 057996380a42 (5.6), lpm_trie
// f56387c534c4 and percpu_array f008d732ab18 (5.13), maps of maps 9263dddc7b6f (5.19).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0::detail::type_rows {

using enum MapType;
using enum KeyKind;

inline constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t largest_int = std::numeric_limits<std::int32_t>::max();
inline constexpr std::uint32_t largest_alloc = 4U << 20U;  // KMALLOC_MAX_SIZE

// --- sizes, as tested on Linux 6.18 ---

inline constexpr SizeRange any_size{1, unlimited};
inline constexpr SizeRange whatever_size{0, unlimited};
inline constexpr SizeRange no_keys{0, 0, 1, "they have no keys"};
inline constexpr SizeRange u32_key{4, 4, 1, "the key is a u32"};
inline constexpr SizeRange fd_key{4, 4, 1, "the key is a descriptor"};
inline constexpr SizeRange socket_key{1, 512};
inline constexpr SizeRange rhash_key{1, 65535};
inline constexpr SizeRange prefix_key{5, 260, 1, "4 of prefix length, then 1 to 256 of prefix"};
inline constexpr SizeRange cgroup_key{8, 16, 8, "a cgroup id, or a struct bpf_cgroup_storage_key"};

inline constexpr SizeRange no_values{0, 0, 1, "they have no elements"};
inline constexpr SizeRange fd_value{4, 4, 1, "the value is a descriptor"};
inline constexpr SizeRange u32_or_u64_value{4, 8, 4};
inline constexpr SizeRange percpu_value{1, 32768, 1, "the value of one CPU"};  // PCPU_MIN_UNIT_SIZE
inline constexpr SizeRange array_value{1, largest_int};
inline constexpr SizeRange trie_value{1, 4194024};
inline constexpr SizeRange allocated_value{1, largest_alloc};
inline constexpr SizeRange storage_value{1, 65407};
inline constexpr SizeRange frames{8, unlimited, 8, "8 per stack frame"};
inline constexpr SizeRange instruction{16, 16, 1, "a struct bpf_insn_array_value"};

inline constexpr SizeRange some_entries{1, unlimited};
inline constexpr SizeRange hash_entries{1, 1U << 31U};
inline constexpr SizeRange pages{1, unlimited, 1, "pages"};
inline constexpr SizeRange no_entries{0, 0, 1, "entries live with their owners"};
// A power of two and a multiple of the page size; a rule checks it.
inline constexpr SizeRange ring_bytes{0, unlimited};

// --- flags ---

inline constexpr MapFlags unneeded = MapFlags::none;
inline constexpr MapFlags fd_access = MapFlags::rdonly | MapFlags::wronly;
inline constexpr MapFlags any_access = fd_access | MapFlags::rdonly_prog | MapFlags::wronly_prog;
inline constexpr MapFlags numa = MapFlags::numa_node;
inline constexpr MapFlags plain_hash = any_access | MapFlags::no_prealloc | MapFlags::zero_seed;
inline constexpr MapFlags lru = any_access | MapFlags::no_common_lru | MapFlags::zero_seed;
inline constexpr MapFlags local_storage = MapFlags::no_prealloc | MapFlags::clone;

// --- commands ---

inline constexpr MapCommands frozen = MapCommands::freeze;
inline constexpr MapCommands take = MapCommands::lookup_and_delete;
inline constexpr MapCommands drain = MapCommands::drain_batch;
inline constexpr MapCommands batches = MapCommands::lookup_batch | MapCommands::update_batch;
inline constexpr MapCommands entry_commands = MapCommands::lookup | MapCommands::update |
                                              MapCommands::erase | MapCommands::get_next_key |
                                              frozen;
inline constexpr MapCommands entry_commands_but_update = entry_commands & ~MapCommands::update;
inline constexpr MapCommands entry_commands_but_erase = entry_commands & ~MapCommands::erase;
inline constexpr MapCommands unreadable = entry_commands & ~MapCommands::lookup;
inline constexpr MapCommands unfrozen_objects = entry_commands_but_update & ~frozen;
inline constexpr MapCommands of_hashes = entry_commands | batches | MapCommands::erase_batch;
inline constexpr MapCommands of_arrays = entry_commands_but_erase | batches;
inline constexpr MapCommands of_queues = MapCommands::lookup | MapCommands::update | take | frozen;
inline constexpr MapCommands of_bloom_filters = MapCommands::lookup | MapCommands::update | frozen;
// A value with a bpf_spin_lock cannot be frozen.
inline constexpr MapCommands of_storages =
    MapCommands::lookup | MapCommands::update | MapCommands::erase | frozen;

inline constexpr std::string_view no_batches = {};

// One row per map type. The sets of types in sets.hpp, creation rules, causes of errnos, walks,
// supports() and the tests' specs read it. `since` is the kernel whose uapi header first names the
// type.
inline constexpr std::array rows{
    // type, name, since, key, per CPU, sizes of key and value, entries, flags taken and needed,
    // commands, first kernel with batches, what a lookup returns if not plain
    MapTypeTraits{hash, "hash", "3.18", bytes, false, any_size, any_size, hash_entries,
                  plain_hash | numa, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{array, "array", "3.18", index, false, u32_key, array_value, some_entries,
                  any_access | numa | MapFlags::mmapable | MapFlags::inner_map, unneeded, of_arrays,
                  "5.6"},
    MapTypeTraits{prog_array, "prog_array", "4.2", slot, false, u32_key, fd_value, some_entries,
                  fd_access | numa, unneeded, entry_commands, no_batches, ValueKind::object},
    MapTypeTraits{perf_event_array, "perf_event_array", "4.3", slot, false, u32_key, fd_value,
                  some_entries, fd_access | numa | MapFlags::preserve_elems, unneeded, unreadable,
                  no_batches, ValueKind::write_only},
    MapTypeTraits{percpu_hash, "percpu_hash", "4.6", bytes, true, any_size, percpu_value,
                  hash_entries, plain_hash, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{percpu_array, "percpu_array", "4.6", index, true, u32_key, percpu_value,
                  some_entries, any_access, unneeded, of_arrays, "5.13"},
    MapTypeTraits{stack_trace, "stack_trace", "4.6", slot, false, u32_key, frames, some_entries,
                  fd_access | numa | MapFlags::stack_build_id, unneeded,
                  entry_commands_but_update | take},
    MapTypeTraits{cgroup_array, "cgroup_array", "4.8", slot, false, u32_key, fd_value, some_entries,
                  fd_access | numa, unneeded, unreadable, no_batches, ValueKind::write_only},
    MapTypeTraits{lru_hash, "lru_hash", "4.10", bytes, false, any_size, any_size, hash_entries,
                  lru | numa, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{lru_percpu_hash, "lru_percpu_hash", "4.10", bytes, true, any_size, percpu_value,
                  hash_entries, lru, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{lpm_trie, "lpm_trie", "4.11", prefix, false, prefix_key, trie_value, some_entries,
                  any_access | numa | MapFlags::no_prealloc, MapFlags::no_prealloc, of_hashes,
                  "5.13"},
    MapTypeTraits{array_of_maps, "array_of_maps", "4.12", slot, false, u32_key, fd_value,
                  some_entries, fd_access | numa, unneeded, entry_commands | batches, "5.19",
                  ValueKind::inner_map},
    MapTypeTraits{hash_of_maps, "hash_of_maps", "4.12", bytes, false, any_size, fd_value,
                  hash_entries, plain_hash | numa, unneeded, of_hashes | drain, "5.19",
                  ValueKind::inner_map},
    MapTypeTraits{devmap, "devmap", "4.14", slot, false, u32_key, u32_or_u64_value, some_entries,
                  fd_access | numa, unneeded, entry_commands, no_batches, ValueKind::target},
    MapTypeTraits{sockmap, "sockmap", "4.14", slot, false, u32_key, u32_or_u64_value, some_entries,
                  fd_access | numa, unneeded, entry_commands, no_batches, ValueKind::socket},
    MapTypeTraits{cpumap, "cpumap", "4.15", slot, false, u32_key, u32_or_u64_value, some_entries,
                  numa, unneeded, entry_commands, no_batches, ValueKind::target},
    MapTypeTraits{xskmap, "xskmap", "4.18", slot, false, u32_key, fd_value, some_entries,
                  fd_access | numa, unneeded, unreadable, no_batches, ValueKind::write_only},
    MapTypeTraits{sockhash, "sockhash", "4.18", bytes, false, socket_key, u32_or_u64_value,
                  some_entries, fd_access | numa, unneeded, entry_commands, no_batches,
                  ValueKind::socket},
    MapTypeTraits{cgroup_storage, "cgroup_storage", "4.19", object, false, cgroup_key,
                  storage_value, no_entries, any_access | numa, unneeded, entry_commands_but_erase},
    MapTypeTraits{reuseport_sockarray, "reuseport_sockarray", "4.19", slot, false, u32_key,
                  u32_or_u64_value, some_entries, any_access | numa, unneeded, entry_commands,
                  no_batches, ValueKind::socket},
    MapTypeTraits{percpu_cgroup_storage, "percpu_cgroup_storage", "4.20", object, true, cgroup_key,
                  percpu_value, no_entries, any_access | numa, unneeded, entry_commands_but_erase},
    MapTypeTraits{queue, "queue", "4.20", none, false, no_keys, allocated_value, some_entries,
                  any_access | numa, unneeded, of_queues},
    MapTypeTraits{stack, "stack", "4.20", none, false, no_keys, allocated_value, some_entries,
                  any_access | numa, unneeded, of_queues},
    MapTypeTraits{sk_storage, "sk_storage", "5.2", object, false, fd_key, storage_value, no_entries,
                  local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{devmap_hash, "devmap_hash", "5.4", bytes, false, u32_key, u32_or_u64_value,
                  some_entries, fd_access | numa, unneeded, entry_commands, no_batches,
                  ValueKind::target},
    MapTypeTraits{struct_ops, "struct_ops", "5.6", index, false, u32_key, whatever_size,
                  some_entries, MapFlags::link | MapFlags::vtype_btf_obj_fd, unneeded,
                  unfrozen_objects},
    MapTypeTraits{ringbuf, "ringbuf", "5.8", none, false, no_keys, no_values, ring_bytes,
                  numa | MapFlags::rb_overwrite, unneeded, frozen},
    MapTypeTraits{inode_storage, "inode_storage", "5.10", object, false, fd_key, storage_value,
                  no_entries, local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{task_storage, "task_storage", "5.11", object, false, fd_key, storage_value,
                  no_entries, local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{bloom_filter, "bloom_filter", "5.16", none, false, no_keys, allocated_value,
                  some_entries, any_access | numa | MapFlags::zero_seed, unneeded,
                  of_bloom_filters},
    MapTypeTraits{user_ringbuf, "user_ringbuf", "6.1", none, false, no_keys, no_values, ring_bytes,
                  numa, unneeded, frozen},
    MapTypeTraits{cgrp_storage, "cgrp_storage", "6.2", object, false, fd_key, storage_value,
                  no_entries, local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{arena, "arena", "6.9", none, false, no_keys, no_values, pages,
                  MapFlags::mmapable | MapFlags::segv_on_fault | MapFlags::no_user_conv,
                  MapFlags::mmapable, frozen},
    MapTypeTraits{insn_array, "insn_array", "6.19", index, false, u32_key, instruction,
                  some_entries, unneeded, unneeded,
                  MapCommands::lookup | MapCommands::update | MapCommands::get_next_key | frozen},
    MapTypeTraits{rhash, "rhash", "7.2", bytes, false, rhash_key, any_size, hash_entries,
                  (plain_hash | numa) & ~MapFlags::zero_seed, MapFlags::no_prealloc,
                  of_hashes | take | drain, "7.2"},
};

// traits_of() finds a row by its number.
consteval bool numbered() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].type) != i + 1) return false;
  return true;
}
static_assert(numbered());

}  // namespace bpfmap::inline v0::detail::type_rows
