// SPDX-License-Identifier: MIT
// Facts about map types that walks need. Private to src/bulk.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/cpus.hpp"

namespace bpfmap::inline v0::detail {

/// How the entries of a map are read.
enum class WalkKind : std::uint8_t {
  none,     // no keys, or keys that cannot be listed
  buckets,  // hash batches: the cursor is a bucket's number
  indices,  // arrays
  trie,     // LPM: the cursor is a key, and keys come in a total order
  keys,     // by the next key alone
  opaque,   // batches with a cursor that only the kernel understands
};

inline WalkKind walk_kind(const Map& map) noexcept {
  const MapInfo& info = map.info();
  const MapTypeTraits* const traits = traits_of(info.type);
  if (info.key_size == 0) return WalkKind::none;
  if (traits == nullptr) return WalkKind::keys;
  // Its cursor is a key.
  if (info.type == MapType::rhash) return WalkKind::opaque;
  // The kernel lists the ids in use; looking up all others would cost a call each.
  if (info.type == MapType::stack_trace) return WalkKind::keys;
  switch (traits->key) {
    case KeyKind::bytes:
      return traits->lookup_batch ? WalkKind::buckets : WalkKind::keys;
    case KeyKind::prefix:
      return WalkKind::trie;
    case KeyKind::index:
    case KeyKind::slot:
      return WalkKind::indices;
    case KeyKind::object:
      // The only storage whose keys the kernel lists.
      return info.type == MapType::cgroup_storage || info.type == MapType::percpu_cgroup_storage
                 ? WalkKind::keys
                 : WalkKind::none;
    case KeyKind::none:
      break;
  }
  return WalkKind::none;
}

inline bool is_queue(const Map& map) noexcept {
  return map.info().type == MapType::queue || map.info().type == MapType::stack;
}

// Whether the kernel may copy one slot per CPU. True for a type that this library does not know.
inline bool may_be_percpu(const Map& map) noexcept {
  return map.is_percpu() || traits_of(map.info().type) == nullptr;
}

// Bytes from one value to the next: value_size, or all slots of a possible per-CPU value.
inline std::size_t value_stride(const Map& map) noexcept {
  return may_be_percpu(map) ? sys::percpu_size(map.info().value_size) : map.info().value_size;
}

// The limit of keys for a walk by next key, which the kernel does not bound under churn.
inline std::uint64_t key_limit(const Map& map) noexcept {
  const std::uint64_t max_entries = map.info().max_entries;
  return max_entries == 0 ? std::uint64_t{1} << 20 : 4 * max_entries + 64;
}

// A kernel that lacks a command for this type returns the same errno as for any unknown command.
inline bool means_no_such_command(int result) noexcept {
  return result == -sys::enotsupp || result == -EOPNOTSUPP || result == -EINVAL;
}

inline std::uint32_t load_u32(const std::byte* bytes) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
inline void store_u32(std::byte* bytes, std::uint32_t value) noexcept {
  std::memcpy(bytes, &value, sizeof value);
}

}  // namespace bpfmap::inline v0::detail
