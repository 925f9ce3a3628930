// SPDX-License-Identifier: MIT
// HashMap: BPF_MAP_TYPE_HASH and BPF_MAP_TYPE_LRU_HASH. Layer 2.
#pragma once

#include <array>
#include <optional>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/entry_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A hash map from K to V: BPF_MAP_TYPE_HASH (3.18) or BPF_MAP_TYPE_LRU_HASH (4.10).
///
/// The constructor compares type and sizes with the kernel's once; after that, an operation is one
/// system call and allocates nothing. E2BIG when the map is full (Condition::map_full); EPERM when
/// it is frozen or the descriptor is read-only. create() makes a hash; for an LRU map, set `.type =
/// MapType::lru_hash`. An update of a full LRU map may evict another entry, even when its key
/// exists.
template <class K, class V>
class HashMap : public TypedMap<HashMap<K, V>>, public EntryOperations<HashMap<K, V>, K, V> {
 public:
  using TypedMap<HashMap>::TypedMap;
  using shown_type = V;  ///< the value that a scan shows

  /// Removes the entry of `key` and returns its value; nullopt when there is no such key
  /// (BPF_MAP_LOOKUP_AND_DELETE_ELEM, 5.14).
  [[nodiscard]] std::optional<V> lookup_and_delete(argument<K> key) {
    std::error_code ec = detail::no_error();
    auto value = lookup_and_delete(key, ec);
    detail::throw_if(ec);
    return value;
  }
  [[nodiscard, gnu::always_inline]] std::optional<V> lookup_and_delete(
      argument<K> key, std::error_code& ec) noexcept {
    return detail::read_value<V>([&](void* value) { return take(key, value, ec); });
  }

  /// As lookup_and_delete(), into `value`; returns false, and leaves `value` unchanged, when there
  /// is no such key.
  [[nodiscard]] bool lookup_and_delete_into(argument<K> key, V& value) {
    std::error_code ec = detail::no_error();
    const bool found = lookup_and_delete_into(key, value, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard, gnu::always_inline]] bool lookup_and_delete_into(argument<K> key, V& value,
                                                                std::error_code& ec) noexcept {
    return detail::read_value_into(value, [&](void* to) { return take(key, to, ec); });
  }

 private:
  friend TypedMap<HashMap>;
  static constexpr std::array types{MapType::hash, MapType::lru_hash};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, Codec<V>::size};

  [[nodiscard, gnu::always_inline]] bool take(const argument<K>& key, void* value,
                                              std::error_code& ec) noexcept {
    return detail::fit(this->map(), Operation::lookup_and_delete, ec, key) &&
           detail::lookup_and_delete_element(this->map(), detail::value_of<K>(key), value,
                                             detail::lock_flag<V>, ec);
  }
};

}  // namespace bpfmap::inline v0
