// SPDX-License-Identifier: MIT
// Where pins can be. Private to src/map/.
#pragma once

#include <string>
#include <system_error>

namespace bpfmap::inline v0::detail {

/// The folder of the path's last part.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Whether a map can be pinned at `path`: Errc::invalid_path, or the errno of looking at its
/// folder.
[[nodiscard]] std::error_code check_pin_path(const std::string& path);

}  // namespace bpfmap::inline v0::detail
