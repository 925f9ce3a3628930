// SPDX-License-Identifier: MIT
#include "bucket_walk.hpp"

#include <algorithm>

#include "border.hpp"
#include "entry.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// How often the entries at one border are read: concurrent writes may make reads differ.
constexpr std::uint32_t attempt_limit = 64;

bool contains(const WalkBuffer& buffer, std::uint32_t count, const std::byte* key) noexcept {
  const std::size_t size = buffer.layout().key;
  for (std::uint32_t i = 0; i < count; ++i)
    if (std::memcmp(buffer.keys(0) + i * size, key, size) == 0) return true;
  return false;
}

// Keeps the entries of the batch for whose keys `is_kept` returns true.
template <class IsKept>
std::uint32_t keep_if(const WalkBuffer& buffer, std::uint32_t count, IsKept is_kept) noexcept {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    if (is_kept(buffer.keys(0) + std::size_t{i} * buffer.layout().key))
      buffer.move_entry(0, i, kept++);
  return kept;
}

}  // namespace

// The kernel's cursor is the number of the next bucket.
BucketWalk::BucketWalk(WalkState& state) noexcept : has_cursor_(state.range.begin != 0) {
  store_u32(state.buffer.cursor(0), state.range.begin);
  state.reached = state.range.begin;
}

const std::byte* BucketWalk::cursor(const WalkState& state) const noexcept {
  return has_cursor_ ? state.buffer.cursor(at_) : nullptr;
}

BucketWalk::Reading BucketWalk::read_on(const WalkState& state, const WalkBuffer& to,
                                        std::uint32_t room) const noexcept {
  std::byte* const out = to.cursor(1U - at_);
  std::uint32_t count = room;
  const std::byte* const in = cursor(state);
  const int result = retried([&] {
    count = room;
    store_u32(out, no_bucket);
    const int read = sys::map_lookup_batch(state.map->fd(), in, out, to.keys(0), to.values(0),
                                           count, to_underlying(state.options.flags));
    if (read == 0 || read == -ENOENT) return read;
    // See read_batch().
    if (load_u32(out) != no_bucket && count != 0 && count <= room) return 0;
    count = 0;
    return read;
  });
  return {result, count, load_u32(out)};
}

WalkStep BucketWalk::read(WalkState& state) noexcept {
  if (state.range.begin >= state.range.end) return {WalkOutcome::last};
  const std::uint32_t all = state.buffer.entries();
  const Reading reading = read_on(state, state.buffer, room_ == 0 ? all : std::min(room_, all));
  if (reading.result == -ENOSPC) return no_room(state, reading);
  if (reading.result != 0 && reading.result != -ENOENT) {
    const bool none = means_no_such_command(reading.result) && !batches_work_;
    // A walk by next key cannot keep to a range.
    return none && state.range.whole() ? WalkStep{WalkOutcome::other_way} : failed(reading.result);
  }
  // No kernel returns this, and a further call would return it again.
  if (reading.result == 0 && reading.count == 0) return {WalkOutcome::gave_up};
  batches_work_ = true;
  return reading.reached <= state.range.end ? accept(state, reading) : beyond(state, reading);
}

// Only ENOENT is the end. A short batch is not, and the last batch may have entries.
WalkStep BucketWalk::accept(WalkState& state, const Reading& reading) noexcept {
  at_ ^= 1U;
  has_cursor_ = true;
  too_small_ = attempts_ = 0;
  state.count = reading.count;
  state.reached = reading.result == -ENOENT ? no_bucket : reading.reached;
  return {state.reached >= state.range.end ? WalkOutcome::last : WalkOutcome::more};
}

WalkStep BucketWalk::no_room(WalkState& state, const Reading& reading) noexcept {
  const bool exact = reading.reached != no_bucket;
  if (room_ == 0 || room_ >= state.buffer.entries()) {
    room_ = 0;
    const int result = grow(state);
    return result == 0 ? WalkStep{} : failed(result);
  }
  // The cursor is the bucket that did not fit.
  if (exact && reading.reached >= state.range.end) {
    state.reached = reading.reached;
    return {WalkOutcome::last};
  }
  too_small_ = room_;
  room_ = room_ > no_bucket / 2 ? no_bucket : 2 * room_;
  return ++attempts_ < attempt_limit ? WalkStep{} : failed(-ENOSPC);
}

WalkStep BucketWalk::beyond(WalkState& state, const Reading& reading) noexcept {
  if (reading.count == 0) return accept(state, reading);
  const Border* const border = state.border;
  if (border != nullptr && reading.reached <= border->covered()) {
    const WalkStep step = accept(state, reading);
    state.count = keep_if(state.buffer, state.count, [&](const std::byte* key) {
      return !border->holds(key, state.buffer.layout().key);
    });
    return step;
  }
  const std::uint32_t asked = room_ == 0 ? state.buffer.entries() : room_;
  const std::uint32_t room = std::min(asked, reading.count);
  if (room > too_small_ + 1 && ++attempts_ < attempt_limit) {
    room_ = too_small_ + std::max((room - too_small_) / 2, 1U);
    return {};
  }
  return resolve(state, reading);
}

// The buckets of `reading` are before the border, or beyond it after empty buckets. An entry
// belongs to the next part if a read of that part finds it as well. If the read does not find it,
// that proves the opposite only when the entry still exists afterwards.
WalkStep BucketWalk::resolve(WalkState& state, Reading reading) noexcept {
  const Map& map = *state.map;
  const std::uint32_t from = state.border != nullptr ? state.border->covered() : state.range.end;
  WalkBuffer again;
  if (!again.fit(state.buffer.layout(), state.buffer.entries())) return failed(-ENOMEM);
  for (std::uint32_t attempt = 0; attempt < attempt_limit; ++attempt) {
    // Moves the entries that the next part reads to the end.
    std::uint32_t mine = reading.count;
    const std::size_t size = state.buffer.layout().key;
    Walk other{map, {.batch_size = std::min(state.buffer.entries(), 16U)}, {.begin = from}};
    std::error_code ec;
    while (other.next(ec)) {
      const WalkState& read = WalkAccess::state(other);
      mine = keep_if(state.buffer, mine,
                     [&](const std::byte* key) { return !contains(read.buffer, read.count, key); });
      if (mine == 0 || read.reached >= reading.reached) break;
    }
    if (ec) return failed(-ec.value());
    if (mine == 0) {
      state.reached = no_bucket;
      return {WalkOutcome::last};
    }
    const Reading second = read_on(state, again, reading.count);
    if (second.result != 0 && second.result != -ENOENT && second.result != -ENOSPC)
      return failed(second.result);
    const auto holds = [&](const std::byte* key) { return contains(again, second.count, key); };
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < mine; ++i)
      found += holds(state.buffer.keys(0) + i * size) ? 1U : 0U;
    if (found == mine && second.count == reading.count) {
      const WalkStep step = accept(state, {-ENOENT, mine, no_bucket});
      if (state.border != nullptr)
        state.count = keep_if(state.buffer, mine, [&](const std::byte* key) {
          return !state.border->holds(key, size);
        });
      return step;
    }
    reading = read_on(state, state.buffer, std::min(reading.count, state.buffer.entries()));
    if (reading.result == -ENOSPC) return no_room(state, reading);
    if (reading.result != 0 && reading.result != -ENOENT) return failed(reading.result);
    if (reading.count == 0 || reading.reached <= state.range.end) return accept(state, reading);
  }
  // Undecided: leaving the entries out may miss them, but never shows one twice.
  state.status.exact = false;
  return {WalkOutcome::last};
}

WalkStep BucketTake::read(WalkState& state) noexcept {
  std::uint32_t count = state.buffer.entries();
  const int result = read_batch_patiently(state, sys::map_lookup_and_delete_batch,
                                          has_cursor_ ? state.buffer.cursor(at_) : nullptr,
                                          state.buffer.cursor(1U - at_), 0, count, true);
  if (result == -ENOSPC) {
    const int grown = grow(state);
    return grown == 0 ? WalkStep{} : failed(grown);
  }
  if (result != 0 && result != -ENOENT) {
    const bool none = means_no_such_command(result) && !batches_work_;
    return none ? WalkStep{WalkOutcome::other_way} : failed(result);
  }
  if (result == 0 && count == 0) return {WalkOutcome::gave_up};
  batches_work_ = has_cursor_ = true;
  at_ ^= 1U;
  state.count = count;
  return {result == -ENOENT ? WalkOutcome::last : WalkOutcome::more};
}

}  // namespace bpfmap::inline v0::detail
