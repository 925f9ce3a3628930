// SPDX-License-Identifier: MIT
// Timeout: how long a call waits. Layer 1.
#pragma once

#include <chrono>
#include <ratio>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// How long a call waits: a std::chrono::duration, rounded up to whole milliseconds. Negative: no
/// limit, which is also what a duration of more than 31,000 years means.
class Timeout {
 public:
  /// Does not wait.
  constexpr Timeout() noexcept = default;
  /// Rounds `duration` up.
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> duration) noexcept
      : milliseconds_(rounded(duration)) {}

  /// Returns the milliseconds; -1 for no limit.
  [[nodiscard]] constexpr std::chrono::milliseconds milliseconds() const noexcept {
    return milliseconds_;
  }

 private:
  // std::chrono itself overflows for durations that milliseconds cannot hold, such as hours::max().
  template <class Duration>
  static constexpr std::chrono::milliseconds rounded(Duration duration) noexcept {
    using Wide = std::chrono::duration<long double, std::milli>;
    const Wide wide{duration};
    if (!(wide.count() >= 0 && wide.count() < 1e15L)) return std::chrono::milliseconds{-1};
    return std::chrono::ceil<std::chrono::milliseconds>(duration);
  }

  std::chrono::milliseconds milliseconds_{0};
};

}  // namespace bpfmap::inline v0
