// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/batch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "../map/cpu_list.hpp"
#include "bpfmap/map/supports.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "walk/kinds.hpp"
#include "walk/retry.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::FlatEntries;
using detail::kernel_error;
using detail::may_be_percpu;
using detail::value_stride;

// Writes many entries to one map: in batches as long as the kernel accepts them, then one at a
// time.
class BatchWrite {
 public:
  enum class Kind : std::uint8_t { update, erase };

  BatchWrite(const Map& map, Kind kind, const FlatEntries& entries, UpdateFlags flags) noexcept
      : map_(map), kind_(kind), entries_(entries), flags_(flags) {}

  BatchResult run(std::error_code& ec) noexcept {
    ec.clear();
    if (!map_)
      ec = Errc::no_map;
    else if (detail::needs_trie_conditions(map_.info().type, flags_))
      (void)detail::retried([&] {
        ec = detail::check_trie_conditions();
        return -ec.value();
      });
    else if (may_be_percpu(map_))
      ec = detail::check_cpu_list();
    if (ec) return {};
    bool batches = has_batches();
    while (at_ < entries_.count && !ec) {
      if (batches)
        batches = write_batch();
      else
        write_one(ec);
    }
    if (ec) result_.failed = at_;
    return result_;
  }

 private:
  bool has_batches() const noexcept {
    const MapTypeTraits* const traits = traits_of(map_.info().type);
    if (traits == nullptr) return false;
    const auto conditional = flags_ & (UpdateFlags::noexist | UpdateFlags::exist);
    return kind_ == Kind::erase ? traits->erase_batch
                                : traits->lookup_batch && conditional == UpdateFlags::any;
  }

  const std::byte* key() const noexcept { return entries_.keys + at_ * map_.info().key_size; }
  const std::byte* value() const noexcept {
    return entries_.values == nullptr ? nullptr : entries_.values + at_ * value_stride(map_);
  }

  // Returns false when the rest is to be written one at a time.
  bool write_batch() noexcept {
    const auto wanted = static_cast<std::uint32_t>(
        std::min<std::size_t>(entries_.count - at_, std::numeric_limits<std::uint32_t>::max()));
    std::uint32_t count = wanted;
    const auto bits = detail::to_underlying(flags_);
    const int result = kind_ == Kind::erase
                           ? sys::map_delete_batch(map_.fd(), key(), count, bits)
                           : sys::map_update_batch(map_.fd(), key(), value(), count, bits);
    // A call that the kernel refuses before its first entry leaves the count unchanged.
    const std::uint32_t done = result != 0 && count >= wanted ? 0 : count;
    at_ += done;
    result_.done += done;
    if (result == 0) return done != 0;
    if (kind_ == Kind::erase && result == -ENOENT) return skip();
    if (detail::turned_away(result)) return done != 0 || ++idle_ < idle_limit;
    // After any other errno, entries are written alone: the kernel has no batches, or no memory for
    // one, or this entry fails, and then fails again with its own errno.
    return false;
  }

  bool skip() noexcept {
    ++result_.skipped;
    ++at_;
    return true;
  }

  void write_one(std::error_code& ec) noexcept {
    const int result = detail::retried_without_memory([this] {
      return kind_ == Kind::erase
                 ? sys::map_delete_elem(map_.fd(), key())
                 : sys::map_update_elem(map_.fd(), key(), value(), detail::to_underlying(flags_));
    });
    if (result == 0) {
      ++result_.done;
      ++at_;
    } else if (is_answer(result)) {
      skip();
    } else {
      ec = kernel_error(result);
    }
  }

  // Whether the errno means that the entry is skipped: its key is missing, or exists.
  bool is_answer(int result) const noexcept {
    if (kind_ == Kind::erase) return result == -ENOENT;
    return (result == -EEXIST && has(flags_, UpdateFlags::noexist)) ||
           (result == -ENOENT && has(flags_, UpdateFlags::exist));
  }

  // How many batches in a row may be turned away before their first entry.
  static constexpr int idle_limit = 10;

  const Map& map_;
  Kind kind_;
  FlatEntries entries_;
  UpdateFlags flags_;
  BatchResult result_;
  std::size_t at_ = 0;
  int idle_ = 0;
};

// The number of keys in `bytes`.
std::optional<std::size_t> key_count(const Map& map, BytesView bytes,
                                     std::error_code& ec) noexcept {
  const std::size_t size = map.info().key_size;
  ec.clear();
  if (!map)
    ec = Errc::no_map;
  else if (size == 0 || bytes.size() % size != 0)
    ec = Errc::wrong_key_size;
  else
    return bytes.size() / size;
  return std::nullopt;
}

// Records the failure among `keys`, if there was one.
BatchResult reported(const Map& map, Operation operation, BytesView keys, const BatchResult& result,
                     UpdateFlags flags, std::error_code& ec) noexcept {
  if (!ec) return result;
  const std::size_t size = map.info().key_size;
  const BytesView key = result.failed ? keys.subspan(*result.failed * size, size) : BytesView{};
  ec = detail::record_entry(map, {operation, key, {}, detail::to_underlying(flags)}, result, ec);
  return result;
}

}  // namespace

namespace detail {

std::error_code record_entry(const Map& map, const Attempt& attempt, const BatchResult& result,
                             const std::error_code& ec) noexcept {
  const bool kernel =
      ec.category() == category() && ec.value() < static_cast<int>(Errc::wrong_key_size);
  return record_batch(map, attempt, result, kernel ? element_error(map, attempt, -ec.value()) : ec);
}

BatchResult update_flat(Map& map, const FlatEntries& entries, UpdateFlags flags,
                        std::error_code& ec) noexcept {
  return BatchWrite{map, BatchWrite::Kind::update, entries, flags}.run(ec);
}

// On a per-CPU map, writes the slots of one chunk of entries at a time.
BatchResult update_values(Map& map, const FlatEntries& entries, UpdateFlags flags,
                          std::error_code& ec) noexcept {
  if (!may_be_percpu(map)) return update_flat(map, entries, flags, ec);
  const std::size_t key_size = map.info().key_size;
  const std::size_t value_size = map.info().value_size;
  const std::size_t slot = sys::percpu_stride(value_size);
  const std::size_t cpus = sys::possible_cpus().size();
  return in_chunks(entries.count, slot * cpus, ec, [&](std::size_t at, std::size_t count) {
    Bytes slots(count * cpus * slot);
    for (std::size_t i = 0; i < count * cpus; ++i)
      std::memcpy(slots.data() + i * slot, entries.values + (at + i / cpus) * value_size,
                  value_size);
    return update_flat(map, {entries.keys + at * key_size, slots.data(), count}, flags, ec);
  });
}

BatchResult erase_flat(Map& map, const FlatEntries& entries, std::error_code& ec) noexcept {
  return BatchWrite{map, BatchWrite::Kind::erase, entries, UpdateFlags::any}.run(ec);
}

}  // namespace detail

BatchResult update_batch(Map& map, BytesView keys, BytesView values, UpdateFlags flags,
                         std::error_code& ec) noexcept {
  BatchResult result;
  if (const auto count = key_count(map, keys, ec)) {
    const FlatEntries entries{keys.data(), values.data(), *count};
    if (values.size() == *count * value_stride(map))
      result = detail::update_flat(map, entries, flags, ec);
    else if (may_be_percpu(map) && values.size() == *count * map.info().value_size)
      result = detail::update_values(map, entries, flags, ec);
    else
      ec = Errc::wrong_value_count;
  }
  return reported(map, Operation::update_batch, keys, result, flags, ec);
}

BatchResult update_batch(Map& map, BytesView keys, BytesView values, UpdateFlags flags) {
  std::error_code ec;
  const auto result = update_batch(map, keys, values, flags, ec);
  detail::throw_if(ec);
  return result;
}

BatchResult erase_batch(Map& map, BytesView keys, std::error_code& ec) noexcept {
  BatchResult result;
  if (const auto count = key_count(map, keys, ec))
    result = detail::erase_flat(map, {keys.data(), nullptr, *count}, ec);
  return reported(map, Operation::erase_batch, keys, result, {}, ec);
}

BatchResult erase_batch(Map& map, BytesView keys) {
  std::error_code ec;
  const auto result = erase_batch(map, keys, ec);
  detail::throw_if(ec);
  return result;
}

BatchResult lookup_batch_into(const Map& map, BytesView keys, MutableBytesView values,
                              std::span<bool> found, std::error_code& ec) noexcept {
  BatchResult result;
  const auto count = key_count(map, keys, ec);
  const std::size_t stride = value_stride(map);
  if (count && (values.size() != *count * stride || found.size() != *count))
    ec = Errc::wrong_value_count;
  for (std::size_t i = 0; !ec && i < *count; ++i) {
    const BytesView key = keys.subspan(i * map.info().key_size, map.info().key_size);
    const MutableBytesView value = values.subspan(i * stride, stride);
    found[i] = may_be_percpu(map) ? map.lookup_percpu_into(key, value, ec)
                                  : map.lookup_into(key, value, ec);
    if (ec) {
      result.failed = i;
      break;
    }
    ++(found[i] ? result.done : result.skipped);
  }
  return reported(map, Operation::lookup_batch, keys, result, {}, ec);
}

BatchResult lookup_batch_into(const Map& map, BytesView keys, MutableBytesView values,
                              std::span<bool> found) {
  std::error_code ec;
  const auto result = lookup_batch_into(map, keys, values, found, ec);
  detail::throw_if(ec);
  return result;
}

}  // namespace bpfmap::inline v0
