// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/walk/take.hpp"

#include "become.hpp"
#include "bucket_walk.hpp"
#include "entry.hpp"
#include "key_take.hpp"
#include "opaque_walk.hpp"

namespace bpfmap::inline v0::detail {
namespace {

std::error_code choose_take(WalkEngine& walk, bool by_next_key) noexcept {
  const Map& map = *walk.state().map;
  if (is_queue(map)) {
    walk.become<PopTake>();
    return {};
  }
  const WalkKind kind = walk_kind(map);
  // The entries of an array cannot be removed, nor can those that belong to the programs of a
  // cgroup.
  const MapTypeTraits* const traits = traits_of(map.info().type);
  if (kind == WalkKind::none || kind == WalkKind::indices ||
      (traits != nullptr && traits->key == KeyKind::object))
    return Errc::unsupported_operation;
  // A lookup in a hash of maps returns an id. Once removed, the map may no longer exist, and could
  // not be put back.
  const bool batches = traits != nullptr && traits->drain_batch &&
                       map.info().type != MapType::hash_of_maps && !by_next_key;
  if (!batches)
    walk.become<KeyTake>();
  else if (kind == WalkKind::opaque)
    walk.become<OpaqueTake>();
  else
    walk.become<BucketTake>();
  return {};
}

// Removes one entry. Returns 0, -ENOENT when the entry is gone, or another -errno.
int take_entry(WalkState& state, const std::byte* key, std::byte* value) noexcept {
  const int fd = state.map->fd();
  const auto flags = to_underlying(state.options.flags);
  const int result =
      retried([&] { return sys::map_lookup_and_delete_elem(fd, key, value, flags); });
  if (!means_no_such_command(result)) return result;
  // Two calls, because the type has no single one: an update between them is lost.
  state.status.exact = false;
  const int found = retried([&] { return sys::map_lookup_elem(fd, key, value, flags); });
  return found != 0 ? found : retried([&] { return sys::map_delete_elem(fd, key); });
}

}  // namespace

KeyTake::KeyTake(WalkState& state) noexcept {
  state.status.method = ScanMethod::next_key;
  // In a trie, a lookup may have found a prefix that covers the key instead of the key; the delete
  // after it finds only the key.
  if (walk_kind(*state.map) == WalkKind::trie) state.status.exact = false;
}

WalkStep KeyTake::read(WalkState& state) noexcept {
  std::byte* const key = state.buffer.keys(0);
  const int next = retried([&] { return sys::map_get_next_key(state.map->fd(), nullptr, key); });
  if (next == -ENOENT) return {WalkOutcome::last};
  if (next != 0) return failed(next);
  if (traits_of(state.map->info().type) == nullptr)
    std::memset(state.buffer.values(0), 0, state.buffer.layout().value);
  const int result = take_entry(state, key, state.buffer.values(0));
  if (result != 0 && result != -ENOENT) return failed(result);
  state.count = result == 0 ? 1 : 0;
  return {++steps_ <= key_limit(*state.map) ? WalkOutcome::more : WalkOutcome::gave_up};
}

WalkStep PopTake::read(WalkState& state) noexcept {
  if (popped_ == state.map->info().max_entries) return {WalkOutcome::last};
  const int result = retried([&] {
    return sys::map_lookup_and_delete_elem(state.map->fd(), nullptr, state.buffer.values(0));
  });
  if (result == -ENOENT) return {WalkOutcome::last};
  if (result != 0) return failed(result);
  ++popped_;
  state.count = 1;
  return {};
}

Take::Take(Map& map, const ScanOptions& options) noexcept
    : engine_(map, options, {}, &choose_take) {}

Take& Take::operator=(Take&& other) noexcept {
  if (this == &other) return *this;
  if (left() != 0) put_back();
  engine_ = std::move(other.engine_);
  at_ = std::exchange(other.at_, 0);
  next_ = std::exchange(other.next_, 0);
  end_ = std::exchange(other.end_, 0);
  owner_ = other.owner_;
  finished_ = std::exchange(other.finished_, false);
  return *this;
}

Take::~Take() {
  if (left() != 0) put_back();
}

bool Take::advance(std::error_code& ec) noexcept {
  ec.clear();
  if (!owner_.is_current()) {
    ec = kernel_error(-ESTALE);
    return false;
  }
  if (next_ == end_) {
    next_ = end_ = at_ = 0;
    finished_ = !engine_.next(ec);
    if (finished_) return false;
    end_ = engine_.state().count;
    owner_ = sys::OwnerProcess::current();
  }
  at_ = next_++;
  return true;
}

std::uint64_t Take::take_all(std::error_code& ec) noexcept {
  while (engine_.next(ec)) {
  }
  return status().entries;
}

void Take::resume() noexcept {
  if (next_ == end_ && std::exchange(finished_, false)) engine_.rewind();
}

std::uint32_t Take::put_back() noexcept {
  if (!owner_.is_current() || !engine_.reads_same_map()) return left();
  // Entries that cannot be put back move to the end of the batch, and are handed out last.
  std::uint32_t kept = end_;
  const std::size_t key_size = buffer().layout().key;
  const std::size_t stride = buffer().layout().value;
  for (std::uint32_t i = end_; i-- > next_;) {
    const std::byte* const key = buffer().keys(0) + i * key_size;
    const std::byte* const value = buffer().values(0) + i * stride;
    const int result = retried_without_memory([&] {
      return sys::map_update_elem(map().fd(), key, value, to_underlying(UpdateFlags::noexist));
    });
    if (result != 0) buffer().move_entry(0, i, --kept);
  }
  next_ = kept;
  return end_ - kept;
}

}  // namespace bpfmap::inline v0::detail
