// SPDX-License-Identifier: MIT
// Compares a MapSpec with the tables of map/creation.hpp.
#include "create.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "../map/create_attr.hpp"
#include "../map/creation.hpp"
#include "../map/names.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "causes.hpp"
#include "special_fields.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using Texts = std::vector<std::string>;

std::string join(const Texts& texts) {
  std::string joined;
  for (const auto& text : texts) joined += (joined.empty() ? "" : "; ") + text;
  return joined;
}

std::string_view name_of(std::uint32_t MapSpec::* field) {
  if (field == &MapSpec::key_size) return "key_size";
  return field == &MapSpec::value_size ? "value_size" : "max_entries";
}

// "4", "4 or 8", "1 to 512", "1 or more", "a multiple of 8"
std::string range(const Limit& limit) {
  const bool open = limit.most == std::numeric_limits<std::uint32_t>::max();
  if (limit.least == limit.most) return std::to_string(limit.least);
  if (limit.step > 1 && open) return "a multiple of " + std::to_string(limit.step);
  if (open) return std::to_string(limit.least) + " or more";
  return std::to_string(limit.least) + (limit.most - limit.least == limit.step ? " or " : " to ") +
         std::to_string(limit.most);
}

bool is_within(const Limit& limit, std::uint32_t value) {
  return value >= limit.least && value <= limit.most && (value - limit.least) % limit.step == 0;
}

void check_limits(const Failure& failure, Texts& broken) {
  for (const Limit& row : limits()) {
    const std::uint32_t value = failure.spec->*row.field;
    if (!row.types.contains(failure.info.type) || is_within(row, value)) continue;
    std::string text{name_of(row.field)};
    text += " is " + std::to_string(value) + ": " +
            std::string{bpfmap::to_string(failure.info.type)} + " maps take " + range(row);
    if (!row.why.empty()) text += " (" + std::string{row.why} + ")";
    broken.push_back(std::move(text));
  }
}

MapFlags all_flags(const MapSpec& spec) {
  return spec.numa_node ? spec.flags | MapFlags::numa_node : spec.flags;
}

// Flags that every type may have; other rows check what they require.
constexpr MapFlags with_fields = MapFlags::vtype_btf_obj_fd | MapFlags::token_fd;

void check_flags(const Failure& failure, Texts& broken) {
  const std::string type{bpfmap::to_string(failure.info.type)};
  const MapFlags given = all_flags(*failure.spec) & ~with_fields;
  for (const FlagsTaken& row : flags_taken()) {
    if (!row.types.contains(failure.info.type)) continue;
    const MapFlags refused = given & ~row.taken;
    const MapFlags missing = row.needed & ~given;
    if (refused != MapFlags::none)
      broken.push_back("flags: " + type + " maps do not take " + to_string(refused));
    if (missing != MapFlags::none)
      broken.push_back("flags: " + type + " maps need " + to_string(missing));
  }
}

std::string too_old(std::string_view what, std::string_view since) {
  return std::string{what} + ": needs Linux " + std::string{since} + ", and this is " +
         kernel_release();
}

void check_kernel(const Failure& failure, Texts& broken) {
  for (const FlagName& row : flag_names())
    if (has(all_flags(*failure.spec), row.flag) && kernel_is_before(row.since))
      broken.push_back(too_old("flags: " + std::string{row.name}, row.since));
  for (const FieldSince& row : fields_since())
    if (row.used(failure) && kernel_is_before(row.since))
      broken.push_back(too_old(row.name, row.since));
}

// When the kernel does not know the type, this is the only cause.
std::string check_type(MapType type) {
  const std::string kernel = kernel_release();
  const std::string name = "map type " + std::to_string(to_underlying(type));
  if (type == MapType::unspec) return "type is not set";
  const MapTypeTraits* const traits = traits_of(type);
  if (traits == nullptr)
    return "type: " + name + " is unknown to bpfmap; the running kernel (" + kernel +
           ") refused it";
  if (!kernel_is_before(traits->since)) return {};
  return "type: the running kernel (" + kernel + ") does not know " + name + " (" +
         std::string{traits->name} + ", since Linux " + std::string{traits->since} + ")";
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

std::string check_name(const FailureRecord& record) {
  const std::string most = std::to_string(sys::obj_name_len - 1);
  if (record.spec.name.size >= sys::obj_name_len)
    return "name has " + std::to_string(record.spec.name.size) +
           " characters, and the kernel takes " + most + " at most";
  const std::string_view name = record.spec.name.view();
  const auto bad = std::find_if_not(name.begin(), name.end(), is_name_character);
  if (bad == name.end()) return "name: the kernel takes " + most + " of [A-Za-z0-9_.] at most";
  const auto byte = static_cast<unsigned char>(*bad);
  const std::string shown = byte > ' ' && byte < 127 ? std::string{*bad} : hexadecimal(byte);
  return "name: the kernel takes letters, digits, '_' and '.', not '" + shown + "' (character " +
         std::to_string(static_cast<std::size_t>(bad - name.begin()) + 1) + ")";
}

// The fields that describe() leaves out.
std::string rest_of(const MapSpec& spec) {
  std::string text;
  const auto add = [&text](std::string_view name, auto value) {
    if (value > 0) text += ", " + std::string{name} + " " + std::to_string(value);
  };
  add("map_extra", spec.map_extra);
  if (spec.numa_node) text += ", numa_node " + std::to_string(*spec.numa_node);
  add("inner_map_fd", spec.inner_map_fd);
  add("btf_fd", spec.btf_fd);
  add("btf_key_type_id", spec.btf_key_type_id);
  add("btf_value_type_id", spec.btf_value_type_id);
  add("btf_vmlinux_value_type_id", spec.btf_vmlinux_value_type_id);
  add("value_type_btf_obj_fd", spec.value_type_btf_obj_fd);
  add("token_fd", spec.token_fd);
  add("ifindex", spec.ifindex);
  if (spec.excl_prog_hash) text += ", excl_prog_hash";
  return text;
}

bool is_about_spec(int error) {
  constexpr std::array errors{EINVAL, E2BIG, EBADF, EACCES, ERANGE, EOPNOTSUPP, sys::enotsupp};
  return std::find(errors.begin(), errors.end(), error) != errors.end();
}

// The running kernel's own reason (7.2), which it gives when it is asked once more; empty on older
// kernels, and when it accepts the spec now.
std::string kernel_reason(const Failure& failure) {
  std::array<char, 1024> log{};
  const sys::MapCreateAttr attr = to_attr(*failure.spec);
  const int fd = sys::map_create_logged(attr, used_size(attr), log.data(), log.size() - 1);
  if (fd >= 0) const sys::UniqueFd made{fd};
  const std::string_view text{fd < 0 ? log.data() : ""};
  const std::size_t end = text.find_last_not_of(" .\n");
  if (end == text.npos) return {};
  return "kernel message: " + std::string{text.substr(0, end + 1)};
}

// Linux 5.10 does not check the size of a per-CPU value, and then finds no memory for it.
std::string sizes_beyond_limits(const Failure& failure) {
  Texts broken;
  check_limits(failure, broken);
  return join(broken);
}

// The kernel compares the types' sizes (EINVAL) and then looks for fields that it manages.
void check_btf(const Failure& failure, Texts& broken) {
  const MapSpec& spec = *failure.spec;
  if (spec.btf_fd < 0 || spec.btf_value_type_id == 0) return;
  std::error_code ec;
  const Bytes bytes = read_btf_of(spec.btf_fd, ec);
  if (ec) return;
  const Btf btf{bytes};
  const auto compare = [&](const char* type_field, std::uint32_t id, const char* size_field,
                           std::uint32_t size) {
    const auto found = btf.size_of(id);
    if (found && *found != size)
      broken.push_back(std::string{type_field} + ": the type has " + std::to_string(*found) +
                       " bytes, and " + size_field + " is " + std::to_string(size));
  };
  if (failure.error == EINVAL) {
    compare("btf_key_type_id", spec.btf_key_type_id, "key_size", spec.key_size);
    compare("btf_value_type_id", spec.btf_value_type_id, "value_size", spec.value_size);
  }
  const std::string fields = special_fields(btf, spec.btf_value_type_id);
  if (fields == "none") return;
  if (failure.error == EACCES &&
      (spec.flags & (MapFlags::rdonly_prog | MapFlags::wronly_prog)) != MapFlags::none)
    broken.push_back("flags: rdonly_prog and wronly_prog exclude a value with " + fields);
  if (failure.error == EOPNOTSUPP || failure.error == sys::enotsupp)
    broken.push_back("btf_value_type_id: " + std::string{bpfmap::to_string(spec.type)} +
                     " maps do not support a value with " + fields);
}

// What is wrong with the fields by the tables, as far as it was established.
std::string broken_fields(const Failure& failure) {
  Texts broken;
  check_limits(failure, broken);
  check_flags(failure, broken);
  check_kernel(failure, broken);
  for (const Rule& row : rules())
    if (row.types.contains(failure.info.type) && row.broken(failure))
      broken.push_back(fill(row.text, failure));
  check_btf(failure, broken);
  return join(broken);
}

}  // namespace

MapInfo asked_info(const MapSpec& spec) {
  return {.type = spec.type,
          .key_size = spec.key_size,
          .value_size = spec.value_size,
          .max_entries = spec.max_entries,
          .flags = all_flags(spec),
          .name = spec.name,
          .map_extra = spec.map_extra,
          .ifindex = spec.ifindex};
}

std::string cause_of_creation(const Failure& failure) {
  if (failure.error == static_cast<int>(Errc::invalid_name)) return check_name(failure.record);
  if (failure.error == ENOMEM && !sizes_beyond_limits(failure).empty())
    return sizes_beyond_limits(failure);
  if (!is_about_spec(failure.error)) return cause_of(failure);
  if (std::string type = check_type(failure.info.type); !type.empty()) return type;
  const std::string broken = broken_fields(failure);
  const std::string reason = kernel_reason(failure);
  if (broken.empty() && reason.empty())
    return "bpfmap finds no wrong field, so the cause is not known; the running kernel is " +
           kernel_release() + rest_of(*failure.spec);
  return broken + (broken.empty() || reason.empty() ? "" : "; ") + reason;
}

}  // namespace bpfmap::inline v0::detail
