// SPDX-License-Identifier: MIT
// What /proc/self/fd and /proc/self/fdinfo show about a descriptor, without the heap. Private to
// src/.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bpfmap::inline v0::detail {

/// Whether a file of /proc or /sys could not be read for a reason that may pass.
[[nodiscard]] constexpr bool may_pass(int result) noexcept {
  return result == -EMFILE || result == -ENFILE || result == -ENOMEM;
}

/// Whether `fd` refers to a map; nullopt without /proc, and when `fd` is closed.
[[nodiscard]] std::optional<bool> proc_fd_is_map(int fd) noexcept;

/// Returns the value of the line "name:<blanks>value" in `text`; nullopt when there is none.
[[nodiscard]] std::optional<std::string_view> fdinfo_field(std::string_view text,
                                                           std::string_view name) noexcept;
/// As above, as a number: decimal, or hexadecimal after 0x; nullopt when the value is none.
[[nodiscard]] std::optional<std::uint64_t> fdinfo_number(std::string_view text,
                                                         std::string_view name) noexcept;

/// The text of /proc/self/fdinfo/`fd`. The kernel writes less than 1 KiB for a map, a program or a
/// token; what lies beyond 4 KiB is left out.
class FdInfo {
 public:
  explicit FdInfo(int fd) noexcept;

  /// -errno when the file could not be read, or 0.
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const noexcept {
    return fdinfo_field({text_.data(), size_}, name);
  }
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const noexcept {
    return fdinfo_number({text_.data(), size_}, name);
  }

 private:
  std::array<char, 4096> text_;
  std::size_t size_ = 0;
  int error_ = 0;
};

}  // namespace bpfmap::inline v0::detail
