// SPDX-License-Identifier: MIT
// The rows of causes.cpp and misuses.cpp. Private to src/map/.
#pragma once

#include <span>
#include <string_view>

#include "failure.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0::detail {

/// What `error` means for these operations on these types of map, when `when` says yes. `text` says
/// what happened and what to do; its {placeholders} are in failure.cpp.
struct Cause {
  Operations operations;
  Types types;
  int error;  // an errno or an Errc
  Condition when;
  std::string_view text;
};

/// What this library refuses before the kernel is called.
[[nodiscard]] std::span<const Cause> misuses() noexcept;

}  // namespace bpfmap::inline v0::detail
