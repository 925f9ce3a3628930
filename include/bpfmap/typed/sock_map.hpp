// SPDX-License-Identifier: MIT
// SockMap: BPF_MAP_TYPE_SOCKMAP. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets by number, between which programs redirect: BPF_MAP_TYPE_SOCKMAP (4.14). Needs
/// CAP_NET_ADMIN to create.
///
/// A socket is written as a descriptor (a connected or listening TCP, a UDP, a unix or a vsock one)
/// and read as its cookie; it leaves the map by itself when it is closed. A scan shows index and
/// cookie of the slots that are filled.
class SockMap : public detail::DescriptorMap<detail::KeyedMap<std::uint32_t, std::uint64_t>,
                                             std::uint32_t, detail::Keys::slots> {
 public:
  using mapped_type = std::uint64_t;  ///< what a lookup gives: a socket's cookie

  /// Empty: without a map.
  SockMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::map_type, key_size, value_size) when it is no sockmap.
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

  /// Puts the socket behind `socket_fd` in, whatever is there (BPF_MAP_UPDATE_ELEM). Errors:
  /// Errc::index, EBADF, ENOTSOCK, EOPNOTSUPP (of a kind, or in a state, that it does not take).
  void set(std::uint32_t index, int socket_fd) {
    Base::put_fd(index, socket_fd, UpdateFlags::any, 0,
                 thrower(Operation::update, index, 0, socket_fd));
  }
  void set(std::uint32_t index, int socket_fd, std::error_code& ec) noexcept {
    Base::put_fd(index, socket_fd, UpdateFlags::any, 0, setter(ec));
  }

  /// Puts the socket in unless there is one already: false, and nothing is changed (BPF_NOEXIST).
  bool insert(std::uint32_t index, int socket_fd) {
    return Base::put_fd(index, socket_fd, UpdateFlags::noexist, -EEXIST,
                        thrower(Operation::update, index, BPF_NOEXIST, socket_fd));
  }
  bool insert(std::uint32_t index, int socket_fd, std::error_code& ec) noexcept {
    return Base::put_fd(index, socket_fd, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// The socket's cookie, as SO_COOKIE has it; nullopt: there is none. ENOSPC on a map whose values
  /// have 4 bytes.
  [[nodiscard]] std::optional<std::uint64_t> cookie(std::uint32_t index) const {
    return Base::get(index, thrower(Operation::lookup, index));
  }
  [[nodiscard]] std::optional<std::uint64_t> cookie(std::uint32_t index,
                                                    std::error_code& ec) const noexcept {
    return Base::get(index, setter(ec));
  }

  /// Takes the socket out; false: there was none.
  bool erase(std::uint32_t index) {
    return Base::drop(index, -EINVAL, thrower(Operation::erase, index));
  }
  bool erase(std::uint32_t index, std::error_code& ec) noexcept {
    return Base::drop(index, -EINVAL, setter(ec));
  }

 private:
  using Base = detail::DescriptorMap<detail::KeyedMap<std::uint32_t, std::uint64_t>, std::uint32_t,
                                     detail::Keys::slots>;
  using Base::setter, Base::thrower;

  static constexpr std::array types{MapType::sockmap};
  static constexpr detail::ViewRequirement requirement{
      types, sizeof(std::uint32_t), sizeof(std::uint64_t), sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
