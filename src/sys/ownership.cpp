// SPDX-License-Identifier: MIT
#include "bpfmap/sys/ownership.hpp"

#include <pthread.h>
#include <unistd.h>

namespace bpfmap::inline v0::sys {
namespace {

// Forks between the first process and this one. Written in a child before it has threads.
constinit std::uint32_t generation = 0;

// The number alone does not do: a child in a PID namespace of its own may have its parent's. This
// handler alone does not do either: clone(2) runs none.
[[maybe_unused]] const int registered = ::pthread_atfork(
    nullptr, nullptr, [] { __atomic_fetch_add(&generation, 1, __ATOMIC_RELAXED); });

}  // namespace

std::uint64_t process_token() noexcept {
  const std::uint64_t forks = __atomic_load_n(&generation, __ATOMIC_RELAXED);
  return forks << 32U | static_cast<std::uint32_t>(::getpid());
}

}  // namespace bpfmap::inline v0::sys
