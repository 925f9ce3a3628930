// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/batch_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpfmap/sys/bpf.hpp"
#include "lpm_order.hpp"
#include "retry.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

constexpr std::uint32_t default_batch_size = 256;
constexpr std::size_t default_buffer_limit = std::size_t{1} << 20;
// An LPM trie whose cursor key is deleted again and again could be walked for ever.
constexpr std::uint32_t restart_limit = 1024;

constexpr std::size_t round_up_to_16(std::size_t size) noexcept { return (size + 15) / 16 * 16; }

KeyKind key_kind(const Map& map) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  return traits != nullptr ? traits->key : KeyKind::bytes;
}

ScanMethod first_method(const Map& map) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  if (traits != nullptr && traits->lookup_batch) return ScanMethod::batch;
  const KeyKind kind = key_kind(map);
  return kind == KeyKind::index || kind == KeyKind::slot ? ScanMethod::index : ScanMethod::next_key;
}

// The types that fall back are those that never had batches: a kernel older than its batches
// answers as to any unknown command.
bool means_no_batches(int result) noexcept {
  return result == -sys::enotsupp || result == -EOPNOTSUPP || result == -EINVAL;
}

}  // namespace

void BatchReader::rewind() noexcept {
  const std::uint32_t batch_size = status_.batch_size;
  status_ = {};
  status_.batch_size = batch_size;
  state_ = State::unstarted;
  count_ = 0;
  has_cursor_ = has_shown_ = false;
  steps_ = 0;
  restarts_ = 0;
}

bool BatchReader::end(bool complete) noexcept {
  state_ = State::ended;
  status_.complete = complete;
  return false;
}

// One allocation: both cursors, the last key shown, the keys, the values.
bool BatchReader::allocate(std::uint32_t batch_size, std::error_code& ec) noexcept try {
  const std::size_t key_size = map_->info().key_size;
  const std::size_t cursor = round_up_to_16(std::max<std::size_t>(key_size, sizeof(std::uint32_t)));
  const std::size_t keys = round_up_to_16(key_size * batch_size);
  std::vector<std::byte> buffer(3 * cursor + keys + value_stride_ * batch_size);
  if (!buffer_.empty()) std::memcpy(buffer.data(), buffer_.data(), 3 * cursor);
  buffer_ = std::move(buffer);
  in_cursor_ = buffer_.data();
  out_cursor_ = in_cursor_ + cursor;
  shown_ = out_cursor_ + cursor;
  keys_ = shown_ + cursor;
  values_ = keys_ + keys;
  status_.batch_size = batch_size;
  return true;
} catch (const std::bad_alloc&) {
  ec = kernel_error(-ENOMEM);
  return end(false);
}

bool BatchReader::start(std::error_code& ec) noexcept {
  if (!*map_) {
    ec = Errc::no_map;
    return end(false);
  }
  const MapInfo& info = map_->info();
  const MapTypeTraits* const traits = traits_of(info.type);
  const bool percpu = map_->is_percpu();
  if (percpu && sys::possible_cpus().empty()) {
    ec = Errc::no_cpu_list;
    return end(false);
  }
  if (info.key_size == 0 || (traits != nullptr && traits->key == KeyKind::object)) {
    ec = kernel_error(-sys::enotsupp);
    return end(false);
  }
  state_ = State::walking;
  status_.method = first_method(*map_);
  status_.exact = status_.method != ScanMethod::next_key;
  if (!buffer_.empty()) return true;
  value_stride_ = percpu ? sys::percpu_size(info.value_size) : info.value_size;
  std::uint32_t batch_size = options_.batch_size;
  if (batch_size == 0) {
    const std::size_t fitting = default_buffer_limit / (info.key_size + value_stride_);
    batch_size =
        static_cast<std::uint32_t>(std::clamp<std::size_t>(fitting, 1, default_batch_size));
  }
  return allocate(std::min(batch_size, std::max(info.max_entries, 1U)), ec);
}

bool BatchReader::next(std::error_code& ec) noexcept {
  ec.clear();
  count_ = 0;
  if (state_ == State::unstarted && !start(ec)) return false;
  while (state_ == State::walking && count_ == 0) {
    switch (status_.method) {
      case ScanMethod::batch:
        next_by_batch(ec);
        break;
      case ScanMethod::index:
        next_by_index(ec);
        break;
      case ScanMethod::next_key:
        next_by_key(ec);
        break;
    }
  }
  status_.entries += count_;
  return count_ != 0 && !ec;
}

// A bucket is larger than the room: double it and go on from the same cursor.
bool BatchReader::grow(std::error_code& ec) noexcept {
  // No bucket holds more entries than the map; one with spare room beyond that is no honest answer.
  if (status_.batch_size / 2 > map_->info().max_entries) {
    ec = kernel_error(-ENOSPC);
    return end(false);
  }
  return allocate(status_.batch_size * 2, ec);
}

bool BatchReader::next_by_batch(std::error_code& ec) noexcept {
  const void* const from = has_cursor_ ? in_cursor_ : nullptr;
  std::uint32_t count = 0;
  const int result = detail::retried([&] {
    count = status_.batch_size;
    return sys::map_lookup_batch(map_->fd(), from, out_cursor_, keys_, values_, count,
                                 detail::to_underlying(options_.flags));
  });
  if (result == -ENOSPC) return grow(ec);
  if (!has_cursor_ && means_no_batches(result)) {
    fall_back();
    return true;
  }
  if (result != 0 && result != -ENOENT) {
    ec = kernel_error(result);
    return end(false);
  }
  count_ = count;
  std::swap(in_cursor_, out_cursor_);
  has_cursor_ = true;
  if (key_kind(*map_) == KeyKind::prefix) leave_out_shown_prefixes();
  // Only ENOENT is the end: a short batch is not, and the last one may carry entries.
  return result == 0 || end(true);
}

void BatchReader::fall_back() noexcept {
  const KeyKind kind = key_kind(*map_);
  status_.method =
      kind == KeyKind::index || kind == KeyKind::slot ? ScanMethod::index : ScanMethod::next_key;
  status_.exact = status_.method == ScanMethod::index;
}

// Keys come in a total order, so that what is not behind the last key shown was shown before the
// kernel restarted.
void BatchReader::leave_out_shown_prefixes() noexcept {
  const std::size_t key_size = map_->info().key_size;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::byte* const key = keys_ + i * key_size;
    if (has_shown_ && !detail::lpm_precedes(shown_, key, key_size)) continue;
    std::memcpy(shown_, key, key_size);
    has_shown_ = true;
    if (kept != i) {
      std::memcpy(keys_ + kept * key_size, key, key_size);
      std::memcpy(values_ + kept * value_stride_, values_ + i * value_stride_, value_stride_);
    }
    ++kept;
  }
  if (kept == count_) return;
  count_ = kept;
  status_.restarted = true;
  if (++restarts_ == restart_limit) end(false);
}

// Copies the value of `key` behind the values of this batch; an entry that is gone meanwhile is
// left out.
bool BatchReader::look_up(const std::byte* key, std::error_code& ec) noexcept {
  std::byte* const value = values_ + count_ * value_stride_;
  int result = 0;
  if (!options_.keys_only)
    result = detail::retried([&] {
      return sys::map_lookup_elem(map_->fd(), key, value, detail::to_underlying(options_.flags));
    });
  if (result == -ENOENT) return true;
  if (result != 0) {
    ec = kernel_error(result);
    return end(false);
  }
  std::memcpy(keys_ + count_ * map_->info().key_size, key, map_->info().key_size);
  ++count_;
  return true;
}

bool BatchReader::next_by_index(std::error_code& ec) noexcept {
  for (; count_ < status_.batch_size && steps_ < map_->info().max_entries; ++steps_) {
    const auto index = static_cast<std::uint32_t>(steps_);
    if (!look_up(reinterpret_cast<const std::byte*>(&index), ec)) return false;
  }
  return steps_ < map_->info().max_entries || end(true);
}

// The next key is fetched before the current entry is shown, so that the loop body may erase or
// update what it is shown.
bool BatchReader::next_by_key(std::error_code& ec) noexcept {
  if (steps_ == 0 && !step_to_next_key(ec)) return false;
  while (state_ == State::walking && count_ < status_.batch_size) {
    if (!look_up(in_cursor_, ec)) return false;
    step_to_next_key(ec);
  }
  return !ec;
}

bool BatchReader::step_to_next_key(std::error_code& ec) noexcept {
  const std::size_t key_size = map_->info().key_size;
  const int result = detail::retried([&] {
    return sys::map_get_next_key(map_->fd(), steps_ == 0 ? nullptr : in_cursor_, in_cursor_);
  });
  if (result == -ENOENT) return end(true);
  if (result != 0) {
    ec = kernel_error(result);
    return end(false);
  }
  if (steps_ == 0)
    std::memcpy(out_cursor_, in_cursor_, key_size);
  else if (std::memcmp(out_cursor_, in_cursor_, key_size) == 0)
    status_.restarted = true;
  // Under churn nothing in the kernel bounds this walk.
  if (++steps_ > 4 * std::uint64_t{map_->info().max_entries} + 64) return end(false);
  return true;
}

}  // namespace bpfmap::inline v0
