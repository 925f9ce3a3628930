// SPDX-License-Identifier: MIT
// The requirements of ring buffer readers on a map. Private to src/typed/.
#pragma once

#include <array>
#include <cerrno>

#include "bpfmap/typed/base/typed_map.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "refuse.hpp"

namespace bpfmap::inline v0::detail {

inline constexpr std::array ring_types{MapType::ringbuf};
inline constexpr Requirement ring_requirement{.types = ring_types, .key_size = 0, .value_size = 0};

// Returns, and records, the reason why a reader refuses `map`; no error if none.
[[nodiscard]] inline std::error_code check_ring(const Map& map) noexcept {
  if (const auto ec = check(map, ring_requirement)) return ec;
  if (has(map.info().flags, MapFlags::rb_overwrite)) return refuse(map, -EOPNOTSUPP);
  if (const auto ec = check_read_write(map)) return refuse(map, ec);
  return {};
}

}  // namespace bpfmap::inline v0::detail
