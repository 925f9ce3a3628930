// SPDX-License-Identifier: MIT
// Makes a map hold exactly the wanted entries. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/bulk/detail/show.hpp"

namespace bpfmap::inline v0 {

/// The result of sync().
struct SyncResult {
  std::uint64_t inserted = 0;   ///< wanted entries that were missing
  std::uint64_t updated = 0;    ///< wanted entries that had another value
  std::uint64_t unchanged = 0;  ///< wanted entries that had this value already; nothing was written
  std::uint64_t erased = 0;     ///< entries that are not wanted

  friend bool operator==(const SyncResult&, const SyncResult&) = default;
};

namespace detail {

// Reads and writes values under their bpf_spin_lock when `flags` has UpdateFlags::lock.
SyncResult sync_flat(Map& map, const FlatEntries& wanted, UpdateFlags flags,
                     std::error_code& ec) noexcept;

// The key and value of a std::pair or an Entry.
template <class K, class V>
[[nodiscard]] const auto& key_in(const std::pair<K, V>& item) noexcept {
  return item.first;
}
template <class K, class V>
[[nodiscard]] const auto& key_in(const Entry<K, V>& item) noexcept {
  return item.key;
}
template <class K, class V>
[[nodiscard]] const auto& value_in(const std::pair<K, V>& item) noexcept {
  return item.second;
}
template <class K, class V>
[[nodiscard]] const auto& value_in(const Entry<K, V>& item) noexcept {
  return item.value;
}

template <class Wanted, class M>
concept wanted_for = written_map<M> && requires(const Wanted& wanted) {
  { key_in(*std::begin(wanted)) } -> std::convertible_to<argument<typename M::key_type>>;
  requires std::convertible_to<decltype(value_in(*std::begin(wanted))),
                               argument<typename M::mapped_type>> ||
               std::convertible_to<decltype(value_in(*std::begin(wanted))),
                                   argument<typename M::slot_type>>;
};

}  // namespace detail

/// Makes `map` hold the entries of `wanted` and no others: erases entries with other keys, and
/// writes those that are missing or have another value (their bytes differ). Equal entries are not
/// touched. It erases first, so that a full map has room for new entries.
///
/// `wanted` is a std::map, or a vector, span or array of std::pair or Entry; when several entries
/// have the same key, the last one counts. Integers may have any type; Errc::out_of_range, before
/// anything is written, when one does not fit. On a per-CPU map a value is PerCpuValues<V>, or a V
/// for every CPU. A V with a bpf_spin_lock is read and written under its lock. It is not atomic:
/// readers see the map change entry by entry, and entries that others write meanwhile may stay. An
/// LPM key is compared byte by byte: clear the bits after the prefix (LpmKey does). When `ec` is
/// set, the result counts the changes made before the error.
template <detail::erasable_map M, detail::wanted_for<M> Wanted>
SyncResult sync(M& map, const Wanted& wanted, std::error_code& ec) noexcept {
  using Value = std::remove_cvref_t<decltype(detail::value_in(*std::begin(wanted)))>;
  constexpr bool percpu = !std::same_as<typename M::mapped_type, typename M::slot_type>;
  constexpr UpdateFlags flags = detail::locked_flags<M>(UpdateFlags::any);
  SyncResult result;
  ec.clear();
  detail::without_bad_alloc(ec, [&] {
    Bytes keys;
    Bytes values;
    std::size_t count = 0;
    for (const auto& item : wanted) {
      const auto& value = detail::value_in(item);
      if (!detail::append_argument<typename M::key_type>(keys, detail::key_in(item), ec)) return;
      if constexpr (percpu && detail::is_percpu_values<Value>) {
        if (value.empty()) ec = Errc::wrong_cpu_count;
        detail::append_slots(values, value);
      } else if constexpr (percpu) {
        const argument<typename M::slot_type>& slot = value;
        if (!detail::fits(slot)) ec = Errc::out_of_range;
        detail::append_slots(values, detail::value_of<typename M::slot_type>(slot));
      } else {
        (void)detail::append_argument<typename M::mapped_type>(values, value, ec);
      }
      if (ec) return;
      ++count;
    }
    result = detail::sync_flat(map.map(), {keys.data(), values.data(), count}, flags, ec);
  });
  if (ec)
    ec = detail::record(map.map(), {Operation::update_batch, {}, {}, detail::to_underlying(flags)},
                        ec);
  return result;
}
/// As above; errors are thrown.
template <detail::erasable_map M, detail::wanted_for<M> Wanted>
SyncResult sync(M& map, const Wanted& wanted) {
  std::error_code ec;
  const auto result = sync(map, wanted, ec);
  detail::throw_if(ec);
  return result;
}

/// As above, on bytes: consecutive keys of key_size bytes, and as many values of value_size bytes,
/// or of sys::percpu_size(value_size) bytes on a per-CPU map. Errors: Errc::wrong_key_size,
/// wrong_value_count; Errc::unsupported_operation where entries cannot be erased, or values cannot
/// be written back as they are read.
SyncResult sync(Map& map, BytesView keys, BytesView values, std::error_code& ec) noexcept;
SyncResult sync(Map& map, BytesView keys, BytesView values);

}  // namespace bpfmap::inline v0
