// SPDX-License-Identifier: MIT
// What layout/ does for a typed map whose key or value has a Layout. Layer 1.
#pragma once

#include <string>
#include <system_error>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

struct MapInfo;
struct MapSpec;

namespace sys {
class UniqueFd;
}

namespace detail {

struct TypeDescription;

/// The key and value of a typed map, and the functions of layout/ that take them: typed maps and
/// explanations, which know no layout, call these. Has static storage duration.
struct EntryLayout {
  const TypeDescription* key;            ///< nullptr for maps without keys
  const TypeDescription* value;          ///< nullptr for maps without values
  const TypeDescription* checked_key;    ///< `key` if it has a Layout, otherwise nullptr
  const TypeDescription* checked_value;  ///< the same

  /// Returns Errc::wrong_layout when the BTF of the map contradicts the types; EMFILE, ENFILE or
  /// ENOMEM; no error when there is no BTF, or the kernel refuses it.
  std::error_code (*check)(const EntryLayout& layout, const MapInfo& info) noexcept;
  /// Returns what `check` found, both layouts side by side.
  std::string (*report)(const EntryLayout& layout, const MapInfo& info);
  /// Loads BTF that describes the types, and sets it in `spec`. `btf` owns it. Returns EMFILE,
  /// ENFILE or ENOMEM; the spec stays without BTF when the kernel refuses to load it.
  std::error_code (*describe)(const EntryLayout& layout, MapSpec& spec,
                              sys::UniqueFd& btf) noexcept;
};

}  // namespace detail
}  // namespace bpfmap::inline v0
