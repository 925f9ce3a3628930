// SPDX-License-Identifier: MIT
// How a WalkEngine takes a way of walking up. Private to src/bulk.
#pragma once

#include <cstring>
#include <new>
#include <type_traits>

#include "bpfmap/bulk/walk/walk_engine.hpp"

namespace bpfmap::inline v0::detail {

template <class Way>
void WalkEngine::become() noexcept {
  static_assert(std::is_trivially_copyable_v<Way> && sizeof(Way) <= sizeof way_ &&
                alignof(Way) <= alignof(std::uint64_t));
  // A copy of its bytes is a Way: the engine may be moved.
  ::new (static_cast<void*>(way_.data())) Way{state_};
  read_ = [](std::byte* way, WalkState& state) noexcept {
    return std::launder(reinterpret_cast<Way*>(way))->read(state);
  };
}

}  // namespace bpfmap::inline v0::detail
