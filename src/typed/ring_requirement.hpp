// SPDX-License-Identifier: MIT
// What the readers of ring buffers require of a map. Private to src/typed/.
#pragma once

#include <array>
#include <cerrno>

#include "bpfmap/typed/base/typed_map.hpp"
#include "bpfmap/typed/detail/events.hpp"

namespace bpfmap::inline v0::detail {

inline constexpr std::array ring_types{MapType::ringbuf};
inline constexpr Requirement ring_requirement{ring_types, 0, 0};

[[nodiscard]] inline std::error_code check_ring(const Map& map) noexcept {
  if (const auto ec = check(map, ring_requirement)) return ec;
  if (has(map.info().flags, MapFlags::rb_overwrite)) return kernel_error(-EOPNOTSUPP);
  return check_read_write(map);
}

}  // namespace bpfmap::inline v0::detail
