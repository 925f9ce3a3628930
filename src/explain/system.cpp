// SPDX-License-Identifier: MIT
#include "system.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <vector>

#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr int seccomp_filter_mode = 2;

std::string read_link(const std::string& path) {
  std::array<char, 64> target{};
  const auto length = ::readlink(path.c_str(), target.data(), target.size());
  return length < 0 ? std::string{} : std::string{target.data(), static_cast<std::size_t>(length)};
}

// "6.18.44" is 6018.
unsigned version_number(std::string_view version) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* const end = version.data() + version.size();
  const char* const dot = std::from_chars(version.data(), end, major).ptr;
  if (dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
  return major * 1000 + minor;
}

}  // namespace

std::optional<bool> holds(const Capability& capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return std::nullopt;
  return (sets[capability.bit / 32].effective >> (capability.bit % 32) & 1U) != 0;
}

std::optional<bool> is_in_user_namespace() {
  const std::string link = read_link("/proc/self/ns/user");
  if (link.empty()) return std::nullopt;
  return link != "user:[4026531837]";  // PROC_USER_INIT_INO of the kernel
}

bool seccomp_filters() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == seccomp_filter_mode; }

std::optional<bool> kernel_has_bpf() {
  if (::access("/proc/sys/kernel", F_OK) != 0) return std::nullopt;
  return ::access("/proc/sys/kernel/unprivileged_bpf_disabled", F_OK) == 0;
}

bool seccomp_refuses(int command) {
  if (!seccomp_filters()) return false;
  // Kernels before 6.5 checked the privilege before the size, so EPERM proves nothing for a process
  // without it.
  const bool privileged = holds(cap_bpf).value_or(false) || holds(cap_sys_admin).value_or(false);
  if (!privileged && kernel_is_before("6.5")) return false;
  // More than a page: the kernel refuses it first.
  std::vector<std::byte> attr(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + 8);
  return sys::bpf(command, attr.data(), static_cast<unsigned int>(attr.size())) == -EPERM;
}

std::optional<int> unprivileged_bpf_disabled() {
  std::ifstream file{"/proc/sys/kernel/unprivileged_bpf_disabled"};
  int value = 0;
  return file >> value ? std::optional{value} : std::nullopt;
}

std::string descriptor_target(int fd) { return read_link("/proc/self/fd/" + std::to_string(fd)); }

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

bool kernel_is_before(std::string_view version) {
  return version_number(kernel_release()) < version_number(version);
}

}  // namespace bpfmap::inline v0::detail
