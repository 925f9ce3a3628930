// SPDX-License-Identifier: MIT
// Arena: BPF_MAP_TYPE_ARENA. Layer 2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <utility>

#include "bpfmap/sys/mapping.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Memory that programs and this process share, with pointers that are valid in both:
/// BPF_MAP_TYPE_ARENA (6.9). `max_entries` is the size in pages, up to 4 GiB.
///
/// It is mapped at the address in the map's map_extra, or anywhere when that is 0: the first
/// mapping then fixes the address, and other processes cannot map it elsewhere. Set map_extra for
/// an arena that is to be mapped by several processes. A forked child does not inherit the mapping
/// and must map the arena itself. libbpf (1.5 and later) maps the arena of a skeleton when it loads
/// it: bpf_map__initial_value() returns its memory.
///
/// A page is allocated when this process touches it, or when a program asks for it
/// (bpf_arena_alloc_pages). With MapFlags::segv_on_fault, only programs allocate pages, and
/// touching any other page raises SIGSEGV. The destructor unmaps the memory. An arena that has been
/// mapped cannot be frozen (EBUSY).
class Arena : public TypedMap<Arena> {
 public:
  /// Empty.
  Arena() noexcept = default;
  /// Maps `map`. Errors: Errc::wrong_map_type when it is not an arena; EEXIST when its address is
  /// in use; EINVAL when it was first mapped at another one.
  explicit Arena(Map map);
  /// As above; empty when `ec` is set.
  Arena(Map map, std::error_code& ec) noexcept;

  /// Returns all of the memory.
  [[nodiscard]] std::span<std::byte> span() const noexcept {
    return {memory_.data(), memory_.size()};
  }
  /// Returns the size in bytes.
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }
  /// Returns the address of the memory, which is the same in programs.
  [[nodiscard]] std::byte* data() const noexcept { return memory_.data(); }

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::arena};
  static constexpr detail::Requirement requirement{types, 0, 0, 0, MapFlags::mmapable};

  void open(std::error_code& ec) noexcept;

  sys::Mapping memory_;
};

}  // namespace bpfmap::inline v0
