// SPDX-License-Identifier: MIT
// The walk over a whole map, on bytes: what every scan stands on. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

/// How a scan walks a map.
enum class ScanMethod : std::uint8_t {
  batch,     ///< BPF_MAP_LOOKUP_BATCH (5.6): a system call for a batch of entries
  index,     ///< an array without batches: a lookup for each index
  next_key,  ///< BPF_MAP_GET_NEXT_KEY and a lookup for each entry: the kernel or the type has no
             ///< batches
};

/// What can be said of a scan, while it runs and after it.
struct ScanStatus {
  ScanMethod method = ScanMethod::batch;
  bool complete =
      false;  ///< the end was reached; false while it runs, after an error, and when it gave up
  bool restarted = false;     ///< the kernel began again, because the key at the cursor was gone
  bool exact = true;          ///< an entry that stays in the map during the scan comes exactly once
  std::uint64_t entries = 0;  ///< entries shown
  std::uint32_t batch_size = 0;  ///< room for entries, after growing
};

/// What a caller may choose of a scan.
struct ScanOptions {
  /// Entries a system call at the start; 0: 256, or fewer when they would take more than 1 MiB. A
  /// hash bucket that is larger doubles it.
  std::uint32_t batch_size = 0;
  bool keys_only = false;  ///< where there are no batches, no lookup is made
  LookupFlags flags = LookupFlags::none;
};

/// Entries of a map in batches, in the kernel's order, until there are no more.
///
/// On hash types an entry that stays in the map comes exactly once, whatever others insert, update
/// or erase meanwhile: a batch reads whole buckets (Linux 5.6; tried on 6.18). An LPM trie restarts
/// when the key at its cursor is gone; its order is total, so what was shown is left out the second
/// time. Without batches a hash type can only be walked by get_next_key, which may repeat and skip
/// entries under churn: `status().exact` is false then.
///
/// The buffer (batch_size entries, a key and all slots of a value each, and two cursors) is kept
/// when the reader is rewound, so that a polling loop allocates nothing. The Map must outlive the
/// reader.
class BatchReader {
 public:
  explicit BatchReader(const Map& map, ScanOptions options = {}) noexcept
      : map_(&map), options_(options) {}

  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;
  BatchReader(BatchReader&&) noexcept = default;
  BatchReader& operator=(BatchReader&&) noexcept = default;
  ~BatchReader() = default;

  /// Reads the next batch. false: there is none, or `ec` is set.
  bool next(std::error_code& ec) noexcept;
  /// Starts again at the first entry, with the buffer as it has grown.
  void rewind() noexcept;

  /// Entries of the batch that was read last.
  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  /// Their keys: key_size bytes each.
  [[nodiscard]] const std::byte* keys() const noexcept { return keys_; }
  /// Their values: value_stride() bytes each.
  [[nodiscard]] const std::byte* values() const noexcept { return values_; }
  /// Bytes from one value to the next: value_size, or all slots of a per-CPU value.
  [[nodiscard]] std::size_t value_stride() const noexcept { return value_stride_; }
  [[nodiscard]] const ScanStatus& status() const noexcept { return status_; }
  [[nodiscard]] const Map& map() const noexcept { return *map_; }

 private:
  enum class State : std::uint8_t { unstarted, walking, ended };

  bool start(std::error_code& ec) noexcept;
  bool allocate(std::uint32_t batch_size, std::error_code& ec) noexcept;
  bool grow(std::error_code& ec) noexcept;
  bool next_by_batch(std::error_code& ec) noexcept;
  bool next_by_index(std::error_code& ec) noexcept;
  bool next_by_key(std::error_code& ec) noexcept;
  bool step_to_next_key(std::error_code& ec) noexcept;
  bool look_up(const std::byte* key, std::error_code& ec) noexcept;
  void leave_out_shown_prefixes() noexcept;
  void fall_back() noexcept;
  bool end(bool complete) noexcept;

  const Map* map_;
  ScanOptions options_;
  ScanStatus status_;
  State state_ = State::unstarted;
  std::uint32_t count_ = 0;
  std::size_t value_stride_ = 0;
  std::vector<std::byte> buffer_;
  std::byte* in_cursor_ = nullptr;   // where this batch began; by key: the next key to show
  std::byte* out_cursor_ = nullptr;  // where the next one begins; by key: the first key of the walk
  std::byte* shown_ = nullptr;       // LPM: the last key shown
  std::byte* keys_ = nullptr;
  std::byte* values_ = nullptr;
  bool has_cursor_ = false;
  bool has_shown_ = false;
  std::uint64_t steps_ = 0;  // by key: keys walked; by index: the next index
  std::uint32_t restarts_ = 0;
};

}  // namespace bpfmap::inline v0
