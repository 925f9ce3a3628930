// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/waker.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "no_cancellation.hpp"

namespace bpfmap::inline v0::detail {

int Waker::open() noexcept {
  event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  process_ = sys::OwnerProcess::current();
  return event_ ? 0 : -errno;
}

// The flag is a hint that the eventfd is readable. It is set after the write: if take() misses it,
// the next take() reads. In the other order, the eventfd might stay readable for ever.
void Waker::wake() noexcept {
  if (!is_ours()) return;
  const int error = errno;
  const NoCancellation deferred;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
  __atomic_store_n(&called_, true, __ATOMIC_RELEASE);
  errno = error;
}

void Waker::close() noexcept {
  if (!is_ours()) return;
  __atomic_store_n(&closed_, true, __ATOMIC_RELEASE);
  wake();
}

bool Waker::take() noexcept {
  if (is_closed()) return true;
  if (!__atomic_load_n(&called_, __ATOMIC_RELAXED)) return false;
  if (!__atomic_exchange_n(&called_, false, __ATOMIC_SEQ_CST)) return false;
  const NoCancellation deferred;
  std::uint64_t calls = 0;
  return ::read(event_.get(), &calls, sizeof calls) > 0;
}

void Waker::clear() noexcept {
  __atomic_store_n(&called_, true, __ATOMIC_SEQ_CST);
  (void)take();
}

}  // namespace bpfmap::inline v0::detail
