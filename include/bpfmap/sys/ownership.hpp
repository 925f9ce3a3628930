// SPDX-License-Identifier: MIT
// What every owner of this library promises: of descriptors, memory, maps, buffers and drains.
// Layer 0: includes nothing above.
//
// - Move-only. A moved-from owner is empty: it owns nothing, operator bool is false, and each of
//   its operations reports Errc::no_map. Moving an owner to itself changes nothing.
// - Threads: const operations may run in several threads at once. Moving, assigning and destroying
//   need exclusive access, as with the standard containers.
// - fork(2): a child has copies of descriptors and of the memory of arrays; it may use and destroy
//   them, and the parent notices nothing. The kernel keeps the memory of arenas and perf buffers
//   out of a child. There the inherited owner must not be used, and its destructor leaves alone
//   what the child has at these addresses by then; the child maps its own.
// - Static destructors: an owner works in them, whatever was destroyed before it. What this library
//   remembers for a whole process (the possible CPUs) is never destroyed.
#pragma once

#include <cstdint>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::sys {

/// Differs in a process and in each child that fork(2) makes of it, even where both have one number
/// in their PID namespaces. For owners of what a child does not inherit.
[[nodiscard]] std::uint64_t process_token() noexcept;

}  // namespace bpfmap::inline v0::sys
