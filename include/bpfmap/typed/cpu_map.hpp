// SPDX-License-Identifier: MIT
// CpuMap: BPF_MAP_TYPE_CPUMAP. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/redirect_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// The target of a redirect to a CPU: `cpu_map.set(1, {.queue_size = 192})`.
struct CpuTarget {
  std::uint32_t queue_size = 0;  ///< packets, 1 to 16384
  int program_fd = -1;           ///< an XDP program that runs on that CPU (5.9); -1: none

  [[nodiscard]] detail::RedirectValue value() const noexcept {
    return {queue_size, detail::program_value(program_fd)};
  }
};

/// A target that lookup() returns.
struct CpuValue {
  std::uint32_t queue_size = 0;  ///< packets
  std::uint32_t program_id = 0;  ///< 0: none

  [[nodiscard]] static CpuValue of(const detail::RedirectValue& value) noexcept {
    return {value.number, static_cast<std::uint32_t>(value.program)};
  }
  /// Returns the target in a value of 4 or 8 bytes, as stored in the map.
  [[nodiscard]] static CpuValue of_bytes(BytesView bytes) noexcept {
    return of(detail::RedirectValue::of(bytes));
  }
  friend bool operator==(const CpuValue&, const CpuValue&) = default;
};
template <>
inline constexpr bool detail::sized_by_map<CpuValue> = true;

/// CPUs by number, to which XDP programs redirect packets: BPF_MAP_TYPE_CPUMAP (4.15).
///
/// Setting a CPU starts a kernel thread there. Errors of set(): EOVERFLOW for a queue of more than
/// 16384 packets, EINVAL for a queue of 0, ENODEV for a CPU that is not possible. A program that
/// was not loaded for cpumaps (SEC("xdp/cpumap")) is EINVAL, and ENOMEM before 7.0. Unless
/// `max_entries` is set, create() makes room for the highest possible CPU number. Its values have 8
/// bytes; a map with values of 4 bytes has no room for a program (Errc::wrong_value_size). A scan
/// shows CpuValue.
class CpuMap : public TypedMap<CpuMap>,
               public RedirectOperations<CpuMap, detail::Keys::slots, CpuTarget, CpuValue>,
               public SlotEraseOperations<CpuMap> {
 public:
  using TypedMap::TypedMap;

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::cpumap};
  static constexpr detail::Requirement requirement{
      types, sizeof(std::uint32_t), 8, 4, MapFlags::none, &detail::fill_max_entries_with_cpus};
};

}  // namespace bpfmap::inline v0
