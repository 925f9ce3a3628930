// SPDX-License-Identifier: MIT
// The rules of BPF_MAP_CREATE beyond sizes and flags: one row per rule.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/sys/mapping.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "creation.hpp"
#include "proc_fd.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using enum MapType;
using sys::enotsupp;

bool has_flags(const Failure& f, MapFlags flags) { return has(f.spec->flags, flags); }

bool no_such_node(const Failure& f) {
  struct stat status{};
  return f.spec->numa_node &&
         ::stat(("/sys/devices/system/node/node" + std::to_string(*f.spec->numa_node)).c_str(),
                &status) != 0;
}

bool beyond_ring_sizes(const Failure& f) { return f.spec->max_entries > 1U << 31U; }
bool no_ring_size(const Failure& f) {
  const std::uint64_t size = f.spec->max_entries;
  return !beyond_ring_sizes(f) &&
         (size == 0 || (size & (size - 1)) != 0 || size % sys::page_size() != 0);
}

// Whether there are more stack frames than kernel.perf_event_max_stack; false when it cannot be
// read.
bool too_many_frames(const Failure& f) {
  std::ifstream file{"/proc/sys/kernel/perf_event_max_stack"};
  std::uint64_t frames = 0;
  return file >> frames &&
         f.spec->value_size > frames * (has_flags(f, MapFlags::stack_build_id) ? 32 : 8);
}

// The type of the given inner map; MapType::unspec when the descriptor does not refer to a map.
MapType inner_type(const Failure& f) {
  std::error_code ec;
  return Map::duplicate_of(f.spec->inner_map_fd, ec).info().type;
}
bool no_inner_map(const Failure& f) { return inner_type(f) == unspec; }
bool nested_twice(const Failure& f) { return maps_of_maps.contains(inner_type(f)); }

bool has_btf_types(const Failure& f) {
  return f.spec->btf_key_type_id != 0 || f.spec->btf_value_type_id != 0;
}

// A token's fdinfo shows what it delegates.
bool is_no_token(const Failure& f) {
  const FdInfo info{f.spec->token_fd};
  return info.error() == 0 && !info.field("allowed_cmds");
}

// Whether the kernel refuses a map with a single entry of this size and accepts one with `most`,
// the limit of older kernels: of Linux 6.12 for the value of a trie, of 5.10 for the others. A
// single entry, because a text must not cost the memory of a whole map.
bool is_only_too_large(const Failure& f, std::uint32_t MapSpec::* field, std::uint64_t most) {
  if (f.spec->*field <= most) return false;
  MapSpec one = *f.spec;
  one.max_entries = std::min(one.max_entries, 1U);
  std::error_code ec;
  if (Map::create(one, ec)) return false;
  one.*field = static_cast<std::uint32_t>(most);
  return static_cast<bool>(Map::create(one, ec));
}

// The kernel's check; it keeps the upper half of an arena's pointers in one register.
bool crosses_four_gib(const Failure& f) {
  const std::uint64_t begin = f.spec->map_extra;
  const std::uint64_t last = begin + std::uint64_t{f.spec->max_entries} * sys::page_size() - 1;
  return begin != 0 && begin >> 32U != last >> 32U;
}

bool is_struct_ops(const Failure& f) { return f.spec->btf_vmlinux_value_type_id != 0; }

constexpr Types map_extra_types = set(bloom_filter, arena, rhash);

constexpr MapFlags either_access = MapFlags::rdonly | MapFlags::wronly;
constexpr MapFlags either_program_access = MapFlags::rdonly_prog | MapFlags::wronly_prog;

constexpr std::array rule_rows{
    Rule{hashes,
         [](const Failure& f) {
           return std::uint64_t{f.spec->key_size} + f.spec->value_size > 4194255;
         },
         "key_size and value_size: their sum is at most 4194255 (the kernel allocates an entry in "
         "one piece)"},
    Rule{stack_trace,
         [](const Failure& f) {
           return f.spec->value_size % 32 != 0 && has_flags(f, MapFlags::stack_build_id);
         },
         "value_size is {value_size}: with stack_build_id it is a multiple of 32"},
    Rule{stack_trace, too_many_frames,
         "value_size is {value_size}: more stack frames than kernel.perf_event_max_stack allows "
         "(127 unless set)"},
    Rule{ring_buffers, beyond_ring_sizes,
         "max_entries is {max_entries}: a ring buffer's size in bytes is a power of two, at "
         "most 2147483648"},
    Rule{ring_buffers, no_ring_size,
         "max_entries is {max_entries}: a ring buffer's size in bytes is a power of two and a "
         "multiple of the page size ({page_size}); the next is {ring_size}"},
    Rule{arena,
         [](const Failure& f) {
           return f.spec->max_entries > (std::uint64_t{1} << 32U) / sys::page_size();
         },
         "max_entries is {max_entries}: an arena has at most 4 GiB, in pages of {page_size} bytes"},
    Rule{arena, crosses_four_gib,
         "map_extra is {map_extra}: from there, the memory would cross a multiple of 4 GiB, which "
         "an arena must not do"},
    Rule{stack_trace,
         [](const Failure& f) { return f.spec->max_entries > std::uint32_t{1} << 31U; },
         "max_entries is {max_entries}: stack_trace maps take 1 to 2147483648"},
    Rule{cpumap, [](const Failure& f) { return f.error == E2BIG; },
         "max_entries is {max_entries}: more CPUs than the kernel was built for (NR_CPUS); {cpus} "
         "are possible here"},
    Rule{any_type, [](const Failure& f) { return has_flags(f, either_access); },
         "flags: rdonly and wronly exclude each other; set neither to allow reading and writing"},
    Rule{any_type, [](const Failure& f) { return has_flags(f, either_program_access); },
         "flags: rdonly_prog and wronly_prog exclude each other; set neither to allow reading and "
         "writing"},
    Rule{lru_hash,
         [](const Failure& f) {
           return has_flags(f, MapFlags::no_common_lru) && f.spec->numa_node.has_value();
         },
         "flags: no_common_lru and numa_node exclude each other"},
    Rule{any_type, no_such_node,
         "numa_node is {numa_node}: this machine has no such node (see /sys/devices/system/node)"},
    Rule{bloom_filter, [](const Failure& f) { return f.spec->map_extra > 15; },
         "map_extra is {map_extra}: the number of hashes is 1 to 15, or 0 for 5"},
    Rule{arena, [](const Failure& f) { return f.spec->map_extra % sys::page_size() != 0; },
         "map_extra is {map_extra}: the address to map at is a multiple of the page size "
         "({page_size})"},
    Rule{any_type,
         [](const Failure& f) {
           return f.spec->map_extra != 0 && !map_extra_types.contains(f.spec->type);
         },
         "map_extra is {map_extra}: {type} maps do not use it; leave it 0"},
    Rule{maps_of_maps, no_inner_map,
         "inner_map_fd is {inner_map_fd}: a map of maps needs the descriptor of a map like its "
         "inner maps"},
    Rule{maps_of_maps, nested_twice, "inner_map_fd: an inner map cannot be a map of maps itself"},
    Rule{maps_of_maps,
         [](const Failure& f) {
           return f.error == enotsupp && !no_inner_map(f) && !nested_twice(f) && !has_btf_types(f);
         },
         "inner_map_fd: maps of this kind, and those for one program only (excl_prog_hash), cannot "
         "be inner maps"},
    Rule{no_btf, has_btf_types,
         "btf_fd: {type} maps accept no BTF; leave btf_key_type_id and btf_value_type_id 0"},
    Rule{local_storages,
         [](const Failure& f) {
           return f.spec->btf_key_type_id == 0 || f.spec->btf_value_type_id == 0;
         },
         "btf_key_type_id and btf_value_type_id: {type} maps need the BTF of an int as key and of "
         "the value: give the value type a bpfmap::Layout, or let libbpf create the map"},
    Rule{any_type,
         [](const Failure& f) {
           return f.spec->btf_key_type_id != 0 && f.spec->btf_value_type_id == 0;
         },
         "btf_value_type_id is 0, and btf_key_type_id is not: set both"},
    Rule{any_type, [](const Failure& f) { return has_btf_types(f) && !f.record.spec.btf_is_open; },
         "btf_fd is {btf_fd}: it is not open, and the BTF type ids need it"},
    Rule{struct_ops, [](const Failure& f) { return !is_struct_ops(f); },
         "btf_vmlinux_value_type_id: struct_ops maps need it (libbpf sets it)"},
    Rule{any_type, [](const Failure& f) { return is_struct_ops(f) && f.spec->type != struct_ops; },
         "btf_vmlinux_value_type_id: only struct_ops maps have it; leave it 0"},
    Rule{any_type,
         [](const Failure& f) { return f.spec->value_type_btf_obj_fd >= 0 && !is_struct_ops(f); },
         "value_type_btf_obj_fd: only struct_ops maps have it; leave it -1"},
    Rule{any_type, [](const Failure& f) { return f.spec->ifindex != 0; },
         "ifindex is {ifindex}: only hash and array maps can be offloaded, to a device whose "
         "driver can; leave it 0"},
    Rule{lpm_trie,
         [](const Failure& f) { return is_only_too_large(f, &MapSpec::value_size, 4194008); },
         "value_size is {value_size}: too large for this kernel, which accepts 4194008"},
    Rule{hashes, [](const Failure& f) { return is_only_too_large(f, &MapSpec::key_size, 512); },
         "key_size is {key_size}: too large for this kernel, which accepts 512"},
    Rule{
        cgroup_storages,
        [](const Failure& f) {
          return is_only_too_large(f, &MapSpec::value_size, sys::page_size());
        },
        "value_size is {value_size}: too large for this kernel, which accepts a page, {page_size}"},
    Rule{any_type,
         [](const Failure& f) { return f.spec->token_fd >= 0 && !f.record.spec.token_is_open; },
         "token_fd is {token_fd}: it is not open"},
    Rule{any_type, [](const Failure& f) { return f.record.spec.token_is_open && is_no_token(f); },
         "token_fd is {token_fd}: it is not a BPF token (BPF_TOKEN_CREATE makes one)"},
};

}  // namespace

std::span<const Rule> rules() noexcept { return rule_rows; }

}  // namespace bpfmap::inline v0::detail
