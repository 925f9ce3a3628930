// SPDX-License-Identifier: MIT
// A walk over a whole map in batches, on bytes: what scans and verbs hold. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "bpfmap/bulk/walk/walk_engine.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

namespace detail {
struct WalkAccess;
}

/// Whether a walk reads entries, or keys alone where that saves a lookup per entry.
enum class WalkContent : std::uint8_t { entries, keys };

/// Entries of a map in batches, in the kernel's order, until there are no more.
///
/// - Hash types are read by bucket: an entry that stays in the map is shown exactly once, whatever
///   other threads insert, update or erase.
/// - Arrays are read by index.
/// - An LPM trie is read one batch ahead, so that the caller may erase what is shown. Nothing is
///   shown twice; while others write to it, the kernel may miss a subtree: `status().exact` is
///   false.
/// - Everything else that has keys is read by next key, which misses and repeats entries while
///   others change the map (`exact` is false), and gives up after four times max_entries
///   (`complete` stays false). So is a type that bpfmap does not know.
/// - An rhash (7.2) moves its entries while it grows and shrinks: `exact` is false.
///
/// Local storage, queues, stacks and maps without keys cannot be walked (ENOTSUPP); a CursorRange
/// is taken by hash types and arrays only (ENOTSUPP), and indices beyond the end are left out. An
/// error is reported behind the entries that were read before it. The memory is kept from one walk
/// to the next, so that a polling loop allocates nothing. The Map must outlive the walk; a walk
/// that was moved from has an empty map (Errc::no_map).
class Walk {
 public:
  explicit Walk(const Map& map, ScanOptions options = {}, CursorRange range = {},
                WalkContent content = WalkContent::entries) noexcept;

  /// Reads the next batch; false when there is none. Errors: Errc::no_map, Errc::no_cpu_list,
  /// ENOTSUPP, ENOMEM, and the kernel's.
  bool next() {
    std::error_code ec;
    const bool more = next(ec);
    detail::throw_if(ec);
    return more;
  }
  /// As above; false also when `ec` is set.
  bool next(std::error_code& ec) noexcept;
  /// Starts again at the first entry, with the memory as it has grown.
  void rewind() noexcept { engine_.rewind(); }

  /// Entries of the current batch.
  [[nodiscard]] std::uint32_t size() const noexcept { return engine_.state().count; }
  /// Their keys: key_size() bytes each.
  [[nodiscard]] const std::byte* keys() const noexcept { return buffer().keys(shown()); }
  /// Their values: value_stride() bytes each.
  [[nodiscard]] const std::byte* values() const noexcept { return buffer().values(shown()); }
  [[nodiscard]] std::size_t key_size() const noexcept { return buffer().layout().key; }
  /// Bytes from one value to the next: value_size, or all slots of a per-CPU value.
  [[nodiscard]] std::size_t value_stride() const noexcept { return buffer().layout().value; }
  [[nodiscard]] const ScanStatus& status() const noexcept { return engine_.state().status; }
  /// The map; an empty one after a move.
  [[nodiscard]] const Map& map() const noexcept { return *engine_.state().map; }

  /// The bytes that ScanOptions::buffer needs for batches of `batch_size` entries of `map`.
  [[nodiscard]] static std::size_t bytes_for(const Map& map, std::uint32_t batch_size) noexcept {
    return detail::WalkLayout::of(map).bytes_for(batch_size);
  }

 private:
  friend detail::WalkAccess;
  [[nodiscard]] const detail::WalkBuffer& buffer() const noexcept { return engine_.state().buffer; }
  [[nodiscard]] unsigned int shown() const noexcept { return engine_.state().shown; }

  detail::WalkEngine engine_;
};

}  // namespace bpfmap::inline v0
