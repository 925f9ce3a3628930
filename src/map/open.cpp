// SPDX-License-Identifier: MIT
// Opens, adopts and pins maps.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "failure_record.hpp"
#include "pin_path.hpp"
#include "proc_fd.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

MapInfo to_info(const sys::MapInfoData& data) {
  return {.type = static_cast<MapType>(data.type),
          .id = data.id,
          .key_size = data.key_size,
          .value_size = data.value_size,
          .max_entries = data.max_entries,
          .flags = static_cast<MapFlags>(data.map_flags),
          .name = std::string{data.name, ::strnlen(data.name, sizeof data.name)},
          .map_extra = data.map_extra,
          .btf_id = data.btf_id,
          .btf_key_type_id = data.btf_key_type_id,
          .btf_value_type_id = data.btf_value_type_id,
          .btf_vmlinux_id = data.btf_vmlinux_id,
          .btf_vmlinux_value_type_id = data.btf_vmlinux_value_type_id,
          .ifindex = data.ifindex};
}

// An info request also succeeds for a program, with the program's fields. A batch of no entries is
// accepted for maps only (5.6); on older kernels, /proc shows the kind.
bool is_map(int fd) noexcept {
  std::uint32_t count = 0;
  if (sys::map_lookup_batch(fd, nullptr, nullptr, nullptr, nullptr, count) != -EINVAL) return true;
  return detail::proc_fd_is_map(fd).value_or(false);
}

std::uint32_t file_flags(Access access) noexcept {
  switch (access) {
    case Access::read_write:
      return 0;
    case Access::read_only:
      return sys::f_rdonly;
    case Access::write_only:
      return sys::f_wronly;
  }
  return 0;
}

// The kernel would stop at the zero byte.
bool has_zero(const std::string& path) noexcept { return path.find('\0') != std::string::npos; }

}  // namespace

Map Map::open(sys::UniqueFd fd, std::error_code& ec) noexcept {
  sys::MapInfoData data;
  ec = kernel_error(sys::map_get_info_by_fd(fd.get(), data));
  if (ec) return {};
  return detail::without_bad_alloc(ec, [&] { return Map{std::move(fd), to_info(data)}; });
}

// A descriptor of unknown kind; not recorded.
Map Map::take(sys::UniqueFd fd, std::error_code& ec) noexcept {
  ec.clear();
  if (!fd)
    ec = Errc::no_map;
  else if (::fcntl(fd.get(), F_GETFD) < 0)
    ec = kernel_error(-errno);
  else if (!is_map(fd.get()))
    ec = kernel_error(-EINVAL);
  return ec ? Map{} : open(std::move(fd), ec);
}

Map Map::adopt(sys::UniqueFd fd, std::error_code& ec) noexcept {
  const int number = fd.get();
  Map map = take(std::move(fd), ec);
  if (ec) ec = detail::record_open(Operation::adopt, number, ec);
  return map;
}

Map Map::adopt(sys::UniqueFd fd) {
  std::error_code ec;
  Map map = adopt(std::move(fd), ec);
  detail::throw_if(ec);
  return map;
}

Map Map::duplicate_of(int fd, std::error_code& ec) noexcept {
  Map map;
  sys::UniqueFd copy = fd < 0 ? sys::UniqueFd{} : sys::UniqueFd::duplicate_of(fd);
  if (fd < 0)
    ec = Errc::no_map;
  else if (!copy)
    ec = kernel_error(-errno);
  else
    map = take(std::move(copy), ec);
  if (ec) ec = detail::record_open(Operation::duplicate, fd, ec);
  return map;
}

Map Map::duplicate_of(int fd) {
  std::error_code ec;
  Map map = duplicate_of(fd, ec);
  detail::throw_if(ec);
  return map;
}

Map Map::open_pinned(const std::string& path, Access access, std::error_code& ec) noexcept {
  Map map;
  if (has_zero(path)) {
    ec = Errc::invalid_path;
  } else {
    const int fd = sys::obj_get(path.c_str(), file_flags(access));
    ec = kernel_error(fd);
    if (!ec) map = take(sys::UniqueFd{fd}, ec);
  }
  if (ec) ec = detail::record_opening(Operation::open_pinned, path, access, ec);
  return map;
}

Map Map::open_pinned(const std::string& path, Access access) {
  std::error_code ec;
  Map map = open_pinned(path, access, ec);
  detail::throw_if(ec);
  return map;
}

Map Map::from_id(std::uint32_t id, Access access, std::error_code& ec) noexcept {
  Map map;
  const int fd = sys::map_get_fd_by_id(id, file_flags(access));
  ec = kernel_error(fd);
  if (!ec) map = open(sys::UniqueFd{fd}, ec);
  if (ec) ec = detail::record_open(Operation::from_id, std::int64_t{id}, ec);
  return map;
}

Map Map::from_id(std::uint32_t id, Access access) {
  std::error_code ec;
  Map map = from_id(id, access, ec);
  detail::throw_if(ec);
  return map;
}

namespace {

bool is_folder(const std::string& path) noexcept {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Returns EINVAL for the pin of a program or a link, and EPERM when this process may not call
// bpf(2) and cannot check. No error when nothing is pinned. unlink(2) itself refuses a folder.
std::error_code check_is_map(const std::string& path) noexcept {
  int fd = sys::obj_get(path.c_str(), sys::f_rdonly);
  if (fd == -EACCES) fd = sys::obj_get(path.c_str(), sys::f_wronly);
  if (fd == -ENOENT || is_folder(path)) return {};
  if (fd < 0) return kernel_error(fd);
  return is_map(sys::UniqueFd{fd}.get()) ? std::error_code{} : kernel_error(-EINVAL);
}

}  // namespace

bool Map::unpin(const std::string& path, std::error_code& ec) noexcept {
  ec.clear();
  const bool removed = detail::without_bad_alloc(ec, [&] {
    // Of a link, the link would be removed, and the pin would stay.
    if (has_zero(path) || !detail::is_on_bpffs(detail::folder_of(path)) || detail::is_link(path))
      ec = Errc::invalid_path;
    else if (ec = check_is_map(path); ec)
      return false;
    else if (::unlink(path.c_str()) == 0)
      return true;
    else if (errno != ENOENT)
      ec = kernel_error(-errno);
    return false;
  });
  if (ec) ec = detail::record_open(Operation::unpin, path, ec);
  return removed;
}

bool Map::unpin(const std::string& path) {
  std::error_code ec;
  const bool removed = unpin(path, ec);
  detail::throw_if(ec);
  return removed;
}

}  // namespace bpfmap::inline v0
