// SPDX-License-Identifier: MIT
#include "bpfmap/typed/cgroup_array.hpp"

#include <fcntl.h>

#include <cerrno>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0 {

void CgroupArray::set(argument<std::uint32_t> index, const std::string& path,
                      std::error_code& ec) noexcept {
  const sys::UniqueFd cgroup{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!cgroup) {
    ec = detail::record(map(), {.operation = Operation::update, .subject = path},
                        map() ? detail::kernel_error(-errno) : make_error_code(Errc::no_map));
    return;
  }
  set(index, cgroup.get(), ec);
  if (!ec || !map() || ec == Errc::out_of_range) return;
  const int fd = cgroup.get();
  ec = detail::record(map(),
                      {.operation = Operation::update,
                       .key = detail::ElementBytes<std::uint32_t>{index.value()}.view(),
                       .value = detail::ElementBytes<int>{fd}.view(),
                       .subject = path},
                      ec);
}

}  // namespace bpfmap::inline v0
