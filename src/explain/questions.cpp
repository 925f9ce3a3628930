// SPDX-License-Identifier: MIT
#include "questions.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "../map/pins.hpp"
#include "../map/sets.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "bpfmap/sys/unique_fd.hpp"
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

// The map's descriptor while it still refers to that map; else -1.
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

// The path; empty when the record holds only a part of it.
std::string path_of(const Failure& failure) {
  const auto& subject = failure.record.subject;
  return subject.is_whole() ? std::string{subject.view()} : std::string{};
}

std::string folder_of_path(const Failure& failure) {
  const std::string path = path_of(failure);
  return path.empty() ? std::string{} : folder_part(path);
}

// The first four bytes of the key or the value as a descriptor; nullopt when they are not known.
std::optional<int> key_descriptor(const Failure& failure) {
  if (!condition::index_known(failure)) return std::nullopt;
  return static_cast<int>(leading_u32(failure.record.key.view()));
}
std::optional<int> value_descriptor(const Failure& failure) {
  if (failure.record.value.kept < 4) return std::nullopt;
  return static_cast<int>(leading_u32(failure.record.value.view()));
}

bool is_closed(std::optional<int> fd) { return fd && ::fcntl(*fd, F_GETFD) < 0 && errno == EBADF; }

std::string value_target(const Failure& failure) {
  const auto fd = value_descriptor(failure);
  return fd ? descriptor_target(*fd) : std::string{};
}

bool is_no_cgroup(std::optional<int> fd) {
  struct statfs fs{};
  return is_closed(fd) || (fd && ::fstatfs(*fd, &fs) == 0 && fs.f_type != CGROUP2_SUPER_MAGIC);
}

// /proc marks the path of a removed folder.
bool is_removed(std::optional<int> fd) {
  return fd && descriptor_target(*fd).ends_with(" (deleted)");
}

// A number of a socket option; nullopt when `fd` has no such option.
std::optional<int> socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? std::optional{value}
                                                                  : std::nullopt;
}

bool is_unbound(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  std::uint16_t port = 1;
  if (address.ss_family == AF_INET) port = reinterpret_cast<const sockaddr_in&>(address).sin_port;
  if (address.ss_family == AF_INET6)
    port = reinterpret_cast<const sockaddr_in6&>(address).sin6_port;
  return port == 0;
}

// The descriptor of the program in a value of a devmap or a cpumap, after the number; 0: none.
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
// show it.
std::optional<bool> has_type_of_owner(const Failure& failure) {
  if (value_target(failure) != program_target) return std::nullopt;
  const int program = static_cast<int>(leading_u32(failure.record.value.view()));
  const auto type = fdinfo_number(program, "prog_type");
  const auto wanted = fdinfo_number(descriptor_of_map(failure), "owner_prog_type");
  return type && wanted ? std::optional{*type == *wanted} : std::nullopt;
}

// Whether the program in the value is an XDP program; nullopt when it is none, or /proc does not
// show it.
std::optional<bool> is_xdp(const Failure& failure) {
  const int program = program_of(failure);
  if (program == 0 || descriptor_target(program) != program_target) return std::nullopt;
  const auto type = fdinfo_number(program, "prog_type");
  constexpr std::uint64_t xdp = 6;  // BPF_PROG_TYPE_XDP
  return type ? std::optional{*type == xdp} : std::nullopt;
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

bool no_path(const Failure& failure) { return failure.record.subject.size == 0; }
bool path_known(const Failure& failure) { return !no_path(failure); }
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
bool symbolic_link(const Failure& failure) { return is_link(path_of(failure)); }
bool reserved_name(const Failure& failure) {
  const std::string path = path_of(failure);
  return std::string_view{path}.substr(path.find_last_of('/') + 1) == temporary_pin;
}
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
         folder.st_uid != ::geteuid() && file.st_uid != ::geteuid() && holds(cap_fowner) == false;
}
bool path_is_closed(const Failure& failure) {
  struct stat status{};
  const std::string path = path_of(failure);
  return !path.empty() && ::stat(path.c_str(), &status) != 0 && errno == EACCES;
}
bool file_is_closed(const Failure& failure) {
  const std::string path = path_of(failure);
  const Access access = failure.record.access.value_or(Access::read_write);
  const int mode =
      (access == Access::write_only ? 0 : R_OK) | (access == Access::read_only ? 0 : W_OK);
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) != 0 && errno == EACCES;
}
bool pin_is_unreadable(const Failure& failure) {
  const std::string path = path_of(failure);
  const auto refuses = [&path](int mode) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) != 0 && errno == EACCES;
  };
  return refuses(R_OK) && refuses(W_OK);
}
bool pin_is_no_map(const Failure& failure) {
  const std::string path = path_of(failure);
  for (const std::uint32_t flags : {0U, sys::f_rdonly, sys::f_wronly}) {
    const sys::UniqueFd fd{sys::obj_get(path.c_str(), flags)};
    if (fd) return is_other(descriptor_target(fd.get()), map_target);
  }
  return false;
}
bool descriptor_is_no_map(const Failure& failure) {
  const std::string number = path_of(failure);
  int fd = -1;
  std::from_chars(number.data(), number.data() + number.size(), fd);
  return is_other(descriptor_target(fd), map_target);
}

bool key_is_closed(const Failure& failure) { return is_closed(key_descriptor(failure)); }
bool key_is_no_socket(const Failure& failure) {
  const auto fd = key_descriptor(failure);
  return is_closed(fd) || (fd && !descriptor_target(*fd).starts_with("socket:"));
}
// "anon_inode:[pidfd]", since Linux 6.9 "pidfd:[7]".
bool key_is_no_pidfd(const Failure& failure) {
  const auto fd = key_descriptor(failure);
  return is_closed(fd) || (fd && descriptor_target(*fd).find("pidfd") == std::string::npos);
}
bool key_is_no_cgroup(const Failure& failure) { return is_no_cgroup(key_descriptor(failure)); }
bool key_cgroup_is_gone(const Failure& failure) { return is_removed(key_descriptor(failure)); }
bool task_is_gone(const Failure& failure) {
  const auto fd = key_descriptor(failure);
  return fd && fdinfo_field(*fd, "Pid") == "-1";
}

bool value_is_closed(const Failure& failure) { return is_closed(value_descriptor(failure)); }
bool value_is_closed_or_no_perf_event(const Failure& failure) {
  return value_is_closed(failure) || value_is_no_perf_event(failure);
}
bool value_is_no_cgroup(const Failure& failure) { return is_no_cgroup(value_descriptor(failure)); }
bool value_cgroup_is_gone(const Failure& failure) { return is_removed(value_descriptor(failure)); }
bool socket_is_no_reuseport(const Failure& failure) {
  const auto fd = value_descriptor(failure);
  return fd &&
         (socket_option(*fd, SO_REUSEPORT) == 0 || is_unbound(*fd) ||
          (socket_option(*fd, SO_TYPE) == SOCK_STREAM && socket_option(*fd, SO_ACCEPTCONN) == 0));
}
bool socket_has_ulp(const Failure& failure) {
  std::array<char, 16> name{};
  socklen_t size = name.size();
  const auto fd = value_descriptor(failure);
  return fd && ::getsockopt(*fd, IPPROTO_TCP, TCP_ULP, name.data(), &size) == 0 && size > 0;
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
bool program_is_closed(const Failure& failure) {
  return has_program(failure) && is_closed(program_of(failure));
}
bool program_is_xdp(const Failure& failure) { return is_xdp(failure) == true; }
bool program_is_not_xdp(const Failure& failure) { return is_xdp(failure) == false; }

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
