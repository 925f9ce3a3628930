// SPDX-License-Identifier: MIT
// The owner of one mapping of memory. Layer 0: includes nothing above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bpfmap/config.hpp"
#include "bpfmap/sys/ownership.hpp"

namespace bpfmap::inline v0::sys {

/// Returns the page size of this machine in bytes.
[[nodiscard]] std::size_t page_size() noexcept;

/// Options of Mapping::of.
struct MappingOptions {
  bool writable = false;
  /// Bytes from the beginning of the object; a multiple of the page size.
  std::uint64_t offset = 0;
  /// Where to map; 0: anywhere.
  std::uint64_t address = 0;
  /// false where the kernel keeps the memory out of a child of fork(2) (arenas and perf buffers),
  /// or where a child must not use it. Only the process that mapped it then unmaps it.
  bool inherited = true;
};

/// Owns memory mapped with mmap(2) and unmaps it once. Follows the rules of sys/ownership.hpp.
class Mapping {
 public:
  /// Empty.
  Mapping() noexcept = default;
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        process_(other.process_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    Mapping taken{std::move(other)};
    std::swap(address_, taken.address_);
    std::swap(size_, taken.size_);
    std::swap(process_, taken.process_);
    return *this;
  }
  ~Mapping() { unmap(); }

  /// Maps `size` bytes of `fd`, shared. Empty with errno set on failure. EEXIST: something is
  /// mapped at the address; ENOMEM: no room in the address space, also where `size` exceeds size_t.
  [[nodiscard]] static Mapping of(int fd, std::uint64_t size,
                                  const MappingOptions& options) noexcept;

  /// Returns the first byte; nullptr when empty.
  [[nodiscard]] std::byte* data() const noexcept { return address_; }
  /// Returns whether this process may use and unmap the memory; true when empty.
  [[nodiscard]] bool is_ours() const noexcept { return process_.is_current(); }
  /// Returns the requested size in bytes; the kernel maps whole pages.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] explicit operator bool() const noexcept { return address_ != nullptr; }

 private:
  void unmap() noexcept;

  std::byte* address_ = nullptr;
  std::size_t size_ = 0;
  OwnerProcess process_;  // the only one to unmap it
};

}  // namespace bpfmap::inline v0::sys
