// SPDX-License-Identifier: MIT
#include "bpfmap/sys/ownership.hpp"

#include <pthread.h>
#include <unistd.h>

namespace bpfmap::inline v0::sys {
namespace {

// The number of forks between the first process and this one. A child writes it before it has
// threads.
constinit std::uint32_t generation = 0;

// The process id alone is not enough: a child in a new PID namespace may have its parent's id. This
// handler alone is not enough either: clone(2) does not run it.
[[maybe_unused]] const int registered = ::pthread_atfork(
    nullptr, nullptr, [] { __atomic_fetch_add(&generation, 1, __ATOMIC_RELAXED); });

}  // namespace

std::uint64_t process_token() noexcept {
  const std::uint64_t forks = __atomic_load_n(&generation, __ATOMIC_RELAXED);
  return forks << 32U | static_cast<std::uint32_t>(::getpid());
}

}  // namespace bpfmap::inline v0::sys
