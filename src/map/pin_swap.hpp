// SPDX-License-Identifier: MIT
// Pins that take the place of another, or get their rights before they are seen. Private to src/.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/pin_options.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

/// The folder of `path`, locked until the descriptor is closed: of two processes that replace a pin
/// at once, the second sees what the first has done. EAGAIN: another process holds the lock.
[[nodiscard]] sys::UniqueFd lock_folder(const std::string& path, std::error_code& ec);

/// A pin of a new map in the folder of `path`, which is locked, under a name of its own. It is
/// removed at the end, unless it was moved to `path`.
class TemporaryPin {
 public:
  TemporaryPin(const Map& map, const std::string& path, std::error_code& ec);
  TemporaryPin(const TemporaryPin&) = delete;
  TemporaryPin& operator=(const TemporaryPin&) = delete;
  ~TemporaryPin();

  /// Sets owner, group and mode.
  [[nodiscard]] std::error_code set_rights(const PinOptions& options) const noexcept;
  /// Sets those of the pin at `path`, as far as this process may.
  void keep_rights_of_old() const noexcept;
  /// Moves the pin to `path`, where nothing may be: EEXIST.
  [[nodiscard]] std::error_code move_in() const noexcept;
  /// Exchanges it with the pin at `path`, and removes that at the end. ENOENT: there is none.
  /// EEXIST: it is not that of map `old_id`; nothing was changed.
  [[nodiscard]] std::error_code exchange(std::uint32_t old_id) const noexcept;

 private:
  [[nodiscard]] int rename(unsigned int flags) const noexcept;

  const std::string& path_;
  std::string name_;
};

}  // namespace bpfmap::inline v0::detail
