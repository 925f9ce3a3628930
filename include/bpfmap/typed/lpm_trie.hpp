// SPDX-License-Identifier: MIT
// LpmTrie: BPF_MAP_TYPE_LPM_TRIE. Layer 2.
#pragma once

#include <array>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/codec/lpm_key.hpp"
#include "bpfmap/map/supports.hpp"
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
/// Linux 5.10 ignores BPF_NOEXIST and BPF_EXIST in tries: insert() and replace() are
/// Errc::unsupported_operation there. Whether the kernel honours them is tried once per process.
///
/// A scan shows longer prefixes before the shorter ones that cover them. It shows no prefix twice.
/// While other prefixes are inserted or erased, it may rarely miss prefixes that stay. Kernels
/// without the fix of CVE-2024-50262 (6.12, and stable kernels since November 2024) write 8 bytes
/// past a kernel buffer when a walk meets all lengths from 0 to the longest on one path. No call
/// shows whether a kernel has the fix, so bpfmap walks every trie: on such a kernel, leave one
/// length out.
template <class K, class V>
class LpmTrie : public TypedMap<LpmTrie<K, V>>, public EntryOperations<LpmTrie<K, V>, K, V> {
  using Entries = EntryOperations<LpmTrie<K, V>, K, V>;
  static_assert(Codec<K>::size >= 5 && Codec<K>::size <= 260,
                "bpfmap: the key of an LPM trie is 4 bytes of prefix length and 1 to 256 bytes of "
                "prefix: use LpmKey.");

 public:
  using TypedMap<LpmTrie>::TypedMap;
  using shown_type = V;  ///< the value that a scan shows

  /// Adds a prefix; returns false, and changes nothing, when it exists (BPF_NOEXIST).
  bool insert(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, value, ec);
    detail::throw_if(ec);
    return inserted;
  }
  bool insert(argument<K> key, argument<V> value, std::error_code& ec) noexcept {
    return keeps_conditions(ec) && Entries::insert(key, value, ec);
  }

  /// Overwrites a prefix; returns false, and changes nothing, when it is missing (BPF_EXIST).
  bool replace(argument<K> key, argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool replaced = replace(key, value, ec);
    detail::throw_if(ec);
    return replaced;
  }
  bool replace(argument<K> key, argument<V> value, std::error_code& ec) noexcept {
    return keeps_conditions(ec) && Entries::replace(key, value, ec);
  }

 private:
  friend TypedMap<LpmTrie>;
  [[nodiscard]] bool keeps_conditions(std::error_code& ec) const noexcept {
    if (this->map()) ec = detail::check_trie_conditions();
    if (!this->map() || !ec) [[likely]]
      return true;
    ec = detail::record(this->map(), {Operation::update}, ec);
    return false;
  }
  static constexpr std::array types{MapType::lpm_trie};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, Codec<V>::size,
                                                   Codec<V>::size, MapFlags::no_prealloc};
};

}  // namespace bpfmap::inline v0
