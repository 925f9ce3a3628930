// SPDX-License-Identifier: MIT
// Runs a walk, and selects the way in which a map is walked.
#include "bpfmap/bulk/walk/walk.hpp"

#include <utility>

#include "../../map/cpu_list.hpp"
#include "become.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bucket_walk.hpp"
#include "index_walk.hpp"
#include "key_walk.hpp"
#include "kinds.hpp"
#include "opaque_walk.hpp"
#include "trie_walk.hpp"

namespace bpfmap::inline v0 {
namespace detail {
namespace {

// Never destroyed, so that static destructors may use a walk.
const Map& empty_map() noexcept {
  alignas(Map) static std::byte room[sizeof(Map)];
  static const Map* const map = ::new (room) Map;
  return *map;
}

std::error_code choose_walk(WalkEngine& walk, bool by_next_key) noexcept {
  const WalkState& state = walk.state();
  const WalkKind kind = walk_kind(*state.map);
  const bool has_ranges = kind == WalkKind::buckets || kind == WalkKind::indices;
  if (kind == WalkKind::none || (!has_ranges && !state.range.whole()))
    return Errc::unsupported_operation;
  switch (by_next_key ? WalkKind::keys : kind) {
    case WalkKind::buckets:
      walk.become<BucketWalk>();
      break;
    case WalkKind::indices:
      walk.become<IndexWalk>();
      break;
    case WalkKind::trie:
      walk.become<TrieWalk>();
      break;
    case WalkKind::opaque:
      walk.become<OpaqueWalk>();
      break;
    case WalkKind::keys:
    case WalkKind::none:
      walk.become<KeyWalk>();
      break;
  }
  return {};
}

}  // namespace

WalkEngine::WalkEngine(WalkEngine&& other) noexcept
    : state_(std::exchange(other.state_, WalkState{.map = &empty_map()})),
      choose_(other.choose_),
      read_(other.read_),
      pending_(other.pending_),
      phase_(other.phase_),
      reached_end_(other.reached_end_),
      way_(other.way_) {
  other.clear();
}

WalkEngine& WalkEngine::operator=(WalkEngine&& other) noexcept {
  if (this == &other) return *this;
  state_ = std::exchange(other.state_, WalkState{.map = &empty_map()});
  choose_ = other.choose_;
  read_ = other.read_;
  pending_ = other.pending_;
  phase_ = other.phase_;
  reached_end_ = other.reached_end_;
  way_ = other.way_;
  other.clear();
  return *this;
}

void WalkEngine::clear() noexcept {
  state_.count = 0;
  pending_.clear();
  phase_ = Phase::unstarted;
  reached_end_ = false;
}

void WalkEngine::rewind() noexcept {
  clear();
  state_.status = {.batch_size = state_.status.batch_size};
}

// Computes the room from the current map: another map may have been moved into it.
void WalkEngine::start() noexcept {
  const Map& map = *state_.map;
  phase_ = Phase::ended;
  if (!map)
    pending_ = Errc::no_map;
  else if (may_be_percpu(map))
    pending_ = check_cpu_list();
  if (pending_) return;
  const WalkLayout layout = WalkLayout::of(map);
  std::uint32_t entries = layout.entries_for(state_.options.batch_size, map.info().max_entries);
  if (layout == state_.buffer.layout() && entries < state_.buffer.entries())
    entries = state_.buffer.entries();
  if (!state_.buffer.fit(layout, entries)) {
    pending_ = kernel_error(-ENOMEM);
    return;
  }
  state_.shown = 0;
  state_.map_id = map.info().id;
  pending_ = choose_(*this, false);
  if (!pending_) phase_ = Phase::walking;
}

bool WalkEngine::reads_same_map() const noexcept {
  const Map& map = *state_.map;
  return map && map.info().id == state_.map_id && WalkLayout::of(map) == state_.buffer.layout();
}

void WalkEngine::end(const WalkStep& step) noexcept {
  phase_ = Phase::ended;
  reached_end_ = step.outcome == WalkOutcome::last;
  if (step.outcome == WalkOutcome::failed) pending_ = kernel_error(step.error);
}

bool WalkEngine::next(std::error_code& ec) noexcept {
  state_.count = 0;
  if (phase_ == Phase::unstarted) start();
  if (phase_ == Phase::walking && !reads_same_map()) {
    phase_ = Phase::ended;
    pending_ = *state_.map ? Errc::map_changed : Errc::no_map;
  }
  while (phase_ == Phase::walking && state_.count == 0) {
    const WalkStep step = read_(way_.data(), state_);
    if (step.outcome == WalkOutcome::other_way)
      (void)choose_(*this, true);
    else if (step.outcome != WalkOutcome::more)
      end(step);
  }
  state_.status.batch_size = state_.buffer.entries();
  state_.status.entries += state_.count;
  ec.clear();
  if (state_.count != 0) return true;
  ec = std::exchange(pending_, {});
  state_.status.complete = reached_end_;
  return false;
}

}  // namespace detail

Walk::Walk(const Map& map, ScanOptions options, CursorRange range, WalkContent content) noexcept
    : engine_(map, options, range, &detail::choose_walk) {
  engine_.state().keys_only = content == WalkContent::keys;
}

bool Walk::next(std::error_code& ec) noexcept {
  const bool more = engine_.next(ec);
  if (ec)
    ec = detail::record(map(),
                        {.operation = Operation::scan,
                         .flags = detail::to_underlying(engine_.state().options.flags)},
                        ec);
  return more;
}

}  // namespace bpfmap::inline v0
