// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/sync.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "../map/cpu_list.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "walk/kinds.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::FlatEntries;
using detail::kernel_error;

enum class Found : std::uint8_t { missing, other_value, same, twice };

// The wanted entries of one sync, sorted by key.
class Wanted {
 public:
  Wanted(const Map& map, const FlatEntries& entries)
      : entries_(entries),
        key_size_(map.info().key_size),
        value_size_(map.info().value_size),
        stride_(detail::value_stride(map)),
        slot_(map.is_percpu() ? sys::percpu_stride(map.info().value_size) : stride_),
        order_(entries.count),
        found_(entries.count, Found::missing) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    // Entries with equal keys keep their order: the last one counts.
    std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) {
      const int order = std::memcmp(key(a), key(b), key_size_);
      return order != 0 ? order < 0 : a < b;
    });
    for (std::size_t i = 1; i < order_.size(); ++i)
      if (std::memcmp(key(order_[i - 1]), key(order_[i]), key_size_) == 0)
        found_[order_[i - 1]] = Found::twice;
  }

  // Notes an entry of the map; returns false when its key is not wanted.
  bool note(const std::byte* key_bytes, const std::byte* value_bytes) {
    auto at = std::upper_bound(order_.begin(), order_.end(), key_bytes,
                               [this](const std::byte* other, std::size_t i) {
                                 return std::memcmp(other, key(i), key_size_) < 0;
                               });
    if (at == order_.begin()) return false;
    const std::size_t i = *--at;
    if (std::memcmp(key(i), key_bytes, key_size_) != 0) return false;
    found_[i] = same(value(i), value_bytes) ? Found::same : Found::other_value;
    return true;
  }

  [[nodiscard]] Found found(std::size_t i) const noexcept { return found_[i]; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.count; }
  [[nodiscard]] const std::byte* key(std::size_t i) const noexcept {
    return entries_.keys + i * key_size_;
  }
  [[nodiscard]] const std::byte* value(std::size_t i) const noexcept {
    return entries_.values + i * stride_;
  }
  [[nodiscard]] std::size_t key_size() const noexcept { return key_size_; }
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

 private:
  // Compares per-CPU values without the padding of each slot.
  [[nodiscard]] bool same(const std::byte* a, const std::byte* b) const noexcept {
    for (std::size_t at = 0; at + value_size_ <= stride_; at += slot_)
      if (std::memcmp(a + at, b + at, value_size_) != 0) return false;
    return true;
  }

  FlatEntries entries_;
  std::size_t key_size_;
  std::size_t value_size_;
  std::size_t stride_;
  std::size_t slot_;
  std::vector<std::size_t> order_;
  std::vector<Found> found_;
};

// Marks the entries that the map has, and erases those that are not wanted.
void erase_rest(Map& map, Wanted& wanted, LookupFlags flags, SyncResult& done,
                std::error_code& ec) {
  detail::KeyList victims;
  Walk walk{map, {.flags = flags}};
  while (walk.next(ec)) {
    if (!victims.reserve(walk.size() * walk.key_size())) ec = kernel_error(-ENOMEM);
    for (std::size_t i = 0; !ec && i < walk.size(); ++i) {
      const std::byte* const key = walk.keys() + i * walk.key_size();
      if (!wanted.note(key, walk.values() + i * walk.value_stride()))
        victims.add(key, walk.key_size());
    }
    if (!ec) done.erased += detail::erase_keys(map, victims, ec);
    if (ec) return;
  }
}

// Writes missing and different entries, one chunk at a time.
void write_difference(Map& map, const Wanted& wanted, UpdateFlags flags, SyncResult& done,
                      std::error_code& ec) {
  constexpr std::size_t chunk = 256;
  const std::size_t most =
      std::clamp<std::size_t>((std::size_t{1} << 20) / wanted.stride(), 1, chunk);
  Bytes keys;
  Bytes values;
  for (const Found kind : {Found::other_value, Found::missing}) {
    std::uint64_t& count = kind == Found::missing ? done.inserted : done.updated;
    const auto flush = [&] {
      const std::size_t entries = keys.size() / wanted.key_size();
      count += detail::update_flat(map, {keys.data(), values.data(), entries}, flags, ec).done;
      keys.clear();
      values.clear();
    };
    for (std::size_t i = 0; i < wanted.size() && !ec; ++i) {
      if (wanted.found(i) != kind) continue;
      keys.insert(keys.end(), wanted.key(i), wanted.key(i) + wanted.key_size());
      values.insert(values.end(), wanted.value(i), wanted.value(i) + wanted.stride());
      if (keys.size() == most * wanted.key_size()) flush();
    }
    if (!ec && !keys.empty()) flush();
    if (ec) return;
  }
}

// Whether entries can be inserted and erased, and are written as they are read.
bool can_sync(const Map& map) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  return traits != nullptr && (traits->key == KeyKind::bytes || traits->key == KeyKind::prefix) &&
         map.info().type != MapType::hash_of_maps && map.info().type != MapType::sockhash;
}

}  // namespace

SyncResult detail::sync_flat(Map& map, const FlatEntries& entries, UpdateFlags flags,
                             std::error_code& ec) noexcept {
  const auto read_flags = has(flags, UpdateFlags::lock) ? LookupFlags::lock : LookupFlags::none;
  SyncResult done;
  ec.clear();
  if (!map)
    ec = Errc::no_map;
  else if (!can_sync(map))
    ec = Errc::unsupported_operation;
  else if (map.is_percpu())
    ec = check_cpu_list();
  if (ec) return done;
  without_bad_alloc(ec, [&] {
    Wanted wanted{map, entries};
    erase_rest(map, wanted, read_flags, done, ec);
    if (!ec) write_difference(map, wanted, flags, done, ec);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      done.unchanged += wanted.found(i) == Found::same ? 1U : 0U;
    return true;
  });
  return done;
}

SyncResult sync(Map& map, BytesView keys, BytesView values, std::error_code& ec) noexcept {
  SyncResult result;
  const std::size_t size = map.info().key_size;
  const std::size_t count = size == 0 ? 0 : keys.size() / size;
  ec.clear();
  if (!map)
    ec = Errc::no_map;
  else if (size == 0 || keys.size() % size != 0)
    ec = Errc::wrong_key_size;
  else if (values.size() != count * detail::value_stride(map))
    ec = Errc::wrong_value_count;
  else
    result = detail::sync_flat(map, {keys.data(), values.data(), count}, UpdateFlags::any, ec);
  if (ec) ec = detail::record(map, {Operation::update_batch}, ec);
  return result;
}

SyncResult sync(Map& map, BytesView keys, BytesView values) {
  std::error_code ec;
  const auto result = sync(map, keys, values, ec);
  detail::throw_if(ec);
  return result;
}

}  // namespace bpfmap::inline v0
