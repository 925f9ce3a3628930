// SPDX-License-Identifier: MIT
// BloomFilter: BPF_MAP_TYPE_BLOOM_FILTER. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "bpfmap/typed/base/element.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A set of V that reports "maybe" or "certainly not": BPF_MAP_TYPE_BLOOM_FILTER (5.16). Values
/// cannot be erased, counted or listed. It is never full; beyond max_entries() values, it has more
/// false positives. `MapSpec::map_extra` is the number of hash functions, 1 to 15; 0 selects 5.
template <class V>
class BloomFilter : public TypedMap<BloomFilter<V>> {
  // The kernel hashes the bytes of a value like those of a key.
  static_assert(detail::check_key<V>());

 public:
  using TypedMap<BloomFilter>::TypedMap;
  using value_type = V;

  /// Returns the number of hash functions.
  [[nodiscard]] std::uint32_t hashes() const noexcept {
    const auto chosen = static_cast<std::uint32_t>(this->map().info().map_extra & 0xf);
    return chosen != 0 ? chosen : 5;
  }

  /// Adds `value` (BPF_MAP_UPDATE_ELEM).
  void push(argument<V> value) {
    std::error_code ec = detail::no_error();
    push(value, ec);
    detail::throw_if(ec);
  }
  void push(argument<V> value, std::error_code& ec) noexcept {
    const detail::ElementBytes<V> bytes{detail::value_of<V>(value)};
    if (detail::fit(this->map(), Operation::update, ec, value))
      detail::update_element<0>(this->map(), detail::NoKey{}, bytes.view(), sys::f_any, ec);
  }

  /// Returns false when `value` was never pushed, true when it was or when its hashes equal those
  /// of others (BPF_MAP_LOOKUP_ELEM, which reads the value here).
  [[nodiscard]] bool contains(argument<V> value) const {
    std::error_code ec = detail::no_error();
    const bool found = contains(value, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard]] bool contains(argument<V> value, std::error_code& ec) const noexcept {
    // The kernel reads through this pointer and never writes.
    const detail::ElementBytes<V> bytes{detail::value_of<V>(value)};
    return detail::fit(this->map(), Operation::lookup, ec, value) &&
           detail::lookup_element<-ENOENT>(this->map(), detail::NoKey{},
                                           const_cast<void*>(bytes.data()), 0, ec);
  }

 private:
  friend TypedMap<BloomFilter>;
  static constexpr std::array types{MapType::bloom_filter};
  static constexpr detail::Requirement requirement{types, 0, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
