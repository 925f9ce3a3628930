// SPDX-License-Identifier: MIT
// What a walk needs to know of a map's type. Private to src/bulk.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/cpus.hpp"

namespace bpfmap::inline v0::detail {

inline KeyKind key_kind(const Map& map) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  return traits != nullptr ? traits->key : KeyKind::bytes;
}

inline bool is_array(const Map& map) noexcept {
  const KeyKind kind = key_kind(map);
  return kind == KeyKind::index || kind == KeyKind::slot;
}

// Whether the kernel may copy a slot for each CPU: of a type that this library does not know it is
// not known.
inline bool may_be_percpu(const Map& map) noexcept {
  return map.is_percpu() || traits_of(map.info().type) == nullptr;
}

// Bytes from one value to the next: value_size, or all slots of what may be a per-CPU value.
inline std::size_t value_stride(const Map& map) noexcept {
  return may_be_percpu(map) ? sys::percpu_size(map.info().value_size) : map.info().value_size;
}

// A kernel older than a command for this type answers as to any unknown command.
inline bool means_no_such_command(int result) noexcept {
  return result == -sys::enotsupp || result == -EOPNOTSUPP || result == -EINVAL;
}

inline std::uint32_t load_u32(const std::byte* bytes) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace bpfmap::inline v0::detail
