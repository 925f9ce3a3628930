// SPDX-License-Identifier: MIT
#include "perf_memory.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace bpfmap::inline v0::detail {
namespace {

::perf_event_attr output_events(const PerfBufferOptions& options) noexcept {
  ::perf_event_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.size = PERF_ATTR_SIZE_VER5;  // of Linux 4.1: no later field is used
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
  attr.write_backward = options.overwrite ? 1 : 0;
  if (options.wakeup_bytes != 0) {
    attr.watermark = 1;
    attr.wakeup_watermark = options.wakeup_bytes;
  } else {
    attr.wakeup_events = options.wakeup_events;
  }
  return attr;
}

// What read(2) returns for such an event.
struct Reading {
  std::uint64_t value;
  std::uint64_t nanoseconds;  // during which it was on its CPU
};

bool read_event(int event, Reading& reading) noexcept {
  return ::read(event, &reading, sizeof reading) == sizeof reading;
}

}  // namespace

int PerfMemory::open(const PerfBufferOptions& options) noexcept {
  ::perf_event_attr attr = output_events(options);
  overwrites_ = options.overwrite;
  event_.reset(static_cast<int>(
      ::syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu_), -1, PERF_FLAG_FD_CLOEXEC)));
  return event_ ? 0 : -errno;
}

// The kernel overwrites old records if the memory is mapped read-only.
int PerfMemory::map(const PerfBufferOptions& options) noexcept {
  const std::size_t page_bytes = sys::page_size();
  if (options.pages_per_cpu > std::numeric_limits<std::size_t>::max() / page_bytes / 2)
    return -ENOMEM;
  const std::size_t size = options.pages_per_cpu * page_bytes;
  if (const int result = map_pages(pages_, event_.get(), 0, page_bytes + size, !overwrites_))
    return result;
  data_ = pages_.data() + page_bytes;
  mask_ = size - 1;
  return 0;
}

// The time of an event without a CPU does not advance. That of a CPU may not advance either until
// its next tick.
bool PerfMemory::is_attached() const noexcept {
  Reading before{};
  if (!read_event(event_.get(), before)) return false;
  for (int tries = 0; tries < 4; ++tries) {
    if (tries != 0) ::poll(nullptr, 0, 5);
    Reading now{};
    if (!read_event(event_.get(), now)) return false;
    if (now.nanoseconds != before.nanoseconds) return true;
  }
  return false;
}

int PerfMemory::pause_output(bool paused) const noexcept {
  return ::ioctl(event_.get(), PERF_EVENT_IOC_PAUSE_OUTPUT, paused ? 1 : 0) == 0 ? 0 : -errno;
}

int PerfMemory::look() noexcept {
  if (overwrites_) return look_backwards();
  position_ = tail();
  end_ = position_ + distance(position_, head());
  return 0;
}

// The head moves down: the newest record is at the head, and older ones follow it. Records beyond
// the size of the buffer have been overwritten. A snapshot that was not read to its end is
// continued.
int PerfMemory::look_backwards() noexcept {
  if (has_more()) return 0;
  if (const int result = pause_output(true)) return result;
  paused_ = true;
  position_ = head();
  end_ = position_ + std::min<std::uint64_t>(distance(position_, newest_), size());
  newest_ = position_;
  return 0;
}

void PerfMemory::finish(bool paused_by_user) noexcept {
  if (!paused_ || has_more()) return;
  paused_ = false;
  if (!paused_by_user) (void)pause_output(false);
}

const ::perf_event_header* PerfMemory::current(PerfScratch scratch) noexcept {
  if (!has_more()) return nullptr;
  const auto offset = static_cast<std::size_t>(position_ & mask_);
  const auto* const header = reinterpret_cast<const ::perf_event_header*>(data_ + offset);
  // Only the oldest record of an overwriting buffer can be cut off, or never written.
  if (header->size == 0 || header->size > end_ - position_) {
    position_ = end_;
    return nullptr;
  }
  const std::size_t in_a_row = size() - offset;
  if (header->size <= in_a_row) return header;
  std::memcpy(scratch.data(), header, in_a_row);
  std::memcpy(scratch.data() + in_a_row, data_, header->size - in_a_row);
  return reinterpret_cast<const ::perf_event_header*>(scratch.data());
}

void PerfMemory::move_to(std::uint64_t position) noexcept {
  position_ = position;
  if (!overwrites_) __atomic_store_n(word(page().data_tail), position, __ATOMIC_RELEASE);
}

}  // namespace bpfmap::inline v0::detail
