// SPDX-License-Identifier: MIT
// Whether a slot of a perf event array has an event. Private to src/typed/.
#pragma once

#include <cstdint>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

// bpf(2) cannot read such a slot, but a BPF program can: it calls bpf_perf_event_read_value()
// (4.15) under BPF_PROG_TEST_RUN (of raw tracepoints: 5.10). Where this process may not run one,
// every slot counts as free.
class PerfSlots {
 public:
  explicit PerfSlots(const Map& map) noexcept;
  [[nodiscard]] bool is_taken(std::uint32_t cpu) const noexcept;

 private:
  sys::UniqueFd program_;
};

}  // namespace bpfmap::inline v0::detail
