// SPDX-License-Identifier: MIT
// LpmTrie: BPF_MAP_TYPE_LPM_TRIE. Layer 2.
#pragma once

#include <array>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/codec/lpm_key.hpp"
#include "bpfmap/typed/base/entry_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A map from prefixes K to V, looked up by the longest prefix that matches: BPF_MAP_TYPE_LPM_TRIE
/// (4.11). K is an LpmKey, or has its layout: 4 bytes of prefix length, then the bits in network
/// order.
///
/// For an address, lookup() and contains() find the longest prefix that covers it; for a prefix,
/// the longest one that covers all of it. insert, update, replace and erase act on exactly the
/// given prefix. A new prefix in a full trie is ENOSPC, where other maps return E2BIG; both equal
/// Condition::map_full. create() sets MapFlags::no_prealloc, which the kernel requires.
///
/// A scan shows longer prefixes before the shorter ones that cover them. It shows no prefix twice.
/// While other prefixes are inserted or erased, it may rarely miss prefixes that stay.
template <class K, class V>
class LpmTrie : public TypedMap<LpmTrie<K, V>>, public EntryOperations<LpmTrie<K, V>, K, V> {
  static_assert(Codec<K>::size >= 5 && Codec<K>::size <= 260,
                "bpfmap: the key of an LPM trie is 4 bytes of prefix length and 1 to 256 bytes of "
                "prefix: use LpmKey.");

 public:
  using TypedMap<LpmTrie>::TypedMap;
  using shown_type = V;  ///< the value that a scan shows

 private:
  friend TypedMap<LpmTrie>;
  static constexpr std::array types{MapType::lpm_trie};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, Codec<V>::size,
                                                   Codec<V>::size, MapFlags::no_prealloc};
};

}  // namespace bpfmap::inline v0
