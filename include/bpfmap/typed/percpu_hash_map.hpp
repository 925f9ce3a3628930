// SPDX-License-Identifier: MIT
// PerCpuHashMap: BPF_MAP_TYPE_PERCPU_HASH and BPF_MAP_TYPE_LRU_PERCPU_HASH. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/percpu.hpp"

namespace bpfmap::inline v0 {

/// A hash map from K to one V for each possible CPU: BPF_MAP_TYPE_PERCPU_HASH (4.6) or
/// BPF_MAP_TYPE_LRU_PERCPU_HASH (4.10).
///
/// Written with one V, every CPU gets it; written with PerCpuValues<V>, each CPU its own. Read as
/// PerCpuValues<V>: a polling loop that passes the same one to lookup_into allocates nothing. A
/// scan shows PerCpuView<V>. Otherwise as HashMap.
template <class K, class V>
class PerCpuHashMap : public detail::PerCpuKeyedMap<K, V> {
  static_assert(encodable_as_key<K>,
                "bpfmap: K cannot be a map's key. Hash keys are compared byte by byte, so K must "
                "be trivially copyable, "
                "without pointers, floating point and padding. Name the padding as a member "
                "(std::uint8_t pad[3] = {};), "
                "or specialise bpfmap::Codec<K>.");

 public:
  /// Empty.
  PerCpuHashMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is not a per-CPU hash map of K to V.
  explicit PerCpuHashMap(Map map) : Base(std::move(map), requirement) {}
  PerCpuHashMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new map; type (percpu_hash) and sizes are filled in. For an LRU map give `.type =
  /// MapType::lru_percpu_hash`.
  [[nodiscard]] static PerCpuHashMap create(MapSpec spec) {
    return PerCpuHashMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static PerCpuHashMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? PerCpuHashMap{} : PerCpuHashMap{std::move(map), ec};
  }

  /// The value of `key` on each CPU; nullopt: no such key (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup(const K& key) const {
    PerCpuValues<V> values;
    return lookup_into(key, values) ? std::optional{std::move(values)} : std::nullopt;
  }
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup(const K& key,
                                                      std::error_code& ec) const noexcept {
    return detail::without_bad_alloc(ec, [&]() -> std::optional<PerCpuValues<V>> {
      PerCpuValues<V> values;
      return lookup_into(key, values, ec) ? std::optional{std::move(values)} : std::nullopt;
    });
  }

  /// Copies the value of `key` on each CPU into `values`, and allocates nothing; false, and
  /// `values` is as it was: no such key.
  [[nodiscard]] bool lookup_into(const K& key, PerCpuValues<V>& values) const {
    return Base::read(key, detail::slots_of(values), {}, -ENOENT, thrower(Operation::lookup, key));
  }
  [[nodiscard]] bool lookup_into(const K& key, PerCpuValues<V>& values,
                                 std::error_code& ec) const noexcept {
    void* const slots = detail::slots_of(values, ec);
    if (slots == nullptr && ec) return false;
    return Base::read(key, slots, {}, -ENOENT, setter(ec));
  }

  /// Whether there is an entry of `key`. Copies its values to find out: the kernel has no other
  /// way.
  [[nodiscard]] bool contains(const K& key) const { return lookup(key).has_value(); }
  [[nodiscard]] bool contains(const K& key, std::error_code& ec) const noexcept {
    return lookup(key, ec).has_value();
  }

  /// Adds an entry; false, and nothing is changed, when the key is there (BPF_NOEXIST).
  bool insert(const K& key, const V& value) {
    return Base::put(key, value, UpdateFlags::noexist, -EEXIST,
                     thrower(Operation::update, key, sys::f_noexist));
  }
  bool insert(const K& key, const PerCpuValues<V>& values) {
    return Base::put(key, values, UpdateFlags::noexist, -EEXIST,
                     thrower(Operation::update, key, sys::f_noexist));
  }
  bool insert(const K& key, const V& value, std::error_code& ec) noexcept {
    return Base::put(key, value, UpdateFlags::noexist, -EEXIST, setter(ec));
  }
  bool insert(const K& key, const PerCpuValues<V>& values, std::error_code& ec) noexcept {
    return Base::put(key, values, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// Overwrites an entry; false, and nothing is changed, when the key is not there (BPF_EXIST).
  bool replace(const K& key, const V& value) {
    return Base::put(key, value, UpdateFlags::exist, -ENOENT,
                     thrower(Operation::update, key, sys::f_exist));
  }
  bool replace(const K& key, const PerCpuValues<V>& values) {
    return Base::put(key, values, UpdateFlags::exist, -ENOENT,
                     thrower(Operation::update, key, sys::f_exist));
  }
  bool replace(const K& key, const V& value, std::error_code& ec) noexcept {
    return Base::put(key, value, UpdateFlags::exist, -ENOENT, setter(ec));
  }
  bool replace(const K& key, const PerCpuValues<V>& values, std::error_code& ec) noexcept {
    return Base::put(key, values, UpdateFlags::exist, -ENOENT, setter(ec));
  }

  /// Deletes the entry of `key`; false: no such key (BPF_MAP_DELETE_ELEM).
  bool erase(const K& key) { return Base::remove(key, thrower(Operation::erase, key)); }
  bool erase(const K& key, std::error_code& ec) noexcept { return Base::remove(key, setter(ec)); }

  /// Takes the entry of `key` out and gives its values; nullopt: no such key
  /// (BPF_MAP_LOOKUP_AND_DELETE_ELEM, 5.14).
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup_and_delete(const K& key) {
    PerCpuValues<V> values;
    const bool found =
        Base::take(key, detail::slots_of(values), {}, thrower(Operation::lookup_and_delete, key));
    return found ? std::optional{std::move(values)} : std::nullopt;
  }
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup_and_delete(const K& key,
                                                                 std::error_code& ec) noexcept {
    return detail::without_bad_alloc(ec, [&]() -> std::optional<PerCpuValues<V>> {
      PerCpuValues<V> values;
      const bool found = Base::take(key, detail::slots_of(values), {}, setter(ec));
      return found ? std::optional{std::move(values)} : std::nullopt;
    });
  }

 private:
  using Base = detail::PerCpuKeyedMap<K, V>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::percpu_hash, MapType::lru_percpu_hash};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
