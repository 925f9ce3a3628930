// SPDX-License-Identifier: MIT
// A memory cgroup with a limit, for a child process.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <mntent.h>
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

/// A new memory cgroup of either version; removed at the end. is_there() is false where no
/// hierarchy with the memory controller is mounted writable.
class OwnMemoryLimit {
 public:
  explicit OwnMemoryLimit(std::uint64_t bytes) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> mounts{::setmntent("/proc/mounts", "re"),
                                                                 &::endmntent};
    if (!mounts) return;
    while (const mntent* const mount = ::getmntent(mounts.get())) {
      const std::string_view type = mount->mnt_type;
      const bool first = type == "cgroup" && ::hasmntopt(mount, "memory") != nullptr;
      if (!first && type != "cgroup2") continue;
      if (make(std::string{mount->mnt_dir}, first ? "/memory.limit_in_bytes" : "/memory.max",
               bytes))
        return;
    }
  }
  OwnMemoryLimit(const OwnMemoryLimit&) = delete;
  OwnMemoryLimit& operator=(const OwnMemoryLimit&) = delete;
  ~OwnMemoryLimit() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }

  [[nodiscard]] bool is_there() const noexcept { return !path_.empty(); }
  /// Moves the calling process into it.
  void enter() const { EXPECT_TRUE(write_to(path_ + "/cgroup.procs", "0")); }

 private:
  static bool write_to(const std::string& file, std::string_view text) {
    const sys::UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  bool make(const std::string& root, const char* limit, std::uint64_t bytes) {
    std::string path = root + "/bpfmap-memory-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return false;
    if (write_to(path + limit, std::to_string(bytes))) {
      path_ = std::move(path);
      return true;
    }
    ::rmdir(path.c_str());
    return false;
  }

  std::string path_;
};

}  // namespace bpfmap::test
