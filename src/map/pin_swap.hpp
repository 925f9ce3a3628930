// SPDX-License-Identifier: MIT
// Pins that replace another one, or get their permissions before they appear. Private to src/.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/pin_options.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

inline constexpr std::uint32_t permission_bits = 07777;

/// Returns the folder of `path`, locked until the descriptor is closed, so that of two processes
/// that replace a pin at once, the second sees the result of the first. EAGAIN: another process
/// holds the lock.
[[nodiscard]] sys::UniqueFd lock_folder(const std::string& path, std::error_code& ec);

/// A pin of a new map under a temporary name in the folder of `path`, which must be locked. The
/// destructor removes it unless it was moved to `path`.
class TemporaryPin {
 public:
  TemporaryPin(const Map& map, const std::string& path, std::error_code& ec);
  TemporaryPin(const TemporaryPin&) = delete;
  TemporaryPin& operator=(const TemporaryPin&) = delete;
  ~TemporaryPin();

  /// Sets owner, group and mode.
  [[nodiscard]] std::error_code set_rights(const PinOptions& options) const noexcept;
  /// Sets owner, group and mode to those of the pin at `path`, as far as this process may.
  void keep_rights_of_old() const noexcept;
  /// Moves the pin to `path`. EEXIST: the path exists.
  [[nodiscard]] std::error_code move_in() const noexcept;
  /// Exchanges the pin with the one at `path`, which the destructor then removes. ENOENT: there is
  /// none. EEXIST: it is not the pin of map `old_id`; nothing was changed.
  [[nodiscard]] std::error_code exchange(std::uint32_t old_id) const noexcept;

 private:
  [[nodiscard]] int rename(unsigned int flags) const noexcept;

  std::string path_;
  std::string name_;
};

}  // namespace bpfmap::inline v0::detail
