// SPDX-License-Identifier: MIT
// Walks LPM tries by batch or by next key, one batch ahead. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads a trie in the kernel's order, which is total. When the key at the cursor was erased, the
/// kernel starts again, and the walk skips the keys that it has read before. A batch is read before
/// the previous batch is shown, so that the reader may erase its entries.
///
/// Without batches, a lookup of an erased key finds the prefix that covers it. A value is shown
/// when two lookups agree and the key existed between them.
class TrieWalk {
 public:
  explicit TrieWalk(WalkState& state) noexcept { state.status.exact = false; }
  WalkStep read(WalkState& state) noexcept;

 private:
  WalkStep fill(WalkState& state) noexcept;
  WalkStep fill_by_batch(WalkState& state) noexcept;
  WalkStep fill_by_key(WalkState& state) noexcept;
  int next_of(const WalkState& state, std::byte* key) const noexcept;
  int read_own_value(WalkState& state, const std::byte* key) const noexcept;
  [[nodiscard]] bool is_new(const WalkState& state, const std::byte* key) const noexcept;
  void note(const WalkState& state, const std::byte* key) noexcept;

  std::uint64_t steps_ = 0;
  std::uint32_t ahead_count_ = 0;
  std::uint32_t restarts_ = 0;
  WalkStep behind_;         // what follows the batch ahead
  std::uint8_t ahead_ = 0;  // the batch ahead: 0 or 1
  std::uint8_t at_ = 0;     // the cursor: 0 or 1; cursor 2 is the last key read
  bool started_ = false;
  bool has_cursor_ = false;
  bool has_key_ = false;
  bool batches_work_ = false;
  bool by_key_ = false;
};

}  // namespace bpfmap::inline v0::detail
