// SPDX-License-Identifier: MIT
#include "proc_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

std::optional<bool> proc_fd_is_map(int fd) noexcept {
  std::array<char, 32> link{};
  std::array<char, 32> target{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const auto length = ::readlink(link.data(), target.data(), target.size());
  if (length < 0) return std::nullopt;
  return std::string_view{target.data(), static_cast<std::size_t>(length)}.ends_with("bpf-map");
}

std::optional<std::string_view> fdinfo_field(std::string_view text,
                                             std::string_view name) noexcept {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> fdinfo_number(std::string_view text, std::string_view name) noexcept {
  auto field = fdinfo_field(text, name);
  if (!field) return std::nullopt;
  const bool hex = field->starts_with("0x");
  if (hex) field->remove_prefix(2);
  std::uint64_t value = 0;
  const char* const end = field->data() + field->size();
  const auto parsed = std::from_chars(field->data(), end, value, hex ? 16 : 10);
  return parsed.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

FdInfo::FdInfo(int fd) noexcept {
  std::array<char, 40> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fdinfo/%d", fd);
  const sys::UniqueFd file{::open(path.data(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    error_ = -errno;
    return;
  }
  // A read ends at a line of seq_file's, not at the end of the file.
  while (size_ < text_.size()) {
    const auto length = ::read(file.get(), text_.data() + size_, text_.size() - size_);
    if (length < 0) error_ = -errno;
    if (length <= 0) break;
    size_ += static_cast<std::size_t>(length);
  }
}

}  // namespace bpfmap::inline v0::detail
