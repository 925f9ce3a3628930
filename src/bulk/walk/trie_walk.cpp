// SPDX-License-Identifier: MIT
#include "trie_walk.hpp"

#include "entry.hpp"
#include "lpm_order.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// The limit of restarts: others might delete the key at the cursor again and again.
constexpr std::uint32_t trie_restart_limit = 1024;
// The limit of lookups: a value that programs write in place may differ each time.
constexpr int agreement_limit = 8;

std::uint64_t hash_of(const std::byte* bytes, std::size_t size) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < size; ++i)
    hash = (hash ^ std::to_integer<std::uint64_t>(bytes[i])) * 0x100000001b3;
  return hash;
}

}  // namespace

WalkStep TrieWalk::read(WalkState& state) noexcept {
  if (!std::exchange(started_, true)) behind_ = fill(state);
  state.shown = ahead_;
  state.count = ahead_count_;
  if (behind_.outcome != WalkOutcome::more) return behind_;
  ahead_ ^= 1U;
  behind_ = fill(state);
  return {};
}

// Fills the batch ahead, which is empty only at the end.
WalkStep TrieWalk::fill(WalkState& state) noexcept {
  WalkStep step;
  ahead_count_ = 0;
  while (step.outcome == WalkOutcome::more && ahead_count_ == 0)
    step = by_key_ ? fill_by_key(state) : fill_by_batch(state);
  return step;
}

bool TrieWalk::is_new(const WalkState& state, const std::byte* key) const noexcept {
  return !has_key_ || lpm_precedes(state.buffer.cursor(2), key, state.buffer.layout().key);
}

void TrieWalk::note(const WalkState& state, const std::byte* key) noexcept {
  std::memcpy(state.buffer.cursor(2), key, state.buffer.layout().key);
  has_key_ = true;
}

WalkStep TrieWalk::fill_by_batch(WalkState& state) noexcept {
  const std::byte* const from = state.buffer.cursor(at_);
  std::byte* const to = state.buffer.cursor(1U - at_);
  const std::size_t size = state.buffer.layout().key;
  std::uint32_t count = state.buffer.entries();
  const int result = read_batch_patiently(state, sys::map_lookup_batch,
                                          has_cursor_ ? from : nullptr, to, ahead_, count, false);
  if (result != 0 && result != -ENOENT) {
    if (batches_work_ || !means_no_such_command(result)) return failed(result);
    by_key_ = true;
    state.status.method = ScanMethod::next_key;
    return {};
  }
  if (result == 0 && count == 0) return {WalkOutcome::gave_up};
  batches_work_ = true;
  const bool resumed = std::exchange(has_cursor_, true);
  const std::byte* const keys = state.buffer.keys(ahead_);
  WalkStep step{result == -ENOENT ? WalkOutcome::last : WalkOutcome::more};
  if (count != 0 && resumed && !lpm_precedes(from, keys, size)) {
    state.status.restarted = true;
    if (++restarts_ == trie_restart_limit) step.outcome = WalkOutcome::gave_up;
  }
  at_ ^= 1U;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::byte* const key = keys + std::size_t{i} * size;
    if (!is_new(state, key)) continue;
    note(state, key);
    state.buffer.move_entry(ahead_, i, ahead_count_++);
  }
  return step;
}

// Cursor 0 is the key before the next key, cursor 1 the next key.
WalkStep TrieWalk::fill_by_key(WalkState& state) noexcept {
  std::byte* const before = state.buffer.cursor(0);
  std::byte* const key = state.buffer.cursor(1);
  const std::size_t size = state.buffer.layout().key;
  while (ahead_count_ < state.buffer.entries()) {
    if (++steps_ > key_limit(*state.map)) return {WalkOutcome::gave_up};
    if (const int result = next_of(state, key))
      return result == -ENOENT ? WalkStep{WalkOutcome::last} : failed(result);
    const bool fresh = is_new(state, key);
    if (!fresh) state.status.restarted = true;
    const int result = fresh ? read_own_value(state, key) : 0;
    // The key was erased, or another key follows the previous one now.
    if (result == -ENOENT) continue;
    if (result != 0) return failed(result);
    std::memcpy(before, key, size);
    has_cursor_ = true;
    if (!fresh) continue;
    note(state, key);
    std::memcpy(state.buffer.keys(ahead_) + std::size_t{ahead_count_++} * size, key, size);
  }
  return {};
}

int TrieWalk::next_of(const WalkState& state, std::byte* key) const noexcept {
  const std::byte* const before = has_cursor_ ? state.buffer.cursor(0) : nullptr;
  return retried([&] { return sys::map_get_next_key(state.map->fd(), before, key); });
}

int TrieWalk::read_own_value(WalkState& state, const std::byte* key) const noexcept {
  const std::size_t stride = state.buffer.layout().value;
  const std::size_t size = state.buffer.layout().key;
  std::byte* const value = state.buffer.values(ahead_) + std::size_t{ahead_count_} * stride;
  // Where the key is stored once it is known.
  std::byte* const again = state.buffer.keys(ahead_) + std::size_t{ahead_count_} * size;
  if (state.keys_only) {
    std::memset(value, 0, stride);
    return 0;
  }
  const auto look_up = [&] {
    return retried([&] {
      return sys::map_lookup_elem(state.map->fd(), key, value, to_underlying(state.options.flags));
    });
  };
  int result = look_up();
  for (int attempt = 0; result == 0 && attempt < agreement_limit; ++attempt) {
    const std::uint64_t first = hash_of(value, stride);
    result = next_of(state, again);
    if (result == 0 && std::memcmp(again, key, size) != 0) result = -ENOENT;
    if (result == 0) result = look_up();
    if (result == 0 && hash_of(value, stride) == first) break;
  }
  return result;
}

}  // namespace bpfmap::inline v0::detail
