// SPDX-License-Identifier: MIT
// What this process may do, what its descriptors are, and what the kernel is. Asked after a failure
// only. Private to src/explain/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bpfmap::inline v0::detail {

struct Capability {
  unsigned bit;
  std::string_view name;
};
inline constexpr Capability cap_net_admin{12, "CAP_NET_ADMIN"};
inline constexpr Capability cap_ipc_lock{14, "CAP_IPC_LOCK"};
inline constexpr Capability cap_sys_admin{21, "CAP_SYS_ADMIN"};
inline constexpr Capability cap_perfmon{38, "CAP_PERFMON"};
inline constexpr Capability cap_bpf{39, "CAP_BPF"};

/// Whether `capability` is in this thread's effective set; nullopt when capget(2) fails.
[[nodiscard]] std::optional<bool> holds(const Capability& capability);

/// Whether this process is in a user namespace other than the initial one; nullopt without /proc.
[[nodiscard]] std::optional<bool> is_in_user_namespace();

/// Whether a seccomp filter answers EPERM to the bpf(2) command `command`. Proven with a call that
/// the kernel itself answers with E2BIG and that does nothing.
[[nodiscard]] bool seccomp_refuses(int command);

/// The value of kernel.unprivileged_bpf_disabled; nullopt when it cannot be read.
[[nodiscard]] std::optional<int> unprivileged_bpf_disabled();

/// The field "name:" of /proc/self/fdinfo/`fd`; nullopt when there is none.
[[nodiscard]] std::optional<std::string> fdinfo_field(int fd, std::string_view name);
/// The same as a number, decimal or with 0x in front.
[[nodiscard]] std::optional<std::uint64_t> fdinfo_number(int fd, std::string_view name);

/// "anon_inode:bpf-map", the target of /proc/self/fd/`fd`; empty when it cannot be read.
[[nodiscard]] std::string descriptor_target(int fd);

/// "6.18.44", of uname(2).
[[nodiscard]] std::string kernel_release();
/// Whether the running kernel's version is below `version`, as in "6.19".
[[nodiscard]] bool kernel_is_before(std::string_view version);

}  // namespace bpfmap::inline v0::detail
