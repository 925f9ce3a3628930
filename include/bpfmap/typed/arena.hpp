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
#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Memory that programs and this process share, with pointers that mean the same to both:
/// BPF_MAP_TYPE_ARENA (6.9). Up to 4 GiB, mapped at the address in the map's map_extra, or anywhere
/// when that is 0: the first mapping then decides for ever, and nobody else can map it there. So
/// give a map_extra to an arena that several processes map. A child of fork(2) does not inherit the
/// mapping: it makes its own. The arena of a skeleton is mapped by libbpf already (1.5 and later),
/// once and for all: bpf_map__initial_value() is its memory.
///
/// Pages come into being when this process touches them, or when a program allocates them
/// (bpf_arena_alloc_pages). With MapFlags::segv_on_fault only programs make pages, and touching
/// another one is SIGSEGV. The memory is this object's and goes with it. Once it has been mapped,
/// an arena cannot be frozen any more (EBUSY).
class Arena : public detail::TypedMap {
 public:
  /// Empty: without a map.
  Arena() noexcept = default;
  /// Maps `map`. Throws Error (Errc::wrong_map_type; EEXIST and EINVAL when its address cannot be
  /// had) when it is no arena, or cannot be mapped.
  explicit Arena(Map map);
  /// The same; empty when `ec` is set.
  Arena(Map map, std::error_code& ec) noexcept;

  /// A new arena of `max_entries` pages; type and MapFlags::mmapable are filled in. EINVAL before
  /// 6.9.
  [[nodiscard]] static Arena create(MapSpec spec) {
    return Arena{create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static Arena create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = create_map(std::move(spec), requirement, ec);
    return ec ? Arena{} : Arena{std::move(map), ec};
  }

  /// All of it.
  [[nodiscard]] std::span<std::byte> span() const noexcept {
    return {memory_.data(), memory_.size()};
  }
  /// Bytes.
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }
  /// Where it is: the address that programs see, too.
  [[nodiscard]] std::byte* data() const noexcept { return memory_.data(); }

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::arena};
  static constexpr detail::ViewRequirement requirement{types, 0, 0, 0, MapFlags::mmapable};

  void open(std::error_code& ec) noexcept;

  sys::Mapping memory_;
};

}  // namespace bpfmap::inline v0
