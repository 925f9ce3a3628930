// SPDX-License-Identifier: MIT
// Loads the sample maps, and runs a command while they are there.
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "sample.skel.h"

int main(int argc, char** argv) {
  const std::unique_ptr<sample, decltype(&sample::destroy)> maps{sample::open_and_load(),
                                                                 &sample::destroy};
  if (maps == nullptr) {
    const bool refused = errno == EPERM || errno == EACCES;
    std::fprintf(stderr, "mapctl: the maps: %s\n",
                 refused ? "not permitted" : std::strerror(errno));
    return 1;
  }
  // A socket for the storage map: the command inherits the descriptor.
  constexpr int known = 100;
  if (dup2(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), known) != known) return 1;
  pid_t child = 0;
  int status = 0;
  if (argc < 2 || posix_spawnp(&child, argv[1], nullptr, nullptr, argv + 1, environ) != 0 ||
      waitpid(child, &status, 0) != child)
    return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
