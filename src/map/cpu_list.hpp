// SPDX-License-Identifier: MIT
// Why the possible CPUs are unknown. Private to src/.
#pragma once

#include <system_error>

#include "bpfmap/error.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "proc_fd.hpp"

namespace bpfmap::inline v0::detail {

/// The code for a list of CPUs whose reading returned `result`. An errno that may pass stays
/// itself; any other one is Errc::no_cpu_list, whose text says what is wrong with the file.
[[nodiscard]] inline std::error_code cpu_list_error(int result) noexcept {
  if (result == 0) return {};
  return may_pass(result) ? kernel_error(result) : make_error_code(Errc::no_cpu_list);
}

/// Returns no error when the possible CPUs are known.
[[nodiscard]] inline std::error_code check_cpu_list() noexcept {
  if (!sys::possible_cpus().empty()) [[likely]]
    return {};
  return cpu_list_error(sys::read_possible_cpus());
}

}  // namespace bpfmap::inline v0::detail
