// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/parallel_scan.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "kinds.hpp"

namespace bpfmap::inline v0::detail {
namespace {

enum class Split : std::uint8_t { none, buckets, indices };

Split split_of(MapType type) noexcept {
  switch (type) {
    case MapType::hash:
    case MapType::percpu_hash:
    case MapType::lru_hash:
    case MapType::lru_percpu_hash:
    case MapType::hash_of_maps:
      return Split::buckets;
    case MapType::array:
    case MapType::percpu_array:
    case MapType::array_of_maps:
      return Split::indices;
    default:
      return Split::none;
  }
}

// What two halves of a small hash show is what the whole shows: that a cursor is a bucket's number,
// and that a walk may begin at any. nullopt: there is no such hash to be had now.
std::optional<bool> walks_by_bucket() noexcept {
  constexpr std::uint32_t entries = 32;
  std::error_code ec;
  Map map = Map::create(
      {.type = MapType::hash, .key_size = 4, .value_size = 4, .max_entries = entries}, ec);
  for (std::uint32_t key = 0; key < entries && !ec; ++key) map.update(key, key, ec);
  std::uint32_t seen = 0;
  std::uint32_t total = 0;
  const std::uint32_t middle = entries / 2;
  for (const CursorRange& range : {CursorRange{0, middle}, CursorRange{.begin = middle}}) {
    BatchReader reader{map, {.batch_size = 8}, ReadMode::look, range};
    while (!ec && reader.next(ec))
      for_each_entry<Map>(reader, [&](BytesView key, BytesView) {
        seen |= std::uint32_t{1} << load_u32(key.data());
        ++total;
      });
    if (ec) return std::nullopt;
    // Neither half may be the whole.
    if (reader.status().method != ScanMethod::batch || reader.status().entries == entries)
      return false;
  }
  return total == entries && seen == ~std::uint32_t{0};
}

// Asked once, unless there is no answer.
bool can_walk_by_bucket() noexcept {
  enum class Known : std::uint8_t { nothing, yes, no };
  static std::atomic<Known> known = Known::nothing;
  if (known == Known::nothing)
    if (const auto answer = walks_by_bucket()) known = *answer ? Known::yes : Known::no;
  return known == Known::yes;
}

// A kernel may have batches for some types and not for others.
bool has_batches(const Map& map) noexcept {
  BatchReader reader{map, {.batch_size = 1}};
  std::error_code ec;
  (void)reader.next(ec);
  return !ec && reader.status().method == ScanMethod::batch;
}

std::vector<CursorRange> equal_parts(std::uint32_t size, std::uint32_t parts) {
  std::vector<CursorRange> ranges(std::min(parts, size));
  const std::uint64_t count = ranges.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    ranges[i].begin = static_cast<std::uint32_t>(size * i / count);
    if (i + 1 < count) ranges[i].end = static_cast<std::uint32_t>(size * (i + 1) / count);
  }
  return ranges;
}

}  // namespace

std::vector<CursorRange> split(const Map& map, std::uint32_t threads) {
  if (threads == 0) threads = std::max(std::thread::hardware_concurrency(), 1U);
  const std::uint32_t entries = map.info().max_entries;
  const Split how = split_of(map.info().type);
  // 2^31 is the most that a hash takes.
  constexpr std::uint32_t most = std::uint32_t{1} << 31;
  if (!map || entries == 0 || entries > most || how == Split::none || threads == 1)
    return {CursorRange{}};
  if (how == Split::indices) return equal_parts(entries, threads);
  // A hash has a power of two of buckets; if it had more, the last part would hold the rest.
  return can_walk_by_bucket() && has_batches(map) ? equal_parts(std::bit_ceil(entries), threads)
                                                  : std::vector{CursorRange{}};
}

void PartRunner::run(const std::vector<CursorRange>& ranges, Part part, void* context) {
  std::mutex mutex;
  std::exception_ptr first;
  const auto guarded = [&](const CursorRange& range) {
    try {
      part(context, range);
    } catch (...) {
      const std::lock_guard lock{mutex};
      if (!first) first = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(ranges.size());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    try {
      threads.emplace_back(guarded, std::cref(ranges[i]));
    } catch (const std::exception&) {
      // No more threads to be had, or no memory for one: this part is walked here.
      guarded(ranges[i]);
    }
  }
  guarded(ranges.front());
  for (std::thread& thread : threads) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace bpfmap::inline v0::detail
