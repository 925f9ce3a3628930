// SPDX-License-Identifier: MIT
// Values that the kernel keeps beside a socket, a task, an inode or a cgroup. Layer 2.
//
// They are EntryMaps whose key is a descriptor: of a wrong kind it is EBADF or ENOTSOCK, and the
// Error says which kind is wanted; when what it stands for is gone, there is no value. They cannot
// be walked: programs do that (iter/bpf_sk_storage_map, iter/task).
//
// The kernel makes these maps only with the BTF of their values, which libbpf has: open them from
// an object or a skeleton (interop/libbpf.hpp), a pin or an id.
#pragma once

#include <array>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/entry_map.hpp"
#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0 {

/// A V beside a socket, by a descriptor of it: BPF_MAP_TYPE_SK_STORAGE (5.2). No socket is
/// ENOTSOCK.
template <class V>
class SkStorage : public detail::EntryMap<detail::ElementMap<int>, int, V> {
  using Base = detail::EntryMap<detail::ElementMap<int>, int, V>;

 public:
  /// Empty: without a map.
  SkStorage() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no
  /// sk_storage of V.
  explicit SkStorage(Map map) : Base(std::move(map), requirement) {}
  SkStorage(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::sk_storage};
  static constexpr detail::ViewRequirement requirement{types, sizeof(int), Codec<V>::size};
};

/// A V beside a task, by a pidfd of it, as pidfd_open(2) makes them: BPF_MAP_TYPE_TASK_STORAGE
/// (5.11). Any other descriptor is EBADF; a task that was waited for has no value, and an update of
/// it is ENOENT.
template <class V>
class TaskStorage : public detail::EntryMap<detail::ElementMap<int>, int, V> {
  using Base = detail::EntryMap<detail::ElementMap<int>, int, V>;

 public:
  /// Empty: without a map.
  TaskStorage() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no
  /// task_storage of V.
  explicit TaskStorage(Map map) : Base(std::move(map), requirement) {}
  TaskStorage(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::task_storage};
  static constexpr detail::ViewRequirement requirement{types, sizeof(int), Codec<V>::size};
};

/// A V beside an inode, by any descriptor of the file: BPF_MAP_TYPE_INODE_STORAGE (5.10). What is
/// no open descriptor is EBADF.
template <class V>
class InodeStorage : public detail::EntryMap<detail::ElementMap<int>, int, V> {
  using Base = detail::EntryMap<detail::ElementMap<int>, int, V>;

 public:
  /// Empty: without a map.
  InodeStorage() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no
  /// inode_storage of V.
  explicit InodeStorage(Map map) : Base(std::move(map), requirement) {}
  InodeStorage(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::inode_storage};
  static constexpr detail::ViewRequirement requirement{types, sizeof(int), Codec<V>::size};
};

/// A V beside a cgroup, by a descriptor of its directory: BPF_MAP_TYPE_CGRP_STORAGE (6.2). Any
/// other descriptor is EBADF; a cgroup that is removed has no value, and an update of it is ENOENT.
template <class V>
class CgrpStorage : public detail::EntryMap<detail::ElementMap<int>, int, V> {
  using Base = detail::EntryMap<detail::ElementMap<int>, int, V>;

 public:
  /// Empty: without a map.
  CgrpStorage() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_value_size) when it is no
  /// cgrp_storage of V.
  explicit CgrpStorage(Map map) : Base(std::move(map), requirement) {}
  CgrpStorage(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::cgrp_storage};
  static constexpr detail::ViewRequirement requirement{types, sizeof(int), Codec<V>::size};
};

/// The key of a CgroupStorage: struct bpf_cgroup_storage_key.
struct CgroupStorageKey {
  std::uint64_t cgroup_inode_id = 0;  ///< the inode number of the cgroup's directory
  std::uint32_t attach_type = 0;      ///< enum bpf_attach_type
  std::uint32_t pad = 0;
};

/// A V for each cgroup that a program is attached to: BPF_MAP_TYPE_CGROUP_STORAGE (4.19), which
/// CgrpStorage replaces. K is CgroupStorageKey, or std::uint64_t, the inode number alone (5.9).
///
/// The kernel makes an entry when a program is attached, and removes it with the cgroup
/// (before 5.9, when the program is detached): user space can look up and replace.
template <class K, class V>
class CgroupStorage : public detail::EntryMap<detail::ElementMap<K>, K, V> {
  static_assert(sizeof(K) == 8 || sizeof(K) == 16,
                "bpfmap: the key of a cgroup_storage is a CgroupStorageKey or a std::uint64_t.");
  using Base = detail::EntryMap<detail::ElementMap<K>, K, V>;

 public:
  /// Empty: without a map.
  CgroupStorage() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is no cgroup_storage of K to V.
  explicit CgroupStorage(Map map) : Base(std::move(map), requirement) {}
  CgroupStorage(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new map; type and sizes are filled in, and there is no max_entries to give.
  [[nodiscard]] static CgroupStorage create(MapSpec spec) {
    return CgroupStorage{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static CgroupStorage create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? CgroupStorage{} : CgroupStorage{std::move(map), ec};
  }

 private:
  // What user space cannot do.
  using Base::erase, Base::insert, Base::update;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::cgroup_storage};
  static constexpr detail::ViewRequirement requirement{types, Codec<K>::size, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
