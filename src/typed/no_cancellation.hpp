// SPDX-License-Identifier: MIT
// Defers pthread_cancel(3). Private to src/typed/.
#pragma once

#include <pthread.h>

namespace bpfmap::inline v0::detail {

// While it lives, this thread is not cancelled: unwinding out of a function that is noexcept would
// end the program. The thread is cancelled when it next reaches a cancellation point. In signal
// handlers, too: glibc changes an atomic of the thread, and no more.
class NoCancellation {
 public:
  NoCancellation() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  NoCancellation(const NoCancellation&) = delete;
  NoCancellation& operator=(const NoCancellation&) = delete;
  ~NoCancellation() { ::pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace bpfmap::inline v0::detail
