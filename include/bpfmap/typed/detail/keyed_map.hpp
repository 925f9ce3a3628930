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

  /// `for (auto [key, value] : map)`: see BatchReader for what a scan promises. Shown are copies,
  /// and per-CPU values as a PerCpuView that holds until the next entry.
  [[nodiscard]] auto begin() const {
    return ScanIterator<ShowEntry<K, Shown>>{BatchReader{this->map_}};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The same as a range that keeps its buffer, has a status and, with `ec`, does not throw. It
  /// refers to this map, which must outlive it and stay where it is.
  [[nodiscard]] auto scan(ScanOptions options = {}) const& noexcept {
    return Scan<ShowEntry<K, Shown>>{this->map_, options};
  }
  [[nodiscard]] auto scan(ScanOptions options, std::error_code& ec) const& noexcept {
    return Scan<ShowEntry<K, Shown>>{this->map_, options, &ec};
  }
  [[nodiscard]] auto scan(std::error_code& ec) const& noexcept { return scan({}, ec); }
  /// A scan of the keys alone.
  [[nodiscard]] auto keys(ScanOptions options = {}) const& noexcept {
    options.keys_only = true;
    return Scan<ShowKey<K>>{this->map_, options};
  }
  [[nodiscard]] auto keys(ScanOptions options, std::error_code& ec) const& noexcept {
    options.keys_only = true;
    return Scan<ShowKey<K>>{this->map_, options, &ec};
  }
  [[nodiscard]] auto keys(std::error_code& ec) const& noexcept { return keys({}, ec); }
  /// A scan of the values alone.
  [[nodiscard]] auto values(ScanOptions options = {}) const& noexcept {
    return Scan<ShowValue<Shown>>{this->map_, options};
  }
  [[nodiscard]] auto values(ScanOptions options, std::error_code& ec) const& noexcept {
    return Scan<ShowValue<Shown>>{this->map_, options, &ec};
  }
  [[nodiscard]] auto values(std::error_code& ec) const& noexcept { return values({}, ec); }
  // Of a temporary, which would be gone before the first entry is read.
  void scan(ScanOptions options = {}) const&& = delete;
  void scan(ScanOptions options, std::error_code& ec) const&& = delete;
  void scan(std::error_code& ec) const&& = delete;
  void keys(ScanOptions options = {}) const&& = delete;
  void keys(ScanOptions options, std::error_code& ec) const&& = delete;
  void keys(std::error_code& ec) const&& = delete;
  void values(ScanOptions options = {}) const&& = delete;
  void values(ScanOptions options, std::error_code& ec) const&& = delete;
  void values(std::error_code& ec) const&& = delete;

 protected:
  using ElementMap<K>::ElementMap;
};

}  // namespace bpfmap::inline v0::detail
