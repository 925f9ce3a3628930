// SPDX-License-Identifier: MIT
// A spec as the kernel wants it. Private to src/map/ and src/explain/.
#pragma once

#include "bpfmap/map/map_spec.hpp"
#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0::detail {

/// Returns the attribute of BPF_MAP_CREATE. The spec must outlive it, and its name must be valid.
[[nodiscard]] sys::MapCreateAttr to_attr(const MapSpec& spec) noexcept;

/// Returns the end of the last field in use. An older kernel, which lacks the fields after it,
/// accepts the attribute then.
[[nodiscard]] unsigned int used_size(const sys::MapCreateAttr& attr) noexcept;

}  // namespace bpfmap::inline v0::detail
