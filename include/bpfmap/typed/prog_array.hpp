// SPDX-License-Identifier: MIT
// ProgArray: BPF_MAP_TYPE_PROG_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0 {

/// Programs for tail calls: BPF_MAP_TYPE_PROG_ARRAY (4.2).
///
/// A program is written as a descriptor and read as its id. All programs of a map are of one type,
/// the first one's. The kernel empties the map when its last descriptor and pin go, even while
/// programs still use it. A scan shows index and program id of the slots that are filled.
class ProgArray : public detail::DescriptorMap<detail::KeyedMap<std::uint32_t, std::uint32_t>,
                                               std::uint32_t, detail::Keys::slots> {
 public:
  /// Empty: without a map.
  ProgArray() noexcept = default;
  /// A view of `map`. Throws Error (Errc::map_type) when it is no prog_array.
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

  /// Puts the program behind `program_fd` into a slot, whatever is there (BPF_MAP_UPDATE_ELEM).
  /// Errors: Errc::index, EBADF, EINVAL (no program, or of another type than the others).
  void set(std::uint32_t index, int program_fd) {
    Base::put_fd(index, program_fd, UpdateFlags::any, 0,
                 thrower(Operation::update, index, 0, program_fd));
  }
  void set(std::uint32_t index, int program_fd, std::error_code& ec) noexcept {
    Base::put_fd(index, program_fd, UpdateFlags::any, 0, setter(ec));
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

  /// Empties a slot, so that a tail call to it falls through; false: it was empty.
  bool erase(std::uint32_t index) {
    return Base::drop(index, -ENOENT, thrower(Operation::erase, index));
  }
  bool erase(std::uint32_t index, std::error_code& ec) noexcept {
    return Base::drop(index, -ENOENT, setter(ec));
  }

 private:
  using Base = detail::DescriptorMap<detail::KeyedMap<std::uint32_t, std::uint32_t>, std::uint32_t,
                                     detail::Keys::slots>;
  using Base::setter, Base::thrower;

  static constexpr std::array types{MapType::prog_array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
