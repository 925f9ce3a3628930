// SPDX-License-Identifier: MIT
// Opens a pinned map, or creates and pins it. Layer 1.
#pragma once

#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0 {

/// Options of open_or_create.
struct OpenOrCreateOptions {
  /// Replaces an incompatible map instead of failing: a new map takes its place at the path in one
  /// step, so that a map is always pinned there. Programs and processes that use the old map keep
  /// it; its entries are not copied. The new pin has the permission bits of the old one, and its
  /// owner and group if this process may set them. A symbolic link is followed: the pin that it
  /// leads to is replaced. During the call, the folder is locked (flock(2)) and holds a second pin,
  /// bpfmap_replacing; if the process is killed, it stays until the next replacement in the folder.
  bool replace_incompatible = false;
};

/// Opens the map pinned at `path`, which must be compatible with `spec`; when nothing is pinned
/// there, creates a map and pins it (BPF_OBJ_GET, BPF_MAP_CREATE and BPF_OBJ_PIN, 4.4).
///
/// Processes that call this at the same time get the same map. An incompatible pinned map is
/// Errc::incompatible_map, and the Error lists every field that differs; see incompatibilities().
/// Errc::invalid_path: the path is not on a bpffs, contains a zero byte, or has a '.' in its last
/// part, is a symbolic link to nothing, or is bpfmap_replacing, which bpfmap itself uses. EAGAIN:
/// other processes created and removed the pin too often, or, when the map is to be replaced,
/// another process holds the lock on the folder (flock(2)).
[[nodiscard]] Map open_or_create(const std::string& path, const MapSpec& spec,
                                 OpenOrCreateOptions options = {});
[[nodiscard]] Map open_or_create(const std::string& path, const MapSpec& spec,
                                 OpenOrCreateOptions options, std::error_code& ec) noexcept;
[[nodiscard]] inline Map open_or_create(const std::string& path, const MapSpec& spec,
                                        std::error_code& ec) noexcept {
  return open_or_create(path, spec, {}, ec);
}

/// Returns the fields in which `found` differs from a map created as `wanted`, each with both
/// values: "key_size is 4, not 8; flags is none, not no_prealloc". Empty when they are compatible.
///
/// Compares type, key_size, value_size, max_entries, flags, map_extra and ifindex. Names may
/// differ, and the kernel does not report a map's NUMA node, inner map or exclusive program.
/// Changes that the kernel itself makes are not a difference: the rdonly_prog of devmaps,
/// max_entries of no_common_lru maps (a multiple of the possible CPUs), and rdonly, wronly and
/// token_fd, which belong to the descriptor or to the creation.
[[nodiscard]] std::string incompatibilities(const MapInfo& found, const MapSpec& wanted);
/// As above; empty when `ec` is set. ENOMEM: out of memory.
[[nodiscard]] std::string incompatibilities(const MapInfo& found, const MapSpec& wanted,
                                            std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
