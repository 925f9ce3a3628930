// SPDX-License-Identifier: MIT
#include "bpfmap/typed/ring_reader.hpp"

#include <cerrno>

#include "event_wait.hpp"
#include "ring_requirement.hpp"

namespace bpfmap::inline v0 {

// Records a failure.
std::error_code RingReader::open(Map& map) noexcept {
  if (const auto ec = detail::check_ring(map)) return ec;
  std::error_code ec;
  auto waker = detail::make_object<detail::Waker>(ec);
  if (ec) return detail::refuse(map, ec);
  if (const int result = waker->open()) return detail::refuse(map, result);
  if (const int result = memory_.open(map)) return detail::refuse(map, result);
  waker_ = std::move(waker);
  map_ = std::move(map);
  return {};
}

RingReader::RingReader(Map map, std::error_code& ec) noexcept { ec = open(map); }

RingReader::RingReader(Map map) {
  std::error_code ec;
  *this = RingReader{std::move(map), ec};
  detail::throw_if(ec);
}

RingReader::RingReader(RingReader&& other) noexcept
    : map_(std::move(other.map_)),
      memory_(std::move(other.memory_)),
      waker_(std::move(other.waker_)),
      held_(other.held_),
      holds_(std::exchange(other.holds_, false)) {}

RingReader& RingReader::operator=(RingReader&& other) noexcept {
  if (this == &other) return *this;
  release();
  map_ = std::move(other.map_);
  memory_ = std::move(other.memory_);
  waker_ = std::move(other.waker_);
  held_ = other.held_;
  holds_ = std::exchange(other.holds_, false);
  return *this;
}

RingReader::~RingReader() { release(); }

std::optional<BytesView> RingReader::next() {
  std::error_code ec;
  const auto record = next(ec);
  detail::throw_if(ec);
  return record;
}

bool RingReader::wait(Timeout timeout, std::error_code& ec) noexcept {
  ec.clear();
  if (!usable()) {
    ec = unusable(Operation::poll);
    return false;
  }
  release();
  const auto count = [this](std::error_code&) -> std::size_t {
    detail::order_release_before_look();
    detail::RingPosition position = memory_.consumer();
    return memory_.at(position, memory_.producer(position)).data == nullptr ? 0 : 1;
  };
  const auto wait = [this](std::chrono::milliseconds rest, std::error_code& error) {
    const auto woken = detail::wait_poll(map_.fd(), *waker_, POLLIN, rest, error);
    if (woken == detail::Woken::failed) error = detail::record(map_, {Operation::poll}, error);
    return woken;
  };
  return detail::consume_or_wait(timeout, *waker_, ec, count, wait,
                                 [this] { return bytes_waiting() != 0; }) != 0;
}

bool RingReader::wait(Timeout timeout) {
  std::error_code ec;
  const bool ready = wait(timeout, ec);
  detail::throw_if(ec);
  return ready;
}

std::error_code RingReader::unusable(Operation operation) const noexcept {
  return detail::record(map_, {operation}, map_ ? detail::kernel_error(-ESTALE) : Errc::no_map);
}

std::error_code RingReader::wrong_size(std::size_t record, std::size_t event) const noexcept {
  return detail::record(map_, {Operation::consume, detail::sized(event), detail::sized(record)},
                        Errc::wrong_record_size);
}

}  // namespace bpfmap::inline v0
