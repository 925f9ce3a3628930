// SPDX-License-Identifier: MIT
// CgroupArray: BPF_MAP_TYPE_CGROUP_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/fd_map.hpp"

namespace bpfmap::inline v0 {

namespace detail {
// The directory of a cgroup; the errno of open(2) in `ec`.
[[nodiscard]] sys::UniqueFd open_cgroup(const std::string& path, std::error_code& ec) noexcept;
[[noreturn]] void raise_cgroup_path(const Map& map, const std::string& path,
                                    const std::error_code& ec);
}  // namespace detail

/// Cgroups that programs ask about (bpf_skb_under_cgroup, bpf_current_task_under_cgroup):
/// BPF_MAP_TYPE_CGROUP_ARRAY (4.8). Written are descriptors of directories of the unified hierarchy
/// (cgroup2); what is in it cannot be read back. A cgroup that is gone already is ENOENT. A cgroup
/// that is removed stays in its slot, empty.
class CgroupArray
    : public detail::FdMap<detail::ElementMap<std::uint32_t>, std::uint32_t, detail::Keys::slots> {
  using Base = detail::FdMap<detail::ElementMap<std::uint32_t>, std::uint32_t, detail::Keys::slots>;
  using Base::setter, Base::thrower;

 public:
  /// Empty: without a map.
  CgroupArray() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type) when it is no cgroup_array.
  explicit CgroupArray(Map map) : Base(std::move(map), requirement) {}
  CgroupArray(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new cgroup_array of `max_entries` slots; type and sizes are filled in.
  [[nodiscard]] static CgroupArray create(MapSpec spec) {
    return CgroupArray{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static CgroupArray create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? CgroupArray{} : CgroupArray{std::move(map), ec};
  }

  using Base::set;
  /// Puts a cgroup in by the path of its directory, such as "/sys/fs/cgroup/system.slice". Errors:
  /// those of open(2) as well.
  void set(std::uint32_t index, const std::string& path) {
    std::error_code ec;
    const sys::UniqueFd cgroup = detail::open_cgroup(path, ec);
    if (ec) detail::raise_cgroup_path(map(), path, ec);
    const int fd = cgroup.get();
    const auto fail = thrower(Operation::update, index, 0, fd);
    Base::put_fd(index, fd, UpdateFlags::any, 0, [&](int result) {
      if (result == -EBADF && map()) detail::raise_cgroup_path(map(), path, Base::error(result));
      fail(result);
    });
  }
  void set(std::uint32_t index, const std::string& path, std::error_code& ec) noexcept {
    const sys::UniqueFd cgroup = detail::open_cgroup(path, ec);
    if (!ec) set(index, cgroup.get(), ec);
  }

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::cgroup_array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
