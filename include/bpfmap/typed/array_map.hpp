// SPDX-License-Identifier: MIT
// ArrayMap: BPF_MAP_TYPE_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/element.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// An array of V: BPF_MAP_TYPE_ARRAY (3.18). Every index below max_entries() has a value, initially
/// zero, and no entry can be erased.
///
/// An operation is one system call and allocates nothing. An index at or above max_entries() is
/// Errc::index_out_of_range. A V with a bpf_spin_lock is read and written under its lock.
template <class V>
class ArrayMap : public TypedMap<ArrayMap<V>> {
  static_assert(detail::check_value<V>());

 public:
  using TypedMap<ArrayMap>::TypedMap;
  using key_type = std::uint32_t;
  using mapped_type = V;
  using slot_type = V;   ///< the value, of one CPU on a per-CPU map
  using shown_type = V;  ///< the value that a scan shows

  /// Returns the value at `index` (BPF_MAP_LOOKUP_ELEM, 3.18).
  [[nodiscard, gnu::always_inline]] V lookup(argument<std::uint32_t> index) const {
    if constexpr (detail::coded_as_object<V>) {
      return lookup_object(index);
    } else {
      // A V with a Codec may lack a default constructor.
      std::array<std::byte, Codec<V>::size> bytes;
      std::error_code ec = detail::no_error();
      (void)read(index, bytes.data(), ec);
      detail::throw_if(ec);
      return Codec<V>::decode(std::span<const std::byte, Codec<V>::size>{bytes});
    }
  }
  /// As above; nullopt when `ec` is set.
  [[nodiscard, gnu::always_inline]] std::optional<V> lookup(argument<std::uint32_t> index,
                                                            std::error_code& ec) const noexcept {
    return detail::read_value<V>([&](void* value) { return read(index, value, ec); });
  }

  /// Copies the value at `index` into `value`.
  [[gnu::always_inline]] void lookup_into(argument<std::uint32_t> index, V& value) const {
    std::error_code ec = detail::no_error();
    lookup_into(index, value, ec);
    detail::throw_if(ec);
  }
  /// As above; leaves `value` unchanged when `ec` is set.
  [[gnu::always_inline]] void lookup_into(argument<std::uint32_t> index, V& value,
                                          std::error_code& ec) const noexcept {
    (void)detail::read_value_into(value, [&](void* to) { return read(index, to, ec); });
  }

  /// Sets the value at `index` (BPF_MAP_UPDATE_ELEM, 3.18), and cancels a bpf_timer in it.
  [[gnu::always_inline]] void update(argument<std::uint32_t> index, argument<V> value) {
    std::error_code ec = detail::no_error();
    update(index, value, ec);
    detail::throw_if(ec);
  }
  [[gnu::always_inline]] void update(argument<std::uint32_t> index, argument<V> value,
                                     std::error_code& ec) noexcept {
    const detail::ElementBytes<V> bytes{detail::value_of<V>(value)};
    if (detail::fit(this->map(), Operation::update, ec, index, value))
      detail::update_element<0>(this->map(), index.value(), bytes.view(), detail::lock_flag<V>, ec);
  }

 private:
  // At the top of a function, g++ 12 constructs the variable in the place of the result; in a
  // nested block it does not.
  [[nodiscard, gnu::always_inline]] V lookup_object(const argument<std::uint32_t>& index) const {
    V value;
    lookup_into(index, value);
    return value;
  }

  friend TypedMap<ArrayMap>;
  static constexpr std::array types{MapType::array};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t), Codec<V>::size};

  [[nodiscard, gnu::always_inline]] bool read(const argument<std::uint32_t>& index, void* value,
                                              std::error_code& ec) const noexcept {
    return detail::fit(this->map(), Operation::lookup, ec, index) &&
           detail::lookup_element<0>(this->map(), index.value(), value, detail::lock_flag<V>, ec);
  }
};

}  // namespace bpfmap::inline v0
