// SPDX-License-Identifier: MIT
// The questions that tell the causes of an errno apart, and the {placeholders} of the texts. A
// question answers yes when the fact is established. Private to src/explain/.
//
//   explain.cpp         puts Error::what() together
//   causes.cpp          the tables: what an errno means for an operation on a type of map
//   element_causes.cpp  the tables of keys, values, flags and buffers
//   misuses.cpp         the table of what bpfmap itself refuses
//   create.cpp          holds a MapSpec against the tables of map/creation.cpp and
//   creation_rules.cpp inner.cpp           in what an inner map differs from the others
//   privilege.cpp       which privilege is missing
//   system.cpp          what this process may do, and what the kernel is
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../map/failure.hpp"

namespace bpfmap::inline v0::detail {

/// `text` with every {placeholder} filled in.
[[nodiscard]] std::string fill(std::string_view text, const Failure& failure);

/// The privilege that the call lacks, and how that is known; empty when it lacks none.
[[nodiscard]] std::string missing_privilege(const Failure& failure);
/// The capabilities that the call needs, as in "CAP_BPF and CAP_NET_ADMIN"; empty: none.
[[nodiscard]] std::string needed_privilege(const Failure& failure);

/// The first four bytes of a key or a value: an index, a prefix length, a descriptor.
[[nodiscard]] std::uint32_t leading_u32(BytesView bytes);
/// The part of `path` behind the last '/' in front; "." when there is none.
[[nodiscard]] std::string folder_part(std::string_view path);
/// The first part of the path that has a '.' and lies in a bpffs; empty when there is none.
[[nodiscard]] std::string dotted_part(std::string_view path);

namespace condition {

inline bool always(const Failure&) { return true; }

// The flags that came with the call, BPF_F_LOCK and a CPU aside.
bool asked_noexist(const Failure& failure);
bool asked_exist(const Failure& failure);
bool asked_both(const Failure& failure);
bool asked_unknown_flags(const Failure& failure);
bool asked_lock(const Failure& failure);
bool asked_lock_without_btf(const Failure& failure);
bool asked_cpu(const Failure& failure);
bool asked_cpu_too_early(const Failure& failure);

// What the caller gave.
bool key_known(const Failure& failure);
bool value_known(const Failure& failure);  // its bytes
bool value_given(const Failure& failure);  // its size
bool count_known(const Failure& failure);
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

// The process.
bool lacks_privilege(const Failure& failure);
bool has_privilege(const Failure& failure);
bool lacks_perfmon(const Failure& failure);
bool lacks_ipc_lock(const Failure& failure);
bool locks_memory(const Failure& failure);
bool memlock_counts(const Failure& failure);
bool in_user_namespace(const Failure& failure);

// The path.
bool no_path(const Failure& failure);
bool not_on_bpffs(const Failure& failure);
bool is_directory(const Failure& failure);
bool dotted(const Failure& failure);
bool no_folder(const Failure& failure);
bool folder_is_closed(const Failure& failure);
bool folder_is_sticky(const Failure& failure);
bool file_is_closed(const Failure& failure);

// The value: a descriptor, a device's number, a queue size.
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
bool program_is_not_xdp(const Failure& failure);

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
