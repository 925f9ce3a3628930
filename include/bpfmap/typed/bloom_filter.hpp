// SPDX-License-Identifier: MIT
// BloomFilter: BPF_MAP_TYPE_BLOOM_FILTER. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A set of V that never forgets and sometimes sees what is not there: BPF_MAP_TYPE_BLOOM_FILTER
/// (5.16). Nothing can be erased, counted or listed; it is never full, and errs more often the more
/// it holds beyond max_entries.
template <class V>
class BloomFilter : public detail::TypedMap {
  static_assert(encodable_as_key<V>,
                "bpfmap: V cannot be in a bloom filter, which hashes its bytes: it must be "
                "trivially copyable, without pointers, floating point and padding. Name the "
                "padding as a member, or specialise bpfmap::Codec<V>.");

 public:
  using value_type = V;

  /// Empty: without a map.
  BloomFilter() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no bloom
  /// filter of V.
  explicit BloomFilter(Map map) : TypedMap(std::move(map), requirement) {}
  BloomFilter(Map map, std::error_code& ec) noexcept : TypedMap(std::move(map), requirement, ec) {}

  /// A new filter for `max_entries` values; type and sizes are filled in. `map_extra` is the number
  /// of hash functions, 1 to 15; 0: 5.
  [[nodiscard]] static BloomFilter create(MapSpec spec) {
    return BloomFilter{create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static BloomFilter create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = create_map(std::move(spec), requirement, ec);
    return ec ? BloomFilter{} : BloomFilter{std::move(map), ec};
  }

  /// The number of hash functions.
  [[nodiscard]] std::uint32_t hashes() const noexcept {
    const auto chosen = static_cast<std::uint32_t>(map_.info().map_extra & 0xf);
    return chosen != 0 ? chosen : 5;
  }

  /// Adds `value` (BPF_MAP_UPDATE_ELEM).
  void add(const V& value) { put(value, thrower(Operation::update)); }
  void add(const V& value, std::error_code& ec) noexcept { put(value, setter(ec)); }

  /// false: `value` was never added; true: it was, or its hashes are those of others
  /// (BPF_MAP_LOOKUP_ELEM, which reads the value here).
  [[nodiscard]] bool contains(const V& value) const {
    return ask(value, thrower(Operation::lookup));
  }
  [[nodiscard]] bool contains(const V& value, std::error_code& ec) const noexcept {
    return ask(value, setter(ec));
  }

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::bloom_filter};
  static constexpr detail::ViewRequirement requirement{types, 0, Codec<V>::size};

  template <class Report>
  void put(const V& value, Report report) {
    write(nullptr, detail::ObjectBytes<V>{value}.data(), UpdateFlags::any, 0, report);
  }
  template <class Report>
  bool ask(const V& value, Report report) const {
    // The kernel reads through this pointer and never writes.
    const detail::ObjectBytes<V> bytes{value};
    return read(nullptr, const_cast<void*>(bytes.data()), {}, -ENOENT, report);
  }
};

}  // namespace bpfmap::inline v0
