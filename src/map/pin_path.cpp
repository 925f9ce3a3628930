// SPDX-License-Identifier: MIT
#include "pin_path.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "bpfmap/error.hpp"

namespace bpfmap::inline v0::detail {

bool is_on_bpffs(const std::string& folder) noexcept {
  struct statfs fs{};
  // The type of f_type depends on the machine; it is a signed int on i386.
  return ::statfs(folder.c_str(), &fs) == 0 &&
         static_cast<std::uint32_t>(fs.f_type) == BPF_FS_MAGIC;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::error_code check_pin_path(const std::string& path) {
  // The kernel would stop at the zero byte.
  if (path.find('\0') != std::string::npos) return Errc::invalid_path;
  const std::string folder = folder_of(path);
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return kernel_error(-errno);
  const std::size_t slash = path.find_last_of('/');
  const std::string_view name = std::string_view{path}.substr(slash + 1);  // npos + 1 is 0
  const bool dotted = name.find('.') != std::string_view::npos;
  if (path.empty() || dotted || name == temporary_pin || !is_on_bpffs(folder))
    return Errc::invalid_path;
  // The kernel follows a link when it opens a pin, but not when it makes one.
  if (is_link(path) && ::stat(path.c_str(), &status) != 0) return Errc::invalid_path;
  return {};
}

bool is_link(const std::string& path) noexcept {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

std::string linked_path(const std::string& path, std::error_code& ec) {
  ec.clear();
  if (!is_link(path)) return path;
  struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
  };
  const std::unique_ptr<char, Free> target{::realpath(path.c_str(), nullptr)};
  if (!target) ec = kernel_error(-errno);
  return target ? std::string{target.get()} : std::string{};
}

}  // namespace bpfmap::inline v0::detail
