// SPDX-License-Identifier: MIT
// Operations on many given keys: lookup, update, insert, replace, erase. Above map/.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bulk/detail/whole_map.hpp"
#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/spin_lock.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/percpu_values.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// Keys, and values or slots, stored consecutively for the kernel.
struct FlatEntries {
  const std::byte* keys;
  const std::byte* values;
  std::size_t count;
};

BatchResult update_flat(Map& map, const FlatEntries& entries, UpdateFlags flags,
                        std::error_code& ec) noexcept;
BatchResult erase_flat(Map& map, const FlatEntries& entries, std::error_code& ec) noexcept;

// Records a failed batch as record_batch() does; an index that the map lacks has one code.
[[gnu::cold]] std::error_code record_entry(const Map& map, const Attempt& attempt,
                                           const BatchResult& result,
                                           const std::error_code& ec) noexcept;

// Bytewise objects are passed to the kernel without a copy.
template <class T>
[[nodiscard]] const std::byte* in_place(std::span<const T> values) noexcept {
  return reinterpret_cast<const std::byte*>(values.data());
}

template <class T>
void append(Bytes& out, const T& value) {
  const std::size_t at = out.size();
  out.resize(at + Codec<T>::size);
  Codec<T>::encode(value, std::span<std::byte, Codec<T>::size>{out.data() + at, Codec<T>::size});
}
template <class V>
void append_slots(Bytes& out, const V& value) {
  for (std::size_t i = 0; i < sys::possible_cpus().size(); ++i) {
    append(out, value);
    out.resize((out.size() + 7) / 8 * 8);
  }
}
template <class V>
void append_slots(Bytes& out, const PerCpuValues<V>& values) {
  out.insert(out.end(), values.bytes().begin(), values.bytes().end());
}

template <class T>
inline constexpr bool is_percpu_values = false;
template <class V>
inline constexpr bool is_percpu_values<PerCpuValues<V>> = true;

// Whether every value has its slots: moved-from PerCpuValues have none.
template <class Values>
[[nodiscard]] bool all_have_slots(const Values& values) noexcept {
  if constexpr (is_percpu_values<std::remove_cvref_t<decltype(values[0])>>)
    for (std::size_t i = 0; i < std::size(values); ++i)
      if (values[i].empty()) return false;
  return true;
}

// Splits `count` entries into chunks of at most 256 entries and about 1 MiB, at `entry_size` bytes
// each.
template <class Call>
BatchResult in_chunks(std::size_t count, std::size_t entry_size, std::error_code& ec, Call call) {
  const std::size_t chunk = std::clamp<std::size_t>(
      (std::size_t{1} << 20) / std::max<std::size_t>(entry_size, 1), 1, 256);
  BatchResult total;
  ec.clear();
  for (std::size_t at = 0; at < count && !ec; at += chunk) {
    const auto part = without_bad_alloc(ec, [&] { return call(at, std::min(chunk, count - at)); });
    total.done += part.done;
    total.skipped += part.skipped;
    if (part.failed) total.failed = at + *part.failed;
  }
  return total;
}

// Encodes keys and values chunk by chunk, and passes each chunk to `call`.
template <class K, class Append, class Call>
BatchResult in_encoded_chunks(std::span<const K> keys, std::size_t value_size, Append append_value,
                              std::error_code& ec, Call call) {
  Bytes flat_keys;
  Bytes flat_values;
  return in_chunks(keys.size(), value_size, ec, [&](std::size_t at, std::size_t count) {
    flat_keys.clear();
    flat_values.clear();
    for (std::size_t i = at; i < at + count; ++i) {
      append(flat_keys, keys[i]);
      append_value(flat_values, i);
    }
    return call(FlatEntries{flat_keys.data(), flat_values.data(), count});
  });
}

// One value per key, as update_batch takes them in a C array, std::array, vector, span or the like:
// V, on a per-CPU map PerCpuValues<V> or a V for every CPU.
template <class Values, class M>
concept values_for = written_map<M> && requires(const Values& values) {
  { std::size(values) } -> std::convertible_to<std::size_t>;
  requires std::same_as<std::remove_cvref_t<decltype(values[0])>, typename M::mapped_type> ||
               std::same_as<std::remove_cvref_t<decltype(values[0])>, typename M::slot_type>;
};

// `flags` for a write of M's values: one with a bpf_spin_lock is written under it.
template <class M>
[[nodiscard]] constexpr UpdateFlags locked_flags(UpdateFlags flags) noexcept {
  if constexpr (written_map<M>)
    if constexpr (has_spin_lock<typename M::mapped_type>) return flags | UpdateFlags::lock;
  return flags;
}

template <class M, class Values>
BatchResult write_batch(M& map, std::span<const typename M::key_type> keys, const Values& values,
                        UpdateFlags flags, std::error_code& ec) {
  using K = typename M::key_type;
  using V = std::remove_cvref_t<decltype(values[0])>;
  constexpr bool percpu = !std::same_as<typename M::mapped_type, typename M::slot_type>;
  ec.clear();
  if (keys.size() != std::size(values)) {
    ec = Errc::wrong_value_count;
    return {};
  }
  if constexpr (!percpu && coded_as_object<K> && coded_as_object<V> &&
                requires { std::data(values); }) {
    return update_flat(
        map.map(),
        {in_place(keys), in_place(std::span<const V>{std::data(values), std::size(values)}),
         keys.size()},
        flags, ec);
  } else {
    if (!all_have_slots(values)) {
      ec = Errc::wrong_cpu_count;
      return {};
    }
    constexpr std::size_t slot = Codec<typename M::slot_type>::size;
    const std::size_t value_size = percpu ? sys::percpu_size(slot) : slot;
    const auto append_value = [&values](Bytes& out, std::size_t i) {
      if constexpr (percpu)
        append_slots(out, values[i]);
      else
        append(out, V(values[i]));
    };
    return in_encoded_chunks(keys, value_size, append_value, ec, [&](const FlatEntries& entries) {
      return update_flat(map.map(), entries, flags, ec);
    });
  }
}

// Records the failure among `keys`, if there was one.
template <class M>
void record_failed(const M& map, Operation operation, std::span<const typename M::key_type> keys,
                   const BatchResult& result, UpdateFlags flags, std::error_code& ec) noexcept {
  using K = typename M::key_type;
  if (!ec) return;
  std::array<std::byte, Codec<K>::size> key{};
  if (result.failed) Codec<K>::encode(keys[*result.failed], key);
  ec = record_entry(
      map.map(),
      {operation, result.failed ? BytesView{key} : BytesView{}, {}, to_underlying(flags)}, result,
      ec);
}

}  // namespace detail

/// Sets the values of many keys with BPF_MAP_UPDATE_BATCH (5.6). Sets them one by one where the
/// kernel or the type has no batches, where memory for a whole batch is lacking, and with
/// UpdateFlags::noexist or exist, which the batch command refuses.
///
/// `values` has one value per key (Errc::wrong_value_count): a V; on a per-CPU map, PerCpuValues<V>
/// or one V for every CPU. `keys` and `values` are C arrays, std::array, std::vector, std::span or
/// the like. A V with a bpf_spin_lock is written under its lock. Stops at the first entry that
/// fails: BatchResult::failed is its index.
template <detail::typed_map M, detail::values_for<M> Values>
BatchResult update_batch(M& map, std::span<const typename M::key_type> keys, const Values& values,
                         UpdateFlags flags, std::error_code& ec) noexcept {
  const UpdateFlags asked = detail::locked_flags<M>(flags);
  const auto result = detail::write_batch(map, keys, values, asked, ec);
  detail::record_failed(map, Operation::update_batch, keys, result, asked, ec);
  return result;
}
template <detail::typed_map M, detail::values_for<M> Values>
BatchResult update_batch(M& map, std::span<const typename M::key_type> keys, const Values& values,
                         std::error_code& ec) noexcept {
  return update_batch(map, keys, values, UpdateFlags::any, ec);
}
/// As above; errors are thrown as BatchError.
template <detail::typed_map M, detail::values_for<M> Values>
BatchResult update_batch(M& map, std::span<const typename M::key_type> keys, const Values& values,
                         UpdateFlags flags = UpdateFlags::any) {
  std::error_code ec;
  const auto result = update_batch(map, keys, values, flags, ec);
  detail::throw_if(ec);
  return result;
}

/// Adds entries; an existing key is skipped, and its value stays. One system call per entry.
template <detail::erasable_map M, detail::values_for<M> Values>
BatchResult insert_batch(M& map, std::span<const typename M::key_type> keys, const Values& values,
                         std::error_code& ec) noexcept {
  return update_batch(map, keys, values, UpdateFlags::noexist, ec);
}
template <detail::erasable_map M, detail::values_for<M> Values>
BatchResult insert_batch(M& map, std::span<const typename M::key_type> keys, const Values& values) {
  return update_batch(map, keys, values, UpdateFlags::noexist);
}

/// Overwrites entries; a missing key is skipped. One system call per entry.
template <detail::erasable_map M, detail::values_for<M> Values>
BatchResult replace_batch(M& map, std::span<const typename M::key_type> keys, const Values& values,
                          std::error_code& ec) noexcept {
  return update_batch(map, keys, values, UpdateFlags::exist, ec);
}
template <detail::erasable_map M, detail::values_for<M> Values>
BatchResult replace_batch(M& map, std::span<const typename M::key_type> keys,
                          const Values& values) {
  return update_batch(map, keys, values, UpdateFlags::exist);
}

/// Erases many keys and skips missing ones: with BPF_MAP_DELETE_BATCH (5.6), or one by one where
/// there is no such command.
template <detail::erasable_map M>
  requires detail::typed_map<M>
BatchResult erase_batch(M& map, std::span<const typename M::key_type> keys,
                        std::error_code& ec) noexcept {
  using K = typename M::key_type;
  BatchResult result;
  if constexpr (detail::coded_as_object<K>)
    result = detail::erase_flat(map.map(), {detail::in_place(keys), nullptr, keys.size()}, ec);
  else
    result = detail::in_encoded_chunks(
        keys, 0, [](Bytes&, std::size_t) {}, ec,
        [&](const detail::FlatEntries& entries) {
          return detail::erase_flat(map.map(), entries, ec);
        });
  detail::record_failed(map, Operation::erase_batch, keys, result, {}, ec);
  return result;
}
template <detail::erasable_map M>
  requires detail::typed_map<M>
BatchResult erase_batch(M& map, std::span<const typename M::key_type> keys) {
  std::error_code ec;
  const auto result = erase_batch(map, keys, ec);
  detail::throw_if(ec);
  return result;
}

/// Looks up many keys: `values[i]` becomes the value of `keys[i]`, or nullopt when the key is
/// missing (counted as skipped). One system call per key, because the kernel has no batch lookup of
/// given keys. `keys` and `values` must have the same size (Errc::wrong_value_count).
template <detail::written_map M>
BatchResult lookup_batch(const M& map, std::span<const typename M::key_type> keys,
                         std::span<std::optional<typename M::mapped_type>> values,
                         std::error_code& ec) noexcept {
  BatchResult result;
  ec.clear();
  if (keys.size() != values.size()) ec = Errc::wrong_value_count;
  for (std::size_t i = 0; i < keys.size() && !ec; ++i) {
    values[i] = map.lookup(keys[i], ec);
    if (ec)
      result.failed = i;
    else
      ++(values[i] ? result.done : result.skipped);
  }
  detail::record_failed(map, Operation::lookup_batch, keys, result, {}, ec);
  return result;
}
/// As above, but returns a vector; errors are thrown as BatchError.
template <detail::written_map M>
[[nodiscard]] std::vector<std::optional<typename M::mapped_type>> lookup_batch(
    const M& map, std::span<const typename M::key_type> keys) {
  std::vector<std::optional<typename M::mapped_type>> values(keys.size());
  std::error_code ec;
  (void)lookup_batch(map, keys, std::span{values}, ec);
  detail::throw_if(ec);
  return values;
}

/// As above, on bytes: consecutive keys of key_size bytes, and as many values of value_size bytes,
/// or of sys::percpu_size(value_size) bytes on a per-CPU map. Values of a map of maps are
/// descriptors. A size that is not a multiple of key_size is Errc::wrong_key_size, any other number
/// of values Errc::wrong_value_count.
BatchResult update_batch(Map& map, BytesView keys, BytesView values, UpdateFlags flags,
                         std::error_code& ec) noexcept;
BatchResult update_batch(Map& map, BytesView keys, BytesView values,
                         UpdateFlags flags = UpdateFlags::any);
BatchResult erase_batch(Map& map, BytesView keys, std::error_code& ec) noexcept;
BatchResult erase_batch(Map& map, BytesView keys);
/// Copies the values of many keys to `values`, which must have the matching size (as above); writes
/// zeros for a missing key.
BatchResult lookup_batch(const Map& map, BytesView keys, MutableBytesView values,
                         std::span<bool> found, std::error_code& ec) noexcept;
BatchResult lookup_batch(const Map& map, BytesView keys, MutableBytesView values,
                         std::span<bool> found);

}  // namespace bpfmap::inline v0
