// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/drain.hpp"

#include "bpfmap/sys/bpf.hpp"
#include "retry.hpp"

namespace bpfmap::inline v0::detail {

DrainReader::DrainReader(Map& map, ScanOptions options) noexcept
    : map_(&map), reader_(map, options, ReadMode::take) {
  // What is read of it is an id, of a map that nothing may hold any more: it cannot be put back.
  reader_.one_by_one_ = map.info().type == MapType::hash_of_maps;
}

DrainReader::~DrainReader() { put_back(); }

bool DrainReader::advance(std::error_code& ec) noexcept {
  ec.clear();
  if (next_ == end_) {
    finished_ = !reader_.next(ec);
    if (finished_) return false;
    next_ = 0;
    end_ = reader_.size();
  }
  at_ = next_++;
  return true;
}

void DrainReader::resume() noexcept {
  if (next_ == end_ && std::exchange(finished_, false)) reader_.rewind();
}

std::uint32_t DrainReader::put_back() noexcept {
  const std::size_t key_size = map_->info().key_size;
  const std::size_t stride = reader_.value_stride();
  // What cannot be put back moves to the end of the batch, which is handed out last.
  std::uint32_t kept = end_;
  for (std::uint32_t i = end_; i-- > next_;) {
    const std::byte* const key = reader_.keys() + i * key_size;
    const std::byte* const value = reader_.values() + i * stride;
    const int result = retried_without_memory(
        [&] { return sys::map_update_elem(map_->fd(), key, value, sys::f_noexist); });
    if (result != 0) reader_.move_entry(reader_.shown_, i, --kept);
  }
  next_ = kept;
  return end_ - kept;
}

}  // namespace bpfmap::inline v0::detail
