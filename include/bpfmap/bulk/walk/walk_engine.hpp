// SPDX-License-Identifier: MIT
// The contract of every way of walking a map. Above map/.
//
//                    start                    read: more
//      unstarted ------------> walking <-----------------.
//          ^                     |  |___________________/
//          |                     |  \ read: other_way: the walk goes on by next key
//          | rewind              |
//          |                     | read: last, gave_up, failed
//          '------- ended <------'
//
// A way of walking is a small, trivially copyable class with one function:
//
//      WalkStep read(WalkState& state) noexcept
//
// It puts the next entries into a batch of `state.buffer`, leaves the batch's number in
// `state.shown` and their number in `state.count`, and returns what follows them:
//
//   more       there may be more entries; a batch may be empty
//   last       the end of the map or of the range was reached
//   gave_up    a bound was reached, so that the walk ends; it is not complete
//   other_way  the kernel has no such command: nothing was read
//   failed     the error; entries that were read before it are in the batch
//
// It keeps numbers and no pointers, so that a walk can be moved; cursors are in the buffer. Buckets
// and indices honour `state.range`; the others are never started with one. A way of taking removes
// the entries that it reads from the map. It reads no more entries than its caller can keep until
// it hands them out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/walk/walk_buffer.hpp"
#include "bpfmap/bulk/walk/walk_options.hpp"

namespace bpfmap::inline v0::detail {

struct Border;

enum class WalkOutcome : std::uint8_t { more, last, gave_up, other_way, failed };

struct WalkStep {
  WalkOutcome outcome = WalkOutcome::more;
  int error = 0;  // -errno
};

// The state that every way of walking shares.
struct WalkState {
  const Map* map;
  ScanOptions options = {};
  CursorRange range = {};
  bool keys_only = false;          // values need not be read
  std::uint32_t map_id = 0;        // of the map that the walk began with
  const Border* border = nullptr;  // where the range ends: what the next part has shown
  ScanStatus status = {};
  WalkBuffer buffer = {};
  unsigned int shown = 0;     // the batch that was read last
  std::uint32_t count = 0;    // its entries
  std::uint32_t reached = 0;  // buckets: the first that was not read
};

/// One walk: its state, and the way of walking with room for its numbers. Empty after a move: then
/// its map is an empty one.
class WalkEngine {
 public:
  // Starts the way for the map, by become(), or the one by next key; returns an error when there is
  // none.
  using Chooser = std::error_code (*)(WalkEngine& walk, bool by_next_key) noexcept;

  WalkEngine(const Map& map, const ScanOptions& options, const CursorRange& range,
             Chooser choose) noexcept
      : state_{.map = &map,
               .options = options,
               .range = range,
               .buffer = WalkBuffer{options.buffer}},
        choose_(choose) {}
  WalkEngine(WalkEngine&& other) noexcept;
  WalkEngine& operator=(WalkEngine&& other) noexcept;
  ~WalkEngine() = default;

  // Reads the next batch; returns false when there is none, or `ec` is set. Sets or clears `ec`.
  bool next(std::error_code& ec) noexcept;
  void rewind() noexcept;
  // Whether the Map still holds the map that the walk began with, for which there is room.
  [[nodiscard]] bool reads_same_map() const noexcept;

  template <class Way>
  void become() noexcept;

  [[nodiscard]] WalkState& state() noexcept { return state_; }
  [[nodiscard]] const WalkState& state() const noexcept { return state_; }

 private:
  enum class Phase : std::uint8_t { unstarted, walking, ended };
  using Read = WalkStep (*)(std::byte* way, WalkState& state) noexcept;

  void start() noexcept;
  void end(const WalkStep& step) noexcept;
  void clear() noexcept;

  WalkState state_;
  Chooser choose_;
  Read read_ = nullptr;
  std::error_code pending_;  // reported after the entries that were read before it
  Phase phase_ = Phase::unstarted;
  bool reached_end_ = false;
  alignas(std::uint64_t) std::array<std::byte, 40> way_{};
};

}  // namespace bpfmap::inline v0::detail
