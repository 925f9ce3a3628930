// SPDX-License-Identifier: MIT
// SockHash: BPF_MAP_TYPE_SOCKHASH. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets by key, between which programs redirect: BPF_MAP_TYPE_SOCKHASH (4.18). Otherwise as
/// SockMap.
template <class K>
class SockHash
    : public detail::DescriptorMap<detail::KeyedMap<K, std::uint64_t>, K, detail::Keys::hashed> {
  static_assert(map_key<K>,
                "bpfmap: K cannot be a map's key: it must be trivially copyable, without pointers, "
                "floating point and padding, or have a bpfmap::Codec<K>.");

 public:
  using mapped_type = std::uint64_t;  ///< what a lookup gives: a socket's cookie

  /// Empty: without a map.
  SockHash() noexcept = default;
  /// A view of `map`. Throws Error (Errc::map_type, key_size, value_size) when it is no sockhash of
  /// K.
  explicit SockHash(Map map) : Base(std::move(map), requirement) {}
  SockHash(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new sockhash of K of `max_entries` entries; type and sizes are filled in. Values have 8
  /// bytes, so that cookies can be read.
  [[nodiscard]] static SockHash create(MapSpec spec) {
    return SockHash{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static SockHash create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? SockHash{} : SockHash{std::move(map), ec};
  }

  /// Puts the socket behind `socket_fd` in, whatever is there (BPF_MAP_UPDATE_ELEM). Errors:
  /// EBADF, ENOTSOCK, EOPNOTSUPP (of a kind, or in a state, that it does not take).
  void set(const K& key, int socket_fd) {
    Base::put_fd(key, socket_fd, UpdateFlags::any, 0,
                 thrower(Operation::update, key, 0, socket_fd));
  }
  void set(const K& key, int socket_fd, std::error_code& ec) noexcept {
    Base::put_fd(key, socket_fd, UpdateFlags::any, 0, setter(ec));
  }

  /// Puts the socket in unless there is one already: false, and nothing is changed (BPF_NOEXIST).
  bool insert(const K& key, int socket_fd) {
    return Base::put_fd(key, socket_fd, UpdateFlags::noexist, -EEXIST,
                        thrower(Operation::update, key, BPF_NOEXIST, socket_fd));
  }
  bool insert(const K& key, int socket_fd, std::error_code& ec) noexcept {
    return Base::put_fd(key, socket_fd, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// The socket's cookie, as SO_COOKIE has it; nullopt: there is none. ENOSPC on a map whose values
  /// have 4 bytes.
  [[nodiscard]] std::optional<std::uint64_t> cookie(const K& key) const {
    return Base::get(key, thrower(Operation::lookup, key));
  }
  [[nodiscard]] std::optional<std::uint64_t> cookie(const K& key,
                                                    std::error_code& ec) const noexcept {
    return Base::get(key, setter(ec));
  }

  /// Takes the socket out; false: there was none.
  bool erase(const K& key) { return Base::drop(key, -ENOENT, thrower(Operation::erase, key)); }
  bool erase(const K& key, std::error_code& ec) noexcept {
    return Base::drop(key, -ENOENT, setter(ec));
  }

 private:
  using Base = detail::DescriptorMap<detail::KeyedMap<K, std::uint64_t>, K, detail::Keys::hashed>;
  using Base::setter, Base::thrower;

  static constexpr std::array types{MapType::sockhash};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, sizeof(std::uint64_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
