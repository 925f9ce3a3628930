// SPDX-License-Identifier: MIT
#include "key_walk.hpp"

#include "entry.hpp"

namespace bpfmap::inline v0::detail {

KeyWalk::KeyWalk(WalkState& state) noexcept {
  state.status.method = ScanMethod::next_key;
  state.status.exact = false;
  state.shown = 0;
}

// Cursor 0 is the next key to read, cursor 1 the first key of the walk.
WalkStep KeyWalk::read(WalkState& state) noexcept {
  WalkStep next = steps_ == 0 ? step(state) : WalkStep{};
  while (next.outcome == WalkOutcome::more && state.count < state.buffer.entries()) {
    if (const int result = read_entry(state, state.buffer.cursor(0))) return failed(result);
    next = step(state);
  }
  return next;
}

WalkStep KeyWalk::step(WalkState& state) noexcept {
  std::byte* const key = state.buffer.cursor(0);
  std::byte* const first = state.buffer.cursor(1);
  const std::size_t size = state.buffer.layout().key;
  const int result = retried(
      [&] { return sys::map_get_next_key(state.map->fd(), steps_ == 0 ? nullptr : key, key); });
  if (result == -ENOENT) return {WalkOutcome::last};
  if (result != 0) return failed(result);
  if (steps_ == 0)
    std::memcpy(first, key, size);
  else if (std::memcmp(first, key, size) == 0)
    state.status.restarted = true;
  return {++steps_ <= key_limit(*state.map) ? WalkOutcome::more : WalkOutcome::gave_up};
}

}  // namespace bpfmap::inline v0::detail
