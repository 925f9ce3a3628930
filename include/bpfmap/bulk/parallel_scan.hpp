// SPDX-License-Identifier: MIT
// A scan by several threads. Above map/.
#pragma once

#include <atomic>
#include <cstdint>
#include <system_error>
#include <type_traits>

#include "bpfmap/bulk/detail/show.hpp"

namespace bpfmap::inline v0 {

/// The outcome of a parallel scan.
struct ParallelScanStatus {
  std::uint32_t threads = 1;  ///< threads that shared the work; 1 where it cannot be split
  bool complete = false;      ///< the end was reached
  bool exact = true;          ///< as ScanStatus::exact
  std::uint64_t entries = 0;
};

namespace detail {

// A function to call with a walk after each batch.
struct BatchFunction {
  void (*show)(void* context, const Walk& walk);
  void* context;
};

// Walks `map` in parts, on `threads` threads, and passes each batch to `function`. Throws its first
// exception after all threads have ended.
ParallelScanStatus scan_parts(const Map& map, std::uint32_t threads, const ScanOptions& options,
                              const BatchFunction& function, std::error_code& ec);

}  // namespace detail

/// Calls `function(key, value)` for every entry, from up to `threads` threads at once (0: as many
/// as CPUs are online). `function` is not copied: all threads call the same object.
///
/// Hash types are split by bucket and arrays by index. An entry that stays in the map, even while
/// it is updated, is shown exactly once; one that is erased and inserted again is shown at most
/// once. Other types are walked by one thread, with the guarantees of a scan (see Walk), and so are
/// all types on a kernel that does not use bucket numbers as batch cursors. The first exception
/// from `function` stops the other threads and is thrown when they have stopped. The first error
/// stops them, too, and is stored in `ec`; `status.complete` is then false.
template <detail::whole_map M, class Function>
  requires detail::entry_function<std::remove_reference_t<Function>, M>
ParallelScanStatus parallel_scan(const M& map, std::uint32_t threads, Function&& function,
                                 ScanOptions options, std::error_code& ec) {
  using F = std::remove_reference_t<Function>;
  // The address of an object that may be const, or of a function.
  struct Context {
    F& function;
  } context{function};
  const auto show = [](void* opaque, const Walk& walk) {
    detail::for_each_entry<M>(walk, static_cast<Context*>(opaque)->function);
  };
  return detail::scan_parts(detail::map_of(map), threads, detail::with_lock<M>(options),
                            {show, &context}, ec);
}
template <detail::whole_map M, class Function>
  requires detail::entry_function<std::remove_reference_t<Function>, M>
ParallelScanStatus parallel_scan(const M& map, std::uint32_t threads, Function&& function,
                                 std::error_code& ec) {
  return parallel_scan(map, threads, function, {}, ec);
}
/// As above; the first error is thrown.
template <detail::whole_map M, class Function>
  requires detail::entry_function<std::remove_reference_t<Function>, M>
ParallelScanStatus parallel_scan(const M& map, std::uint32_t threads, Function&& function,
                                 ScanOptions options = {}) {
  std::error_code ec;
  const auto status = parallel_scan(map, threads, function, options, ec);
  detail::throw_if(ec);
  return status;
}

}  // namespace bpfmap::inline v0
