// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/verbs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "bpfmap/bulk/walk/take.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "walk/kinds.hpp"
#include "walk/retry.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;
using detail::WalkKind;

// plain, for a type that this library does not know.
ValueKind value_kind(const Map& map) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  return traits == nullptr ? ValueKind::plain : traits->value;
}

// Whether the slots can be looked up; a lookup of an empty slot is then ENOENT.
bool shows_slots(const Map& map) noexcept {
  if (value_kind(map) == ValueKind::socket) return map.info().value_size == sizeof(std::uint64_t);
  return value_kind(map) != ValueKind::write_only;
}

bool has_slots(const Map& map) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  return traits != nullptr && traits->key == KeyKind::slot;
}

// Looks up slot by slot, because the kernel has no batches for these types.
std::uint64_t clear_slots(Map& map, std::error_code& ec) noexcept {
  std::uint64_t erased = 0;
  Walk walk{map, {}, {}, shows_slots(map) ? WalkContent::entries : WalkContent::keys};
  while (walk.next(ec))
    for (std::uint32_t i = 0; i < walk.size(); ++i) {
      const std::byte* const key = walk.keys() + i * sizeof(std::uint32_t);
      const int result = detail::retried([&] { return sys::map_delete_elem(map.fd(), key); });
      // A sockmap returns EINVAL for an empty slot.
      const bool empty =
          result == -ENOENT || (result == -EINVAL && map.info().type == MapType::sockmap);
      if (result == 0) {
        ++erased;
      } else if (!empty) {
        ec = kernel_error(result);
        return erased;
      }
    }
  return erased;
}

// Whether a queue has a value, or another map a first key.
bool has_first(const Map& map, std::error_code& ec) noexcept {
  const bool queue = detail::is_queue(map);
  detail::WalkBuffer room;
  if (!queue && detail::walk_kind(map) == WalkKind::none) {
    ec = Errc::unsupported_operation;
    return false;
  }
  const int result = !room.fit(detail::WalkLayout::of(map), 1) ? -ENOMEM : detail::retried([&] {
    return queue ? sys::map_lookup_elem(map.fd(), nullptr, room.values(0))
                 : sys::map_get_next_key(map.fd(), nullptr, room.keys(0));
  });
  if (result != -ENOENT) ec = kernel_error(result);
  return result == 0;
}

std::uint64_t take_all(Map& map, std::error_code& ec) noexcept {
  detail::Take take{map, {}};
  return take.take_all(ec);
}

std::uint64_t erase_all(Map& map, std::error_code& ec) noexcept {
  std::uint64_t erased = 0;
  Walk walk{map, {}, {}, WalkContent::keys};
  while (walk.next(ec)) {
    erased += detail::erase_flat(map, {walk.keys(), nullptr, walk.size()}, ec).done;
    if (ec) break;
  }
  return erased;
}

bool holds_maps(const Map& map) noexcept { return value_kind(map) == ValueKind::inner_map; }

// A type that this library does not know may hold descriptors.
bool reads_as_written(const Map& map) noexcept {
  if (value_kind(map) == ValueKind::target) return map.info().value_size == sizeof(std::uint32_t);
  return value_kind(map) == ValueKind::plain && traits_of(map.info().type) != nullptr;
}

// Returns the reason why `from` cannot be copied into `to`; no error if it can.
std::error_code obstacle(const Map& from, const Map& to) noexcept {
  if (!from || !to) return Errc::no_map;
  if (from.info().key_size != to.info().key_size) return Errc::wrong_key_size;
  if (from.info().value_size != to.info().value_size) return Errc::wrong_value_size;
  if (from.is_percpu() != to.is_percpu())
    return to.is_percpu() ? Errc::map_is_percpu : Errc::map_is_not_percpu;
  if (holds_maps(from) && holds_maps(to)) return {};
  if (!reads_as_written(from) || !reads_as_written(to)) return Errc::unsupported_operation;
  return {};
}

// Inner maps that were opened by their ids, a few at a time to save descriptors.
class InnerMaps {
 public:
  static constexpr std::size_t most = 64;

  // Opens the maps of `count` values, beginning at `ids`, and keeps keys and descriptors in step.
  // Leaves out a map that was replaced or erased meanwhile.
  int open(const std::byte* keys, std::size_t key_size, const std::byte* ids, std::size_t count,
           detail::KeyList& opened) noexcept {
    count_ = 0;
    if (!opened.reserve(count * key_size)) return -ENOMEM;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id = detail::load_u32(ids + i * sizeof id);
      const int fd = detail::retried([id] { return sys::map_get_fd_by_id(id); });
      if (fd == -ENOENT) continue;
      if (fd < 0) return fd;
      owners_[count_] = sys::UniqueFd{fd};
      fds_[count_++] = fd;
      opened.add(keys + i * key_size, key_size);
    }
    return 0;
  }
  [[nodiscard]] const std::byte* descriptors() const noexcept {
    return reinterpret_cast<const std::byte*>(fds_.data());
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  std::array<sys::UniqueFd, most> owners_;
  std::array<int, most> fds_{};
  std::size_t count_ = 0;
};

// Records the failure of a copy's write while its key and value are still in memory.
void fail_write(const Map& to, const Walk& walk, const BatchResult& result, const std::byte* keys,
                UpdateFlags flags, std::error_code& ec) noexcept {
  const std::size_t size = walk.key_size();
  const BytesView key{keys + result.failed.value_or(0) * size, size};
  ec = detail::record_entry(to, {Operation::update_batch, key, {}, detail::to_underlying(flags)},
                            result, ec);
}

std::uint64_t copy_maps(const Map& from, Map& to, UpdateFlags flags, std::error_code& ec) noexcept {
  std::uint64_t written = 0;
  Walk walk{from};
  detail::KeyList opened;
  InnerMaps inner;
  while (walk.next(ec))
    for (std::size_t at = 0; at < walk.size(); at += InnerMaps::most) {
      const std::size_t count = std::min<std::size_t>(InnerMaps::most, walk.size() - at);
      const int result = inner.open(walk.keys() + at * walk.key_size(), walk.key_size(),
                                    walk.values() + at * walk.value_stride(), count, opened);
      if (result != 0) {
        ec = detail::record(from, {Operation::from_id}, kernel_error(result));
        return written;
      }
      const auto put =
          detail::update_flat(to, {opened.data(), inner.descriptors(), inner.size()}, flags, ec);
      written += put.done;
      if (!ec) continue;
      fail_write(to, walk, put, opened.data(), flags, ec);
      return written;
    }
  return written;
}

std::uint64_t copy_entries(const Map& from, Map& to, UpdateFlags flags,
                           std::error_code& ec) noexcept {
  std::uint64_t written = 0;
  Walk walk{from, {.flags = has(flags, UpdateFlags::lock) ? LookupFlags::lock : LookupFlags::none}};
  while (walk.next(ec)) {
    const auto result =
        detail::update_flat(to, {walk.keys(), walk.values(), walk.size()}, flags, ec);
    written += result.done;
    if (!ec) continue;
    fail_write(to, walk, result, walk.keys(), flags, ec);
    break;
  }
  return written;
}

}  // namespace

namespace detail {

bool takes_passes(const Map& map) noexcept { return walk_kind(map) == WalkKind::opaque; }

std::uint64_t erase_keys(Map& map, const KeyList& keys, std::error_code& ec) noexcept {
  const std::size_t size = map.info().key_size;
  const auto result = erase_flat(map, {keys.data(), nullptr, keys.size() / size}, ec);
  if (!ec) return result.done;
  const BytesView key{keys.data() + result.failed.value_or(0) * size, size};
  ec = record_entry(map, {Operation::erase_batch, key}, result, ec);
  return result.done;
}

}  // namespace detail

std::uint64_t count(const Map& map, std::error_code& ec) noexcept {
  // Only a lookup shows whether a slot is empty, and whether the cgroup of a storage's key exists.
  const bool by_key = !has_slots(map) || map.info().type == MapType::stack_trace;
  const bool storage = map.info().max_entries == 0;
  Walk walk{map, {}, {}, by_key && !storage ? WalkContent::keys : WalkContent::entries};
  while (walk.next(ec)) {
  }
  return walk.status().entries;
}

std::uint64_t count(const Map& map) {
  std::error_code ec;
  const std::uint64_t entries = count(map, ec);
  detail::throw_if(ec);
  return entries;
}

bool empty(const Map& map, std::error_code& ec) noexcept {
  ec.clear();
  const bool by_walk = detail::walk_kind(map) == WalkKind::indices || map.info().max_entries == 0;
  bool found = false;
  if (!map)
    ec = Errc::no_map;
  else if (has_slots(map) && !shows_slots(map))
    ec = Errc::unsupported_operation;
  else if (detail::is_queue(map) || !by_walk)
    found = has_first(map, ec);
  else
    found = Walk{map, {.batch_size = 16}}.next(ec);
  if (ec) ec = detail::record(map, {Operation::scan}, ec);
  return !found && !ec;
}

bool empty(const Map& map) {
  std::error_code ec;
  const bool none = empty(map, ec);
  detail::throw_if(ec);
  return none;
}

std::uint64_t clear(Map& map, std::error_code& ec) noexcept {
  ec.clear();
  const MapTypeTraits* const traits = traits_of(map.info().type);
  const bool indices = detail::walk_kind(map) == WalkKind::indices;
  std::uint64_t erased = 0;
  if (detail::is_queue(map) || (traits != nullptr && traits->drain_batch))
    erased = take_all(map, ec);
  else if (indices && has_slots(map))
    erased = clear_slots(map, ec);
  else if (indices || (traits != nullptr && traits->key == KeyKind::object))
    ec = Errc::unsupported_operation;
  else
    erased = erase_all(map, ec);
  if (ec) ec = detail::record(map, {Operation::erase_batch}, ec);
  return erased;
}

std::uint64_t clear(Map& map) {
  std::error_code ec;
  const std::uint64_t erased = clear(map, ec);
  detail::throw_if(ec);
  return erased;
}

std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags, std::error_code& ec) noexcept {
  ec = obstacle(from, to);
  if (ec) {
    const std::byte* const sized = nullptr;
    // The error names this map when it cannot be read as it is written.
    const bool unreadable = ec == Errc::unsupported_operation && !reads_as_written(from);
    ec = detail::record(unreadable ? from : to,
                        {Operation::update_batch,
                         {sized, from.info().key_size},
                         {sized, from.info().value_size},
                         detail::to_underlying(flags)},
                        ec);
    return 0;
  }
  return holds_maps(from) ? copy_maps(from, to, flags, ec) : copy_entries(from, to, flags, ec);
}

std::uint64_t copy(const Map& from, Map& to, std::error_code& ec) noexcept {
  return copy(from, to, UpdateFlags::any, ec);
}

std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags) {
  std::error_code ec;
  const std::uint64_t written = copy(from, to, flags, ec);
  detail::throw_if(ec);
  return written;
}

}  // namespace bpfmap::inline v0
