// SPDX-License-Identifier: MIT
// SockMap: BPF_MAP_TYPE_SOCKMAP. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets by number, between which programs redirect: BPF_MAP_TYPE_SOCKMAP (4.14). Creating one
/// needs CAP_NET_ADMIN.
///
/// A socket is written as a descriptor (a connected or listening TCP socket, or a UDP, unix or
/// vsock socket) and read as its cookie; any other descriptor is ENOTSOCK, and a socket in another
/// state EOPNOTSUPP. The kernel removes a socket from the map when it is closed. A scan shows the
/// index and the cookie of each filled slot. create() makes values of 8 bytes, so that cookies can
/// be read.
class SockMap : public TypedMap<SockMap>,
                public SocketOperations<SockMap, std::uint32_t, detail::Keys::slots, -EINVAL> {
 public:
  using TypedMap::TypedMap;

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::sockmap};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t),
                                                   sizeof(std::uint64_t), sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
