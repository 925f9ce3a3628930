// SPDX-License-Identifier: MIT
// The memory of a walk: its own or the caller's, sized for the map that is read. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/detail/heap_bytes.hpp"

namespace bpfmap {
inline namespace v0 {
class Map;
}
}  // namespace bpfmap

namespace bpfmap::inline v0::detail {

/// The sizes in bytes of a walk's memory: three cursors, then one or two batches of keys and
/// values.
struct WalkLayout {
  std::size_t cursor = 0;
  std::size_t key = 0;
  std::size_t value = 0;      // all slots of a per-CPU value
  std::uint32_t batches = 1;  // 2: one is read ahead

  /// The layout for `map` as it is now.
  [[nodiscard]] static WalkLayout of(const Map& map) noexcept;
  /// Bytes for batches of `entries`; the largest std::size_t when they are too many.
  [[nodiscard]] std::size_t bytes_for(std::uint32_t entries) const noexcept;
  /// The entries per batch at the start: `wanted`, or the default for 0, within the limits of
  /// ScanOptions.
  [[nodiscard]] std::uint32_t entries_for(std::uint32_t wanted,
                                          std::uint32_t max_entries) const noexcept;

  friend bool operator==(const WalkLayout&, const WalkLayout&) = default;
};

/// Owns, moves and sizes the memory of one walk. Empty after a move.
class WalkBuffer {
 public:
  WalkBuffer() noexcept = default;
  explicit WalkBuffer(MutableBytesView callers) noexcept : callers_(callers) {}
  WalkBuffer(WalkBuffer&& other) noexcept { swap(other); }
  WalkBuffer& operator=(WalkBuffer&& other) noexcept {
    WalkBuffer taken{std::move(other)};
    swap(taken);
    return *this;
  }
  ~WalkBuffer() = default;

  /// Makes room for batches of `entries`, and keeps the cursors when the layout stays. Allocates
  /// only when neither the current memory nor the caller's is large enough; returns false when
  /// there is no memory.
  [[nodiscard]] bool fit(const WalkLayout& layout, std::uint32_t entries) noexcept;

  [[nodiscard]] const WalkLayout& layout() const noexcept { return layout_; }
  /// The capacity of a batch, in entries.
  [[nodiscard]] std::uint32_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::byte* cursor(unsigned int i) const noexcept {
    return memory_ + i * layout_.cursor;
  }
  [[nodiscard]] std::byte* keys(unsigned int batch) const noexcept {
    return memory_ + cursors * layout_.cursor + batch * batch_bytes_;
  }
  [[nodiscard]] std::byte* values(unsigned int batch) const noexcept {
    return keys(batch) + keys_bytes_;
  }
  /// Copies an entry of a batch over another one.
  void move_entry(unsigned int batch, std::uint32_t from, std::uint32_t to) const noexcept;

  static constexpr unsigned int cursors = 3;

 private:
  void swap(WalkBuffer& other) noexcept {
    std::swap(callers_, other.callers_);
    std::swap(own_, other.own_);
    std::swap(own_size_, other.own_size_);
    std::swap(memory_, other.memory_);
    std::swap(layout_, other.layout_);
    std::swap(entries_, other.entries_);
    std::swap(keys_bytes_, other.keys_bytes_);
    std::swap(batch_bytes_, other.batch_bytes_);
  }

  MutableBytesView callers_;
  HeapBytes own_;
  std::size_t own_size_ = 0;
  std::byte* memory_ = nullptr;  // own_ or callers_
  WalkLayout layout_;
  std::uint32_t entries_ = 0;
  std::size_t keys_bytes_ = 0;
  std::size_t batch_bytes_ = 0;
};

}  // namespace bpfmap::inline v0::detail
