// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/events.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace bpfmap::inline v0::detail {

std::error_code check_read_write(const Map& map) noexcept {
  const int flags = ::fcntl(map.fd(), F_GETFL);
  if (flags < 0) return kernel_error(-errno);
  return kernel_error((flags & O_ACCMODE) == O_RDWR ? 0 : -EACCES);
}

int to_epoll_timeout(std::chrono::milliseconds timeout) noexcept {
  constexpr std::chrono::milliseconds::rep longest = std::numeric_limits<int>::max();
  return timeout.count() < 0 ? -1 : static_cast<int>(std::min(timeout.count(), longest));
}

}  // namespace bpfmap::inline v0::detail
