// SPDX-License-Identifier: MIT
// Conditions on the call, its arguments, the map, the process and the kernel.
#include "questions.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>

#include "../map/proc_fd.hpp"
#include "../map/sets.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr auto noexist = to_underlying(UpdateFlags::noexist);
constexpr auto exist = to_underlying(UpdateFlags::exist);
constexpr auto lock = to_underlying(UpdateFlags::lock);

constexpr std::uint64_t any_cpu = cpu_flags(0xFFFF'FFFF);

// The flags without the lock, and without the CPU of a call that named one.
std::uint64_t condition_flags(const Failure& failure) {
  return failure.record.flags & ~(lock | (condition::asked_cpu(failure) ? any_cpu : 0));
}

std::uint64_t prefix_bits(const MapInfo& info) {
  return info.key_size < 4 ? 0 : (std::uint64_t{info.key_size} - 4) * 8;
}

std::optional<bool> is_frozen(const Failure& failure) {
  if (failure.record.frozen) return failure.record.frozen;
  const int fd = descriptor_of_map(failure);
  const auto frozen = fd < 0 ? std::nullopt : FdInfo{fd}.number("frozen");
  return frozen ? std::optional{*frozen != 0} : std::nullopt;
}

}  // namespace

int descriptor_of_map(const Failure& failure) {
  const FailureRecord& record = failure.record;
  if (!record.has_map || record.fd < 0 || record.info.id == 0) return -1;
  sys::MapInfoData data{};
  const bool same = sys::map_get_info_by_fd(record.fd, data) >= 0 && data.id == record.info.id;
  return same ? record.fd : -1;
}

std::uint32_t leading_u32(BytesView bytes) {
  std::uint32_t number = 0;
  if (bytes.data() != nullptr)
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

namespace condition {

bool asked_noexist(const Failure& failure) { return condition_flags(failure) == noexist; }
bool asked_exist(const Failure& failure) { return condition_flags(failure) == exist; }
bool asked_both(const Failure& failure) { return condition_flags(failure) == (noexist | exist); }
bool asked_unknown_flags(const Failure& failure) {
  const std::uint64_t known = updates.contains(failure.operation) ? noexist | exist : 0;
  return (condition_flags(failure) & ~known) != 0;
}
bool asked_lock(const Failure& failure) { return (failure.record.flags & lock) != 0; }
bool asked_lock_without_btf(const Failure& failure) {
  return asked_lock(failure) && failure.record.has_map && failure.info.btf_id == 0;
}
// The bit alone is no CPU: it may be one of many unknown ones.
bool asked_cpu(const Failure& failure) {
  const std::uint64_t flags = failure.record.flags;
  return percpu_types.contains(failure.info.type) && (flags & sys::f_cpu) != 0 &&
         (flags & ~(any_cpu | noexist | exist | lock)) == 0;
}
bool asked_cpu_too_early(const Failure& failure) {
  return asked_cpu(failure) && kernel_is_before("7.0");
}

bool mode_given(const Failure& failure) { return failure.record.flags != 0; }

bool key_known(const Failure& failure) { return failure.record.key.size != 0; }
bool value_known(const Failure& failure) { return failure.record.value.kept != 0; }
bool value_given(const Failure& failure) { return failure.record.value.size != 0; }
bool count_known(const Failure& failure) { return failure.record.count.has_value(); }
bool count_is_no_power_of_two(const Failure& failure) {
  return count_known(failure) && !std::has_single_bit(*failure.record.count);
}
bool index_known(const Failure& failure) { return failure.record.key.kept >= 4; }
bool index_too_large(const Failure& failure) {
  return index_known(failure) && leading_u32(failure.record.key.view()) >= failure.info.max_entries;
}
bool prefix_too_long(const Failure& failure) {
  return index_known(failure) && leading_u32(failure.record.key.view()) > prefix_bits(failure.info);
}
bool small_values(const Failure& failure) { return failure.info.value_size == 4; }
bool small_values_and_program(const Failure& failure) {
  return small_values(failure) && failure.record.value.size == 8;
}

bool has_map(const Failure& failure) { return failure.record.has_map; }
bool closed(const Failure& failure) { return failure.record.descriptor == DescriptorState::closed; }
bool not_a_map(const Failure& failure) {
  return failure.record.descriptor == DescriptorState::other;
}
bool read_only(const Failure& failure) { return failure.record.access == Access::read_only; }
bool write_only(const Failure& failure) { return failure.record.access == Access::write_only; }
bool not_read_write(const Failure& failure) { return read_only(failure) || write_only(failure); }
bool frozen(const Failure& failure) { return is_frozen(failure).value_or(false); }
bool may_be_frozen(const Failure& failure) {
  return descriptor_of_map(failure) >= 0 && !is_frozen(failure);
}
bool programs_only_read(const Failure& failure) {
  return has(failure.info.flags, MapFlags::rdonly_prog);
}
bool overwrites_records(const Failure& failure) {
  return has(failure.info.flags, MapFlags::rb_overwrite);
}
bool holds_build_ids(const Failure& failure) {
  return has(failure.info.flags, MapFlags::stack_build_id);
}
bool type_lacks_take(const Failure& failure) {
  const MapTypeTraits* const traits = traits_of(failure.info.type);
  return traits != nullptr && !traits->has_command(MapCommands::lookup_and_delete);
}

bool lacks_privilege(const Failure& failure) { return !missing_privilege(failure).empty(); }
bool has_privilege(const Failure& failure) { return holds_needed_privilege(failure); }
bool lacks_perfmon(const Failure&) {
  return holds(cap_perfmon) == false && holds(cap_sys_admin) == false;
}
bool pages_need_ipc_lock(const Failure& failure) {
  return count_known(failure) && holds(cap_ipc_lock) == false;
}
bool locks_memory(const Failure&) {
  std::ifstream file{"/proc/self/status"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmLck:")) return line.find_first_of("123456789") != std::string::npos;
  return false;
}
bool memlock_counts(const Failure&) {
  rlimit limit{};
  return kernel_is_before("5.11") && ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
         limit.rlim_cur != RLIM_INFINITY;
}
bool perf_output_too_early(const Failure& failure) {
  return index_known(failure) && kernel_is_before("4.7");
}
bool seccomp_hides_bpf(const Failure&) { return seccomp_filters() && kernel_has_bpf() == true; }
bool kernel_lacks_bpf(const Failure&) { return kernel_has_bpf() == false; }

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
