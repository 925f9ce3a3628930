// SPDX-License-Identifier: MIT
// Batches whose cursor is opaque: rhash. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads batches, and passes the cursor back to the kernel unchanged. -EAGAIN means that the key at
/// the cursor is gone: the walk begins again, a bounded number of times. It is not exact, because
/// the kernel moves entries meanwhile.
class OpaqueWalk {
 public:
  explicit OpaqueWalk(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep restart(WalkState& state) noexcept;

  std::uint64_t entries_ = 0;
  std::uint32_t restarts_ = 0;
  std::uint8_t at_ = 0;  // the cursor: 0 or 1
  bool has_cursor_ = false;
  bool batches_work_ = false;
};

/// Reads and removes batches. Another pass removes the entries that moved to where the walk has
/// already been: passes are repeated until one removes nothing, a bounded number of times.
class OpaqueTake {
 public:
  explicit OpaqueTake(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep begin_again(WalkOutcome without) noexcept;

  std::uint64_t taken_ = 0;  // entries removed by this pass
  std::uint32_t passes_ = 0;
  std::uint8_t at_ = 0;
  bool has_cursor_ = false;
  bool batches_work_ = false;
};

}  // namespace bpfmap::inline v0::detail
