// SPDX-License-Identifier: MIT
// Why a creation failed. Private to src/explain/.
#pragma once

#include <string>

#include "../map/failure.hpp"

namespace bpfmap::inline v0::detail {

/// The map that a spec asks for.
[[nodiscard]] MapInfo asked_info(const MapSpec& spec);

/// "flags: lpm_trie maps need no_prealloc": every field of the spec that the kernel, or before it
/// this library, refuses, and what it takes.
[[nodiscard]] std::string cause_of_creation(const Failure& failure);

}  // namespace bpfmap::inline v0::detail
