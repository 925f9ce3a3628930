// SPDX-License-Identifier: MIT
// Every operation of Map as a row, in both forms: for what must hold for all of them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <system_error>
#include <vector>

#include "bpfmap/map/map.hpp"

namespace bpfmap::test {

/// What a descriptor or a frozen map lets an operation do.
enum class Needs : std::uint8_t { nothing, reading, writing, both };

/// One operation. The two forms do the same; neither keeps what it gets.
struct MapCall {
  const char* name;
  Operation operation;
  Needs needs;
  std::function<void(Map&, std::error_code&)> quiet;  // takes the error_code
  std::function<void(Map&)> loud;                     // throws
};

/// On a map of plain values. Keys are `key_size` bytes of `first`, {first, 0, ...}; values are
/// `value_size` bytes.
[[nodiscard]] std::vector<MapCall> plain_calls(std::size_t key_size = 4, std::size_t value_size = 8,
                                               int first = 0);

/// On a map with a value for each CPU.
[[nodiscard]] std::vector<MapCall> percpu_calls(std::size_t key_size = 4,
                                                std::size_t value_size = 8, int first = 0);

/// On the map as a whole; `pin` goes to `path`.
[[nodiscard]] std::vector<MapCall> whole_map_calls(const std::string& path = "/nonexistent/pin");

/// All of the above.
[[nodiscard]] std::vector<MapCall> every_call();

/// Both forms of `call` end with `code` and have the same text, and the Error names the operation
/// and the map.
void expect_refused(Map& map, const MapCall& call, std::error_code code);

/// Both forms of `call` succeed, the quiet one first.
void expect_done(Map& map, const MapCall& call);

}  // namespace bpfmap::test
