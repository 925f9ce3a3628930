// SPDX-License-Identifier: MIT
// The flags of creation, update and lookup, each in its own type, so that one is never mistaken for
// another. Layer 1.
#pragma once

#include <cstdint>
#include <type_traits>

#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0 {

/// Flags of a map, given at creation (bpf_attr.map_flags) and reported by `MapInfo::flags`.
enum class MapFlags : std::uint32_t {
  none = 0,
  no_prealloc = sys::f_no_prealloc,  ///< entries are allocated when inserted; LPM tries and storage
                                     ///< maps need it
  no_common_lru = sys::f_no_common_lru,    ///< one LRU list per CPU
  numa_node = sys::f_numa_node,            ///< memory from `MapSpec::numa_node`
  rdonly = sys::f_rdonly,                  ///< this descriptor cannot write
  wronly = sys::f_wronly,                  ///< this descriptor cannot read
  stack_build_id = sys::f_stack_build_id,  ///< stack traces as build id and offset
  zero_seed = sys::f_zero_seed,            ///< a hash without a random seed; needs CAP_SYS_ADMIN
  rdonly_prog = sys::f_rdonly_prog,        ///< programs cannot write (5.2)
  wronly_prog = sys::f_wronly_prog,        ///< programs cannot read (5.2)
  clone = sys::f_clone,                    ///< socket storage is cloned on accept
  mmapable = sys::f_mmapable,              ///< an array that can be mapped as memory (5.5)
  preserve_elems =
      sys::f_preserve_elems,     ///< perf event arrays keep entries when a descriptor closes (5.10)
  inner_map = sys::f_inner_map,  ///< an inner array may differ in max_entries (5.10)
  link = sys::f_link,            ///< struct_ops by bpf_link (6.4)
  vtype_btf_obj_fd = sys::f_vtype_btf_obj_fd,  ///< struct_ops types of a kernel module (6.9)
  token_fd = sys::f_token_fd,                  ///< creation delegated by a BPF token (6.9)
  segv_on_fault = sys::f_segv_on_fault,        ///< arenas: only programs allocate pages (6.9)
  no_user_conv = sys::f_no_user_conv,  ///< arenas: pointers are not converted for user space (6.9)
  rb_overwrite = sys::f_rb_overwrite,  ///< ring buffers that overwrite the oldest (6.19)
};

/// How an update treats existing and missing keys.
enum class UpdateFlags : std::uint64_t {
  any = sys::f_any,          ///< insert or overwrite
  noexist = sys::f_noexist,  ///< insert only: EEXIST when the key exists
  exist = sys::f_exist,      ///< overwrite only: ENOENT when the key is missing
  lock = sys::f_lock,        ///< hold the value's bpf_spin_lock (5.1)
};

/// How a lookup reads.
enum class LookupFlags : std::uint64_t {
  none = 0,
  /// Hold the value's bpf_spin_lock (5.1): a value that others write under the lock is not torn. In
  /// a hash, it may still be torn when its key is erased and inserted again meanwhile.
  lock = sys::f_lock,
};

namespace detail {
template <class T>
inline constexpr bool is_flags =
    std::is_same_v<T, MapFlags> || std::is_same_v<T, UpdateFlags> || std::is_same_v<T, LookupFlags>;

template <class T>
[[nodiscard]] constexpr std::underlying_type_t<T> to_underlying(T value) noexcept {
  return static_cast<std::underlying_type_t<T>>(value);
}
}  // namespace detail

template <class T>
  requires detail::is_flags<T>
[[nodiscard]] constexpr T operator|(T a, T b) noexcept {
  return static_cast<T>(detail::to_underlying(a) | detail::to_underlying(b));
}

template <class T>
  requires detail::is_flags<T>
[[nodiscard]] constexpr T operator&(T a, T b) noexcept {
  return static_cast<T>(detail::to_underlying(a) & detail::to_underlying(b));
}

template <class T>
  requires detail::is_flags<T>
[[nodiscard]] constexpr T operator~(T a) noexcept {
  return static_cast<T>(~detail::to_underlying(a));
}

/// Returns whether `flags` has every bit of `wanted`.
template <class T>
  requires detail::is_flags<T>
[[nodiscard]] constexpr bool has(T flags, T wanted) noexcept {
  return (flags & wanted) == wanted;
}

}  // namespace bpfmap::inline v0
