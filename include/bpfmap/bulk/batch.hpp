// SPDX-License-Identifier: MIT
// Operations on many given keys: lookup, update, insert, replace, erase. Above map/.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "bpfmap/bulk/detail/batch_entries.hpp"
#include "bpfmap/bulk/detail/whole_map.hpp"
#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

namespace detail {

template <class M, class Keys, class Values>
BatchResult update_as(M& map, const Keys& keys, const Values& values, UpdateFlags flags,
                      std::error_code& ec) noexcept {
  const UpdateFlags asked = locked_flags<M>(flags);
  BatchResult result;
  if (has_map(map.map(), ec)) result = write_batch(map, keys, values, asked, ec);
  record_failed(map, Operation::update_batch, keys, result, asked, ec);
  return result;
}
template <class M, class Keys, class Values>
BatchResult update_as(M& map, const Keys& keys, const Values& values, UpdateFlags flags) {
  std::error_code ec;
  const auto result = update_as(map, keys, values, flags, ec);
  throw_if(ec);
  return result;
}

}  // namespace detail

/// Sets the values of many keys with BPF_MAP_UPDATE_BATCH (5.6), or one at a time where the kernel
/// or the type has no batches, or a batch fails for lack of memory.
///
/// `values` has one value per key (Errc::wrong_value_count): a V; on a per-CPU map, PerCpuValues<V>
/// or one V for every CPU. `keys` and `values` are C arrays, std::array, std::vector, std::span or
/// similar. For an integer K or V, they may hold any integer type; Errc::out_of_range at the first
/// one that does not fit. A V with a bpf_spin_lock is written under its lock. Stops at the first
/// entry that fails: BatchResult::failed is its index.
template <detail::typed_map M, detail::keys_for<M> Keys, detail::values_for<M> Values>
BatchResult update_batch(M& map, const Keys& keys, const Values& values,
                         std::error_code& ec) noexcept {
  return detail::update_as(map, keys, values, UpdateFlags::any, ec);
}
/// As above; errors are thrown as BatchError.
template <detail::typed_map M, detail::keys_for<M> Keys, detail::values_for<M> Values>
BatchResult update_batch(M& map, const Keys& keys, const Values& values) {
  return detail::update_as(map, keys, values, UpdateFlags::any);
}

/// Inserts many entries; skips existing keys, whose values stay. Makes one system call per entry.
/// `keys` and `values` as for update_batch().
template <detail::erasable_map M, detail::keys_for<M> Keys, detail::values_for<M> Values>
BatchResult insert_batch(M& map, const Keys& keys, const Values& values,
                         std::error_code& ec) noexcept {
  return detail::update_as(map, keys, values, UpdateFlags::noexist, ec);
}
template <detail::erasable_map M, detail::keys_for<M> Keys, detail::values_for<M> Values>
BatchResult insert_batch(M& map, const Keys& keys, const Values& values) {
  return detail::update_as(map, keys, values, UpdateFlags::noexist);
}

/// Overwrites many entries; skips missing keys. Makes one system call per entry. `keys` and
/// `values` as for update_batch().
template <detail::erasable_map M, detail::keys_for<M> Keys, detail::values_for<M> Values>
BatchResult replace_batch(M& map, const Keys& keys, const Values& values,
                          std::error_code& ec) noexcept {
  return detail::update_as(map, keys, values, UpdateFlags::exist, ec);
}
template <detail::erasable_map M, detail::keys_for<M> Keys, detail::values_for<M> Values>
BatchResult replace_batch(M& map, const Keys& keys, const Values& values) {
  return detail::update_as(map, keys, values, UpdateFlags::exist);
}

/// Erases many keys with BPF_MAP_DELETE_BATCH (5.6), or one at a time where the kernel or the type
/// has no batches; skips missing keys. `keys` as for update_batch().
template <detail::erasable_map M, detail::keys_for<M> Keys>
BatchResult erase_batch(M& map, const Keys& keys, std::error_code& ec) noexcept {
  using K = typename M::key_type;
  BatchResult result;
  if constexpr (detail::lies_flat<Keys, K>) {
    result = detail::erase_flat(map.map(), {detail::in_place(keys), nullptr, std::size(keys)}, ec);
  } else if (detail::has_map(map.map(), ec)) {
    const auto append_key = [&keys](Bytes& flat, Bytes&, std::size_t i, std::error_code& refused) {
      return detail::append_argument<K>(flat, keys[i], refused);
    };
    result = detail::in_encoded_chunks(std::size(keys), Codec<K>::size, ec, append_key,
                                       [&](const detail::FlatEntries& entries) {
                                         return detail::erase_flat(map.map(), entries, ec);
                                       });
  }
  detail::record_failed(map, Operation::erase_batch, keys, result, {}, ec);
  return result;
}
template <detail::erasable_map M, detail::keys_for<M> Keys>
BatchResult erase_batch(M& map, const Keys& keys) {
  std::error_code ec;
  const auto result = erase_batch(map, keys, ec);
  detail::throw_if(ec);
  return result;
}

/// Looks up many keys: `values[i]` becomes the value of `keys[i]`, or nullopt when the key is
/// missing (counted as skipped). Makes one system call per key, because the kernel has no batch
/// lookup of given keys. `keys` as for update_batch(); `values` has the same size
/// (Errc::wrong_value_count). Overwrites existing values in place, so a polling loop allocates
/// nothing.
template <detail::written_map M, detail::keys_for<M> Keys>
BatchResult lookup_batch_into(const M& map, const Keys& keys,
                              std::span<std::optional<typename M::mapped_type>> values,
                              std::error_code& ec) noexcept {
  BatchResult result;
  if (detail::has_map(map.map(), ec) && std::size(keys) != values.size())
    ec = Errc::wrong_value_count;
  for (std::size_t i = 0; i < values.size() && !ec; ++i) {
    detail::lookup_one(map, keys[i], values[i], ec);
    if (ec)
      result.failed = i;
    else
      ++(values[i] ? result.done : result.skipped);
  }
  detail::record_failed(map, Operation::lookup_batch, keys, result, {}, ec);
  return result;
}
/// As above; errors are thrown as BatchError.
template <detail::written_map M, detail::keys_for<M> Keys>
BatchResult lookup_batch_into(const M& map, const Keys& keys,
                              std::span<std::optional<typename M::mapped_type>> values) {
  std::error_code ec;
  const auto result = lookup_batch_into(map, keys, values, ec);
  detail::throw_if(ec);
  return result;
}
/// As lookup_batch_into(), but returns a vector with one element per key. When `ec` is set, the
/// vector holds the elements before the key that failed.
template <detail::written_map M, detail::keys_for<M> Keys>
[[nodiscard]] std::vector<std::optional<typename M::mapped_type>> lookup_batch(
    const M& map, const Keys& keys, std::error_code& ec) noexcept {
  std::vector<std::optional<typename M::mapped_type>> values;
  ec.clear();
  detail::without_bad_alloc(ec, [&] { values.resize(std::size(keys)); });
  if (ec) {
    detail::record_failed(map, Operation::lookup_batch, keys, {}, {}, ec);
    return values;
  }
  const auto result = lookup_batch_into(map, keys, values, ec);
  if (ec)
    values.erase(values.begin() + static_cast<std::ptrdiff_t>(result.failed.value_or(0)),
                 values.end());
  return values;
}
/// As above; errors are thrown as BatchError.
template <detail::written_map M, detail::keys_for<M> Keys>
[[nodiscard]] std::vector<std::optional<typename M::mapped_type>> lookup_batch(const M& map,
                                                                               const Keys& keys) {
  std::error_code ec;
  auto values = lookup_batch(map, keys, ec);
  detail::throw_if(ec);
  return values;
}

// Deleted for maps whose values are descriptors, so that the compiler's message names the
// alternative.
template <detail::descriptor_map M, class... Arguments>
void update_batch(M&, const Arguments&...) = delete;  // use set(), or set_batch() of a map of maps
template <detail::descriptor_map M, class... Arguments>
void insert_batch(M&, const Arguments&...) = delete;  // use set(), or set_batch() of a map of maps
template <detail::descriptor_map M, class... Arguments>
void replace_batch(M&, const Arguments&...) = delete;  // use set(), or set_batch() of a map of maps
template <detail::descriptor_map M, class... Arguments>
void lookup_batch(const M&, const Arguments&...) = delete;  // use scan() or single lookups
template <detail::descriptor_map M, class... Arguments>
void lookup_batch_into(const M&, const Arguments&...) = delete;  // use scan() or single lookups

/// As above, on bytes: consecutive keys of key_size bytes, and as many values of value_size bytes,
/// or of sys::percpu_size(value_size) bytes on a per-CPU map. Values of a map of maps are
/// descriptors. A size that is not a multiple of key_size is Errc::wrong_key_size; a wrong number
/// of values is Errc::wrong_value_count. UpdateFlags::noexist and exist write entries one by one,
/// because the batch command refuses them.
BatchResult update_batch(Map& map, BytesView keys, BytesView values, UpdateFlags flags,
                         std::error_code& ec) noexcept;
BatchResult update_batch(Map& map, BytesView keys, BytesView values,
                         UpdateFlags flags = UpdateFlags::any);
inline BatchResult update_batch(Map& map, BytesView keys, BytesView values,
                                std::error_code& ec) noexcept {
  return update_batch(map, keys, values, UpdateFlags::any, ec);
}
BatchResult erase_batch(Map& map, BytesView keys, std::error_code& ec) noexcept;
BatchResult erase_batch(Map& map, BytesView keys);
/// Copies the values of many keys to `values`, which must have the matching size (as above), and
/// sets `found`; leaves the bytes of a missing key unchanged.
BatchResult lookup_batch_into(const Map& map, BytesView keys, MutableBytesView values,
                              std::span<bool> found, std::error_code& ec) noexcept;
BatchResult lookup_batch_into(const Map& map, BytesView keys, MutableBytesView values,
                              std::span<bool> found);

}  // namespace bpfmap::inline v0

#include "bpfmap/bulk/batch_arguments.hpp"
