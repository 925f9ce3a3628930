// SPDX-License-Identifier: MIT
// Stack: BPF_MAP_TYPE_STACK. Layer 2.
#pragma once

#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/push_pop_map.hpp"

namespace bpfmap::inline v0 {

/// Values of V, last in, first out: BPF_MAP_TYPE_STACK (4.20).
///
/// Empty and full are values, not errors: peek and pop give nullopt, push gives false. Every
/// operation is one system call and allocates nothing.
template <class V>
class Stack : public detail::PushPopMap<V, MapType::stack> {
  using Base = detail::PushPopMap<V, MapType::stack>;

 public:
  /// Empty: without a map.
  Stack() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no stack of
  /// V.
  explicit Stack(Map map) : Base(std::move(map)) {}
  Stack(Map map, std::error_code& ec) noexcept : Base(std::move(map), ec) {}

  /// A new stack with room for `max_entries` values; type and sizes are filled in.
  [[nodiscard]] static Stack create(MapSpec spec) {
    return Stack{Base::create_map(std::move(spec), Base::requirement)};
  }
  [[nodiscard]] static Stack create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), Base::requirement, ec);
    return ec ? Stack{} : Stack{std::move(map), ec};
  }
};

}  // namespace bpfmap::inline v0
