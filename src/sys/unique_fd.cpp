// SPDX-License-Identifier: MIT
#include "bpfmap/sys/unique_fd.hpp"

#include <fcntl.h>

namespace bpfmap::inline v0::sys {

UniqueFd UniqueFd::duplicate_of(int fd) noexcept {
  return UniqueFd{::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

}  // namespace bpfmap::inline v0::sys
