// SPDX-License-Identifier: MIT
// For rooms that have not been converted to detail::record yet: the text that stands before the
// errno in Error::what(). To be removed with its last includer.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "names.hpp"

namespace bpfmap::inline v0::detail {

[[nodiscard]] std::string explain(const Map& map, const Attempt& attempt,
                                  const std::error_code& ec);
[[nodiscard]] std::string explain_create(const MapSpec& spec, const std::error_code& ec);

}  // namespace bpfmap::inline v0::detail
