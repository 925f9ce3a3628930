// SPDX-License-Identifier: MIT
#include "bpfmap/typed/base/typed_map.hpp"

#include <algorithm>

#include "../map/cpu_list.hpp"
#include "../map/sets.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/typed/base/element.hpp"

namespace bpfmap::inline v0::detail {
namespace {

BytesView bytes_at(std::uint64_t address, std::size_t size) noexcept {
  return {reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(address)), size};
}

bool accepts(const Requirement& required, MapType type) noexcept {
  return std::find(required.types.begin(), required.types.end(), type) != required.types.end();
}

bool accepts(const Requirement& required, std::uint32_t value_size) noexcept {
  return value_size == required.value_size || value_size == required.other_value_size ||
         required.other_value_size == any_size;
}

std::error_code misfit(const Map& map, const Requirement& required) noexcept {
  if (!map) return Errc::no_map;
  if (!accepts(required, map.info().type)) return Errc::wrong_map_type;
  if (map.info().key_size != required.key_size) return Errc::wrong_key_size;
  if (!accepts(required, map.info().value_size)) return Errc::wrong_value_size;
  if (!has(map.info().flags, required.flags)) return Errc::wrong_map_flags;
  return map.is_percpu() ? check_cpu_list() : std::error_code{};
}

RequiredFields fields(const Requirement& required) noexcept {
  return {required.types, required.key_size, required.value_size, required.flags};
}

}  // namespace

std::error_code check(const Map& map, const Requirement& required,
                      const EntryLayout* layout) noexcept {
  std::error_code ec = misfit(map, required);
  if (!ec && layout != nullptr) ec = layout->check(*layout, map.info());
  return ec ? record_view(map, fields(required), ec, layout) : ec;
}

std::error_code complete(MapSpec& spec, const Requirement& required, const EntryLayout* layout,
                         sys::UniqueFd& btf) noexcept {
  if (spec.type == MapType::unspec) spec.type = required.types.front();
  if (required.fill != nullptr) required.fill(spec);
  if (spec.key_size == 0) spec.key_size = required.key_size;
  if (spec.value_size == 0) spec.value_size = required.value_size;
  spec.flags = spec.flags | required.flags;
  std::error_code ec;
  if (!accepts(required, spec.type))
    ec = Errc::wrong_map_type;
  else if (spec.key_size != required.key_size)
    ec = Errc::wrong_key_size;
  else if (!accepts(required, spec.value_size))
    ec = Errc::wrong_value_size;
  else if (spec.max_entries == 0 && required.fill == &fill_max_entries_with_cpus)
    ec = check_cpu_list();
  if (ec) return record_create(spec, fields(required), ec);
  if (layout != nullptr && spec.btf_fd < 0 && with_entry_btf.contains(spec.type))
    ec = layout->describe(*layout, spec, btf);
  return ec ? record_create(spec, fields(required), ec) : ec;
}

std::uint32_t entries_for(std::span<const std::uint32_t> cpus) noexcept {
  return cpus.empty() ? 0 : cpus.back() + 1;
}

void fill_max_entries_with_cpus(MapSpec& spec) noexcept {
  if (spec.max_entries == 0) spec.max_entries = entries_for(sys::possible_cpus());
}

std::error_code record_element(const Map& map, Operation operation, std::size_t key_size,
                               std::size_t value_size, sys::ElementAttr attr, int result) noexcept {
  return record(
      map, {operation, bytes_at(attr.key, key_size), bytes_at(attr.value, value_size), attr.flags},
      result);
}

std::error_code record_erase(const Map& map, std::size_t key_size, sys::KeyAttr attr,
                             int result) noexcept {
  return record(map, {Operation::erase, bytes_at(attr.key, key_size)}, result);
}

}  // namespace bpfmap::inline v0::detail
