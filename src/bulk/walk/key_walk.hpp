// SPDX-License-Identifier: MIT
// Walks maps with keys and without batches by next key. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads keys with BPF_MAP_GET_NEXT_KEY, and looks each one up. The key after a batch is read
/// before the batch is shown, so that the reader may erase or update its entries.
class KeyWalk {
 public:
  explicit KeyWalk(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep step(WalkState& state) noexcept;

  std::uint64_t steps_ = 0;
};

}  // namespace bpfmap::inline v0::detail
