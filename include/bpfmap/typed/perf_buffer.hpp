// SPDX-License-Identifier: MIT
// PerfBuffer: callbacks for the records that BPF programs write to a BPF_MAP_TYPE_PERF_EVENT_ARRAY,
// for kernels before 5.8. Layer 2.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/timeout.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "bpfmap/typed/detail/perf_handlers.hpp"
#include "bpfmap/typed/record.hpp"

namespace bpfmap::inline v0 {
namespace detail {
struct Perf;
}  // namespace detail

/// Options of a PerfBuffer.
struct PerfBufferOptions {
  /// Pages of each CPU's buffer, a power of two.
  std::size_t pages_per_cpu = 8;
  /// The number of records after which the kernel wakes poll() and epoll_fd(); 0: never. poll()
  /// reads fewer records than that only when its timeout ends.
  std::uint32_t wakeup_events = 1;
  /// Unless 0, the number of bytes after which the kernel wakes them, instead of wakeup_events.
  std::uint32_t wakeup_bytes = 0;
  /// The CPUs that get a buffer; empty: all online CPUs.
  std::vector<std::uint32_t> cpus = {};
  /// New records overwrite the oldest (4.7), as in a flight recorder. A call then shows the newest
  /// record first, and pauses a CPU's buffer while reading it.
  bool overwrite = false;
  /// Replaces another reader, which then gets no more records. The destructor of the other reader
  /// also stops the records of this one, so destroy it first if you can. false: a second reader is
  /// refused (EBUSY).
  bool replace = false;
};

/// Calls a callback for every record that BPF programs write with bpf_perf_event_output(): one
/// buffer per CPU, in the slots of a map of BPF_MAP_TYPE_PERF_EVENT_ARRAY (4.3). On Linux 5.8 and
/// later, prefer RingBuffer. Move-only; empty by default and after a move.
///
///     PerfBuffer perf{from(skeleton->maps.events), 8};
///     perf.for_each<Exec>([](std::uint32_t cpu, const Exec& exec) { ... });
///     while (!perf.closed()) perf.poll(std::chrono::seconds{1});
///
/// The kernel pads a record: when a program writes n bytes, round_up(n + 4, 8) - 4 bytes arrive, up
/// to 7 more. An Event is therefore recognised by its padded size, and a BytesView includes the
/// padding. The records of one CPU arrive in order, those of several do not.
///
/// A record is valid until the callback returns; nothing is allocated per record. The PerfBuffer
/// calls the callback in place, so it may be move-only and may have state. It may return a bool,
/// where false stops the call, or an int, where a negative number stops it; the record counts as
/// handled. Both forms of poll() and consume() let an exception through; its record counts as
/// handled, too, and those after it wait for the next call. Callbacks must not use the PerfBuffer
/// that calls them (EDEADLK), except to wake() or close() it.
///
/// One thread at a time, except for wake(), close() and closed(). After fork(2), the child may only
/// destroy its parent's PerfBuffer (poll() and consume() fail with ESTALE); the parent's continues.
class PerfBuffer {
 public:
  /// Empty.
  PerfBuffer() noexcept;
  /// Keeps the map, and puts a buffer into the slot of each chosen CPU until the PerfBuffer is
  /// destroyed. Needs CAP_PERFMON (EACCES).
  ///
  /// Errors: Errc::wrong_map_type for another type of map; for the number of pages, EINVAL unless
  /// it is a power of two, ENOMEM when it does not fit into memory, and EPERM when it exceeds
  /// kernel.perf_event_mlock_kb and RLIMIT_MEMLOCK without CAP_IPC_LOCK; Errc::index_out_of_range
  /// for a CPU without a slot in the map; Errc::no_such_cpu for a CPU that does not exist, and
  /// ENODEV for one that is offline; Errc::no_cpu_list when the list of online CPUs is needed and
  /// cannot be read; EBUSY for a slot that another reader uses, if the kernel reports it (5.10,
  /// CAP_BPF).
  PerfBuffer(Map map, const PerfBufferOptions& options);
  PerfBuffer(Map map, const PerfBufferOptions& options, std::error_code& ec) noexcept;
  PerfBuffer(Map map, std::size_t pages_per_cpu)
      : PerfBuffer(std::move(map), PerfBufferOptions{.pages_per_cpu = pages_per_cpu}) {}
  PerfBuffer(Map map, std::size_t pages_per_cpu, std::error_code& ec) noexcept
      : PerfBuffer(std::move(map), PerfBufferOptions{.pages_per_cpu = pages_per_cpu}, ec) {}
  PerfBuffer(PerfBuffer&& other) noexcept;
  PerfBuffer& operator=(PerfBuffer&& other) noexcept;
  ~PerfBuffer();

  /// Sets the callback for the records, replacing any earlier one: `fn(const Event&)` or `fn(cpu,
  /// const Event&)` for records of an Event's size, the same with a trailing `BytesView rest` for
  /// records that begin with an Event, or with only a BytesView when no Event is given. A record of
  /// another size ends the call with Errc::wrong_record_size, and is then skipped. Both forms let
  /// through an exception that copying `fn` throws; the earlier callback then stays.
  template <class Event = BytesView, class Fn>
  void for_each(Fn&& fn) {
    std::error_code ec;
    for_each<Event>(std::forward<Fn>(fn), ec);
    detail::throw_if(ec);
  }
  template <class Event = BytesView, class Fn>
  void for_each(Fn&& fn, std::error_code& ec) noexcept(
      std::is_nothrow_constructible_v<std::decay_t<Fn>, Fn>) {
    using Callback = std::decay_t<Fn>;
    check_callback<Event, Callback>();
    using Handler = detail::PerfHandlerOf<Event, Callback>;
    set(detail::make_handler<Handler>(ec, std::forward<Fn>(fn)), ec);
  }
  /// Sets a callback `fn(cpu, count)` for lost records: a CPU's buffer was full, or paused. The
  /// kernel reports them with the first record that finds room again.
  template <class Fn>
  void on_lost(Fn&& fn) {
    std::error_code ec;
    on_lost(std::forward<Fn>(fn), ec);
    detail::throw_if(ec);
  }
  template <class Fn>
  void on_lost(Fn&& fn, std::error_code& ec) noexcept(
      std::is_nothrow_constructible_v<std::decay_t<Fn>, Fn>) {
    using Callback = std::decay_t<Fn>;
    static_assert(detail::callable_with<Callback, std::uint32_t, std::uint64_t>,
                  "bpfmap: the callback must take a CPU number (std::uint32_t) and a number of "
                  "records (std::uint64_t)");
    set(detail::make_handler<detail::LostHandlerOf<Callback>>(ec, std::forward<Fn>(fn)), ec);
  }
  /// Returns the total number of lost records, as far as poll() and consume() have read the
  /// kernel's reports.
  [[nodiscard]] std::uint64_t lost() const noexcept;

  /// Hands out the records that are there, at most `max_records`; when there are none, waits up to
  /// `timeout` (negative: no limit) for some. Returns how many were handed out: 0 after the
  /// timeout, after a signal or after wake(). Reads before it waits, and once more when the timeout
  /// ends. One call hands out the records that were there when it looked, and serves all CPUs
  /// fairly within `max_records`. An empty PerfBuffer, or one without for_each(), is Errc::no_map.
  /// With `ec` set, the records that were handed out before the failure are counted.
  std::size_t poll(Timeout timeout, std::size_t max_records = all_records);
  std::size_t poll(Timeout timeout, std::error_code& ec) { return poll(timeout, all_records, ec); }
  std::size_t poll(Timeout timeout, std::size_t max_records, std::error_code& ec);

  /// As poll(), but does not wait.
  std::size_t consume(std::size_t max_records = all_records);
  std::size_t consume(std::error_code& ec) { return consume(all_records, ec); }
  std::size_t consume(std::size_t max_records, std::error_code& ec);

  /// Ends the poll() that is waiting, or otherwise the next one, which hands out the records that
  /// are there. Safe in signal handlers and other threads. Without effect when empty.
  void wake() const noexcept;
  /// Ends this and every later poll() without waiting, as wake() does once. Safe in signal handlers
  /// and other threads. Without effect when empty.
  void close() const noexcept;
  /// Returns whether close() was called.
  [[nodiscard]] bool closed() const noexcept;

  /// Stops the output to all buffers (PERF_EVENT_IOC_PAUSE_OUTPUT, 4.7): programs get ENOSPC, and
  /// records already written can still be read.
  void pause();
  void pause(std::error_code& ec) noexcept;
  /// Resumes the output.
  void resume();
  void resume(std::error_code& ec) noexcept;

  /// Returns the CPUs that have a buffer, ascending; none when this is empty.
  [[nodiscard]] std::vector<std::uint32_t> cpus() const;
  /// As above; empty when `ec` is set. ENOMEM: out of memory.
  [[nodiscard]] std::vector<std::uint32_t> cpus(std::error_code& ec) const noexcept;
  /// Returns the online CPUs where programs find no buffer and records are lost, ascending: they
  /// came online later, went offline and came back, or were not chosen. Errors: Errc::no_cpu_list.
  [[nodiscard]] std::vector<std::uint32_t> cpus_without_buffer() const;
  [[nodiscard]] std::vector<std::uint32_t> cpus_without_buffer(std::error_code& ec) const noexcept;
  /// Adds a buffer for each of cpus_without_buffer(), and returns how many it added. Fails as the
  /// constructor does; existing buffers stay. The buffer that a CPU had before it went offline
  /// stays until its records are read.
  std::size_t add_online_cpus();
  std::size_t add_online_cpus(std::error_code& ec) noexcept;

  /// Returns the bytes in all CPUs' buffers that wait to be read, including headers; 0 with
  /// PerfBufferOptions::overwrite.
  [[nodiscard]] std::size_t bytes_waiting() const noexcept;
  /// Returns the capacity of all CPUs' buffers in bytes.
  [[nodiscard]] std::size_t buffer_size() const noexcept;

  /// Returns a descriptor that becomes readable (EPOLLIN) when records arrive, and after wake():
  /// for an event loop, which then calls consume(). It stays readable while a limit, a stop or an
  /// exception has left records unread; the kernel itself reports new records once. The PerfBuffer
  /// keeps the descriptor; -1 when empty. An edge-triggered loop (EPOLLET) calls consume() until it
  /// returns 0, and once before it waits for the first time.
  [[nodiscard]] int epoll_fd() const noexcept;
  /// Returns the underlying Map; an empty one when this is empty.
  [[nodiscard]] const Map& map() const noexcept { return map_; }
  /// Returns whether there is a map and its buffers.
  [[nodiscard]] explicit operator bool() const noexcept { return perf_ != nullptr; }

 private:
  template <class Event, class Fn>
  static constexpr void check_callback() noexcept {
    static_assert(detail::check_record<Event>());
    static_assert(
        std::same_as<Event, BytesView> || viewable_as_record<Event>,
        "bpfmap: Event cannot be a record. It must be its own layout: trivially copyable, "
        "no pointer, span or string, and without a Codec of its own. Take the record as "
        "BytesView instead: for_each(fn).");
    static_assert(detail::callable_with<Fn, const Event&> ||
                      detail::callable_with<Fn, std::uint32_t, const Event&> ||
                      (!std::same_as<Event, BytesView> &&
                       (detail::callable_with<Fn, const Event&, BytesView> ||
                        detail::callable_with<Fn, std::uint32_t, const Event&, BytesView>)),
                  "bpfmap: the callback must take a const Event&, perhaps with a CPU number "
                  "(std::uint32_t) before it and the rest of the record as a BytesView after it; "
                  "or a BytesView when for_each is called without an Event");
  }
  void set(std::unique_ptr<detail::PerfHandler> handler, std::error_code& ec) noexcept;
  void set(std::unique_ptr<detail::LostHandler> handler, std::error_code& ec) noexcept;
  [[nodiscard]] std::error_code check_usable() const noexcept;
  [[nodiscard]] std::error_code fail(Operation operation, std::error_code ec) const noexcept;
  std::error_code pause_output(bool paused) noexcept;
  std::size_t run(std::size_t max_records, Operation operation, std::error_code& ec);

  Map map_;
  std::unique_ptr<detail::Perf> perf_;
};

}  // namespace bpfmap::inline v0
