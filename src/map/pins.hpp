// SPDX-License-Identifier: MIT
// The paths of pins. Private to src/map/.
#pragma once

#include <string>
#include <system_error>

#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0::detail {

/// Returns the path without its last part.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Whether `folder` is on a bpffs.
[[nodiscard]] bool is_on_bpffs(const std::string& folder) noexcept;

/// The flags that tell two maps of this type apart: not those of a descriptor or of the creation,
/// nor those that the kernel adds.
[[nodiscard]] MapFlags lasting_flags(MapType type, MapFlags flags) noexcept;

/// Whether a map can be pinned at `path`: Errc::invalid_path, or the errno of looking at its
/// folder.
[[nodiscard]] std::error_code check_pin_path(const std::string& path);

}  // namespace bpfmap::inline v0::detail
