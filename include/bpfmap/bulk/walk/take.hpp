// SPDX-License-Identifier: MIT
// Take: removes entries from a map, for drains and clear(). Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/walk/walk_engine.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/ownership.hpp"

namespace bpfmap::inline v0::detail {

/// Removes the entries of a whole map, and keeps them until they are handed out.
///
///      in the map ---- advance() ----> left() ---- advance() ----> the current entry
///           ^                            |
///           '-------- put_back() --------'
///
/// Ranges are not supported: it might not be possible to put back entries that the kernel removes
/// beyond a range. Empty after a move.
class Take {
 public:
  Take(Map& map, const ScanOptions& options) noexcept;
  Take(Take&& other) noexcept
      : engine_(std::move(other.engine_)),
        at_(std::exchange(other.at_, 0)),
        next_(std::exchange(other.next_, 0)),
        end_(std::exchange(other.end_, 0)),
        owner_(other.owner_),
        finished_(std::exchange(other.finished_, false)) {}
  // Puts back the remaining entries first.
  Take& operator=(Take&& other) noexcept;
  // Puts back the remaining entries.
  ~Take();

  // Makes the next entry the current one; returns false when there is none, or `ec` is set. Sets or
  // clears `ec`. ESTALE in a child of fork(2) while entries are left.
  bool advance(std::error_code& ec) noexcept;
  // Removes batch after batch and drops them; returns the number of entries.
  std::uint64_t take_all(std::error_code& ec) noexcept;
  [[nodiscard]] BytesView key() const noexcept {
    const std::size_t size = buffer().layout().key;
    return {buffer().keys(0) + at_ * size, size};
  }
  [[nodiscard]] BytesView value() const noexcept {
    const std::size_t size = buffer().layout().value;
    return {buffer().values(0) + at_ * size, size};
  }
  // Starts a new pass with the same memory after the end.
  void resume() noexcept;
  // Does nothing in a child of fork(2): the entries are its parent's.
  std::uint32_t put_back() noexcept;

  [[nodiscard]] std::uint32_t left() const noexcept { return end_ - next_; }
  [[nodiscard]] const ScanStatus& status() const noexcept { return engine_.state().status; }
  [[nodiscard]] const Map& map() const noexcept { return *engine_.state().map; }
  [[nodiscard]] LookupFlags flags() const noexcept { return engine_.state().options.flags; }

 private:
  [[nodiscard]] const WalkBuffer& buffer() const noexcept { return engine_.state().buffer; }

  WalkEngine engine_;
  std::uint32_t at_ = 0;    // the current entry of the batch
  std::uint32_t next_ = 0;  // the first that was not handed out
  std::uint32_t end_ = 0;
  sys::OwnerProcess owner_;  // the process that removed them
  bool finished_ = false;
};

}  // namespace bpfmap::inline v0::detail
