// SPDX-License-Identifier: MIT
// CpuMap: BPF_MAP_TYPE_CPUMAP. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/redirect_map.hpp"

namespace bpfmap::inline v0 {

/// A CPU that takes packets over: `cpu_map.set(1, {.queue_size = 192})`.
struct CpuTarget {
  std::uint32_t queue_size = 0;  ///< packets, 1 to 16384
  int program_fd = -1;           ///< an XDP program that runs on that CPU (5.9); -1: none

  [[nodiscard]] detail::RedirectValue value() const noexcept {
    return {queue_size, detail::program_value(program_fd)};
  }
};

/// What is read of it.
struct CpuEntry {
  std::uint32_t queue_size = 0;
  std::uint32_t program_id = 0;  ///< 0: none

  [[nodiscard]] static CpuEntry of(const detail::RedirectValue& value) noexcept {
    return {value.number, static_cast<std::uint32_t>(value.program)};
  }
  /// A value as the map has it, of 4 or 8 bytes.
  [[nodiscard]] static CpuEntry of_bytes(BytesView bytes) noexcept {
    return of(detail::RedirectValue::of_bytes(bytes));
  }
  friend bool operator==(const CpuEntry&, const CpuEntry&) = default;
};
template <>
inline constexpr bool detail::sized_by_map<CpuEntry> = true;

/// CPUs that XDP programs hand packets over to, by their numbers: BPF_MAP_TYPE_CPUMAP (4.15).
///
/// Setting a CPU starts a kernel thread there. A queue of more than 16384 packets is EOVERFLOW, a
/// CPU that is not possible ENODEV, a queue of 0 EINVAL; a program that was not loaded for cpumaps
/// (SEC("xdp/cpumap")) is ENOMEM, of all things. A map whose values have 4 bytes has no room for a
/// program (Errc::wrong_value_size). A scan shows CpuEntry.
class CpuMap : public detail::RedirectMap<std::uint32_t, detail::Keys::slots, CpuTarget, CpuEntry> {
 public:
  /// Empty: without a map.
  CpuMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no cpumap.
  explicit CpuMap(Map map) : Base(std::move(map), requirement) {}
  CpuMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new cpumap of `max_entries` CPUs; type and sizes are filled in. Values
  /// have 8 bytes, so that they have room for a program.
  [[nodiscard]] static CpuMap create(MapSpec spec) {
    return CpuMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static CpuMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? CpuMap{} : CpuMap{std::move(map), ec};
  }

  /// Removes the target, if there is one: the kernel does not say which.
  void erase(std::uint32_t cpu) { Base::drop(cpu, 0, thrower(Operation::erase, cpu)); }
  void erase(std::uint32_t cpu, std::error_code& ec) noexcept { Base::drop(cpu, 0, setter(ec)); }

 private:
  using Base = detail::RedirectMap<std::uint32_t, detail::Keys::slots, CpuTarget, CpuEntry>;
  using Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::cpumap};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t), 8, 4};
};

}  // namespace bpfmap::inline v0
