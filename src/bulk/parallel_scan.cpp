// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/parallel_scan.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "walk/border.hpp"
#include "walk/kinds.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// Whether two halves of a small hash show what the whole hash shows. If they do, a cursor is the
// number of a bucket, and a walk may begin at any bucket. nullopt: no such hash can be created now.
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
    Walk walk{map, {.batch_size = 8}, range};
    while (!ec && walk.next(ec))
      for_each_entry<Map>(walk, [&](BytesView key, BytesView) {
        seen |= std::uint32_t{1} << load_u32(key.data());
        ++total;
      });
    if (ec) return std::nullopt;
    // Both halves must have entries.
    if (walk.status().method != ScanMethod::batch || walk.status().entries == entries) return false;
  }
  return total == entries && seen == ~std::uint32_t{0};
}

// Probed once, or again after a probe without a result.
bool can_walk_by_bucket() noexcept {
  enum class Known : std::uint8_t { nothing, yes, no };
  static std::atomic<Known> known = Known::nothing;
  if (known == Known::nothing)
    if (const auto answer = walks_by_bucket()) known = *answer ? Known::yes : Known::no;
  return known == Known::yes;
}

// A kernel may have batches for some types only.
bool has_batches(const Map& map) noexcept {
  Walk walk{map, {.batch_size = 1}};
  std::error_code ec;
  (void)walk.next(ec);
  return !ec && walk.status().method == ScanMethod::batch;
}

std::vector<CursorRange> equal_parts(std::uint32_t size, std::uint32_t parts) {
  std::vector<CursorRange> ranges(std::min(parts, size));
  const std::size_t count = ranges.size();
  const auto border = [&](std::uint64_t i) { return static_cast<std::uint32_t>(size * i / count); };
  for (std::size_t i = 0; i < count; ++i) {
    ranges[i].begin = border(i);
    if (i + 1 < count) ranges[i].end = border(i + 1);
  }
  return ranges;
}

std::vector<CursorRange> split(const Map& map, std::uint32_t threads) {
  if (threads == 0) threads = std::max(std::thread::hardware_concurrency(), 1U);
  const std::uint32_t entries = map.info().max_entries;
  const WalkKind kind = walk_kind(map);
  // A hash has at most 2^31 entries.
  constexpr std::uint32_t most = std::uint32_t{1} << 31;
  if (map && entries != 0 && threads > 1 && kind == WalkKind::indices &&
      traits_of(map.info().type)->lookup_batch)
    return equal_parts(entries, threads);
  // The number of buckets is a power of two; the last part holds any further ones.
  if (map && entries != 0 && threads > 1 && kind == WalkKind::buckets && entries <= most &&
      can_walk_by_bucket() && has_batches(map))
    return equal_parts(std::bit_ceil(entries), threads);
  return {CursorRange{}};
}

// One parallel scan. All parts read their first batch before any entry is shown, from the last part
// to the first. This shows which entries after each border belong to the next part.
class PartScan {
 public:
  PartScan(const Map& map, std::uint32_t threads, const ScanOptions& options,
           const BatchFunction& function)
      : map_(map), function_(function), ranges_(split(map, threads)), borders_(ranges_.size()) {
    ScanOptions own = options;
    // One buffer cannot serve several threads.
    if (ranges_.size() > 1) own.buffer = {};
    walks_.reserve(ranges_.size());
    for (const CursorRange& range : ranges_) walks_.emplace_back(map, own, range);
    first_.resize(ranges_.size());
    threads_.reserve(ranges_.size());
  }

  ParallelScanStatus run(std::error_code& ec) {
    std::error_code no_memory;
    without_bad_alloc(no_memory, [this] {
      read_first_batches();
      return true;
    });
    if (no_memory) fail(no_memory);
    run_parts();
    if (thrown_) std::rethrow_exception(thrown_);
    ec = error_;
    ParallelScanStatus status{.threads = static_cast<std::uint32_t>(walks_.size()),
                              .complete = !stop_};
    for (const Walk& walk : walks_) {
      status.complete = status.complete && walk.status().complete;
      status.exact = status.exact && walk.status().exact;
      status.entries += walk.status().entries;
    }
    return status;
  }

 private:
  void read_first_batches() {
    const bool by_bucket = walks_.size() > 1 && walk_kind(map_) == WalkKind::buckets;
    for (std::size_t i = walks_.size(); i-- > 0 && !stop_;) {
      const Border* const behind = i + 1 < walks_.size() ? &borders_[i + 1] : nullptr;
      if (by_bucket) WalkAccess::state(walks_[i]).border = behind;
      std::error_code ec;
      first_[i] = walks_[i].next(ec) ? 1 : 0;
      if (ec) fail(ec);
      if (by_bucket && i != 0) borders_[i].note(walks_[i], behind);
    }
  }

  void run_parts() {
    for (std::size_t i = 1; i < walks_.size(); ++i) {
      try {
        threads_.emplace_back([this, i] { walk_part(i); });
      } catch (const std::exception&) {
        // There is no thread, or no memory for one: this thread walks the part.
        walk_part(i);
      }
    }
    walk_part(0);
    for (std::thread& thread : threads_) thread.join();
  }

  void walk_part(std::size_t part) noexcept {
    Walk& walk = walks_[part];
    try {
      std::error_code ec;
      for (bool more = first_[part] != 0; more && !stop_.load(std::memory_order_relaxed);
           more = walk.next(ec))
        function_.show(function_.context, walk);
      if (ec) fail(ec);
    } catch (...) {
      const std::lock_guard lock{mutex_};
      if (!thrown_) thrown_ = std::current_exception();
      stop_ = true;
    }
  }

  void fail(const std::error_code& ec) {
    const std::lock_guard lock{mutex_};
    if (!error_) error_ = ec;
    stop_ = true;
  }

  const Map& map_;
  const BatchFunction& function_;
  std::vector<CursorRange> ranges_;
  std::vector<Border> borders_;  // borders_[i] is the beginning of part i
  std::vector<Walk> walks_;
  std::vector<char> first_;  // whether a part has entries
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::atomic<bool> stop_ = false;
  std::error_code error_;
  std::exception_ptr thrown_;
};

}  // namespace

ParallelScanStatus scan_parts(const Map& map, std::uint32_t threads, const ScanOptions& options,
                              const BatchFunction& function, std::error_code& ec) {
  ec.clear();
  // Only for the memory of this scan: a std::bad_alloc from `function` is passed to the caller.
  std::optional<PartScan> scan;
  without_bad_alloc(ec, [&] {
    scan.emplace(map, threads, options, function);
    return true;
  });
  ParallelScanStatus status;
  if (scan) status = scan->run(ec);
  // Also recorded on this thread: the thread that failed has ended.
  if (ec)
    ec = record(map, {.operation = Operation::scan, .flags = to_underlying(options.flags)}, ec);
  return status;
}

}  // namespace bpfmap::inline v0::detail
