// SPDX-License-Identifier: MIT
// The rules for every owner in this library: of descriptors, memory, maps, buffers and drains.
// Layer 0: includes nothing above.
//
// - Move-only. A moved-from owner is empty: it owns nothing, operator bool is false, and each of
//   its operations reports Errc::no_map; an IteratorReader, which has no map, reports EBADF. Moving
//   an owner to itself changes nothing.
// - Threads: all operations of a Map and of a typed map, and the const operations of every other
//   owner, may run in several threads at once. Moving, assigning, releasing and destroying need
//   exclusive access, as with the standard containers.
// - fork(2) and clone(2): a child may destroy every owner that it inherits, without effect on the
//   parent. It may also use inherited maps, scans and mapped arrays. It may only destroy inherited
//   readers and writers of events, and drains: their operations fail with ESTALE or do nothing.
//   Arenas and perf buffers are not mapped in a child, so it must not touch an inherited arena's
//   memory. The child opens its own.
// - Static destructors: an owner works in them, whatever was destroyed before it. The library's
//   process-wide data (the possible CPUs) is never destroyed.
#pragma once

#include <cstdint>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::sys {

/// Returns a number that differs between a process and each of its forked children, even where both
/// have the same PID in their PID namespaces.
[[nodiscard]] std::uint64_t process_token() noexcept;

/// Remembers a process. For owners of resources that a child does not inherit, or must not use.
class OwnerProcess {
 public:
  /// Makes one that belongs to every process.
  constexpr OwnerProcess() noexcept = default;
  /// Returns the calling process.
  [[nodiscard]] static OwnerProcess current() noexcept;
  /// Returns whether this process made it by current(); false in a forked child. Costs two loads,
  /// and is safe in signal handlers.
  [[nodiscard]] bool is_current() const noexcept {
    return __atomic_load_n(word_, __ATOMIC_RELAXED) == token_;
  }

 private:
  // On i386 a u64 is aligned to 4 bytes, and atomic only when it is aligned to 8.
  using Word [[gnu::aligned(8)]] = std::uint64_t;
  static constexpr Word any = 0;

  const Word* word_ = &any;  // holds the token of the process that reads it
  std::uint64_t token_ = any;
};

}  // namespace bpfmap::inline v0::sys
