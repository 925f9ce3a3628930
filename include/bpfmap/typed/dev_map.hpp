// SPDX-License-Identifier: MIT
// DevMap and DevMapHash: BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/redirect_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// The target of a redirect to a device: `dev_map.set(0, {.ifindex = 3})`.
struct DevTarget {
  std::uint32_t ifindex = 0;
  int program_fd = -1;  ///< an XDP program that runs on egress (5.8); -1: none

  [[nodiscard]] detail::RedirectValue value() const noexcept {
    return {ifindex, detail::program_value(program_fd)};
  }
};

/// A target that lookup() returns.
struct DevValue {
  std::uint32_t ifindex = 0;
  std::uint32_t program_id = 0;  ///< 0: none

  [[nodiscard]] static DevValue of(const detail::RedirectValue& value) noexcept {
    return {value.number, static_cast<std::uint32_t>(value.program)};
  }
  /// Returns the target in a value of 4 or 8 bytes, as stored in the map.
  [[nodiscard]] static DevValue of_bytes(BytesView bytes) noexcept {
    return of(detail::RedirectValue::of(bytes));
  }
  friend bool operator==(const DevValue&, const DevValue&) = default;
};
template <>
inline constexpr bool detail::sized_by_map<DevValue> = true;

/// Network devices by number, to which XDP programs redirect: BPF_MAP_TYPE_DEVMAP (4.14). Creating
/// one needs CAP_NET_ADMIN.
///
/// Devices are those of the calling thread's network namespace: set() with an ifindex that does not
/// exist there is EINVAL, and so are 0 and a program that was not loaded for devmaps
/// (SEC("xdp/devmap")). The kernel removes a device from the map when it is unregistered. create()
/// makes values of 8 bytes; a map with values of 4 bytes has no room for a program
/// (Errc::wrong_value_size). A scan shows DevValue.
class DevMap : public TypedMap<DevMap>,
               public RedirectOperations<DevMap, detail::Keys::slots, DevTarget, DevValue>,
               public SlotEraseOperations<DevMap> {
 public:
  using TypedMap::TypedMap;

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::devmap};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t), 8, 4};
};

/// As DevMap, but keyed by any number, such as the ifindex itself: BPF_MAP_TYPE_DEVMAP_HASH (5.4).
class DevMapHash
    : public TypedMap<DevMapHash>,
      public RedirectOperations<DevMapHash, detail::Keys::hashed, DevTarget, DevValue> {
 public:
  using TypedMap::TypedMap;

  /// Adds a target; returns false, and changes nothing, when there already is one (BPF_NOEXIST).
  bool insert(argument<std::uint32_t> key, const DevTarget& target) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, target, ec);
    detail::throw_if(ec);
    return inserted;
  }
  bool insert(argument<std::uint32_t> key, const DevTarget& target, std::error_code& ec) noexcept {
    return detail::fit(map(), Operation::update, ec, key) &&
           detail::set_redirect<-EEXIST, detail::Keys::hashed>(map(), key.value(), target.value(),
                                                               sys::f_noexist, ec);
  }

  /// Removes the target; returns false when there is none (BPF_MAP_DELETE_ELEM).
  bool erase(argument<std::uint32_t> key) {
    std::error_code ec = detail::no_error();
    const bool erased = erase(key, ec);
    detail::throw_if(ec);
    return erased;
  }
  bool erase(argument<std::uint32_t> key, std::error_code& ec) noexcept {
    return detail::fit(map(), Operation::erase, ec, key) &&
           detail::erase_number<-ENOENT, detail::Keys::hashed>(map(), key.value(), ec);
  }

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::devmap_hash};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t), 8, 4};
};

}  // namespace bpfmap::inline v0
