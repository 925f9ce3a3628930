// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/ring_memory.hpp"

#include <cerrno>

namespace bpfmap::inline v0::detail {

int map_pages(sys::Mapping& pages, int fd, std::uint64_t offset, std::uint64_t size,
              bool writable) noexcept {
  pages = sys::Mapping::of(fd, size, {.writable = writable, .offset = offset, .inherited = false});
  return pages ? 0 : -errno;
}

// Maps the consumer's page a second time, because only that page may be mapped writable.
int RingMemory::open(const Map& map) noexcept {
  const std::size_t page = sys::page_size();
  const std::uint64_t size = map.info().max_entries;
  if (const int result = map_pages(consumer_page_, map.fd(), 0, page, true)) return result;
  if (const int result = map_pages(pages_, map.fd(), 0, 2 * page + 2 * size, false)) return result;
  data_ = pages_.data() + 2 * page;
  mask_ = static_cast<std::size_t>(size) - 1;
  page_size_ = page;
  return 0;
}

}  // namespace bpfmap::inline v0::detail
