// SPDX-License-Identifier: MIT
// PerCpuHashMap: BPF_MAP_TYPE_PERCPU_HASH and BPF_MAP_TYPE_LRU_PERCPU_HASH. Layer 2.
#pragma once

#include <array>
#include <optional>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/percpu_entry_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A hash map from K to one V per possible CPU: BPF_MAP_TYPE_PERCPU_HASH (4.6) or
/// BPF_MAP_TYPE_LRU_PERCPU_HASH (4.10).
///
/// Values are read as PerCpuValues<V>: a polling loop that passes the same object to lookup_into()
/// allocates nothing. A scan shows PerCpuView<V>. create() makes a percpu_hash; for an LRU map, set
/// `.type = MapType::lru_percpu_hash`. Otherwise it is like HashMap.
template <class K, class V>
class PerCpuHashMap : public TypedMap<PerCpuHashMap<K, V>>,
                      public PerCpuEntryOperations<PerCpuHashMap<K, V>, K, V> {
 public:
  using TypedMap<PerCpuHashMap>::TypedMap;

  /// Removes the entry of `key` and returns its values; nullopt when there is no such key
  /// (BPF_MAP_LOOKUP_AND_DELETE_ELEM, 5.14).
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup_and_delete(argument<K> key) {
    std::error_code ec = detail::no_error();
    auto values = lookup_and_delete(key, ec);
    detail::throw_if(ec);
    return values;
  }
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup_and_delete(argument<K> key,
                                                                 std::error_code& ec) noexcept {
    auto values = detail::new_slots<V>(this->map(), Operation::lookup_and_delete, ec);
    if (values && !lookup_and_delete_into(key, *values, ec)) values.reset();
    return values;
  }

  /// As lookup_and_delete(), into `values`, and allocates nothing; returns false, and leaves
  /// `values` unchanged, when there is no such key.
  [[nodiscard]] bool lookup_and_delete_into(argument<K> key, PerCpuValues<V>& values) {
    std::error_code ec = detail::no_error();
    const bool found = lookup_and_delete_into(key, values, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard]] bool lookup_and_delete_into(argument<K> key, PerCpuValues<V>& values,
                                            std::error_code& ec) noexcept {
    if (!detail::fit(this->map(), Operation::lookup_and_delete, ec, key)) return false;
    void* const slots = detail::slots_of(this->map(), Operation::lookup_and_delete, values, ec);
    return slots != nullptr &&
           detail::lookup_and_delete_element(this->map(), detail::value_of<K>(key), slots, 0, ec);
  }

 private:
  friend TypedMap<PerCpuHashMap>;
  static constexpr std::array types{MapType::percpu_hash, MapType::lru_percpu_hash};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
