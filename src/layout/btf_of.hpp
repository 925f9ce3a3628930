// SPDX-License-Identifier: MIT
// BTF made from C++ types. Private to the library.
#pragma once

#include <cstdint>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/layout/detail/type_description.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0::detail {

/// Returns whether maps of `type` have an int as key: an index, or a descriptor.
[[nodiscard]] bool has_int_key(MapType type) noexcept;

/// The kinds of BTF that a kernel accepts.
enum class BtfKinds : std::uint8_t {
  all,
  old,  ///< neither enum64 nor signed enums (6.0), nor floating-point numbers (5.13)
};

/// BTF in memory, and the types of a map's key and value in it.
struct MadeBtf {
  Bytes bytes;
  std::uint32_t key_type_id = 0;  ///< 0: no key
  std::uint32_t value_type_id = 0;
  bool needs_all_kinds = false;  ///< BtfKinds::old would make other BTF
};

/// Makes BTF that describes the key and the value of a map of `spec`; see load_btf(). Empty when
/// `ec` is set.
[[nodiscard]] MadeBtf btf_of(const MapSpec& spec, const TypeDescription* key,
                             const TypeDescription* value, BtfKinds kinds, std::error_code& ec);

}  // namespace bpfmap::inline v0::detail
