// SPDX-License-Identifier: MIT
// What /proc/self/fd shows about a descriptor, without the heap. Private to src/map/.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <string_view>

namespace bpfmap::inline v0::detail {

/// Whether `fd` refers to a map; nullopt without /proc, and when `fd` is closed.
[[nodiscard]] inline std::optional<bool> proc_fd_is_map(int fd) noexcept {
  std::array<char, 32> link{};
  std::array<char, 32> target{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const auto length = ::readlink(link.data(), target.data(), target.size());
  if (length < 0) return std::nullopt;
  return std::string_view{target.data(), static_cast<std::size_t>(length)}.ends_with("bpf-map");
}

}  // namespace bpfmap::inline v0::detail
