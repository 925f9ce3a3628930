// SPDX-License-Identifier: MIT
// The kernel's numbers and structs that this library uses, each with the kernel that introduced it.
// Layer 0.
//
// They are the project's own: the build machine's <linux/bpf.h> may be too old to know them, and a
// file that includes <pcap/pcap.h> cannot include it at all (both define struct bpf_insn).
// src/sys/uapi.cpp compares them with <linux/bpf.h>.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::sys {

/// enum bpf_cmd: the commands of bpf(2) that concern maps.
enum class Command : int {
  map_create = 0,                    // 3.18
  map_lookup_elem = 1,               // 3.18
  map_update_elem = 2,               // 3.18
  map_delete_elem = 3,               // 3.18
  map_get_next_key = 4,              // 3.18
  prog_load = 5,                     // 3.18
  obj_pin = 6,                       // 4.4
  obj_get = 7,                       // 4.4
  prog_test_run = 10,                // 4.12
  map_get_next_id = 12,              // 4.13
  map_get_fd_by_id = 14,             // 4.13
  obj_get_info_by_fd = 15,           // 4.13
  btf_load = 18,                     // 4.18
  btf_get_fd_by_id = 19,             // 4.18
  map_lookup_and_delete_elem = 21,   // 4.20
  map_freeze = 22,                   // 5.2
  map_lookup_batch = 24,             // 5.6
  map_lookup_and_delete_batch = 25,  // 5.6
  map_update_batch = 26,             // 5.6
  map_delete_batch = 27,             // 5.6
  iter_create = 33,                  // 5.8
};

// Map types (enum bpf_map_type).
inline constexpr std::uint32_t map_type_unspec = 0;
inline constexpr std::uint32_t map_type_hash = 1;
inline constexpr std::uint32_t map_type_array = 2;
inline constexpr std::uint32_t map_type_prog_array = 3;
inline constexpr std::uint32_t map_type_perf_event_array = 4;
inline constexpr std::uint32_t map_type_percpu_hash = 5;
inline constexpr std::uint32_t map_type_percpu_array = 6;
inline constexpr std::uint32_t map_type_stack_trace = 7;
inline constexpr std::uint32_t map_type_cgroup_array = 8;
inline constexpr std::uint32_t map_type_lru_hash = 9;
inline constexpr std::uint32_t map_type_lru_percpu_hash = 10;
inline constexpr std::uint32_t map_type_lpm_trie = 11;
inline constexpr std::uint32_t map_type_array_of_maps = 12;
inline constexpr std::uint32_t map_type_hash_of_maps = 13;
inline constexpr std::uint32_t map_type_devmap = 14;
inline constexpr std::uint32_t map_type_sockmap = 15;
inline constexpr std::uint32_t map_type_cpumap = 16;
inline constexpr std::uint32_t map_type_xskmap = 17;
inline constexpr std::uint32_t map_type_sockhash = 18;
inline constexpr std::uint32_t map_type_cgroup_storage = 19;
inline constexpr std::uint32_t map_type_reuseport_sockarray = 20;
inline constexpr std::uint32_t map_type_percpu_cgroup_storage = 21;
inline constexpr std::uint32_t map_type_queue = 22;
inline constexpr std::uint32_t map_type_stack = 23;
inline constexpr std::uint32_t map_type_sk_storage = 24;
inline constexpr std::uint32_t map_type_devmap_hash = 25;
inline constexpr std::uint32_t map_type_struct_ops = 26;
inline constexpr std::uint32_t map_type_ringbuf = 27;
inline constexpr std::uint32_t map_type_inode_storage = 28;
inline constexpr std::uint32_t map_type_task_storage = 29;
inline constexpr std::uint32_t map_type_bloom_filter = 30;
inline constexpr std::uint32_t map_type_user_ringbuf = 31;
inline constexpr std::uint32_t map_type_cgrp_storage = 32;  // 6.2
inline constexpr std::uint32_t map_type_arena = 33;         // 6.9
inline constexpr std::uint32_t map_type_insn_array = 34;    // 6.19
inline constexpr std::uint32_t map_type_rhash = 35;         // 7.2

// Creation flags (bpf_attr.map_flags).
inline constexpr std::uint32_t f_no_prealloc = 1U << 0;
inline constexpr std::uint32_t f_no_common_lru = 1U << 1;
inline constexpr std::uint32_t f_numa_node = 1U << 2;
inline constexpr std::uint32_t f_rdonly = 1U << 3;
inline constexpr std::uint32_t f_wronly = 1U << 4;
inline constexpr std::uint32_t f_stack_build_id = 1U << 5;
inline constexpr std::uint32_t f_zero_seed = 1U << 6;
inline constexpr std::uint32_t f_rdonly_prog = 1U << 7;  // 5.2
inline constexpr std::uint32_t f_wronly_prog = 1U << 8;  // 5.2
inline constexpr std::uint32_t f_clone = 1U << 9;
inline constexpr std::uint32_t f_mmapable = 1U << 10;          // 5.5
inline constexpr std::uint32_t f_preserve_elems = 1U << 11;    // 5.10
inline constexpr std::uint32_t f_inner_map = 1U << 12;         // 5.10
inline constexpr std::uint32_t f_link = 1U << 13;              // 6.4
inline constexpr std::uint32_t f_path_fd = 1U << 14;           // 6.5, BPF_OBJ_PIN and BPF_OBJ_GET
inline constexpr std::uint32_t f_vtype_btf_obj_fd = 1U << 15;  // 6.9
inline constexpr std::uint32_t f_token_fd = 1U << 16;          // 6.9
inline constexpr std::uint32_t f_segv_on_fault = 1U << 17;     // 6.9
inline constexpr std::uint32_t f_no_user_conv = 1U << 18;      // 6.9
inline constexpr std::uint32_t f_rb_overwrite = 1U << 19;      // 6.19

// Element flags (bpf_attr.flags).
inline constexpr std::uint64_t f_any = 0;
inline constexpr std::uint64_t f_noexist = 1;
inline constexpr std::uint64_t f_exist = 2;
inline constexpr std::uint64_t f_lock = 4;       // 5.1
inline constexpr std::uint64_t f_cpu = 8;        // 7.0, the CPU's number in bits 32 to 63
inline constexpr std::uint64_t f_all_cpus = 16;  // 7.0

/// The kernel-internal ENOTSUPP, which bpf(2) returns and <errno.h> does not name.
inline constexpr int enotsupp = 524;

/// BPF_OBJ_NAME_LEN: the longest map name is one byte less, for the terminating NUL.
inline constexpr std::size_t obj_name_len = 16;

/// Attributes of map_delete_elem, which has no flags and refuses any byte after its key.
struct KeyAttr {
  std::uint32_t map_fd;
  std::uint32_t unused;
  alignas(8) std::uint64_t key;
};

/// Attributes of map_get_next_key.
struct NextKeyAttr {
  std::uint32_t map_fd;
  std::uint32_t unused;
  alignas(8) std::uint64_t key;
  alignas(8) std::uint64_t next_key;
};

/// Attributes of the other commands on one element.
struct ElementAttr {
  std::uint32_t map_fd;
  std::uint32_t unused;
  alignas(8) std::uint64_t key;
  alignas(8) std::uint64_t value;
  alignas(8) std::uint64_t flags;
};

/// Attributes of the batch commands (5.6); the kernel writes `count`.
struct BatchAttr {
  alignas(8) std::uint64_t in_batch;
  alignas(8) std::uint64_t out_batch;
  alignas(8) std::uint64_t keys;
  alignas(8) std::uint64_t values;
  std::uint32_t count;
  std::uint32_t map_fd;
  alignas(8) std::uint64_t elem_flags;
  alignas(8) std::uint64_t flags;
};

/// Attributes of obj_pin and obj_get, up to file_flags (4.15).
struct ObjectAttr {
  alignas(8) std::uint64_t pathname;
  std::uint32_t fd;
  std::uint32_t file_flags;
};

/// Attributes of map_get_next_id, map_get_fd_by_id and btf_get_fd_by_id; the kernel writes
/// `next_id`.
struct IdAttr {
  std::uint32_t id;
  std::uint32_t next_id;
  std::uint32_t open_flags;
};

/// Attributes of obj_get_info_by_fd; the kernel writes `info_len`.
struct InfoAttr {
  std::uint32_t fd;
  std::uint32_t info_len;
  alignas(8) std::uint64_t info;
};

/// Attributes of iter_create (5.8).
struct IterCreateAttr {
  std::uint32_t link_fd;
  std::uint32_t flags;
};

/// Attributes of prog_load, up to func_info_cnt (5.0).
struct ProgLoadAttr {
  std::uint32_t prog_type;
  std::uint32_t insn_cnt;
  alignas(8) std::uint64_t insns;
  alignas(8) std::uint64_t license;
  std::uint32_t log_level;
  std::uint32_t log_size;
  alignas(8) std::uint64_t log_buf;
  std::uint32_t kern_version;
  std::uint32_t prog_flags;
  char prog_name[obj_name_len];
  std::uint32_t prog_ifindex;
  std::uint32_t expected_attach_type;
  std::uint32_t prog_btf_fd;
  std::uint32_t func_info_rec_size;
  alignas(8) std::uint64_t func_info;
  std::uint32_t func_info_cnt;
  std::uint32_t line_info_rec_size;
};

/// Attributes of prog_test_run, up to ctx_out (5.2); the kernel writes `retval`.
struct TestRunAttr {
  std::uint32_t prog_fd;
  std::uint32_t retval;
  std::uint32_t data_size_in;
  std::uint32_t data_size_out;
  alignas(8) std::uint64_t data_in;
  alignas(8) std::uint64_t data_out;
  std::uint32_t repeat;
  std::uint32_t duration;
  std::uint32_t ctx_size_in;
  std::uint32_t ctx_size_out;
  alignas(8) std::uint64_t ctx_in;
  alignas(8) std::uint64_t ctx_out;
};

inline constexpr std::uint32_t prog_type_cgroup_skb = 8;    // 4.10
inline constexpr std::uint32_t prog_type_syscall = 31;      // 5.14
inline constexpr std::uint32_t prog_f_sleepable = 1U << 4;  // 5.10

/// Attributes of btf_load, up to btf_token_fd (6.9).
struct BtfLoadAttr {
  alignas(8) std::uint64_t btf;
  alignas(8) std::uint64_t log_buf;
  std::uint32_t btf_size;
  std::uint32_t log_size;
  std::uint32_t log_level;
  std::uint32_t log_true_size;
  std::uint32_t flags;
  std::uint32_t token_fd;
};

/// The BTF info that BPF_OBJ_GET_INFO_BY_FD reads and writes, up to `id` (4.18).
struct BtfInfoData {
  alignas(8) std::uint64_t btf;
  std::uint32_t btf_size;
  std::uint32_t id;
};

/// Attributes of BPF_MAP_CREATE, complete up to 6.18: `union bpf_attr` of Linux 6.1 ends at
/// map_extra.
/// The fourth argument of bpf(2), when the command has the bit common_attrs (7.2).
struct CommonAttr {
  std::uint64_t log_buf;
  std::uint32_t log_size;
  std::uint32_t log_level;
  std::uint32_t log_true_size;
  std::uint32_t reserved;
};
inline constexpr std::uint32_t common_attrs = 1U << 16;

struct MapCreateAttr {
  std::uint32_t map_type;
  std::uint32_t key_size;
  std::uint32_t value_size;
  std::uint32_t max_entries;
  std::uint32_t map_flags;
  std::uint32_t inner_map_fd;
  std::uint32_t numa_node;
  char map_name[obj_name_len];
  std::uint32_t map_ifindex;
  std::uint32_t btf_fd;
  std::uint32_t btf_key_type_id;
  std::uint32_t btf_value_type_id;
  std::uint32_t btf_vmlinux_value_type_id;
  alignas(8) std::uint64_t map_extra;       // 5.16
  std::int32_t value_type_btf_obj_fd;       // 6.9
  std::int32_t map_token_fd;                // 6.9
  alignas(8) std::uint64_t excl_prog_hash;  // 6.18
  std::uint32_t excl_prog_hash_size;        // 6.18
};

/// The map info that BPF_OBJ_GET_INFO_BY_FD writes, up to `map_extra` (5.16). An older kernel
/// writes a prefix.
struct MapInfoData {
  std::uint32_t type;
  std::uint32_t id;
  std::uint32_t key_size;
  std::uint32_t value_size;
  std::uint32_t max_entries;
  std::uint32_t map_flags;
  char name[obj_name_len];
  std::uint32_t ifindex;
  std::uint32_t btf_vmlinux_value_type_id;
  alignas(8) std::uint64_t netns_dev;
  alignas(8) std::uint64_t netns_ino;
  std::uint32_t btf_id;
  std::uint32_t btf_key_type_id;
  std::uint32_t btf_value_type_id;
  std::uint32_t btf_vmlinux_id;        // 6.7
  alignas(8) std::uint64_t map_extra;  // 5.16
};

}  // namespace bpfmap::inline v0::sys
