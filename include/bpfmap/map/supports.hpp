// SPDX-License-Identifier: MIT
// Probes the running kernel for map types, flags and operations. Layer 1.
#pragma once

#include <cstdint>
#include <system_error>

#include "bpfmap/error.hpp"
#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0 {

namespace detail {
// Clears every cached result of supports(). For tests, which simulate other kernels.
void forget_support() noexcept;

// No error when the kernel honours UpdateFlags::noexist and exist in LPM tries. 5.10 does not: it
// overwrites and inserts, and reports success; Errc::unsupported_operation. Tried once, on a
// private trie; when that fails (EMFILE), its error, and it is tried again next time. A process
// that may not create a trie cannot try, and is taken to run on a newer kernel.
[[nodiscard]] std::error_code check_trie_conditions() noexcept;

// Whether an update with `flags` is right only when check_trie_conditions() gives no error.
[[nodiscard]] inline bool needs_trie_conditions(MapType type, UpdateFlags flags) noexcept {
  return (flags & (UpdateFlags::noexist | UpdateFlags::exist)) != UpdateFlags::any &&
         type == MapType::lpm_trie;
}
}  // namespace detail

/// A result of supports().
enum class Support : std::uint8_t {
  no,
  yes,
  not_permitted,  ///< the kernel does not let this process try (EPERM, EACCES)
};

/// Returns whether the running kernel supports maps of this type: creates one with a single entry,
/// and closes it.
///
/// `yes` and `no` are cached for the life of the process, and then cost no system call;
/// not_permitted is tried again, because privileges change. Storage maps are created with the BTF
/// of an int. A struct_ops map cannot be created without the types of a program, so only the type
/// is probed. A type that this library does not know is tried with keys and values of 4 bytes, and
/// `no` may mean that it needs other sizes. Error: out of memory or out of descriptors.
[[nodiscard]] Support supports(MapType type);
[[nodiscard]] Support supports(MapType type, std::error_code& ec) noexcept;

/// Returns whether the running kernel creates maps of this type with `flags`, in addition to those
/// that the type needs: `supports(MapType::array, MapFlags::mmapable)`.
///
/// Every call creates a map with a single entry and all of these flags; nothing is cached. `no` may
/// mean that two flags exclude each other. not_permitted: zero_seed needs CAP_SYS_ADMIN. For
/// token_fd and vtype_btf_obj_fd, the result is whether the kernel knows the flag.
[[nodiscard]] Support supports(MapType type, MapFlags flags);
[[nodiscard]] Support supports(MapType type, MapFlags flags, std::error_code& ec) noexcept;

/// The descriptor of a BPF token (6.9), through which a process without privileges creates maps of
/// the types that an administrator delegated. The caller keeps owning it.
struct BpfToken {
  int fd = -1;
};

/// Returns whether maps of this type can be created through `token`, as MapSpec::token_fd does:
/// creates one with a single entry, and closes it.
///
/// not_permitted: the token does not delegate BPF_MAP_CREATE or this type (or, for a storage map,
/// BPF_BTF_LOAD; for a map of maps, arrays), or was made in another user namespace. Nothing is
/// cached. `no` on a kernel without tokens. Error: EBADF, when the descriptor is not open.
[[nodiscard]] Support supports(MapType type, BpfToken token);
[[nodiscard]] Support supports(MapType type, BpfToken token, std::error_code& ec) noexcept;

/// Returns whether the running kernel supports this operation on maps of this type. Tries it on a
/// private map with a single entry; caches the result as above.
///
/// For an operation on many entries, the result is whether the kernel has the batch command for the
/// type (drain: BPF_MAP_LOOKUP_AND_DELETE_BATCH); scan() and drain() work without it, too. For
/// `scan`, it is whether the entries can be walked at all. For `mmap`, `poll`, `consume` and
/// `reserve`, it is whether the map's memory, or its perf events, are available. For creating,
/// opening, pinning and info, it equals supports(type). For struct_ops maps, which cannot be
/// created here, it is that of Linux 6.18.
[[nodiscard]] Support supports(Operation operation, MapType type);
[[nodiscard]] Support supports(Operation operation, MapType type, std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
