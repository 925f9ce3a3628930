// SPDX-License-Identifier: MIT
// What the running kernel has, found by asking it with bpf(2): not by supports(), which is tested,
// and never by the kernel's version.
#pragma once

#include <vector>

#include "bpfmap/map/map_type.hpp"

namespace bpfmap::test {

/// Whether the kernel creates maps of this type.
[[nodiscard]] bool kernel_has(MapType type);

/// Returns those of `types` that the kernel creates.
[[nodiscard]] std::vector<MapType> those_of_this_kernel(std::vector<MapType> types);

/// Whether the kernel has BPF_MAP_LOOKUP_BATCH for this type.
[[nodiscard]] bool kernel_has_batches(MapType type);

/// Whether the kernel has BPF_MAP_LOOKUP_AND_DELETE_ELEM for this type (hashes: 5.14).
[[nodiscard]] bool kernel_has_lookup_and_delete(MapType type);

/// Whether it has that command for hashes and LRU hashes, with one value or one per CPU.
[[nodiscard]] bool kernel_takes_from_hashes();

/// Whether tries may be walked here. A kernel without the fix of CVE-2024-50262 writes behind its
/// buffer when prefixes of every length hold one another. No call shows that fix: this asks for
/// BPF_MAP_LOOKUP_BATCH of tries, which is newer than the oldest kernels that lack the fix.
[[nodiscard]] bool kernel_walks_tries();

/// Returns 0, or the errno of freezing through a read-only descriptor: EPERM, but older kernels
/// (6.1) do it.
[[nodiscard]] int errno_of_freezing_read_only();

/// Returns 0, or the errno of freezing a map whose values hold a bpf_spin_lock: ENOTSUPP, but older
/// kernels (6.1) do it.
[[nodiscard]] int errno_of_freezing_locks();

}  // namespace bpfmap::test
