// SPDX-License-Identifier: MIT
// Lists the pins in a folder, and compares a map with a pin. Layer 1.
#pragma once

#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_info.hpp"

namespace bpfmap::inline v0 {

/// A pin of a map.
struct PinnedMap {
  std::string path;
  MapInfo info;
};

/// Returns the pins of maps in `folder`, sorted by path (BPF_OBJ_GET, 4.4).
///
/// Omits pins of programs and links, folders, and pins that this process may not read. Errors:
/// Errc::invalid_path when the folder is not on a bpffs; the errno of open(2) for the folder.
[[nodiscard]] std::vector<PinnedMap> list_pins(const std::string& folder);
/// As above; empty when `ec` is set.
[[nodiscard]] std::vector<PinnedMap> list_pins(const std::string& folder,
                                               std::error_code& ec) noexcept;

/// Returns the paths at which `map` is pinned, in `folder` and its subfolders, sorted (BPF_OBJ_GET,
/// 4.4).
///
/// Omits subfolders and pins that this process may not read; follows no symbolic links. Errors:
/// Errc::no_map; Errc::invalid_path when the folder is not on a bpffs; the errno of open(2) for the
/// folder.
[[nodiscard]] std::vector<std::string> find_pins(const Map& map,
                                                 const std::string& folder = "/sys/fs/bpf");
/// As above; empty when `ec` is set.
[[nodiscard]] std::vector<std::string> find_pins(const Map& map, const std::string& folder,
                                                 std::error_code& ec) noexcept;
[[nodiscard]] std::vector<std::string> find_pins(const Map& map, std::error_code& ec) noexcept;

/// Returns whether `map` is the map pinned at `path`; false when nothing is pinned there
/// (BPF_OBJ_GET, 4.4). A process that keeps a map open can detect with it that another process has
/// replaced the map. Makes five system calls and allocates nothing. EINVAL: the pin is not a map's.
[[nodiscard]] bool is_pinned_at(const Map& map, const std::string& path);
/// As above; false when `ec` is set.
[[nodiscard]] bool is_pinned_at(const Map& map, const std::string& path,
                                std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
