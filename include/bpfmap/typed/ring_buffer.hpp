// SPDX-License-Identifier: MIT
// RingBuffer: callbacks for the records of BPF_MAP_TYPE_RINGBUF maps. Layer 2.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/timeout.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "bpfmap/typed/detail/ring_memory.hpp"
#include "bpfmap/typed/record.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// One map of a RingBuffer, and the loop over its records, which calls the callback directly.
class RingHandler {
 public:
  using Handle = Handled (*)(RingHandler& self, std::size_t max_records);
  RingHandler(Map from, Handle how) noexcept : map(std::move(from)), handle(how) {}
  RingHandler(const RingHandler&) = delete;
  RingHandler& operator=(const RingHandler&) = delete;
  virtual ~RingHandler() = default;

  Map map;
  RingMemory memory;
  RingPosition end = 0;  // of the records that the current call hands out
  Handle handle;
};

template <class Event, class Fn>
class RingHandlerOf final : public RingHandler {
 public:
  template <class Callable>
  RingHandlerOf(Map from, Callable&& fn) noexcept(std::is_nothrow_constructible_v<Fn, Callable>)
      : RingHandler(std::move(from), &handle_records), fn_(std::forward<Callable>(fn)) {}

 private:
  static constexpr std::size_t record_alignment = 8;
  static constexpr bool takes_bytes = std::same_as<Event, BytesView>;
  static constexpr bool takes_rest = !takes_bytes && !callable_with<Fn, const Event&>;

  static bool fits(std::size_t size) noexcept {
    if constexpr (takes_bytes) return true;
    return takes_rest ? size >= sizeof(Event) : size == sizeof(Event);
  }
  bool show(const RingRecord& record) {
    if constexpr (takes_bytes) {
      return go_on(fn_, BytesView{record.data, record.size});
    } else {
      return show_event<Event, record_alignment>(record.data, [&](const Event& event) {
        if constexpr (takes_rest)
          return go_on(fn_, event,
                       BytesView{record.data + sizeof(Event), record.size - sizeof(Event)});
        else
          return go_on(fn_, event);
      });
    }
  }
  static Handled handle_records(RingHandler& base, std::size_t max_records) {
    auto& self = static_cast<RingHandlerOf&>(base);
    const RingMemory& memory = self.memory;
    RingPosition position = memory.consumer();
    for (std::size_t records = 0; records != max_records;) {
      const RingRecord record = memory.at(position, self.end);
      if (record.data == nullptr) return {records};
      position += ring_stride(record.size);
      const ReleaseRecord release{memory, position};
      if (!fits(record.size)) [[unlikely]]
        return {records, Handled::End::wrong_size, record.size, sizeof(Event)};
      ++records;
      if (!self.show(record)) return {records, Handled::End::stopped};
    }
    return {max_records};
  }

  Fn fn_;
};

struct Rings;

}  // namespace detail

/// Calls a callback for every record that BPF programs write to ring buffers: one or several maps
/// of BPF_MAP_TYPE_RINGBUF (5.8). Move-only; empty by default and after a move.
///
///     RingBuffer ring;
///     ring.for_each<Exec>(from(skeleton->maps.events), [](const Exec& exec) { ... });
///     while (!ring.closed()) ring.poll(std::chrono::seconds{1});
///
/// RingReader reads one ring buffer record by record, without callbacks.
///
/// The records of one map arrive in the order in which they were reserved; a record that is
/// reserved and not yet submitted holds up those after it. While the buffer is full, a program's
/// bpf_ringbuf_reserve() and bpf_ringbuf_output() fail; the kernel does not count lost records.
///
/// A callback sees the record in the buffer's own memory until it returns. No record is copied
/// (unless the Event's alignment exceeds 8) and nothing is allocated per record. The RingBuffer
/// calls the callback in place, so it may be move-only and may have state. It may return a bool,
/// where false stops the call, or an int, where a negative number stops it; the record counts as
/// handled. Both forms of poll() and consume() let an exception through; its record counts as
/// handled, too, and those after it wait for the next call. Callbacks must not use the RingBuffer
/// that calls them (EDEADLK), except to wake() or close() it.
///
/// One thread at a time, except for wake(), close() and closed(). After fork(2), the child may only
/// destroy its parent's RingBuffer, without effect on the parent: poll(), consume(), for_each() and
/// remove() fail with ESTALE, wake() and close() do nothing.
class RingBuffer {
 public:
  /// Makes an empty RingBuffer; for_each() adds maps.
  RingBuffer() noexcept;
  RingBuffer(RingBuffer&& other) noexcept;
  RingBuffer& operator=(RingBuffer&& other) noexcept;
  ~RingBuffer();

  /// Adds a map and the callback for its records: `fn(const Event&)` for records of exactly
  /// sizeof(Event) bytes, `fn(const Event&, BytesView rest)` for records that begin with an Event,
  /// or `fn(BytesView)` when no Event is given. Takes ownership of the map; with
  /// `for_each(map.duplicate(), fn)`, the caller keeps its own. A record of another size ends the
  /// call with Errc::wrong_record_size, and is then skipped. Both forms let through an exception
  /// that copying `fn` throws; the map is then not added.
  ///
  /// Call it at any time except from a callback. Errors: Errc::wrong_map_type for another type of
  /// map, EEXIST for a map that was already added, EACCES for a descriptor that is not both
  /// readable and writable, EOPNOTSUPP for a map with MapFlags::rb_overwrite.
  template <class Event = BytesView, class Fn>
  void for_each(Map map, Fn&& fn) {
    std::error_code ec;
    for_each<Event>(std::move(map), std::forward<Fn>(fn), ec);
    detail::throw_if(ec);
  }
  template <class Event = BytesView, class Fn>
  void for_each(Map map, Fn&& fn, std::error_code& ec) noexcept(
      std::is_nothrow_constructible_v<std::decay_t<Fn>, Fn>) {
    using Callback = std::decay_t<Fn>;
    check_callback<Event, Callback>();
    using Handler = detail::RingHandlerOf<Event, Callback>;
    add(detail::make_handler<Handler>(ec, std::move(map), std::forward<Fn>(fn)), ec);
  }
  /// Removes a map and its callback; unread records stay in the map. Returns false when the map was
  /// not added.
  bool remove(const Map& map);
  bool remove(const Map& map, std::error_code& ec) noexcept;

  /// Hands out the records that are there, at most `max_records`; when there are none, waits up to
  /// `timeout` (negative: no limit) for some. Returns how many were handed out: 0 after the
  /// timeout, after a signal or after wake(). Reads before it waits, and once more when the timeout
  /// ends, so it also finds records that were sent with BPF_RB_NO_WAKEUP.
  ///
  /// A call ends even if programs write as fast as it reads: it hands out the records that were
  /// there when it looked. It serves all maps fairly within `max_records`. Without a map:
  /// Errc::no_map. With `ec` set, the records that were handed out before the failure are counted.
  std::size_t poll(Timeout timeout, std::size_t max_records = all_records);
  std::size_t poll(Timeout timeout, std::error_code& ec) { return poll(timeout, all_records, ec); }
  std::size_t poll(Timeout timeout, std::size_t max_records, std::error_code& ec);

  /// As poll(), but neither waits nor calls the kernel. When it returns 0, any record submitted
  /// later makes epoll_fd() readable.
  std::size_t consume(std::size_t max_records = all_records);
  std::size_t consume(std::error_code& ec) { return consume(all_records, ec); }
  std::size_t consume(std::size_t max_records, std::error_code& ec);

  /// Ends the poll() that is waiting, or otherwise the next one, which hands out the records that
  /// are there. Safe in signal handlers and other threads. Without effect while no map was added.
  void wake() const noexcept;
  /// Ends this and every later poll() without waiting, as wake() does once. Safe in signal handlers
  /// and other threads. Without effect while no map was added.
  void close() const noexcept;
  /// Returns whether close() was called.
  [[nodiscard]] bool closed() const noexcept;

  /// Returns the bytes in all maps that wait to be read: records with their headers of 8 bytes,
  /// including records that are not yet submitted.
  [[nodiscard]] std::size_t bytes_waiting() const noexcept;
  /// Returns the capacity of all maps' buffers in bytes.
  [[nodiscard]] std::size_t buffer_size() const noexcept;

  /// Returns a descriptor that is readable (EPOLLIN) while a map has records, and after wake(): for
  /// an event loop, which then calls consume(). The RingBuffer keeps the descriptor; -1 without a
  /// map. An edge-triggered loop (EPOLLET) calls consume() until it returns 0, and once before it
  /// waits for the first time.
  [[nodiscard]] int epoll_fd() const noexcept;
  /// Returns whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept;

 private:
  template <class Event, class Fn>
  static constexpr void check_callback() noexcept {
    static_assert(detail::check_record<Event>());
    static_assert(
        std::same_as<Event, BytesView> || viewable_as_record<Event>,
        "bpfmap: Event cannot be a record. It must be its own layout: trivially copyable, "
        "no pointer, span or string, and without a Codec of its own. Take the record as "
        "BytesView instead: for_each(map, fn).");
    static_assert(
        detail::callable_with<Fn, const Event&> ||
            (!std::same_as<Event, BytesView> && detail::callable_with<Fn, const Event&, BytesView>),
        "bpfmap: the callback must take a const Event&, a const Event& and the rest of "
        "the record as a BytesView, or a BytesView when for_each is called without an "
        "Event");
  }
  void add(std::unique_ptr<detail::RingHandler> handler, std::error_code& ec) noexcept;
  std::size_t run(std::size_t max_records, Operation operation, std::error_code& ec);

  std::unique_ptr<detail::Rings> rings_;
};

}  // namespace bpfmap::inline v0
