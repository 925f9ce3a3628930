// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/events.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "../map/explain.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// A size of which only the number is known.
BytesView sized(std::size_t size) noexcept {
  return {static_cast<const std::byte*>(nullptr), size};
}

// The map that it is about.
const Map& stopped(const Map& map, const Stop& stop) noexcept {
  return stop.map != nullptr ? *stop.map : map;
}

// The event type's size stands where another operation's key does.
Attempt attempt(const Stop& stop, Operation operation, const std::error_code& ec) noexcept {
  if (ec != Errc::wrong_record_size) return {operation};
  return {operation, sized(stop.event_size), sized(stop.record_size)};
}

}  // namespace

std::error_code outcome(Stop& stop) {
  if (auto thrown = std::exchange(stop.thrown, nullptr)) std::rethrow_exception(std::move(thrown));
  return stop.map != nullptr ? make_error_code(Errc::wrong_record_size) : std::error_code{};
}

std::string explain_stop(const Map& map, const Stop& stop, Operation operation,
                         const std::error_code& ec) {
  return explain(stopped(map, stop), attempt(stop, operation, ec), ec) + ": " + ec.message();
}

void raise_stop(const Map& map, const Stop& stop, Operation operation, const std::error_code& ec) {
  raise(stopped(map, stop), attempt(stop, operation, ec), ec);
}

std::error_code check_read_write(const Map& map) noexcept {
  const int flags = ::fcntl(map.fd(), F_GETFL);
  if (flags < 0) return kernel_error(-errno);
  return kernel_error((flags & O_ACCMODE) == O_RDWR ? 0 : -EACCES);
}

int to_epoll_timeout(std::chrono::milliseconds timeout) noexcept {
  constexpr std::chrono::milliseconds::rep longest = std::numeric_limits<int>::max();
  return timeout.count() < 0 ? -1 : static_cast<int>(std::min(timeout.count(), longest));
}

}  // namespace bpfmap::inline v0::detail
