// SPDX-License-Identifier: MIT
// PerfEventArray: BPF_MAP_TYPE_PERF_EVENT_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Perf events that programs read and write, usually one per CPU: BPF_MAP_TYPE_PERF_EVENT_ARRAY
/// (4.3).
///
/// Values are perf_event_open(2) descriptors; inherited events are refused (EOPNOTSUPP). They
/// cannot be read back. The kernel removes an event when the map descriptor through which it was
/// written is closed, unless the map has MapFlags::preserve_elems (5.10). To receive the records
/// that programs write with bpf_perf_event_output, use PerfBuffer. Unless `max_entries` is set,
/// create() makes room for the highest possible CPU number.
class PerfEventArray
    : public TypedMap<PerfEventArray>,
      public DescriptorOperations<PerfEventArray, std::uint32_t, detail::Keys::slots> {
 public:
  using TypedMap::TypedMap;

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::perf_event_array};
  static constexpr detail::Requirement requirement{types,
                                                   sizeof(std::uint32_t),
                                                   sizeof(std::uint32_t),
                                                   sizeof(std::uint32_t),
                                                   MapFlags::none,
                                                   &detail::fill_max_entries_with_cpus};
};

}  // namespace bpfmap::inline v0
