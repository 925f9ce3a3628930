// SPDX-License-Identifier: MIT
// HashOfMaps: BPF_MAP_TYPE_HASH_OF_MAPS. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/inner_map_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A hash map from K to maps: BPF_MAP_TYPE_HASH_OF_MAPS (4.12). Inner is the class of the inner
/// maps: Map, or a typed one such as HashMap<K, V>. A scan shows the key and the map id of each
/// entry.
template <class K, class Inner = Map>
class HashOfMaps : public TypedMap<HashOfMaps<K, Inner>>,
                   public InnerMapOperations<HashOfMaps<K, Inner>, K, detail::Keys::hashed, Inner> {
  using Operations = InnerMapOperations<HashOfMaps, K, detail::Keys::hashed, Inner>;

 public:
  using TypedMap<HashOfMaps>::TypedMap;
  using Operations::create, TypedMap<HashOfMaps>::create;

  /// Adds an inner map; returns false, and changes nothing, when the key exists (BPF_NOEXIST).
  bool insert(argument<K> key, const Inner& inner) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, inner, ec);
    detail::throw_if(ec);
    return inserted;
  }
  bool insert(argument<K> key, const Inner& inner, std::error_code& ec) noexcept {
    return this->template write<-EEXIST>(key, inner, sys::f_noexist, ec);
  }

  /// Replaces an inner map; returns false, and changes nothing, when the key is missing
  /// (BPF_EXIST).
  bool replace(argument<K> key, const Inner& inner) {
    std::error_code ec = detail::no_error();
    const bool replaced = replace(key, inner, ec);
    detail::throw_if(ec);
    return replaced;
  }
  bool replace(argument<K> key, const Inner& inner, std::error_code& ec) noexcept {
    return this->template write<-ENOENT>(key, inner, sys::f_exist, ec);
  }

 private:
  friend Operations;
  friend TypedMap<HashOfMaps>;
  static constexpr std::array types{MapType::hash_of_maps};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
