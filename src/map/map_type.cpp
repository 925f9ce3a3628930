// SPDX-License-Identifier: MIT
#include "bpfmap/map/map_type.hpp"

#include <array>

namespace bpfmap::inline v0 {
namespace {

using enum MapType;
using enum KeyKind;

// Which commands a type takes was tried on Linux 6.18; the kernel that brought a type is the one
// whose uapi header first names it.
constexpr std::array rows{
    //            type                   name                     key           per-CPU  lookup
    //            delete drain  since
    MapTypeTraits{hash, "hash", bytes, false, true, true, true, "3.18"},
    MapTypeTraits{array, "array", index, false, true, false, false, "3.18"},
    MapTypeTraits{prog_array, "prog_array", slot, false, false, false, false, "4.2"},
    MapTypeTraits{perf_event_array, "perf_event_array", slot, false, false, false, false, "4.3"},
    MapTypeTraits{percpu_hash, "percpu_hash", bytes, true, true, true, true, "4.6"},
    MapTypeTraits{percpu_array, "percpu_array", index, true, true, false, false, "4.6"},
    MapTypeTraits{stack_trace, "stack_trace", slot, false, false, false, false, "4.6"},
    MapTypeTraits{cgroup_array, "cgroup_array", slot, false, false, false, false, "4.8"},
    MapTypeTraits{lru_hash, "lru_hash", bytes, false, true, true, true, "4.10"},
    MapTypeTraits{lru_percpu_hash, "lru_percpu_hash", bytes, true, true, true, true, "4.10"},
    MapTypeTraits{lpm_trie, "lpm_trie", prefix, false, true, true, false, "4.11"},
    MapTypeTraits{array_of_maps, "array_of_maps", slot, false, true, false, false, "4.12"},
    MapTypeTraits{hash_of_maps, "hash_of_maps", bytes, false, true, true, true, "4.12"},
    MapTypeTraits{devmap, "devmap", slot, false, false, false, false, "4.14"},
    MapTypeTraits{sockmap, "sockmap", slot, false, false, false, false, "4.14"},
    MapTypeTraits{cpumap, "cpumap", slot, false, false, false, false, "4.15"},
    MapTypeTraits{xskmap, "xskmap", slot, false, false, false, false, "4.18"},
    MapTypeTraits{sockhash, "sockhash", bytes, false, false, false, false, "4.18"},
    MapTypeTraits{cgroup_storage, "cgroup_storage", object, false, false, false, false, "4.19"},
    MapTypeTraits{reuseport_sockarray, "reuseport_sockarray", slot, false, false, false, false,
                  "4.19"},
    MapTypeTraits{percpu_cgroup_storage, "percpu_cgroup_storage", object, true, false, false, false,
                  "4.20"},
    MapTypeTraits{queue, "queue", none, false, false, false, false, "4.20"},
    MapTypeTraits{stack, "stack", none, false, false, false, false, "4.20"},
    MapTypeTraits{sk_storage, "sk_storage", object, false, false, false, false, "5.2"},
    MapTypeTraits{devmap_hash, "devmap_hash", bytes, false, false, false, false, "5.4"},
    MapTypeTraits{struct_ops, "struct_ops", index, false, false, false, false, "5.6"},
    MapTypeTraits{ringbuf, "ringbuf", none, false, false, false, false, "5.8"},
    MapTypeTraits{inode_storage, "inode_storage", object, false, false, false, false, "5.10"},
    MapTypeTraits{task_storage, "task_storage", object, false, false, false, false, "5.11"},
    MapTypeTraits{bloom_filter, "bloom_filter", none, false, false, false, false, "5.16"},
    MapTypeTraits{user_ringbuf, "user_ringbuf", none, false, false, false, false, "6.1"},
    MapTypeTraits{cgrp_storage, "cgrp_storage", object, false, false, false, false, "6.2"},
    MapTypeTraits{arena, "arena", none, false, false, false, false, "6.9"},
    MapTypeTraits{insn_array, "insn_array", index, false, false, false, false, "6.19"},
    MapTypeTraits{rhash, "rhash", bytes, false, true, true, true, "7.2"},
};

// traits_of() finds a row by its number.
consteval bool numbered() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].type) != i + 1) return false;
  return true;
}
static_assert(numbered());

}  // namespace

std::span<const MapTypeTraits> map_types() noexcept { return rows; }

const MapTypeTraits* traits_of(MapType type) noexcept {
  const auto number = static_cast<std::size_t>(type);
  return number >= 1 && number <= rows.size() ? &rows[number - 1] : nullptr;
}

std::string_view to_string(MapType type) noexcept {
  const MapTypeTraits* const row = traits_of(type);
  return row != nullptr ? row->name : "unknown";
}

std::optional<MapType> parse_map_type(std::string_view name) noexcept {
  for (const auto& row : rows)
    if (row.name == name) return row.type;
  return std::nullopt;
}

}  // namespace bpfmap::inline v0
