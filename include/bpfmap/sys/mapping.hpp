// SPDX-License-Identifier: MIT
// The owner of one mapping of memory. Layer 0: includes nothing above.
#pragma once

#include <cstddef>
#include <utility>

namespace bpfmap::inline v0::sys {

/// Owns memory of mmap(2) and unmaps it once; move-only, and empty by default and after a move.
class Mapping {
 public:
  Mapping() noexcept = default;
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    unmap();
    address_ = std::exchange(other.address_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  ~Mapping() { unmap(); }

  /// Maps `size` bytes of `fd`, shared, from its beginning. `address` is where, or nullptr for
  /// anywhere. Empty with errno set on failure; EEXIST: `address` is taken.
  [[nodiscard]] static Mapping of(int fd, std::size_t size, bool writable,
                                  void* address = nullptr) noexcept;

  [[nodiscard]] std::byte* data() const noexcept { return address_; }
  /// Bytes, as many as were asked for; the kernel rounds them up to whole pages.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] explicit operator bool() const noexcept { return address_ != nullptr; }

 private:
  void unmap() noexcept;

  std::byte* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bpfmap::inline v0::sys
