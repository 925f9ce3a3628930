// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/walk/walk_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kinds.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr std::uint32_t default_entries = 256;
constexpr std::size_t default_limit = std::size_t{1} << 20;
constexpr std::size_t chosen_limit = std::size_t{64} << 20;
constexpr std::size_t too_many = std::numeric_limits<std::size_t>::max();

// All sizes are u32 or sums of a few u32: only a product can overflow.
std::size_t round_up_to_16(std::size_t size) noexcept {
  return size > too_many - 15 ? too_many : (size + 15) / 16 * 16;
}
std::size_t region(std::size_t size, std::uint32_t entries) noexcept {
  std::size_t bytes = 0;
  return __builtin_mul_overflow(size, std::size_t{entries}, &bytes) ? too_many
                                                                    : round_up_to_16(bytes);
}
std::size_t sum(std::size_t a, std::size_t b) noexcept {
  std::size_t total = 0;
  return __builtin_add_overflow(a, b, &total) ? too_many : total;
}

}  // namespace

WalkLayout WalkLayout::of(const Map& map) noexcept {
  const std::size_t key = map.info().key_size;
  return {.cursor = round_up_to_16(std::max(key, sizeof(std::uint32_t))),
          .key = key,
          .value = value_stride(map),
          .batches = walk_kind(map) == WalkKind::trie ? 2U : 1U};
}

std::size_t WalkLayout::bytes_for(std::uint32_t entries) const noexcept {
  std::size_t total = WalkBuffer::cursors * cursor;
  for (std::uint32_t i = 0; i < batches; ++i)
    total = sum(total, sum(region(key, entries), region(value, entries)));
  return total;
}

std::uint32_t WalkLayout::entries_for(std::uint32_t wanted,
                                      std::uint32_t max_entries) const noexcept {
  const std::size_t entry = std::max<std::size_t>(key + value, 1);
  const std::size_t fitting = (wanted == 0 ? default_limit : chosen_limit) / entry;
  const std::size_t entries =
      std::min<std::size_t>(wanted == 0 ? default_entries : wanted, fitting);
  // Storage maps have no max_entries.
  const std::size_t limit = max_entries == 0 ? entries : max_entries;
  return static_cast<std::uint32_t>(std::max<std::size_t>(std::min(entries, limit), 1));
}

bool WalkBuffer::fit(const WalkLayout& layout, std::uint32_t entries) noexcept {
  const std::size_t size = layout.bytes_for(entries);
  const bool lent = size <= callers_.size();
  std::byte* memory = lent ? callers_.data() : own_.get();
  HeapBytes made;
  if (!lent && size > own_size_) {
    // Not cleared: the kernel writes every byte that is read.
    if (size == too_many || !made.allocate(size)) return false;
    memory = made.get();
  }
  if (memory == nullptr) return false;
  if (memory != memory_ && memory_ != nullptr && layout == layout_)
    std::memcpy(memory, memory_, cursors * layout.cursor);
  if (made.get() != nullptr) {
    own_ = std::move(made);
    own_size_ = size;
  }
  memory_ = memory;
  layout_ = layout;
  entries_ = entries;
  keys_bytes_ = region(layout.key, entries);
  batch_bytes_ = keys_bytes_ + region(layout.value, entries);
  return true;
}

void WalkBuffer::move_entry(unsigned int batch, std::uint32_t from,
                            std::uint32_t to) const noexcept {
  if (from == to) return;
  std::memcpy(keys(batch) + to * layout_.key, keys(batch) + from * layout_.key, layout_.key);
  std::memcpy(values(batch) + to * layout_.value, values(batch) + from * layout_.value,
              layout_.value);
}

}  // namespace bpfmap::inline v0::detail
