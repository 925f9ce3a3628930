// SPDX-License-Identifier: MIT
// The rules for every owner in this library: of descriptors, memory, maps, buffers and drains.
// Layer 0: includes nothing above.
//
// - Move-only. A moved-from owner is empty: it owns nothing, operator bool is false, and each of
//   its operations reports Errc::no_map. Moving an owner to itself changes nothing.
// - Threads: const operations may run in several threads at once. Moving, assigning and destroying
//   need exclusive access, as with the standard containers.
// - fork(2): a child has copies of descriptors and of the memory of arrays; it may use and destroy
//   them without effect on the parent. The kernel keeps the memory of arenas and perf buffers out
//   of a child. There the inherited owner must not be used, and its destructor does not touch
//   anything that the child has mapped at these addresses since; the child maps its own.
// - Static destructors: an owner works in them, whatever was destroyed before it. The library's
//   process-wide data (the possible CPUs) is never destroyed.
#pragma once

#include <cstdint>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::sys {

/// Returns a number that differs between a process and each of its forked children, even where both
/// have the same PID in their PID namespaces. For owners of resources that a child does not
/// inherit.
[[nodiscard]] std::uint64_t process_token() noexcept;

}  // namespace bpfmap::inline v0::sys
