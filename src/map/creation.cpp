// SPDX-License-Identifier: MIT
// The tables of what BPF_MAP_CREATE takes, one row a fact, tried on Linux 6.18. explain_create.cpp
// reads them.
#include "creation.hpp"

#include <array>
#include <limits>

namespace bpfmap::inline v0::detail {
namespace {

using enum MapType;

constexpr auto key_size = &MapSpec::key_size;
constexpr auto value_size = &MapSpec::value_size;
constexpr auto max_entries = &MapSpec::max_entries;

constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t largest_percpu = 32768;     // PCPU_MIN_UNIT_SIZE
constexpr std::uint32_t largest_alloc = 4U << 20U;  // KMALLOC_MAX_SIZE

constexpr Types no_keys = queues | bloom_filter | ring_buffers | arena;
constexpr Types u32_keys = indexed | devmap_hash;
constexpr Types fd_values = fd_arrays | hash_of_maps | xskmap;
constexpr Types values_of_4_or_8 = socket_maps | set(devmap, devmap_hash, cpumap);
constexpr Types no_entries = local_storages | cgroup_storages;
constexpr Types counted =
    indexed | queues | set(sockhash, devmap_hash, rhash, lpm_trie, bloom_filter);

constexpr std::array limit_rows{
    //    types           field        least most            step  why
    Limit{no_keys, key_size, 0, 0, 1, "they have no keys"},
    Limit{u32_keys, key_size, 4, 4, 1, "the key is a u32"},
    Limit{local_storages, key_size, 4, 4, 1, "the key is a descriptor"},
    Limit{hashes | rhash, key_size, 1, unlimited, 1, ""},
    Limit{sockhash, key_size, 1, 512, 1, ""},
    Limit{lpm_trie, key_size, 5, 260, 1, "4 of prefix length, then 1 to 256 of prefix"},
    Limit{cgroup_storages, key_size, 8, 16, 8, "a cgroup id, or a struct bpf_cgroup_storage_key"},
    Limit{set(hash, lru_hash, rhash), value_size, 1, unlimited, 1, ""},
    Limit{percpu_types, value_size, 1, largest_percpu, 1, "one CPU's value"},
    Limit{array, value_size, 1, std::numeric_limits<std::int32_t>::max(), 1, ""},
    Limit{fd_values, value_size, 4, 4, 1, "the value is a descriptor"},
    Limit{values_of_4_or_8, value_size, 4, 8, 4, ""},
    Limit{lpm_trie, value_size, 1, 4194024, 1, ""},
    Limit{queues | bloom_filter, value_size, 1, largest_alloc, 1, ""},
    Limit{stack_trace, value_size, 8, unlimited, 8, "8 a stack frame"},
    Limit{cgroup_storage, value_size, 1, 65407, 1, ""},
    Limit{local_storages, value_size, 1, 65407, 1, ""},
    Limit{ring_buffers | arena, value_size, 0, 0, 1, "they have no elements"},
    Limit{no_entries, max_entries, 0, 0, 1, "entries live with their owners"},
    Limit{hashes, max_entries, 1, 1U << 31U, 1, ""},
    Limit{arena, max_entries, 1, unlimited, 1, "pages"},
    Limit{counted, max_entries, 1, unlimited, 1, ""},
};

constexpr MapFlags fd_access = MapFlags::rdonly | MapFlags::wronly;
constexpr MapFlags any_access = fd_access | MapFlags::rdonly_prog | MapFlags::wronly_prog;
constexpr MapFlags numa = MapFlags::numa_node;
constexpr MapFlags plain_hash = any_access | MapFlags::no_prealloc | MapFlags::zero_seed;
constexpr MapFlags lru = any_access | MapFlags::no_common_lru | MapFlags::zero_seed;
constexpr MapFlags storage = MapFlags::no_prealloc | MapFlags::clone;

constexpr std::array flags_rows{
    //         types                     takes                                     needs
    FlagsTaken{set(hash, hash_of_maps), plain_hash | numa},
    FlagsTaken{percpu_hash, plain_hash},
    FlagsTaken{rhash, plain_hash | numa, MapFlags::no_prealloc},
    FlagsTaken{lru_hash, lru | numa},
    FlagsTaken{lru_percpu_hash, lru},
    FlagsTaken{array, any_access | numa | MapFlags::mmapable | MapFlags::inner_map},
    FlagsTaken{percpu_array, any_access},
    FlagsTaken{set(prog_array, cgroup_array, array_of_maps), fd_access | numa},
    FlagsTaken{perf_event_array, fd_access | numa | MapFlags::preserve_elems},
    FlagsTaken{stack_trace, fd_access | numa | MapFlags::stack_build_id},
    FlagsTaken{lpm_trie, any_access | numa | MapFlags::no_prealloc, MapFlags::no_prealloc},
    FlagsTaken{set(devmap, devmap_hash, sockmap, sockhash, xskmap), fd_access | numa},
    FlagsTaken{cpumap, numa},
    FlagsTaken{queues | cgroup_storages | reuseport_sockarray, any_access | numa},
    FlagsTaken{bloom_filter, any_access | numa | MapFlags::zero_seed},
    FlagsTaken{local_storages, storage, MapFlags::no_prealloc},
    FlagsTaken{ringbuf, numa | MapFlags::rb_overwrite},
    FlagsTaken{user_ringbuf, numa},
    FlagsTaken{arena, MapFlags::mmapable | MapFlags::segv_on_fault | MapFlags::no_user_conv,
               MapFlags::mmapable},
    FlagsTaken{struct_ops, MapFlags::link | MapFlags::vtype_btf_obj_fd},
};

constexpr std::array flag_rows{
    FlagName{MapFlags::no_prealloc, "no_prealloc", "4.6"},
    FlagName{MapFlags::no_common_lru, "no_common_lru", "4.10"},
    FlagName{MapFlags::numa_node, "numa_node", "4.14"},
    FlagName{MapFlags::rdonly, "rdonly", "4.15"},
    FlagName{MapFlags::wronly, "wronly", "4.15"},
    FlagName{MapFlags::stack_build_id, "stack_build_id", "4.17"},
    FlagName{MapFlags::zero_seed, "zero_seed", "5.0"},
    FlagName{MapFlags::rdonly_prog, "rdonly_prog", "5.2"},
    FlagName{MapFlags::wronly_prog, "wronly_prog", "5.2"},
    FlagName{MapFlags::clone, "clone", "5.4"},
    FlagName{MapFlags::mmapable, "mmapable", "5.5"},
    FlagName{MapFlags::preserve_elems, "preserve_elems", "5.10"},
    FlagName{MapFlags::inner_map, "inner_map", "5.10"},
    FlagName{MapFlags::link, "link", "6.4"},
    FlagName{MapFlags::vtype_btf_obj_fd, "vtype_btf_obj_fd", "6.9"},
    FlagName{MapFlags::token_fd, "token_fd", "6.9"},
    FlagName{MapFlags::segv_on_fault, "segv_on_fault", "6.9"},
    FlagName{MapFlags::no_user_conv, "no_user_conv", "6.9"},
    FlagName{MapFlags::rb_overwrite, "rb_overwrite", "6.19"},
};

constexpr std::array since_rows{
    FieldSince{[](const Failure& f) { return f.spec->inner_map_fd >= 0; }, "inner_map_fd", "4.12"},
    FieldSince{[](const Failure& f) { return f.spec->numa_node.has_value(); }, "numa_node", "4.14"},
    FieldSince{[](const Failure& f) { return !f.spec->name.empty(); }, "name", "4.15"},
    FieldSince{[](const Failure& f) { return f.spec->ifindex != 0; }, "ifindex", "4.16"},
    FieldSince{[](const Failure& f) { return f.spec->btf_fd >= 0; }, "btf_fd", "4.18"},
    FieldSince{[](const Failure& f) { return f.spec->btf_vmlinux_value_type_id != 0; },
               "btf_vmlinux_value_type_id", "5.6"},
    FieldSince{[](const Failure& f) { return f.spec->map_extra != 0; }, "map_extra", "5.16"},
    FieldSince{[](const Failure& f) { return f.spec->value_type_btf_obj_fd >= 0; },
               "value_type_btf_obj_fd", "6.9"},
    FieldSince{[](const Failure& f) { return f.spec->token_fd >= 0; }, "token_fd", "6.9"},
    FieldSince{[](const Failure& f) { return f.spec->excl_prog_hash.has_value(); },
               "excl_prog_hash", "6.18"},
};

// Two rows for one number would tell a mistake twice.
consteval bool limited_once() {
  for (std::uint32_t number = 0; number < 64; ++number)
    for (const auto field : {key_size, value_size, max_entries}) {
      int rows = 0;
      for (const Limit& row : limit_rows)
        if (row.field == field && row.types.contains(static_cast<MapType>(number))) ++rows;
      if (rows > 1) return false;
    }
  return true;
}
static_assert(limited_once());

}  // namespace

std::span<const Limit> limits() noexcept { return limit_rows; }
std::span<const FlagsTaken> flags_taken() noexcept { return flags_rows; }
std::span<const FlagName> flag_names() noexcept { return flag_rows; }
std::span<const FieldSince> fields_since() noexcept { return since_rows; }

}  // namespace bpfmap::inline v0::detail
