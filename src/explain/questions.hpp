// SPDX-License-Identifier: MIT
// The conditions of the rows, and the {placeholders} of their texts. A condition returns true only
// when the fact was established. Private to src/explain/.
//
//   questions.cpp       conditions on the call, the map, the process and the kernel;
//                       path_questions.cpp and descriptor_questions.cpp: on paths and descriptors
//   explain.cpp         composes Error::what()
//   causes.cpp          tables: the meaning of an errno for an operation on a map type
//   element_causes.cpp  tables for keys, values, flags and buffers
//   misuses.cpp         the table of refusals by bpfmap
//   create.cpp          compares a MapSpec with the tables in src/map/
//   inner.cpp           how an inner map differs from the others
//   privilege.cpp       the missing privilege
//   system.cpp          the rights of this process, its descriptors, and the kernel
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../map/failure.hpp"

namespace bpfmap::inline v0::detail {

/// Returns `text` with every {placeholder} filled in.
[[nodiscard]] std::string fill(std::string_view text, const Failure& failure);

/// Returns the privilege that the call lacks, as a sentence; empty when it lacks none.
[[nodiscard]] std::string missing_privilege(const Failure& failure);
/// Returns the capabilities that the call needs, as in "CAP_BPF and CAP_NET_ADMIN"; empty: none.
[[nodiscard]] std::string needed_privilege(const Failure& failure);
/// Whether the call needs capabilities, and this process has them in the initial user namespace.
[[nodiscard]] bool holds_needed_privilege(const Failure& failure);

/// Returns the first four bytes of a key or a value: an index, a prefix length, a descriptor.
[[nodiscard]] std::uint32_t leading_u32(BytesView bytes);
/// Returns the map's descriptor while it still refers to that map; else -1.
[[nodiscard]] int descriptor_of_map(const Failure& failure);
/// Returns `path` up to its last '/'; "." when it has none.
[[nodiscard]] std::string folder_part(std::string_view path);
/// Returns the first part of the path that has a '.' and is on a bpffs; empty when there is none.
[[nodiscard]] std::string dotted_part(std::string_view path);

namespace condition {

inline bool always(const Failure&) { return true; }

// The flags of the call, without BPF_F_LOCK and a CPU.
bool asked_noexist(const Failure& failure);
bool asked_exist(const Failure& failure);
bool asked_both(const Failure& failure);
bool asked_unknown_flags(const Failure& failure);
bool asked_lock(const Failure& failure);
bool asked_lock_without_btf(const Failure& failure);
bool asked_cpu(const Failure& failure);
bool asked_cpu_too_early(const Failure& failure);
bool mode_given(const Failure& failure);  // of a pin or its folders

// The arguments of the call.
bool key_known(const Failure& failure);
bool value_known(const Failure& failure);  // its bytes
bool value_given(const Failure& failure);  // its size
bool count_known(const Failure& failure);
bool count_is_no_power_of_two(const Failure& failure);
bool index_known(const Failure& failure);  // the first four bytes of the key
bool index_too_large(const Failure& failure);
bool prefix_too_long(const Failure& failure);
bool small_values(const Failure& failure);
bool small_values_and_program(const Failure& failure);

// The map's descriptor when the call failed, and the map now.
bool has_map(const Failure& failure);
bool closed(const Failure& failure);
bool not_a_map(const Failure& failure);
bool read_only(const Failure& failure);
bool write_only(const Failure& failure);
bool not_read_write(const Failure& failure);
bool frozen(const Failure& failure);
bool may_be_frozen(const Failure& failure);
bool programs_only_read(const Failure& failure);
bool overwrites_records(const Failure& failure);
bool holds_build_ids(const Failure& failure);
bool type_lacks_take(const Failure& failure);

// The process and the kernel.
bool lacks_privilege(const Failure& failure);
bool has_privilege(const Failure& failure);
bool lacks_perfmon(const Failure& failure);
bool pages_need_ipc_lock(const Failure& failure);
bool perf_output_too_early(const Failure& failure);
bool seccomp_hides_bpf(const Failure& failure);
bool kernel_lacks_bpf(const Failure& failure);
bool locks_memory(const Failure& failure);
bool memlock_counts(const Failure& failure);

// The path, or the descriptor that is opened.
bool no_path(const Failure& failure);
bool path_known(const Failure& failure);
bool path_is_closed(const Failure& failure);
bool pin_is_unreadable(const Failure& failure);
bool pin_is_no_map(const Failure& failure);
bool descriptor_is_no_map(const Failure& failure);
bool not_on_bpffs(const Failure& failure);
bool is_directory(const Failure& failure);
bool dotted(const Failure& failure);
bool symbolic_link(const Failure& failure);
bool reserved_name(const Failure& failure);
bool no_folder(const Failure& failure);
bool folder_is_closed(const Failure& failure);
bool folder_is_sticky(const Failure& failure);
bool file_is_closed(const Failure& failure);

// The key: a descriptor.
bool key_is_closed(const Failure& failure);
bool key_is_no_socket(const Failure& failure);
bool key_is_no_pidfd(const Failure& failure);
bool key_is_no_cgroup(const Failure& failure);
bool key_cgroup_is_gone(const Failure& failure);
bool task_is_gone(const Failure& failure);

// The value: a descriptor, a device's number, a queue size.
bool value_is_closed(const Failure& failure);
bool value_is_closed_or_no_perf_event(const Failure& failure);
bool value_is_no_cgroup(const Failure& failure);
bool value_cgroup_is_gone(const Failure& failure);
bool socket_is_no_reuseport(const Failure& failure);
bool socket_has_ulp(const Failure& failure);
bool value_is_map(const Failure& failure);
bool value_is_no_map(const Failure& failure);
bool value_is_no_program(const Failure& failure);
bool value_is_other_program(const Failure& failure);
bool value_is_same_program(const Failure& failure);
bool value_is_no_perf_event(const Failure& failure);
bool number_is_0(const Failure& failure);
bool no_such_device(const Failure& failure);
bool has_program(const Failure& failure);
bool program_is_none(const Failure& failure);
bool program_is_closed(const Failure& failure);
bool program_is_xdp(const Failure& failure);
bool program_is_not_xdp(const Failure& failure);

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
