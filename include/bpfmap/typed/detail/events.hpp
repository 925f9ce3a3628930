// SPDX-License-Identifier: MIT
// Shared by the readers of records: the calls of callbacks, and objects on the heap. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

// How a call over the records of one ring ended.
struct Handled {
  enum class End : unsigned char { none_left, stopped, wrong_size };
  std::size_t records = 0;
  End end = End::none_left;
  // With End::wrong_size.
  std::size_t record_size = 0;
  std::size_t event_size = 0;
};

template <class Fn, class... Args>
concept callable_with = requires(Fn& fn, Args&&... args) { fn(std::forward<Args>(args)...); };

// Calls `fn` in place; returns whether the reader continues.
template <class Fn, class... Args>
bool go_on(Fn& fn, Args&&... args) {
  using Result = decltype(fn(std::forward<Args>(args)...));
  static_assert(
      std::is_void_v<Result> || std::same_as<Result, bool> || std::signed_integral<Result>,
      "bpfmap: the callback must return nothing, a bool (false stops), or an int (a negative one "
      "stops)");
  if constexpr (std::is_void_v<Result>) {
    fn(std::forward<Args>(args)...);
    return true;
  } else if constexpr (std::same_as<Result, bool>) {
    return fn(std::forward<Args>(args)...);
  } else {
    return fn(std::forward<Args>(args)...) >= 0;
  }
}

// Calls `call` with the Event at `data`: with the record itself where records are aligned as the
// Event is, otherwise with a copy.
template <class Event, std::size_t alignment, class Call>
bool show_event(const std::byte* data, Call call) {
  if constexpr (alignof(Event) <= alignment) {
    return call(*reinterpret_cast<const Event*>(data));
  } else {
    alignas(Event) std::array<std::byte, sizeof(Event)> copy;
    std::memcpy(copy.data(), data, sizeof(Event));
    return call(*reinterpret_cast<const Event*>(copy.data()));
  }
}

// Sets a flag for one scope: a callback must not use the reader that calls it.
class Running {
 public:
  explicit Running(bool& flag) noexcept : flag_(flag) { flag_ = true; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { flag_ = false; }

 private:
  bool& flag_;
};

// Returns EACCES unless the descriptor may both read and write, as mmap(2) of a ring buffer would.
[[nodiscard]] std::error_code check_read_write(const Map& map) noexcept;

// For epoll_wait(2), for which -1 means no limit.
[[nodiscard]] int to_epoll_timeout(std::chrono::milliseconds timeout) noexcept;

// Makes an object on the heap; returns nullptr, with ENOMEM in `ec`, when memory runs out.
template <class T, class... Args>
[[nodiscard]] std::unique_ptr<T> make_object(std::error_code& ec, Args&&... args) noexcept {
  ec.clear();
  return without_bad_alloc(ec, [&] { return std::make_unique<T>(std::forward<Args>(args)...); });
}

// As above for a handler, whose callback may throw when it is copied.
template <class Handler, class... Args>
[[nodiscard]] std::unique_ptr<Handler> make_handler(std::error_code& ec, Args&&... args) noexcept(
    std::is_nothrow_constructible_v<Handler, Args...>) {
  std::unique_ptr<Handler> handler{new (std::nothrow) Handler(std::forward<Args>(args)...)};
  ec = kernel_error(handler == nullptr ? -ENOMEM : 0);
  return handler;
}

}  // namespace bpfmap::inline v0::detail
