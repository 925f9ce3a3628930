// SPDX-License-Identifier: MIT
// How readers of events record that they refuse a map. Private to src/typed/.
#pragma once

#include <system_error>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

// Records that a reader refuses `map`; returns `ec`.
[[nodiscard]] inline std::error_code refuse(const Map& map, std::error_code ec) noexcept {
  return record(map, {Operation::view}, ec);
}
[[nodiscard]] inline std::error_code refuse(const Map& map, int result) noexcept {
  return refuse(map, kernel_error(result));
}

}  // namespace bpfmap::inline v0::detail
