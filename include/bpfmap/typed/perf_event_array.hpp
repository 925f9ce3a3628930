// SPDX-License-Identifier: MIT
// PerfEventArray: BPF_MAP_TYPE_PERF_EVENT_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/fd_map.hpp"

namespace bpfmap::inline v0 {

/// Perf events that programs read and write, mostly one a CPU: BPF_MAP_TYPE_PERF_EVENT_ARRAY (4.3).
///
/// Written are descriptors of perf_event_open(2), but of events that child processes inherit
/// (EOPNOTSUPP). What is in it cannot be read back. The kernel removes an event when the descriptor
/// of this map that wrote it is closed, unless the map has MapFlags::preserve_elems (5.10). To
/// receive what programs write with bpf_perf_event_output, use PerfBuffer.
class PerfEventArray
    : public detail::FdMap<detail::ElementMap<std::uint32_t>, std::uint32_t, detail::Keys::slots> {
 public:
  /// Empty: without a map.
  PerfEventArray() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type) when it is no perf_event_array.
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

 private:
  using Base = detail::FdMap<detail::ElementMap<std::uint32_t>, std::uint32_t, detail::Keys::slots>;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::perf_event_array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
