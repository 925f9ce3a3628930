// SPDX-License-Identifier: MIT
// The memory of a ring buffer as the kernel lays it out: a page with the consumer's position, a
// page with the producer's, and the data twice in a row, so that no record is ever split. Layer 2.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/mapping.hpp"

namespace bpfmap::inline v0::detail {

// Maps pages that are shared with the kernel, for this process only; 0 or -errno.
[[nodiscard]] int map_pages(sys::Mapping& pages, int fd, std::uint64_t offset, std::uint64_t size,
                            bool writable) noexcept;

// A position counts bytes, and is the kernel's `unsigned long`. Its size is not that of the
// program: a 32-bit program may run on a 64-bit kernel, where it must write all 64 bits, or the
// kernel takes the buffer for full after 4 GiB. It cannot know which kernel it is on, so it writes
// 64 bits on both; a 32-bit kernel has padding after its 32. The lower half comes first on
// little-endian machines only: on big-endian ones, programs have the kernel's size.
template <class Long>
struct RingCounter {
  static constexpr bool widened =
      sizeof(Long) < sizeof(std::uint64_t) && std::endian::native == std::endian::little;
  using Position = std::conditional_t<widened, std::uint64_t, Long>;

  // Loads a position that this process writes.
  [[nodiscard]] static Position own(const std::byte* word) noexcept {
    return __atomic_load_n(reinterpret_cast<const Atomic*>(word), __ATOMIC_RELAXED);
  }
  static void store(std::byte* word, Position position) noexcept {
    __atomic_store_n(reinterpret_cast<Atomic*>(word), position, __ATOMIC_RELEASE);
  }
  // Loads a position that the kernel writes. It is at or behind `from`, by less than 4 GiB, so the
  // lower half is enough.
  [[nodiscard]] static Position behind(Position from, const std::byte* word) noexcept {
    const Long there = __atomic_load_n(reinterpret_cast<const AtomicLong*>(word), __ATOMIC_ACQUIRE);
    return from + static_cast<Long>(there - static_cast<Long>(from));
  }
  // Loads a position that the kernel writes, and that is before `to`, in the same way.
  [[nodiscard]] static Position before(Position to, const std::byte* word) noexcept {
    const Long there = __atomic_load_n(reinterpret_cast<const AtomicLong*>(word), __ATOMIC_ACQUIRE);
    return to - static_cast<Long>(static_cast<Long>(to) - there);
  }

 private:
  // On i386 a u64 is aligned to 4 bytes, and atomic only when it is aligned to 8.
  using Atomic [[gnu::aligned(sizeof(Position))]] = Position;
  using AtomicLong [[gnu::aligned(sizeof(Long))]] = Long;
};
using RingWord = RingCounter<unsigned long>;
using RingPosition = RingWord::Position;

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
    return RingWord::own(consumer_page_.data());
  }
  // `from` is the consumer's position, or one after it.
  [[nodiscard]] RingPosition producer(RingPosition from) const noexcept {
    return RingWord::behind(from, pages_.data() + page_size_);
  }
  [[nodiscard]] std::size_t bytes_waiting() const noexcept {
    const RingPosition from = consumer();
    return static_cast<std::size_t>(producer(from) - from);
  }

  // Returns the record at `position`, after moving `position` past discarded records; an empty one
  // when the record is still being written, or `position` has reached `end`.
  [[nodiscard]] RingRecord at(RingPosition& position, RingPosition end) const noexcept {
    while (position != end) {
      const std::byte* const header = data_ + static_cast<std::size_t>(position & mask_);
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
    RingWord::store(consumer_page_.data(), position);
  }

 private:
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
