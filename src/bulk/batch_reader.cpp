// SPDX-License-Identifier: MIT
// A reader's memory, and the course of its walk.
#include "bpfmap/bulk/batch_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kinds.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::is_array;
using detail::key_kind;

constexpr std::uint32_t default_batch_size = 256;
constexpr std::size_t default_buffer_limit = std::size_t{1} << 20;

constexpr std::size_t round_up_to_16(std::size_t size) noexcept { return (size + 15) / 16 * 16; }

bool has_batches(const Map& map, ReadMode mode) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  return traits != nullptr && (mode == ReadMode::take ? traits->drain_batch : traits->lookup_batch);
}

std::size_t cursor_size(const Map& map) noexcept {
  return round_up_to_16(std::max<std::size_t>(map.info().key_size, sizeof(std::uint32_t)));
}

// An LPM trie's cursor is a key that the caller may erase once it is shown: it is read one batch
// ahead.
std::size_t batches_of(const Map& map) noexcept { return key_kind(map) == KeyKind::prefix ? 2 : 1; }

}  // namespace

std::size_t BatchReader::bytes_for(const Map& map, std::uint32_t batch_size) noexcept {
  const std::size_t batch = round_up_to_16(std::size_t{map.info().key_size} * batch_size) +
                            round_up_to_16(detail::value_stride(map) * batch_size);
  return 3 * cursor_size(map) + batches_of(map) * batch;
}

bool BatchReader::reads_ahead() const noexcept {
  return mode_ == ReadMode::look && batches_of(*map_) == 2;
}

void BatchReader::rewind() noexcept {
  status_ = {.batch_size = status_.batch_size};
  state_ = State::unstarted;
  shown_.count = ahead_.count = 0;
  pending_.clear();
  reached_end_ = has_cursor_ = has_prefix_ = batches_work_ = false;
  steps_ = 0;
  restarts_ = 0;
}

bool BatchReader::end(bool complete) noexcept {
  state_ = State::ended;
  reached_end_ = complete;
  return false;
}

bool BatchReader::fail(std::error_code why) noexcept {
  pending_ = why;
  return end(false);
}

bool BatchReader::fail(int result) noexcept { return fail(detail::kernel_error(result)); }

// One allocation, or the caller's memory: three cursors, then keys and values.
bool BatchReader::allocate(std::uint32_t batch_size) noexcept try {
  const std::size_t size = bytes_for(*map_, batch_size);
  std::vector<std::byte> own;
  if (size > options_.buffer.size()) own.resize(size);
  std::byte* const memory = own.empty() ? options_.buffer.data() : own.data();
  if (cursor_ != nullptr) {
    // What a walk under way has to remember stands in another order after each swap.
    const std::size_t cursor = cursor_size(*map_);
    if (cursor_ > next_cursor_) {
      std::swap(cursor_, next_cursor_);
      std::swap_ranges(cursor_, cursor_ + cursor, next_cursor_);
    }
    std::memmove(memory, cursor_, 3 * cursor);
  }
  if (!own.empty()) buffer_ = std::move(own);
  lay_out(memory, batch_size);
  return true;
} catch (const std::bad_alloc&) {
  return fail(-ENOMEM);
}

void BatchReader::lay_out(std::byte* buffer, std::uint32_t batch_size) noexcept {
  const std::size_t cursor = cursor_size(*map_);
  const std::size_t keys = round_up_to_16(std::size_t{key_size_} * batch_size);
  const std::size_t values = round_up_to_16(value_stride_ * batch_size);
  cursor_ = buffer;
  next_cursor_ = cursor_ + cursor;
  last_prefix_ = next_cursor_ + cursor;
  shown_.keys = last_prefix_ + cursor;
  shown_.values = shown_.keys + keys;
  ahead_.keys = shown_.values + values;
  ahead_.values = ahead_.keys + keys;
  status_.batch_size = batch_size;
}

// Unless the buffer of an earlier walk fits.
bool BatchReader::allocate_at_start() noexcept {
  const MapInfo& info = map_->info();
  const std::size_t stride = detail::value_stride(*map_);
  if (cursor_ != nullptr && key_size_ == info.key_size && value_stride_ == stride) return true;
  cursor_ = nullptr;
  key_size_ = info.key_size;
  value_stride_ = stride;
  std::uint32_t batch_size = options_.batch_size;
  if (batch_size == 0) {
    const std::size_t fitting = default_buffer_limit / (key_size_ + stride);
    batch_size =
        static_cast<std::uint32_t>(std::clamp<std::size_t>(fitting, 1, default_batch_size));
  }
  return allocate(std::min(batch_size, std::max(info.max_entries, 1U)));
}

bool BatchReader::start() noexcept {
  if (!*map_) return fail(Errc::no_map);
  if (detail::may_be_percpu(*map_) && sys::possible_cpus().empty()) return fail(Errc::no_cpu_list);
  const KeyKind kind = key_kind(*map_);
  const bool unwalkable = map_->info().key_size == 0 || kind == KeyKind::object;
  if (unwalkable || (mode_ == ReadMode::take && is_array(*map_))) return fail(-sys::enotsupp);
  if (!allocate_at_start()) return false;
  state_ = State::walking;
  // A bucket's number, or the index before the first: what the kernel itself would have left in the
  // cursor.
  has_cursor_ = range_.begin != 0;
  const std::uint32_t begin = is_array(*map_) ? range_.begin - 1 : range_.begin;
  std::memcpy(cursor_, &begin, sizeof begin);
  status_.exact = mode_ == ReadMode::take || kind != KeyKind::prefix;
  if (one_by_one_ || !has_batches(*map_, mode_)) fall_back();
  return true;
}

void BatchReader::fall_back() noexcept {
  const bool by_index = is_array(*map_);
  status_.method = by_index ? ScanMethod::index : ScanMethod::next_key;
  status_.exact = by_index || mode_ == ReadMode::take;
  steps_ = by_index && has_cursor_ ? std::uint64_t{detail::load_u32(cursor_)} + 1 : 0;
}

bool BatchReader::next(std::error_code& ec) noexcept {
  shown_.count = 0;
  if (state_ == State::unstarted && start() && reads_ahead()) fill(ahead_);
  if (reads_ahead()) {
    std::swap(shown_, ahead_);
    ahead_.count = 0;
  }
  fill(reads_ahead() ? ahead_ : shown_);
  status_.entries += shown_.count;
  ec.clear();
  if (shown_.count != 0) return true;
  ec = std::exchange(pending_, {});
  status_.complete = reached_end_;
  return false;
}

void BatchReader::move_entry(Batch& batch, std::uint32_t from, std::uint32_t to) noexcept {
  if (from == to) return;
  const std::size_t key_size = key_size_;
  std::memcpy(batch.keys + to * key_size, batch.keys + from * key_size, key_size);
  std::memcpy(batch.values + to * value_stride_, batch.values + from * value_stride_,
              value_stride_);
}

}  // namespace bpfmap::inline v0
