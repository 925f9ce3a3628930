// SPDX-License-Identifier: MIT
// PerfBuffer: BPF_MAP_TYPE_PERF_EVENT_ARRAY, records from BPF programs on kernels before 5.8.
// Layer 2.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/typed/detail/events.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// What is called for a record; `take` with the object itself.
class PerfHandler {
 public:
  using Take = bool (*)(PerfHandler& handler, std::uint32_t cpu, BytesView record);
  explicit PerfHandler(Take how) noexcept : take(how) {}
  PerfHandler(const PerfHandler&) = delete;
  PerfHandler& operator=(const PerfHandler&) = delete;
  virtual ~PerfHandler() = default;

  Take take;
  const Map* map = nullptr;
  Stop* stop = nullptr;
};

// The size of the record that the kernel makes of `size` bytes: a u32 stands in front of them, and
// the two are padded to a multiple of 8.
[[nodiscard]] constexpr std::size_t perf_record_size(std::size_t size) noexcept {
  return (size + 4 + 7) / 8 * 8 - 4;
}

template <class Event, class Fn>
class PerfHandlerOf final : public PerfHandler {
 public:
  explicit PerfHandlerOf(Fn fn) : PerfHandler(&take_record), fn_(std::move(fn)) {}

 private:
  static constexpr std::size_t record_alignment = 4;

  void call(std::uint32_t cpu, const Event& event) {
    if constexpr (std::is_invocable_v<Fn&, std::uint32_t, const Event&>)
      fn_(cpu, event);
    else
      fn_(event);
  }
  static bool take_record(PerfHandler& handler, std::uint32_t cpu, BytesView record) {
    auto& self = static_cast<PerfHandlerOf&>(handler);
    if constexpr (std::same_as<Event, BytesView>) {
      return self.stop->survives([&] { self.call(cpu, record); });
    } else {
      if (record.size() != perf_record_size(sizeof(Event))) {
        self.stop->refuse(*self.map, record.size(), sizeof(Event));
        return false;
      }
      return self.stop->survives([&] {
        show_event<Event, record_alignment>(record.data(),
                                            [&](const Event& event) { self.call(cpu, event); });
      });
    }
  }

  Fn fn_;
};

// What is called when records were lost.
class LostHandler {
 public:
  LostHandler() = default;
  LostHandler(const LostHandler&) = delete;
  LostHandler& operator=(const LostHandler&) = delete;
  virtual ~LostHandler() = default;
  virtual void operator()(std::uint32_t cpu, std::uint64_t count) = 0;
};

template <class Fn>
class LostHandlerOf final : public LostHandler {
 public:
  explicit LostHandlerOf(Fn fn) : fn_(std::move(fn)) {}
  void operator()(std::uint32_t cpu, std::uint64_t count) override { fn_(cpu, count); }

 private:
  Fn fn_;
};

struct Perf;

}  // namespace detail

/// Reads the records that BPF programs write with bpf_perf_event_output(): a buffer for each online
/// CPU, behind a map of BPF_MAP_TYPE_PERF_EVENT_ARRAY (4.3). RingBuffer is the better choice from
/// 5.8 on. Move-only, and empty by default and after a move.
///
///     PerfBuffer perf{from(skeleton->maps.events), 8};
///     perf.for_each<Exec>([](std::uint32_t cpu, const Exec& exec) { ... });
///     while (running) perf.poll(std::chrono::seconds{1});
///
/// The kernel pads a record: of n bytes that a program writes, round_up(n + 4, 8) - 4 arrive, up to
/// 7 more. So an Event is known by its size up to padding only, and BytesView shows the padding.
/// The records of one CPU come in order, those of several do not.
///
/// A callback sees the record until it returns; nothing is allocated for one (libbpf's own
/// reassembly of records that wrap around aside). What a callback throws comes out of poll() and
/// consume(), in both of their forms; its record counts as handled, and those behind it wait for
/// the next call: none is lost, none comes twice. Callbacks must not use the PerfBuffer that calls
/// them (EDEADLK), nor destroy or move it. One thread at a time.
class PerfBuffer {
 public:
  /// Empty.
  PerfBuffer() noexcept;
  /// Keeps the map, and puts a buffer of `pages_per_cpu` pages, a power of two (EINVAL), into each
  /// online CPU's slot of it, until this is destroyed. Needs CAP_PERFMON (EACCES). Another type of
  /// map is Errc::wrong_map_type.
  PerfBuffer(Map map, std::size_t pages_per_cpu);
  PerfBuffer(Map map, std::size_t pages_per_cpu, std::error_code& ec) noexcept;
  PerfBuffer(PerfBuffer&& other) noexcept;
  PerfBuffer& operator=(PerfBuffer&& other) noexcept;
  ~PerfBuffer();

  /// Calls `fn(const Event&)` or `fn(cpu, const Event&)` for every record that poll() and consume()
  /// meet, or with a BytesView when no Event is named; takes the place of an earlier callback. A
  /// record that is no Event by its size is handled without `fn`, and ends the call in
  /// Errc::wrong_record_size.
  template <class Event = BytesView, class Fn>
  void for_each(Fn fn) {
    check_callback<Event, Fn>();
    set(std::make_unique<detail::PerfHandlerOf<Event, Fn>>(std::move(fn)));
  }
  template <class Event = BytesView, class Fn>
  void for_each(Fn fn, std::error_code& ec) noexcept {
    check_callback<Event, Fn>();
    if (auto handler = detail::make_handler<detail::PerfHandlerOf<Event, Fn>>(ec, std::move(fn)))
      set(std::move(handler), ec);
  }
  /// Calls `fn(cpu, count)` when a CPU's buffer was full and `count` records were lost: the kernel
  /// tells it with the first record that finds room again.
  template <class Fn>
  void on_lost(Fn fn) {
    check_lost_callback<Fn>();
    set(std::make_unique<detail::LostHandlerOf<Fn>>(std::move(fn)));
  }
  template <class Fn>
  void on_lost(Fn fn, std::error_code& ec) noexcept {
    check_lost_callback<Fn>();
    if (auto handler = detail::make_handler<detail::LostHandlerOf<Fn>>(ec, std::move(fn)))
      set(std::move(handler), ec);
  }
  /// Records lost in all, as far as poll() and consume() have been told.
  [[nodiscard]] std::uint64_t lost() const noexcept;

  /// Hands out all records there are; when there is none, waits up to `timeout` (negative: for
  /// ever) for one. Says how many: 0 on a timeout or on a signal. Errc::no_map when this is empty
  /// or there was no for_each(). With `ec` set the result is 0, although records may have been
  /// handed out before.
  std::size_t poll(std::chrono::milliseconds timeout);
  std::size_t poll(std::chrono::milliseconds timeout, std::error_code& ec);

  /// poll() that does not wait.
  std::size_t consume();
  std::size_t consume(std::error_code& ec);

  /// A descriptor that becomes readable (EPOLLIN) when a record comes, for an event loop that then
  /// calls consume(); still owned here, -1 when empty. The kernel tells of a record once: after an
  /// exception call consume() again without waiting for the descriptor.
  [[nodiscard]] int epoll_fd() const noexcept;
  /// The Map beneath; an empty one when this is empty.
  [[nodiscard]] const Map& map() const noexcept;
  /// What the throwing form of `operation`, the last one, would have said of `ec`: for programs
  /// built without exceptions.
  [[nodiscard]] std::string explain(Operation operation, const std::error_code& ec) const;
  /// Whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return perf_ != nullptr; }

 private:
  template <class Event, class Fn>
  static constexpr void check_callback() noexcept {
    static_assert(
        std::same_as<Event, BytesView> || viewable_as_record<Event>,
        "bpfmap: Event cannot be a record. It must be its own layout: trivially copyable, "
        "no pointer, span or string, and without a Codec of its own. Take the record as "
        "BytesView instead: for_each(fn).");
    static_assert(
        std::is_invocable_v<Fn&, const Event&> ||
            std::is_invocable_v<Fn&, std::uint32_t, const Event&>,
        "bpfmap: the callback must take a const Event&, or a CPU number (std::uint32_t) and "
        "a const Event&; a BytesView when for_each is called without an Event");
  }
  template <class Fn>
  static constexpr void check_lost_callback() noexcept {
    static_assert(std::is_invocable_v<Fn&, std::uint32_t, std::uint64_t>,
                  "bpfmap: the callback must take a CPU number (std::uint32_t) and a number of "
                  "records (std::uint64_t)");
  }
  void set(std::unique_ptr<detail::PerfHandler> handler);
  void set(std::unique_ptr<detail::PerfHandler> handler, std::error_code& ec) noexcept;
  void set(std::unique_ptr<detail::LostHandler> handler);
  void set(std::unique_ptr<detail::LostHandler> handler, std::error_code& ec) noexcept;
  [[noreturn]] void fail(Operation operation, const std::error_code& ec) const;

  std::unique_ptr<detail::Perf> perf_;
};

}  // namespace bpfmap::inline v0
