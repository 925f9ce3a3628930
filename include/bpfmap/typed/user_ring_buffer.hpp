// SPDX-License-Identifier: MIT
// UserRingBuffer: BPF_MAP_TYPE_USER_RINGBUF, samples for BPF programs. Layer 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/timeout.hpp"
#include "bpfmap/sys/ownership.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "bpfmap/typed/record.hpp"

namespace bpfmap::inline v0 {
namespace detail {
struct UserRing;
}  // namespace detail

/// Writes samples for BPF programs, which read them with bpf_user_ringbuf_drain(): a map of
/// BPF_MAP_TYPE_USER_RINGBUF (6.1). Move-only; empty by default and after a move.
///
///     UserRingBuffer ring{from(skeleton->maps.commands)};
///     if (auto sample = ring.reserve<Command>()) {
///       (*sample)->id = 1;
///       sample->submit();
///     }
///
/// Programs see samples in the order in which they were reserved: one that is neither submitted nor
/// discarded holds up those after it. One thread at a time may call reserve(); any thread may
/// submit and discard samples, and call wake(), close(), closed() and bytes_waiting(). Use one
/// UserRingBuffer at a time per map. After fork(2), the child may only destroy its parent's
/// UserRingBuffer and samples (reserve() and wait_until_drained() fail with ESTALE); the parent's
/// samples stay reserved.
class UserRingBuffer {
 public:
  /// A sample in the buffer's own memory, aligned to 8 bytes: it is written where the program reads
  /// it. The destructor discards it unless it was submitted. Move-only; empty after a move,
  /// submit() and discard(). Must not outlive the UserRingBuffer, which may be moved.
  class ByteSample {
   public:
    ByteSample(ByteSample&& other) noexcept
        : bytes_(std::exchange(other.bytes_, {})), process_(other.process_) {}
    ByteSample& operator=(ByteSample&& other) noexcept {
      if (this == &other) return *this;
      discard();
      bytes_ = std::exchange(other.bytes_, {});
      process_ = other.process_;
      return *this;
    }
    ~ByteSample() { discard(); }

    /// Returns the bytes of the sample. They hold data of earlier samples until they are written.
    [[nodiscard]] MutableBytesView bytes() const noexcept { return bytes_; }
    /// Returns whether the sample is still reserved: not submitted, discarded or moved from.
    [[nodiscard]] explicit operator bool() const noexcept { return bytes_.data() != nullptr; }
    /// Makes the sample visible to the program. Without effect when the sample is empty, or when a
    /// forked child inherited it.
    void submit() noexcept;
    /// Drops the sample; the program never sees it. Without effect as above.
    void discard() noexcept;

   private:
    friend class UserRingBuffer;
    ByteSample(MutableBytesView bytes, sys::OwnerProcess process) noexcept
        : bytes_(bytes), process_(process) {}
    void commit(std::uint32_t bits) noexcept;

    MutableBytesView bytes_;
    sys::OwnerProcess process_;
  };

  /// A ByteSample that is a T, value-initialised.
  template <class T>
  class Sample : public ByteSample {
   public:
    [[nodiscard]] T& operator*() const noexcept {
      return *std::launder(reinterpret_cast<T*>(bytes().data()));
    }
    [[nodiscard]] T* operator->() const noexcept { return &**this; }

   private:
    friend class UserRingBuffer;
    explicit Sample(ByteSample sample) noexcept : ByteSample(std::move(sample)) {
      ::new (static_cast<void*>(bytes().data())) T{};
    }
  };

  /// Empty.
  UserRingBuffer() noexcept;
  /// Keeps the map, and maps the buffer's memory. Errors: Errc::wrong_map_type for another type of
  /// map, EACCES for a descriptor that is not both readable and writable.
  explicit UserRingBuffer(Map map);
  UserRingBuffer(Map map, std::error_code& ec) noexcept;
  UserRingBuffer(UserRingBuffer&& other) noexcept;
  UserRingBuffer& operator=(UserRingBuffer&& other) noexcept;
  ~UserRingBuffer();

  /// Reserves room for a T, which is value-initialised there; returns nullopt when there is no room
  /// until the program drains samples. With a `timeout` (negative: no limit), waits for room:
  /// nullopt after the timeout, after a signal or after wake(). A T that never fits, because it is
  /// larger than the buffer minus 8 bytes or than 16 MiB minus 1 byte, is E2BIG.
  template <class T>
  [[nodiscard]] std::optional<Sample<T>> reserve(Timeout timeout = {}) {
    check_sample<T>();
    auto sample = reserve(sizeof(T), timeout);
    return sample ? std::optional<Sample<T>>{Sample<T>{*std::move(sample)}} : std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::optional<Sample<T>> reserve(Timeout timeout, std::error_code& ec) noexcept {
    check_sample<T>();
    auto sample = reserve(sizeof(T), timeout, ec);
    return sample ? std::optional<Sample<T>>{Sample<T>{*std::move(sample)}} : std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::optional<Sample<T>> reserve(std::error_code& ec) noexcept {
    return reserve<T>(Timeout{}, ec);
  }
  /// Reserves `size` bytes, as reserve<T>() does.
  [[nodiscard]] std::optional<ByteSample> reserve(std::size_t size, Timeout timeout = {});
  [[nodiscard]] std::optional<ByteSample> reserve(std::size_t size, Timeout timeout,
                                                  std::error_code& ec) noexcept;
  [[nodiscard]] std::optional<ByteSample> reserve(std::size_t size, std::error_code& ec) noexcept {
    return reserve(size, Timeout{}, ec);
  }

  /// Waits up to `timeout` (negative: no limit) until programs have drained every sample, and
  /// returns whether they have: false after the timeout, after a signal or after wake(). A drain
  /// with BPF_RB_NO_WAKEUP is noticed only when the timeout ends.
  bool wait_until_drained(Timeout timeout);
  bool wait_until_drained(Timeout timeout, std::error_code& ec) noexcept;

  /// Ends the reserve() or wait_until_drained() that is waiting, or otherwise the next one that
  /// would wait. Safe in signal handlers and other threads.
  void wake() const noexcept;
  /// Ends the wait of reserve() or wait_until_drained(), and every later one at once. Safe in
  /// signal handlers and other threads.
  void close() const noexcept;
  /// Returns whether close() was called.
  [[nodiscard]] bool closed() const noexcept;

  /// Returns the bytes that programs have not drained yet: samples with their headers of 8 bytes,
  /// including samples that are not yet submitted.
  [[nodiscard]] std::size_t bytes_waiting() const noexcept;
  /// Returns the capacity of the buffer in bytes.
  [[nodiscard]] std::size_t buffer_size() const noexcept;

  /// Returns a descriptor that becomes readable (EPOLLIN) when a program has drained samples, and
  /// after wake(): for an event loop. The UserRingBuffer keeps the descriptor; -1 when empty.
  [[nodiscard]] int epoll_fd() const noexcept;
  /// Returns the underlying Map; an empty one when this is empty.
  [[nodiscard]] const Map& map() const noexcept { return map_; }
  /// Returns whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return ring_ != nullptr; }

 private:
  template <class T>
  static constexpr void check_sample() noexcept {
    static_assert(std::is_nothrow_default_constructible_v<T>,
                  "bpfmap: T cannot be a sample: its default constructor must be noexcept. Reserve "
                  "bytes instead: reserve(size).");
    static_assert(detail::check_record<T>());
    static_assert(viewable_as_record<T> && alignof(T) <= 8,
                  "bpfmap: T cannot be a sample. It must be its own layout: trivially copyable, no "
                  "pointer, span or string, without a Codec of its own, and aligned to 8 bytes at "
                  "most. Reserve bytes instead: reserve(size).");
  }
  std::error_code open(Map& map) noexcept;
  [[nodiscard]] std::error_code check_usable() const noexcept;
  template <class Done>
  bool wait(Timeout timeout, std::error_code& ec, Done done) const noexcept;
  [[nodiscard]] std::error_code fail(std::error_code ec, std::size_t size = 0) const noexcept;

  Map map_;
  std::unique_ptr<detail::UserRing> ring_;
};

}  // namespace bpfmap::inline v0
