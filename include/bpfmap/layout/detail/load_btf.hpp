// SPDX-License-Identifier: MIT
// BTF made from C++ types and loaded into the kernel, for maps to be created. Layer 1.
#pragma once

#include <cstdint>
#include <system_error>

#include "bpfmap/layout/detail/type_description.hpp"
#include "bpfmap/map/map_spec.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

/// Whether `ec` is something that this process lacks at the moment, and not an answer of the
/// kernel's.
[[nodiscard]] inline bool is_out_of_resources(const std::error_code& ec) noexcept {
  return ec == std::errc::not_enough_memory || ec == std::errc::too_many_files_open ||
         ec == std::errc::too_many_files_open_in_system;
}

/// The BTF of a map to create: MapSpec::btf_fd and its two type ids.
struct MapBtf {
  sys::UniqueFd fd;
  std::uint32_t key_type_id = 0;  ///< 0: no key
  std::uint32_t value_type_id = 0;
};

/// Makes BTF of a map's key and value and loads it (BPF_BTF_LOAD, 4.18), with the type, sizes and
/// token of `spec`. A type that is nullptr, or of another size, is described as bytes; a map
/// without keys gets BTF of its value only; arrays and local storages get the int that they need as
/// a key. Kernels before 6.0, which refuse 64-bit and negative enumerators, get integers instead;
/// those before 5.13, which refuse floating-point numbers, get bytes. Types that BTF cannot hold,
/// such as those of 4 GiB, are E2BIG.
[[nodiscard]] MapBtf load_btf(const MapSpec& spec, const TypeDescription* key,
                              const TypeDescription* value, std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0::detail
