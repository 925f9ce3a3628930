// SPDX-License-Identifier: MIT
// The state of a PerfBuffer: the CPUs' buffers, and the descriptors that wake their reader. Private
// to src/typed/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/ownership.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "bpfmap/typed/detail/perf_handlers.hpp"
#include "bpfmap/typed/detail/waker.hpp"
#include "bpfmap/typed/perf_buffer.hpp"
#include "perf_memory.hpp"

namespace bpfmap::inline v0::detail {

using CpuList = std::vector<std::uint32_t>;

struct Perf {
  Perf() : scratch(largest_perf_record) {}
  Perf(const Perf&) = delete;
  Perf& operator=(const Perf&) = delete;
  ~Perf();

  // Returns the CPUs that have a buffer, ascending, each once.
  [[nodiscard]] CpuList cpus() const;
  // Returns the online CPUs without a buffer that programs can write to; sets or clears `ec`.
  [[nodiscard]] CpuList cpus_without_buffer(std::error_code& ec) const;
  // PERF_EVENT_IOC_PAUSE_OUTPUT for all buffers.
  [[nodiscard]] std::error_code pause_output(bool paused_by_user) noexcept;

  PerfBufferOptions options;
  sys::UniqueFd map;  // the map with the slots
  sys::UniqueFd epoll;
  sys::UniqueFd rest;  // an eventfd, readable while a call has left records unread
  Waker waker;
  std::vector<PerfMemory> buffers;
  std::vector<std::byte> scratch;
  std::unique_ptr<PerfHandler> handler;
  std::unique_ptr<LostHandler> lost_handler;
  std::uint64_t lost = 0;
  std::size_t first = 0;  // the buffer to read next
  sys::OwnerProcess process = sys::OwnerProcess::current();
  bool has_rest = false;
  bool paused = false;
  bool running = false;
};

// Opens a Perf for `map`. Records a failure.
[[nodiscard]] std::error_code open_perf(std::unique_ptr<Perf>& perf, const Map& map,
                                        const PerfBufferOptions& options) noexcept;

// Adds a buffer for each of `cpus`, and drops the old buffers of these CPUs that have no unread
// records. Returns the number of new buffers. Records a failure.
std::size_t add_buffers(Perf& perf, const Map& map, const CpuList& cpus,
                        std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0::detail
