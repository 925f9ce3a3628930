// SPDX-License-Identifier: MIT
// Stack: BPF_MAP_TYPE_STACK. Layer 2.
#pragma once

#include <array>

#include "bpfmap/typed/base/push_pop_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A stack of V, last in, first out: BPF_MAP_TYPE_STACK (4.20). Holds up to max_entries() values;
/// the kernel does not report how many there are.
template <class V>
class Stack : public TypedMap<Stack<V>>, public PushPopOperations<Stack<V>, V> {
 public:
  using TypedMap<Stack>::TypedMap;

 private:
  friend TypedMap<Stack>;
  static constexpr std::array types{MapType::stack};
  static constexpr detail::Requirement requirement{types, 0, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
