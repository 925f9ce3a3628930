// SPDX-License-Identifier: MIT
// Sets of operations and of map types, for the tables. Private to src/map/ and src/explain/.
#pragma once

#include <cstdint>

#include "bpfmap/error.hpp"
#include "bpfmap/map/map_type.hpp"
#include "map_type_rows.hpp"

namespace bpfmap::inline v0::detail {

/// A set of enumerators below 64.
template <class Enum>
class SetOf {
 public:
  constexpr SetOf(Enum value) noexcept : bits_(bit(value)) {}
  /// Every enumerator, also those without a name.
  [[nodiscard]] static constexpr SetOf all() noexcept { return SetOf{~std::uint64_t{0}}; }

  [[nodiscard]] constexpr bool contains(Enum value) const noexcept {
    return bits_ == all().bits_ || (bits_ & bit(value)) != 0;
  }
  [[nodiscard]] friend constexpr SetOf operator|(SetOf a, SetOf b) noexcept {
    return SetOf{a.bits_ | b.bits_};
  }
  [[nodiscard]] friend constexpr SetOf operator-(SetOf a, SetOf b) noexcept {
    return SetOf{a.bits_ & ~b.bits_};
  }

 private:
  constexpr explicit SetOf(std::uint64_t bits) noexcept : bits_(bits) {}
  static constexpr std::uint64_t bit(Enum value) noexcept {
    const auto number = static_cast<std::uint64_t>(value);
    return number < 64 ? std::uint64_t{1} << number : 0;
  }

  std::uint64_t bits_;
};

/// The set of the enumerators given.
template <class Enum, class... More>
[[nodiscard]] constexpr SetOf<Enum> set(Enum first, More... more) noexcept {
  return (SetOf<Enum>{first} | ... | SetOf<Enum>{more});
}

using Operations = SetOf<Operation>;
using Types = SetOf<MapType>;

inline constexpr Operations any_operation = Operations::all();
/// Operations on many entries.
inline constexpr Operations batches =
    set(Operation::scan, Operation::drain, Operation::lookup_batch, Operation::update_batch,
        Operation::erase_batch);
inline constexpr Operations updates = set(Operation::update, Operation::update_batch);
inline constexpr Operations erases = set(Operation::erase, Operation::erase_batch);
inline constexpr Operations lookups =
    set(Operation::lookup, Operation::lookup_batch, Operation::scan);
inline constexpr Operations takes = set(Operation::lookup_and_delete, Operation::drain);
inline constexpr Operations reads = lookups | takes | Operation::get_next_key;
inline constexpr Operations writes = updates | erases | takes | Operation::freeze;
inline constexpr Operations element_operations = reads | writes;
inline constexpr Operations openings =
    set(Operation::open_pinned, Operation::adopt, Operation::duplicate);

/// Operations that read records.
inline constexpr Operations event_reads = set(Operation::poll, Operation::consume);

/// The types whose rows `is_member` accepts.
template <class Predicate>
[[nodiscard]] consteval Types types_where(Predicate is_member) noexcept {
  Types found = Types{MapType::unspec} - MapType::unspec;
  for (const MapTypeTraits& row : type_rows::rows)
    if (is_member(row)) found = found | row.type;
  return found;
}

inline constexpr Types any_type = Types::all();
inline constexpr Types arrays = set(MapType::array, MapType::percpu_array);
inline constexpr Types percpu_types =
    types_where([](const MapTypeTraits& row) { return row.percpu; });
inline constexpr Types lru_hashes = set(MapType::lru_hash, MapType::lru_percpu_hash);
inline constexpr Types hashes =
    lru_hashes | set(MapType::hash, MapType::percpu_hash, MapType::hash_of_maps);
/// Types that refuse a new key when they are full: keyed by bytes, without an LRU.
inline constexpr Types filling_hashes =
    types_where([](const MapTypeTraits& row) { return row.key == KeyKind::bytes; }) - lru_hashes;
inline constexpr Types queues = set(MapType::queue, MapType::stack);
inline constexpr Types maps_of_maps = set(MapType::array_of_maps, MapType::hash_of_maps);
inline constexpr Types ring_buffers = set(MapType::ringbuf, MapType::user_ringbuf);
inline constexpr Types local_storages =
    set(MapType::sk_storage, MapType::inode_storage, MapType::task_storage, MapType::cgrp_storage);
inline constexpr Types cgroup_storages =
    set(MapType::cgroup_storage, MapType::percpu_cgroup_storage);
inline constexpr Types socket_maps =
    set(MapType::sockmap, MapType::sockhash, MapType::reuseport_sockarray);
/// Types whose bpf_map_ops::map_check_btf is map_check_no_btf.
inline constexpr Types no_btf =
    set(MapType::perf_event_array, MapType::cgroup_array, MapType::array_of_maps,
        MapType::hash_of_maps, MapType::devmap, MapType::devmap_hash, MapType::sockmap,
        MapType::sockhash, MapType::cpumap, MapType::xskmap);
/// Types with BTF for the keys and values that user space reads and writes.
inline constexpr Types with_entry_btf = types_where([](const MapTypeTraits& row) {
  return row.value == ValueKind::plain && row.type != MapType::struct_ops &&
         row.type != MapType::insn_array &&
         (row.key == KeyKind::bytes || row.key == KeyKind::index || row.key == KeyKind::prefix ||
          row.key == KeyKind::object);
});
/// Types that accept UpdateFlags::any only.
inline constexpr Types fd_arrays = set(MapType::prog_array, MapType::perf_event_array,
                                       MapType::cgroup_array, MapType::array_of_maps);

}  // namespace bpfmap::inline v0::detail
