// SPDX-License-Identifier: MIT
// CgroupArray: BPF_MAP_TYPE_CGROUP_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <system_error>

#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Cgroups whose membership programs test (bpf_skb_under_cgroup, bpf_current_task_under_cgroup):
/// BPF_MAP_TYPE_CGROUP_ARRAY (4.8).
///
/// Values are descriptors of directories of the unified hierarchy (cgroup2); they cannot be read
/// back. Storing a removed cgroup is ENOENT. A cgroup that is removed later stays in its slot,
/// without members.
class CgroupArray : public TypedMap<CgroupArray>,
                    public DescriptorOperations<CgroupArray, std::uint32_t, detail::Keys::slots> {
 public:
  using TypedMap::TypedMap;

  using DescriptorOperations::set;
  /// Stores the cgroup with the directory `path`, such as "/sys/fs/cgroup/system.slice". Errors:
  /// those of set() with a descriptor, and of open(2).
  void set(argument<std::uint32_t> index, const std::string& path) {
    std::error_code ec = detail::no_error();
    set(index, path, ec);
    detail::throw_if(ec);
  }
  void set(argument<std::uint32_t> index, const std::string& path, std::error_code& ec) noexcept;

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::cgroup_array};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t),
                                                   sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
