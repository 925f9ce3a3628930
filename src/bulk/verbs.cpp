// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/verbs.hpp"

#include <cerrno>

#include "bpfmap/sys/bpf.hpp"
#include "kinds.hpp"
#include "retry.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

bool is_keyless(const Map& map) noexcept {
  return map.info().type == MapType::queue || map.info().type == MapType::stack;
}

std::uint64_t pop_all(Map& map, std::error_code& ec) noexcept {
  Bytes value(map.info().value_size);
  std::uint64_t popped = 0;
  for (; popped < map.info().max_entries; ++popped) {
    const int result = detail::retried(
        [&] { return sys::map_lookup_and_delete_elem(map.fd(), nullptr, value.data()); });
    if (result == -ENOENT) break;
    if (result != 0) {
      ec = kernel_error(result);
      break;
    }
  }
  return popped;
}

// Whether the values of slots can be looked up; an empty slot is ENOENT then.
bool shows_slots(const Map& map) noexcept {
  switch (map.info().type) {
    case MapType::perf_event_array:
    case MapType::cgroup_array:
    case MapType::xskmap:
      return false;
    case MapType::sockmap:
    case MapType::reuseport_sockarray:
      return map.info().value_size == sizeof(std::uint64_t);
    default:
      return true;
  }
}

// One slot after the other: the kernel has no batch for them.
std::uint64_t clear_slots(Map& map, std::error_code& ec) noexcept {
  const bool all = !shows_slots(map);
  std::uint64_t erased = 0;
  for (BatchReader reader{map, {.keys_only = all}}; !ec && reader.next(ec);)
    for (std::uint32_t i = 0; i < reader.size() && !ec; ++i) {
      const std::byte* const key = reader.keys() + i * sizeof(std::uint32_t);
      const int result = detail::retried([&] { return sys::map_delete_elem(map.fd(), key); });
      // A sockmap says of an empty slot that its index is invalid.
      const bool empty =
          result == -ENOENT || (result == -EINVAL && map.info().type == MapType::sockmap);
      if (result == 0)
        ++erased;
      else if (!empty)
        ec = kernel_error(result);
    }
  return erased;
}

std::uint64_t take_all(Map& map, std::error_code& ec) noexcept {
  BatchReader reader{map, {}, ReadMode::take};
  while (reader.next(ec)) {
  }
  return reader.status().entries;
}

std::uint64_t erase_all(Map& map, std::error_code& ec) noexcept {
  std::uint64_t erased = 0;
  for (BatchReader reader{map, {.keys_only = true}}; !ec && reader.next(ec);)
    erased += detail::erase_flat(map, {reader.keys(), nullptr, reader.size()}, ec).done;
  return erased;
}

// Types of which what is read is not what is written: an id or a cookie, not a descriptor. Of a
// type that this library does not know nobody knows.
bool reads_as_written(const Map& map) noexcept {
  switch (map.info().type) {
    case MapType::prog_array:
    case MapType::perf_event_array:
    case MapType::cgroup_array:
    case MapType::array_of_maps:
    case MapType::hash_of_maps:
    case MapType::sockmap:
    case MapType::sockhash:
    case MapType::reuseport_sockarray:
    case MapType::xskmap:
      return false;
    case MapType::devmap:
    case MapType::devmap_hash:
    case MapType::cpumap:
      // With a program beside the device or CPU.
      return map.info().value_size == sizeof(std::uint32_t);
    default:
      return traits_of(map.info().type) != nullptr;
  }
}

// Why `from` cannot be copied into `to`, if so.
std::error_code incompatibilities(const Map& from, const Map& to) noexcept {
  if (!from || !to) return Errc::no_map;
  if (from.info().key_size != to.info().key_size) return Errc::wrong_key_size;
  if (from.info().value_size != to.info().value_size) return Errc::wrong_value_size;
  if (from.is_percpu() != to.is_percpu())
    return to.is_percpu() ? Errc::map_is_percpu : Errc::map_is_not_percpu;
  if (!reads_as_written(from) || !reads_as_written(to)) return kernel_error(-sys::enotsupp);
  return {};
}

// `told` gets what was tried when `ec` is set, while the bytes are still there.
template <class Told>
std::uint64_t copy_entries(const Map& from, Map& to, UpdateFlags flags, std::error_code& ec,
                           Told told) {
  const std::uint64_t bits = detail::to_underlying(flags);
  std::uint64_t written = 0;
  ec = incompatibilities(from, to);
  if (ec) {
    const std::byte* const sized = nullptr;
    told(to, detail::Attempt{Operation::update_batch,
                             {sized, from.info().key_size},
                             {sized, from.info().value_size},
                             bits});
    return written;
  }
  BatchReader reader{from};
  while (reader.next(ec)) {
    const auto result =
        detail::update_flat(to, {reader.keys(), reader.values(), reader.size()}, flags, ec);
    written += result.done;
    if (!ec) continue;
    const std::size_t key_size = from.info().key_size;
    told(to, detail::Attempt{Operation::update_batch,
                             {reader.keys() + result.failed.value_or(0) * key_size, key_size},
                             {},
                             bits});
    return written;
  }
  if (ec) told(from, detail::Attempt{Operation::scan});
  return written;
}

}  // namespace

std::uint64_t count(const Map& map, std::error_code& ec) noexcept {
  // Only a lookup tells an empty slot from a filled one.
  const bool keys_only = detail::key_kind(map) != KeyKind::slot;
  BatchReader reader{map, {.keys_only = keys_only}};
  while (reader.next(ec)) {
  }
  return reader.status().entries;
}

std::uint64_t count(const Map& map) {
  std::error_code ec;
  const std::uint64_t entries = count(map, ec);
  if (ec) detail::raise(map, {Operation::scan}, ec);
  return entries;
}

std::uint64_t clear(Map& map, std::error_code& ec) noexcept {
  ec.clear();
  if (is_keyless(map)) return pop_all(map, ec);
  const MapTypeTraits* const traits = traits_of(map.info().type);
  if (traits != nullptr && traits->drain_batch) return take_all(map, ec);
  switch (detail::key_kind(map)) {
    case KeyKind::index:
      ec = kernel_error(-sys::enotsupp);
      return 0;
    case KeyKind::slot:
      return clear_slots(map, ec);
    default:
      return erase_all(map, ec);
  }
}

std::uint64_t clear(Map& map) {
  std::error_code ec;
  const std::uint64_t erased = clear(map, ec);
  if (ec) detail::raise(map, {Operation::erase_batch}, ec);
  return erased;
}

std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags, std::error_code& ec) noexcept {
  return copy_entries(from, to, flags, ec, [](const Map&, const detail::Attempt&) {});
}

std::uint64_t copy(const Map& from, Map& to, UpdateFlags flags) {
  std::error_code ec;
  return copy_entries(from, to, flags, ec, [&ec](const Map& map, const detail::Attempt& attempt) {
    detail::raise(map, attempt, ec);
  });
}

}  // namespace bpfmap::inline v0
