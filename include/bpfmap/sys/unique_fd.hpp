// SPDX-License-Identifier: MIT
// The owner of one file descriptor. Layer 0: includes nothing above.
#pragma once

#include <unistd.h>

#include <utility>

namespace bpfmap::inline v0::sys {

/// Owns one file descriptor and closes it once; move-only, and empty (-1) by default and after a
/// move.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  /// Takes `fd` over; a negative one makes an empty owner.
  explicit UniqueFd(int fd) noexcept : fd_(fd < 0 ? -1 : fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  /// The descriptor, or -1.
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor away: the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes what is owned and takes `fd` over.
  void reset(int fd = -1) noexcept {
    // Never repeated on EINTR: Linux has closed the descriptor by then, and another thread may own
    // the number.
    if (const int old = std::exchange(fd_, fd < 0 ? -1 : fd); old >= 0) ::close(old);
  }

  /// A second descriptor of the same open file, close-on-exec and never 0, 1 or 2; empty with errno
  /// set on failure.
  [[nodiscard]] static UniqueFd duplicate_of(int fd) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace bpfmap::inline v0::sys
