// SPDX-License-Identifier: MIT
#include "bpfmap/typed/user_ring_buffer.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/typed/base/typed_map.hpp"
#include "bpfmap/typed/detail/ring_memory.hpp"
#include "event_wait.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// The layout of a ring buffer with the roles exchanged: user space writes the producer's page and
// the data, and only reads the consumer's page.
struct UserRing {
  // 0 or -errno.
  [[nodiscard]] int open(const Map& from) noexcept;
  [[nodiscard]] RingPosition producer() const noexcept {
    return RingWord::own(producer_pages.data());
  }
  [[nodiscard]] std::size_t bytes_waiting() const noexcept {
    const RingPosition to = producer();
    return static_cast<std::size_t>(to - RingWord::before(to, consumer_page.data()));
  }
  // Returns nullptr when there is no room.
  [[nodiscard]] std::byte* reserve(std::uint32_t bytes) const noexcept;

  sys::Mapping consumer_page;
  sys::Mapping producer_pages;
  std::byte* data = nullptr;
  std::size_t size = 0;
  sys::UniqueFd epoll;
  Waker waker;
  sys::OwnerProcess process = sys::OwnerProcess::current();
};

int UserRing::open(const Map& from) noexcept {
  const std::size_t page = sys::page_size();
  const std::uint64_t bytes = from.info().max_entries;
  if (const int result = map_pages(consumer_page, from.fd(), 0, page, false)) return result;
  if (const int result = map_pages(producer_pages, from.fd(), page, page + 2 * bytes, true))
    return result;
  size = static_cast<std::size_t>(bytes);
  data = producer_pages.data() + page;
  if (const int result = waker.open()) return result;
  epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return -errno;
  // Edge-triggered: each edge is a drain, while the level means only that the buffer is not full.
  ::epoll_event event{};
  event.events = EPOLLOUT | EPOLLET;
  event.data.u64 = 1;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, from.fd(), &event) != 0) return -errno;
  event.events = EPOLLIN;
  event.data.u64 = 0;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, waker.fd(), &event) != 0) return -errno;
  return 0;
}

std::byte* UserRing::reserve(std::uint32_t bytes) const noexcept {
  const RingPosition position = producer();
  if (ring_stride(bytes) > size - bytes_waiting()) return nullptr;
  std::byte* const header = data + static_cast<std::size_t>(position & (size - 1));
  ::new (static_cast<void*>(header)) RingHeader{bytes | RingHeader::busy, 0};
  RingWord::store(producer_pages.data(), position + ring_stride(bytes));
  return header + sizeof(RingHeader);
}

}  // namespace detail

namespace {

constexpr std::array types{MapType::user_ringbuf};
constexpr detail::Requirement requirement{.types = types, .key_size = 0, .value_size = 0};

// The most that a dynptr can hold. The kernel drains no larger sample, and none after it.
constexpr std::size_t max_sample = (std::size_t{1} << 24U) - 1;

}  // namespace

// The header is directly before the sample.
void UserRingBuffer::ByteSample::commit(std::uint32_t bits) noexcept {
  const MutableBytesView sample = std::exchange(bytes_, {});
  if (sample.data() == nullptr || !process_.is_current()) return;
  auto* const length = reinterpret_cast<std::uint32_t*>(sample.data() - sizeof(detail::RingHeader));
  __atomic_exchange_n(length, static_cast<std::uint32_t>(sample.size()) | bits, __ATOMIC_SEQ_CST);
}

void UserRingBuffer::ByteSample::submit() noexcept { commit(0); }

void UserRingBuffer::ByteSample::discard() noexcept { commit(detail::RingHeader::discarded); }

UserRingBuffer::UserRingBuffer() noexcept = default;
UserRingBuffer::UserRingBuffer(UserRingBuffer&& other) noexcept = default;
UserRingBuffer& UserRingBuffer::operator=(UserRingBuffer&& other) noexcept {
  if (this == &other) return *this;
  ring_ = std::move(other.ring_);
  map_ = std::move(other.map_);
  return *this;
}
UserRingBuffer::~UserRingBuffer() = default;

// Records a failure.
std::error_code UserRingBuffer::open(Map& map) noexcept {
  if (const auto ec = detail::check(map, requirement)) return ec;
  std::error_code ec = detail::check_read_write(map);
  std::unique_ptr<detail::UserRing> ring;
  if (!ec) ring = detail::make_object<detail::UserRing>(ec);
  if (!ec) ec = detail::kernel_error(ring->open(map));
  if (ec) return detail::record(map, {Operation::view}, ec);
  ring_ = std::move(ring);
  map_ = std::move(map);
  return {};
}

UserRingBuffer::UserRingBuffer(Map map, std::error_code& ec) noexcept { ec = open(map); }

UserRingBuffer::UserRingBuffer(Map map) {
  std::error_code ec;
  *this = UserRingBuffer{std::move(map), ec};
  detail::throw_if(ec);
}

std::error_code UserRingBuffer::fail(std::error_code ec, std::size_t size) const noexcept {
  return detail::record(map_, {Operation::reserve, {}, detail::sized(size)}, ec);
}

std::error_code UserRingBuffer::check_usable() const noexcept {
  if (!ring_) return Errc::no_map;
  return detail::kernel_error(ring_->process.is_current() ? 0 : -ESTALE);
}

// Waits until `done()` or the end of the timeout.
template <class Done>
bool UserRingBuffer::wait(Timeout timeout, std::error_code& ec, Done done) const noexcept {
  return detail::consume_or_wait(
             timeout, ring_->waker, ec,
             [&](std::error_code&) -> std::size_t { return done() ? 1 : 0; },
             [&](std::chrono::milliseconds rest, std::error_code& error) {
               const auto woken = detail::wait_epoll(ring_->epoll.get(), ring_->waker, rest, error);
               if (woken == detail::Woken::failed) error = fail(error);
               return woken;
             },
             [] { return false; }) != 0;
}

std::optional<UserRingBuffer::ByteSample> UserRingBuffer::reserve(std::size_t size, Timeout timeout,
                                                                  std::error_code& ec) noexcept {
  if (ec) ec.clear();
  if (const auto refusal = check_usable()) {
    ec = fail(refusal, size);
    return std::nullopt;
  }
  if (size > max_sample || detail::ring_stride(size) > ring_->size) {
    ec = fail(detail::kernel_error(-E2BIG), size);
    return std::nullopt;
  }
  std::byte* room = ring_->reserve(static_cast<std::uint32_t>(size));
  if (room == nullptr && timeout.milliseconds().count() != 0)
    wait(timeout, ec, [&] {
      room = ring_->reserve(static_cast<std::uint32_t>(size));
      return room != nullptr;
    });
  if (room == nullptr) return std::nullopt;
  return ByteSample{{room, size}, ring_->process};
}

std::optional<UserRingBuffer::ByteSample> UserRingBuffer::reserve(std::size_t size,
                                                                  Timeout timeout) {
  std::error_code ec;
  auto sample = reserve(size, timeout, ec);
  detail::throw_if(ec);
  return sample;
}

bool UserRingBuffer::wait_until_drained(Timeout timeout, std::error_code& ec) noexcept {
  ec.clear();
  if (const auto refusal = check_usable()) {
    ec = fail(refusal);
    return false;
  }
  return wait(timeout, ec, [this] { return ring_->bytes_waiting() == 0; });
}

bool UserRingBuffer::wait_until_drained(Timeout timeout) {
  std::error_code ec;
  const bool drained = wait_until_drained(timeout, ec);
  detail::throw_if(ec);
  return drained;
}

void UserRingBuffer::wake() const noexcept {
  if (ring_) ring_->waker.wake();
}

void UserRingBuffer::close() const noexcept {
  if (ring_) ring_->waker.close();
}

bool UserRingBuffer::closed() const noexcept { return ring_ && ring_->waker.is_closed(); }

std::size_t UserRingBuffer::bytes_waiting() const noexcept {
  return ring_ ? ring_->bytes_waiting() : 0;
}

std::size_t UserRingBuffer::buffer_size() const noexcept { return ring_ ? ring_->size : 0; }

int UserRingBuffer::epoll_fd() const noexcept { return ring_ ? ring_->epoll.get() : -1; }

}  // namespace bpfmap::inline v0
