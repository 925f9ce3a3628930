// SPDX-License-Identifier: MIT
#include "pin_swap.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "bpfmap/sys/bpf.hpp"
#include "pin_path.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr int lock_attempts = 2000;
constexpr long lock_pause = 1'000'000;  // nanoseconds

}  // namespace

sys::UniqueFd lock_folder(const std::string& path, std::error_code& ec) {
  sys::UniqueFd folder{::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ec = kernel_error(folder ? 0 : -errno);
  if (ec) return {};
  for (int attempt = 0; attempt < lock_attempts; ++attempt) {
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    if (errno != EWOULDBLOCK && errno != EINTR) {
      ec = kernel_error(-errno);
      return {};
    }
    // A signal does not shorten the pause: a program with a timer would give up too early.
    timespec rest{0, lock_pause};
    while (::nanosleep(&rest, &rest) != 0 && errno == EINTR) continue;
  }
  ec = kernel_error(-EAGAIN);
  return {};
}

TemporaryPin::TemporaryPin(const Map& map, const std::string& path, std::error_code& ec)
    : path_(path) {
  std::string name = folder_of(path) + "/" + std::string{temporary_pin};
  const auto pin = [&] { return kernel_error(sys::obj_pin(map.fd(), name.c_str())); };
  ec = pin();
  // Nobody else is replacing here, because the folder is locked: a process was killed. What is no
  // map stays.
  std::error_code other;
  if (ec == kernel_error(-EEXIST) && Map::unpin(name, other)) ec = pin();
  if (!ec) name_ = std::move(name);
}

TemporaryPin::~TemporaryPin() {
  if (!name_.empty()) ::unlink(name_.c_str());
}

// Sets the mode last, because a change of the owner clears some of its bits.
std::error_code TemporaryPin::set_rights(const PinOptions& options) const noexcept {
  constexpr auto keep = static_cast<std::uint32_t>(-1);
  int result = 0;
  if (options.owner || options.group)
    result = ::chown(name_.c_str(), options.owner.value_or(keep), options.group.value_or(keep));
  if (result == 0 && options.mode) result = ::chmod(name_.c_str(), *options.mode);
  return kernel_error(result == 0 ? 0 : -errno);
}

// Ignores failures: changing the owner needs CAP_CHOWN.
void TemporaryPin::keep_rights_of_old() const noexcept {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return;
  (void)!::chown(name_.c_str(), status.st_uid, status.st_gid);
  (void)!::chmod(name_.c_str(), status.st_mode & permission_bits);
}

int TemporaryPin::rename(unsigned int flags) const noexcept {
  return ::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), flags) == 0 ? 0 : -errno;
}

std::error_code TemporaryPin::move_in() const noexcept {
  int result = rename(RENAME_NOREPLACE);
  // A sandbox may refuse renameat2(2). The destructor removes the second name.
  if (result == -ENOSYS || result == -EINVAL)
    result = ::link(name_.c_str(), path_.c_str()) == 0 ? 0 : -errno;
  return kernel_error(result);
}

std::error_code TemporaryPin::exchange(std::uint32_t old_id) const noexcept {
  int result = rename(RENAME_EXCHANGE);
  if (result == 0) {
    std::error_code ec;
    const Map displaced = Map::open_pinned(name_, Access::read_only, ec);
    // A displaced pin that this process may not read counts as the old one.
    if (!displaced || displaced.info().id == old_id) return {};
    // The pin of a process that does not lock the folder: put it back.
    (void)rename(RENAME_EXCHANGE);
    return kernel_error(-EEXIST);
  }
  // A bpffs supports the exchange since 5.16 (3871cb8cf741).
  if (result == -EINVAL) result = rename(0);
  return kernel_error(result);
}

}  // namespace bpfmap::inline v0::detail
