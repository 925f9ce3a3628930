// SPDX-License-Identifier: MIT
// What programs do with a whole map: count, erase_if, clear, copy, to_vector. Above map/.
#pragma once

#include <cstdint>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/bulk/detail/whole_map.hpp"

namespace bpfmap::inline v0 {

/// Entries in the map, by walking it (see BatchReader for what a walk promises). Every index of an
/// array counts, and every filled slot of an array of descriptors; an error where user space cannot
/// tell which are (perf_event_array, cgroup_array, xskmap).
[[nodiscard]] std::uint64_t count(const Map& map);
[[nodiscard]] std::uint64_t count(const Map& map, std::error_code& ec) noexcept;
template <detail::typed_map M>
[[nodiscard]] std::uint64_t count(const M& map) {
  return count(map.map());
}
template <detail::typed_map M>
[[nodiscard]] std::uint64_t count(const M& map, std::error_code& ec) noexcept {
  return count(map.map(), ec);
}

/// Entries of which `predicate(key, value)` is true. With `ec`: of those read before an error.
template <detail::whole_map M, detail::entry_predicate<M> Predicate>
[[nodiscard]] std::uint64_t count_if(const M& map, Predicate predicate, std::error_code& ec) {
  std::uint64_t total = 0;
  for (BatchReader reader{detail::map_of(map)}; reader.next(ec);)
    detail::for_each_entry<M>(reader, [&](const auto& key, const auto& value) {
      total += predicate(key, value) ? 1U : 0U;
    });
  return total;
}
template <detail::whole_map M, detail::entry_predicate<M> Predicate>
[[nodiscard]] std::uint64_t count_if(const M& map, Predicate predicate) {
  std::error_code ec;
  const auto total = count_if(map, std::move(predicate), ec);
  if (ec) detail::raise(detail::map_of(map), {Operation::scan}, ec);
  return total;
}

namespace detail {

// Leaves in `operation` what failed.
template <class M, class Predicate>
std::uint64_t erase_matching(M& map, Predicate& predicate, Operation& operation,
                             std::error_code& ec) {
  Map& bytes = map_of(map);
  const std::size_t key_size = bytes.info().key_size;
  std::uint64_t erased = 0;
  Bytes victims;
  operation = Operation::scan;
  for (BatchReader reader{bytes}; reader.next(ec);) {
    victims.clear();
    const std::byte* key = reader.keys();
    for_each_entry<M>(reader, [&](const auto& shown_key, const auto& shown_value) {
      if (predicate(shown_key, shown_value)) victims.insert(victims.end(), key, key + key_size);
      key += key_size;
    });
    erased += erase_flat(bytes, {victims.data(), nullptr, victims.size() / key_size}, ec).done;
    if (!ec) continue;
    operation = Operation::erase_batch;
    break;
  }
  return erased;
}

}  // namespace detail

/// Erases the entries of which `predicate(key, value)` is true, and says how many it erased. An
/// entry that another thread updates between the predicate and the erasure is erased with its new
/// value. With `ec`: how many before an error.
template <detail::erasable_map M, detail::entry_predicate<M> Predicate>
std::uint64_t erase_if(M& map, Predicate predicate, std::error_code& ec) {
  Operation operation;
  return detail::erase_matching(map, predicate, operation, ec);
}
template <detail::erasable_map M, detail::entry_predicate<M> Predicate>
std::uint64_t erase_if(M& map, Predicate predicate) {
  std::error_code ec;
  Operation operation;
  const auto erased = detail::erase_matching(map, predicate, operation, ec);
  if (ec) detail::raise(detail::map_of(map), {operation}, ec);
  return erased;
}

/// Erases what is in the map, in one pass, and says how many entries that were: it ends on a live
/// map, which may not be empty then. A queue or stack is popped, at most max_entries times.
/// ENOTSUPP on an array, whose entries cannot be erased. Of an xskmap every slot counts, filled or
/// not. With `ec`: how many before an error.
std::uint64_t clear(Map& map);
std::uint64_t clear(Map& map, std::error_code& ec) noexcept;
template <detail::erasable_map M>
  requires detail::typed_map<M>
std::uint64_t clear(M& map) {
  return clear(map.map());
}
template <detail::erasable_map M>
  requires detail::typed_map<M>
std::uint64_t clear(M& map, std::error_code& ec) noexcept {
  return clear(map.map(), ec);
}

/// Writes every entry of `from` into `to`, and says how many were written. Keys and values must
/// have the same size, and both maps be per-CPU or neither (Errc::wrong_key_size, value_size,
/// percpu_map, not_percpu_map). With UpdateFlags::noexist what `to` has stays. With `ec`: how many
/// before an error. ENOTSUPP where what is read of a map is not what is written: maps of maps,
/// arrays of descriptors, maps of sockets, and devmaps and cpumaps with a program in the value.
std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags = UpdateFlags::any);
std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags, std::error_code& ec) noexcept;
template <detail::typed_map From, detail::typed_map To>
std::uint64_t copy(const From& from, To& to, UpdateFlags flags = UpdateFlags::any) {
  return copy(from.map(), to.map(), flags);
}
template <detail::typed_map From, detail::typed_map To>
std::uint64_t copy(const From& from, To& to, UpdateFlags flags, std::error_code& ec) noexcept {
  return copy(from.map(), to.map(), flags, ec);
}

namespace detail {

template <class M>
struct OwnedEntryOf {
  using type = Entry<typename M::key_type, typename M::mapped_type>;
};
template <>
struct OwnedEntryOf<Map> {
  using type = Entry<Bytes, Bytes>;
};
template <class Owned, class Shown>
[[nodiscard]] Owned own(const Shown& shown) {
  if constexpr (std::is_same_v<Owned, Bytes>)
    return Owned(shown.begin(), shown.end());
  else
    return Owned(shown);
}

}  // namespace detail

/// An entry that outlives the scan: K and V, PerCpuValues<V> on a per-CPU map, Bytes on a Map.
template <detail::whole_map M>
using OwnedEntry = typename detail::OwnedEntryOf<M>::type;

/// All entries. With `ec`: those read before an error.
template <detail::whole_map M>
[[nodiscard]] std::vector<OwnedEntry<M>> to_vector(const M& map, std::error_code& ec) {
  using Owned = OwnedEntry<M>;
  std::vector<Owned> entries;
  for (BatchReader reader{detail::map_of(map)}; reader.next(ec);)
    detail::for_each_entry<M>(reader, [&](const auto& key, const auto& value) {
      entries.push_back(
          {detail::own<decltype(Owned::key)>(key), detail::own<decltype(Owned::value)>(value)});
    });
  return entries;
}
template <detail::whole_map M>
[[nodiscard]] std::vector<OwnedEntry<M>> to_vector(const M& map) {
  std::error_code ec;
  auto entries = to_vector(map, ec);
  if (ec) detail::raise(detail::map_of(map), {Operation::scan}, ec);
  return entries;
}

}  // namespace bpfmap::inline v0
