// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "create_attr.hpp"
#include "failure_record.hpp"

namespace bpfmap::inline v0 {
namespace {

bool is_valid_name(std::string_view name) noexcept {
  const auto valid = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  };
  return name.size() < sys::obj_name_len && std::all_of(name.begin(), name.end(), valid);
}

std::uint32_t descriptor_or_zero(int fd) noexcept {
  return fd < 0 ? 0 : static_cast<std::uint32_t>(fd);
}

}  // namespace

sys::MapCreateAttr detail::to_attr(const MapSpec& spec) noexcept {
  sys::MapCreateAttr attr;
  std::memset(&attr, 0, sizeof attr);
  MapFlags flags = spec.flags;
  if (spec.numa_node) flags = flags | MapFlags::numa_node;
  if (spec.value_type_btf_obj_fd >= 0) flags = flags | MapFlags::vtype_btf_obj_fd;
  if (spec.token_fd >= 0) flags = flags | MapFlags::token_fd;
  attr.map_type = detail::to_underlying(spec.type);
  attr.key_size = spec.key_size;
  attr.value_size = spec.value_size;
  attr.max_entries = spec.max_entries;
  attr.map_flags = detail::to_underlying(flags);
  attr.inner_map_fd = descriptor_or_zero(spec.inner_map_fd);
  attr.numa_node = spec.numa_node.value_or(0);
  std::memcpy(attr.map_name, spec.name.data(), spec.name.size());
  attr.map_ifindex = spec.ifindex;
  attr.btf_fd = descriptor_or_zero(spec.btf_fd);
  attr.btf_key_type_id = spec.btf_key_type_id;
  attr.btf_value_type_id = spec.btf_value_type_id;
  attr.btf_vmlinux_value_type_id = spec.btf_vmlinux_value_type_id;
  attr.map_extra = spec.map_extra;
  attr.value_type_btf_obj_fd = spec.value_type_btf_obj_fd < 0 ? 0 : spec.value_type_btf_obj_fd;
  attr.map_token_fd = spec.token_fd < 0 ? 0 : spec.token_fd;
  if (spec.excl_prog_hash) {
    attr.excl_prog_hash = sys::detail::address(spec.excl_prog_hash->data());
    attr.excl_prog_hash_size = static_cast<std::uint32_t>(spec.excl_prog_hash->size());
  }
  return attr;
}

unsigned int detail::used_size(const sys::MapCreateAttr& attr) noexcept {
  std::array<std::byte, sizeof attr> bytes;
  std::memcpy(bytes.data(), &attr, sizeof attr);
  const auto last =
      std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
  const auto used = static_cast<unsigned int>(bytes.rend() - last);
  return std::max<unsigned int>((used + 3) / 4 * 4, offsetof(sys::MapCreateAttr, inner_map_fd));
}

Map Map::create(const MapSpec& spec, std::error_code& ec) noexcept {
  Map map;
  ec.clear();
  if (!is_valid_name(spec.name)) {
    ec = Errc::invalid_name;
  } else {
    const sys::MapCreateAttr attr = detail::to_attr(spec);
    const int fd = sys::map_create(attr, detail::used_size(attr));
    ec = detail::kernel_error(fd);
    if (!ec) map = open(sys::UniqueFd{fd}, ec);
  }
  if (ec) ec = detail::record_create(spec, ec);
  return map;
}

Map Map::create(const MapSpec& spec) {
  std::error_code ec;
  Map map = create(spec, ec);
  detail::throw_if(ec);
  return map;
}

}  // namespace bpfmap::inline v0
