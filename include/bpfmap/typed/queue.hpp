// SPDX-License-Identifier: MIT
// Queue: BPF_MAP_TYPE_QUEUE. Layer 2.
#pragma once

#include <array>

#include "bpfmap/typed/base/push_pop_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A queue of V, first in, first out: BPF_MAP_TYPE_QUEUE (4.20). Holds up to max_entries() values;
/// the kernel does not report how many there are.
template <class V>
class Queue : public TypedMap<Queue<V>>, public PushPopOperations<Queue<V>, V> {
 public:
  using TypedMap<Queue>::TypedMap;

 private:
  friend TypedMap<Queue>;
  static constexpr std::array types{MapType::queue};
  static constexpr detail::Requirement requirement{types, 0, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
