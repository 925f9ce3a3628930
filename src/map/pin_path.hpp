// SPDX-License-Identifier: MIT
// The paths of pins. Private to the library.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace bpfmap::inline v0::detail {

/// Returns the path without its last part.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Whether `folder` is on a bpffs.
[[nodiscard]] bool is_on_bpffs(const std::string& folder) noexcept;

/// The name of the pin that takes the place of another, in the same folder. No map can be pinned
/// under it.
inline constexpr std::string_view temporary_pin = "bpfmap_replacing";

/// Whether `path` is a symbolic link.
[[nodiscard]] bool is_link(const std::string& path) noexcept;

/// The path that a symbolic link leads to; `path` itself when it is none.
[[nodiscard]] std::string linked_path(const std::string& path, std::error_code& ec);

/// Returns no error when a map can be pinned at `path`; otherwise Errc::invalid_path, or the errno
/// of stat(2) for its folder.
[[nodiscard]] std::error_code check_pin_path(const std::string& path);

}  // namespace bpfmap::inline v0::detail
