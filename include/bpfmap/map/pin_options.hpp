// SPDX-License-Identifier: MIT
// The permissions and the folders of a new pin. Layer 1.
#pragma once

#include <cstdint>
#include <optional>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// The permissions and the folders of a new pin: `map.pin(path, {.mode = 0640, .group = gid})`.
///
/// With `mode`, `owner` or `group`, the pin appears at its path only after they are set: it is
/// created as `bpfmap_replacing` in the same folder, changed, and renamed. During that time, the
/// folder is locked (flock(2)), which needs permission to read it. If the process is killed,
/// `bpfmap_replacing` stays until the next call in this folder that creates such a pin. Folders
/// that were created stay, too.
struct PinOptions {
  /// Permission bits, such as 0640, regardless of the umask. A process needs the read bit to read
  /// through a pin, and the write bit to write. nullopt: 0600 without the bits of the umask, which
  /// is the kernel's default. Bits beyond 07777 are Errc::out_of_range: a st_mode of stat(2) also
  /// holds the type of the file.
  std::optional<std::uint32_t> mode = {};
  /// A user id; another user needs CAP_CHOWN. UINT32_MAX is not a valid id: Errc::out_of_range.
  std::optional<std::uint32_t> owner = {};
  /// A group id; a foreign group needs CAP_CHOWN. UINT32_MAX is not a valid id: Errc::out_of_range.
  std::optional<std::uint32_t> group = {};
  /// Creates missing folders of the path, on a bpffs only. Removes them again when the pin cannot
  /// be created.
  bool make_folders = false;
  /// Permission bits of the folders, regardless of the umask. Bits beyond 07777 are
  /// Errc::out_of_range.
  std::uint32_t folder_mode = 0755;
};

}  // namespace bpfmap::inline v0
