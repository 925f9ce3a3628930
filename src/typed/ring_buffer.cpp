// SPDX-License-Identifier: MIT
#include "bpfmap/typed/ring_buffer.hpp"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

struct detail::Rings {
  Rings() = default;
  Rings(const Rings&) = delete;
  Rings& operator=(const Rings&) = delete;
  ~Rings() { ::ring_buffer__free(ring); }

  ::ring_buffer* ring = nullptr;  // libbpf makes none without a map
  std::vector<std::unique_ptr<RingHandler>> handlers;
  Stop stop;
  bool running = false;
};

namespace {

constexpr std::array types{MapType::ringbuf};
constexpr detail::ViewRequirement requirement{types, 0, 0};

std::error_code check(const Map& map, const detail::Rings* rings) noexcept {
  if (const auto ec = detail::check_view(map, requirement)) return ec;
  if (has(map.info().flags, MapFlags::rb_overwrite)) return detail::kernel_error(-EOPNOTSUPP);
  if (const auto ec = detail::check_read_write(map)) return ec;
  if (rings == nullptr) return {};
  if (rings->running) return detail::kernel_error(-EDEADLK);
  const bool known =
      std::any_of(rings->handlers.begin(), rings->handlers.end(),
                  [&map](const auto& other) { return other->map.info().id == map.info().id; });
  return detail::kernel_error(known ? -EEXIST : 0);
}

// 0 or -errno.
int add_to(detail::Rings& rings, detail::RingHandler& handler) noexcept {
  if (rings.ring != nullptr)
    return ::ring_buffer__add(rings.ring, handler.map.fd(), handler.take, &handler);
  rings.ring = ::ring_buffer__new(handler.map.fd(), handler.take, &handler, nullptr);
  return rings.ring != nullptr ? 0 : -errno;
}

std::error_code add_checked(std::unique_ptr<detail::Rings>& rings,
                            std::unique_ptr<detail::RingHandler>& handler) noexcept {
  if (const auto ec = check(handler->map, rings.get())) return ec;
  std::error_code ec;
  detail::without_bad_alloc(ec, [&] {
    if (!rings) rings = std::make_unique<detail::Rings>();
    rings->handlers.reserve(rings->handlers.size() + 1);
  });
  if (ec) return ec;
  handler->stop = &rings->stop;
  const int result = add_to(*rings, *handler);
  if (result == 0) rings->handlers.push_back(std::move(handler));
  return detail::kernel_error(result);
}

}  // namespace

RingBuffer::RingBuffer() noexcept = default;
RingBuffer::RingBuffer(RingBuffer&& other) noexcept = default;
RingBuffer& RingBuffer::operator=(RingBuffer&& other) noexcept = default;
RingBuffer::~RingBuffer() = default;

void RingBuffer::add(std::unique_ptr<detail::RingHandler> handler, std::error_code& ec) noexcept {
  ec = add_checked(rings_, handler);
}

void RingBuffer::add(std::unique_ptr<detail::RingHandler> handler) {
  if (const auto ec = add_checked(rings_, handler))
    detail::raise_view(handler->map, requirement, ec);
}

template <class Call>
std::size_t RingBuffer::run(Call call, std::error_code& ec) {
  ec.clear();
  if (!*this) {
    ec = Errc::no_map;
    return 0;
  }
  detail::Rings& rings = *rings_;
  if (std::exchange(rings.running, true)) {
    ec = detail::kernel_error(-EDEADLK);
    return 0;
  }
  rings.stop = {};
  const int result = call(rings.ring);
  rings.running = false;
  if (result >= 0) return static_cast<std::size_t>(result);
  if (rings.stop)
    ec = detail::outcome(rings.stop);
  else if (result != -EINTR)
    ec = detail::kernel_error(result);
  return 0;
}

void RingBuffer::fail(Operation operation, const std::error_code& ec) const {
  if (!*this) detail::raise_stop({}, {}, operation, ec);
  detail::raise_stop(rings_->handlers.front()->map, rings_->stop, operation, ec);
}

std::string RingBuffer::explain(Operation operation, const std::error_code& ec) const {
  if (!*this) return detail::explain_stop({}, {}, operation, ec);
  return detail::explain_stop(rings_->handlers.front()->map, rings_->stop, operation, ec);
}

std::size_t RingBuffer::poll(std::chrono::milliseconds timeout, std::error_code& ec) {
  const int epoll_timeout = detail::to_epoll_timeout(timeout);
  return run([=](::ring_buffer* ring) { return ::ring_buffer__poll(ring, epoll_timeout); }, ec);
}

std::size_t RingBuffer::poll(std::chrono::milliseconds timeout) {
  std::error_code ec;
  const std::size_t records = poll(timeout, ec);
  if (ec) fail(Operation::poll, ec);
  return records;
}

std::size_t RingBuffer::consume(std::error_code& ec) {
  return run([](::ring_buffer* ring) { return ::ring_buffer__consume(ring); }, ec);
}

std::size_t RingBuffer::consume() {
  std::error_code ec;
  const std::size_t records = consume(ec);
  if (ec) fail(Operation::consume, ec);
  return records;
}

int RingBuffer::epoll_fd() const noexcept {
  return rings_ && rings_->ring != nullptr ? ::ring_buffer__epoll_fd(rings_->ring) : -1;
}

}  // namespace bpfmap::inline v0
