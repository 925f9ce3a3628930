// SPDX-License-Identifier: MIT
// Reads what the kernel and /proc report about maps.
#include "bpfmap/map/map_info.hpp"

#include <fcntl.h>

#include <cerrno>
#include <limits>
#include <string>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "proc_fd.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

Access access_of(int status_flags) noexcept {
  switch (status_flags & O_ACCMODE) {
    case O_RDONLY:
      return Access::read_only;
    case O_WRONLY:
      return Access::write_only;
    default:
      return Access::read_write;
  }
}

}  // namespace

MapFdInfo Map::fd_info(std::error_code& ec) const noexcept {
  ec.clear();
  MapFdInfo info;
  const int fcntl_result = ::fcntl(fd(), F_GETFL);
  const int flags = fcntl_result < 0 ? -errno : fcntl_result;
  const detail::FdInfo fields{fd()};
  if (!*this)
    ec = Errc::no_map;
  else if (flags < 0)
    ec = kernel_error(flags);
  else if (detail::may_pass(fields.error()))
    ec = kernel_error(fields.error());
  if (ec) {
    ec = detail::record(*this, {.operation = Operation::info}, ec);
    return info;
  }
  info.access = access_of(flags);
  info.memlock = fields.number("memlock");
  if (const auto type = fields.number("owner_prog_type"))
    info.owner_program_type = static_cast<std::uint32_t>(*type);
  if (const auto frozen = fields.number("frozen")) info.frozen = *frozen != 0;
  return info;
}

MapFdInfo Map::fd_info() const {
  std::error_code ec;
  MapFdInfo info = fd_info(ec);
  detail::throw_if(ec);
  return info;
}

std::optional<std::uint32_t> next_map_id(std::uint32_t id, std::error_code& ec) noexcept {
  // Ids end at INT_MAX; the kernel refuses to search above it.
  if (id >= static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) {
    ec.clear();
    return std::nullopt;
  }
  std::uint32_t next = 0;
  const int result = sys::map_get_next_id(id, next);
  ec = result == -ENOENT ? std::error_code{} : kernel_error(result);
  if (ec) ec = detail::record_open(Operation::list, std::int64_t{id}, ec);
  return result == 0 ? std::optional{next} : std::nullopt;
}

std::optional<std::uint32_t> next_map_id(std::uint32_t id) {
  std::error_code ec;
  const auto next = next_map_id(id, ec);
  detail::throw_if(ec);
  return next;
}

std::vector<MapInfo> list_maps(std::error_code& ec) noexcept {
  std::vector<MapInfo> maps;
  for (auto id = next_map_id(0, ec); id; id = next_map_id(*id, ec)) {
    Map map = Map::from_id(*id, Access::read_only, ec);
    if (map) detail::without_bad_alloc(ec, [&] { maps.push_back(map.info()); });
    // A map that was freed between the two calls is not a failure.
    if (ec && ec != std::errc::no_such_file_or_directory) break;
  }
  if (ec) ec = detail::record_open(Operation::list, std::string_view{}, ec);
  return maps;
}

std::vector<MapInfo> list_maps() {
  std::error_code ec;
  auto maps = list_maps(ec);
  detail::throw_if(ec);
  return maps;
}

}  // namespace bpfmap::inline v0
