// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <cerrno>

#include "../map/names.hpp"
#include "bpfmap/typed/cgroup_array.hpp"

namespace bpfmap::inline v0::detail {

sys::UniqueFd open_cgroup(const std::string& path, std::error_code& ec) noexcept {
  ec.clear();
  sys::UniqueFd cgroup{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!cgroup) ec = kernel_error(-errno);
  return cgroup;
}

void raise_cgroup_path(const Map& map, const std::string& path, const std::error_code& ec) {
  const bool opened = ec == std::errc::bad_file_descriptor;  // which open(2) does not know
  const std::string text = "update on map " + describe(map.info()) + ": '" + path +
                           (opened ? "' is no cgroup's directory in the unified hierarchy (a "
                                     "cgroup2 mount)"
                                   : "' cannot be opened as a cgroup's directory");
  throw Error{ec, Operation::update, map.info().id, text};
}

}  // namespace bpfmap::inline v0::detail
