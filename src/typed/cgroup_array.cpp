// SPDX-License-Identifier: MIT
#include "bpfmap/typed/cgroup_array.hpp"

#include <fcntl.h>

#include <cerrno>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0 {

void CgroupArray::set(argument<std::uint32_t> index, const std::string& path,
                      std::error_code& ec) noexcept {
  const sys::UniqueFd cgroup{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!cgroup)
    ec = detail::kernel_error(-errno);
  else
    set(index, cgroup.get(), ec);
  if (ec && map())
    ec = detail::record(map(), {.operation = Operation::update, .subject = path}, ec);
}

}  // namespace bpfmap::inline v0
