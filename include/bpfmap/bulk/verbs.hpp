// SPDX-License-Identifier: MIT
// Verbs on a whole map: count, empty, count_if, erase_if, clear, copy, to_vector. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/bulk/detail/owned_entry.hpp"
#include "bpfmap/bulk/detail/show.hpp"
#include "bpfmap/map/detail/heap_bytes.hpp"

namespace bpfmap::inline v0 {

/// Returns the number of entries, found by a walk (see Walk for its guarantees). Every index of an
/// array counts, and every filled slot of an array of descriptors. Errc::unsupported_operation
/// where user space cannot count: perf_event_array, cgroup_array, xskmap, queues and stacks, and
/// maps that cannot be walked. When `ec` is set, the result counts the entries read before the
/// error.
[[nodiscard]] std::uint64_t count(const Map& map);
[[nodiscard]] std::uint64_t count(const Map& map, std::error_code& ec) noexcept;
template <detail::keyed_map M>
  requires detail::tagged_map<M>
[[nodiscard]] std::uint64_t count(const M& map) {
  return count(map.map());
}
template <detail::keyed_map M>
  requires detail::tagged_map<M>
[[nodiscard]] std::uint64_t count(const M& map, std::error_code& ec) noexcept {
  return count(map.map(), ec);
}

/// Returns whether the map has no entries, in one system call (BPF_MAP_GET_NEXT_KEY, or the peek of
/// a queue). Arrays of descriptors are searched for a filled slot, and other arrays are never
/// empty. Errc::unsupported_operation as for count(), except on queues and stacks. Returns false
/// when `ec` is set.
[[nodiscard]] bool empty(const Map& map);
[[nodiscard]] bool empty(const Map& map, std::error_code& ec) noexcept;
template <detail::tagged_map M>
[[nodiscard]] bool empty(const M& map) {
  return empty(map.map());
}
template <detail::tagged_map M>
[[nodiscard]] bool empty(const M& map, std::error_code& ec) noexcept {
  return empty(map.map(), ec);
}

/// Returns the number of entries for which `predicate(key, value)` is true. When `ec` is set, only
/// the entries read before the error are counted.
template <detail::whole_map M, class Predicate>
  requires detail::entry_predicate<std::remove_reference_t<Predicate>, M>
[[nodiscard]] std::uint64_t count_if(const M& map, Predicate&& predicate, std::error_code& ec) {
  std::uint64_t total = 0;
  Walk walk{detail::map_of(map), detail::with_lock<M>({})};
  while (walk.next(ec))
    detail::for_each_entry<M>(walk, [&](auto& key, auto& value) {
      total += detail::call_with(predicate, key, value) ? 1U : 0U;
    });
  return total;
}
template <detail::whole_map M, class Predicate>
  requires detail::entry_predicate<std::remove_reference_t<Predicate>, M>
[[nodiscard]] std::uint64_t count_if(const M& map, Predicate&& predicate) {
  std::error_code ec;
  const auto total = count_if(map, predicate, ec);
  detail::throw_if(ec);
  return total;
}

namespace detail {

// The keys of one batch, stored consecutively.
class KeyList {
 public:
  // Empties the list, and makes room for `size` bytes; returns false when there is no memory.
  [[nodiscard]] bool reserve(std::size_t size) noexcept {
    size_ = 0;
    if (size <= room_) return true;
    if (!bytes_.allocate(size)) return false;
    room_ = size;
    return true;
  }
  void add(const std::byte* key, std::size_t size) noexcept {
    std::memcpy(bytes_.get() + size_, key, size);
    size_ += size;
  }
  [[nodiscard]] const std::byte* data() const noexcept { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  HeapBytes bytes_;
  std::size_t room_ = 0;
  std::size_t size_ = 0;
};

// Whether one pass over the map may miss entries that stay: its entries move when it shrinks.
[[nodiscard]] bool takes_passes(const Map& map) noexcept;
// Erases keys, as erase_batch() does; returns how many existed.
std::uint64_t erase_keys(Map& map, const KeyList& keys, std::error_code& ec) noexcept;

// Erases the entries that `predicate` accepts, in one pass.
template <class M, class Predicate>
std::uint64_t erase_matching(M& map, Walk& walk, KeyList& victims, Predicate& predicate,
                             std::error_code& ec) {
  std::uint64_t erased = 0;
  while (walk.next(ec)) {
    const std::size_t size = walk.key_size();
    const std::byte* key = walk.keys();
    if (!victims.reserve(walk.size() * size)) {
      ec = record(map_of(map), {Operation::erase_batch}, kernel_error(-ENOMEM));
      break;
    }
    for_each_entry<M>(walk, [&](auto& shown_k, auto& shown_v) {
      if (call_with(predicate, shown_k, shown_v)) victims.add(key, size);
      key += size;
    });
    erased += erase_keys(map_of(map), victims, ec);
    if (ec) break;
  }
  return erased;
}

}  // namespace detail

/// Erases the entries for which `predicate(key, value)` is true, and returns how many it erased. An
/// entry that another thread updates between the predicate and the erasure is erased with its new
/// value. An rhash is walked until a pass erases nothing, at most 1000 times. When `ec` is set, the
/// result is the number erased before the error.
template <detail::removable_map M, class Predicate>
  requires detail::entry_predicate<std::remove_reference_t<Predicate>, M>
std::uint64_t erase_if(M& map, Predicate&& predicate, std::error_code& ec) {
  Walk walk{detail::map_of(map), detail::with_lock<M>({})};
  detail::KeyList victims;
  std::uint64_t total = 0;
  std::uint64_t erased = 0;
  for (int passes = detail::takes_passes(detail::map_of(map)) ? 1000 : 1; passes > 0; --passes) {
    walk.rewind();
    erased = detail::erase_matching(map, walk, victims, predicate, ec);
    total += erased;
    if (ec || erased == 0) break;
  }
  return total;
}
template <detail::removable_map M, class Predicate>
  requires detail::entry_predicate<std::remove_reference_t<Predicate>, M>
std::uint64_t erase_if(M& map, Predicate&& predicate) {
  std::error_code ec;
  const auto erased = erase_if(map, predicate, ec);
  detail::throw_if(ec);
  return erased;
}

/// Erases the entries of a map in one pass, and returns how many it erased. It ends even while
/// others insert, and the map may then not be empty. Queues and stacks are popped, at most
/// max_entries times; an rhash is cleared in passes until one erases nothing.
/// Errc::unsupported_operation on arrays, whose entries cannot be erased, and on storage. On an
/// xskmap, every slot counts, filled or not. When `ec` is set, the result is the number erased
/// before the error.
std::uint64_t clear(Map& map);
std::uint64_t clear(Map& map, std::error_code& ec) noexcept;
template <detail::clearable_map M>
  requires detail::tagged_map<M>
std::uint64_t clear(M& map) {
  return clear(map.map());
}
template <detail::clearable_map M>
  requires detail::tagged_map<M>
std::uint64_t clear(M& map, std::error_code& ec) noexcept {
  return clear(map.map(), ec);
}

/// Which entries copy() writes to a typed map.
enum class CopyMode : std::uint8_t {
  update,   ///< all
  insert,   ///< those whose key is missing; an existing entry stays as it is
  replace,  ///< those whose key exists
};

namespace detail {

template <class To>
[[nodiscard]] constexpr UpdateFlags copy_flags(CopyMode mode) noexcept {
  return locked_flags<To>(mode == CopyMode::insert    ? UpdateFlags::noexist
                          : mode == CopyMode::replace ? UpdateFlags::exist
                                                      : UpdateFlags::any);
}

}  // namespace detail

/// Writes the entries of `from` into `to`, and returns how many were written. Keys and values must
/// have the same sizes, and either both maps are per-CPU or neither is (Errc::wrong_key_size,
/// wrong_value_size, map_is_percpu, map_is_not_percpu). A V with a bpf_spin_lock is read and
/// written under its lock; for a Map, pass UpdateFlags::lock. Inner maps are opened by their ids,
/// which needs CAP_SYS_ADMIN, and stored in `to`. When `ec` is set, the result is the number
/// written before the error. Errc::unsupported_operation where values cannot be written back as
/// they are read: other arrays of descriptors, maps of sockets, and devmaps and cpumaps with a
/// program in the value.
std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags = UpdateFlags::any);
std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags, std::error_code& ec) noexcept;
std::uint64_t copy(const Map& from, Map& to, std::error_code& ec) noexcept;
template <detail::typed_map From, detail::typed_map To>
std::uint64_t copy(const From& from, To& to, CopyMode mode, std::error_code& ec) noexcept {
  return copy(from.map(), to.map(), detail::copy_flags<To>(mode), ec);
}
template <detail::typed_map From, detail::typed_map To>
std::uint64_t copy(const From& from, To& to, std::error_code& ec) noexcept {
  return copy(from, to, CopyMode::update, ec);
}
template <detail::typed_map From, detail::typed_map To>
std::uint64_t copy(const From& from, To& to, CopyMode mode = CopyMode::update) {
  return copy(from.map(), to.map(), detail::copy_flags<To>(mode));
}
// For two maps of one type: argument-dependent lookup may also find std::copy, through the
// std::error_code or a key type of namespace std.
template <detail::typed_map M>
std::uint64_t copy(const M& from, M& to, std::error_code& ec) noexcept {
  return copy(from, to, CopyMode::update, ec);
}
template <detail::typed_map M>
std::uint64_t copy(const M& from, M& to, CopyMode mode) {
  return copy(from.map(), to.map(), detail::copy_flags<M>(mode));
}

/// An entry that outlives the scan: K and V, PerCpuValues<V> on a per-CPU map, Bytes on a Map.
template <detail::whole_map M>
using OwnedEntry = typename detail::OwnedEntryOf<M>::type;

/// Replaces the contents of `entries` with all entries of the map. Overwrites existing elements in
/// place, so a polling loop over a map that does not grow allocates only the memory of the walk.
/// When `ec` is set, `entries` holds those read before the error. ENOMEM: out of memory.
template <detail::whole_map M>
void to_vector_into(const M& map, std::vector<OwnedEntry<M>>& entries,
                    std::error_code& ec) noexcept {
  Walk walk{detail::map_of(map), detail::with_lock<M>({})};
  std::error_code no_memory;
  std::size_t count = 0;
  while (!no_memory && walk.next(ec))
    detail::without_bad_alloc(no_memory, [&] { detail::own_batch(walk, entries, count); });
  while (entries.size() > count) entries.pop_back();
  if (no_memory) ec = detail::record(detail::map_of(map), {Operation::scan}, no_memory);
}
template <detail::whole_map M>
void to_vector_into(const M& map, std::vector<OwnedEntry<M>>& entries) {
  std::error_code ec;
  to_vector_into(map, entries, ec);
  detail::throw_if(ec);
}

/// Returns all entries; see to_vector_into().
template <detail::whole_map M>
[[nodiscard]] std::vector<OwnedEntry<M>> to_vector(const M& map, std::error_code& ec) noexcept {
  std::vector<OwnedEntry<M>> entries;
  to_vector_into(map, entries, ec);
  return entries;
}
template <detail::whole_map M>
[[nodiscard]] std::vector<OwnedEntry<M>> to_vector(const M& map) {
  std::error_code ec;
  auto entries = to_vector(map, ec);
  detail::throw_if(ec);
  return entries;
}

}  // namespace bpfmap::inline v0
