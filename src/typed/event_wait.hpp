// SPDX-License-Identifier: MIT
// The wait of poll(): it reads before it waits, after it was woken, and once more when the timeout
// ends. Private to src/typed/.
#pragma once

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

#include "bpfmap/map/timeout.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "bpfmap/typed/detail/waker.hpp"
#include "no_cancellation.hpp"

namespace bpfmap::inline v0::detail {

enum class Woken : std::uint8_t { ready, called, interrupted, timed_out, failed };

class Deadline {
 public:
  explicit Deadline(Timeout timeout) noexcept : timeout_(timeout.milliseconds()) {}
  // Returns the time left; negative when there is no deadline.
  [[nodiscard]] std::chrono::milliseconds rest() noexcept {
    if (timeout_.count() <= 0) return timeout_;
    const auto now = Clock::now();
    if (!started_) {
      started_ = true;
      start_ = now;
    }
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
    return std::max(timeout_ - passed, std::chrono::milliseconds{0});
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::milliseconds timeout_;
  Clock::time_point start_;
  bool started_ = false;
};

// Waits for one of an epoll's descriptors. The data of `waker`'s descriptor is 0.
inline Woken wait_epoll(int epoll, Waker& waker, std::chrono::milliseconds timeout,
                        std::error_code& ec) noexcept {
  const NoCancellation deferred;
  ::epoll_event event;
  const int ready = ::epoll_wait(epoll, &event, 1, to_epoll_timeout(timeout));
  if (ready < 0 && errno == EINTR) return Woken::interrupted;
  if (ready < 0) {
    ec = kernel_error(-errno);
    return Woken::failed;
  }
  if (ready == 0) return Woken::timed_out;
  if (event.data.u64 != 0) return Woken::ready;
  waker.clear();
  return Woken::called;
}

// As above for one descriptor, or only for `waker` when `fd` is negative.
inline Woken wait_poll(int fd, Waker& waker, short events, std::chrono::milliseconds timeout,
                       std::error_code& ec) noexcept {
  const NoCancellation deferred;
  std::array<::pollfd, 2> descriptors{{{waker.fd(), POLLIN, 0}, {fd, events, 0}}};
  const int ready = ::poll(descriptors.data(), descriptors.size(), to_epoll_timeout(timeout));
  if (ready < 0 && errno == EINTR) return Woken::interrupted;
  if (ready < 0) {
    ec = kernel_error(-errno);
    return Woken::failed;
  }
  if (ready == 0) return Woken::timed_out;
  if (descriptors[0].revents == 0) return Woken::ready;
  waker.clear();
  return Woken::called;
}

// Calls `consume(ec)` until it returns records, the timeout ends, or `waker` is called.
// `wait(timeout, ec)` is one of the functions above. While a record is still being written, the
// kernel reports it as readable all the time: then this function looks again once per millisecond.
template <class Consume, class Wait, class IsHeldUp>
std::size_t consume_or_wait(Timeout timeout, Waker& waker, std::error_code& ec, Consume consume,
                            Wait wait, IsHeldUp is_held_up) {
  constexpr std::chrono::milliseconds nap{1};
  Deadline deadline{timeout};
  for (Woken woken = Woken::timed_out;;) {
    const std::size_t records = consume(ec);
    if (ec) return records;
    if (records != 0) {
      // The caller returns now, so a wake-up has served its purpose.
      (void)waker.take();
      return records;
    }
    if (woken == Woken::called || woken == Woken::interrupted || waker.take()) return 0;
    const auto rest = deadline.rest();
    if (rest.count() == 0) return 0;
    if (woken == Woken::ready && is_held_up()) {
      woken = wait_poll(-1, waker, 0, rest.count() < 0 ? nap : std::min(nap, rest), ec);
      if (woken == Woken::timed_out) woken = Woken::ready;
    } else {
      woken = wait(rest, ec);
    }
    if (woken == Woken::failed) return 0;
  }
}

}  // namespace bpfmap::inline v0::detail
