// SPDX-License-Identifier: MIT
// open_or_create for typed maps. Layer 2.
#pragma once

#include <concepts>
#include <string>
#include <system_error>
#include <utility>

#include "bpfmap/map/open_or_create.hpp"
#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// What a typed map, which befriends this, requires of the Map beneath it.
struct TypedAccess {
  template <std::derived_from<TypedMap> M>
  static constexpr const ViewRequirement& requirement = M::requirement;
};

}  // namespace detail

/// The typed map pinned at `path`, made when there is none; type and sizes are filled in:
/// `open_or_create<HashMap<FlowKey, FlowStats>>(path, {.max_entries = 65536, .name = "flows"})`.
/// What is said of open_or_create for a Map holds here.
template <std::derived_from<detail::TypedMap> M>
[[nodiscard]] M open_or_create(const std::string& path, MapSpec spec,
                               OpenOrCreateOptions options = {}) {
  const auto& required = detail::TypedAccess::requirement<M>;
  std::error_code ec;
  spec = detail::complete(std::move(spec), required, ec);
  if (ec) detail::raise_create(spec, required, ec);
  return M{open_or_create(path, spec, options)};
}
template <std::derived_from<detail::TypedMap> M>
[[nodiscard]] M open_or_create(const std::string& path, MapSpec spec, OpenOrCreateOptions options,
                               std::error_code& ec) noexcept {
  spec = detail::complete(std::move(spec), detail::TypedAccess::requirement<M>, ec);
  if (ec) return {};
  Map map = open_or_create(path, spec, options, ec);
  return ec ? M{} : M{std::move(map), ec};
}
template <std::derived_from<detail::TypedMap> M>
[[nodiscard]] M open_or_create(const std::string& path, MapSpec spec,
                               std::error_code& ec) noexcept {
  return open_or_create<M>(path, std::move(spec), {}, ec);
}

}  // namespace bpfmap::inline v0
