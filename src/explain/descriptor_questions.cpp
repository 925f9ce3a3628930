// SPDX-License-Identifier: MIT
// Conditions on the descriptors, devices and programs in a key or a value.
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>

#include "../map/proc_fd.hpp"
#include "questions.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

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
constexpr std::string_view perf_event_target = "anon_inode:[perf_event]";

// Whether the program in the value has the type of those in the map; nullopt when /proc does not
// show it.
std::optional<bool> has_type_of_owner(const Failure& failure) {
  if (value_target(failure) != program_target) return std::nullopt;
  const int program = static_cast<int>(leading_u32(failure.record.value.view()));
  const auto type = FdInfo{program}.number("prog_type");
  const auto wanted = FdInfo{descriptor_of_map(failure)}.number("owner_prog_type");
  return type && wanted ? std::optional{*type == *wanted} : std::nullopt;
}

// Whether the program in the value is an XDP program; nullopt when it is none, or /proc does not
// show it.
std::optional<bool> is_xdp(const Failure& failure) {
  const int program = program_of(failure);
  if (program == 0 || descriptor_target(program) != program_target) return std::nullopt;
  const auto type = FdInfo{program}.number("prog_type");
  constexpr std::uint64_t xdp = 6;  // BPF_PROG_TYPE_XDP
  return type ? std::optional{*type == xdp} : std::nullopt;
}

}  // namespace

namespace condition {

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
  return fd && FdInfo{*fd}.field("Pid") == "-1";
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
