// SPDX-License-Identifier: MIT
// Bytes on the heap. A std::unique_ptr would do, but <memory> takes a quarter of the compile time
// of a typed map's header. Layer 1.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

class HeapBytes {
 public:
  HeapBytes() noexcept = default;
  HeapBytes(HeapBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  HeapBytes& operator=(HeapBytes&& other) noexcept {
    HeapBytes taken{std::move(other)};
    std::swap(bytes_, taken.bytes_);
    return *this;
  }
  ~HeapBytes() { delete[] bytes_; }

  // Replaces the bytes by `size` uninitialised ones; returns false, and keeps the old ones, when
  // there is no memory.
  [[nodiscard]] bool allocate(std::size_t size) noexcept {
    auto* const bytes = new (std::nothrow) std::byte[size];
    if (bytes == nullptr) return false;
    delete[] bytes_;
    bytes_ = bytes;
    return true;
  }
  // Returns nullptr when there are none.
  [[nodiscard]] std::byte* get() const noexcept { return bytes_; }

 private:
  std::byte* bytes_ = nullptr;
};

}  // namespace bpfmap::inline v0::detail
