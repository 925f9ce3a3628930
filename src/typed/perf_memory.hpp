// SPDX-License-Identifier: MIT
// One CPU's buffer of a PerfBuffer: a perf event, the page with its positions, and the data.
// Private to src/typed/.
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "bpfmap/bytes.hpp"
#include "bpfmap/sys/mapping.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "bpfmap/typed/detail/ring_memory.hpp"
#include "bpfmap/typed/perf_buffer.hpp"

namespace bpfmap::inline v0::detail {

// Memory in which a record that wraps around the end of the data is put together;
// perf_event_header::size has 16 bits.
constexpr std::size_t largest_perf_record = std::size_t{1} << 16U;
using PerfScratch = std::span<std::byte>;

class PerfMemory {
 public:
  explicit PerfMemory(std::uint32_t cpu) noexcept : cpu_(cpu) {}

  // Opens the event; 0 or -errno.
  [[nodiscard]] int open(const PerfBufferOptions& options) noexcept;
  // Maps its memory; 0 or -errno.
  [[nodiscard]] int map(const PerfBufferOptions& options) noexcept;

  [[nodiscard]] std::uint32_t cpu() const noexcept { return cpu_; }
  [[nodiscard]] int event() const noexcept { return event_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::size_t bytes_waiting() const noexcept {
    return overwrites_ ? 0 : distance(tail(), head());
  }
  // Whether there are records that were never handed out.
  [[nodiscard]] bool has_unread() const noexcept {
    return has_more() || distance(overwrites_ ? newest_ : tail(), head()) != 0;
  }
  // Whether its CPU writes to it. When a CPU goes offline, its event is detached, and stays so when
  // the CPU comes back.
  [[nodiscard]] bool is_attached() const noexcept;
  // PERF_EVENT_IOC_PAUSE_OUTPUT; 0 or -errno.
  [[nodiscard]] int pause_output(bool paused) const noexcept;
  // Whether look() has paused it.
  [[nodiscard]] bool is_paused() const noexcept { return paused_; }

  // Selects the records written so far for the current call; returns 0 or -errno. Pauses an
  // overwriting buffer for that time.
  [[nodiscard]] int look() noexcept;
  // Whether look() found more than has been read.
  [[nodiscard]] bool has_more() const noexcept { return position_ != end_; }
  // Resumes a buffer that look() has paused, unless the user has paused it or records are left to
  // read.
  void finish(bool paused_by_user) noexcept;

  // Moves past a record in its destructor, once the record was handled.
  class Step {
   public:
    Step(PerfMemory& memory, std::uint64_t next) noexcept : memory_(memory), next_(next) {}
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { memory_.move_to(next_); }

   private:
    PerfMemory& memory_;
    std::uint64_t next_;
  };
  // Returns the record at the position; nullptr when none is left.
  [[nodiscard]] const ::perf_event_header* current(PerfScratch scratch) noexcept;
  [[nodiscard]] Step step(const ::perf_event_header& header) noexcept {
    return {*this, position_ + header.size};
  }

 private:
  // The fields have 64 bits, but a 32-bit kernel counts with 32 and begins again after 4 GiB.
  [[nodiscard]] static unsigned long distance(std::uint64_t from, std::uint64_t to) noexcept {
    return static_cast<unsigned long>(to - from);
  }
  // On i386 a u64 is aligned to 4 bytes, and atomic only when it is aligned to 8, as these are.
  using Word [[gnu::aligned(8)]] = __u64;
  [[nodiscard]] static Word* word(__u64& field) noexcept { return &field; }
  [[nodiscard]] ::perf_event_mmap_page& page() const noexcept {
    return *reinterpret_cast<::perf_event_mmap_page*>(pages_.data());
  }
  [[nodiscard]] std::uint64_t head() const noexcept {
    return __atomic_load_n(word(page().data_head), __ATOMIC_ACQUIRE);
  }
  [[nodiscard]] std::uint64_t tail() const noexcept {
    return __atomic_load_n(word(page().data_tail), __ATOMIC_RELAXED);
  }
  int look_backwards() noexcept;
  void move_to(std::uint64_t position) noexcept;

  std::uint32_t cpu_;
  bool overwrites_ = false;
  bool paused_ = false;  // by look()
  sys::UniqueFd event_;
  sys::Mapping pages_;
  std::byte* data_ = nullptr;
  std::size_t mask_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t newest_ = 0;  // in an overwriting buffer: where the last look() began
};

}  // namespace bpfmap::inline v0::detail
