// SPDX-License-Identifier: MIT
// LpmTrie: BPF_MAP_TYPE_LPM_TRIE. Layer 2.
#pragma once

#include <array>
#include <system_error>
#include <utility>

#include "bpfmap/codec/lpm_key.hpp"
#include "bpfmap/typed/detail/entry_map.hpp"
#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0 {

/// Prefixes K with a V each, looked up by the longest that matches: BPF_MAP_TYPE_LPM_TRIE (4.11). K
/// is an LpmKey, or begins like one: 4 bytes of prefix length, then the bits in network order.
///
/// lookup() and contains() of an address find the longest prefix that covers it; of a shorter
/// prefix, the longest that covers all of it. insert, update, replace and erase mean exactly the
/// prefix given. A new prefix in a full trie is ENOSPC, where other maps say E2BIG.
///
/// A scan shows longer prefixes before the shorter ones that cover them. It shows nothing twice,
/// but may rarely miss prefixes that stay when others are inserted or erased meanwhile.
template <class K, class V>
class LpmTrie : public detail::EntryMap<detail::KeyedMap<K, V>, K, V> {
  static_assert(Codec<K>::size >= 5 && Codec<K>::size <= 260,
                "bpfmap: the key of an LPM trie is 4 bytes of prefix length and 1 to 256 bytes of "
                "prefix: use LpmKey.");

 public:
  /// Empty.
  LpmTrie() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is no trie of K to V.
  explicit LpmTrie(Map map) : Base(std::move(map), requirement) {}
  LpmTrie(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new trie; type, sizes and MapFlags::no_prealloc, which the kernel wants, are filled in.
  [[nodiscard]] static LpmTrie create(MapSpec spec) {
    return LpmTrie{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static LpmTrie create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? LpmTrie{} : LpmTrie{std::move(map), ec};
  }

 private:
  using Base = detail::EntryMap<detail::KeyedMap<K, V>, K, V>;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::lpm_trie};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, Codec<V>::size,
                                                       Codec<V>::size, MapFlags::no_prealloc};
};

}  // namespace bpfmap::inline v0
