// SPDX-License-Identifier: MIT
// HashOfMaps: BPF_MAP_TYPE_HASH_OF_MAPS. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/map_of_maps.hpp"

namespace bpfmap::inline v0 {

/// Maps by key: BPF_MAP_TYPE_HASH_OF_MAPS (4.12). Inner is the class of the inner maps: Map, or a
/// typed one such as HashMap<K, V>.
///
/// A map is written as a descriptor and read as an id, from which get() makes a map again. A scan
/// shows key and id of the entries.
template <class K, class Inner = Map>
class HashOfMaps : public detail::MapOfMaps<K, detail::Keys::hashed, Inner> {
  static_assert(encodable_as_key<K>,
                "bpfmap: K cannot be a map's key: it must be trivially copyable, without pointers, "
                "floating point and padding, or have a bpfmap::Codec<K>.");
  using Base = detail::MapOfMaps<K, detail::Keys::hashed, Inner>;
  using Base::setter;

 public:
  /// Empty: without a map.
  HashOfMaps() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, key_size) when it is no hash_of_maps of
  /// K.
  explicit HashOfMaps(Map map) : Base(std::move(map), requirement) {}
  HashOfMaps(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new hash_of_maps of `max_entries` entries, whose inner maps have the type, the sizes and the
  /// flags of `inner`, which is not put in and may go. Arrays must have its max_entries, too,
  /// unless all have MapFlags::inner_map. Type and sizes of the outer map are filled in.
  [[nodiscard]] static HashOfMaps create(MapSpec spec, const Inner& inner) {
    return Base::template create_like<HashOfMaps>(std::move(spec), detail::inner_map(inner),
                                                  requirement);
  }
  [[nodiscard]] static HashOfMaps create(MapSpec spec, const Inner& inner,
                                         std::error_code& ec) noexcept {
    return Base::template create_like<HashOfMaps>(std::move(spec), detail::inner_map(inner),
                                                  requirement, ec);
  }

  /// Adds an inner map; false, and nothing is changed, when the key is there (BPF_NOEXIST).
  bool insert(const K& key, const Inner& inner) {
    return Base::put(key, inner, UpdateFlags::noexist, -EEXIST,
                     Base::inner_thrower(key, inner, sys::f_noexist));
  }
  bool insert(const K& key, const Inner& inner, std::error_code& ec) noexcept {
    return Base::put(key, inner, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// Replaces an inner map; false, and nothing is changed, when the key is not there (BPF_EXIST).
  bool replace(const K& key, const Inner& inner) {
    return Base::put(key, inner, UpdateFlags::exist, -ENOENT,
                     Base::inner_thrower(key, inner, sys::f_exist));
  }
  bool replace(const K& key, const Inner& inner, std::error_code& ec) noexcept {
    return Base::put(key, inner, UpdateFlags::exist, -ENOENT, setter(ec));
  }

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::hash_of_maps};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size,
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
