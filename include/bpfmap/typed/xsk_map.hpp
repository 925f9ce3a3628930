// SPDX-License-Identifier: MIT
// XskMap: BPF_MAP_TYPE_XSKMAP. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0 {

/// AF_XDP sockets that XDP programs redirect to, mostly one a receive queue: BPF_MAP_TYPE_XSKMAP
/// (4.18). Needs CAP_NET_ADMIN to create. What is in it cannot be read back. A socket that is
/// closed leaves the map by itself.
class XskMap : public detail::DescriptorMap<detail::ElementMap<std::uint32_t>, std::uint32_t,
                                            detail::Keys::slots> {
 public:
  /// Empty: without a map.
  XskMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type) when it is no xskmap.
  explicit XskMap(Map map) : Base(std::move(map), requirement) {}
  XskMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new xskmap of `max_entries` slots; type and sizes are filled in.
  [[nodiscard]] static XskMap create(MapSpec spec) {
    return XskMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static XskMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? XskMap{} : XskMap{std::move(map), ec};
  }

  /// Puts the AF_XDP socket behind `socket_fd` into a slot, whatever is there, bound or not yet
  /// (BPF_MAP_UPDATE_ELEM). Errors: Errc::index_out_of_range, EBADF, ENOTSOCK, EOPNOTSUPP (another
  /// socket).
  void set(std::uint32_t index, int socket_fd) {
    Base::put_fd(index, socket_fd, UpdateFlags::any, 0,
                 thrower(Operation::update, index, 0, socket_fd));
  }
  void set(std::uint32_t index, int socket_fd, std::error_code& ec) noexcept {
    Base::put_fd(index, socket_fd, UpdateFlags::any, 0, setter(ec));
  }

  /// Empties a slot, filled or not: the kernel does not say which (BPF_MAP_DELETE_ELEM).
  void erase(std::uint32_t index) { Base::drop(index, 0, thrower(Operation::erase, index)); }
  void erase(std::uint32_t index, std::error_code& ec) noexcept {
    Base::drop(index, 0, setter(ec));
  }

 private:
  using Base =
      detail::DescriptorMap<detail::ElementMap<std::uint32_t>, std::uint32_t, detail::Keys::slots>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::xskmap};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
