// SPDX-License-Identifier: MIT
// ReusePortSockArray: BPF_MAP_TYPE_REUSEPORT_SOCKARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/fd_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets of SO_REUSEPORT groups, among which a program chooses:
/// BPF_MAP_TYPE_REUSEPORT_SOCKARRAY (4.19).
///
/// A socket is written as a descriptor (bound and, for TCP, listening, with SO_REUSEPORT; EINVAL
/// otherwise), and read as its cookie. It can be in one such map only, once (EBUSY), and leaves it
/// when it is closed. A scan shows index and cookie of the slots that are filled.
class ReusePortSockArray : public detail::SocketMap<std::uint32_t, detail::Keys::slots> {
 public:
  /// Empty: without a map.
  ReusePortSockArray() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is no reuseport_sockarray.
  explicit ReusePortSockArray(Map map) : Base(std::move(map), requirement) {}
  ReusePortSockArray(Map map, std::error_code& ec) noexcept
      : Base(std::move(map), requirement, ec) {}

  /// A new reuseport_sockarray of `max_entries` slots; type and sizes are filled in. Values have 8
  /// bytes, so that cookies can be read.
  [[nodiscard]] static ReusePortSockArray create(MapSpec spec) {
    return ReusePortSockArray{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static ReusePortSockArray create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? ReusePortSockArray{} : ReusePortSockArray{std::move(map), ec};
  }

 private:
  using Base = detail::SocketMap<std::uint32_t, detail::Keys::slots>;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::reuseport_sockarray};
  static constexpr detail::ViewRequirement requirement{
      types, sizeof(std::uint32_t), sizeof(std::uint64_t), sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
