// SPDX-License-Identifier: MIT
#include "questions.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

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

// What was asked of the key: without the lock, and without the CPU of a call that named one.
std::uint64_t condition_flags(const Failure& failure) {
  return failure.record.flags & ~(lock | (condition::asked_cpu(failure) ? any_cpu : 0));
}

std::uint64_t prefix_bits(const MapInfo& info) {
  return info.key_size < 4 ? 0 : (std::uint64_t{info.key_size} - 4) * 8;
}

// The descriptor, when it is still that of the map that the failure was about; else -1.
int descriptor_of_map(const Failure& failure) {
  const FailureRecord& record = failure.record;
  if (!record.has_map || record.fd < 0 || record.info.id == 0) return -1;
  sys::MapInfoData data{};
  const bool same = sys::map_get_info_by_fd(record.fd, data) >= 0 && data.id == record.info.id;
  return same ? record.fd : -1;
}

std::optional<bool> is_frozen(const Failure& failure) {
  if (failure.record.frozen) return failure.record.frozen;
  const int fd = descriptor_of_map(failure);
  const auto frozen = fd < 0 ? std::nullopt : fdinfo_number(fd, "frozen");
  return frozen ? std::optional{*frozen != 0} : std::nullopt;
}

bool is_bpffs(const std::string& folder) {
  struct statfs fs{};
  return ::statfs(folder.c_str(), &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

// The path; empty when the record holds a part of it only.
std::string path_of(const Failure& failure) {
  const auto& subject = failure.record.subject;
  return subject.is_whole() ? std::string{subject.view()} : std::string{};
}

std::string folder_of_path(const Failure& failure) {
  const std::string path = path_of(failure);
  return path.empty() ? std::string{} : folder_part(path);
}

std::string value_target(const Failure& failure) {
  if (!condition::value_known(failure)) return {};
  return descriptor_target(static_cast<int>(leading_u32(failure.record.value.view())));
}

// The program in the value of a devmap or a cpumap, behind the number.
int program_of(const Failure& failure) {
  const BytesView value = failure.record.value.view();
  return value.size() < 8 ? 0 : static_cast<int>(leading_u32(value.subspan(4)));
}

constexpr std::string_view program_target = "anon_inode:bpf-prog";
constexpr std::string_view map_target = "anon_inode:bpf-map";
constexpr std::string_view perf_event_target = "anon_inode:[perf_event]";

bool is_other(const std::string& target, std::string_view wanted) {
  return !target.empty() && target != wanted;
}

// Whether the program in the value has the type of those in the map; nullopt when /proc does not
// tell.
std::optional<bool> has_type_of_owner(const Failure& failure) {
  if (value_target(failure) != program_target) return std::nullopt;
  const int program = static_cast<int>(leading_u32(failure.record.value.view()));
  const auto type = fdinfo_number(program, "prog_type");
  const auto wanted = fdinfo_number(descriptor_of_map(failure), "owner_prog_type");
  return type && wanted ? std::optional{*type == *wanted} : std::nullopt;
}

}  // namespace

std::uint32_t leading_u32(BytesView bytes) {
  std::uint32_t number = 0;
  if (bytes.data() != nullptr)
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

std::string folder_part(std::string_view path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return std::string{path.substr(0, std::max<std::size_t>(slash, 1))};
}

std::string dotted_part(std::string_view path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    const bool dotted = part.find('.') != std::string_view::npos && part != "." && part != "..";
    if (dotted && is_bpffs(begin == 0 ? "." : std::string{path.substr(0, begin)}))
      return std::string{part};
    begin = end + 1;
  }
  return {};
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

bool key_known(const Failure& failure) { return failure.record.key.size != 0; }
bool value_known(const Failure& failure) { return failure.record.value.kept != 0; }
bool value_given(const Failure& failure) { return failure.record.value.size != 0; }
bool count_known(const Failure& failure) { return failure.record.count.has_value(); }
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

bool lacks_privilege(const Failure& failure) { return !missing_privilege(failure).empty(); }
bool has_privilege(const Failure& failure) {
  return !needed_privilege(failure).empty() && !lacks_privilege(failure);
}
bool lacks_perfmon(const Failure&) {
  return holds(cap_perfmon) == false && holds(cap_sys_admin) == false;
}
bool lacks_ipc_lock(const Failure&) { return holds(cap_ipc_lock) == false; }
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
bool in_user_namespace(const Failure&) { return is_in_user_namespace().value_or(false); }

bool no_path(const Failure& failure) { return failure.record.subject.size == 0; }
bool not_on_bpffs(const Failure& failure) {
  const std::string folder = folder_of_path(failure);
  struct statfs fs{};
  return !folder.empty() && ::statfs(folder.c_str(), &fs) == 0 && fs.f_type != BPF_FS_MAGIC;
}
bool is_directory(const Failure& failure) {
  struct stat status{};
  return ::stat(path_of(failure).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}
bool dotted(const Failure& failure) { return !dotted_part(path_of(failure)).empty(); }
bool no_folder(const Failure& failure) {
  const std::string folder = folder_of_path(failure);
  struct stat status{};
  return !folder.empty() && ::stat(folder.c_str(), &status) != 0 && errno == ENOENT;
}
bool folder_is_closed(const Failure& failure) {
  const std::string folder = folder_of_path(failure);
  return !folder.empty() && ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0 &&
         errno == EACCES;
}
bool folder_is_sticky(const Failure& failure) {
  struct stat folder{};
  struct stat file{};
  const std::string path = path_of(failure);
  return ::stat(folder_of_path(failure).c_str(), &folder) == 0 &&
         ::lstat(path.c_str(), &file) == 0 && (folder.st_mode & S_ISVTX) != 0 &&
         folder.st_uid != ::geteuid() && file.st_uid != ::geteuid();
}
bool file_is_closed(const Failure& failure) {
  const std::string path = path_of(failure);
  return ::faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) != 0 && errno == EACCES;
}

bool value_is_map(const Failure& failure) { return value_target(failure) == map_target; }
bool value_is_no_map(const Failure& failure) { return is_other(value_target(failure), map_target); }
bool value_is_no_program(const Failure& failure) {
  return is_other(value_target(failure), program_target);
}
bool value_is_other_program(const Failure& failure) { return has_type_of_owner(failure) == false; }
bool value_is_same_program(const Failure& failure) { return has_type_of_owner(failure) == true; }
bool value_is_no_perf_event(const Failure& failure) {
  return is_other(value_target(failure), perf_event_target);
}
bool number_is_0(const Failure& failure) {
  return value_known(failure) && leading_u32(failure.record.value.view()) == 0;
}
bool no_such_device(const Failure& failure) {
  std::array<char, IF_NAMESIZE> name{};
  return value_known(failure) &&
         ::if_indextoname(leading_u32(failure.record.value.view()), name.data()) == nullptr;
}
bool has_program(const Failure& failure) { return program_of(failure) != 0; }
bool program_is_none(const Failure& failure) {
  return has_program(failure) && is_other(descriptor_target(program_of(failure)), program_target);
}
bool program_is_not_xdp(const Failure& failure) {
  if (!has_program(failure) || descriptor_target(program_of(failure)) != program_target)
    return false;
  const auto type = fdinfo_number(program_of(failure), "prog_type");
  constexpr std::uint64_t xdp = 6;  // BPF_PROG_TYPE_XDP
  return type && *type != xdp;
}

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
