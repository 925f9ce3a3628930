// SPDX-License-Identifier: MIT
#include "opaque_walk.hpp"

#include "entry.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr std::uint32_t opaque_restart_limit = 64;
// The limit of passes: each removes a part of the map, but another thread's inserts could prolong
// them without end.
constexpr std::uint32_t pass_limit = 1000;

// One batch from cursor `at`, grown as often as the kernel asks for more room. -EAGAIN is returned
// at once: here, it means that the key at the cursor is gone.
int read_opaque(WalkState& state, ReadBatch read, bool has_cursor, std::uint8_t at) noexcept {
  int patience = 100;
  for (;;) {
    std::uint32_t count = state.buffer.entries();
    const int result = read_batch(state, read, has_cursor ? state.buffer.cursor(at) : nullptr,
                                  state.buffer.cursor(1U - at), 0, count, false);
    state.count = count;
    if (result == -ENOSPC) {
      if (const int grown = grow(state)) return grown;
    } else if (result == -EAGAIN || !turned_away(result) || --patience == 0) {
      return result;
    }
  }
}

}  // namespace

OpaqueWalk::OpaqueWalk(WalkState& state) noexcept { state.status.exact = false; }

WalkStep OpaqueWalk::restart(WalkState& state) noexcept {
  has_cursor_ = false;
  state.status.restarted = true;
  return {++restarts_ < opaque_restart_limit ? WalkOutcome::more : WalkOutcome::gave_up};
}

WalkStep OpaqueWalk::read(WalkState& state) noexcept {
  const int result = read_opaque(state, sys::map_lookup_batch, has_cursor_, at_);
  if (result == -EAGAIN) return restart(state);
  if (result != 0 && result != -ENOENT) {
    const bool none = means_no_such_command(result) && !batches_work_;
    return none ? WalkStep{WalkOutcome::other_way} : failed(result);
  }
  if (result == 0 && state.count == 0) return {WalkOutcome::gave_up};
  batches_work_ = has_cursor_ = true;
  at_ ^= 1U;
  entries_ += state.count;
  if (result == -ENOENT) return {WalkOutcome::last};
  return {entries_ <= key_limit(*state.map) ? WalkOutcome::more : WalkOutcome::gave_up};
}

OpaqueTake::OpaqueTake(WalkState& state) noexcept { state.status.exact = false; }

WalkStep OpaqueTake::begin_again(WalkOutcome without) noexcept {
  has_cursor_ = false;
  if (taken_ == 0) return {without};
  taken_ = 0;
  return {++passes_ < pass_limit ? WalkOutcome::more : WalkOutcome::gave_up};
}

WalkStep OpaqueTake::read(WalkState& state) noexcept {
  const int result = read_opaque(state, sys::map_lookup_and_delete_batch, has_cursor_, at_);
  if (result == -EAGAIN) {
    // With a cursor, only the key at the cursor is gone: the map may have other entries.
    if (!has_cursor_) return failed(result);
    taken_ += 1;
    return begin_again(WalkOutcome::gave_up);
  }
  if (result != 0 && result != -ENOENT) {
    const bool none = means_no_such_command(result) && !batches_work_;
    return none ? WalkStep{WalkOutcome::other_way} : failed(result);
  }
  if (result == 0 && state.count == 0) return {WalkOutcome::gave_up};
  batches_work_ = has_cursor_ = true;
  at_ ^= 1U;
  taken_ += state.count;
  return result == -ENOENT ? begin_again(WalkOutcome::last) : WalkStep{};
}

}  // namespace bpfmap::inline v0::detail
