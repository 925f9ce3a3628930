// SPDX-License-Identifier: MIT
#include "bpfmap/sys/mapping.hpp"

#include <sys/mman.h>

namespace bpfmap::inline v0::sys {

Mapping Mapping::of(int fd, std::size_t size, bool writable, void* address) noexcept {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const int flags = address != nullptr ? MAP_SHARED | MAP_FIXED_NOREPLACE : MAP_SHARED;
  void* const memory = ::mmap(address, size, protection, flags, fd, 0);
  Mapping mapping;
  if (memory == MAP_FAILED) return mapping;
  mapping.address_ = static_cast<std::byte*>(memory);
  mapping.size_ = size;
  return mapping;
}

void Mapping::unmap() noexcept {
  if (address_ != nullptr) ::munmap(address_, size_);
}

}  // namespace bpfmap::inline v0::sys
