// SPDX-License-Identifier: MIT
// Bytes written out in a test.
#pragma once

#include <initializer_list>

#include "bpfmap/bytes.hpp"

namespace bpfmap::test {

[[nodiscard]] inline Bytes bytes(std::initializer_list<int> list) {
  Bytes result;
  result.reserve(list.size());
  for (const int value : list) result.push_back(static_cast<std::byte>(value));
  return result;
}

[[nodiscard]] inline Bytes copy_of(BytesView view) { return {view.begin(), view.end()}; }

}  // namespace bpfmap::test
