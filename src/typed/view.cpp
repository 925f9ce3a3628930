// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "../map/explain.hpp"
#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// A size of which only the number is known.
BytesView sized(std::uint32_t size) noexcept {
  return {static_cast<const std::byte*>(nullptr), size};
}

bool accepts(const ViewRequirement& required, MapType type) noexcept {
  return std::find(required.types.begin(), required.types.end(), type) != required.types.end();
}

bool accepts(const ViewRequirement& required, std::uint32_t value_size) noexcept {
  return value_size == required.value_size || value_size == required.other_value_size ||
         required.other_value_size == any_size;
}

std::string wanted(const ViewRequirement& required) {
  std::string text = " (this class is for ";
  for (const MapType& type : required.types) {
    if (&type != required.types.data()) text += " or ";
    text += bpfmap::to_string(type);
  }
  return text + " maps)";
}

}  // namespace

std::error_code check_view(const Map& map, const ViewRequirement& required) noexcept {
  if (!map) return Errc::no_map;
  if (!accepts(required, map.info().type)) return Errc::wrong_map_type;
  if (map.info().key_size != required.key_size) return Errc::wrong_key_size;
  if (!accepts(required, map.info().value_size)) return Errc::wrong_value_size;
  if (!has(map.info().flags, required.flags)) return Errc::wrong_map_flags;
  if (map.is_percpu() && sys::possible_cpus().empty()) return Errc::no_cpu_list;
  return {};
}

std::error_code TypedMap::error(int result) const noexcept {
  if (!map_) return Errc::no_map;
  if (result > 0) return static_cast<Errc>(result);
  const MapTypeTraits* const traits = traits_of(map_.info().type);
  if (result == -ENOENT && traits != nullptr && traits->key == KeyKind::index)
    return Errc::index_out_of_range;
  return kernel_error(result);
}

void raise_view(const Map& map, const ViewRequirement& required, const std::error_code& ec) {
  const Attempt attempt{Operation::view, sized(required.key_size), sized(required.value_size)};
  std::string text = explain(map, attempt, ec);
  if (ec == Errc::wrong_map_type) text += wanted(required);
  if (ec == Errc::wrong_map_flags) text += " (" + to_string(required.flags) + ")";
  throw Error{ec, Operation::view, map.info().id, text};
}

MapSpec complete(MapSpec spec, const ViewRequirement& required, std::error_code& ec) noexcept {
  ec.clear();
  if (spec.type == MapType::unspec) spec.type = required.types.front();
  if (spec.key_size == 0) spec.key_size = required.key_size;
  if (spec.value_size == 0) spec.value_size = required.value_size;
  spec.flags = spec.flags | required.flags;
  if (!accepts(required, spec.type))
    ec = Errc::wrong_map_type;
  else if (spec.key_size != required.key_size)
    ec = Errc::wrong_key_size;
  else if (!accepts(required, spec.value_size))
    ec = Errc::wrong_value_size;
  return spec;
}

void raise_create(const MapSpec& spec, const ViewRequirement& required, const std::error_code& ec) {
  std::string text = explain_create(spec, ec);
  if (ec == Errc::wrong_map_type) text += wanted(required);
  if (ec == Errc::wrong_key_size)
    text += " (this class has keys of " + std::to_string(required.key_size) + " bytes)";
  if (ec == Errc::wrong_value_size)
    text += " (this class has values of " + std::to_string(required.value_size) + " bytes)";
  throw Error{ec, Operation::create, 0, text};
}

}  // namespace bpfmap::inline v0::detail
