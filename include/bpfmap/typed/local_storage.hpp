// SPDX-License-Identifier: MIT
// Per-object storage for sockets, tasks, inodes and cgroups. Layer 2.
//
// The key is a descriptor; a wrong kind of descriptor is EBADF or ENOTSOCK, and the Error names the
// expected kind. An object that no longer exists has no value. User space cannot walk these maps;
// iterator programs can (iter/bpf_sk_storage_map, iter/task, iter/cgroup): see IteratorReader.
//
// The kernel creates these maps only with the BTF of their values: give V a Layout
// (layout/layout.hpp), or let libbpf create them, and open them from an object or a skeleton
// (interop/libbpf.hpp), a pin or an id.
#pragma once

#include <array>

#include "bpfmap/typed/base/entry_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

namespace detail {
// The kernel takes no other local storage.
inline void fill_no_prealloc(MapSpec& spec) noexcept {
  spec.flags = spec.flags | MapFlags::no_prealloc;
}
}  // namespace detail

/// Per-socket storage of V, keyed by a socket descriptor: BPF_MAP_TYPE_SK_STORAGE (5.2). Any other
/// descriptor is ENOTSOCK.
template <class V>
class SkStorage : public TypedMap<SkStorage<V>>, public EntryOperations<SkStorage<V>, int, V> {
 public:
  using TypedMap<SkStorage>::TypedMap;

 private:
  friend TypedMap<SkStorage>;
  static constexpr std::array types{MapType::sk_storage};
  static constexpr detail::Requirement requirement{types,          sizeof(int),
                                                   Codec<V>::size, Codec<V>::size,
                                                   MapFlags::none, &detail::fill_no_prealloc};
};

/// Per-task storage of V, keyed by a pidfd, as pidfd_open(2) returns: BPF_MAP_TYPE_TASK_STORAGE
/// (5.11). Any other descriptor is EBADF. A task that has been reaped has no value, and an update
/// of it is ENOENT.
template <class V>
class TaskStorage : public TypedMap<TaskStorage<V>>,
                    public EntryOperations<TaskStorage<V>, int, V> {
 public:
  using TypedMap<TaskStorage>::TypedMap;

 private:
  friend TypedMap<TaskStorage>;
  static constexpr std::array types{MapType::task_storage};
  static constexpr detail::Requirement requirement{types,          sizeof(int),
                                                   Codec<V>::size, Codec<V>::size,
                                                   MapFlags::none, &detail::fill_no_prealloc};
};

/// Per-inode storage of V, keyed by any descriptor of the file: BPF_MAP_TYPE_INODE_STORAGE (5.10).
/// A number that is not an open descriptor is EBADF.
template <class V>
class InodeStorage : public TypedMap<InodeStorage<V>>,
                     public EntryOperations<InodeStorage<V>, int, V> {
 public:
  using TypedMap<InodeStorage>::TypedMap;

 private:
  friend TypedMap<InodeStorage>;
  static constexpr std::array types{MapType::inode_storage};
  static constexpr detail::Requirement requirement{types,          sizeof(int),
                                                   Codec<V>::size, Codec<V>::size,
                                                   MapFlags::none, &detail::fill_no_prealloc};
};

/// Per-cgroup storage of V, keyed by a descriptor of the cgroup's directory:
/// BPF_MAP_TYPE_CGRP_STORAGE (6.2). Any other descriptor is EBADF. A removed cgroup has no value,
/// and an update of it is ENOENT.
template <class V>
class CgrpStorage : public TypedMap<CgrpStorage<V>>,
                    public EntryOperations<CgrpStorage<V>, int, V> {
 public:
  using TypedMap<CgrpStorage>::TypedMap;

 private:
  friend TypedMap<CgrpStorage>;
  static constexpr std::array types{MapType::cgrp_storage};
  static constexpr detail::Requirement requirement{types,          sizeof(int),
                                                   Codec<V>::size, Codec<V>::size,
                                                   MapFlags::none, &detail::fill_no_prealloc};
};

}  // namespace bpfmap::inline v0
