// SPDX-License-Identifier: MIT
// Ends the wait of a reader from another thread or a signal handler. Layer 2.
#pragma once

#include "bpfmap/sys/ownership.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

// An eventfd that is readable after a wake-up. wake() and close() are async-signal-safe, and do
// nothing in a forked child, which shares the eventfd.
class Waker {
 public:
  Waker() noexcept = default;
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // 0 or -errno.
  [[nodiscard]] int open() noexcept;
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  // Whether this process opened it.
  [[nodiscard]] bool is_ours() const noexcept { return process_.is_current(); }

  void wake() noexcept;
  // For good: the eventfd stays readable.
  void close() noexcept;
  [[nodiscard]] bool is_closed() const noexcept {
    return __atomic_load_n(&closed_, __ATOMIC_ACQUIRE);
  }
  // Returns whether there was a wake-up since the last call; true also when closed. No system call
  // without one.
  [[nodiscard]] bool take() noexcept;
  // Call it when the eventfd is known to be readable.
  void clear() noexcept;

 private:
  sys::UniqueFd event_;
  sys::OwnerProcess process_;
  bool called_ = false;
  bool closed_ = false;
};

}  // namespace bpfmap::inline v0::detail
