// SPDX-License-Identifier: MIT
// Private to src/bulk.
#pragma once

#include <cerrno>

namespace bpfmap::inline v0::detail {

// Whether a signal or a contended lock made the call fail, so that it may succeed when repeated.
inline bool turned_away(int result) noexcept {
  return result == -EINTR || result == -EAGAIN || result == -EBUSY || result == -EDEADLK ||
         result == -ETIMEDOUT;
}

// Repeats a call that was turned away, and so did nothing, a bounded number of times.
template <class Call>
int retried(Call call) noexcept {
  int patience = 100;
  int result = call();
  // The kernel waits a quarter of a second for a lock before it returns ETIMEDOUT.
  for (; turned_away(result) && patience > 1; result = call())
    patience -= result == -ETIMEDOUT ? 25 : 1;
  return result;
}

// ENOMEM may be transient, because others free memory. After this many attempts, it is a failure.
constexpr int memory_attempts = 10;

template <class Call>
int retried_without_memory(Call call) noexcept {
  int result = retried(call);
  for (int i = 1; i < memory_attempts && result == -ENOMEM; ++i) result = retried(call);
  return result;
}

}  // namespace bpfmap::inline v0::detail
