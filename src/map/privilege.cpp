// SPDX-License-Identifier: MIT
// Which privilege a refused call lacked.
#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"

namespace bpfmap::inline v0::detail {
namespace {

struct Capability {
  unsigned bit;  // in /proc/self/status
  std::string_view name;
};
constexpr Capability cap_net_admin{12, "CAP_NET_ADMIN"};
constexpr Capability cap_sys_admin{21, "CAP_SYS_ADMIN"};
constexpr Capability cap_bpf{39, "CAP_BPF"};

// The first line of `path` that begins with `prefix`, without it.
std::string line_of(const char* path, std::string_view prefix) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  return {};
}

std::uint64_t effective_capabilities() {
  const std::string digits = line_of("/proc/self/status", "CapEff:\t");
  std::uint64_t bits = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  return bits;
}

bool is_network_map(MapType type) {
  switch (type) {
    case MapType::devmap:
    case MapType::devmap_hash:
    case MapType::sockmap:
    case MapType::sockhash:
    case MapType::xskmap:
      return true;
    default:
      return false;
  }
}

std::vector<Capability> needed_capabilities(const Failure& failure) {
  const bool by_id =
      failure.operation == Operation::from_id || failure.operation == Operation::list;
  if (by_id) return {cap_sys_admin};
  if (failure.operation != Operation::create) return {cap_bpf};
  if (has(failure.info.flags, MapFlags::zero_seed)) return {cap_sys_admin};
  if (is_network_map(failure.info.type)) return {cap_bpf, cap_net_admin};
  return {cap_bpf};
}

std::string join(const std::vector<Capability>& capabilities) {
  std::string names;
  for (const auto& capability : capabilities) {
    if (!names.empty()) names += " and ";
    names += capability.name;
  }
  return names;
}

}  // namespace

std::string explain_privilege(const Failure& failure) {
  const std::uint64_t held = effective_capabilities();
  const auto holds = [held](const Capability& c) { return (held >> c.bit & 1) != 0; };
  const auto needed = needed_capabilities(failure);
  std::vector<Capability> missing;
  for (const auto& capability : needed)
    if (!holds(capability) && !holds(cap_sys_admin)) missing.push_back(capability);
  std::string text = "it takes " + join(needed);
  if (missing.empty())
    return text +
           ", which this process has: a seccomp filter (containers have one), a security module, "
           "kernel lockdown or a user namespace refuses it";
  text += missing.size() == needed.size() ? ", which this process lacks"
                                          : ", and this process lacks " + join(missing);
  const std::string disabled = line_of("/proc/sys/kernel/unprivileged_bpf_disabled", "");
  if (!disabled.empty() && missing.front().bit == cap_bpf.bit)
    text += " (kernel.unprivileged_bpf_disabled is " + disabled + ")";
  return text + "; run it as root or grant the capability";
}

}  // namespace bpfmap::inline v0::detail
