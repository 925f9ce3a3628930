// SPDX-License-Identifier: MIT
// Why a creation failed. Private to src/explain/.
#pragma once

#include <string>

#include "../map/failure.hpp"

namespace bpfmap::inline v0::detail {

/// Returns the info of the map that `spec` asks for.
[[nodiscard]] MapInfo asked_info(const MapSpec& spec);

/// Returns every field of the spec that the kernel or this library refuses, and what is accepted:
/// "flags: lpm_trie maps need no_prealloc".
[[nodiscard]] std::string cause_of_creation(const Failure& failure);

}  // namespace bpfmap::inline v0::detail
