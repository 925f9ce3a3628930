// SPDX-License-Identifier: MIT
// The tables of what BPF_MAP_CREATE takes, one row a fact, tried on Linux 6.18. explain_create.cpp reads them.
#include "creation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>

#include "bpfmap/sys/uapi.hpp"

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
constexpr Types fd_or_8_values = socket_maps | set(devmap, devmap_hash, cpumap);
constexpr Types no_entries = local_storages | cgroup_storages;
constexpr Types no_size = no_entries | ring_buffers | arena | struct_ops;
// bpf_map_check_btf() refuses BTF for these.
constexpr Types no_btf = set(perf_event_array, cgroup_array, array_of_maps, hash_of_maps, devmap,
                             devmap_hash, sockmap, sockhash, cpumap, xskmap);

constexpr std::array limit_rows{
    //    types           field        least most            step  why
    Limit{no_keys, key_size, 0, 0, 1, "they have no keys"},
    Limit{u32_keys, key_size, 4, 4, 1, "the key is a u32"},
    Limit{local_storages, key_size, 4, 4, 1, "the key is a descriptor"},
    Limit{hashes | rhash, key_size, 1, unlimited, 1, ""},
    Limit{sockhash, key_size, 1, 512, 1, ""},
    Limit{lpm_trie, key_size, 5, 260, 1, "4 of prefix length, then 1 to 256 of prefix"},
    Limit{cgroup_storages, key_size, 8, 16, 8,
          "a cgroup id, or a struct bpf_cgroup_storage_key"},
    Limit{set(hash, lru_hash, rhash), value_size, 1, unlimited, 1, ""},
    Limit{percpu_types, value_size, 1, largest_percpu, 1, "one CPU's value"},
    Limit{array, value_size, 1, std::numeric_limits<std::int32_t>::max(), 1, ""},
    Limit{fd_values, value_size, 4, 4, 1, "the value is a descriptor"},
    Limit{fd_or_8_values, value_size, 4, 8, 4, ""},
    Limit{lpm_trie, value_size, 1, 4194024, 1, ""},
    Limit{queues | bloom_filter, value_size, 1, largest_alloc, 1, ""},
    Limit{stack_trace, value_size, 8, unlimited, 8, "8 a stack frame"},
    Limit{cgroup_storage, value_size, 1, 65407, 1, ""},
    Limit{local_storages, value_size, 1, 65407, 1, ""},
    Limit{ring_buffers | arena, value_size, 0, 0, 1, "they have no elements"},
    Limit{no_entries, max_entries, 0, 0, 1, "entries live with their owners"},
    Limit{struct_ops, max_entries, 1, 1, 1, ""},
    Limit{hashes, max_entries, 1, 1U << 31U, 1, ""},
    Limit{arena, max_entries, 1, unlimited, 1, "pages"},
    Limit{indexed | filling_hashes | queues | lpm_trie | bloom_filter, max_entries, 1, unlimited, 1, ""},
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
    FieldSince{[](const Failure& f) { return f.spec->excl_prog_hash.has_value(); }, "excl_prog_hash",
               "6.18"},
};

bool is_open(int fd) { return fd >= 0 && ::fcntl(fd, F_GETFD) >= 0; }

bool has_flags(const Failure& f, MapFlags flags) { return has(f.spec->flags, flags); }

std::uint64_t page_size() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

// The inner map given, or an empty Map.
Map inner_map(const Failure& f) {
  std::error_code ec;
  return Map::duplicate_of(f.spec->inner_map_fd, ec);
}

bool has_btf(const Failure& f) {
  return f.spec->btf_fd >= 0 || f.spec->btf_key_type_id != 0 || f.spec->btf_value_type_id != 0;
}

constexpr std::array rule_rows{
    Rule{hashes,
         [](const Failure& f) {
           return std::uint64_t{f.spec->key_size} + f.spec->value_size > largest_alloc - 49;
         },
         "key_size and value_size: together they are at most 4194255"},
    Rule{ring_buffers,
         [](const Failure& f) {
           const std::uint64_t size = f.spec->max_entries;
           return size == 0 || (size & (size - 1)) != 0 || size % page_size() != 0;
         },
         "max_entries is {max_entries}: a ring buffer's size in bytes is a power of two and a multiple of "
         "the page size ({page_size}); the next is {ring_size}"},
    Rule{arena,
         [](const Failure& f) { return f.spec->max_entries > (std::uint64_t{1} << 32U) / page_size(); },
         "max_entries is {max_entries}: an arena is 4 GiB at most, in pages of {page_size} bytes"},
    Rule{cpumap,
         [](const Failure& f) {
           return f.error == E2BIG && f.spec->max_entries > sys::possible_cpus().size();
         },
         "max_entries is {max_entries}: more CPUs than the kernel was built for; {cpus} are possible here"},
    Rule{stack_trace,
         [](const Failure& f) { return has_flags(f, MapFlags::stack_build_id) && f.spec->value_size % 32 != 0; },
         "value_size is {value_size}: with stack_build_id it is a multiple of 32"},
    Rule{any_type, [](const Failure& f) { return has_flags(f, fd_access); },
         "flags: rdonly and wronly exclude each other; take neither for both rights"},
    Rule{any_type, [](const Failure& f) { return has_flags(f, any_access & ~fd_access); },
         "flags: rdonly_prog and wronly_prog exclude each other; take neither for both rights"},
    Rule{lru_hash,
         [](const Failure& f) {
           return has_flags(f, MapFlags::no_common_lru) &&
                  (f.spec->numa_node || has_flags(f, MapFlags::numa_node));
         },
         "flags: no_common_lru and numa_node exclude each other"},
    Rule{any_type, [](const Failure& f) { return f.spec->numa_node && !numa_node_exists(*f.spec->numa_node); },
         "numa_node is {numa_node}: this machine has no such node (see /sys/devices/system/node)"},
    Rule{bloom_filter, [](const Failure& f) { return f.spec->map_extra > 15; },
         "map_extra is {map_extra}: the number of hashes, 1 to 15, or 0 for 5"},
    Rule{arena, [](const Failure& f) { return f.spec->map_extra % page_size() != 0; },
         "map_extra is {map_extra}: the address to map at, a multiple of the page size ({page_size})"},
};

}  // namespace
