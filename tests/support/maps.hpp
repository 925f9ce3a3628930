// SPDX-License-Identifier: MIT
// Maps for tests, and their contents, read without Map.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bytes.hpp"
#include "kernel_test.hpp"

namespace bpfmap::test {

/// Returns a number in `range` near 4.
[[nodiscard]] inline std::uint32_t about_four(const SizeRange& range) {
  constexpr std::uint32_t four = 4;
  if (range.least >= four || range.most <= four)
    return std::min(std::max(range.least, four), range.most);
  return range.least + (four - range.least) / range.step * range.step;
}

/// Whether maps of this type keep their values in objects of the kernel, and so need BTF.
[[nodiscard]] constexpr bool is_local_storage(MapType type) noexcept {
  return type == MapType::sk_storage || type == MapType::task_storage ||
         type == MapType::inode_storage || type == MapType::cgrp_storage;
}

/// Returns a spec that the kernel accepts, made from the type's row: sizes and entries near 4, and
/// the required flags.
[[nodiscard]] inline MapSpec spec_of(MapType type) {
  const MapTypeTraits* const row = traits_of(type);
  if (row == nullptr)
    return {.type = type, .key_size = 4, .value_size = 4, .max_entries = 4, .name = "test"};
  MapSpec spec{.type = type,
               .key_size = about_four(row->key_size),
               .value_size = about_four(row->value_size),
               .max_entries = about_four(row->max_entries),
               .flags = row->flags_needed,
               .name = "test"};
  if (row->key == KeyKind::prefix) spec.key_size = 8;
  switch (type) {
    case MapType::ringbuf:
    case MapType::user_ringbuf:
      spec.max_entries = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
      break;
    case MapType::sockmap:
    case MapType::sockhash:
    case MapType::reuseport_sockarray:
      spec.value_size = 8;  // a cookie, which a lookup returns
      break;
    default:
      break;
  }
  return spec;
}

/// Creates a map with keys and values of these sizes.
[[nodiscard]] inline Map make_map(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                                  std::uint32_t max_entries = 4, MapFlags flags = MapFlags::none) {
  return Map::create({.type = type,
                      .key_size = key_size,
                      .value_size = value_size,
                      .max_entries = max_entries,
                      .flags = flags | spec_of(type).flags,
                      .name = "test"});
}

/// Returns the value of `key`, of all CPUs on a per-CPU map.
[[nodiscard]] inline std::optional<Bytes> stored(const Map& map, const Bytes& key) {
  Bytes value(map.is_percpu() ? sys::percpu_size(map.info().value_size) : map.info().value_size);
  const int result =
      sys::map_lookup_elem(map.fd(), key.empty() ? nullptr : key.data(), value.data());
  if (result == 0) return value;
  EXPECT_EQ(result, -ENOENT);
  return std::nullopt;
}

/// Returns all keys in the kernel's order. The map must not change meanwhile.
[[nodiscard]] inline std::vector<Bytes> stored_keys(const Map& map) {
  std::vector<Bytes> keys;
  Bytes key(map.info().key_size);
  for (const void* at = nullptr; sys::map_get_next_key(map.fd(), at, key.data()) == 0;
       at = keys.back().data()) {
    keys.push_back(key);
    if (keys.size() > map.info().max_entries) {
      ADD_FAILURE() << "the walk does not end";
      break;
    }
  }
  return keys;
}

[[nodiscard]] inline std::error_code errno_code(int error) { return {error, category()}; }

}  // namespace bpfmap::test
