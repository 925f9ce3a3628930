// SPDX-License-Identifier: MIT
#include "bpfmap/sys/cpus.hpp"

#include <charconv>
#include <fstream>
#include <string>

namespace bpfmap::inline v0::sys {
namespace {

// NR_CPUS is at most 8192 in any kernel configuration: a larger number is a damaged list, not a
// machine.
constexpr std::uint32_t cpu_limit = 1U << 16;

std::vector<std::uint32_t> read_possible_cpus() noexcept try {
  std::ifstream file{"/sys/devices/system/cpu/possible"};
  std::string line;
  std::getline(file, line);
  return parse_cpu_list(line);
} catch (...) {
  return {};
}

}  // namespace

std::vector<std::uint32_t> parse_cpu_list(std::string_view list) {
  std::vector<std::uint32_t> cpus;
  const char* at = list.data();
  const char* const end = at + list.size();
  const auto number = [&at, end](std::uint32_t& out) {
    const auto [next, error] = std::from_chars(at, end, out);
    at = next;
    return error == std::errc{} && out < cpu_limit;
  };
  while (at != end) {
    std::uint32_t first = 0;
    if (!number(first)) return {};
    std::uint32_t last = first;
    if (at != end && *at == '-') {
      ++at;
      if (!number(last)) return {};
    }
    if (last < first || (!cpus.empty() && first <= cpus.back())) return {};
    for (std::uint32_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (at == end || *at == '\n') return cpus;
    if (*at++ != ',' || at == end) return {};
  }
  return {};
}

std::span<const std::uint32_t> possible_cpus() noexcept {
  static const std::vector<std::uint32_t> cpus = read_possible_cpus();
  return cpus;
}

}  // namespace bpfmap::inline v0::sys
