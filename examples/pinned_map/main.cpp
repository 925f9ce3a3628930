// SPDX-License-Identifier: MIT
// Two processes share a map by its name in the BPF file system: one writes, one may only read.
// Run it as root: build/pinned_map runs both, in a BPF file system that only they see. Or run
// build/pinned_map writer /sys/fs/bpf/visits, and build/pinned_map reader /sys/fs/bpf/visits.
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpfmap/bpfmap.hpp>
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

using Visits = bpfmap::HashMap<std::uint32_t, std::uint64_t>;  // by port

void writer(const std::string& path) {
  auto visits = Visits::create({.max_entries = 1024, .name = "visits"});
  visits.update(80, 12);
  visits.update(443, 3);
  visits.map().pin(path);  // from now on the map outlives this process, until it is unpinned
  std::cout << "writer: pinned at " << path << std::endl;
}

void reader(const std::string& path) {
  Visits visits{bpfmap::Map::open_pinned(path, bpfmap::Access::read_only)};
  for (const std::uint32_t port : {80u, 443u})
    std::cout << "reader: port " << port << ": " << visits.lookup(port).value_or(0) << " visits\n";
  try {
    visits.update(80, 0);
  } catch (const bpfmap::Error& error) {
    std::cout << "reader: refused, as it has to be: " << error.what() << '\n';
    return;
  }
  throw std::runtime_error("a map that was opened read-only has been written");
}

void check(int result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
}

// Only this process and its children see the mount, and it goes away with them.
void mount_private_bpffs(const char* path) {
  check(unshare(CLONE_NEWNS), "unshare");
  check(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount / private");
  check(mount("bpffs", path, "bpf", 0, nullptr), "mount bpffs");
}

void run_reader(const std::string& path) {
  const pid_t child = fork();
  check(child, "fork");
  if (child == 0) {
    execl("/proc/self/exe", "pinned_map", "reader", path.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  check(waitpid(child, &status, 0), "waitpid");
  if (status != 0) throw std::runtime_error("the reader failed");
}

void demonstrate() {
  const std::string path = "/sys/fs/bpf/visits";
  mount_private_bpffs("/sys/fs/bpf");
  writer(path);
  run_reader(path);
  if (bpfmap::Map::unpin(path)) std::cout << "writer: unpinned\n";
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string role = argc == 3 ? argv[1] : "";
  if (role == "writer")
    writer(argv[2]);
  else if (role == "reader")
    reader(argv[2]);
  else if (argc == 1)
    demonstrate();
  else
    throw std::runtime_error("usage: pinned_map [writer PATH | reader PATH]");
} catch (const std::exception& error) {
  std::cerr << "pinned_map: " << error.what() << '\n';
  return 1;
}
