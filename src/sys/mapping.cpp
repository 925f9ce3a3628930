// SPDX-License-Identifier: MIT
#include "bpfmap/sys/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

namespace bpfmap::inline v0::sys {

std::size_t page_size() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

Mapping Mapping::of(int fd, std::uint64_t size, const MappingOptions& options) noexcept {
  Mapping mapping;
  // Addresses and sizes are u64 in the kernel; a 32-bit program cannot represent all of them.
  if (size > std::numeric_limits<std::size_t>::max() ||
      options.address > std::numeric_limits<std::uintptr_t>::max()) {
    errno = ENOMEM;
    return mapping;
  }
  const int protection = options.writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const int flags = options.address != 0 ? MAP_SHARED | MAP_FIXED_NOREPLACE : MAP_SHARED;
  auto* const address = reinterpret_cast<void*>(static_cast<std::uintptr_t>(options.address));
  void* const memory = ::mmap64(address, static_cast<std::size_t>(size), protection, flags, fd,
                                static_cast<off64_t>(options.offset));
  if (memory == MAP_FAILED) return mapping;
  mapping.address_ = static_cast<std::byte*>(memory);
  mapping.size_ = static_cast<std::size_t>(size);
  if (!options.inherited) mapping.process_ = OwnerProcess::current();
  return mapping;
}

void Mapping::unmap() noexcept {
  if (address_ == nullptr || !is_ours()) return;
  // Keeps errno: callers read it after the call that failed.
  const int error = errno;
  ::munmap(address_, size_);
  errno = error;
}

}  // namespace bpfmap::inline v0::sys
