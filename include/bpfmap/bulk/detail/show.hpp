// SPDX-License-Identifier: MIT
// Converts keys and values in a walk's memory to the types that scans show and functions receive.
// Above map/.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "bpfmap/bulk/detail/whole_map.hpp"
#include "bpfmap/bulk/walk/walk.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/spin_lock.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/percpu_values.hpp"

namespace bpfmap::inline v0 {

/// One entry as a scan shows it: `for (auto [key, value] : map)`.
template <class K, class V>
struct Entry {
  K key;
  V value;
};

namespace detail {

template <class T>
inline constexpr bool shown_in_place = std::is_same_v<T, BytesView>;
template <class V>
inline constexpr bool shown_in_place<PerCpuView<V>> = true;

// A type of the library whose size depends on the map: it has `static T of_bytes(BytesView)`.
template <class T>
inline constexpr bool sized_by_map = false;

// A key or value in the memory of a walk: bytes and per-CPU slots in place, anything else decoded.
template <class T>
[[nodiscard]] T show(BytesView bytes) noexcept {
  if constexpr (shown_in_place<T>)
    return T{bytes};
  else if constexpr (sized_by_map<T>)
    return T::of_bytes(bytes);
  else
    return Codec<T>::decode(
        std::span<const std::byte, Codec<T>::size>{bytes.data(), Codec<T>::size});
}
// As show(), into `out`.
template <class T>
void show_into(BytesView bytes, T& out) noexcept {
  if constexpr (coded_as_object<T>)
    std::memcpy(&out, bytes.data(), sizeof(T));
  else
    out = show<T>(bytes);
}

// `options` for a walk of an M. A typed map sets the flags itself: a value is read under a lock if
// it has a bpf_spin_lock, and only then.
template <class M>
[[nodiscard]] ScanOptions with_lock(ScanOptions options) noexcept {
  if constexpr (!std::same_as<M, Map>) options.flags = LookupFlags::none;
  if constexpr (written_map<M>)
    if constexpr (std::same_as<typename M::mapped_type, typename M::slot_type> &&
                  has_spin_lock<typename M::mapped_type>)
      options.flags = LookupFlags::lock;
  return options;
}

// The types that a scan shows for each entry.
template <class M>
struct ShowEntry {
  using type = Entry<shown_key<M>, shown_value<M>>;
  static type show(BytesView key, BytesView value) noexcept {
    return {detail::show<shown_key<M>>(key), detail::show<shown_value<M>>(value)};
  }
  static void show_into(BytesView key, BytesView value, type& out) noexcept {
    detail::show_into(key, out.key);
    detail::show_into(value, out.value);
  }
};
template <class M>
struct ShowKey {
  using type = shown_key<M>;
  static type show(BytesView key, BytesView) noexcept { return detail::show<type>(key); }
  static void show_into(BytesView key, BytesView, type& out) noexcept {
    detail::show_into(key, out);
  }
};
template <class Value>
struct ShowOneValue {
  using type = Value;
  static type show(BytesView, BytesView value) noexcept { return detail::show<type>(value); }
  static void show_into(BytesView, BytesView value, type& out) noexcept {
    detail::show_into(value, out);
  }
};
template <class M>
using ShowValue = ShowOneValue<shown_value<M>>;
// A popped value.
template <class M>
using ShowPopped = ShowOneValue<typename M::value_type>;

// Calls `function` with a key and a value that it may modify, as its parameters require.
template <class F, class K, class V>
decltype(auto) call_with(F& function, K& key, V& value) {
  if constexpr (std::invocable<F&, K&, V&>)
    return function(key, value);
  else
    return function(static_cast<K&&>(key), static_cast<V&&>(value));
}

// A function of a key and a value, as a scan shows them.
template <class F, class M>
concept entry_function = std::invocable<F&, shown_key<M>&, shown_value<M>&> ||
                         std::invocable<F&, shown_key<M>, shown_value<M>>;
template <class F, class M>
concept entry_predicate = std::predicate<F&, shown_key<M>&, shown_value<M>&> ||
                          std::predicate<F&, shown_key<M>, shown_value<M>>;

// Calls `function(key, value)` for each entry of the batch that `walk` read last.
template <class M, class Function>
void for_each_entry(const Walk& walk, Function&& function) {
  const std::size_t key_size = walk.key_size();
  const std::size_t stride = walk.value_stride();
  const std::byte* key = walk.keys();
  const std::byte* value = walk.values();
  for (std::uint32_t i = 0; i < walk.size(); ++i, key += key_size, value += stride) {
    auto shown_k = show<shown_key<M>>({key, key_size});
    auto shown_v = show<shown_value<M>>({value, stride});
    call_with(function, shown_k, shown_v);
  }
}

}  // namespace detail
}  // namespace bpfmap::inline v0
