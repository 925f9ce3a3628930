// SPDX-License-Identifier: MIT
#include "bpfmap/typed/perf_buffer.hpp"

#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

struct detail::Perf {
  Perf() = default;
  Perf(const Perf&) = delete;
  Perf& operator=(const Perf&) = delete;
  ~Perf() { ::perf_buffer__free(buffer); }

  Map map;
  ::perf_buffer* buffer = nullptr;
  std::unique_ptr<PerfHandler> handler;
  std::unique_ptr<LostHandler> lost_handler;
  std::uint64_t lost = 0;
  std::size_t records = 0;  // of the call that runs
  Stop stop;
  bool running = false;
};

namespace {

using Clock = std::chrono::steady_clock;
using detail::Perf;

constexpr std::array types{MapType::perf_event_array};
constexpr detail::ViewRequirement requirement{types, 4, 4};

// A record as it lies in the buffer, without what it carries.
struct SampleRecord {
  ::perf_event_header header;
  std::uint32_t size;
};
struct LostRecord {
  ::perf_event_header header;
  std::uint64_t id;
  std::uint64_t lost;
};

bool take_sample(Perf& perf, std::uint32_t cpu, const ::perf_event_header& header) {
  SampleRecord record;
  std::memcpy(&record, &header, sizeof record);
  const auto* const data = reinterpret_cast<const std::byte*>(&header) + sizeof record;
  ++perf.records;
  return perf.handler->take(*perf.handler, cpu, {data, record.size});
}

bool take_lost(Perf& perf, std::uint32_t cpu, const ::perf_event_header& header) {
  LostRecord record;
  std::memcpy(&record, &header, sizeof record);
  perf.lost += record.lost;
  if (perf.lost_handler == nullptr) return true;
  return perf.stop.survives([&] { (*perf.lost_handler)(cpu, record.lost); });
}

// LIBBPF_PERF_EVENT_DONE ends the walk behind this record as LIBBPF_PERF_EVENT_ERROR does, but
// libbpf prints nothing of it.
::bpf_perf_event_ret on_record(void* context, int cpu, ::perf_event_header* header) {
  auto& perf = *static_cast<Perf*>(context);
  const auto number = static_cast<std::uint32_t>(cpu);
  bool go_on = true;
  if (header->type == PERF_RECORD_SAMPLE) go_on = take_sample(perf, number, *header);
  if (header->type == PERF_RECORD_LOST) go_on = take_lost(perf, number, *header);
  return go_on ? LIBBPF_PERF_EVENT_CONT : LIBBPF_PERF_EVENT_DONE;
}

// What perf_buffer__new() asks for: every record wakes who waits.
::perf_event_attr output_events() noexcept {
  ::perf_event_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  attr.wakeup_events = 1;
  return attr;
}

// Opens one to see whether that is allowed: libbpf would print that it is not.
std::error_code check_permission(::perf_event_attr attr) noexcept {
  const sys::UniqueFd event{static_cast<int>(
      ::syscall(SYS_perf_event_open, &attr, -1, ::sched_getcpu(), -1, PERF_FLAG_FD_CLOEXEC))};
  return detail::kernel_error(event ? 0 : -errno);
}

std::error_code open(std::unique_ptr<Perf>& perf, Map& map, std::size_t pages_per_cpu) noexcept {
  if (const auto ec = detail::check_view(map, requirement)) return ec;
  if (!std::has_single_bit(pages_per_cpu)) return detail::kernel_error(-EINVAL);
  ::perf_event_attr attr = output_events();
  if (const auto ec = check_permission(attr)) return ec;
  std::error_code ec;
  auto opened = detail::make_handler<Perf>(ec);
  if (!opened) return ec;
  opened->buffer =
      ::perf_buffer__new_raw(map.fd(), pages_per_cpu, &attr, &on_record, opened.get(), nullptr);
  if (opened->buffer == nullptr) return detail::kernel_error(-errno);
  opened->map = std::move(map);
  perf = std::move(opened);
  return {};
}

std::error_code check_idle(const std::unique_ptr<Perf>& perf) noexcept {
  if (!perf) return Errc::no_map;
  return detail::kernel_error(perf->running ? -EDEADLK : 0);
}

// Each buffer by itself, until one of them has stopped: libbpf would go on with the next.
std::error_code read_all(Perf& perf) {
  perf.stop = {};
  perf.records = 0;
  perf.running = true;
  int result = 0;
  const std::size_t buffers = ::perf_buffer__buffer_cnt(perf.buffer);
  for (std::size_t i = 0; i < buffers && result >= 0 && !perf.stop; ++i)
    result = ::perf_buffer__consume_buffer(perf.buffer, i);
  perf.running = false;
  return perf.stop ? detail::outcome(perf.stop) : detail::kernel_error(result);
}

// false: the timeout is over, or a signal came.
bool wait(const Perf& perf, int timeout, std::error_code& ec) noexcept {
  ::epoll_event event;
  const int ready = ::epoll_wait(::perf_buffer__epoll_fd(perf.buffer), &event, 1, timeout);
  if (ready < 0 && errno != EINTR) ec = detail::kernel_error(-errno);
  return ready > 0;
}

}  // namespace

PerfBuffer::PerfBuffer() noexcept = default;
PerfBuffer::PerfBuffer(PerfBuffer&& other) noexcept = default;
PerfBuffer& PerfBuffer::operator=(PerfBuffer&& other) noexcept = default;
PerfBuffer::~PerfBuffer() = default;

PerfBuffer::PerfBuffer(Map map, std::size_t pages_per_cpu) {
  if (const auto ec = open(perf_, map, pages_per_cpu)) detail::raise_view(map, requirement, ec);
}

PerfBuffer::PerfBuffer(Map map, std::size_t pages_per_cpu, std::error_code& ec) noexcept {
  ec = open(perf_, map, pages_per_cpu);
}

void PerfBuffer::set(std::unique_ptr<detail::PerfHandler> handler, std::error_code& ec) noexcept {
  ec = check_idle(perf_);
  if (ec) return;
  handler->map = &perf_->map;
  handler->stop = &perf_->stop;
  perf_->handler = std::move(handler);
}

void PerfBuffer::set(std::unique_ptr<detail::LostHandler> handler, std::error_code& ec) noexcept {
  ec = check_idle(perf_);
  if (!ec) perf_->lost_handler = std::move(handler);
}

void PerfBuffer::set(std::unique_ptr<detail::PerfHandler> handler) {
  std::error_code ec;
  set(std::move(handler), ec);
  if (ec) fail(Operation::view, ec);
}

void PerfBuffer::set(std::unique_ptr<detail::LostHandler> handler) {
  std::error_code ec;
  set(std::move(handler), ec);
  if (ec) fail(Operation::view, ec);
}

void PerfBuffer::fail(Operation operation, const std::error_code& ec) const {
  detail::raise_stop(map(), perf_ ? perf_->stop : detail::Stop{}, operation, ec);
}

std::string PerfBuffer::explain(Operation operation, const std::error_code& ec) const {
  return detail::explain_stop(map(), perf_ ? perf_->stop : detail::Stop{}, operation, ec);
}

std::size_t PerfBuffer::consume(std::error_code& ec) {
  ec = check_idle(perf_);
  if (!ec && perf_->handler == nullptr) ec = Errc::no_map;
  if (!ec) ec = read_all(*perf_);
  return ec ? 0 : perf_->records;
}

std::size_t PerfBuffer::consume() {
  std::error_code ec;
  const std::size_t records = consume(ec);
  if (ec) fail(Operation::consume, ec);
  return records;
}

// Reads before it waits: the kernel says only once that a buffer has records, perhaps to whoever
// watches epoll_fd(), perhaps before an exception. And waits again when it was told of those that
// are read already.
std::size_t PerfBuffer::poll(std::chrono::milliseconds timeout, std::error_code& ec) {
  const bool for_ever = timeout.count() < 0;
  const auto start = Clock::now();
  auto rest = timeout;
  for (;;) {
    const std::size_t records = consume(ec);
    if (ec || records != 0) return records;
    if (!wait(*perf_, detail::to_epoll_timeout(rest), ec)) return 0;
    if (for_ever) continue;
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    rest = std::max(timeout - passed, std::chrono::milliseconds{0});
  }
}

std::size_t PerfBuffer::poll(std::chrono::milliseconds timeout) {
  std::error_code ec;
  const std::size_t records = poll(timeout, ec);
  if (ec) fail(Operation::poll, ec);
  return records;
}

std::uint64_t PerfBuffer::lost() const noexcept { return perf_ ? perf_->lost : 0; }

int PerfBuffer::epoll_fd() const noexcept {
  return perf_ ? ::perf_buffer__epoll_fd(perf_->buffer) : -1;
}

const Map& PerfBuffer::map() const noexcept {
  static const Map none;
  return perf_ ? perf_->map : none;
}

}  // namespace bpfmap::inline v0
