// SPDX-License-Identifier: MIT
// RingBuffer: BPF_MAP_TYPE_RINGBUF, records from BPF programs. Layer 2.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/typed/detail/events.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// A map of a RingBuffer and the callback of its records. libbpf calls `take` with the object.
class RingHandler {
 public:
  using Take = int (*)(void* handler, void* data, std::size_t size);
  RingHandler(Map from, Take how) noexcept : map(std::move(from)), take(how) {}
  RingHandler(const RingHandler&) = delete;
  RingHandler& operator=(const RingHandler&) = delete;
  virtual ~RingHandler() = default;

  Map map;
  Take take;
  Stop* stop = nullptr;
};

template <class Event, class Fn>
class RingHandlerOf final : public RingHandler {
 public:
  RingHandlerOf(Map from, Fn fn) : RingHandler(std::move(from), &take_record), fn_(std::move(fn)) {}

 private:
  static constexpr std::size_t record_alignment = 8;

  // Negative: libbpf takes the record for handled and calls no more.
  static int take_record(void* handler, void* data, std::size_t size) noexcept {
    auto& self = static_cast<RingHandlerOf&>(*static_cast<RingHandler*>(handler));
    if constexpr (std::same_as<Event, BytesView>) {
      const BytesView record{static_cast<const std::byte*>(data), size};
      return self.stop->survives([&] { self.fn_(record); }) ? 0 : -1;
    } else {
      if (size != sizeof(Event)) {
        self.stop->refuse(self.map, size, sizeof(Event));
        return -1;
      }
      return self.stop->survives([&] { show_event<Event, record_alignment>(data, self.fn_); }) ? 0
                                                                                               : -1;
    }
  }

  Fn fn_;
};

struct Rings;

}  // namespace detail

/// Reads the records that BPF programs write to ring buffers: one or several maps of
/// BPF_MAP_TYPE_RINGBUF (5.8), each with its callback. Move-only, and empty by default and after a
/// move.
///
///     RingBuffer ring;
///     ring.for_each<Exec>(from(skeleton->maps.events), [](const Exec& exec) { ... });
///     while (running) ring.poll(std::chrono::seconds{1});
///
/// A program's bpf_ringbuf_reserve() or bpf_ringbuf_output() fails while the buffer is full, and
/// nobody counts what is lost then unless the program does. The records of one map come in the
/// order in which they were reserved; one that is reserved and not yet submitted holds up those
/// behind it. Maps with MapFlags::rb_overwrite are refused (EOPNOTSUPP).
///
/// A callback sees the record in the buffer's own memory, until it returns; nothing is allocated
/// for a record. What a callback throws comes out of poll() and consume(), in both of their forms;
/// its record counts as handled, and those behind it wait for the next call: none is lost, none
/// comes twice. Callbacks must not use the RingBuffer that calls them (EDEADLK), nor destroy or
/// move it. One thread at a time.
class RingBuffer {
 public:
  /// Empty: to be given maps with for_each().
  RingBuffer() noexcept;
  RingBuffer(RingBuffer&& other) noexcept;
  RingBuffer& operator=(RingBuffer&& other) noexcept;
  ~RingBuffer();

  /// Calls `fn(const Event&)` for every record of `map` that poll() and consume() meet, or
  /// `fn(BytesView)` when no Event is named. Keeps the map: `for_each(map.duplicate(), fn)` leaves
  /// the caller an owner of its own. A record that is not as large as the Event is handled without
  /// `fn`, and ends the call in Errc::wrong_record_size.
  ///
  /// Another type of map is Errc::wrong_map_type, a map that is there already EEXIST, a descriptor
  /// that may only read or only write EACCES. Maps the buffer's memory, and adds the descriptor to
  /// an epoll.
  template <class Event = BytesView, class Fn>
  void for_each(Map map, Fn fn) {
    check_callback<Event, Fn>();
    add(std::make_unique<detail::RingHandlerOf<Event, Fn>>(std::move(map), std::move(fn)));
  }
  template <class Event = BytesView, class Fn>
  void for_each(Map map, Fn fn, std::error_code& ec) noexcept {
    check_callback<Event, Fn>();
    using Handler = detail::RingHandlerOf<Event, Fn>;
    if (auto handler = detail::make_handler<Handler>(ec, std::move(map), std::move(fn)))
      add(std::move(handler), ec);
  }

  /// Waits up to `timeout` (negative: for ever) until one of the maps has a record, hands out all
  /// that it has, and says how many: 0 on a timeout, on a signal, or when the first record in line
  /// is reserved and not yet submitted. Errc::no_map when there was no for_each(). With `ec` set
  /// the result is 0, although records may have been handed out before.
  std::size_t poll(std::chrono::milliseconds timeout);
  std::size_t poll(std::chrono::milliseconds timeout, std::error_code& ec);

  /// poll() that neither waits nor asks the kernel: for busy loops, and for records whose program
  /// passed BPF_RB_NO_WAKEUP.
  std::size_t consume();
  std::size_t consume(std::error_code& ec);

  /// A descriptor that is readable (EPOLLIN) while a map has records, for an event loop that then
  /// calls consume(); still owned here, and -1 before the first for_each().
  [[nodiscard]] int epoll_fd() const noexcept;
  /// What the throwing form of `operation`, the last one, would have said of `ec`: for programs
  /// built without exceptions.
  [[nodiscard]] std::string explain(Operation operation, const std::error_code& ec) const;
  /// Whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return epoll_fd() >= 0; }

 private:
  template <class Event, class Fn>
  static constexpr void check_callback() noexcept {
    static_assert(
        std::same_as<Event, BytesView> || viewable_as_record<Event>,
        "bpfmap: Event cannot be a record. It must be its own layout: trivially copyable, "
        "no pointer, span or string, and without a Codec of its own. Take the record as "
        "BytesView instead: for_each(map, fn).");
    static_assert(std::is_invocable_v<Fn&, const Event&>,
                  "bpfmap: the callback must take a const Event&, or a BytesView when for_each is "
                  "called without an Event");
  }
  void add(std::unique_ptr<detail::RingHandler> handler);
  void add(std::unique_ptr<detail::RingHandler> handler, std::error_code& ec) noexcept;
  template <class Call>
  std::size_t run(Call call, std::error_code& ec);
  [[noreturn]] void fail(Operation operation, const std::error_code& ec) const;

  std::unique_ptr<detail::Rings> rings_;
};

}  // namespace bpfmap::inline v0
