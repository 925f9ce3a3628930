// SPDX-License-Identifier: MIT
#include "bpfmap/map/spec_of.hpp"

#include <utility>

#include "bpfmap/sys/bpf.hpp"
#include "lasting_flags.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

OwnedSpec to_spec(const MapInfo& info, sys::UniqueFd btf) {
  // The kernel reports that the map has a NUMA node, but not which one.
  const MapFlags flags = detail::lasting_flags(info.type, info.flags) & ~MapFlags::numa_node;
  MapSpec spec{.type = info.type,
               .key_size = info.key_size,
               .value_size = info.value_size,
               .max_entries = info.max_entries,
               .flags = flags,
               .name = info.name,
               .map_extra = info.map_extra,
               .btf_vmlinux_value_type_id = info.btf_vmlinux_value_type_id,
               .ifindex = info.ifindex};
  if (btf) {
    spec.btf_fd = btf.get();
    spec.btf_key_type_id = info.btf_key_type_id;
    spec.btf_value_type_id = info.btf_value_type_id;
  }
  return {std::move(spec), std::move(btf)};
}

}  // namespace

OwnedSpec spec_of(const Map& map, std::error_code& ec) noexcept {
  ec.clear();
  sys::UniqueFd btf;
  if (!map) {
    ec = Errc::no_map;
  } else if (map.info().btf_id != 0 && map.info().btf_value_type_id != 0) {
    const int fd = sys::btf_get_fd_by_id(map.info().btf_id);
    ec = kernel_error(fd);
    if (!ec) btf = sys::UniqueFd{fd};
  }
  OwnedSpec owned;
  if (!ec)
    owned = detail::without_bad_alloc(ec, [&] { return to_spec(map.info(), std::move(btf)); });
  if (ec) ec = detail::record(map, {.operation = Operation::info}, ec);
  return owned;
}

OwnedSpec spec_of(const Map& map) {
  std::error_code ec;
  OwnedSpec owned = spec_of(map, ec);
  detail::throw_if(ec);
  return owned;
}

}  // namespace bpfmap::inline v0
