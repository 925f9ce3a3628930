// SPDX-License-Identifier: MIT
// EntryOperations: lookup, contains, update, insert, replace, erase. Layer 2.
#pragma once

#include <cerrno>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/element.hpp"

namespace bpfmap::inline v0 {

/// The operations on an entry of a map from K to V, for a class Derived that has a map().
///
/// A missing key, and an existing key on insert, are return values; every other failure is an
/// Error. For an integer K or V, arguments may have any integer type; Errc::out_of_range when one
/// does not fit. A V with a bpf_spin_lock is read and written under its lock (has_spin_lock).
template <class Derived, class K, class V>
class EntryOperations {
  static_assert(detail::check_key<K>() && detail::check_value<V>());

 public:
  using key_type = K;
  using mapped_type = V;
  using slot_type = V;  ///< the value, of one CPU on a per-CPU map

  /// Returns the value of `key`; nullopt when there is no such key (BPF_MAP_LOOKUP_ELEM, 3.18).
  [[nodiscard]] std::optional<V> lookup(argument<K> key) const {
    std::error_code ec = detail::no_error();
    auto value = lookup(key, ec);
    detail::throw_if(ec);
    return value;
  }
  [[nodiscard, gnu::always_inline]] std::optional<V> lookup(argument<K> key,
                                                            std::error_code& ec) const noexcept {
    return detail::read_value<V>([&](void* value) { return read(key, value, ec); });
  }

  /// Copies the value of `key` into `value`; returns false, and leaves `value` unchanged, when
  /// there is no such key.
  [[nodiscard]] bool lookup_into(argument<K> key, V& value) const {
    std::error_code ec = detail::no_error();
    const bool found = lookup_into(key, value, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard, gnu::always_inline]] bool lookup_into(argument<K> key, V& value,
                                                     std::error_code& ec) const noexcept {
    return detail::read_value_into(value, [&](void* to) { return read(key, to, ec); });
  }

  /// Returns whether `key` has an entry. Reads its value to find out, because the kernel has no
  /// other way (BPF_MAP_LOOKUP_ELEM, 3.18).
  [[nodiscard]] bool contains(argument<K> key) const { return lookup(key).has_value(); }
  [[nodiscard]] bool contains(argument<K> key, std::error_code& ec) const noexcept {
    return lookup(key, ec).has_value();
  }

  /// Sets the value of `key`, whether it exists or not (BPF_MAP_UPDATE_ELEM, 3.18). Replaces the
  /// whole value, and cancels a bpf_timer in it.
  void update(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    update(key, value, ec);
    detail::throw_if(ec);
  }
  [[gnu::always_inline]] void update(argument<K> key, argument<V> value,
                                     std::error_code& ec) noexcept {
    write<0>(key, value, sys::f_any, ec);
  }

  /// Adds an entry; returns false, and changes nothing, when the key exists (BPF_NOEXIST).
  bool insert(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, value, ec);
    detail::throw_if(ec);
    return inserted;
  }
  [[gnu::always_inline]] bool insert(argument<K> key, argument<V> value,
                                     std::error_code& ec) noexcept {
    return write<-EEXIST>(key, value, sys::f_noexist, ec);
  }

  /// Overwrites an entry; returns false, and changes nothing, when the key is missing (BPF_EXIST).
  bool replace(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool replaced = replace(key, value, ec);
    detail::throw_if(ec);
    return replaced;
  }
  [[gnu::always_inline]] bool replace(argument<K> key, argument<V> value,
                                      std::error_code& ec) noexcept {
    return write<-ENOENT>(key, value, sys::f_exist, ec);
  }

  /// Deletes the entry of `key`; returns false when there is no such key (BPF_MAP_DELETE_ELEM,
  /// 3.18).
  bool erase(argument<K> key) {
    std::error_code ec = detail::no_error();
    const bool erased = erase(key, ec);
    detail::throw_if(ec);
    return erased;
  }
  [[gnu::always_inline]] bool erase(argument<K> key, std::error_code& ec) noexcept {
    return detail::fit(self(), Operation::erase, ec, key) &&
           detail::delete_element<-ENOENT>(self(), detail::value_of<K>(key), ec);
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
  [[nodiscard, gnu::always_inline]] bool read(const argument<K>& key, void* value,
                                              std::error_code& ec) const noexcept {
    return detail::fit(self(), Operation::lookup, ec, key) &&
           detail::lookup_element<-ENOENT>(self(), detail::value_of<K>(key), value,
                                           detail::lock_flag<V>, ec);
  }
  template <int answer>
  [[gnu::always_inline]] bool write(const argument<K>& key, const argument<V>& value,
                                    std::uint64_t flags, std::error_code& ec) noexcept {
    const detail::ElementBytes<V> bytes{detail::value_of<V>(value)};
    return detail::fit(self(), Operation::update, ec, key, value) &&
           detail::update_element<answer>(self(), detail::value_of<K>(key), bytes.view(),
                                          flags | detail::lock_flag<V>, ec);
  }
};

}  // namespace bpfmap::inline v0
