// SPDX-License-Identifier: MIT
// Every operation of Map as a row, in both forms, for tests of all operations.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <system_error>
#include <vector>

#include "bpfmap/map/map.hpp"

namespace bpfmap::test {

/// The access that an operation needs.
enum class Needs : std::uint8_t { nothing, reading, writing, both };

/// One operation in both forms; results are discarded.
struct MapCall {
  const char* name;
  Operation operation;
  Needs needs;
  std::function<void(Map&, std::error_code&)> quiet;  // takes the error_code
  std::function<void(Map&)> loud;                     // throws
};

/// Operations on a map of plain values. Keys are {first, 0, ...} of `key_size` bytes; values have
/// `value_size` bytes.
[[nodiscard]] std::vector<MapCall> plain_calls(std::size_t key_size = 4, std::size_t value_size = 8,
                                               int first = 0);

/// Operations on a per-CPU map.
[[nodiscard]] std::vector<MapCall> percpu_calls(std::size_t key_size = 4,
                                                std::size_t value_size = 8, int first = 0);

/// Operations on the map as a whole; `pin` uses `path`.
[[nodiscard]] std::vector<MapCall> whole_map_calls(const std::string& path = "/nonexistent/pin");

/// All of the above.
[[nodiscard]] std::vector<MapCall> every_call();

/// Both forms of `call` end with `code` and have the same text, and the Error names the operation
/// and the map.
void expect_refused(Map& map, const MapCall& call, std::error_code code);

/// Both forms of `call` succeed, the quiet one first.
void expect_done(Map& map, const MapCall& call);

}  // namespace bpfmap::test
