// SPDX-License-Identifier: MIT
// The members of values that only the kernel writes. Private to src/in_kernel/.
#pragma once

#include <cstdint>
#include <vector>

#include "bpfmap/map/map_info.hpp"

namespace bpfmap::inline v0::detail {

/// Bytes of a value.
struct ByteRange {
  std::uint64_t begin;
  std::uint64_t end;
};

/// Returns where the values of a map have what system calls do not write (bpf_spin_lock, bpf_timer,
/// kptr and others), by the map's BTF; nothing where it cannot be read (it takes CAP_SYS_ADMIN).
/// Throws std::bad_alloc.
[[nodiscard]] std::vector<ByteRange> managed_fields(const MapInfo& info);

}  // namespace bpfmap::inline v0::detail
