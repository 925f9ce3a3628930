// SPDX-License-Identifier: MIT
// The rights and the folders of a pin to make. Layer 1.
#pragma once

#include <cstdint>
#include <optional>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// The rights and the folders of a pin to make: `map.pin(path, {.mode = 0640, .group = gid})`.
///
/// With `mode`, `owner` or `group`, nobody sees the pin at its path before it has them: it is made
/// as `bpfmap_replacing` in the same folder, changed, and renamed. Meanwhile the folder is locked
/// (flock(2)), which needs permission to read it. If the process is killed meanwhile, that second
/// pin stays, and the next call for this folder that locks it removes it.
struct PinOptions {
  /// Permission bits, such as 0640, whatever the umask is. Reading and writing through a pin need
  /// its read and write bits. nullopt: 0600 without the bits of the umask, as the kernel sets it.
  std::optional<std::uint32_t> mode = {};
  std::optional<std::uint32_t> owner = {};  ///< a user id; another user's needs CAP_CHOWN
  std::optional<std::uint32_t> group = {};  ///< a group id; one that is not of this process as well
  /// Makes the missing folders of the path, on the bpffs only. Those that were made are removed
  /// when the pin cannot be made.
  bool make_folders = false;
  std::uint32_t folder_mode = 0755;  ///< permission bits of the folders, whatever the umask is
};

}  // namespace bpfmap::inline v0
