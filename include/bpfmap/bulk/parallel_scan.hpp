// SPDX-License-Identifier: MIT
// A scan by several threads. Above map/.
#pragma once

#include <atomic>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bulk/detail/whole_map.hpp"

namespace bpfmap::inline v0 {

/// How a parallel scan went.
struct ParallelScanStatus {
  std::uint32_t threads = 1;  ///< that shared the work; 1 where it cannot be split
  bool complete = false;      ///< the end was reached
  bool exact = true;          ///< as ScanStatus::exact
  std::uint64_t entries = 0;
};

namespace detail {

// The parts of `map` that `threads` threads can walk on their own: buckets of a hash, indices of an
// array. One part where the type's cursor is a key, or where this kernel's cursors are not what
// they were measured to be.
[[nodiscard]] std::vector<CursorRange> split(const Map& map, std::uint32_t threads);

// Calls `part(range)` for each range on a thread of its own, the first on the caller's. The first
// exception is thrown on when all have ended.
class PartRunner {
 public:
  using Part = void (*)(void* context, const CursorRange& range);
  static void run(const std::vector<CursorRange>& ranges, Part part, void* context);
};

}  // namespace detail

/// Calls `function(key, value)` for every entry, from up to `threads` threads at once (0: as many
/// as CPUs are online).
///
/// Hash types are split by bucket and arrays by index, each entry comes to exactly one thread, and
/// the promise is that of a scan. Everything else, and a kernel whose batch cursors turn out to be
/// something else, is walked by one thread, which the status says. The first exception out of
/// `function`, or Error out of a thread, stops the others and is thrown when they have stopped.
/// `function` is one object called from all threads.
template <detail::whole_map M, detail::entry_function<M> Function>
ParallelScanStatus parallel_scan(const M& map, std::uint32_t threads, Function&& function,
                                 ScanOptions options = {}) {
  const Map& bytes = detail::map_of(map);
  const auto ranges = detail::split(bytes, threads);
  struct Shared {
    const Map& map;
    ScanOptions options;
    std::remove_reference_t<Function>& function;
    std::atomic<bool> stop = false;
    std::atomic<bool> complete = true;
    std::atomic<bool> exact = true;
    std::atomic<std::uint64_t> entries = 0;
  } shared{bytes, options, function};
  // One buffer cannot serve several threads.
  if (ranges.size() > 1) shared.options.buffer = {};
  const auto walk = [](void* context, const CursorRange& range) {
    auto& all = *static_cast<Shared*>(context);
    struct StopAll {
      std::atomic<bool>* stop;
      ~StopAll() {
        if (stop != nullptr) stop->store(true, std::memory_order_relaxed);
      }
    } on_exception{&all.stop};
    BatchReader reader{all.map, all.options, ReadMode::look, range};
    std::error_code ec;
    while (!all.stop.load(std::memory_order_relaxed) && reader.next(ec)) {
      detail::for_each_entry<M>(reader, all.function);
      all.entries.fetch_add(reader.size(), std::memory_order_relaxed);
    }
    if (ec) detail::raise(all.map, {Operation::scan}, ec);
    if (!reader.status().complete) all.complete.store(false, std::memory_order_relaxed);
    if (!reader.status().exact) all.exact.store(false, std::memory_order_relaxed);
    on_exception.stop = nullptr;
  };
  detail::PartRunner::run(ranges, walk, &shared);
  return {.threads = static_cast<std::uint32_t>(ranges.size()),
          .complete = shared.complete,
          .exact = shared.exact,
          .entries = shared.entries};
}

}  // namespace bpfmap::inline v0
