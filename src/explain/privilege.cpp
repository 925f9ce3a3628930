// SPDX-License-Identifier: MIT
// Which privilege a refused call lacked. A privilege is missing when the kernel requires it for
// this call, and a check showed that this process does not have it.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../map/proc_fd.hpp"
#include "../map/sets.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "questions.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using enum MapType;

// Every user may create these while kernel.unprivileged_bpf_disabled is 0.
constexpr Types unprivileged_types =
    set(array, percpu_array, prog_array, perf_event_array, cgroup_array, array_of_maps, hash,
        percpu_hash, hash_of_maps, ringbuf, user_ringbuf, cgroup_storage, percpu_cgroup_storage);
// These need CAP_NET_ADMIN instead.
constexpr Types network_types = set(devmap, devmap_hash, sockmap, sockhash, xskmap);

// A sysctl that cannot be read is taken for set, as it is nearly everywhere.
bool needs_bpf(const Failure& failure) {
  return !(unprivileged_types | network_types).contains(failure.info.type) ||
         unprivileged_bpf_disabled() != 0;
}

std::vector<Capability> needed_capabilities(const Failure& failure) {
  switch (failure.operation) {
    case Operation::from_id:
    case Operation::list:
      return {cap_sys_admin};
    case Operation::in_kernel:
      return {cap_bpf};
    case Operation::create:
      break;
    default:
      return {};
  }
  if (has(failure.info.flags, MapFlags::zero_seed)) return {cap_sys_admin};
  std::vector<Capability> needed;
  if (needs_bpf(failure)) needed.push_back(cap_bpf);
  if (network_types.contains(failure.info.type)) needed.push_back(cap_net_admin);
  return needed;
}

std::string join(const std::vector<Capability>& capabilities) {
  std::string names;
  for (const auto& capability : capabilities) {
    if (!names.empty()) names += " and ";
    names += capability.name;
  }
  return names;
}

bool lacks(const Capability& capability) {
  return holds(capability) == false && holds(cap_sys_admin) == false;
}

std::optional<int> command_of(Operation operation) {
  const auto command = [](sys::Command value) { return static_cast<int>(value); };
  switch (operation) {
    case Operation::create:
      return command(sys::Command::map_create);
    case Operation::open_pinned:
      return command(sys::Command::obj_get);
    case Operation::pin:
      return command(sys::Command::obj_pin);
    case Operation::from_id:
      return command(sys::Command::map_get_fd_by_id);
    case Operation::list:
      return command(sys::Command::map_get_next_id);
    case Operation::lookup:
      return command(sys::Command::map_lookup_elem);
    case Operation::update:
      return command(sys::Command::map_update_elem);
    case Operation::erase:
      return command(sys::Command::map_delete_elem);
    case Operation::get_next_key:
      return command(sys::Command::map_get_next_key);
    case Operation::lookup_and_delete:
      return command(sys::Command::map_lookup_and_delete_elem);
    case Operation::freeze:
      return command(sys::Command::map_freeze);
    default:
      return std::nullopt;
  }
}

// What the token of a creation does not delegate; empty when it delegates everything, or is not a
// token.
std::string undelegated(const Failure& failure) {
  if (failure.spec == nullptr || failure.spec->token_fd < 0) return {};
  const auto allows = [&](std::string_view field, std::uint64_t bit) {
    const auto mask = FdInfo{failure.spec->token_fd}.number(field);
    return !mask || bit >= 64 || (*mask >> bit & 1U) != 0;
  };
  if (!allows("allowed_cmds", static_cast<std::uint64_t>(sys::Command::map_create)))
    return "the BPF token does not delegate BPF_MAP_CREATE: mount its bpffs with "
           "delegate_cmds=map_create";
  if (!allows("allowed_maps", to_underlying(failure.info.type)))
    return "the BPF token does not delegate maps of type " +
           std::string{to_string(failure.info.type)} +
           ": mount its bpffs with delegate_maps=" + std::string{to_string(failure.info.type)};
  return {};
}

std::string with_sysctl(std::string text, const std::vector<Capability>& missing) {
  const auto disabled = unprivileged_bpf_disabled();
  const bool about_bpf = std::any_of(missing.begin(), missing.end(),
                                     [](const Capability& c) { return c.bit == cap_bpf.bit; });
  if (disabled && about_bpf)
    text += " (kernel.unprivileged_bpf_disabled is " + std::to_string(*disabled) + ")";
  return text;
}

}  // namespace

std::string needed_privilege(const Failure& failure) { return join(needed_capabilities(failure)); }

bool holds_needed_privilege(const Failure& failure) {
  const auto needed = needed_capabilities(failure);
  return !needed.empty() && is_in_user_namespace() == false && missing_privilege(failure).empty() &&
         std::all_of(needed.begin(), needed.end(), [](const Capability& capability) {
           return holds(capability) == true || holds(cap_sys_admin) == true;
         });
}

std::string missing_privilege(const Failure& failure) {
  const auto command = command_of(failure.operation);
  if (command && seccomp_refuses(*command))
    return "a seccomp filter of this process (containers have one) refuses bpf(2); change the "
           "filter, or run without it";
  const auto needed = needed_capabilities(failure);
  if (needed.empty()) return {};
  std::string token = undelegated(failure);
  if (!token.empty()) return token;
  const std::string needs = "it needs " + join(needed);
  if (is_in_user_namespace() == true && (failure.spec == nullptr || failure.spec->token_fd < 0))
    return with_sysctl(needs, needed) +
           " in the initial user namespace, and this process is in another one; use a BPF token, "
           "or create the map outside";
  std::vector<Capability> missing;
  std::copy_if(needed.begin(), needed.end(), std::back_inserter(missing), lacks);
  if (missing.empty()) return {};
  const std::string lacked = missing.size() == needed.size()
                                 ? ", which this process lacks"
                                 : ", and this process lacks " + join(missing);
  return with_sysctl(needs + lacked, missing) + "; run it as root or grant the capability";
}

}  // namespace bpfmap::inline v0::detail
