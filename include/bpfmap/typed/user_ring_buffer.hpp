// SPDX-License-Identifier: MIT
// UserRingBuffer: BPF_MAP_TYPE_USER_RINGBUF, samples for BPF programs. Layer 2.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/typed/detail/events.hpp"

struct user_ring_buffer;  // libbpf's

namespace bpfmap::inline v0 {

/// Writes samples for BPF programs, which take them with bpf_user_ringbuf_drain():
/// BPF_MAP_TYPE_USER_RINGBUF (6.1). Move-only, and empty by default and after a move.
///
///     UserRingBuffer ring{from(skeleton->maps.commands)};
///     if (auto sample = ring.reserve<Command>()) {
///       sample->id = 1;
///       sample->submit();
///     }
///
/// Programs see samples in the order in which they were reserved: one that is neither submitted nor
/// discarded holds up those behind it. reserve() by one thread at a time; samples may be submitted
/// and discarded by any.
class UserRingBuffer {
 public:
  /// Bytes of the buffer's own memory, 8-byte aligned: written where the program reads them.
  /// Discarded on destruction unless submitted. Move-only, empty after a move, submit() and
  /// discard(); must not outlive the UserRingBuffer (which may be moved).
  class ByteSample {
   public:
    ByteSample(ByteSample&& other) noexcept
        : ring_(other.ring_), bytes_(std::exchange(other.bytes_, {})) {}
    ByteSample& operator=(ByteSample&& other) noexcept {
      if (this == &other) return *this;
      discard();
      ring_ = other.ring_;
      bytes_ = std::exchange(other.bytes_, {});
      return *this;
    }
    ~ByteSample() { discard(); }

    /// The sample; what is in it before it is written to is left from earlier samples.
    [[nodiscard]] MutableBytesView bytes() const noexcept { return bytes_; }
    /// Whether it is neither submitted, nor discarded, nor moved from.
    [[nodiscard]] explicit operator bool() const noexcept { return bytes_.data() != nullptr; }
    /// Gives the sample to the program. Nothing happens when it is empty.
    void submit() noexcept;
    /// Takes it back: the program never sees it. Nothing happens when it is empty.
    void discard() noexcept;

   private:
    friend class UserRingBuffer;
    ByteSample(::user_ring_buffer* ring, MutableBytesView bytes) noexcept
        : ring_(ring), bytes_(bytes) {}

    ::user_ring_buffer* ring_;
    MutableBytesView bytes_;
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
  UserRingBuffer() noexcept = default;
  /// Keeps the map and maps its memory. Another type of map is Errc::wrong_map_type, a descriptor
  /// that may only read or only write EACCES.
  explicit UserRingBuffer(Map map);
  UserRingBuffer(Map map, std::error_code& ec) noexcept;

  /// Room for a T; nullopt: there is none until the program has drained some. A T larger than the
  /// buffer, less 8 bytes, is E2BIG. With a `timeout` (negative: for ever) it waits for room, and
  /// gives nullopt when that is over, or on a signal.
  template <class T>
  [[nodiscard]] std::optional<Sample<T>> reserve(std::chrono::milliseconds timeout = {}) {
    check_sample<T>();
    auto sample = reserve(sizeof(T), timeout);
    return sample ? std::optional<Sample<T>>{Sample<T>{*std::move(sample)}} : std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::optional<Sample<T>> reserve(std::chrono::milliseconds timeout,
                                                 std::error_code& ec) noexcept {
    check_sample<T>();
    auto sample = reserve(sizeof(T), timeout, ec);
    return sample ? std::optional<Sample<T>>{Sample<T>{*std::move(sample)}} : std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::optional<Sample<T>> reserve(std::error_code& ec) noexcept {
    return reserve<T>(std::chrono::milliseconds{0}, ec);
  }
  /// The same of `size` bytes.
  [[nodiscard]] std::optional<ByteSample> reserve(std::size_t size,
                                                  std::chrono::milliseconds timeout = {});
  [[nodiscard]] std::optional<ByteSample> reserve(std::size_t size,
                                                  std::chrono::milliseconds timeout,
                                                  std::error_code& ec) noexcept;
  [[nodiscard]] std::optional<ByteSample> reserve(std::size_t size, std::error_code& ec) noexcept {
    return reserve(size, std::chrono::milliseconds{0}, ec);
  }

  /// The Map beneath.
  [[nodiscard]] const Map& map() const noexcept { return map_; }
  /// Whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return ring_ != nullptr; }

 private:
  struct Free {
    void operator()(::user_ring_buffer* ring) const noexcept;
  };
  template <class T>
  static constexpr void check_sample() noexcept {
    static_assert(viewable_as_record<T> && alignof(T) <= 8,
                  "bpfmap: T cannot be a sample. It must be its own layout: trivially copyable, no "
                  "pointer, span or string, without a Codec of its own, and aligned to 8 bytes at "
                  "most. Reserve bytes instead: reserve(size).");
  }
  std::error_code open(Map& map) noexcept;

  Map map_;
  std::unique_ptr<::user_ring_buffer, Free> ring_;
};

}  // namespace bpfmap::inline v0
