// SPDX-License-Identifier: MIT
// One failed call, and the questions that tell its causes apart. Private to src/map/.
//
//   explain.cpp         puts Error::what() together
//   causes.cpp          the table: what an errno means for an operation on a type of map
//   misuses.cpp         the same for an Errc
//   explain_create.cpp  holds a MapSpec against the tables of creation.cpp and creation_rules.cpp
//   failure.cpp         the questions, and the {placeholders} of the texts
//   privilege.cpp       which capability is missing
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0::detail {

/// Everything that is known of one failed call.
struct Failure {
  Operation operation;
  int error;            ///< an errno or an Errc
  const MapInfo& info;  ///< of the map, or what was to be created; all zero when there is neither
  const Map* map = nullptr;       ///< when there is one
  const MapSpec* spec = nullptr;  ///< of what was to be created
  BytesView key = {};             ///< as given; empty when it is not known
  BytesView value = {};           ///< the same
  std::uint64_t flags = 0;
  std::optional<std::size_t> count = {};  ///< of the values given, when they were counted
  /// The path, id or descriptor that was to be opened; the path of a pin.
  std::string_view subject = {};
};

/// A question about a failure. May ask the kernel and /proc: the call has failed already.
using Condition = bool (*)(const Failure&);

/// The text of the first row that fits, placeholders filled in.
[[nodiscard]] std::string cause_of(const Failure& failure);

/// "hash", or "type 70" when it is newer than this library.
[[nodiscard]] std::string type_name(MapType type);
/// "'flows' (id 7, hash, key_size 8, value_size 16, max_entries 65536)".
[[nodiscard]] std::string describe(const MapInfo& info);
/// "0xff".
[[nodiscard]] std::string hexadecimal(std::uint64_t bits);

/// `text` with every {placeholder} filled in.
[[nodiscard]] std::string fill(std::string_view text, const Failure& failure);

/// Which privilege is missing, as in "it takes CAP_BPF, which this process lacks".
[[nodiscard]] std::string explain_privilege(const Failure& failure);

/// "6.18.44", as uname(2) says.
[[nodiscard]] std::string kernel_release();
/// Whether the running kernel's version is below `version`, as in "6.19".
[[nodiscard]] bool kernel_is_before(std::string_view version);

namespace condition {

inline bool always(const Failure&) { return true; }
/// Whether the call came with exactly these update flags, BPF_F_LOCK aside.
bool asked_noexist(const Failure& failure);
bool asked_exist(const Failure& failure);
bool asked_both(const Failure& failure);
bool asked_lock(const Failure& failure);
/// With the number of a CPU; also: of a kernel that takes none.
bool asked_cpu(const Failure& failure);
bool asked_cpu_too_early(const Failure& failure);
bool asked_unknown_flags(const Failure& failure);
/// The caller told the key, the value, how many values there are.
bool key_known(const Failure& failure);
bool value_known(const Failure& failure);
bool count_known(const Failure& failure);
/// The key, read as an index, is not below max_entries.
bool index_too_large(const Failure& failure);
/// The key, read as an LPM trie's, has more bits than the map's keys.
bool prefix_too_long(const Failure& failure);
/// What became of the map's descriptor.
bool closed(const Failure& failure);
bool not_a_map(const Failure& failure);
bool read_only(const Failure& failure);
bool write_only(const Failure& failure);
bool frozen(const Failure& failure);
bool may_be_frozen(const Failure& failure);
/// What is at the path.
bool not_on_bpffs(const Failure& failure);
bool is_directory(const Failure& failure);
bool dotted(const Failure& failure);
bool no_path(const Failure& failure);
/// The value of a devmap or a cpumap: its number is 0, no device has its number, it names a
/// program.
bool number_is_0(const Failure& failure);
bool no_such_device(const Failure& failure);
bool has_program(const Failure& failure);
/// value_size is 4.
bool small_values(const Failure& failure);
/// Kernels before 5.11 charge maps to RLIMIT_MEMLOCK.
bool memlock_counts(const Failure& failure);

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
