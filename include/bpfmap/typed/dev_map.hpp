// SPDX-License-Identifier: MIT
// DevMap and DevMapHash: BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/redirect_map.hpp"

namespace bpfmap::inline v0 {

/// Where a redirect goes: `dev_map.set(0, {.ifindex = 3})`.
struct DevTarget {
  std::uint32_t ifindex = 0;
  int program_fd = -1;  ///< an XDP program that runs on the way out (5.8); -1: none

  [[nodiscard]] detail::RedirectValue value() const noexcept {
    return {ifindex, detail::program_value(program_fd)};
  }
};

/// What is read of it.
struct DevEntry {
  std::uint32_t ifindex = 0;
  std::uint32_t program_id = 0;  ///< 0: none

  [[nodiscard]] static DevEntry of(const detail::RedirectValue& value) noexcept {
    return {value.number, static_cast<std::uint32_t>(value.program)};
  }
  /// A value as the map has it, of 4 or 8 bytes.
  [[nodiscard]] static DevEntry of_bytes(BytesView bytes) noexcept {
    return of(detail::RedirectValue::of_bytes(bytes));
  }
  friend bool operator==(const DevEntry&, const DevEntry&) = default;
};
template <>
inline constexpr bool detail::sized_by_map<DevEntry> = true;

/// Network devices by number, that XDP programs redirect to: BPF_MAP_TYPE_DEVMAP (4.14). Needs
/// CAP_NET_ADMIN to create.
///
/// Devices are those of the calling thread's network namespace: an ifindex that it does not have is
/// EINVAL, and so are 0 and a program that was not loaded for devmaps (SEC("xdp/devmap")). A device
/// that goes leaves the map by itself. A map whose values have 4 bytes has no room for a program
/// (Errc::wrong_value_size). A scan shows DevEntry.
class DevMap : public detail::RedirectMap<std::uint32_t, detail::Keys::slots, DevTarget, DevEntry> {
 public:
  /// Empty: without a map.
  DevMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no devmap.
  explicit DevMap(Map map) : Base(std::move(map), requirement) {}
  DevMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new devmap of `max_entries` slots; type and sizes are filled in. Values
  /// have 8 bytes, so that they have room for a program.
  [[nodiscard]] static DevMap create(MapSpec spec) {
    return DevMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static DevMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? DevMap{} : DevMap{std::move(map), ec};
  }

  /// Removes the target, if there is one: the kernel does not say which.
  void erase(std::uint32_t index) { Base::drop(index, 0, thrower(Operation::erase, index)); }
  void erase(std::uint32_t index, std::error_code& ec) noexcept {
    Base::drop(index, 0, setter(ec));
  }

 private:
  using Base = detail::RedirectMap<std::uint32_t, detail::Keys::slots, DevTarget, DevEntry>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::devmap};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t), 8, 4};
};

/// The same by any number, such as the ifindex itself: BPF_MAP_TYPE_DEVMAP_HASH (5.4).
class DevMapHash
    : public detail::RedirectMap<std::uint32_t, detail::Keys::hashed, DevTarget, DevEntry> {
 public:
  /// Empty: without a map.
  DevMapHash() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no
  /// devmap_hash.
  explicit DevMapHash(Map map) : Base(std::move(map), requirement) {}
  DevMapHash(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new devmap_hash of `max_entries` entries; type and sizes are filled in. Values
  /// have 8 bytes, so that they have room for a program.
  [[nodiscard]] static DevMapHash create(MapSpec spec) {
    return DevMapHash{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static DevMapHash create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? DevMapHash{} : DevMapHash{std::move(map), ec};
  }

  /// Sets where a redirect goes unless it is set: false, and nothing is changed (BPF_NOEXIST).
  bool insert(std::uint32_t key, const DevTarget& target) {
    return Base::put(key, target, UpdateFlags::noexist, -EEXIST,
                     thrower(Operation::update, key, sys::f_noexist, target.value()));
  }
  bool insert(std::uint32_t key, const DevTarget& target, std::error_code& ec) noexcept {
    return Base::put(key, target, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// Removes the target; false: there was none.
  bool erase(std::uint32_t key) { return Base::drop(key, -ENOENT, thrower(Operation::erase, key)); }
  bool erase(std::uint32_t key, std::error_code& ec) noexcept {
    return Base::drop(key, -ENOENT, setter(ec));
  }

 private:
  using Base = detail::RedirectMap<std::uint32_t, detail::Keys::hashed, DevTarget, DevEntry>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::devmap_hash};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t), 8, 4};
};

}  // namespace bpfmap::inline v0
