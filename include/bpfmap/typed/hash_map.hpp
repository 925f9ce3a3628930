// SPDX-License-Identifier: MIT
// HashMap: BPF_MAP_TYPE_HASH and BPF_MAP_TYPE_LRU_HASH. Layer 2.
#pragma once

#include <array>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/entry_map.hpp"
#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0 {

/// A hash map from K to V: BPF_MAP_TYPE_HASH (3.18) or BPF_MAP_TYPE_LRU_HASH (4.10).
///
/// Type and sizes are compared with the kernel's once, at construction; then an operation is one
/// system call and allocates nothing. Every operation has a throwing form and a noexcept one that
/// takes a std::error_code last. What is expected is a value: a missing key, an existing key on
/// insert. All else is Error: E2BIG when the map is full, EPERM when it is frozen or the descriptor
/// may not, Errc::no_map when it is empty. An update of a full LRU map may evict another entry,
/// even when its key is there already.
template <class K, class V>
class HashMap : public detail::EntryMap<detail::KeyedMap<K, V>, K, V> {
 public:
  /// Empty.
  HashMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is not a hash map of K to V.
  explicit HashMap(Map map) : Base(std::move(map), requirement) {}
  HashMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new map; type (hash) and sizes are filled in: `create({.max_entries = 65536, .name =
  /// "flows"})`. For an LRU map give `.type = MapType::lru_hash`.
  [[nodiscard]] static HashMap create(MapSpec spec) {
    return HashMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static HashMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? HashMap{} : HashMap{std::move(map), ec};
  }

  /// Takes the entry of `key` out and gives its value; nullopt: no such key
  /// (BPF_MAP_LOOKUP_AND_DELETE_ELEM, 5.14).
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, LookupFlags flags = {}) {
    return take(key, flags,
                thrower(Operation::lookup_and_delete, key, detail::to_underlying(flags)));
  }
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, LookupFlags flags,
                                                   std::error_code& ec) noexcept {
    return take(key, flags, setter(ec));
  }
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, std::error_code& ec) noexcept {
    return take(key, {}, setter(ec));
  }

 private:
  using Base = detail::EntryMap<detail::KeyedMap<K, V>, K, V>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::hash, MapType::lru_hash};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, Codec<V>::size};

  template <class Report>
  std::optional<V> take(const K& key, LookupFlags flags, Report report) {
    detail::ObjectRoom<V> room;
    if (!Base::take(key, room.data(), flags, report)) return std::nullopt;
    return room.value();
  }
};

}  // namespace bpfmap::inline v0
