// SPDX-License-Identifier: MIT
// How a record gets from libbpf's callback to the caller's, and what stops it. Layer 2.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

/// A type that a record can be: its own layout, as the BPF program wrote it. For one with a Codec
/// of its own take the record as BytesView.
template <class T>
concept viewable_as_record = detail::coded_as_object<T>;

namespace detail {

// Why a callback ended a poll before the buffer was empty. libbpf is C: nothing may fly through it.
struct Stop {
  std::exception_ptr thrown = {};
  const Map* map = nullptr;  // where a record was not as large as the event type
  std::size_t record_size = 0;
  std::size_t event_size = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return thrown || map != nullptr; }

  void refuse(const Map& from, std::size_t record, std::size_t event) noexcept {
    map = &from;
    record_size = record;
    event_size = event;
  }

  // false: `call` has thrown.
  template <class Call>
  [[nodiscard]] bool survives(Call call) noexcept {
#if defined(__cpp_exceptions)
    try {
      call();
      return true;
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
#else
    call();
    return true;
#endif
  }
};

// What became of a poll: throws on what a callback threw, says Errc::wrong_record_size, or neither.
[[nodiscard]] std::error_code outcome(Stop& stop);
[[nodiscard]] std::string explain_stop(const Map& map, const Stop& stop, Operation operation,
                                       const std::error_code& ec);
[[noreturn]] void raise_stop(const Map& map, const Stop& stop, Operation operation,
                             const std::error_code& ec);

// EACCES unless the descriptor may both read and write, as mmap(2) of a ring buffer would say;
// libbpf would print it, too.
[[nodiscard]] std::error_code check_read_write(const Map& map) noexcept;

// For epoll_wait(2), which takes -1 for ever.
[[nodiscard]] int to_epoll_timeout(std::chrono::milliseconds timeout) noexcept;

// A callback on the heap; nullptr, and ENOMEM in `ec`, when there is no memory for it.
template <class Handler, class... Args>
[[nodiscard]] std::unique_ptr<Handler> make_handler(std::error_code& ec, Args&&... args) noexcept {
  ec.clear();
  return without_bad_alloc(ec,
                           [&] { return std::make_unique<Handler>(std::forward<Args>(args)...); });
}

// Calls `call` with the Event at `data`: with the record itself where records are aligned as the
// Event is, otherwise with a copy.
template <class Event, std::size_t alignment, class Call>
void show_event(const void* data, Call call) {
  if constexpr (alignof(Event) <= alignment) {
    call(*static_cast<const Event*>(data));
  } else {
    Event event;
    std::memcpy(static_cast<void*>(&event), data, sizeof event);
    call(std::as_const(event));
  }
}

}  // namespace detail
}  // namespace bpfmap::inline v0
