// SPDX-License-Identifier: MIT
// The pinned map, made when there is none. Layer 1.
#pragma once

#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0 {

/// What open_or_create does beside opening and creating.
struct OpenOrCreateOptions {
  /// A map that does not fit is no error: a new one takes its place at the path, in one step that
  /// no other process sees the middle of. Programs and processes that use the old map keep it, and
  /// its entries are not copied. The new pin has the owner and the permission bits of a new file.
  bool replace_incompatible = false;
};

/// The map pinned at `path` when it is what `spec` asks for, or else a new one, pinned there
/// (BPF_OBJ_GET, BPF_MAP_CREATE and BPF_OBJ_PIN, 4.4).
///
/// Processes that do this at the same time end with the same map. A pinned map that does not fit is
/// Errc::incompatible_map, and the Error lists every field that differs; see incompatibilities()
/// for what is compared. A path that is not on a bpffs, or whose last part has a '.', is
/// Errc::invalid_path. EAGAIN: the pin came and went too often meanwhile, or another process keeps
/// the folder locked (flock(2)), which replacing does.
[[nodiscard]] Map open_or_create(const std::string& path, const MapSpec& spec,
                                 OpenOrCreateOptions options = {});
[[nodiscard]] Map open_or_create(const std::string& path, const MapSpec& spec,
                                 OpenOrCreateOptions options, std::error_code& ec) noexcept;
[[nodiscard]] inline Map open_or_create(const std::string& path, const MapSpec& spec,
                                        std::error_code& ec) noexcept {
  return open_or_create(path, spec, {}, ec);
}

/// In which fields the map of `found` is not what creating `wanted` would have made, each with both
/// values: "key_size is 4, not 8; flags is none, not no_prealloc". Empty when it fits.
///
/// Compares type, key_size, value_size, max_entries, flags, map_extra and ifindex: names may
/// differ, and the kernel does not tell a map's NUMA node, inner map or exclusive program. What the
/// kernel changes by itself is no difference: the rdonly_prog of devmaps, max_entries of
/// no_common_lru maps (a multiple of the possible CPUs), and rdonly, wronly and token_fd, which
/// belong to the descriptor or to the creation.
[[nodiscard]] std::string incompatibilities(const MapInfo& found, const MapSpec& wanted);

}  // namespace bpfmap::inline v0
