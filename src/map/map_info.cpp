// SPDX-License-Identifier: MIT
// Reads what the kernel and /proc report about maps.
#include "bpfmap/map/map_info.hpp"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

// The number after "field:" in a line of /proc/self/fdinfo.
std::optional<std::uint64_t> field(std::string_view line, std::string_view name) noexcept {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  return error == std::errc{} ? std::optional{value} : std::nullopt;
}

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
  MapFdInfo info = detail::without_bad_alloc(ec, [&] {
    MapFdInfo found;
    const int flags = *this ? ::fcntl(fd(), F_GETFL) : 0;
    if (!*this)
      ec = Errc::no_map;
    else if (flags < 0)
      ec = kernel_error(-errno);
    if (ec) return found;
    found.access = access_of(flags);
    std::ifstream file{"/proc/self/fdinfo/" + std::to_string(fd())};
    for (std::string line; std::getline(file, line);) {
      if (const auto memlock = field(line, "memlock:")) found.memlock = memlock;
      if (const auto type = field(line, "owner_prog_type:"))
        found.owner_program_type = static_cast<std::uint32_t>(*type);
      if (const auto frozen = field(line, "frozen:")) found.frozen = *frozen != 0;
    }
    return found;
  });
  if (ec) ec = detail::record(*this, {.operation = Operation::info}, ec);
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
