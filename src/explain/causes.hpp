// SPDX-License-Identifier: MIT
// The rows of the tables of causes. Private to src/explain/; a test reads them, too.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "../map/sets.hpp"
#include "questions.hpp"

namespace bpfmap::inline v0::detail {

/// The meaning of `error` for these operations on these map types, where `when` returns true.
/// `text` gives the cause and the remedy; placeholders.cpp fills in its {placeholders}.
///
/// `when` is `always` only where the kernel has a single reason for this errno, or where the text
/// states no more than the errno does.
struct Cause {
  Operations operations;
  Types types;
  int error;  // an errno or an Errc; 0: EINVAL, EOPNOTSUPP and ENOTSUPP
  Condition when;
  std::string_view text;
};

/// Refusals by bpfmap, before it calls the kernel.
[[nodiscard]] std::span<const Cause> misuses() noexcept;
/// Full maps, and prefixes that are too long.
[[nodiscard]] std::span<const Cause> capacity_causes() noexcept;
/// Event buffers and mapped memory.
[[nodiscard]] std::span<const Cause> buffer_causes() noexcept;
/// The flags of an update or a lookup.
[[nodiscard]] std::span<const Cause> flag_causes() noexcept;
/// Keys and values that are descriptors or numbers of kernel objects.
[[nodiscard]] std::span<const Cause> value_causes() noexcept;

/// Returns all tables in the order in which they are searched. The first row that matches is the
/// cause.
[[nodiscard]] std::span<const std::span<const Cause>> cause_tables();

/// Returns the first row that matches; nullptr when the cause was not established.
[[nodiscard]] const Cause* find_cause(const Failure& failure);

/// Returns the text of that row; without one, that the cause is not known, and what was asked.
[[nodiscard]] std::string cause_of(const Failure& failure);

}  // namespace bpfmap::inline v0::detail
