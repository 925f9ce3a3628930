// SPDX-License-Identifier: MIT
// Maps that are mapped as memory.
#include <unistd.h>

#include <cerrno>

#include "bpfmap/typed/arena.hpp"
#include "bpfmap/typed/mapped_array.hpp"

namespace bpfmap::inline v0 {

sys::Mapping detail::map_memory(const Map& map, std::size_t size, bool writable,
                                std::error_code& ec, void* address) noexcept {
  ec.clear();
  sys::Mapping memory = sys::Mapping::of(map.fd(), size, writable, address);
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
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto* const address = reinterpret_cast<void*>(map_.info().map_extra);
  memory_ = detail::map_memory(map_, map_.info().max_entries * page, true, ec, address);
}

}  // namespace bpfmap::inline v0
