// SPDX-License-Identifier: MIT
// PerfEventArray: BPF_MAP_TYPE_PERF_EVENT_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0 {

/// Perf events that programs read and write, mostly one a CPU: BPF_MAP_TYPE_PERF_EVENT_ARRAY (4.3).
///
/// What is in it cannot be read back. The kernel removes an event when the descriptor of this map
/// that wrote it is closed, unless the map has MapFlags::preserve_elems (5.10). To receive what
/// programs write with bpf_perf_event_output, use PerfBuffer.
class PerfEventArray : public detail::DescriptorMap<detail::ElementMap<std::uint32_t>,
                                                    std::uint32_t, detail::Keys::slots> {
 public:
  /// Empty: without a map.
  PerfEventArray() noexcept = default;
  /// A view of `map`. Throws Error (Errc::map_type) when it is no perf_event_array.
  explicit PerfEventArray(Map map) : Base(std::move(map), requirement) {}
  PerfEventArray(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new perf_event_array of `max_entries` slots; type and sizes are filled in.
  [[nodiscard]] static PerfEventArray create(MapSpec spec) {
    return PerfEventArray{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static PerfEventArray create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? PerfEventArray{} : PerfEventArray{std::move(map), ec};
  }

  /// Puts the event behind `event_fd`, of perf_event_open(2), into a slot, whatever is there
  /// (BPF_MAP_UPDATE_ELEM). Errors: Errc::index, EBADF (no event), EOPNOTSUPP (an event that child
  /// processes inherit).
  void set(std::uint32_t index, int event_fd) {
    Base::put_fd(index, event_fd, UpdateFlags::any, 0,
                 thrower(Operation::update, index, 0, event_fd));
  }
  void set(std::uint32_t index, int event_fd, std::error_code& ec) noexcept {
    Base::put_fd(index, event_fd, UpdateFlags::any, 0, setter(ec));
  }

  /// Empties a slot; false: it was empty (BPF_MAP_DELETE_ELEM).
  bool erase(std::uint32_t index) {
    return Base::drop(index, -ENOENT, thrower(Operation::erase, index));
  }
  bool erase(std::uint32_t index, std::error_code& ec) noexcept {
    return Base::drop(index, -ENOENT, setter(ec));
  }

 private:
  using Base =
      detail::DescriptorMap<detail::ElementMap<std::uint32_t>, std::uint32_t, detail::Keys::slots>;
  using Base::setter, Base::thrower;

  static constexpr std::array types{MapType::perf_event_array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
