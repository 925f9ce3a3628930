// SPDX-License-Identifier: MIT
// Maps as memory.
#include "bpfmap/typed/detail/memory.hpp"

#include <cerrno>
#include <span>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/typed/arena.hpp"
#include "bpfmap/typed/global_variable.hpp"
#include "bpfmap/typed/mapped_array.hpp"
#include "bpfmap/typed/mapped_bytes.hpp"

namespace bpfmap::inline v0 {

sys::Mapping detail::map_memory(const Map& map, std::uint64_t size,
                                const sys::MappingOptions& options, std::error_code& ec) noexcept {
  ec.clear();
  sys::Mapping memory = sys::Mapping::of(map.fd(), size, options);
  if (!memory) ec = record(map, {.operation = Operation::mmap}, kernel_error(-errno));
  return memory;
}

namespace {

// Without BTF, only a dot in the name shows that a map holds a section: the maps that a program
// declares have none.
bool may_be_section(const MapInfo& info) noexcept {
  return detail::is_section(info) || (info.btf_id == 0 && info.max_entries == 1 &&
                                      info.name.find('.') != decltype(info.name)::npos);
}

}  // namespace

std::uint64_t detail::element_count(const Map& map, std::size_t size, std::size_t alignment,
                                    std::error_code& ec) noexcept {
  const MapInfo& info = map.info();
  if (info.value_size == size) return info.max_entries;
  // A section that was resized before loading may have no BTF.
  const bool single = info.max_entries == 1 && info.btf_key_type_id == 0;
  if (single && info.value_size > size && info.value_size % size == 0 && size % 8 == 0)
    return info.value_size / size;
  // The compiler ends a section after its last variable; a struct ends at a multiple of its
  // alignment. More variables may follow the struct.
  if (may_be_section(info) && info.value_size + alignment > size) return 1;
  ec = wrong_size(map, size);
  return 0;
}

std::error_code detail::wrong_index(const Map& map, std::size_t index, std::size_t count) noexcept {
  if (!map) return record(map, {.operation = Operation::lookup}, Errc::no_map);
  const std::uint64_t key = index;
  return record(
      map,
      {.operation = Operation::lookup, .key = std::as_bytes(std::span{&key, 1}), .count = count},
      Errc::index_out_of_range);
}

std::error_code detail::wrong_size(const Map& map, std::size_t size) noexcept {
  // Only the size of the type is known.
  const BytesView value{static_cast<const std::byte*>(nullptr), size};
  return record(map, {.operation = Operation::view, .value = value}, Errc::wrong_value_size);
}

Arena::Arena(Map map) : TypedMap(std::move(map)) {
  std::error_code ec;
  open(ec);
  detail::throw_if(ec);
}

Arena::Arena(Map map, std::error_code& ec) noexcept : TypedMap(std::move(map), ec) {
  if (!ec) open(ec);
  if (ec) this->map() = {};
}

void Arena::open(std::error_code& ec) noexcept {
  const std::uint64_t bytes = std::uint64_t{map().info().max_entries} * sys::page_size();
  memory_ = detail::map_memory(
      map(), bytes, {.writable = true, .address = map().info().map_extra, .inherited = false}, ec);
}

sys::Mapping detail::map_bytes(const Map& map, bool writable, std::error_code& ec) noexcept {
  const MapInfo& info = map.info();
  const std::uint64_t stride = (std::uint64_t{info.value_size} + 7) / 8 * 8;
  const std::uint64_t gap = stride - info.value_size;
  // The rest of the last page has no values.
  return map_memory(map, info.max_entries * stride - gap, {.writable = writable}, ec);
}

GlobalVariable detail::find_variable_of_size(const Map& map, std::string_view name,
                                             std::size_t size, std::size_t alignment,
                                             std::error_code& ec) noexcept {
  const GlobalVariable found = find_variable(map, name, ec);
  if (ec) return {};
  const bool inside =
      found.offset <= map.info().value_size && map.info().value_size - found.offset >= found.size;
  if (found.size == size && found.offset % alignment == 0 && inside) return found;
  const BytesView wanted{static_cast<const std::byte*>(nullptr), size};
  ec = record(map, {.operation = Operation::info, .value = wanted}, Errc::wrong_value_size);
  return {};
}

}  // namespace bpfmap::inline v0
