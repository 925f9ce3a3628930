// SPDX-License-Identifier: MIT
// Queue: BPF_MAP_TYPE_QUEUE. Layer 2.
#pragma once

#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/push_pop_map.hpp"

namespace bpfmap::inline v0 {

/// Values of V, first in, first out: BPF_MAP_TYPE_QUEUE (4.20).
///
/// Empty and full are values, not errors: peek and pop give nullopt, push gives false. Every
/// operation is one system call and allocates nothing.
template <class V>
class Queue : public detail::PushPopMap<V, MapType::queue> {
  using Base = detail::PushPopMap<V, MapType::queue>;

 public:
  /// Empty: without a map.
  Queue() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no queue of
  /// V.
  explicit Queue(Map map) : Base(std::move(map)) {}
  Queue(Map map, std::error_code& ec) noexcept : Base(std::move(map), ec) {}

  /// A new queue with room for `max_entries` values; type and sizes are filled in.
  [[nodiscard]] static Queue create(MapSpec spec) {
    return Queue{Base::create_map(std::move(spec), Base::requirement)};
  }
  [[nodiscard]] static Queue create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), Base::requirement, ec);
    return ec ? Queue{} : Queue{std::move(map), ec};
  }
};

}  // namespace bpfmap::inline v0
