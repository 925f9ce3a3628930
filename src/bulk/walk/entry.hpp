// SPDX-License-Identifier: MIT
// Reads one entry or one batch of entries. Private to src/bulk.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>

#include "bpfmap/bulk/walk/walk_engine.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "kinds.hpp"
#include "retry.hpp"

namespace bpfmap::inline v0::detail {

using ReadBatch = int (*)(int fd, const void* in_batch, void* out_batch, void* keys, void* values,
                          std::uint32_t& count, std::uint64_t elem_flags) noexcept;

// No bucket has this number.
inline constexpr std::uint32_t no_bucket = std::numeric_limits<std::uint32_t>::max();

// Reads `count` entries into `batch`, from the cursor `in`, which is nullptr at the start, to the
// cursor `out`. With 0 and -ENOENT, `count` entries were read; with any other result, none.
inline int read_batch(const WalkState& state, ReadBatch read, const std::byte* in, std::byte* out,
                      unsigned int batch, std::uint32_t& count, bool by_bucket) noexcept {
  const std::uint32_t wanted = count;
  const int result = [&] {
    if (by_bucket) store_u32(out, no_bucket);
    return read(state.map->fd(), in, out, state.buffer.keys(batch), state.buffer.values(batch),
                count, to_underlying(state.options.flags));
  }();
  if (result == 0 || result == -ENOENT) return result;
  // The kernel failed half-way, because of a lock or memory: the entries that it copied, and
  // perhaps removed, are in the batch, and the cursor is after them. When it fails at once, both
  // are unchanged.
  const bool begun = by_bucket ? load_u32(out) != no_bucket : count < wanted;
  if (begun && count != 0 && count <= wanted) return 0;
  count = 0;
  return result;
}

// As above, repeated while the kernel returns a temporary error.
inline int read_batch_patiently(const WalkState& state, ReadBatch read, const std::byte* in,
                                std::byte* out, unsigned int batch, std::uint32_t& count,
                                bool by_bucket) noexcept {
  const std::uint32_t wanted = count;
  return retried([&] {
    count = wanted;
    return read_batch(state, read, in, out, batch, count, by_bucket);
  });
}

// Adds the entry of `key` to the batch `state.shown`, unless it was erased meanwhile.
inline int read_entry(WalkState& state, const std::byte* key) noexcept {
  const std::size_t stride = state.buffer.layout().value;
  const std::size_t key_size = state.buffer.layout().key;
  std::byte* const value = state.buffer.values(state.shown) + state.count * stride;
  int result = 0;
  // The size of the value is not known, or only keys are read.
  if (state.keys_only || traits_of(state.map->info().type) == nullptr)
    std::memset(value, 0, stride);
  if (!state.keys_only)
    result = retried([&] {
      return sys::map_lookup_elem(state.map->fd(), key, value, to_underlying(state.options.flags));
    });
  if (result == -ENOENT) return 0;
  if (result != 0) return result;
  std::memcpy(state.buffer.keys(state.shown) + std::size_t{state.count} * key_size, key, key_size);
  ++state.count;
  return 0;
}

// Doubles the room when a bucket is larger; returns 0 or -errno. No bucket has more entries than
// the map: with room for twice as many, ENOSPC has another reason.
inline int grow(WalkState& state) noexcept {
  const std::uint64_t entries = state.buffer.entries();
  const std::uint64_t limit = std::uint64_t{state.map->info().max_entries} * 2 + 1;
  if (entries > limit || entries > std::numeric_limits<std::uint32_t>::max() / 2) return -ENOSPC;
  return state.buffer.fit(state.buffer.layout(), static_cast<std::uint32_t>(2 * entries)) ? 0
                                                                                          : -ENOMEM;
}

inline WalkStep failed(int result) noexcept { return {WalkOutcome::failed, result}; }

}  // namespace bpfmap::inline v0::detail
