// SPDX-License-Identifier: MIT
#include "kernel_has.hpp"

#include <algorithm>

#include "bpfmap/map/map.hpp"
#include "maps.hpp"
#include "small_btf.hpp"

namespace bpfmap::test {
namespace {

// An empty map when the kernel has no such type.
Map try_making(MapType type) {
  MapSpec spec = spec_of(type);
  std::error_code ec;
  if (is_local_storage(type)) {
    const SmallBtf btf;
    spec.btf_fd = btf.fd();
    spec.btf_key_type_id = spec.btf_value_type_id = SmallBtf::integer;
    return Map::create(spec, ec);
  }
  Map inner;
  if (type == MapType::array_of_maps || type == MapType::hash_of_maps) {
    inner = make_map(MapType::array, 4, 4);
    spec.inner_map_fd = inner.fd();
  }
  return Map::create(spec, ec);
}

bool is_missing(int result) {
  return result == -EINVAL || result == -EOPNOTSUPP || result == -sys::enotsupp;
}

}  // namespace

bool kernel_has(MapType type) { return static_cast<bool>(try_making(type)); }

std::vector<MapType> those_of_this_kernel(std::vector<MapType> types) {
  std::erase_if(types, [](MapType type) { return !kernel_has(type); });
  return types;
}

bool kernel_has_batches(MapType type) {
  const Map map = try_making(type);
  std::uint32_t count = 0;
  return map &&
         !is_missing(sys::map_lookup_batch(map.fd(), nullptr, nullptr, nullptr, nullptr, count));
}

bool kernel_has_lookup_and_delete(MapType type) {
  const Map map = try_making(type);
  if (!map) return false;
  const Bytes key(map.info().key_size);
  Bytes value(sys::percpu_size(map.info().value_size));
  return !is_missing(
      sys::map_lookup_and_delete_elem(map.fd(), key.empty() ? nullptr : key.data(), value.data()));
}

bool kernel_takes_from_hashes() { return kernel_has_lookup_and_delete(MapType::hash); }

bool kernel_walks_tries() { return kernel_has_batches(MapType::lpm_trie); }

int errno_of_freezing_read_only() {
  return -sys::map_freeze(make_map(MapType::hash, 4, 4, 4, MapFlags::rdonly).fd());
}

int errno_of_freezing_locks() {
  const SmallBtf btf;
  const Map map = Map::create({.type = MapType::hash,
                               .key_size = 4,
                               .value_size = 8,
                               .max_entries = 1,
                               .btf_fd = btf.fd(),
                               .btf_key_type_id = SmallBtf::integer,
                               .btf_value_type_id = SmallBtf::locked});
  return -sys::map_freeze(map.fd());
}

}  // namespace bpfmap::test
