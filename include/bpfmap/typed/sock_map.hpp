// SPDX-License-Identifier: MIT
// SockMap: BPF_MAP_TYPE_SOCKMAP. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/fd_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets by number, between which programs redirect: BPF_MAP_TYPE_SOCKMAP (4.14). Needs
/// CAP_NET_ADMIN to create.
///
/// A socket is written as a descriptor (a connected or listening TCP, a UDP, a unix or a vsock one)
/// and read as its cookie; another kind is ENOTSOCK, another state EOPNOTSUPP. It leaves the map by
/// itself when it is closed. A scan shows index and cookie of the slots that are filled.
class SockMap : public detail::SocketMap<std::uint32_t, detail::Keys::slots, -EINVAL> {
 public:
  /// Empty: without a map.
  SockMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is no sockmap.
  explicit SockMap(Map map) : Base(std::move(map), requirement) {}
  SockMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new sockmap of `max_entries` slots; type and sizes are filled in. Values have 8
  /// bytes, so that cookies can be read.
  [[nodiscard]] static SockMap create(MapSpec spec) {
    return SockMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static SockMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? SockMap{} : SockMap{std::move(map), ec};
  }

 private:
  using Base = detail::SocketMap<std::uint32_t, detail::Keys::slots, -EINVAL>;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::sockmap};
  static constexpr detail::ViewRequirement requirement{
      types, sizeof(std::uint32_t), sizeof(std::uint64_t), sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
