// SPDX-License-Identifier: MIT
// Converts the entries of a batch from the caller's ranges to consecutive bytes for the kernel.
// Above map/.
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

#include "bpfmap/bulk/detail/whole_map.hpp"
#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/argument.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/spin_lock.hpp"
#include "bpfmap/codec/wire.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/percpu_values.hpp"

namespace bpfmap::inline v0::detail {

// Keys, and values or slots, stored consecutively for the kernel.
struct FlatEntries {
  const std::byte* keys;
  const std::byte* values;
  std::size_t count;
};

BatchResult update_flat(Map& map, const FlatEntries& entries, UpdateFlags flags,
                        std::error_code& ec) noexcept;
// As above, with one value per entry, which a per-CPU map stores on every CPU.
BatchResult update_values(Map& map, const FlatEntries& entries, UpdateFlags flags,
                          std::error_code& ec) noexcept;
BatchResult erase_flat(Map& map, const FlatEntries& entries, std::error_code& ec) noexcept;

// Records a failed batch as record_batch() does; an index out of range has one code in every
// operation.
[[gnu::cold]] std::error_code record_entry(const Map& map, const Attempt& attempt,
                                           const BatchResult& result,
                                           const std::error_code& ec) noexcept;

// --- ranges ---

// A C array, std::array, std::vector, std::span, std::deque or similar.
template <class Range>
concept indexable = requires(const Range& range) {
  { std::size(range) } -> std::convertible_to<std::size_t>;
  range[0];
};
template <indexable Range>
using Element = std::remove_cvref_t<decltype(std::declval<const Range&>()[0])>;

// Keys of type K, or anything that an operation on one entry accepts as a K.
template <class Range, class K>
concept range_of =
    indexable<Range> && std::convertible_to<decltype(std::declval<const Range&>()[0]), argument<K>>;

template <class Keys, class M>
concept keys_for = typed_map<M> && range_of<Keys, typename M::key_type>;

// One value per key: a V; on a per-CPU map, PerCpuValues<V> or a V for every CPU.
template <class Values, class M>
concept values_for = written_map<M> && indexable<Values> &&
                     (std::same_as<Element<Values>, typename M::mapped_type> ||
                      std::convertible_to<decltype(std::declval<const Values&>()[0]),
                                          argument<typename M::slot_type>>);

// Keys or values for a Map, which encodes each to the size that it declares. Bytes are consecutive
// keys or values instead.
template <class Range>
concept range_of_arguments = !byte_range<Range> && !has_own_codec<Range> && indexable<Range> &&
                             argument_encodable<Element<Range>>;

// Whether the range holds objects of type T as the kernel reads them, so that no copy is needed.
template <class Range, class T>
inline constexpr bool lies_flat =
    written_as_object<T> && std::convertible_to<const Range&, std::span<const T>>;
template <class Range>
[[nodiscard]] const std::byte* in_place(const Range& range) noexcept {
  return reinterpret_cast<const std::byte*>(std::data(range));
}

template <class T>
inline constexpr bool is_percpu_values = false;
template <class V>
inline constexpr bool is_percpu_values<PerCpuValues<V>> = true;

// Whether every value has its slots: moved-from PerCpuValues have none.
template <class Values>
[[nodiscard]] bool all_have_slots(const Values& values) noexcept {
  if constexpr (is_percpu_values<Element<Values>>)
    for (std::size_t i = 0; i < std::size(values); ++i)
      if (values[i].empty()) return false;
  return true;
}

// --- bytes ---

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

// Appends a T; returns false, with Errc::out_of_range, when the argument does not fit into one.
template <class T>
bool append_argument(Bytes& out, const argument<T>& given, std::error_code& ec) {
  if (!fits(given)) {
    ec = Errc::out_of_range;
    return false;
  }
  append(out, value_of<T>(given));
  return true;
}
// As above for a Map, which declares `size` bytes; an argument of another size is `wrong`.
template <class Encoding>
bool append_encoded(Bytes& out, const Encoding& encoded, std::size_t size, Errc wrong,
                    std::error_code& ec) {
  if (!ec && encoded.bytes().size() != size) ec = wrong;
  if (!ec) out.insert(out.end(), encoded.bytes().begin(), encoded.bytes().end());
  return !ec;
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

// Encodes entries chunk by chunk, and passes each chunk to `call`. `append(keys, values, i, ec)`
// encodes entry i; it returns false, with `ec` set, when that is not possible. The entries before
// it are passed on.
template <class Append, class Call>
BatchResult in_encoded_chunks(std::size_t count, std::size_t entry_size, std::error_code& ec,
                              Append append_entry, Call call) {
  Bytes keys;
  Bytes values;
  return in_chunks(count, entry_size, ec, [&](std::size_t at, std::size_t most) {
    keys.clear();
    values.clear();
    std::error_code refused;
    std::size_t encoded = 0;
    while (encoded < most && append_entry(keys, values, at + encoded, refused)) ++encoded;
    BatchResult part = call(FlatEntries{keys.data(), values.data(), encoded});
    if (refused && !ec) {
      ec = refused;
      part.failed = encoded;
    }
    return part;
  });
}

// --- calls ---

// Whether there is a map; sets or clears `ec`.
[[nodiscard]] inline bool has_map(const Map& map, std::error_code& ec) noexcept {
  ec.clear();
  if (!map) ec = Errc::no_map;
  return !ec;
}

// Adds UpdateFlags::lock to `flags` when the values of M have a bpf_spin_lock.
template <class M>
[[nodiscard]] constexpr UpdateFlags locked_flags(UpdateFlags flags) noexcept {
  if constexpr (written_map<M>)
    if constexpr (has_spin_lock<typename M::mapped_type>) return flags | UpdateFlags::lock;
  return flags;
}

// Records the failure among `keys`, if there was one. An integer that does not fit into a K has no
// key to show.
template <class M, class Keys>
void record_failed(const M& map, Operation operation, const Keys& keys, const BatchResult& result,
                   UpdateFlags flags, std::error_code& ec) noexcept {
  using K = typename M::key_type;
  if (!ec) return;
  std::array<std::byte, Codec<K>::size> bytes{};
  BytesView shown;
  if (result.failed) {
    const argument<K>& key = keys[*result.failed];
    if (fits(key)) {
      Codec<K>::encode(value_of<K>(key), bytes);
      shown = bytes;
    }
  }
  ec = record_entry(map.map(), {operation, shown, {}, to_underlying(flags)}, result, ec);
}

// The same for a Map.
template <class Keys>
void record_failed(const Map& map, Operation operation, const Keys& keys, const BatchResult& result,
                   UpdateFlags flags, std::error_code& ec) noexcept {
  if (!ec) return;
  std::error_code refused;
  const auto record = [&](BytesView shown) {
    ec = record_entry(map, {operation, shown, {}, to_underlying(flags)}, result, ec);
  };
  if (!result.failed) return record({});
  const EncodedKey<Element<Keys>> key{keys[*result.failed], map.info().key_size, refused};
  record(refused ? BytesView{} : key.bytes());
}

template <class M, class Keys, class Values>
BatchResult write_batch(M& map, const Keys& keys, const Values& values, UpdateFlags flags,
                        std::error_code& ec) {
  using K = typename M::key_type;
  using V = typename M::slot_type;
  constexpr bool percpu = !std::same_as<typename M::mapped_type, V>;
  const std::size_t count = std::size(keys);
  ec.clear();
  if (count != std::size(values))
    ec = Errc::wrong_value_count;
  else if (!all_have_slots(values))
    ec = Errc::wrong_cpu_count;
  if (ec) return {};
  if constexpr (!percpu && lies_flat<Keys, K> && lies_flat<Values, V>) {
    return update_flat(map.map(), {in_place(keys), in_place(values), count}, flags, ec);
  } else {
    const auto append_entry = [&](Bytes& flat_keys, Bytes& flat_values, std::size_t i,
                                  std::error_code& refused) {
      if (!append_argument<K>(flat_keys, keys[i], refused)) return false;
      if constexpr (is_percpu_values<Element<Values>>) {
        append_slots(flat_values, values[i]);
      } else if constexpr (percpu) {
        const argument<V>& value = values[i];
        if (!fits(value)) refused = Errc::out_of_range;
        if (!refused) append_slots(flat_values, value_of<V>(value));
      } else {
        return append_argument<V>(flat_values, values[i], refused);
      }
      return !refused;
    };
    const std::size_t value_size = percpu ? sys::percpu_size(Codec<V>::size) : Codec<V>::size;
    return in_encoded_chunks(count, value_size, ec, append_entry, [&](const FlatEntries& entries) {
      return update_flat(map.map(), entries, flags, ec);
    });
  }
}

// Looks up one key into `room`, which becomes nullopt when the key is missing. A value stored as it
// lies in memory is read into `room` itself, and so are the slots of an existing value.
template <class M>
void lookup_one(const M& map, const argument<typename M::key_type>& key,
                std::optional<typename M::mapped_type>& room, std::error_code& ec) noexcept {
  if constexpr (coded_as_object<typename M::mapped_type>) {
    if (!room) room.emplace();
  } else if (!room) {
    room = map.lookup(key, ec);
    return;
  }
  bool found = false;
  if constexpr (std::is_void_v<decltype(map.lookup_into(key, *room, ec))>) {
    map.lookup_into(key, *room, ec);
    found = !ec;
  } else {
    found = map.lookup_into(key, *room, ec);
  }
  if (!found) room.reset();
}

}  // namespace bpfmap::inline v0::detail
