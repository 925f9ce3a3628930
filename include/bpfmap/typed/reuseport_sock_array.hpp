// SPDX-License-Identifier: MIT
// ReusePortSockArray: BPF_MAP_TYPE_REUSEPORT_SOCKARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets of SO_REUSEPORT groups, among which a program chooses: BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
/// (4.19).
///
/// A socket is written as a descriptor (bound and, for TCP, listening, with SO_REUSEPORT; EINVAL
/// otherwise), and read as its cookie. It can be in only one slot of only one such map (EBUSY). The
/// kernel removes it from the map when it is closed. A scan shows the index and the cookie of each
/// filled slot. create() makes values of 8 bytes, so that cookies can be read.
class ReusePortSockArray
    : public TypedMap<ReusePortSockArray>,
      public SocketOperations<ReusePortSockArray, std::uint32_t, detail::Keys::slots> {
 public:
  using TypedMap::TypedMap;

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::reuseport_sockarray};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t),
                                                   sizeof(std::uint64_t), sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
