// SPDX-License-Identifier: MIT
#include "kernel_test.hpp"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>

namespace bpfmap::test {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

PrivateBpffs::PrivateBpffs() {
  std::array<char, 32> name{"/tmp/bpfmap-test-XXXXXX"};
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mkdtemp(name.data()) == nullptr || ::mount("bpffs", name.data(), "bpf", 0, nullptr) != 0) {
    ADD_FAILURE() << "a private bpffs cannot be mounted: " << std::strerror(errno);
    return;
  }
  root_ = name.data();
}

PrivateBpffs::~PrivateBpffs() {
  if (root_.empty()) return;
  ::umount2(root_.c_str(), MNT_DETACH);
  ::rmdir(root_.c_str());
}

}  // namespace bpfmap::test
