// SPDX-License-Identifier: MIT
// Private to src/bulk.
#pragma once

#include <cerrno>

namespace bpfmap::inline v0::detail {

// A call that a signal or a contended lock turned away did nothing: it is made again, a bounded
// number of times.
template <class Call>
int retried(Call call) noexcept {
  constexpr int attempts = 100;
  int result = call();
  for (int i = 1; i < attempts && (result == -EINTR || result == -EAGAIN); ++i) result = call();
  return result;
}

}  // namespace bpfmap::inline v0::detail
