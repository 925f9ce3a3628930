// SPDX-License-Identifier: MIT
// Everything that has keys and no batches: by the next key. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads keys with BPF_MAP_GET_NEXT_KEY and a lookup for each. The key behind a batch is known
/// before the batch is shown, so that its reader may erase or update what it is shown.
class KeyWalk {
 public:
  explicit KeyWalk(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep step(WalkState& state) noexcept;

  std::uint64_t steps_ = 0;
};

}  // namespace bpfmap::inline v0::detail
