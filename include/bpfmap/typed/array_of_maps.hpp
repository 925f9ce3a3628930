// SPDX-License-Identifier: MIT
// ArrayOfMaps: BPF_MAP_TYPE_ARRAY_OF_MAPS. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/inner_map_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// An array of maps: BPF_MAP_TYPE_ARRAY_OF_MAPS (4.12). Inner is the class of the inner maps: Map,
/// or a typed one such as HashMap<K, V>. A scan shows the index and the map id of each filled slot.
template <class Inner = Map>
class ArrayOfMaps
    : public TypedMap<ArrayOfMaps<Inner>>,
      public InnerMapOperations<ArrayOfMaps<Inner>, std::uint32_t, detail::Keys::slots, Inner> {
  using Operations = InnerMapOperations<ArrayOfMaps, std::uint32_t, detail::Keys::slots, Inner>;

 public:
  using TypedMap<ArrayOfMaps>::TypedMap;
  using Operations::create, TypedMap<ArrayOfMaps>::create;

 private:
  friend Operations;
  friend TypedMap<ArrayOfMaps>;
  static constexpr std::array types{MapType::array_of_maps};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t),
                                                   sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
