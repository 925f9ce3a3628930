// SPDX-License-Identifier: MIT
// Makes a spec from a map. Layer 1.
#pragma once

#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_spec.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0 {

/// A spec, and the owner of the descriptor in it.
struct OwnedSpec {
  MapSpec spec;       ///< btf_fd is `btf`
  sys::UniqueFd btf;  ///< empty when the map has no BTF
};

/// Returns the spec for another map like `map`: `Map::create(spec_of(map).spec)`.
///
/// Type, sizes, flags, name, map_extra, ifindex and BTF are those of the map. Opening the BTF needs
/// CAP_SYS_ADMIN (BPF_BTF_GET_FD_BY_ID, 4.18; EPERM without it). The kernel does not report the
/// NUMA node, the inner map and the exclusive program: set inner_map_fd for a map of maps.
[[nodiscard]] OwnedSpec spec_of(const Map& map);
/// As above; empty when `ec` is set.
[[nodiscard]] OwnedSpec spec_of(const Map& map, std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
