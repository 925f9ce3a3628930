// SPDX-License-Identifier: MIT
// The results of a lookup of many keys, where the kernel's program wrote them. Above bulk/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfmap/in_kernel/detail/key_batches.hpp"

namespace bpfmap::inline v0 {

/// What InKernel::lookup_batch() found, in the order of the keys: a view of the handle's memory,
/// valid until the handle's next operation. M is the typed map.
template <class M>
class LookupView {
 public:
  /// Empty.
  LookupView() noexcept = default;
  LookupView(const detail::EntryEngine& engine, std::size_t size, std::size_t found) noexcept
      : results_(engine.results()),
        values_(engine.value(0)),
        result_stride_(engine.result_stride()),
        value_stride_(engine.value_stride()),
        size_(size),
        found_(found) {}

  /// Returns the number of keys; of those before the one that failed, when one did.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Returns the number of keys that have an entry.
  [[nodiscard]] std::size_t found() const noexcept { return found_; }
  /// Returns whether key `i`, which must be below size(), has an entry.
  [[nodiscard]] bool found(std::size_t i) const noexcept {
    std::int32_t result;
    __builtin_memcpy(&result, results_ + i * result_stride_, sizeof result);
    return result == 0;
  }
  /// Returns the value of key `i`, which must have an entry: a reference into the handle's memory;
  /// a V where it has a Codec of its own or is aligned to more than 8 bytes; PerCpuView<V> on a
  /// per-CPU map.
  [[nodiscard]] decltype(auto) operator[](std::size_t i) const noexcept {
    return detail::shown_at<M>(values_ + i * value_stride_);
  }

 private:
  const std::byte* results_ = nullptr;
  const std::byte* values_ = nullptr;
  std::size_t result_stride_ = 0;
  std::size_t value_stride_ = 0;
  std::size_t size_ = 0;
  std::size_t found_ = 0;
};

}  // namespace bpfmap::inline v0
