// SPDX-License-Identifier: MIT
// ArrayOfMaps: BPF_MAP_TYPE_ARRAY_OF_MAPS. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/map_of_maps.hpp"

namespace bpfmap::inline v0 {

/// Maps by number: BPF_MAP_TYPE_ARRAY_OF_MAPS (4.12). Inner is the class of the inner maps: Map, or
/// a typed one such as HashMap<K, V>.
///
/// A map is written as a descriptor and read as an id, from which get() makes a map again. A scan
/// shows index and id of the slots that are filled.
template <class Inner = Map>
class ArrayOfMaps : public detail::MapOfMaps<std::uint32_t, detail::Keys::slots, Inner> {
  using Base = detail::MapOfMaps<std::uint32_t, detail::Keys::slots, Inner>;

 public:
  /// Empty: without a map.
  ArrayOfMaps() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type) when it is no array_of_maps.
  explicit ArrayOfMaps(Map map) : Base(std::move(map), requirement) {}
  ArrayOfMaps(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new array_of_maps of `max_entries` slots, whose inner maps have the type, the sizes and the
  /// flags of `inner`, which is not put in and may go. Arrays must have its max_entries, too,
  /// unless all have MapFlags::inner_map. Type and sizes of the outer map are filled in.
  [[nodiscard]] static ArrayOfMaps create(MapSpec spec, const Inner& inner) {
    return Base::template create_like<ArrayOfMaps>(std::move(spec), detail::inner_map(inner),
                                                   requirement);
  }
  [[nodiscard]] static ArrayOfMaps create(MapSpec spec, const Inner& inner,
                                          std::error_code& ec) noexcept {
    return Base::template create_like<ArrayOfMaps>(std::move(spec), detail::inner_map(inner),
                                                   requirement, ec);
  }

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::array_of_maps};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
