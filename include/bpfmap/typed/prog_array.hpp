// SPDX-License-Identifier: MIT
// ProgArray: BPF_MAP_TYPE_PROG_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/fd_map.hpp"

namespace bpfmap::inline v0 {

/// Programs for tail calls: BPF_MAP_TYPE_PROG_ARRAY (4.2).
///
/// A program is written as a descriptor and read as its id. All programs of a map are of one type,
/// the first one's (EINVAL), and a tail call to an empty slot falls through. The kernel empties the
/// map when its last descriptor and pin go, even while programs still use it. A scan shows index
/// and program id of the slots that are filled.
class ProgArray : public detail::FdMap<detail::KeyedMap<std::uint32_t, std::uint32_t>,
                                       std::uint32_t, detail::Keys::slots> {
 public:
  /// Empty: without a map.
  ProgArray() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type) when it is no prog_array.
  explicit ProgArray(Map map) : Base(std::move(map), requirement) {}
  ProgArray(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new prog_array of `max_entries` slots; type and sizes are filled in.
  [[nodiscard]] static ProgArray create(MapSpec spec) {
    return ProgArray{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static ProgArray create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? ProgArray{} : ProgArray{std::move(map), ec};
  }

  /// The id of the slot's program; nullopt: the slot is empty (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<std::uint32_t> program_id(std::uint32_t index) const {
    const auto value = Base::get(index, thrower(Operation::lookup, index));
    return value ? std::optional{static_cast<std::uint32_t>(*value)} : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint32_t> program_id(std::uint32_t index,
                                                        std::error_code& ec) const noexcept {
    const auto value = Base::get(index, setter(ec));
    return value ? std::optional{static_cast<std::uint32_t>(*value)} : std::nullopt;
  }

 private:
  using Base = detail::FdMap<detail::KeyedMap<std::uint32_t, std::uint32_t>, std::uint32_t,
                             detail::Keys::slots>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::prog_array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
