// SPDX-License-Identifier: MIT
// The rights of this process, its descriptors, and the kernel. Called after a failure only. Private
// to src/explain/.
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
inline constexpr Capability cap_fowner{3, "CAP_FOWNER"};
inline constexpr Capability cap_net_admin{12, "CAP_NET_ADMIN"};
inline constexpr Capability cap_ipc_lock{14, "CAP_IPC_LOCK"};
inline constexpr Capability cap_sys_admin{21, "CAP_SYS_ADMIN"};
inline constexpr Capability cap_perfmon{38, "CAP_PERFMON"};
inline constexpr Capability cap_bpf{39, "CAP_BPF"};

/// Whether `capability` is in this thread's effective set; nullopt when capget(2) fails.
[[nodiscard]] std::optional<bool> holds(const Capability& capability);

/// Whether this process is in a user namespace other than the initial one; nullopt without /proc.
[[nodiscard]] std::optional<bool> is_in_user_namespace();

/// Whether a seccomp filter returns EPERM for the bpf(2) command `command`. Proven by a call
/// without effect, for which the kernel itself returns E2BIG.
[[nodiscard]] bool seccomp_refuses(int command);

/// Whether this thread has a seccomp filter.
[[nodiscard]] bool seccomp_filters();
/// Whether the running kernel was built with bpf(2), by /proc/sys; nullopt without /proc/sys.
[[nodiscard]] std::optional<bool> kernel_has_bpf();

/// Returns kernel.unprivileged_bpf_disabled; nullopt when it cannot be read.
[[nodiscard]] std::optional<int> unprivileged_bpf_disabled();

/// Returns the target of /proc/self/fd/`fd`, such as "anon_inode:bpf-map"; empty when it cannot be
/// read.
[[nodiscard]] std::string descriptor_target(int fd);
inline constexpr std::string_view map_target = "anon_inode:bpf-map";
/// Whether `target` is known and is not `wanted`.
[[nodiscard]] inline bool is_other(std::string_view target, std::string_view wanted) {
  return !target.empty() && target != wanted;
}

/// Returns the release by uname(2), such as "6.18.44".
[[nodiscard]] std::string kernel_release();
/// Whether the running kernel is older than `version`, such as "6.19".
[[nodiscard]] bool kernel_is_before(std::string_view version);

}  // namespace bpfmap::inline v0::detail
