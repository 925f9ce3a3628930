// SPDX-License-Identifier: MIT
// What the running kernel can do, found out by trying. Layer 1.
#pragma once

#include <cstdint>
#include <system_error>

#include "bpfmap/error.hpp"
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

/// Whether the running kernel has maps of this type: one of a single entry is made, and closed.
///
/// `yes` and `no` are remembered for the life of the process and then cost no call; not_permitted
/// is asked anew, because privileges change. Storage maps are made with a BTF of an int; a
/// struct_ops map cannot be made without a program's types, so that only the type is asked for. A
/// type that this library does not know is tried with keys and values of 4 bytes, and `no` may mean
/// that it takes other sizes. Error: there is no memory or no descriptor to find out with.
[[nodiscard]] Support supports(MapType type);
[[nodiscard]] Support supports(MapType type, std::error_code& ec) noexcept;

/// Whether the running kernel has this operation for maps of this type, tried on a map of a single
/// entry that nobody else sees; remembered and refused as above.
///
/// Of an operation on many entries the answer is whether the kernel has the batch command for the
/// type (drain: BPF_MAP_LOOKUP_AND_DELETE_BATCH); scan() and drain() work without it too. Of `scan`
/// it is whether the entries can be walked at all. What needs no more than a map (pin, info, ...)
/// is what supports(type) says. On struct_ops maps, which cannot be made here, the answer is what
/// Linux 6.18 does.
[[nodiscard]] Support supports(Operation operation, MapType type);
[[nodiscard]] Support supports(Operation operation, MapType type, std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
