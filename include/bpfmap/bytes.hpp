// SPDX-License-Identifier: MIT
// Keys and values as the kernel sees them. Below every layer.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// Bytes that the caller owns: a copied key or value.
using Bytes = std::vector<std::byte>;
/// Bytes that a call only reads.
using BytesView = std::span<const std::byte>;
/// Bytes that a call fills in.
using MutableBytesView = std::span<std::byte>;

}  // namespace bpfmap::inline v0
