// SPDX-License-Identifier: MIT
#include "index_walk.hpp"

#include <algorithm>

#include "entry.hpp"

namespace bpfmap::inline v0::detail {

IndexWalk::IndexWalk(WalkState& state) noexcept
    : next_(state.range.begin),
      end_(std::min(state.range.end, state.map->info().max_entries)),
      by_lookup_(!traits_of(state.map->info().type)->lookup_batch) {
  if (by_lookup_) state.status.method = ScanMethod::index;
}

WalkStep IndexWalk::read(WalkState& state) noexcept {
  // The kernel reads an index out of range as "from the start".
  if (next_ >= end_) return {WalkOutcome::last};
  return by_lookup_ ? read_by_lookup(state) : read_by_batch(state);
}

WalkStep IndexWalk::read_by_batch(WalkState& state) noexcept {
  std::byte* const in = state.buffer.cursor(0);
  std::byte* const out = state.buffer.cursor(1);
  store_u32(in, static_cast<std::uint32_t>(next_ - 1));
  auto count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(state.buffer.entries(), end_ - next_));
  const int result = read_batch_patiently(state, sys::map_lookup_batch, next_ == 0 ? nullptr : in,
                                          out, 0, count, false);
  if (result != 0 && result != -ENOENT) {
    // Before Linux 6.14, an empty slot ends every batch with EINTR.
    if (result != -EINTR && (batches_work_ || !means_no_such_command(result)))
      return failed(result);
    by_lookup_ = true;
    state.status.method = ScanMethod::index;
    return {};
  }
  // No kernel returns this, and a further call would return it again.
  if (result == 0 && count == 0) return {WalkOutcome::gave_up};
  batches_work_ = true;
  if (count != 0) next_ = std::uint64_t{load_u32(out)} + 1;
  // Empty slots are skipped, so a batch may reach beyond the range.
  while (count != 0 && load_u32(state.buffer.keys(0) + (count - 1) * sizeof(std::uint32_t)) >= end_)
    --count;
  state.count = count;
  return {result == -ENOENT || next_ >= end_ ? WalkOutcome::last : WalkOutcome::more};
}

WalkStep IndexWalk::read_by_lookup(WalkState& state) noexcept {
  for (; state.count < state.buffer.entries() && next_ < end_; ++next_) {
    const auto index = static_cast<std::uint32_t>(next_);
    if (const int result = read_entry(state, reinterpret_cast<const std::byte*>(&index)))
      return failed(result);
  }
  return {next_ < end_ ? WalkOutcome::more : WalkOutcome::last};
}

}  // namespace bpfmap::inline v0::detail
