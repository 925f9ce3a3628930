// SPDX-License-Identifier: MIT
// How an operation reports its failure: it records what failed on this thread, for explain(ec) and
// the throwing form, and returns the code. Called after a failure only. Layer 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"

namespace bpfmap::inline v0 {

class Map;
struct MapSpec;

namespace detail {

/// What was asked of a map when an operation failed.
struct Attempt {
  Operation operation;
  BytesView key = {};
  BytesView value = {};
  std::uint64_t flags = 0;
  std::optional<std::size_t> count = {};  // of the values given, when they are counted
};

/// Records a failed operation on `map`; returns `ec`.
[[gnu::cold]] std::error_code record(const Map& map, const Attempt& attempt,
                                     std::error_code ec) noexcept;
[[gnu::cold]] std::error_code record(const Map& map, const Attempt& attempt, int result) noexcept;
/// Records a failed creation; returns `ec`.
[[gnu::cold]] std::error_code record_create(const MapSpec& spec, std::error_code ec) noexcept;
/// Records a failed opening; `subject` is the path, the id or the descriptor. Returns `ec`.
[[gnu::cold]] std::error_code record_open(Operation operation, std::string_view subject,
                                          std::error_code ec) noexcept;

}  // namespace detail
}  // namespace bpfmap::inline v0
