// SPDX-License-Identifier: MIT
// SockHash: BPF_MAP_TYPE_SOCKHASH. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets by key, between which programs redirect: BPF_MAP_TYPE_SOCKHASH (4.18). Otherwise it is
/// like SockMap.
template <class K>
class SockHash : public TypedMap<SockHash<K>>,
                 public SocketOperations<SockHash<K>, K, detail::Keys::hashed> {
 public:
  using TypedMap<SockHash>::TypedMap;

 private:
  friend TypedMap<SockHash>;
  static constexpr std::array types{MapType::sockhash};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, sizeof(std::uint64_t),
                                                   sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
