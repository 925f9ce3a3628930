// SPDX-License-Identifier: MIT
// From libbpf's maps to bpfmap's. Needs libbpf's headers and library: target bpfmap::libbpf.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <system_error>

#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

/// An owner of its own of a map that libbpf or a skeleton holds: `HashMap<K, V>
/// flows{from(skel->maps.flows)}`. libbpf keeps its own, so either may go first. Throws Error
/// (Errc::no_map) when the object has not been loaded yet.
[[nodiscard]] inline Map from(const struct bpf_map* map) {
  return Map::duplicate_of(map == nullptr ? -1 : ::bpf_map__fd(map));
}
/// The same; empty when `ec` is set.
[[nodiscard]] inline Map from(const struct bpf_map* map, std::error_code& ec) noexcept {
  return Map::duplicate_of(map == nullptr ? -1 : ::bpf_map__fd(map), ec);
}

}  // namespace bpfmap::inline v0
