// SPDX-License-Identifier: MIT
// The border between two parts of a hash. Private to src/bulk.
#pragma once

#include <cstdint>
#include <limits>
#include <system_error>
#include <vector>

#include "bpfmap/bulk/walk/walk.hpp"

namespace bpfmap::inline v0::detail {

/// The keys that the walk after a border reads before the walk that ends there begins.
///
/// The last batch before a border may reach beyond it, and no cursor gives the bucket of a single
/// entry. But the bucket of a key never changes, and the walk after the border has finished the
/// buckets before `covered()`: an entry in them belongs to that walk if and only if its key is
/// here.
struct Border {
  std::vector<Bytes> keys;  // sorted
  std::uint32_t reached = 0;
  const Border* next = nullptr;  // set when the next part is finished: its own border

  /// Stores the keys of the first batch of `walk`, which begins at the border; `behind` is the
  /// border where that walk ends.
  void note(const Walk& walk, const Border* behind);

  [[nodiscard]] bool holds(const std::byte* key, std::size_t size) const noexcept;
  /// Returns the first bucket after the border whose keys are not known.
  [[nodiscard]] std::uint32_t covered() const noexcept {
    return next != nullptr ? next->covered() : reached;
  }
};

/// Gives parallel_scan() access to a walk's border.
struct WalkAccess {
  [[nodiscard]] static WalkState& state(Walk& walk) noexcept { return walk.engine_.state(); }
  [[nodiscard]] static const WalkState& state(const Walk& walk) noexcept {
    return walk.engine_.state();
  }
};

}  // namespace bpfmap::inline v0::detail
