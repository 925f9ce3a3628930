// SPDX-License-Identifier: MIT
// The owner of one file descriptor. Layer 0: includes nothing above.
#pragma once

#include <unistd.h>

#include <utility>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::sys {

/// Owns one file descriptor and closes it once. Follows the rules of sys/ownership.hpp; -1 when
/// empty.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  /// Takes ownership of `fd`; empty when it is negative.
  explicit UniqueFd(int fd) noexcept : fd_(fd < 0 ? -1 : fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  /// Returns the descriptor, or -1.
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Returns the descriptor, which the caller then owns and closes.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes the descriptor owned so far and takes ownership of `fd`.
  void reset(int fd = -1) noexcept {
    // Never retried on EINTR: Linux has already closed the descriptor, and another thread may own
    // the number.
    if (const int old = std::exchange(fd_, fd < 0 ? -1 : fd); old >= 0) ::close(old);
  }

  /// Returns a second descriptor of the same open file, close-on-exec and never 0, 1 or 2; empty
  /// with errno set on failure.
  [[nodiscard]] static UniqueFd duplicate_of(int fd) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace bpfmap::inline v0::sys
