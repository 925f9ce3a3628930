// SPDX-License-Identifier: MIT
// Finds out what the running kernel can do by trying it. Layer 1.
#pragma once

#include <cstdint>
#include <system_error>

#include "bpfmap/error.hpp"
#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0 {

namespace detail {
// Forgets every answer of supports(). For tests, which put other kernels in the place of this one.
void forget_support() noexcept;
}  // namespace detail

/// An answer of supports().
enum class Support : std::uint8_t {
  no,
  yes,
  not_permitted,  ///< the kernel refuses this process to try (EPERM, EACCES)
};

/// Whether the running kernel has maps of this type: one of a single entry is created and closed.
///
/// `yes` and `no` are remembered for the life of the process and then cost no call; not_permitted
/// is tried again, because privileges change. Storage maps are created with the BTF of an int. A
/// struct_ops map cannot be created without the types of a program: only the type is tried. A type
/// that this library does not know is tried with keys and values of 4 bytes, and `no` may mean that
/// it takes other sizes. Error: no memory or no descriptor to try with.
[[nodiscard]] Support supports(MapType type);
[[nodiscard]] Support supports(MapType type, std::error_code& ec) noexcept;

/// Whether the running kernel creates maps of this type with `flags`, beside those that the type
/// needs: `supports(MapType::array, MapFlags::mmapable)`.
///
/// A map of a single entry is created with all of them at each call; nothing is remembered. `no`
/// may mean that two flags exclude each other. not_permitted: zero_seed needs CAP_SYS_ADMIN. Of
/// token_fd and vtype_btf_obj_fd the answer is whether the kernel knows the flag.
[[nodiscard]] Support supports(MapType type, MapFlags flags);
[[nodiscard]] Support supports(MapType type, MapFlags flags, std::error_code& ec) noexcept;

/// Whether the running kernel has this operation for maps of this type, tried on a map of a single
/// entry that nobody else sees; remembered and refused as above.
///
/// Of an operation on many entries the answer is whether the kernel has the batch command for the
/// type (drain: BPF_MAP_LOOKUP_AND_DELETE_BATCH); scan() and drain() work without it too. Of `scan`
/// it is whether the entries can be walked at all. Of `mmap`, `poll`, `consume` and `reserve` it is
/// whether the memory of the map, or its perf events, can be had. Creating, opening, pinning and
/// info need nothing that depends on the type: supports(type). On struct_ops maps, which cannot be
/// created here, the answer is that of Linux 6.18.
[[nodiscard]] Support supports(Operation operation, MapType type);
[[nodiscard]] Support supports(Operation operation, MapType type, std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
