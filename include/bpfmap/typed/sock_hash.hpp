// SPDX-License-Identifier: MIT
// SockHash: BPF_MAP_TYPE_SOCKHASH. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/fd_map.hpp"

namespace bpfmap::inline v0 {

/// Sockets by key, between which programs redirect: BPF_MAP_TYPE_SOCKHASH (4.18). Otherwise as
/// SockMap.
template <class K>
class SockHash : public detail::SocketMap<K, detail::Keys::hashed> {
  static_assert(encodable_as_key<K>,
                "bpfmap: K cannot be a map's key: it must be trivially copyable, without pointers, "
                "floating point and padding, or have a bpfmap::Codec<K>.");

 public:
  /// Empty: without a map.
  SockHash() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is no sockhash of K.
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

 private:
  using Base = detail::SocketMap<K, detail::Keys::hashed>;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::sockhash};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, sizeof(std::uint64_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
