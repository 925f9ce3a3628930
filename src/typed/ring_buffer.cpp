// SPDX-License-Identifier: MIT
#include "bpfmap/typed/ring_buffer.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "bpfmap/map/detail/failure_record.hpp"
#include "event_wait.hpp"
#include "ring_requirement.hpp"
#include "turns.hpp"

namespace bpfmap::inline v0 {

struct detail::Rings {
  sys::UniqueFd epoll;
  Waker waker;
  std::vector<std::unique_ptr<RingHandler>> handlers;
  std::size_t first = 0;  // the ring to read next
  sys::OwnerProcess process = sys::OwnerProcess::current();
  bool running = false;
};

namespace {

using detail::Handled;
using detail::RingHandler;
using detail::Rings;

using Handlers = std::vector<std::unique_ptr<RingHandler>>;

constexpr std::uint64_t is_ring = 1;  // in epoll_event.data

Handlers::iterator find(Handlers& handlers, const Map& map) noexcept {
  return std::find_if(handlers.begin(), handlers.end(), [&map](const auto& handler) {
    return handler->map.info().id == map.info().id;
  });
}

int watch(Rings& rings, int fd, std::uint64_t data) noexcept {
  ::epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = data;
  return ::epoll_ctl(rings.epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

std::error_code check_usable(const Rings& rings) noexcept {
  if (!rings.process.is_current()) return detail::kernel_error(-ESTALE);
  return detail::kernel_error(rings.running ? -EDEADLK : 0);
}

// 0 or -errno.
int open(Rings& rings) noexcept {
  rings.epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!rings.epoll) return -errno;
  if (const int result = rings.waker.open()) return result;
  return watch(rings, rings.waker.fd(), 0);
}

// Records a failure.
std::error_code add_to(std::unique_ptr<Rings>& rings,
                       std::unique_ptr<RingHandler>& handler) noexcept {
  const Map& map = handler->map;
  if (rings) {
    if (const auto ec = check_usable(*rings)) return detail::refuse(map, ec);
  }
  if (const auto ec = detail::check_ring(map)) return ec;
  if (rings && find(rings->handlers, map) != rings->handlers.end())
    return detail::refuse(map, -EEXIST);
  if (const int result = handler->memory.open(map)) return detail::refuse(map, result);
  std::error_code ec;
  auto opened = rings ? nullptr : detail::make_object<Rings>(ec);
  if (ec) return detail::refuse(map, ec);
  Rings& to = rings ? *rings : *opened;
  if (opened) {
    if (const int result = open(to)) return detail::refuse(map, result);
  }
  detail::without_bad_alloc(ec, [&] { to.handlers.reserve(to.handlers.size() + 1); });
  if (ec) return detail::refuse(map, ec);
  if (const int result = watch(to, map.fd(), is_ring)) return detail::refuse(map, result);
  to.handlers.push_back(std::move(handler));
  if (opened) rings = std::move(opened);
  return {};
}

// Whether there is anything to read. Selects the records written so far for the current call.
bool look(Rings& rings) noexcept {
  bool any = false;
  detail::order_release_before_look();
  for (const auto& ring : rings.handlers) {
    const detail::RingPosition from = ring->memory.consumer();
    ring->end = ring->memory.producer(from);
    any = any || ring->end != from;
  }
  return any;
}

std::uint64_t positions(const Rings& rings) noexcept {
  std::uint64_t sum = 0;
  for (const auto& ring : rings.handlers) sum += ring->memory.consumer();
  return sum;
}

}  // namespace

RingBuffer::RingBuffer() noexcept = default;
RingBuffer::RingBuffer(RingBuffer&& other) noexcept = default;
RingBuffer& RingBuffer::operator=(RingBuffer&& other) noexcept {
  if (this != &other) rings_ = std::move(other.rings_);
  return *this;
}
RingBuffer::~RingBuffer() = default;

void RingBuffer::add(std::unique_ptr<detail::RingHandler> handler, std::error_code& ec) noexcept {
  if (handler == nullptr) {
    ec = detail::refuse(Map{}, ec);
    return;
  }
  ec = add_to(rings_, handler);
}

bool RingBuffer::remove(const Map& map, std::error_code& ec) noexcept {
  ec.clear();
  if (!rings_) return false;
  ec = check_usable(*rings_);
  if (ec) {
    ec = detail::refuse(map, ec);
    return false;
  }
  const auto found = find(rings_->handlers, map);
  if (found == rings_->handlers.end()) return false;
  ::epoll_ctl(rings_->epoll.get(), EPOLL_CTL_DEL, (*found)->map.fd(), nullptr);
  rings_->handlers.erase(found);
  rings_->first = 0;
  return true;
}

bool RingBuffer::remove(const Map& map) {
  std::error_code ec;
  const bool removed = remove(map, ec);
  detail::throw_if(ec);
  return removed;
}

// Looks again after a round that found only discarded records, because 0 means that nothing is
// left.
std::size_t RingBuffer::run(std::size_t max_records, Operation operation, std::error_code& ec) {
  ec.clear();
  if (!*this) {
    ec = detail::record(Map{}, {operation}, Errc::no_map);
    return 0;
  }
  Rings& rings = *rings_;
  ec = check_usable(rings);
  if (ec) {
    ec = detail::record(rings.handlers.front()->map, {operation}, ec);
    return 0;
  }
  const detail::Running running{rings.running};
  while (look(rings)) {
    const std::uint64_t before = positions(rings);
    const auto end = detail::take_turns(rings.handlers.size(), rings.first, max_records,
                                        [&](std::size_t i, std::size_t most) {
                                          RingHandler& ring = *rings.handlers[i];
                                          return ring.handle(ring, most);
                                        });
    if (end.last.end == Handled::End::wrong_size)
      ec = detail::record(
          rings.handlers[end.source]->map,
          {operation, detail::sized(end.last.event_size), detail::sized(end.last.record_size)},
          Errc::wrong_record_size);
    if (end.stopped || end.records != 0 || positions(rings) == before) return end.records;
  }
  return 0;
}

std::size_t RingBuffer::consume(std::size_t max_records, std::error_code& ec) {
  const std::size_t records = run(max_records, Operation::consume, ec);
  if (!ec) (void)rings_->waker.take();
  return records;
}

std::size_t RingBuffer::consume(std::size_t max_records) {
  std::error_code ec;
  const std::size_t records = consume(max_records, ec);
  detail::throw_if(ec);
  return records;
}

std::size_t RingBuffer::poll(Timeout timeout, std::size_t max_records, std::error_code& ec) {
  if (!*this || max_records == 0) return run(max_records, Operation::poll, ec);
  Rings& rings = *rings_;
  return detail::consume_or_wait(
      timeout, rings.waker, ec,
      [&](std::error_code& error) { return run(max_records, Operation::poll, error); },
      [&](std::chrono::milliseconds rest, std::error_code& error) {
        const auto woken = detail::wait_epoll(rings.epoll.get(), rings.waker, rest, error);
        if (woken == detail::Woken::failed)
          error = detail::record(rings.handlers.front()->map, {Operation::poll}, error);
        return woken;
      },
      [&] { return bytes_waiting() != 0; });
}

std::size_t RingBuffer::poll(Timeout timeout, std::size_t max_records) {
  std::error_code ec;
  const std::size_t records = poll(timeout, max_records, ec);
  detail::throw_if(ec);
  return records;
}

void RingBuffer::wake() const noexcept {
  if (rings_) rings_->waker.wake();
}

void RingBuffer::close() const noexcept {
  if (rings_) rings_->waker.close();
}

bool RingBuffer::closed() const noexcept { return rings_ && rings_->waker.is_closed(); }

std::size_t RingBuffer::bytes_waiting() const noexcept {
  std::size_t sum = 0;
  if (rings_)
    for (const auto& ring : rings_->handlers) sum += ring->memory.bytes_waiting();
  return sum;
}

std::size_t RingBuffer::buffer_size() const noexcept {
  std::size_t sum = 0;
  if (rings_)
    for (const auto& ring : rings_->handlers) sum += ring->memory.size();
  return sum;
}

int RingBuffer::epoll_fd() const noexcept { return *this ? rings_->epoll.get() : -1; }

RingBuffer::operator bool() const noexcept { return rings_ && !rings_->handlers.empty(); }

}  // namespace bpfmap::inline v0
