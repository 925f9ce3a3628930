// SPDX-License-Identifier: MIT
// Hash types: whole buckets by batch. Private to src/bulk.
#pragma once

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

/// Reads buckets from range.begin up to, but not including, range.end. A bucket that is larger than
/// the room doubles the room. A batch that reaches beyond the range is read again, smaller, down to
/// one bucket. Empty buckets may hide the border, so even that bucket may lie beyond the range: its
/// entries are compared with those of the next part (Border), or with reads from the border until
/// two reads agree.
class BucketWalk {
 public:
  explicit BucketWalk(WalkState& state) noexcept;
  WalkStep read(WalkState& state) noexcept;

 private:
  struct Reading {
    int result;
    std::uint32_t count;
    std::uint32_t reached;  // the first bucket that was not read
  };

  [[nodiscard]] const std::byte* cursor(const WalkState& state) const noexcept;
  Reading read_on(const WalkState& state, const WalkBuffer& to, std::uint32_t room) const noexcept;
  WalkStep accept(WalkState& state, const Reading& reading) noexcept;
  WalkStep no_room(WalkState& state, const Reading& reading) noexcept;
  WalkStep beyond(WalkState& state, const Reading& reading) noexcept;
  WalkStep resolve(WalkState& state, Reading reading) noexcept;

  std::uint32_t room_ = 0;       // entries to request at the border; 0: as many as fit
  std::uint32_t too_small_ = 0;  // a room at the border that is smaller than one bucket
  std::uint32_t attempts_ = 0;   // reads at the border from one cursor
  std::uint8_t at_ = 0;          // the cursor: 0 or 1
  bool has_cursor_;
  bool batches_work_ = false;
};

/// Reads and removes the buckets of the whole map.
class BucketTake {
 public:
  explicit BucketTake(WalkState&) noexcept {}
  WalkStep read(WalkState& state) noexcept;

 private:
  std::uint8_t at_ = 0;
  bool has_cursor_ = false;
  bool batches_work_ = false;
};

}  // namespace bpfmap::inline v0::detail
