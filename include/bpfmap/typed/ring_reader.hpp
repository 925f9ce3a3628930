// SPDX-License-Identifier: MIT
// RingReader: one BPF_MAP_TYPE_RINGBUF map, record by record. Layer 2.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/timeout.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "bpfmap/typed/detail/ring_memory.hpp"
#include "bpfmap/typed/detail/waker.hpp"
#include "bpfmap/typed/record.hpp"

namespace bpfmap::inline v0 {

/// Reads one ring buffer record by record: a map of BPF_MAP_TYPE_RINGBUF (5.8). Move-only; empty by
/// default and after a move.
///
///     RingReader ring{from(skeleton->maps.events)};
///     while (ring.wait(std::chrono::seconds{1}))
///       while (const Exec* exec = ring.next<Exec>()) { ... }
///
/// A record is shown in the buffer's own memory. The following next() or wait(), release() and the
/// destructor release it, which makes room for programs and invalidates the view. To merge rings by
/// time, let one reader per ring hold its next record.
///
/// One thread at a time, except for wake(), close() and closed(). Use one reader at a time per map:
/// two would take each other's records. After fork(2), the child may only destroy its parent's
/// reader (next() and wait() fail with ESTALE); the parent keeps holding its record.
class RingReader {
 public:
  /// Empty.
  RingReader() noexcept = default;
  /// Keeps the map, and maps the buffer's memory. Errors: Errc::wrong_map_type for another type of
  /// map, EACCES for a descriptor that is not both readable and writable, EOPNOTSUPP for a map with
  /// MapFlags::rb_overwrite.
  explicit RingReader(Map map);
  RingReader(Map map, std::error_code& ec) noexcept;
  RingReader(RingReader&& other) noexcept;
  RingReader& operator=(RingReader&& other) noexcept;
  ~RingReader();

  /// Returns the next record; nullopt when there is none, or when it is still being written.
  /// Releases the previous record. Makes no system call. An empty reader is Errc::no_map.
  [[nodiscard]] std::optional<BytesView> next();
  [[nodiscard]] std::optional<BytesView> next(std::error_code& ec) noexcept {
    detail::RingRecord record = step(ec);
    if (record.data == nullptr) return std::nullopt;
    return BytesView{record.data, record.size};
  }
  /// Returns the next record as an Event; nullptr when there is none. A record of another size is
  /// Errc::wrong_record_size, and the next call skips it. For records that begin with an Event, use
  /// next() or next_with_rest().
  template <class Event>
  [[nodiscard]] const Event* next() {
    std::error_code ec;
    const Event* const event = next<Event>(ec);
    detail::throw_if(ec);
    return event;
  }
  template <class Event>
  [[nodiscard]] const Event* next(std::error_code& ec) noexcept {
    check_event<Event>();
    const detail::RingRecord record = step(ec);
    if (record.data == nullptr) return nullptr;
    if (record.size == sizeof(Event)) [[likely]]
      return reinterpret_cast<const Event*>(record.data);
    ec = wrong_size(record.size, sizeof(Event));
    return nullptr;
  }
  /// Returns the next record as an Event and the bytes after it; the pointer is nullptr when there
  /// is none. A record that is smaller than an Event is Errc::wrong_record_size.
  template <class Event>
  [[nodiscard]] std::pair<const Event*, BytesView> next_with_rest() {
    std::error_code ec;
    const auto event = next_with_rest<Event>(ec);
    detail::throw_if(ec);
    return event;
  }
  template <class Event>
  [[nodiscard]] std::pair<const Event*, BytesView> next_with_rest(std::error_code& ec) noexcept {
    check_event<Event>();
    const detail::RingRecord record = step(ec);
    if (record.data == nullptr) return {nullptr, {}};
    if (record.size >= sizeof(Event)) [[likely]]
      return {reinterpret_cast<const Event*>(record.data),
              {record.data + sizeof(Event), record.size - sizeof(Event)}};
    ec = wrong_size(record.size, sizeof(Event));
    return {nullptr, {}};
  }
  /// Releases the current record. Without effect when there is none.
  void release() noexcept {
    if (std::exchange(holds_, false) && memory_.is_ours()) memory_.release(held_);
  }

  /// Releases the current record, and waits up to `timeout` (negative: no limit) for the next.
  /// Returns whether there is one: false after the timeout, after a signal or after wake(). Looks
  /// before it waits, and once more when the timeout ends, so it also finds records that were sent
  /// with BPF_RB_NO_WAKEUP.
  bool wait(Timeout timeout);
  bool wait(Timeout timeout, std::error_code& ec) noexcept;

  /// Ends the wait() that is waiting, or otherwise the next one. Safe in signal handlers and other
  /// threads.
  void wake() const noexcept {
    if (waker_) waker_->wake();
  }
  /// Ends this and every later wait() without waiting; next() continues to work. Safe in signal
  /// handlers and other threads.
  void close() const noexcept {
    if (waker_) waker_->close();
  }
  /// Returns whether close() was called.
  [[nodiscard]] bool closed() const noexcept { return waker_ && waker_->is_closed(); }

  /// Returns the bytes that wait to be read: records with their headers of 8 bytes, including the
  /// current record and those that are not yet submitted.
  [[nodiscard]] std::size_t bytes_waiting() const noexcept {
    return map_ ? memory_.bytes_waiting() : 0;
  }
  /// Returns the capacity of the buffer in bytes.
  [[nodiscard]] std::size_t buffer_size() const noexcept { return map_ ? memory_.size() : 0; }

  /// Returns the underlying Map. Its descriptor is readable (EPOLLIN) while there are unreleased
  /// records: for an event loop, which then calls next() until there is none.
  [[nodiscard]] const Map& map() const noexcept { return map_; }
  /// Returns whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(map_); }

 private:
  template <class Event>
  static constexpr void check_event() noexcept {
    static_assert(detail::check_record<Event>());
    static_assert(viewable_as_record<Event> && alignof(Event) <= 8,
                  "bpfmap: Event cannot be shown in place. It must be its own layout: trivially "
                  "copyable, no pointer, span or string, without a Codec of its own, and aligned "
                  "to 8 bytes at most. Take the record as bytes instead: next().");
  }
  [[nodiscard]] detail::RingRecord step(std::error_code& ec) noexcept {
    if (ec) ec.clear();
    if (!usable()) [[unlikely]] {
      ec = unusable(Operation::consume);
      return {};
    }
    detail::RingPosition position = holds_ ? held_ : memory_.consumer();
    release();
    detail::RingRecord record = memory_.at(position, memory_.producer(position));
    if (record.data == nullptr) {
      detail::order_release_before_look();
      record = memory_.at(position, memory_.producer(position));
      if (record.data == nullptr) return record;
    }
    held_ = position + detail::ring_stride(record.size);
    holds_ = true;
    return record;
  }
  std::error_code open(Map& map) noexcept;
  [[nodiscard]] bool usable() const noexcept { return map_ && memory_.is_ours(); }
  [[gnu::cold]] std::error_code unusable(Operation operation) const noexcept;
  [[gnu::cold]] std::error_code wrong_size(std::size_t record, std::size_t event) const noexcept;

  Map map_;
  detail::RingMemory memory_;
  std::unique_ptr<detail::Waker> waker_;
  detail::RingPosition held_ = 0;  // the position after the current record
  bool holds_ = false;
};

}  // namespace bpfmap::inline v0
