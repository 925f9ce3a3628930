// SPDX-License-Identifier: MIT
// The memory of a ring buffer as the kernel lays it out: a page with the consumer's position, a
// page with the producer's, and the data twice in a row, so that no record is ever split. Layer 2.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/mapping.hpp"

namespace bpfmap::inline v0::detail {

// Maps pages that are shared with the kernel, for this process only; 0 or -errno.
[[nodiscard]] int map_pages(sys::Mapping& pages, int fd, std::uint64_t offset, std::uint64_t size,
                            bool writable) noexcept;

// The kernel's `unsigned long`: positions count bytes and never wrap around in practice.
using RingPosition = unsigned long;

struct RingHeader {
  static constexpr std::uint32_t busy = 1U << 31U;
  static constexpr std::uint32_t discarded = 1U << 30U;

  std::uint32_t length;  // and the two bits
  std::uint32_t page_offset;
};
static_assert(sizeof(RingHeader) == 8);

// Bytes from one record's header to the next one's.
[[nodiscard]] constexpr std::size_t ring_stride(std::size_t size) noexcept {
  return (size + sizeof(RingHeader) + 7) / 8 * 8;
}

struct RingRecord {
  const std::byte* data = nullptr;  // nullptr: there is none
  std::size_t size = 0;
};

// A BPF_MAP_TYPE_RINGBUF from the consumer's side. One thread at a time.
class RingMemory {
 public:
  // 0 or -errno.
  [[nodiscard]] int open(const Map& map) noexcept;
  // Whether this process opened it.
  [[nodiscard]] bool is_ours() const noexcept { return pages_.is_ours(); }
  [[nodiscard]] std::size_t size() const noexcept { return mask_ + 1; }

  [[nodiscard]] RingPosition consumer() const noexcept {
    return __atomic_load_n(word(consumer_page_.data()), __ATOMIC_RELAXED);
  }
  [[nodiscard]] RingPosition producer() const noexcept {
    return __atomic_load_n(word(pages_.data() + page_size_), __ATOMIC_ACQUIRE);
  }
  [[nodiscard]] std::size_t bytes_waiting() const noexcept { return producer() - consumer(); }

  // Returns the record at `position`, after moving `position` past discarded records; an empty one
  // when the record is still being written, or `position` has reached `end`.
  [[nodiscard]] RingRecord at(RingPosition& position, RingPosition end) const noexcept {
    while (position != end) {
      const std::byte* const header = data_ + (position & mask_);
      const std::uint32_t length =
          __atomic_load_n(reinterpret_cast<const std::uint32_t*>(header), __ATOMIC_ACQUIRE);
      if ((length & RingHeader::busy) != 0) break;
      if ((length & RingHeader::discarded) == 0) return {header + sizeof(RingHeader), length};
      position += ring_stride(length & ~RingHeader::discarded);
      release(position);
    }
    return {};
  }
  // Returns everything before `position` to the kernel.
  void release(RingPosition position) const noexcept {
    __atomic_store_n(word(consumer_page_.data()), position, __ATOMIC_RELEASE);
  }

 private:
  static RingPosition* word(std::byte* page) noexcept {
    return reinterpret_cast<RingPosition*>(page);
  }

  sys::Mapping consumer_page_;
  sys::Mapping pages_;  // all of them, read-only
  const std::byte* data_ = nullptr;
  std::size_t mask_ = 0;
  std::size_t page_size_ = 0;
};

// Releases a record when its callback has returned or thrown.
class ReleaseRecord {
 public:
  ReleaseRecord(const RingMemory& memory, RingPosition next) noexcept
      : memory_(memory), next_(next) {}
  ReleaseRecord(const ReleaseRecord&) = delete;
  ReleaseRecord& operator=(const ReleaseRecord&) = delete;
  ~ReleaseRecord() { memory_.release(next_); }

 private:
  const RingMemory& memory_;
  RingPosition next_;
};

// The kernel wakes a reader when it writes the record at the consumer's position. This fence,
// between releasing records and looking for new ones, ensures that no wake-up is lost: one of the
// two sides sees the other's write.
inline void order_release_before_look() noexcept { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

}  // namespace bpfmap::inline v0::detail
