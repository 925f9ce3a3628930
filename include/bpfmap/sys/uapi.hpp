// SPDX-License-Identifier: MIT
// The kernel's numbers that the build machine's <linux/bpf.h> may be too old to know, each with the
// kernel that brought it. Layer 0.
//
// The oldest headers built against are Linux 6.1 (Debian 12); a newer kernel's features work all
// the same. Enumerators cannot be detected by the preprocessor, so these are the project's own
// constants.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>

namespace bpfmap::inline v0::sys {

// Map types (enum bpf_map_type).
inline constexpr std::uint32_t map_type_cgrp_storage = 32;  // 6.2
inline constexpr std::uint32_t map_type_arena = 33;         // 6.9
inline constexpr std::uint32_t map_type_insn_array = 34;    // 6.19
inline constexpr std::uint32_t map_type_rhash = 35;         // 7.2

// Creation flags (bpf_attr.map_flags).
inline constexpr std::uint32_t f_link = 1U << 13;              // 6.4
inline constexpr std::uint32_t f_path_fd = 1U << 14;           // 6.5, BPF_OBJ_PIN and BPF_OBJ_GET
inline constexpr std::uint32_t f_vtype_btf_obj_fd = 1U << 15;  // 6.9
inline constexpr std::uint32_t f_token_fd = 1U << 16;          // 6.9
inline constexpr std::uint32_t f_segv_on_fault = 1U << 17;     // 6.9
inline constexpr std::uint32_t f_no_user_conv = 1U << 18;      // 6.9
inline constexpr std::uint32_t f_rb_overwrite = 1U << 19;      // 6.19

// Element flags (bpf_attr.flags).
inline constexpr std::uint64_t f_cpu = 8;        // 7.0, the CPU's number in bits 32 to 63
inline constexpr std::uint64_t f_all_cpus = 16;  // 7.0

/// The kernel-internal ENOTSUPP, which leaks out of bpf(2) and has no name in <errno.h>.
inline constexpr int enotsupp = 524;

/// BPF_OBJ_NAME_LEN: the longest map name is one byte less, for the terminating NUL.
inline constexpr std::size_t obj_name_len = 16;

/// What BPF_MAP_CREATE reads, whole up to 6.18: `union bpf_attr` of Linux 6.1 ends at map_extra.
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
  std::uint64_t map_extra;             // 5.16
  std::int32_t value_type_btf_obj_fd;  // 6.9
  std::int32_t map_token_fd;           // 6.9
  std::uint64_t excl_prog_hash;        // 6.18
  std::uint32_t excl_prog_hash_size;   // 6.18
};
static_assert(offsetof(MapCreateAttr, map_name) == offsetof(bpf_attr, map_name));
static_assert(offsetof(MapCreateAttr, btf_vmlinux_value_type_id) ==
              offsetof(bpf_attr, btf_vmlinux_value_type_id));
static_assert(offsetof(MapCreateAttr, map_extra) == offsetof(bpf_attr, map_extra));

/// What BPF_OBJ_GET_INFO_BY_FD tells of a map, up to `map_extra` (5.16): every kernel since fills a
/// prefix.
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
  std::uint64_t netns_dev;
  std::uint64_t netns_ino;
  std::uint32_t btf_id;
  std::uint32_t btf_key_type_id;
  std::uint32_t btf_value_type_id;
  std::uint32_t btf_vmlinux_id;  // 6.7
  std::uint64_t map_extra;       // 5.16
};
static_assert(offsetof(MapInfoData, btf_value_type_id) ==
              offsetof(bpf_map_info, btf_value_type_id));
static_assert(offsetof(MapInfoData, map_extra) == offsetof(bpf_map_info, map_extra));

}  // namespace bpfmap::inline v0::sys
