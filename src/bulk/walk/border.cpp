// SPDX-License-Identifier: MIT
#include "border.hpp"

#include <algorithm>
#include <cstring>

namespace bpfmap::inline v0::detail {

void Border::note(const Walk& walk, const Border* behind) {
  const WalkState& state = WalkAccess::state(walk);
  const std::size_t size = walk.key_size();
  keys.reserve(walk.size());
  for (std::size_t i = 0; i < walk.size(); ++i)
    keys.emplace_back(walk.keys() + i * size, walk.keys() + (i + 1) * size);
  std::sort(keys.begin(), keys.end(), [size](const Bytes& a, const Bytes& b) {
    return std::memcmp(a.data(), b.data(), size) < 0;
  });
  reached = state.reached;
  if (state.reached < state.range.end) return;
  if (behind != nullptr)
    next = behind;
  else
    reached = std::numeric_limits<std::uint32_t>::max();
}

bool Border::holds(const std::byte* key, std::size_t size) const noexcept {
  // Compares bytes, without making a Bytes of `key`.
  const auto at = std::lower_bound(keys.begin(), keys.end(), key,
                                   [size](const Bytes& mine, const std::byte* other) {
                                     return std::memcmp(mine.data(), other, size) < 0;
                                   });
  if (at != keys.end() && std::memcmp(at->data(), key, size) == 0) return true;
  return next != nullptr && next->holds(key, size);
}

}  // namespace bpfmap::inline v0::detail
