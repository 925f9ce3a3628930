// SPDX-License-Identifier: MIT
// BTF made from C++ types and loaded into the kernel, for maps to be created. Layer 1.
#pragma once

#include <cstdint>
#include <system_error>

#include "bpfmap/layout/detail/type_description.hpp"
#include "bpfmap/map/map_type.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

/// The BTF of a map to create: MapSpec::btf_fd and its two type ids.
struct MapBtf {
  sys::UniqueFd fd;
  std::uint32_t key_type_id = 0;  ///< 0: no key
  std::uint32_t value_type_id = 0;
};

/// Makes BTF of a map's key and value and loads it (BPF_BTF_LOAD, 4.18). Without `key`, the BTF has
/// only the value, unless maps of `type` need a key of their own: an int for arrays and local
/// storages. `token_fd` is a BPF token (6.9), or -1. Kernels before 6.0, which refuse 64-bit and
/// negative enumerators, get integers instead; those before 5.13, which refuse floating-point
/// numbers, get bytes. Types that BTF cannot hold, such as those of 4 GiB, are E2BIG.
///
/// The kernel refuses BTF on some map types with ENOTSUPP, and before 5.9 with EINVAL, when the map
/// is created.
[[nodiscard]] MapBtf load_btf(MapType type, const TypeDescription* key,
                              const TypeDescription& value, int token_fd,
                              std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0::detail
