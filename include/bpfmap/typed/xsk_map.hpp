// SPDX-License-Identifier: MIT
// XskMap: BPF_MAP_TYPE_XSKMAP. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>

#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// AF_XDP sockets to which XDP programs redirect, usually one per receive queue:
/// BPF_MAP_TYPE_XSKMAP (4.18). Creating one needs CAP_NET_ADMIN.
///
/// Values are descriptors of AF_XDP sockets, bound or not (ENOTSOCK or EOPNOTSUPP for any other
/// descriptor). They cannot be read back. The kernel removes a socket from the map when it is
/// closed.
class XskMap : public TypedMap<XskMap>, public SlotEraseOperations<XskMap> {
 public:
  using TypedMap::TypedMap;
  using key_type = std::uint32_t;

  /// Stores the AF_XDP socket that `fd` refers to, replacing any previous one
  /// (BPF_MAP_UPDATE_ELEM). Errors: Errc::index_out_of_range, EBADF, ENOTSOCK, EOPNOTSUPP.
  void set(argument<std::uint32_t> index, int fd) {
    std::error_code ec = detail::no_error();
    set(index, fd, ec);
    detail::throw_if(ec);
  }
  void set(argument<std::uint32_t> index, int fd, std::error_code& ec) noexcept {
    if (detail::fit(map(), Operation::update, ec, index))
      detail::set_descriptor<0, detail::Keys::slots>(map(), index.value(), fd, sys::f_any, ec);
  }

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::xskmap};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t),
                                                   sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
