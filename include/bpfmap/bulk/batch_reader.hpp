// SPDX-License-Identifier: MIT
// The walk over a whole map, on bytes: what every scan, drain and verb stands on. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <system_error>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

namespace detail {
class DrainReader;
}

/// How a walk gets at a map's entries.
enum class ScanMethod : std::uint8_t {
  batch,     ///< BPF_MAP_LOOKUP_BATCH (5.6): a system call for a batch of entries
  index,     ///< an array without batches: a lookup for each index
  next_key,  ///< BPF_MAP_GET_NEXT_KEY and a lookup for each entry: the kernel or the type has no
             ///< batches
};

/// What can be said of a walk, while it runs and after it.
struct ScanStatus {
  ScanMethod method = ScanMethod::batch;
  /// All of it was shown; false while it runs, after an error, and when it gave up.
  bool complete = false;
  bool restarted = false;  ///< the kernel began again, because the key at the cursor was gone
  /// An entry that stays in the map meanwhile comes exactly once, whatever others do; false: it may
  /// be missed (LPM tries), or repeat or be missed (walks by next_key), when others change the map.
  bool exact = true;
  std::uint64_t entries = 0;     ///< entries read: shown, and the rest of the batch under way
  std::uint32_t batch_size = 0;  ///< room for entries, after growing
};

/// What a caller may choose of a walk.
struct ScanOptions {
  /// Entries a system call at the start; 0: 256, or fewer when they would take more than 1 MiB. A
  /// hash bucket that is larger doubles it.
  std::uint32_t batch_size = 0;
  bool keys_only = false;  ///< where there are no batches, no lookup is made
  LookupFlags flags = {};
  /// Memory to use instead of the reader's own, as long as it is enough: see
  /// BatchReader::bytes_for().
  MutableBytesView buffer = {};
};

/// Whether entries stay in the map (BPF_MAP_LOOKUP_BATCH) or leave it
/// (BPF_MAP_LOOKUP_AND_DELETE_BATCH).
enum class ReadMode : std::uint8_t { look, take };

/// A part of a map: hash buckets or array indices from `begin` to before `end`.
struct CursorRange {
  std::uint32_t begin = 0;
  std::uint32_t end = std::numeric_limits<std::uint32_t>::max();
};

/// Entries of a map in batches, in the kernel's order, until there are no more.
///
/// On hash types an entry that stays in the map comes exactly once, whatever others insert, update
/// or erase meanwhile: a batch reads whole buckets under their locks. An LPM trie restarts when the
/// key at its cursor is gone; its order is total, so that what was shown is left out the second
/// time, and it is read one batch ahead, so that the caller may erase what is shown. The kernel
/// walks a trie without a lock: nothing comes twice, but while others write to it a subtree may
/// rarely be missed, so that `status().exact` is false. Without batches a hash type can only be
/// walked by get_next_key, which may repeat and skip entries under churn: `status().exact` is
/// false, and the walk gives up after four times max_entries (`complete` stays false).
///
/// An error is told when what was read before it has been shown.
///
/// The buffer is kept when the reader is rewound, so that a polling loop allocates nothing. The Map
/// must outlive the reader.
class BatchReader {
  friend class detail::DrainReader;

 public:
  explicit BatchReader(const Map& map, ScanOptions options = {}, ReadMode mode = ReadMode::look,
                       CursorRange range = {}) noexcept
      : map_(&map), options_(options), mode_(mode), range_(range) {}
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;
  BatchReader(BatchReader&&) noexcept = default;
  BatchReader& operator=(BatchReader&&) noexcept = default;
  ~BatchReader() = default;

  /// Reads the next batch. false: there is none, or `ec` is set. Errors: Errc::no_map,
  /// Errc::no_cpu_list, ENOTSUPP for a map without keys or one whose entries cannot leave it,
  /// ENOMEM, and the kernel's.
  bool next(std::error_code& ec) noexcept;
  /// Starts again at the first entry, with the buffer as it has grown.
  void rewind() noexcept;

  /// Entries of the batch that was read last.
  [[nodiscard]] std::uint32_t size() const noexcept { return shown_.count; }
  /// Their keys: key_size bytes each.
  [[nodiscard]] const std::byte* keys() const noexcept { return shown_.keys; }
  /// Their values: value_stride() bytes each.
  [[nodiscard]] const std::byte* values() const noexcept { return shown_.values; }
  /// Bytes from one value to the next: value_size, or all slots of a per-CPU value.
  [[nodiscard]] std::size_t value_stride() const noexcept { return value_stride_; }
  [[nodiscard]] const ScanStatus& status() const noexcept { return status_; }
  [[nodiscard]] const Map& map() const noexcept { return *map_; }

  /// Bytes that a buffer for batches of `batch_size` entries of `map` takes.
  [[nodiscard]] static std::size_t bytes_for(const Map& map, std::uint32_t batch_size) noexcept;

 private:
  enum class State : std::uint8_t { unstarted, walking, ended };
  struct Batch {
    std::byte* keys = nullptr;
    std::byte* values = nullptr;
    std::uint32_t count = 0;
  };

  bool start() noexcept;
  bool end(bool complete) noexcept;
  bool fail(std::error_code why) noexcept;
  bool fail(int result) noexcept;
  bool allocate(std::uint32_t batch_size) noexcept;
  bool allocate_at_start() noexcept;
  void lay_out(std::byte* buffer, std::uint32_t batch_size) noexcept;
  [[nodiscard]] bool reads_ahead() const noexcept;

  void fill(Batch& batch) noexcept;
  void fill_by_batch(Batch& batch) noexcept;
  int read_batch(Batch& batch) noexcept;
  [[nodiscard]] std::uint32_t room() const noexcept;
  void grow() noexcept;
  void go_on_without_batches(int result) noexcept;
  void fall_back() noexcept;
  void fill_by_index(Batch& batch) noexcept;
  void fill_by_key(Batch& batch) noexcept;
  bool step_to_next_key() noexcept;
  bool read_entry(Batch& batch, const std::byte* key) noexcept;
  int take_entry(const std::byte* key, std::byte* value) noexcept;

  void move_entry(Batch& batch, std::uint32_t from, std::uint32_t to) noexcept;
  bool is_new_prefix(const std::byte* key) noexcept;
  void leave_out_shown_prefixes(Batch& batch, bool resumed) noexcept;
  void leave_out_indices_beyond_range(Batch& batch) noexcept;
  void leave_out_buckets_beyond_range(Batch& batch) noexcept;
  void leave_out_what_is_gone(Batch& batch, std::error_code& ec) noexcept;
  [[nodiscard]] std::uint32_t first_of(const Batch& batch, const BatchReader& other) const noexcept;

  const Map* map_;
  ScanOptions options_;
  ReadMode mode_;
  CursorRange range_;
  ScanStatus status_;
  State state_ = State::unstarted;
  std::uint32_t key_size_ = 0;
  std::size_t value_stride_ = 0;
  std::vector<std::byte> buffer_;
  std::byte* cursor_ = nullptr;  // where the next batch begins; by key: the next key to show
  std::byte* next_cursor_ =
      nullptr;  // where the kernel says the one after it begins; by key: the first key of the walk
  std::byte* last_prefix_ = nullptr;  // LPM: the last key read
  Batch shown_;
  Batch ahead_;              // LPM: the batch behind the one shown
  std::error_code pending_;  // what went wrong: told after what was read before it
  bool reached_end_ = false;
  bool has_cursor_ = false;
  bool has_prefix_ = false;
  bool batches_work_ = false;
  bool one_by_one_ = false;  // take: no batches, so that nothing leaves ahead of being shown
  std::uint64_t steps_ = 0;  // by key: keys walked; by index: the next index
  std::uint32_t restarts_ = 0;
};

}  // namespace bpfmap::inline v0
