// SPDX-License-Identifier: MIT
// The flags of a map that say something about another like it. Private to src/map/.
#pragma once

#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0::detail {

/// Returns the flags in which two maps of this type can differ: without those of a descriptor or of
/// the creation, and those that the kernel adds.
[[nodiscard]] MapFlags lasting_flags(MapType type, MapFlags flags) noexcept;

}  // namespace bpfmap::inline v0::detail
