// SPDX-License-Identifier: MIT
// What the typed maps with keys share: a key for an operation, and scans. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <system_error>
#include <type_traits>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0::detail {

// A typed map with keys.
template <class K>
class ElementMap : public TypedMap {
 protected:
  using TypedMap::TypedMap;

  template <class Report>
  bool read(const K& key, void* value, LookupFlags flags, int expected, Report report) const {
    return TypedMap::read(ObjectBytes<K>{key}.data(), value, flags, expected, report);
  }
  template <class Report>
  bool take(const K& key, void* value, LookupFlags flags, Report report) {
    return TypedMap::take(ObjectBytes<K>{key}.data(), value, flags, report);
  }
  template <class Report>
  bool write(const K& key, const void* value, UpdateFlags flags, int expected, Report report) {
    return TypedMap::write(ObjectBytes<K>{key}.data(), value, flags, expected, report);
  }
  template <class Report>
  bool remove(const K& key, Report report) {
    return TypedMap::remove(ObjectBytes<K>{key}.data(), report);
  }
};

// A typed map that can be walked, whose scans show `Shown` values.
template <class K, class Shown>
class KeyedMap : public ElementMap<K> {
 public:
  using shown_type = Shown;  ///< a value as a scan shows it

 protected:
  using ElementMap<K>::ElementMap;
};

}  // namespace bpfmap::inline v0::detail
