// SPDX-License-Identifier: MIT
// Why a map of maps refuses an inner map. Private to src/explain/.
#pragma once

#include <string>

#include "../map/failure.hpp"

namespace bpfmap::inline v0::detail {

/// Returns how the inner map of the record differs from the others, as text to append to the cause:
/// "; its key_size is 4, not 8". Empty when it does not differ.
[[nodiscard]] std::string inner_difference(const Failure& failure);

}  // namespace bpfmap::inline v0::detail
