// SPDX-License-Identifier: MIT
// HashMap: BPF_MAP_TYPE_HASH and BPF_MAP_TYPE_LRU_HASH. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A hash map from K to V: BPF_MAP_TYPE_HASH (3.18) or BPF_MAP_TYPE_LRU_HASH (4.10).
///
/// Type and sizes are compared with the kernel's once, at construction; then an operation is one
/// system call and allocates nothing. Every operation has a throwing form and a noexcept one that
/// takes a std::error_code last. What is expected is a value: a missing key, an existing key on
/// insert. All else is Error: E2BIG when the map is full, EPERM when it is frozen or the descriptor
/// may not, Errc::no_map when it is empty.
template <class K, class V>
class HashMap : public detail::KeyedMap<K, V> {
  static_assert(map_key<K>,
                "bpfmap: K cannot be a map's key. Hash keys are compared byte by byte, so K must "
                "be trivially copyable, "
                "without pointers, floating point and padding. Name the padding as a member "
                "(std::uint8_t pad[3] = {};), "
                "or specialise bpfmap::Codec<K>.");
  static_assert(map_value<V>,
                "bpfmap: V cannot be a map's value. Use a trivially copyable type without "
                "pointers, or specialise "
                "bpfmap::Codec<V>.");

 public:
  using key_type = K;
  using mapped_type = V;
  using slot_type = V;  ///< a value, of one CPU on a per-CPU map

  /// Empty.
  HashMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::map_type, key_size, value_size) when it is not a hash map
  /// of K to V.
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

  /// The value of `key`; nullopt: no such key (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<V> lookup(const K& key, LookupFlags flags = {}) const {
    return get(key, flags, thrower(Operation::lookup, key, detail::to_underlying(flags)));
  }
  [[nodiscard]] std::optional<V> lookup(const K& key, LookupFlags flags,
                                        std::error_code& ec) const noexcept {
    return get(key, flags, setter(ec));
  }
  [[nodiscard]] std::optional<V> lookup(const K& key, std::error_code& ec) const noexcept {
    return get(key, {}, setter(ec));
  }

  /// Copies the value of `key` into `value`; false, and `value` is as it was: no such key. For
  /// large values.
  [[nodiscard]] bool lookup_into(const K& key, V& value, LookupFlags flags = {}) const {
    return get_into(key, value, flags,
                    thrower(Operation::lookup, key, detail::to_underlying(flags)));
  }
  [[nodiscard]] bool lookup_into(const K& key, V& value, LookupFlags flags,
                                 std::error_code& ec) const noexcept {
    return get_into(key, value, flags, setter(ec));
  }
  [[nodiscard]] bool lookup_into(const K& key, V& value, std::error_code& ec) const noexcept {
    return get_into(key, value, {}, setter(ec));
  }

  /// Whether there is an entry of `key`. Copies its value to find out: the kernel has no other way.
  [[nodiscard]] bool contains(const K& key) const { return lookup(key).has_value(); }
  [[nodiscard]] bool contains(const K& key, std::error_code& ec) const noexcept {
    return lookup(key, ec).has_value();
  }

  /// Sets the value of `key`, whether there is one or not (BPF_MAP_UPDATE_ELEM).
  void update(const K& key, const V& value, UpdateFlags flags = UpdateFlags::any) {
    put(key, value, flags, 0, thrower(Operation::update, key, detail::to_underlying(flags)));
  }
  void update(const K& key, const V& value, UpdateFlags flags, std::error_code& ec) noexcept {
    put(key, value, flags, 0, setter(ec));
  }
  void update(const K& key, const V& value, std::error_code& ec) noexcept {
    put(key, value, UpdateFlags::any, 0, setter(ec));
  }

  /// Adds an entry; false, and nothing is changed, when the key is there (BPF_NOEXIST).
  bool insert(const K& key, const V& value) {
    return put(key, value, UpdateFlags::noexist, -EEXIST,
               thrower(Operation::update, key, BPF_NOEXIST));
  }
  bool insert(const K& key, const V& value, std::error_code& ec) noexcept {
    return put(key, value, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// Overwrites an entry; false, and nothing is changed, when the key is not there (BPF_EXIST).
  bool replace(const K& key, const V& value) {
    return put(key, value, UpdateFlags::exist, -ENOENT, thrower(Operation::update, key, BPF_EXIST));
  }
  bool replace(const K& key, const V& value, std::error_code& ec) noexcept {
    return put(key, value, UpdateFlags::exist, -ENOENT, setter(ec));
  }

  /// Deletes the entry of `key`; false: no such key (BPF_MAP_DELETE_ELEM).
  bool erase(const K& key) { return Base::remove(key, thrower(Operation::erase, key)); }
  bool erase(const K& key, std::error_code& ec) noexcept { return Base::remove(key, setter(ec)); }

  /// Takes the entry of `key` out and gives its value; nullopt: no such key
  /// (BPF_MAP_LOOKUP_AND_DELETE_ELEM, 5.14).
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key) {
    return take(key, thrower(Operation::lookup_and_delete, key));
  }
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, std::error_code& ec) noexcept {
    return take(key, setter(ec));
  }

 private:
  using Base = detail::KeyedMap<K, V>;
  using Base::setter, Base::thrower;

  static constexpr std::array types{MapType::hash, MapType::lru_hash};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, Codec<V>::size};

  template <class Report>
  std::optional<V> get(const K& key, LookupFlags flags, Report report) const {
    detail::ObjectRoom<V> room;
    if (!Base::read(key, room.data(), flags, -ENOENT, report)) return std::nullopt;
    return room.value();
  }
  template <class Report>
  bool get_into(const K& key, V& value, LookupFlags flags, Report report) const {
    if constexpr (detail::coded_as_object<V>) {
      return Base::read(key, &value, flags, -ENOENT, report);
    } else {
      const auto found = get(key, flags, report);
      if (found) value = *found;
      return found.has_value();
    }
  }
  template <class Report>
  std::optional<V> take(const K& key, Report report) {
    detail::ObjectRoom<V> room;
    if (!Base::take(key, room.data(), report)) return std::nullopt;
    return room.value();
  }
  template <class Report>
  bool put(const K& key, const V& value, UpdateFlags flags, int expected, Report report) {
    return Base::write(key, detail::ObjectBytes<V>{value}.data(), flags, expected, report);
  }
};

}  // namespace bpfmap::inline v0
