// SPDX-License-Identifier: MIT
// Reads the table of map types: names, and the limits and flags of creation.
#include <array>

#include "bpfmap/map/map_type.hpp"
#include "creation.hpp"
#include "map_type_rows.hpp"

namespace bpfmap::inline v0 {

using detail::type_rows::rows;

std::span<const MapTypeTraits> map_types() noexcept { return rows; }

const MapTypeTraits* traits_of(MapType type) noexcept {
  const auto number = static_cast<std::size_t>(type);
  return number >= 1 && number <= rows.size() ? &rows[number - 1] : nullptr;
}

std::string_view to_string(MapType type) noexcept {
  const MapTypeTraits* const row = traits_of(type);
  return row != nullptr ? row->name : "unknown";
}

std::optional<MapType> parse_map_type(std::string_view name) noexcept {
  for (const auto& row : rows)
    if (row.name == name) return row.type;
  return std::nullopt;
}

namespace detail {
namespace {

struct LimitedField {
  std::uint32_t MapSpec::* field;
  SizeRange MapTypeTraits::* range;
};
constexpr std::array limited_fields{
    LimitedField{&MapSpec::key_size, &MapTypeTraits::key_size},
    LimitedField{&MapSpec::value_size, &MapTypeTraits::value_size},
    LimitedField{&MapSpec::max_entries, &MapTypeTraits::max_entries}};

consteval auto limits_of_rows() {
  std::array<Limit, rows.size() * limited_fields.size()> limits{};
  std::size_t at = 0;
  for (const MapTypeTraits& row : rows)
    for (const LimitedField& field : limited_fields) {
      const SizeRange& range = row.*field.range;
      limits[at++] = {row.type, field.field, range.least, range.most, range.step, range.why};
    }
  return limits;
}
constexpr auto limit_rows = limits_of_rows();

consteval auto flags_of_rows() {
  std::array<FlagsTaken, rows.size()> flags{};
  for (std::size_t i = 0; i < rows.size(); ++i)
    flags[i] = {rows[i].type, rows[i].flags_taken, rows[i].flags_needed};
  return flags;
}
constexpr auto flags_rows = flags_of_rows();

constexpr std::array flag_rows{
    FlagName{MapFlags::no_prealloc, "no_prealloc", "4.6"},
    FlagName{MapFlags::no_common_lru, "no_common_lru", "4.10"},
    FlagName{MapFlags::numa_node, "numa_node", "4.14"},
    FlagName{MapFlags::rdonly, "rdonly", "4.15"},
    FlagName{MapFlags::wronly, "wronly", "4.15"},
    FlagName{MapFlags::stack_build_id, "stack_build_id", "4.17"},
    FlagName{MapFlags::zero_seed, "zero_seed", "5.0"},
    FlagName{MapFlags::rdonly_prog, "rdonly_prog", "5.2"},
    FlagName{MapFlags::wronly_prog, "wronly_prog", "5.2"},
    FlagName{MapFlags::clone, "clone", "5.4"},
    FlagName{MapFlags::mmapable, "mmapable", "5.5"},
    FlagName{MapFlags::preserve_elems, "preserve_elems", "5.10"},
    FlagName{MapFlags::inner_map, "inner_map", "5.10"},
    FlagName{MapFlags::link, "link", "6.4"},
    FlagName{MapFlags::vtype_btf_obj_fd, "vtype_btf_obj_fd", "6.9"},
    FlagName{MapFlags::token_fd, "token_fd", "6.9"},
    FlagName{MapFlags::segv_on_fault, "segv_on_fault", "6.9"},
    FlagName{MapFlags::no_user_conv, "no_user_conv", "6.9"},
    FlagName{MapFlags::rb_overwrite, "rb_overwrite", "6.19"},
};

constexpr std::array since_rows{
    FieldSince{[](const Failure& f) { return f.spec->inner_map_fd >= 0; }, "inner_map_fd", "4.12"},
    FieldSince{[](const Failure& f) { return f.spec->numa_node.has_value(); }, "numa_node", "4.14"},
    FieldSince{[](const Failure& f) { return !f.spec->name.empty(); }, "name", "4.15"},
    FieldSince{[](const Failure& f) { return f.spec->ifindex != 0; }, "ifindex", "4.16"},
    FieldSince{[](const Failure& f) { return f.spec->btf_fd >= 0; }, "btf_fd", "4.18"},
    FieldSince{[](const Failure& f) { return f.spec->btf_vmlinux_value_type_id != 0; },
               "btf_vmlinux_value_type_id", "5.6"},
    FieldSince{[](const Failure& f) { return f.spec->map_extra != 0; }, "map_extra", "5.16"},
    FieldSince{[](const Failure& f) { return f.spec->value_type_btf_obj_fd >= 0; },
               "value_type_btf_obj_fd", "6.9"},
    FieldSince{[](const Failure& f) { return f.spec->token_fd >= 0; }, "token_fd", "6.9"},
    FieldSince{[](const Failure& f) { return f.spec->excl_prog_hash.has_value(); },
               "excl_prog_hash", "6.18"},
};

}  // namespace

std::span<const Limit> limits() noexcept { return limit_rows; }
std::span<const FlagsTaken> flags_taken() noexcept { return flags_rows; }
std::span<const FlagName> flag_names() noexcept { return flag_rows; }
std::span<const FieldSince> fields_since() noexcept { return since_rows; }

}  // namespace detail
}  // namespace bpfmap::inline v0
