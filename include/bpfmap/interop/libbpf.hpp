// SPDX-License-Identifier: MIT
// Connects libbpf's maps with bpfmap's. Needs libbpf's headers and library: target bpfmap::libbpf.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

/// Returns a Map with its own descriptor for a map that libbpf or a skeleton holds: `HashMap<K, V>
/// flows{from(skel->maps.flows)}`. libbpf keeps its descriptor, so either may be closed first.
/// Throws Error: Errc::map_not_loaded when libbpf has not created the map (the object is not
/// loaded, or autocreate is off for the map) or `map` is nullptr.
[[nodiscard]] Map from(const struct bpf_map* map);
/// As above; empty when `ec` is set.
[[nodiscard]] Map from(const struct bpf_map* map, std::error_code& ec) noexcept;

/// Makes a libbpf object use `map` instead of creating `object_map` (bpf_map__reuse_fd()). Call it
/// between the object's open and its load. max_entries and flags become those of `map`; type, key
/// size and value size must be equal. libbpf duplicates the descriptor. Throws Error: Errc::no_map
/// when `map` is empty; Errc::map_not_loaded when `object_map` is nullptr; Errc::wrong_map_type,
/// wrong_key_size or wrong_value_size; EBUSY when the object is loaded.
void reuse(struct bpf_map* object_map, const Map& map);
/// As above.
void reuse(struct bpf_map* object_map, const Map& map, std::error_code& ec) noexcept;

namespace detail {

// Returns the Errc or errno that keeps an object from using `map`; no error otherwise.
[[nodiscard]] inline std::error_code check_reuse(const struct bpf_map* object_map,
                                                 const Map& map) noexcept {
  if (!map) return Errc::no_map;
  if (::bpf_map__fd(object_map) >= 0) return kernel_error(-EBUSY);
  if (static_cast<MapType>(::bpf_map__type(object_map)) != map.info().type)
    return Errc::wrong_map_type;
  if (::bpf_map__key_size(object_map) != map.info().key_size) return Errc::wrong_key_size;
  if (::bpf_map__value_size(object_map) != map.info().value_size) return Errc::wrong_value_size;
  return {};
}

}  // namespace detail

inline Map from(const struct bpf_map* map, std::error_code& ec) noexcept {
  const int fd = map == nullptr ? -1 : ::bpf_map__fd(map);
  Map made = fd < 0 ? Map{} : Map::duplicate_of(fd, ec);
  // Since libbpf 1.5, a map that it did not create may have a descriptor, of something else.
  if (fd >= 0 && (!ec || ::bpf_map__autocreate(map))) return made;
  ec = detail::record_open(Operation::from_libbpf,
                           map == nullptr ? "nullptr" : ::bpf_map__name(map), Errc::map_not_loaded);
  return {};
}

inline Map from(const struct bpf_map* map) {
  std::error_code ec;
  Map made = from(map, ec);
  detail::throw_if(ec);
  return made;
}

inline void reuse(struct bpf_map* object_map, const Map& map, std::error_code& ec) noexcept {
  if (object_map == nullptr) {
    ec = detail::record_open(Operation::reuse, "nullptr", Errc::map_not_loaded);
    return;
  }
  ec = detail::check_reuse(object_map, map);
  if (!ec) ec = detail::kernel_error(::bpf_map__reuse_fd(object_map, map.fd()));
  if (!ec) return;
  // Only the sizes of the object's map are known.
  constexpr auto sized = [](std::uint32_t size) {
    return BytesView{static_cast<const std::byte*>(nullptr), size};
  };
  ec = detail::record(map,
                      {.operation = Operation::reuse,
                       .key = sized(::bpf_map__key_size(object_map)),
                       .value = sized(::bpf_map__value_size(object_map))},
                      ec);
}

inline void reuse(struct bpf_map* object_map, const Map& map) {
  std::error_code ec;
  reuse(object_map, map, ec);
  detail::throw_if(ec);
}

}  // namespace bpfmap::inline v0
