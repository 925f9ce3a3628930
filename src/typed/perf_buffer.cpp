// SPDX-License-Identifier: MIT
#include "bpfmap/typed/perf_buffer.hpp"

#include <cerrno>

#include "bpfmap/map/detail/failure_record.hpp"
#include "event_wait.hpp"
#include "perf.hpp"
#include "perf_records.hpp"

namespace bpfmap::inline v0 {

using detail::Handled;
using detail::PerfMemory;

PerfBuffer::PerfBuffer() noexcept = default;
PerfBuffer::PerfBuffer(PerfBuffer&& other) noexcept = default;
PerfBuffer& PerfBuffer::operator=(PerfBuffer&& other) noexcept {
  if (this == &other) return *this;
  perf_ = std::move(other.perf_);
  map_ = std::move(other.map_);
  return *this;
}
PerfBuffer::~PerfBuffer() = default;

PerfBuffer::PerfBuffer(Map map, const PerfBufferOptions& options, std::error_code& ec) noexcept {
  ec = detail::open_perf(perf_, map, options);
  if (!ec) map_ = std::move(map);
}

PerfBuffer::PerfBuffer(Map map, const PerfBufferOptions& options) {
  std::error_code ec;
  *this = PerfBuffer{std::move(map), options, ec};
  detail::throw_if(ec);
}

std::error_code PerfBuffer::check_usable() const noexcept {
  if (!perf_) return Errc::no_map;
  if (!perf_->process.is_current()) return detail::kernel_error(-ESTALE);
  return detail::kernel_error(perf_->running ? -EDEADLK : 0);
}

std::error_code PerfBuffer::fail(Operation operation, std::error_code ec) const noexcept {
  return detail::record(map_, {operation}, ec);
}

void PerfBuffer::set(std::unique_ptr<detail::PerfHandler> handler, std::error_code& ec) noexcept {
  if (!ec) ec = check_usable();
  if (ec)
    ec = fail(Operation::view, ec);
  else
    perf_->handler = std::move(handler);
}

void PerfBuffer::set(std::unique_ptr<detail::LostHandler> handler, std::error_code& ec) noexcept {
  if (!ec) ec = check_usable();
  if (ec)
    ec = fail(Operation::view, ec);
  else
    perf_->lost_handler = std::move(handler);
}

std::size_t PerfBuffer::run(std::size_t max_records, Operation operation, std::error_code& ec) {
  ec = check_usable();
  if (!ec && perf_->handler == nullptr) ec = Errc::no_map;
  if (ec) {
    ec = fail(operation, ec);
    return 0;
  }
  int failure = 0;
  const auto end = detail::read_records(*perf_, max_records, failure);
  if (failure != 0) ec = fail(operation, detail::kernel_error(failure));
  if (end.last.end == Handled::End::wrong_size)
    ec = detail::record(
        map_,
        {operation, detail::sized(perf_->handler->event_size), detail::sized(end.last.record_size)},
        Errc::wrong_record_size);
  return end.records;
}

std::size_t PerfBuffer::consume(std::size_t max_records, std::error_code& ec) {
  const std::size_t records = run(max_records, Operation::consume, ec);
  if (!ec) (void)perf_->waker.take();
  return records;
}

std::size_t PerfBuffer::consume(std::size_t max_records) {
  std::error_code ec;
  const std::size_t records = consume(max_records, ec);
  detail::throw_if(ec);
  return records;
}

// Reads before it waits, because the kernel reports a record only once, perhaps to a user of
// epoll_fd().
std::size_t PerfBuffer::poll(Timeout timeout, std::size_t max_records, std::error_code& ec) {
  if (!perf_ || perf_->running || max_records == 0) return run(max_records, Operation::poll, ec);
  ec.clear();
  return detail::consume_or_wait(
      timeout, perf_->waker, ec,
      [&](std::error_code& error) { return run(max_records, Operation::poll, error); },
      [&](std::chrono::milliseconds rest, std::error_code& error) {
        const auto woken = detail::wait_epoll(perf_->epoll.get(), perf_->waker, rest, error);
        if (woken == detail::Woken::failed) error = fail(Operation::poll, error);
        return woken;
      },
      [] { return false; });
}

std::size_t PerfBuffer::poll(Timeout timeout, std::size_t max_records) {
  std::error_code ec;
  const std::size_t records = poll(timeout, max_records, ec);
  detail::throw_if(ec);
  return records;
}

std::error_code PerfBuffer::pause_output(bool paused) noexcept {
  std::error_code ec = check_usable();
  if (!ec) ec = perf_->pause_output(paused);
  return ec ? fail(Operation::view, ec) : ec;
}

void PerfBuffer::pause(std::error_code& ec) noexcept { ec = pause_output(true); }
void PerfBuffer::pause() { detail::throw_if(pause_output(true)); }
void PerfBuffer::resume(std::error_code& ec) noexcept { ec = pause_output(false); }
void PerfBuffer::resume() { detail::throw_if(pause_output(false)); }

std::vector<std::uint32_t> PerfBuffer::cpus(std::error_code& ec) const noexcept {
  ec.clear();
  const auto cpus = detail::without_bad_alloc(
      ec, [&] { return perf_ ? perf_->cpus() : std::vector<std::uint32_t>{}; });
  if (ec) ec = fail(Operation::view, ec);
  return cpus;
}

std::vector<std::uint32_t> PerfBuffer::cpus() const {
  std::error_code ec;
  auto cpus = this->cpus(ec);
  detail::throw_if(ec);
  return cpus;
}

std::vector<std::uint32_t> PerfBuffer::cpus_without_buffer(std::error_code& ec) const noexcept {
  ec = check_usable();
  const auto cpus = detail::without_bad_alloc(
      ec, [&] { return ec ? std::vector<std::uint32_t>{} : perf_->cpus_without_buffer(ec); });
  if (ec) ec = fail(Operation::view, ec);
  return cpus;
}

std::vector<std::uint32_t> PerfBuffer::cpus_without_buffer() const {
  std::error_code ec;
  auto cpus = cpus_without_buffer(ec);
  detail::throw_if(ec);
  return cpus;
}

std::size_t PerfBuffer::add_online_cpus(std::error_code& ec) noexcept {
  const auto cpus = cpus_without_buffer(ec);
  return ec ? 0 : detail::add_buffers(*perf_, map_, cpus, ec);
}

std::size_t PerfBuffer::add_online_cpus() {
  std::error_code ec;
  const std::size_t added = add_online_cpus(ec);
  detail::throw_if(ec);
  return added;
}

void PerfBuffer::wake() const noexcept {
  if (perf_) perf_->waker.wake();
}

void PerfBuffer::close() const noexcept {
  if (perf_) perf_->waker.close();
}

bool PerfBuffer::closed() const noexcept { return perf_ && perf_->waker.is_closed(); }

std::uint64_t PerfBuffer::lost() const noexcept { return perf_ ? perf_->lost : 0; }

std::size_t PerfBuffer::bytes_waiting() const noexcept {
  std::size_t sum = 0;
  if (perf_ && perf_->process.is_current())
    for (const PerfMemory& buffer : perf_->buffers) sum += buffer.bytes_waiting();
  return sum;
}

std::size_t PerfBuffer::buffer_size() const noexcept {
  std::size_t sum = 0;
  if (perf_)
    for (const PerfMemory& buffer : perf_->buffers) sum += buffer.size();
  return sum;
}

int PerfBuffer::epoll_fd() const noexcept { return perf_ ? perf_->epoll.get() : -1; }

}  // namespace bpfmap::inline v0
