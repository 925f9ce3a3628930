// SPDX-License-Identifier: MIT
// A private cgroup.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <mntent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::test {

[[nodiscard]] inline std::string mounted_cgroup_root() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> mounts{::setmntent("/proc/mounts", "re"),
                                                               &::endmntent};
  if (!mounts) return {};
  while (const mntent* const mount = ::getmntent(mounts.get()))
    if (std::string_view{mount->mnt_type} == "cgroup2") return mount->mnt_dir;
  return {};
}

/// Returns where the unified hierarchy is mounted; mounts it in a private mount namespace if it is
/// not. Empty: this kernel has none.
[[nodiscard]] inline std::string cgroup_root() {
  std::string root = mounted_cgroup_root();
  if (!root.empty()) return root;
  const char* const own = "/sys/fs/cgroup";
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return {};
  return ::mount("none", own, "cgroup2", 0, nullptr) == 0 ? own : std::string{};
}

/// A new, empty cgroup, which is removed at the end.
class OwnCgroup {
 public:
  OwnCgroup() : path_(cgroup_root() + "/bpfmap-test-XXXXXX") {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr) << path_;
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_TRUE(fd_);
  }
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup() { remove(); }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Returns the inode number of its directory, which is the cgroup's id.
  [[nodiscard]] std::uint64_t inode() const {
    struct stat status{};
    EXPECT_EQ(::fstat(fd(), &status), 0);
    return status.st_ino;
  }
  /// Moves the calling process into it.
  void enter() const {
    const sys::UniqueFd procs{::open((path_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)};
    EXPECT_EQ(::write(procs.get(), "0", 1), 1);
  }
  /// Removes the directory; its descriptor stays open.
  void remove() {
    if (removed_) return;
    removed_ = true;
    EXPECT_EQ(::rmdir(path_.c_str()), 0) << path_;
  }

 private:
  std::string path_;
  sys::UniqueFd fd_;
  bool removed_ = false;
};

}  // namespace bpfmap::test
