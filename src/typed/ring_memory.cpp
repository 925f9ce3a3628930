// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/ring_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

namespace bpfmap::inline v0::detail {

int KernelPages::map(int fd, std::size_t offset, std::size_t size, bool writable) noexcept {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const memory =
      ::mmap(nullptr, size, protection, MAP_SHARED, fd, static_cast<::off_t>(offset));
  if (memory == MAP_FAILED) return -errno;
  unmap();
  address_ = static_cast<std::byte*>(memory);
  size_ = size;
  pid_ = ::getpid();
  return 0;
}

bool KernelPages::are_ours() const noexcept { return address_ != nullptr && pid_ == ::getpid(); }

void KernelPages::unmap() noexcept {
  if (are_ours()) ::munmap(address_, size_);
  address_ = nullptr;
}

// The consumer's page a second time, because it alone may be written.
int RingMemory::open(const Map& map) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t size = map.info().max_entries;
  if (size > (std::numeric_limits<std::size_t>::max() - 2 * page) / 2) return -ENOMEM;
  if (const int result = consumer_page_.map(map.fd(), 0, page, true)) return result;
  if (const int result = pages_.map(map.fd(), 0, 2 * page + 2 * size, false)) return result;
  data_ = pages_.data() + 2 * page;
  mask_ = size - 1;
  page_size_ = page;
  return 0;
}

}  // namespace bpfmap::inline v0::detail
