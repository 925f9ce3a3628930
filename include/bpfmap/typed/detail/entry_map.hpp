// SPDX-License-Identifier: MIT
// What the maps from keys to values share: entries that come, change and go. Layer 2.
#pragma once

#include <cerrno>
#include <optional>
#include <system_error>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0::detail {

/// Operations on an entry. Base is a typed map with keys of K, that can be walked or not.
template <class Base, class K, class V>
class EntryMap : public Base {
  static_assert(encodable_as_key<K>,
                "bpfmap: K cannot be a map's key. Hash keys are compared byte by byte, so K must "
                "be trivially copyable, without pointers, floating point and padding. Name the "
                "padding as a member (std::uint8_t pad[3] = {};), or specialise bpfmap::Codec<K>.");
  static_assert(encodable<V>,
                "bpfmap: V cannot be a map's value. Use a trivially copyable type without "
                "pointers, or specialise bpfmap::Codec<V>.");

 public:
  using key_type = K;
  using mapped_type = V;
  using slot_type = V;  ///< a value, of one CPU on a per-CPU map

  /// The value of `key`; nullopt: no such key (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<V> lookup(const K& key, LookupFlags flags = {}) const {
    return get(key, flags, thrower(Operation::lookup, key, to_underlying(flags)));
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
    return get_into(key, value, flags, thrower(Operation::lookup, key, to_underlying(flags)));
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
    put(key, value, flags, 0, thrower(Operation::update, key, to_underlying(flags)));
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
               thrower(Operation::update, key, sys::f_noexist));
  }
  bool insert(const K& key, const V& value, std::error_code& ec) noexcept {
    return put(key, value, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// Overwrites an entry; false, and nothing is changed, when the key is not there (BPF_EXIST).
  bool replace(const K& key, const V& value) {
    return put(key, value, UpdateFlags::exist, -ENOENT,
               thrower(Operation::update, key, sys::f_exist));
  }
  bool replace(const K& key, const V& value, std::error_code& ec) noexcept {
    return put(key, value, UpdateFlags::exist, -ENOENT, setter(ec));
  }

  /// Deletes the entry of `key`; false: no such key (BPF_MAP_DELETE_ELEM).
  bool erase(const K& key) { return Base::remove(key, thrower(Operation::erase, key)); }
  bool erase(const K& key, std::error_code& ec) noexcept { return Base::remove(key, setter(ec)); }

 protected:
  using Base::Base;
  using Base::setter, Base::thrower;

 private:
  template <class Report>
  std::optional<V> get(const K& key, LookupFlags flags, Report report) const {
    ObjectRoom<V> room;
    if (!Base::read(key, room.data(), flags, -ENOENT, report)) return std::nullopt;
    return room.value();
  }
  template <class Report>
  bool get_into(const K& key, V& value, LookupFlags flags, Report report) const {
    if constexpr (coded_as_object<V>) {
      return Base::read(key, &value, flags, -ENOENT, report);
    } else {
      const auto found = get(key, flags, report);
      if (found) value = *found;
      return found.has_value();
    }
  }
  template <class Report>
  bool put(const K& key, const V& value, UpdateFlags flags, int expected, Report report) {
    return Base::write(key, ObjectBytes<V>{value}.data(), flags, expected, report);
  }
};

}  // namespace bpfmap::inline v0::detail
