// SPDX-License-Identifier: MIT
#include "perf_records.hpp"

#include <linux/perf_event.h>
#include <unistd.h>

#include <cstring>

#include "turns.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// A record as it is in the buffer, without its data.
struct SampleRecord {
  ::perf_event_header header;
  std::uint32_t size;
};
struct LostRecord {
  ::perf_event_header header;
  std::uint64_t id;
  std::uint64_t lost;
};

Handled::End take_sample(Perf& perf, std::uint32_t cpu, const ::perf_event_header& header,
                         Handled& handled) {
  SampleRecord record;
  std::memcpy(&record, &header, sizeof record);
  const auto* const data = reinterpret_cast<const std::byte*>(&header) + sizeof record;
  const auto end = perf.handler->take(*perf.handler, cpu, {data, record.size});
  handled.record_size = record.size;
  if (end != Handled::End::wrong_size) ++handled.records;
  return end;
}

void take_lost(Perf& perf, std::uint32_t cpu, const ::perf_event_header& header) {
  LostRecord record;
  std::memcpy(&record, &header, sizeof record);
  perf.lost += record.lost;
  if (perf.lost_handler != nullptr) (*perf.lost_handler)(cpu, record.lost);
}

Handled read_buffer(Perf& perf, PerfMemory& buffer, std::size_t max_records) {
  Handled handled;
  while (handled.records != max_records && handled.end == Handled::End::none_left) {
    const ::perf_event_header* const header = buffer.current(perf.scratch);
    if (header == nullptr) break;
    const auto step = buffer.step(*header);
    if (header->type == PERF_RECORD_SAMPLE)
      handled.end = take_sample(perf, buffer.cpu(), *header, handled);
    else if (header->type == PERF_RECORD_LOST)
      take_lost(perf, buffer.cpu(), *header);
  }
  return handled;
}

// Keeps epoll_fd() readable while records are left, even when a callback throws: the kernel reports
// each record only once.
class KeepsReadable {
 public:
  explicit KeepsReadable(Perf& perf) noexcept : perf_(perf) {}
  KeepsReadable(const KeepsReadable&) = delete;
  KeepsReadable& operator=(const KeepsReadable&) = delete;
  ~KeepsReadable() {
    bool left = false;
    for (PerfMemory& buffer : perf_.buffers) {
      left = left || buffer.has_more();
      buffer.finish(perf_.paused);
    }
    if (left == perf_.has_rest) return;
    perf_.has_rest = left;
    std::uint64_t count = 1;
    [[maybe_unused]] const auto done = left ? ::write(perf_.rest.get(), &count, sizeof count)
                                            : ::read(perf_.rest.get(), &count, sizeof count);
  }

 private:
  Perf& perf_;
};

}  // namespace

TurnsEnd read_records(Perf& perf, std::size_t max_records, int& failure) {
  const Running running{perf.running};
  const KeepsReadable keeps_readable{perf};
  failure = 0;
  for (PerfMemory& buffer : perf.buffers)
    if (const int result = buffer.look()) failure = result;
  return take_turns(perf.buffers.size(), perf.first, max_records,
                    [&perf](std::size_t i, std::size_t most) {
                      return read_buffer(perf, perf.buffers[i], most);
                    });
}

}  // namespace bpfmap::inline v0::detail
