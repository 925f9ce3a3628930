// SPDX-License-Identifier: MIT
// A walk over a whole map in batches, on bytes, which scans and verbs use. Above map/.
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

/// Whether a walk reads entries, or only keys where that saves a lookup per entry.
enum class WalkContent : std::uint8_t { entries, keys };

/// Reads the entries of a map in batches, in the kernel's order, until there are no more.
///
/// - Hash types are read by bucket: an entry that stays in the map is shown exactly once, whatever
///   other threads insert, update or erase.
/// - Arrays are read by index.
/// - An LPM trie is read one batch ahead, so that the caller may erase what is shown. Nothing is
///   shown twice; while others write to it, the kernel may miss a subtree: `status().exact` is
///   false.
/// - Every other map with keys is read by next key. It may miss or repeat entries while others
///   change the map (`exact` is false), and gives up after four times max_entries keys (`complete`
///   stays false). A type that bpfmap does not know is read in the same way.
/// - An rhash (7.2) moves its entries while it grows and shrinks: `exact` is false.
///
/// Local storage, queues, stacks and maps without keys cannot be walked
/// (Errc::unsupported_operation); only hash types and arrays accept a CursorRange
/// (Errc::unsupported_operation otherwise), and indices beyond the end are omitted. An error is
/// reported after the entries that were read before it. The memory is kept from one walk to the
/// next, so that a polling loop allocates nothing. The Map must outlive the walk; when it is given
/// another map meanwhile, the next batch is Errc::map_changed, and rewind() begins with the new
/// map. A moved-from walk has an empty map (Errc::no_map).
class Walk {
 public:
  explicit Walk(const Map& map, ScanOptions options = {}, CursorRange range = {},
                WalkContent content = WalkContent::entries) noexcept;

  /// Reads the next batch; returns false when there is none. Errors: Errc::no_map,
  /// Errc::map_changed, Errc::no_cpu_list, Errc::unsupported_operation, ENOMEM, and the kernel's.
  bool next() {
    std::error_code ec;
    const bool more = next(ec);
    detail::throw_if(ec);
    return more;
  }
  /// As above; returns false also when `ec` is set.
  bool next(std::error_code& ec) noexcept;
  /// Restarts at the first entry, and keeps the memory.
  void rewind() noexcept { engine_.rewind(); }

  /// Returns the number of entries in the current batch.
  [[nodiscard]] std::uint32_t size() const noexcept { return engine_.state().count; }
  /// Returns their keys: key_size() bytes each.
  [[nodiscard]] const std::byte* keys() const noexcept { return buffer().keys(shown()); }
  /// Returns their values: value_stride() bytes each.
  [[nodiscard]] const std::byte* values() const noexcept { return buffer().values(shown()); }
  [[nodiscard]] std::size_t key_size() const noexcept { return buffer().layout().key; }
  /// Returns the bytes from one value to the next: value_size, or all slots of a per-CPU value.
  [[nodiscard]] std::size_t value_stride() const noexcept { return buffer().layout().value; }
  [[nodiscard]] const ScanStatus& status() const noexcept { return engine_.state().status; }
  /// Returns the map; an empty one after a move.
  [[nodiscard]] const Map& map() const noexcept { return *engine_.state().map; }

  /// Returns the bytes that ScanOptions::buffer needs for batches of `batch_size` entries of `map`.
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
