// SPDX-License-Identifier: MIT
// CgroupStorage and PerCpuCgroupStorage: BPF_MAP_TYPE_CGROUP_STORAGE,
// BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE. Layer 2.
#pragma once

#include <array>
#include <cstdint>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/entry_operations.hpp"
#include "bpfmap/typed/base/percpu_entry_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// The key of a cgroup_storage: struct bpf_cgroup_storage_key.
struct CgroupStorageKey {
  std::uint64_t cgroup_inode_id = 0;  ///< the inode number of the cgroup's directory
  std::uint32_t attach_type = 0;      ///< enum bpf_attach_type
  std::uint32_t pad = 0;
};

namespace detail {

template <class K>
consteval bool check_cgroup_storage_key() {
  static_assert(sizeof(K) == 8 || sizeof(K) == 16,
                "bpfmap: the key of a cgroup_storage is a CgroupStorageKey or a std::uint64_t.");
  return true;
}

}  // namespace detail

/// A V for each cgroup to which a program is attached: BPF_MAP_TYPE_CGROUP_STORAGE (4.19), which
/// CgrpStorage replaces. K is CgroupStorageKey, or std::uint64_t, the inode number alone (5.9).
///
/// The kernel adds an entry when a program is attached, and removes it with the cgroup (before 5.9,
/// when the program is detached): user space can only look up and replace. The max_entries of
/// create() must be 0.
template <class K, class V>
class CgroupStorage : public TypedMap<CgroupStorage<K, V>>,
                      private EntryOperations<CgroupStorage<K, V>, K, V> {
  static_assert(detail::check_cgroup_storage_key<K>());
  using Operations = EntryOperations<CgroupStorage, K, V>;

 public:
  using TypedMap<CgroupStorage>::TypedMap;
  using typename Operations::key_type, typename Operations::mapped_type,
      typename Operations::slot_type;
  using shown_type = V;  ///< the value that a scan shows

  using Operations::lookup, Operations::lookup_into, Operations::contains, Operations::replace;

 private:
  friend Operations;
  friend TypedMap<CgroupStorage>;
  static constexpr std::array types{MapType::cgroup_storage};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, Codec<V>::size};
};

/// As CgroupStorage, with one V per possible CPU: BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE (4.20).
template <class K, class V>
class PerCpuCgroupStorage : public TypedMap<PerCpuCgroupStorage<K, V>>,
                            private PerCpuEntryOperations<PerCpuCgroupStorage<K, V>, K, V> {
  static_assert(detail::check_cgroup_storage_key<K>());
  using Operations = PerCpuEntryOperations<PerCpuCgroupStorage, K, V>;

 public:
  using TypedMap<PerCpuCgroupStorage>::TypedMap;
  using typename Operations::key_type, typename Operations::mapped_type,
      typename Operations::slot_type, typename Operations::shown_type;

  using Operations::lookup, Operations::lookup_into, Operations::contains, Operations::replace;

 private:
  friend Operations;
  friend PerCpuUpdateOperations<PerCpuCgroupStorage, K, V>;
  friend TypedMap<PerCpuCgroupStorage>;
  static constexpr std::array types{MapType::percpu_cgroup_storage};
  static constexpr detail::Requirement requirement{types, Codec<K>::size, Codec<V>::size};
};

}  // namespace bpfmap::inline v0
