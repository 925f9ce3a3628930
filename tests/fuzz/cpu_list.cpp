// SPDX-License-Identifier: MIT
// A list of CPUs is refused, or ascends and can be written as a list again.
#include <algorithm>
#include <functional>
#include <string>

#include "bpfmap/sys/cpus.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bpfmap::fuzz::require;
  const auto cpus = bpfmap::sys::parse_cpu_list(bpfmap::fuzz::text_of(data, size));
  require(std::adjacent_find(cpus.begin(), cpus.end(), std::greater_equal<>{}) == cpus.end());
  std::string list;
  for (const std::uint32_t cpu : cpus) list += (list.empty() ? "" : ",") + std::to_string(cpu);
  require(bpfmap::sys::parse_cpu_list(list) == cpus);
  return 0;
}
