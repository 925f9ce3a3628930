// SPDX-License-Identifier: MIT
// PerCpuUpdateOperations: update on all CPUs, lookup and update on one. Layer 2.
#pragma once

#include <cstdint>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/percpu_slots.hpp"

namespace bpfmap::inline v0 {

/// The update operations of a map with one V per possible CPU for each key, and access to the value
/// of one CPU, for a class Derived that has a map().
///
/// A value is written as one V for all possible CPUs, as PerCpuValues<V>, or as any contiguous
/// range with one V per possible CPU (Errc::wrong_cpu_count); for an integer V, as any range that
/// has size() and operator[], with integers of any type (Errc::out_of_range when one does not fit).
template <class Derived, class K, class V>
class PerCpuUpdateOperations {
  static_assert(detail::check_key<K>() && detail::check_value<V>());

 public:
  using key_type = K;
  using mapped_type = PerCpuValues<V>;
  using slot_type = V;               ///< the value of one CPU
  using shown_type = PerCpuView<V>;  ///< the value that a scan shows

  /// Sets the value of `key` on every possible CPU (BPF_MAP_UPDATE_ELEM, 4.6).
  void update(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    write<0>(key, value, sys::f_any, ec);
    detail::throw_if(ec);
  }
  void update(argument<K> key, argument<V> value, std::error_code& ec) noexcept {
    write<0>(key, value, sys::f_any, ec);
  }
  template <detail::one_per_cpu<V> Values>
  void update(argument<K> key, const Values& values) {
    std::error_code ec = detail::no_error();
    write<0>(key, values, sys::f_any, ec);
    detail::throw_if(ec);
  }
  template <detail::one_per_cpu<V> Values>
  void update(argument<K> key, const Values& values, std::error_code& ec) noexcept {
    write<0>(key, values, sys::f_any, ec);
  }

  /// Returns the value of `key` on the CPU with the number `cpu`; nullopt when there is no such key
  /// (BPF_F_CPU, 7.0). Errc::no_such_cpu for a CPU that is not possible. EINVAL on older kernels:
  /// read all CPUs there.
  [[nodiscard]] std::optional<V> lookup_cpu(argument<K> key, std::uint32_t cpu) const {
    std::error_code ec;
    (void)detail::fit(self(), Operation::lookup, ec, key);
    detail::throw_if(ec);
    return self().template lookup_cpu<V>(detail::value_of<K>(key), cpu);
  }
  [[nodiscard]] std::optional<V> lookup_cpu(argument<K> key, std::uint32_t cpu,
                                            std::error_code& ec) const noexcept {
    if (!detail::fit(self(), Operation::lookup, ec, key)) return std::nullopt;
    return self().template lookup_cpu<V>(detail::value_of<K>(key), cpu, ec);
  }

  /// As lookup_cpu(), into `value`; returns false, and leaves `value` unchanged, when there is no
  /// such key.
  [[nodiscard]] bool lookup_cpu_into(argument<K> key, std::uint32_t cpu, V& value) const {
    std::error_code ec;
    const bool found = lookup_cpu_into(key, cpu, value, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard]] bool lookup_cpu_into(argument<K> key, std::uint32_t cpu, V& value,
                                     std::error_code& ec) const noexcept {
    return detail::fit(self(), Operation::lookup, ec, key) &&
           detail::read_value_into(value, [&](void* to) {
             return self().lookup_cpu_into(detail::value_of<K>(key), cpu,
                                           {static_cast<std::byte*>(to), Codec<V>::size}, ec);
           });
  }

  /// Sets the value of `key` on the CPU with the number `cpu` only (BPF_F_CPU, 7.0). EINVAL on
  /// older kernels, where writing all CPUs would undo concurrent updates.
  void update_cpu(argument<K> key, std::uint32_t cpu, argument<V> value) {
    std::error_code ec;
    (void)detail::fit(self(), Operation::update, ec, key, value);
    detail::throw_if(ec);
    self().update_cpu(detail::value_of<K>(key), cpu, detail::value_of<V>(value));
  }
  void update_cpu(argument<K> key, std::uint32_t cpu, argument<V> value,
                  std::error_code& ec) noexcept {
    if (detail::fit(self(), Operation::update, ec, key, value))
      self().update_cpu(detail::value_of<K>(key), cpu, detail::value_of<V>(value), ec);
  }

 protected:
  // Writes one V, or a one_per_cpu type.
  template <int answer, class Values>
  [[gnu::always_inline]] bool write(const argument<K>& key, const Values& values,
                                    std::uint64_t flags, std::error_code& ec) noexcept {
    if (!detail::fit(self(), Operation::update, ec, key, values)) return false;
    detail::HeapBytes heap;
    detail::SlotBuffer<V> buffer;
    const detail::FilledSlots slots = buffer.fill(detail::slot_source<V>(values), heap);
    if (slots.error != 0) [[unlikely]] {
      ec = detail::record(self(), {.operation = Operation::update, .flags = flags}, slots.error);
      return false;
    }
    return detail::update_element<answer>(self(), detail::value_of<K>(key), slots.bytes, flags, ec);
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
  [[nodiscard]] Map& self() noexcept { return static_cast<Derived&>(*this).map(); }
};

}  // namespace bpfmap::inline v0
