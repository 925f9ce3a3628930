// SPDX-License-Identifier: MIT
// ProgArray: BPF_MAP_TYPE_PROG_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/descriptor_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// Programs for tail calls: BPF_MAP_TYPE_PROG_ARRAY (4.2).
///
/// A program is written as a descriptor and read as its id. All programs in a map must have the
/// type of the first one (EINVAL), and a tail call to an empty slot falls through. The kernel
/// empties the map when its last descriptor is closed and its last pin removed, even while programs
/// still use it. A scan shows the index and the program id of each filled slot.
class ProgArray : public TypedMap<ProgArray>,
                  public DescriptorOperations<ProgArray, std::uint32_t, detail::Keys::slots> {
 public:
  using TypedMap::TypedMap;
  using mapped_type = std::uint32_t;  ///< the program's id
  using slot_type = mapped_type;
  using shown_type = mapped_type;  ///< the value that a scan shows

  /// Returns the id of the program at `index`; nullopt when the slot is empty
  /// (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<std::uint32_t> lookup_id(argument<std::uint32_t> index) const {
    std::error_code ec = detail::no_error();
    const auto id = lookup_id(index, ec);
    detail::throw_if(ec);
    return id;
  }
  [[nodiscard]] std::optional<std::uint32_t> lookup_id(argument<std::uint32_t> index,
                                                       std::error_code& ec) const noexcept {
    if (!detail::fit(map(), Operation::lookup, ec, index)) return std::nullopt;
    return detail::narrowed(detail::lookup_number<detail::Keys::slots>(map(), index.value(), ec));
  }

 private:
  friend TypedMap;
  static constexpr std::array types{MapType::prog_array};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t),
                                                   sizeof(std::uint32_t)};
};

}  // namespace bpfmap::inline v0
