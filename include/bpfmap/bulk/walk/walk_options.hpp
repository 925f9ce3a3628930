// SPDX-License-Identifier: MIT
// The options and the status of a walk over a map. Above map/.
#pragma once

#include <cstdint>
#include <limits>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/flags.hpp"

namespace bpfmap::inline v0 {

/// How a walk reads a map's entries.
enum class ScanMethod : std::uint8_t {
  batch,     ///< BPF_MAP_LOOKUP_BATCH (5.6): one system call per batch of entries
  index,     ///< one lookup per index of an array that has no batches
  next_key,  ///< BPF_MAP_GET_NEXT_KEY (3.18) and a lookup per entry: there are no batches
};

/// The state of a walk, during it and after it.
struct ScanStatus {
  ScanMethod method = ScanMethod::batch;
  /// The end of the map was reached; false during the walk, after an error, and after giving up.
  bool complete = false;
  bool restarted = false;  ///< the kernel restarted, because the key at the cursor was gone
  /// An entry that stays in the map is shown exactly once, whatever other threads do. false: an
  /// entry may be missed (tries), or missed and repeated (walks by next_key, rhash), when others
  /// change the map.
  bool exact = true;
  std::uint64_t entries = 0;     ///< entries read: those shown, and the rest of the current batch
  std::uint32_t batch_size = 0;  ///< entries that a batch has room for, after growing
};

/// The options of a walk.
struct ScanOptions {
  /// Entries per system call at the start; 0: 256, or fewer when 256 need more than 1 MiB. A larger
  /// hash bucket doubles the batch, up to 64 MiB and to max_entries.
  std::uint32_t batch_size = 0;
  LookupFlags flags = {};  ///< for a Map; a typed map sets them by its V (has_spin_lock)
  /// Memory to use instead of the walk's own, as long as it is large enough: see Walk::bytes_for().
  MutableBytesView buffer = {};
};

/// A part of a map: hash buckets or array indices from `begin` to before `end`.
struct CursorRange {
  std::uint32_t begin = 0;
  std::uint32_t end = std::numeric_limits<std::uint32_t>::max();

  /// Returns whether the range covers the whole map.
  [[nodiscard]] constexpr bool whole() const noexcept {
    return begin == 0 && end == std::numeric_limits<std::uint32_t>::max();
  }
};

}  // namespace bpfmap::inline v0
