// SPDX-License-Identifier: MIT
// Batches whose cursor is opaque: rhash. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads batches and hands the cursor back as it came. -EAGAIN means that the cursor's key is gone:
/// the walk begins again, a bounded number of times. The kernel moves entries meanwhile, so that a
/// walk is not exact.
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

/// The same out of the map. What moved behind the cursor is taken by another pass: passes go on
/// until one takes nothing, a bounded number of times.
class OpaqueTake {
 public:
  explicit OpaqueTake(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep begin_again(WalkOutcome without) noexcept;

  std::uint64_t taken_ = 0;  // by this pass
  std::uint32_t passes_ = 0;
  std::uint8_t at_ = 0;
  bool has_cursor_ = false;
  bool batches_work_ = false;
};

}  // namespace bpfmap::inline v0::detail
