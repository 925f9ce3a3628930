// SPDX-License-Identifier: MIT
// Walks arrays by batch, or by one lookup per index. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads indices in ascending order, from range.begin up to range.end or the end of the array. Uses
/// lookups where the kernel has no batches, and where an empty slot ends each batch (before 6.14).
class IndexWalk {
 public:
  explicit IndexWalk(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep read_by_batch(WalkState& state) noexcept;
  WalkStep read_by_lookup(WalkState& state) noexcept;

  std::uint64_t next_;  // the next index
  std::uint64_t end_;
  bool by_lookup_ = false;
  bool batches_work_ = false;
};

}  // namespace bpfmap::inline v0::detail
