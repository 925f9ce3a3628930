// SPDX-License-Identifier: MIT
// Conditions on the path, or on the descriptor, that is opened.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>

#include "../map/pin_path.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "questions.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// The path; empty when the record holds only a part of it.
std::string path_of(const Failure& failure) {
  const auto& subject = failure.record.subject;
  return subject.is_whole() ? std::string{subject.view()} : std::string{};
}

std::string folder_of_path(const Failure& failure) {
  const std::string path = path_of(failure);
  return path.empty() ? std::string{} : folder_part(path);
}

}  // namespace

std::string folder_part(std::string_view path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return std::string{path.substr(0, std::max<std::size_t>(slash, 1))};
}

std::string dotted_part(std::string_view path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    const bool dotted = part.find('.') != std::string_view::npos && part != "." && part != "..";
    if (dotted && is_on_bpffs(begin == 0 ? "." : std::string{path.substr(0, begin)}))
      return std::string{part};
    begin = end + 1;
  }
  return {};
}

namespace condition {

bool no_path(const Failure& failure) { return failure.record.subject.size == 0; }
bool path_known(const Failure& failure) { return !no_path(failure); }
bool not_on_bpffs(const Failure& failure) {
  const std::string folder = folder_of_path(failure);
  struct statfs fs{};
  return !folder.empty() && ::statfs(folder.c_str(), &fs) == 0 &&
         static_cast<std::uint32_t>(fs.f_type) != BPF_FS_MAGIC;
}
bool is_directory(const Failure& failure) {
  struct stat status{};
  return ::stat(path_of(failure).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}
bool dotted(const Failure& failure) { return !dotted_part(path_of(failure)).empty(); }
bool symbolic_link(const Failure& failure) { return is_link(path_of(failure)); }
bool reserved_name(const Failure& failure) {
  const std::string path = path_of(failure);
  return std::string_view{path}.substr(path.find_last_of('/') + 1) == temporary_pin;
}
bool no_folder(const Failure& failure) {
  const std::string folder = folder_of_path(failure);
  struct stat status{};
  return !folder.empty() && ::stat(folder.c_str(), &status) != 0 && errno == ENOENT;
}
bool folder_is_closed(const Failure& failure) {
  const std::string folder = folder_of_path(failure);
  return !folder.empty() && ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0 &&
         errno == EACCES;
}
bool folder_is_sticky(const Failure& failure) {
  struct stat folder{};
  struct stat file{};
  const std::string path = path_of(failure);
  return ::stat(folder_of_path(failure).c_str(), &folder) == 0 &&
         ::lstat(path.c_str(), &file) == 0 && (folder.st_mode & S_ISVTX) != 0 &&
         folder.st_uid != ::geteuid() && file.st_uid != ::geteuid() && holds(cap_fowner) == false;
}
bool path_is_closed(const Failure& failure) {
  struct stat status{};
  const std::string path = path_of(failure);
  return !path.empty() && ::stat(path.c_str(), &status) != 0 && errno == EACCES;
}
bool file_is_closed(const Failure& failure) {
  const std::string path = path_of(failure);
  const Access access = failure.record.access.value_or(Access::read_write);
  const int mode =
      (access == Access::write_only ? 0 : R_OK) | (access == Access::read_only ? 0 : W_OK);
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) != 0 && errno == EACCES;
}
bool pin_is_unreadable(const Failure& failure) {
  const std::string path = path_of(failure);
  const auto refuses = [&path](int mode) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) != 0 && errno == EACCES;
  };
  return refuses(R_OK) && refuses(W_OK);
}
bool pin_is_no_map(const Failure& failure) {
  const std::string path = path_of(failure);
  for (const std::uint32_t flags : {0U, sys::f_rdonly, sys::f_wronly}) {
    const sys::UniqueFd fd{sys::obj_get(path.c_str(), flags)};
    if (fd) return is_other(descriptor_target(fd.get()), map_target);
  }
  return false;
}
bool descriptor_is_no_map(const Failure& failure) {
  const std::string number = path_of(failure);
  int fd = -1;
  std::from_chars(number.data(), number.data() + number.size(), fd);
  return is_other(descriptor_target(fd), map_target);
}

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
