// SPDX-License-Identifier: MIT
#include "bpfmap/map/pins.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include "bpfmap/sys/bpf.hpp"
#include "pin_path.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::vector<PinnedMap> read_pins(const std::string& folder, std::error_code& ec) {
  std::vector<PinnedMap> pins;
  if (folder.find('\0') != std::string::npos) {
    ec = Errc::invalid_path;
    return {};
  }
  const std::unique_ptr<DIR, CloseFolder> entries{::opendir(folder.c_str())};
  if (!entries)
    ec = kernel_error(-errno);
  else if (!detail::is_on_bpffs(folder))
    ec = Errc::invalid_path;
  if (ec) return {};
  while (const dirent* const entry = ::readdir(entries.get())) {
    if (entry->d_type != DT_REG) continue;
    std::string path = folder + (folder.ends_with('/') ? "" : "/") + entry->d_name;
    std::error_code none;
    const Map map = Map::open_pinned(path, Access::read_only, none);
    if (none == std::errc::not_enough_memory || none == std::errc::too_many_files_open) {
      ec = none;
      return {};
    }
    if (map) pins.push_back({std::move(path), map.info()});
  }
  std::sort(pins.begin(), pins.end(),
            [](const PinnedMap& a, const PinnedMap& b) { return a.path < b.path; });
  return pins;
}

// Adds the pins of map `id` in `folder` and its subfolders. Omits subfolders that this process may
// not read, or that no longer exist.
void add_pins_of(std::uint32_t id, const std::string& folder, std::vector<std::string>& paths,
                 std::error_code& ec) {
  for (PinnedMap& pin : read_pins(folder, ec))
    if (pin.info.id == id) paths.push_back(std::move(pin.path));
  const std::unique_ptr<DIR, CloseFolder> entries{ec ? nullptr : ::opendir(folder.c_str())};
  if (!entries) return;
  while (const dirent* const entry = ::readdir(entries.get())) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    std::error_code below;
    add_pins_of(id, folder + (folder.ends_with('/') ? "" : "/") + entry->d_name, paths, below);
    if (below == std::errc::not_enough_memory || below == std::errc::too_many_files_open)
      ec = below;
    if (ec) return;
  }
}

}  // namespace

std::vector<PinnedMap> list_pins(const std::string& folder, std::error_code& ec) noexcept {
  ec.clear();
  auto pins = detail::without_bad_alloc(ec, [&] { return read_pins(folder, ec); });
  if (ec) ec = detail::record_open(Operation::list, folder, ec);
  return pins;
}

std::vector<PinnedMap> list_pins(const std::string& folder) {
  std::error_code ec;
  auto pins = list_pins(folder, ec);
  detail::throw_if(ec);
  return pins;
}

std::vector<std::string> find_pins(const Map& map, const std::string& folder,
                                   std::error_code& ec) noexcept {
  ec.clear();
  if (!map) {
    ec = detail::record(map, {.operation = Operation::list, .subject = folder}, Errc::no_map);
    return {};
  }
  auto paths = detail::without_bad_alloc(ec, [&] {
    std::vector<std::string> found;
    add_pins_of(map.info().id, folder, found, ec);
    std::sort(found.begin(), found.end());
    return ec ? std::vector<std::string>{} : found;
  });
  if (ec) ec = detail::record_open(Operation::list, folder, ec);
  return paths;
}

std::vector<std::string> find_pins(const Map& map, std::error_code& ec) noexcept {
  // Short enough to need no heap.
  return find_pins(map, "/sys/fs/bpf", ec);
}

std::vector<std::string> find_pins(const Map& map, const std::string& folder) {
  std::error_code ec;
  auto paths = find_pins(map, folder, ec);
  detail::throw_if(ec);
  return paths;
}

bool is_pinned_at(const Map& map, const std::string& path, std::error_code& ec) noexcept {
  if (!map) {
    ec = detail::record(map, {.operation = Operation::info, .subject = path}, Errc::no_map);
    return false;
  }
  const Map pinned = Map::open_pinned(path, Access::read_only, ec);
  if (ec == kernel_error(-ENOENT)) ec.clear();
  return pinned && pinned.info().id == map.info().id;
}

bool is_pinned_at(const Map& map, const std::string& path) {
  std::error_code ec;
  const bool pinned = is_pinned_at(map, path, ec);
  detail::throw_if(ec);
  return pinned;
}

}  // namespace bpfmap::inline v0
