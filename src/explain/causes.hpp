// SPDX-License-Identifier: MIT
// The rows of the tables of causes. Private to src/explain/.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "../map/sets.hpp"
#include "questions.hpp"

namespace bpfmap::inline v0::detail {

/// What `error` means for these operations on these types of map, when `when` answers yes. `text`
/// has the cause and the remedy; its {placeholders} are in placeholders.cpp.
struct Cause {
  Operations operations;
  Types types;
  int error;  // an errno or an Errc; 0: EINVAL, EOPNOTSUPP and ENOTSUPP
  Condition when;
  std::string_view text;
};

// In the order in which they are asked: the first row that fits is the cause.

/// What bpfmap refuses before it calls the kernel.
[[nodiscard]] std::span<const Cause> misuses() noexcept;
/// Full maps, and indexes behind the end.
[[nodiscard]] std::span<const Cause> capacity_causes() noexcept;
/// Buffers of records, and memory that is mapped.
[[nodiscard]] std::span<const Cause> buffer_causes() noexcept;
/// The flags of an update or a lookup.
[[nodiscard]] std::span<const Cause> flag_causes() noexcept;
/// What else is wrong with a key or a value.
[[nodiscard]] std::span<const Cause> value_causes() noexcept;

/// The text of the first row that fits; when none does, that no cause was found.
[[nodiscard]] std::string cause_of(const Failure& failure);

}  // namespace bpfmap::inline v0::detail
