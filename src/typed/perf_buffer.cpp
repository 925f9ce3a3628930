// SPDX-License-Identifier: MIT
#include "bpfmap/typed/perf_buffer.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/typed/base/typed_map.hpp"
#include "event_wait.hpp"
#include "perf_memory.hpp"
#include "perf_slots.hpp"
#include "turns.hpp"

namespace bpfmap::inline v0 {

struct detail::Perf {
  Perf() : scratch(largest_perf_record) {}
  Perf(const Perf&) = delete;
  Perf& operator=(const Perf&) = delete;
  ~Perf();

  PerfBufferOptions options;
  sys::UniqueFd map;  // of the map that the slots belong to
  sys::UniqueFd epoll;
  sys::UniqueFd rest;  // an eventfd, readable while a call has left records behind
  Waker waker;
  std::vector<PerfMemory> buffers;
  std::vector<std::byte> scratch;
  std::unique_ptr<PerfHandler> handler;
  std::unique_ptr<LostHandler> lost_handler;
  std::uint64_t lost = 0;
  std::size_t first = 0;  // whose turn it is
  int pid = ::getpid();
  bool has_rest = false;
  bool paused = false;
  bool running = false;
};

// A child of fork(2) closes its copies of the descriptors, but the slots are the parent's.
detail::Perf::~Perf() {
  if (pid != ::getpid()) return;
  for (const PerfMemory& buffer : buffers) {
    const std::uint32_t cpu = buffer.cpu();
    (void)sys::map_delete_elem(map.get(), &cpu);
  }
}

namespace {

using detail::Handled;
using detail::Perf;
using detail::PerfMemory;
using Cpus = std::vector<std::uint32_t>;

constexpr std::array types{MapType::perf_event_array};
constexpr detail::Requirement requirement{.types = types, .key_size = 4, .value_size = 4};
constexpr std::uint64_t is_buffer = 1;  // in epoll_event.data

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

// Empty when it cannot be read.
Cpus online_cpus() {
  std::array<char, 8192> list;
  const sys::UniqueFd fd{::open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC)};
  const auto size = fd ? ::read(fd.get(), list.data(), list.size()) : -1;
  return size < 0 ? Cpus{} : sys::parse_cpu_list({list.data(), static_cast<std::size_t>(size)});
}

// Refusals of an opening, each with what it is about.
std::error_code refuse(const Map& map, std::error_code ec) noexcept {
  return detail::record(map, {Operation::view}, ec);
}
std::error_code refuse_cpu(const Map& map, std::uint32_t cpu, std::error_code ec) noexcept {
  return detail::record(map, {Operation::view, std::as_bytes(std::span{&cpu, 1})}, ec);
}
std::error_code refuse_pages(const Map& map, const PerfBufferOptions& options,
                             int result) noexcept {
  return detail::record(map, {.operation = Operation::view, .count = options.pages_per_cpu},
                        detail::kernel_error(result));
}

int watch(const Perf& perf, int fd, std::uint64_t data) noexcept {
  ::epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = data;
  return ::epoll_ctl(perf.epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int open_descriptors(Perf& perf, const Map& map) noexcept {
  perf.map = sys::UniqueFd::duplicate_of(map.fd());
  perf.epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  perf.rest.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!perf.map || !perf.epoll || !perf.rest) return -errno;
  if (const int result = perf.waker.open()) return result;
  if (const int result = watch(perf, perf.waker.fd(), 0)) return result;
  return watch(perf, perf.rest.get(), is_buffer);
}

std::error_code check_cpu(const Map& map, std::uint32_t cpu) noexcept {
  const auto possible = sys::possible_cpus();
  if (!possible.empty() && !std::binary_search(possible.begin(), possible.end(), cpu))
    return refuse_cpu(map, cpu, Errc::no_such_cpu);
  if (cpu >= map.info().max_entries) return refuse_cpu(map, cpu, Errc::index_out_of_range);
  return {};
}

// `buffers` has room for one more.
std::error_code add_buffer(Perf& perf, const Map& map, std::uint32_t cpu) noexcept {
  PerfMemory buffer{cpu};
  if (const int result = buffer.open(perf.options))
    return refuse_cpu(map, cpu, detail::kernel_error(result));
  if (const int result = buffer.map(perf.options)) return refuse_pages(map, perf.options, result);
  if (const int result = watch(perf, buffer.event(), is_buffer))
    return refuse(map, detail::kernel_error(result));
  const int event = buffer.event();
  if (const int result = sys::map_update_elem(map.fd(), &cpu, &event))
    return refuse_cpu(map, cpu, detail::kernel_error(result));
  if (perf.paused) (void)buffer.pause_output(true);
  perf.buffers.push_back(std::move(buffer));
  return {};
}

// All checks come first: a refusal opens nothing.
std::error_code add_buffers(Perf& perf, const Map& map, const Cpus& cpus) noexcept {
  for (const std::uint32_t cpu : cpus)
    if (const auto ec = check_cpu(map, cpu)) return ec;
  if (!perf.options.replace) {
    const detail::PerfSlots slots{map};
    for (const std::uint32_t cpu : cpus)
      if (slots.is_taken(cpu)) return refuse_cpu(map, cpu, detail::kernel_error(-EBUSY));
  }
  std::error_code ec;
  detail::without_bad_alloc(ec, [&] { perf.buffers.reserve(perf.buffers.size() + cpus.size()); });
  if (ec) return refuse(map, ec);
  for (const std::uint32_t cpu : cpus)
    if (const auto failure = add_buffer(perf, map, cpu)) return failure;
  return {};
}

// Sorted, each once.
Cpus chosen_cpus(const PerfBufferOptions& options) {
  Cpus cpus = options.cpus.empty() ? online_cpus() : options.cpus;
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::error_code open(std::unique_ptr<Perf>& perf, const Map& map,
                     const PerfBufferOptions& options) noexcept {
  if (const auto ec = detail::check(map, requirement)) return ec;
  if (!std::has_single_bit(options.pages_per_cpu)) return refuse_pages(map, options, -EINVAL);
  std::error_code ec;
  auto opened = detail::make_handler<Perf>(ec);
  if (ec) return refuse(map, ec);
  const Cpus cpus = detail::without_bad_alloc(ec, [&] {
    opened->options = options;
    return chosen_cpus(options);
  });
  if (ec) return refuse(map, ec);
  if (cpus.empty()) return refuse(map, Errc::no_cpu_list);
  if (const int result = open_descriptors(*opened, map))
    return refuse(map, detail::kernel_error(result));
  if (const auto failure = add_buffers(*opened, map, cpus)) return failure;
  perf = std::move(opened);
  return {};
}

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

// Keeps epoll_fd() readable while records are left: the kernel reports each of them once. Also when
// a callback throws.
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
  ec = open(perf_, map, options);
  if (!ec) map_ = std::move(map);
}

PerfBuffer::PerfBuffer(Map map, const PerfBufferOptions& options) {
  std::error_code ec;
  *this = PerfBuffer{std::move(map), options, ec};
  detail::throw_if(ec);
}

std::error_code PerfBuffer::check_usable() const noexcept {
  if (!perf_) return Errc::no_map;
  if (perf_->pid != ::getpid()) return detail::kernel_error(-ESTALE);
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
  Perf& perf = *perf_;
  const detail::Running running{perf.running};
  const KeepsReadable keeps_readable{perf};
  for (PerfMemory& buffer : perf.buffers)
    if (const int result = buffer.look()) ec = fail(operation, detail::kernel_error(result));
  const auto end = detail::take_turns(perf.buffers.size(), perf.first, max_records,
                                      [&perf](std::size_t i, std::size_t most) {
                                        return read_buffer(perf, perf.buffers[i], most);
                                      });
  if (end.last.end == Handled::End::wrong_size)
    ec = detail::record(
        map_,
        {operation, detail::sized(perf.handler->event_size), detail::sized(end.last.record_size)},
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

// The kernel reports a record once, perhaps to whoever watches epoll_fd(): reads before it waits.
std::size_t PerfBuffer::poll(std::chrono::milliseconds timeout, std::size_t max_records,
                             std::error_code& ec) {
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

std::size_t PerfBuffer::poll(std::chrono::milliseconds timeout, std::size_t max_records) {
  std::error_code ec;
  const std::size_t records = poll(timeout, max_records, ec);
  detail::throw_if(ec);
  return records;
}

std::error_code PerfBuffer::pause_output(bool paused) noexcept {
  if (const auto ec = check_usable()) return fail(Operation::view, ec);
  for (const PerfMemory& buffer : perf_->buffers) {
    if (!paused && buffer.is_paused()) continue;  // until its snapshot is read
    if (const int result = buffer.pause_output(paused))
      return fail(Operation::view, detail::kernel_error(result));
  }
  perf_->paused = paused;
  return {};
}

void PerfBuffer::pause(std::error_code& ec) noexcept { ec = pause_output(true); }
void PerfBuffer::pause() { detail::throw_if(pause_output(true)); }
void PerfBuffer::resume(std::error_code& ec) noexcept { ec = pause_output(false); }
void PerfBuffer::resume() { detail::throw_if(pause_output(false)); }

std::vector<std::uint32_t> PerfBuffer::cpus() const {
  Cpus cpus;
  if (perf_)
    for (const PerfMemory& buffer : perf_->buffers) cpus.push_back(buffer.cpu());
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

std::vector<std::uint32_t> PerfBuffer::cpus_without_buffer() const {
  if (!perf_) return {};
  const Cpus have = cpus();
  Cpus without = online_cpus();
  std::erase_if(without, [&have](std::uint32_t cpu) {
    return std::binary_search(have.begin(), have.end(), cpu);
  });
  return without;
}

std::size_t PerfBuffer::add_online_cpus(std::error_code& ec) noexcept {
  ec = check_usable();
  if (!ec) {
    const std::size_t before = perf_->buffers.size();
    const Cpus cpus = detail::without_bad_alloc(ec, [this] { return cpus_without_buffer(); });
    if (!ec) {
      ec = add_buffers(*perf_, map_, cpus);
      return perf_->buffers.size() - before;
    }
  }
  ec = fail(Operation::view, ec);
  return 0;
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
  if (perf_ && perf_->pid == ::getpid())
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
