// SPDX-License-Identifier: MIT
// Where two parts of a hash meet. Private to src/bulk.
#pragma once

#include <cstdint>
#include <limits>
#include <system_error>
#include <vector>

#include "bpfmap/bulk/walk/walk.hpp"

namespace bpfmap::inline v0::detail {

/// The keys that the walk behind a border read first, before the walk in front of it begins.
///
/// The last batch in front of a border may reach beyond it, and no cursor names the bucket of an
/// entry. But a key's bucket never changes, and the walk behind the border has left the buckets
/// before `covered()` for good: an entry of theirs is its own exactly if its key is here.
struct Border {
  std::vector<Bytes> keys;  // sorted
  std::uint32_t reached = 0;
  const Border* next = nullptr;  // the part behind is finished: the border behind it goes on

  /// Notes the keys of the first batch of `walk`, which begins at the border; `behind` is the
  /// border at which it ends.
  void note(const Walk& walk, const Border* behind);

  [[nodiscard]] bool holds(const std::byte* key, std::size_t size) const noexcept;
  /// The first bucket behind the border whose keys are not known.
  [[nodiscard]] std::uint32_t covered() const noexcept {
    return next != nullptr ? next->covered() : reached;
  }
};

/// Lets parallel_scan() give a walk its border.
struct WalkAccess {
  [[nodiscard]] static WalkState& state(Walk& walk) noexcept { return walk.engine_.state(); }
  [[nodiscard]] static const WalkState& state(const Walk& walk) noexcept {
    return walk.engine_.state();
  }
};

}  // namespace bpfmap::inline v0::detail
