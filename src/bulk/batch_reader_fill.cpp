// SPDX-License-Identifier: MIT
// How a reader gets its next batch: by the kernel's batches, by index, or by the next key.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "bpfmap/bulk/batch_reader.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "kinds.hpp"
#include "lpm_order.hpp"
#include "retry.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::is_array;
using detail::key_kind;
using detail::load_u32;

// An LPM trie whose cursor key is deleted by others again and again could be walked for ever.
constexpr std::uint32_t restart_limit = 1024;

// No bucket has this number.
constexpr std::uint32_t no_bucket = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void BatchReader::fill(Batch& batch) noexcept {
  while (state_ == State::walking && batch.count == 0) {
    switch (status_.method) {
      case ScanMethod::batch:
        fill_by_batch(batch);
        break;
      case ScanMethod::index:
        fill_by_index(batch);
        break;
      case ScanMethod::next_key:
        fill_by_key(batch);
        break;
    }
  }
}

// --- by batch ---

void BatchReader::fill_by_batch(Batch& batch) noexcept {
  const int result = read_batch(batch);
  if (result == -ENOSPC && key_kind(*map_) == KeyKind::bytes) return grow();
  if (result != 0 && result != -ENOENT) return go_on_without_batches(result);
  // No kernel says so, and another call would say it again.
  if (result == 0 && batch.count == 0) return void(end(false));
  batches_work_ = true;
  std::swap(cursor_, next_cursor_);
  const bool resumed = std::exchange(has_cursor_, true);
  // Only ENOENT is the end: a short batch is not, and the last one may carry entries.
  if (result == -ENOENT) end(true);
  if (key_kind(*map_) == KeyKind::prefix)
    leave_out_shown_prefixes(batch, resumed);
  else if (is_array(*map_))
    leave_out_indices_beyond_range(batch);
  else if (load_u32(cursor_) >= range_.end)
    leave_out_buckets_beyond_range(batch);
}

// Entries to ask for: an array's range ends at an index.
std::uint32_t BatchReader::room() const noexcept {
  if (!is_array(*map_)) return status_.batch_size;
  const std::uint32_t begin = has_cursor_ ? load_u32(cursor_) + 1 : 0;
  return std::min(status_.batch_size, range_.end - begin);
}

// 0 and -ENOENT come with batch.count entries, any other result with none.
int BatchReader::read_batch(Batch& batch) noexcept {
  const auto read =
      mode_ == ReadMode::take ? sys::map_lookup_and_delete_batch : sys::map_lookup_batch;
  const std::uint32_t wanted = room();
  const bool by_bucket = key_kind(*map_) == KeyKind::bytes;
  return detail::retried([&] {
    if (by_bucket) std::memcpy(next_cursor_, &no_bucket, sizeof no_bucket);
    batch.count = wanted;
    const int result = read(map_->fd(), has_cursor_ ? cursor_ : nullptr, next_cursor_, batch.keys,
                            batch.values, batch.count, detail::to_underlying(options_.flags));
    if (result == 0 || result == -ENOENT) return result;
    // A lock or memory that is not to be had half-way: what the kernel copied before, and took out
    // of the map, is there, and the cursor behind it. Refused at once, it leaves both as they were.
    const bool begun = by_bucket ? load_u32(next_cursor_) != no_bucket : batch.count < wanted;
    if (begun && batch.count != 0) return 0;
    batch.count = 0;
    return result;
  });
}

// A bucket is larger than the room: double it and go on from the same cursor.
void BatchReader::grow() noexcept {
  // No bucket holds more entries than the map: with twice the room of that, ENOSPC is not about a
  // bucket.
  if (status_.batch_size / 2 > map_->info().max_entries)
    fail(-ENOSPC);
  else
    allocate(status_.batch_size * 2);
}

void BatchReader::go_on_without_batches(int result) noexcept {
  const bool array = is_array(*map_);
  // Before Linux 6.14 an empty slot ends every batch with EINTR.
  const bool empty_slot = array && result == -EINTR;
  // The next key knows no range.
  const bool whole = range_.begin == 0 && range_.end == CursorRange{}.end;
  const bool none = detail::means_no_such_command(result) && !batches_work_ && (array || whole);
  if (empty_slot || none)
    fall_back();
  else
    fail(result);
}

// Keys come in a total order, so that what is not behind the last key read was read before the
// kernel restarted.
bool BatchReader::is_new_prefix(const std::byte* key) noexcept {
  if (has_prefix_ && !detail::lpm_precedes(last_prefix_, key, key_size_)) return false;
  std::memcpy(last_prefix_, key, key_size_);
  return has_prefix_ = true;
}

void BatchReader::leave_out_shown_prefixes(Batch& batch, bool resumed) noexcept {
  // next_cursor_ is where this batch was asked to begin.
  if (batch.count != 0 && resumed && !detail::lpm_precedes(next_cursor_, batch.keys, key_size_)) {
    status_.restarted = true;
    if (++restarts_ == restart_limit) end(false);
  }
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < batch.count; ++i)
    if (is_new_prefix(batch.keys + std::size_t{i} * key_size_)) move_entry(batch, i, kept++);
  batch.count = kept;
}

// Empty slots are skipped, so that a batch may reach further than it was asked to.
void BatchReader::leave_out_indices_beyond_range(Batch& batch) noexcept {
  const auto last = [&batch] {
    return load_u32(batch.keys + (batch.count - 1) * sizeof(std::uint32_t));
  };
  while (batch.count != 0 && last() >= range_.end) --batch.count;
  if (load_u32(cursor_) + 1 >= range_.end) end(true);
}

// The last batch of a range may reach into the buckets behind it, whose entries belong to the next
// range. They are read again from the range's end: a key's bucket never changes, and a batch comes
// in the order of buckets, so that from the first entry on that is found there all are beyond.
void BatchReader::leave_out_buckets_beyond_range(Batch& batch) noexcept {
  const std::uint32_t reached = load_u32(cursor_);
  end(true);
  if (reached == range_.end) return;
  BatchReader beyond{*map_,
                     {.batch_size = std::min(status_.batch_size, 16U)},
                     ReadMode::look,
                     {.begin = range_.end}};
  std::error_code ec;
  std::uint32_t inside = batch.count;
  while (inside == batch.count && beyond.next(ec)) {
    inside = first_of(batch, beyond);
    if (load_u32(beyond.cursor_) >= reached) break;
  }
  batch.count = inside;
  if (!ec) leave_out_what_is_gone(batch, ec);
  if (!ec) return;
  batch.count = 0;
  fail(ec);
}

// What is not found beyond the range any more may have been there, and shown by who walks there: it
// is left out, which what goes during a walk may be.
void BatchReader::leave_out_what_is_gone(Batch& batch, std::error_code& ec) noexcept try {
  std::vector<std::byte> value(value_stride_);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < batch.count && !ec; ++i) {
    const std::byte* const key = batch.keys + std::size_t{i} * key_size_;
    const int result =
        detail::retried([&] { return sys::map_lookup_elem(map_->fd(), key, value.data()); });
    if (result == 0) move_entry(batch, i, kept++);
    if (result != 0 && result != -ENOENT) ec = detail::kernel_error(result);
  }
  batch.count = kept;
} catch (const std::bad_alloc&) {
  ec = detail::kernel_error(-ENOMEM);
}

// The first entry of `batch` that `other` has read, too.
std::uint32_t BatchReader::first_of(const Batch& batch, const BatchReader& other) const noexcept {
  const std::size_t key_size = key_size_;
  const auto read = [&](const std::byte* key) {
    for (std::uint32_t i = 0; i < other.size(); ++i)
      if (std::memcmp(other.keys() + i * key_size, key, key_size) == 0) return true;
    return false;
  };
  std::uint32_t i = 0;
  while (i < batch.count && !read(batch.keys + i * key_size)) ++i;
  return i;
}

// --- by index ---

void BatchReader::fill_by_index(Batch& batch) noexcept {
  const std::uint32_t limit = std::min(map_->info().max_entries, range_.end);
  for (; batch.count < status_.batch_size && steps_ < limit; ++steps_) {
    const auto index = static_cast<std::uint32_t>(steps_);
    if (!read_entry(batch, reinterpret_cast<const std::byte*>(&index))) return;
  }
  if (steps_ >= limit) end(true);
}

// --- by the next key ---

// The next key is fetched before the current entry is shown, so that the caller may erase or update
// what it is shown.
void BatchReader::fill_by_key(Batch& batch) noexcept {
  const bool take = mode_ == ReadMode::take;
  // What leaves the map leaves one by one, so that nothing is taken ahead of what is handed out.
  const std::uint32_t room = take ? 1 : status_.batch_size;
  if ((take || steps_ == 0) && !step_to_next_key()) return;
  while (state_ == State::walking && batch.count < room) {
    if (!take && key_kind(*map_) == KeyKind::prefix && !is_new_prefix(cursor_))
      status_.restarted = true;
    else if (!read_entry(batch, cursor_))
      return;
    if (!take || batch.count == 0) step_to_next_key();
  }
}

bool BatchReader::step_to_next_key() noexcept {
  const bool from_first = steps_ == 0 || mode_ == ReadMode::take;
  const int result = detail::retried(
      [&] { return sys::map_get_next_key(map_->fd(), from_first ? nullptr : cursor_, cursor_); });
  if (result == -ENOENT) return end(true);
  if (result != 0) return fail(result);
  if (steps_ == 0)
    std::memcpy(next_cursor_, cursor_, key_size_);
  else if (mode_ == ReadMode::look && std::memcmp(next_cursor_, cursor_, key_size_) == 0)
    status_.restarted = true;
  // Under churn nothing in the kernel bounds this walk.
  return ++steps_ <= 4 * std::uint64_t{map_->info().max_entries} + 64 || end(false);
}

// --- one entry ---

// Adds the entry of `key` to the batch; one that is gone meanwhile is left out.
bool BatchReader::read_entry(Batch& batch, const std::byte* key) noexcept {
  std::byte* const value = batch.values + batch.count * value_stride_;
  int result = 0;
  // Nobody knows how much of it the kernel will write.
  if (traits_of(map_->info().type) == nullptr) std::memset(value, 0, value_stride_);
  if (mode_ == ReadMode::take)
    result = take_entry(key, value);
  else if (!options_.keys_only)
    result = detail::retried([&] {
      return sys::map_lookup_elem(map_->fd(), key, value, detail::to_underlying(options_.flags));
    });
  if (result == -ENOENT) return true;
  if (result != 0) return fail(result);
  std::memcpy(batch.keys + std::size_t{batch.count} * key_size_, key, key_size_);
  ++batch.count;
  return true;
}

int BatchReader::take_entry(const std::byte* key, std::byte* value) noexcept {
  const auto flags = detail::to_underlying(options_.flags);
  const int result = detail::retried(
      [&] { return sys::map_lookup_and_delete_elem(map_->fd(), key, value, flags); });
  if (!detail::means_no_such_command(result)) return result;
  // Two calls where the type has no one: an update between them is lost.
  status_.exact = false;
  const int found =
      detail::retried([&] { return sys::map_lookup_elem(map_->fd(), key, value, flags); });
  return found != 0 ? found
                    : detail::retried([&] { return sys::map_delete_elem(map_->fd(), key); });
}

}  // namespace bpfmap::inline v0
