// SPDX-License-Identifier: MIT
// Waits until no running program uses a value or a map that was replaced. Layer 1.
#pragma once

#include <chrono>
#include <system_error>

#include "bpfmap/config.hpp"
#include "bpfmap/map/timeout.hpp"

namespace bpfmap::inline v0 {

/// Waits until every non-sleepable program that is running now has ended, on every CPU.
///
/// When this returns, no non-sleepable program uses an entry or an inner map that was erased or
/// replaced before the call. It updates a private map of maps, and the kernel waits for such
/// programs in that update (BPF_MAP_UPDATE_ELEM, 4.20: synchronize_rcu()); older kernels do not
/// wait. `set` and `erase` of ArrayOfMaps and HashOfMaps wait in the same way. The call takes as
/// long as the longest of these programs, at least some milliseconds, and cannot be interrupted.
/// Needs CAP_BPF.
void wait_for_programs();
void wait_for_programs(std::error_code& ec) noexcept;

/// Waits until every sleepable program that is running now has ended (`SEC("lsm.s/...")`,
/// `fentry.s`, `uprobe.s`, `iter.s`, `syscall` and the like), for up to `timeout` (negative: no
/// limit). Returns whether they have ended; false after the timeout.
///
/// The kernel has no call for this; its own updates of maps of maps wait for non-sleepable programs
/// only, because a sleepable program may block for any time. But when a sleepable program is
/// unloaded, the kernel frees its maps only after all sleepable programs that were running at that
/// time have ended (RCU Tasks Trace). So this function loads a sleepable program that uses a
/// private map, closes both, and waits until the map has disappeared (BPF_PROG_LOAD of
/// BPF_PROG_TYPE_SYSCALL, 5.14; BPF_MAP_GET_NEXT_ID). Call wait_for_programs() as well where
/// programs of both kinds use a map. Needs CAP_BPF and CAP_SYS_ADMIN. EINVAL before Linux 5.14.
bool wait_for_sleepable_programs(Timeout timeout = std::chrono::milliseconds{-1});
/// As above; false when `ec` is set.
bool wait_for_sleepable_programs(Timeout timeout, std::error_code& ec) noexcept;
bool wait_for_sleepable_programs(std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
