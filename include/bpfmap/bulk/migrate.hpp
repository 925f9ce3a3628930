// SPDX-License-Identifier: MIT
// Replaces a pinned map with one of another size or value type, and copies the entries. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/bulk/detail/show.hpp"
#include "bpfmap/bulk/walk/walk.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0 {

/// The result of resize() and migrate().
template <class M>
struct Migrated {
  M map;                     ///< the new map, which is now pinned at the path
  std::uint64_t copied = 0;  ///< entries of the old map that the new one holds
  /// Entries that were not copied: dropped by `convert`, evicted by a smaller LRU hash, or all zero
  /// and beyond the end of a smaller array.
  std::uint64_t dropped = 0;
};

namespace detail {

// Returns Errc::not_pinned, recorded, unless `map` is the map pinned at `path`.
[[nodiscard]] std::error_code check_pinned(const Map& map, const std::string& path) noexcept;
// The spec of a map like `map`; opens an inner map as the template of a map of maps.
struct LikeSpec {
  MapSpec spec;
  sys::UniqueFd btf;
  Map inner;
};
[[nodiscard]] LikeSpec spec_like(const Map& map, std::error_code& ec) noexcept;
// Copies the entries that fit, and counts them.
void copy_into(const Map& from, Migrated<Map>& to, UpdateFlags flags, std::error_code& ec) noexcept;
// Counts the entries that an LRU hash has evicted.
void count_evicted(const Map& map, std::uint64_t& copied, std::uint64_t& dropped,
                   std::error_code& ec) noexcept;
// Replaces the pin of `old` with a pin of `next`; records a failure.
void pin_instead(const Map& old, const Map& next, const std::string& path,
                 std::error_code& ec) noexcept;
[[nodiscard]] Migrated<Map> resize_map(const Map& map, const std::string& path,
                                       std::uint32_t max_entries, UpdateFlags flags,
                                       std::error_code& ec) noexcept;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// What `convert` returns for an entry of Old: a value of New, or an optional one.
template <class Convert, class Old>
using Converted = std::remove_cvref_t<decltype(call_with(
    std::declval<Convert&>(), std::declval<shown_key<Old>&>(), std::declval<shown_value<Old>&>()))>;

template <class New, class Value>
void append_value(Bytes& out, const Value& value) {
  if constexpr (std::same_as<typename New::mapped_type, typename New::slot_type>)
    append(out, static_cast<const typename New::mapped_type&>(value));
  else if constexpr (is_percpu_values<Value>)
    append_slots(out, value);
  else
    append_slots(out, static_cast<const typename New::slot_type&>(value));
}

// Writes the converted entries of one batch of the walk.
template <class New, class Old, class Convert>
void convert_batch(const Walk& walk, Migrated<New>& to, Convert& convert, Bytes& keys,
                   Bytes& values, std::error_code& ec) {
  std::size_t entries = 0;
  keys.clear();
  values.clear();
  for_each_entry<Old>(walk, [&](auto& key, auto& value) {
    const typename Old::key_type whole_key = key;
    const auto converted = call_with(convert, key, value);
    if constexpr (is_optional<std::remove_cvref_t<decltype(converted)>>) {
      if (!converted) return;
      append_value<New>(values, *converted);
    } else {
      append_value<New>(values, converted);
    }
    append(keys, whole_key);
    ++entries;
  });
  const UpdateFlags flags = locked_flags<New>(UpdateFlags::any);
  const FlatEntries flat{keys.data(), values.data(), entries};
  const auto result = update_flat(to.map.map(), flat, flags, ec);
  to.copied += result.done;
  to.dropped += walk.size() - entries;
  if (!ec) return;
  const std::size_t size = walk.key_size();
  const BytesView failed{keys.data() + result.failed.value_or(0) * size, size};
  ec = record_entry(to.map.map(), {Operation::update_batch, failed, {}, to_underlying(flags)},
                    result, ec);
}

}  // namespace detail

/// Replaces `map`, which must be the map pinned at `path`, with a new map that has another
/// max_entries and the same entries.
///
/// The new map has the type, sizes, flags, name and BTF of the old one (see spec_of()). The entries
/// are copied first; then the new pin replaces the old one in one step (RENAME_EXCHANGE, 5.16; a
/// rename on older kernels). It has the permission bits of the old pin, and the owner and group if
/// this process may set them. After an error, the old pin is as it was, and nothing else remains.
///
/// `map` stays open. Programs that were loaded with it and processes that have it open continue to
/// use it; is_pinned_at() returns whether it was replaced. An entry that nobody writes during the
/// call is copied exactly once. A write to the old map after its entry was read is not in the new
/// map: stop the writers, or load the programs with the new map and then copy what is missing,
/// `copy(map.map(), result.map.map(), UpdateFlags::noexist)`. Timers and the order of use of an LRU
/// hash are not copied.
///
/// Errors: Errc::not_pinned when another map or none is pinned at `path`, even if that changes
/// during the call; Condition::map_full when the entries do not fit; Errc::index_out_of_range for a
/// value that is not zero beyond the end of a smaller array; Errc::unsupported_operation for a map
/// that cannot be walked or copied (queues, stacks, bloom filters, local storage, memory, arrays of
/// descriptors other than maps). A map of maps needs CAP_SYS_ADMIN and at least one inner map; for
/// an empty one, use migrate() with a spec that sets inner_map_fd. The folder is locked during the
/// exchange (flock(2)) and holds a second pin, bpfmap_replacing, which stays until the next
/// replacement when the process is killed. A symbolic link is followed. EAGAIN when another process
/// holds the lock.
[[nodiscard]] Migrated<Map> resize(const Map& map, const std::string& path,
                                   std::uint32_t max_entries);
/// As above; an empty map when `ec` is set.
[[nodiscard]] Migrated<Map> resize(const Map& map, const std::string& path,
                                   std::uint32_t max_entries, std::error_code& ec) noexcept;
/// As above; values with a bpf_spin_lock are read under it.
template <detail::typed_map M>
[[nodiscard]] Migrated<M> resize(const M& map, const std::string& path, std::uint32_t max_entries,
                                 std::error_code& ec) noexcept {
  auto done = detail::resize_map(map.map(), path, max_entries,
                                 detail::locked_flags<M>(UpdateFlags::any), ec);
  if (ec) return {};
  return {M{std::move(done.map), ec}, done.copied, done.dropped};
}
template <detail::typed_map M>
[[nodiscard]] Migrated<M> resize(const M& map, const std::string& path, std::uint32_t max_entries) {
  std::error_code ec;
  auto done = resize(map, path, max_entries, ec);
  detail::throw_if(ec);
  return done;
}

/// As resize(), into a map created as `spec`, with keys and values of the same sizes
/// (Errc::wrong_key_size, wrong_value_size, map_is_percpu, map_is_not_percpu): of another type,
/// with other flags, on another NUMA node.
[[nodiscard]] Migrated<Map> migrate(const Map& map, const std::string& path, const MapSpec& spec);
/// As above; an empty map when `ec` is set.
[[nodiscard]] Migrated<Map> migrate(const Map& map, const std::string& path, const MapSpec& spec,
                                    std::error_code& ec) noexcept;

/// As resize(), into a New with the same keys and other values: `migrate<HashMap<Key, Stats2>>(map,
/// path, spec, convert)`. `spec` is filled in as by New::create().
///
/// `convert(key, value)` receives each entry as a scan shows it, and returns the new value, or a
/// std::optional of it: nullopt drops the entry. On a per-CPU New, it returns PerCpuValues<V>, or
/// one V for every CPU. When it throws, the old pin stays as it was.
template <detail::written_map New, detail::typed_map Old, class Convert>
  requires detail::entry_function<std::remove_reference_t<Convert>, Old> &&
           std::same_as<typename New::key_type, typename Old::key_type>
[[nodiscard]] Migrated<New> migrate(const Old& map, const std::string& path, MapSpec spec,
                                    Convert&& convert, std::error_code& ec) {
  Migrated<New> to;
  ec = detail::check_pinned(map.map(), path);
  if (!ec) to.map = New::create(std::move(spec), ec);
  if (ec) return {};
  Walk walk{map.map(), detail::with_lock<Old>({})};
  Bytes keys;
  Bytes values;
  while (walk.next(ec)) {
    detail::convert_batch<New, Old>(walk, to, convert, keys, values, ec);
    if (ec) break;
  }
  if (!ec) detail::count_evicted(to.map.map(), to.copied, to.dropped, ec);
  if (!ec) detail::pin_instead(map.map(), to.map.map(), path, ec);
  return ec ? Migrated<New>{} : std::move(to);
}
template <detail::written_map New, detail::typed_map Old, class Convert>
  requires detail::entry_function<std::remove_reference_t<Convert>, Old> &&
           std::same_as<typename New::key_type, typename Old::key_type>
[[nodiscard]] Migrated<New> migrate(const Old& map, const std::string& path, MapSpec spec,
                                    Convert&& convert) {
  std::error_code ec;
  auto done = migrate<New>(map, path, std::move(spec), convert, ec);
  detail::throw_if(ec);
  return done;
}

}  // namespace bpfmap::inline v0
