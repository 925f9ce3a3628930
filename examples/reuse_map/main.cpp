// SPDX-License-Identifier: MIT
// A map that is there before the BPF program, and stays when the program is replaced: it is created
// and filled here, then given to libbpf's object between its open and its load.
// Run it as root: build/reuse_map
#include <sys/syscall.h>
#include <unistd.h>

#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <memory>
#include <system_error>

#include "reuse_map.skel.h"

namespace {

using Watched = bpfmap::HashMap<std::uint32_t, std::uint64_t>;
using Skeleton = std::unique_ptr<reuse_map, decltype(&reuse_map__destroy)>;

void check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

// Loads and attaches the program over `watched`; it runs until the skeleton is destroyed.
Skeleton start(const Watched& watched) {
  Skeleton skeleton{reuse_map__open(), &reuse_map__destroy};
  check(skeleton != nullptr, "opening the BPF program");
  skeleton->rodata->wanted = SYS_getppid;
  bpfmap::reuse(skeleton->maps.watched, watched.map());
  check(reuse_map__load(skeleton.get()) == 0, "loading the BPF program");
  check(reuse_map__attach(skeleton.get()) == 0, "attaching the BPF program");
  return skeleton;
}

}  // namespace

int main() try {
  auto watched = Watched::create({.max_entries = 1024, .name = "watched"});
  const auto self = static_cast<std::uint32_t>(::getpid());
  watched.update(self, 0);

  Skeleton program = start(watched);
  for (int i = 0; i < 1000; ++i) ::getppid();
  std::cout << watched.lookup(self).value() << " calls of getppid\n";

  program.reset();
  program = start(watched);  // another program, the same counts
  for (int i = 0; i < 500; ++i) ::getppid();
  std::cout << watched.lookup(self).value()
            << " calls of getppid, after the program was replaced\n";
} catch (const std::exception& error) {
  std::cerr << "reuse_map: " << error.what() << '\n';
  return 1;
}
