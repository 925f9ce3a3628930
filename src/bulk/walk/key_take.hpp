// SPDX-License-Identifier: MIT
// Removes entries one at a time: by next key, or by popping. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Removes the first key repeatedly, one entry at a time, so that an entry is removed only when it
/// is about to be handed out.
class KeyTake {
 public:
  explicit KeyTake(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  std::uint64_t steps_ = 0;
};

/// Pops a queue or a stack, at most max_entries times, so that it ends while others push.
class PopTake {
 public:
  explicit PopTake(WalkState&) noexcept {}
  WalkStep read(WalkState& state) noexcept;

 private:
  std::uint32_t popped_ = 0;
};

}  // namespace bpfmap::inline v0::detail
