// SPDX-License-Identifier: MIT
// PerCpuEntryOperations: PerCpuUpdateOperations, and lookup, contains, insert, replace, erase.
// Layer 2.
#pragma once

#include <cerrno>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/percpu_update_operations.hpp"

namespace bpfmap::inline v0 {

/// The operations on an entry of a map from K to one V per possible CPU, for a class Derived that
/// has a map(). A missing key, and an existing key on insert, are return values.
template <class Derived, class K, class V>
class PerCpuEntryOperations : public PerCpuUpdateOperations<Derived, K, V> {
 public:
  /// Returns the value of `key` on each CPU; nullopt when there is no such key
  /// (BPF_MAP_LOOKUP_ELEM, 4.6).
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup(argument<K> key) const {
    std::error_code ec = detail::no_error();
    auto values = lookup(key, ec);
    detail::throw_if(ec);
    return values;
  }
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup(argument<K> key,
                                                      std::error_code& ec) const noexcept {
    auto values = detail::new_slots<V>(self(), Operation::lookup, ec);
    if (values && !lookup_into(key, *values, ec)) values.reset();
    return values;
  }

  /// Copies the value of `key` on each CPU into `values`, and allocates nothing; returns false, and
  /// leaves `values` unchanged, when there is no such key.
  [[nodiscard, gnu::always_inline]] bool lookup_into(argument<K> key,
                                                     PerCpuValues<V>& values) const {
    std::error_code ec = detail::no_error();
    const bool found = lookup_into(key, values, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard, gnu::always_inline]] bool lookup_into(argument<K> key, PerCpuValues<V>& values,
                                                     std::error_code& ec) const noexcept {
    if (!detail::fit(self(), Operation::lookup, ec, key)) return false;
    void* const slots = detail::slots_of(self(), Operation::lookup, values, ec);
    return slots != nullptr &&
           detail::lookup_element<-ENOENT>(self(), detail::value_of<K>(key), slots, 0, ec);
  }

  /// Returns whether `key` has an entry. Reads its values to find out, because the kernel has no
  /// other way (BPF_MAP_LOOKUP_ELEM, 4.6).
  [[nodiscard]] bool contains(argument<K> key) const { return lookup(key).has_value(); }
  [[nodiscard]] bool contains(argument<K> key, std::error_code& ec) const noexcept {
    return lookup(key, ec).has_value();
  }

  /// Adds an entry; returns false, and changes nothing, when the key exists (BPF_NOEXIST).
  bool insert(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, value, ec);
    detail::throw_if(ec);
    return inserted;
  }
  bool insert(argument<K> key, argument<V> value, std::error_code& ec) noexcept {
    return this->template write<-EEXIST>(key, value, sys::f_noexist, ec);
  }
  template <detail::one_per_cpu<V> Values>
  bool insert(argument<K> key, const Values& values) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, values, ec);
    detail::throw_if(ec);
    return inserted;
  }
  template <detail::one_per_cpu<V> Values>
  bool insert(argument<K> key, const Values& values, std::error_code& ec) noexcept {
    return this->template write<-EEXIST>(key, values, sys::f_noexist, ec);
  }

  /// Overwrites an entry; returns false, and changes nothing, when the key is missing (BPF_EXIST).
  bool replace(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool replaced = replace(key, value, ec);
    detail::throw_if(ec);
    return replaced;
  }
  bool replace(argument<K> key, argument<V> value, std::error_code& ec) noexcept {
    return this->template write<-ENOENT>(key, value, sys::f_exist, ec);
  }
  template <detail::one_per_cpu<V> Values>
  bool replace(argument<K> key, const Values& values) {
    std::error_code ec = detail::no_error();
    const bool replaced = replace(key, values, ec);
    detail::throw_if(ec);
    return replaced;
  }
  template <detail::one_per_cpu<V> Values>
  bool replace(argument<K> key, const Values& values, std::error_code& ec) noexcept {
    return this->template write<-ENOENT>(key, values, sys::f_exist, ec);
  }

  /// Deletes the entry of `key`; returns false when there is no such key (BPF_MAP_DELETE_ELEM,
  /// 4.6).
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
};

}  // namespace bpfmap::inline v0
