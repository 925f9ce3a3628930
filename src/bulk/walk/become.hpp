// SPDX-License-Identifier: MIT
// Sets the way of walking of a WalkEngine. Private to src/bulk.
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
  // The engine moves a Way by copying its bytes.
  ::new (static_cast<void*>(way_.data())) Way{state_};
  read_ = [](std::byte* way, WalkState& state) noexcept {
    return std::launder(reinterpret_cast<Way*>(way))->read(state);
  };
}

}  // namespace bpfmap::inline v0::detail
