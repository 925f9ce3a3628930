// SPDX-License-Identifier: MIT
// Maps that are mapped as memory.
#include <cerrno>

#include "bpfmap/typed/arena.hpp"
#include "bpfmap/typed/mapped_array.hpp"

namespace bpfmap::inline v0 {

sys::Mapping detail::map_memory(const Map& map, std::uint64_t size,
                                const sys::MappingOptions& options, std::error_code& ec) noexcept {
  ec.clear();
  sys::Mapping memory = sys::Mapping::of(map.fd(), size, options);
  if (!memory) ec = kernel_error(-errno);
  return memory;
}

Arena::Arena(Map map) : TypedMap(std::move(map), requirement) {
  std::error_code ec;
  open(ec);
  if (ec) detail::raise(map_, {Operation::mmap}, ec);
}

Arena::Arena(Map map, std::error_code& ec) noexcept : TypedMap(std::move(map), requirement, ec) {
  if (!ec) open(ec);
  if (ec) map_ = {};
}

void Arena::open(std::error_code& ec) noexcept {
  const std::uint64_t bytes = std::uint64_t{map_.info().max_entries} * sys::page_size();
  memory_ = detail::map_memory(
      map_, bytes, {.writable = true, .address = map_.info().map_extra, .inherited = false}, ec);
}

}  // namespace bpfmap::inline v0
