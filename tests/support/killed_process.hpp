// SPDX-License-Identifier: MIT
// Kills a process at every step of an operation.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "kernel_test.hpp"

namespace bpfmap::test {

// State of the child alone.
inline int calls_to_live = 0;
inline bool killed_before = false;

inline long kill_at_last_call(int cmd, void* attr, unsigned int size) noexcept {
  const bool last = calls_to_live-- == 0;
  if (last && killed_before) ::kill(::getpid(), SIGKILL);
  const long result = sys::bpf_syscall(cmd, attr, size);
  if (last) ::kill(::getpid(), SIGKILL);
  return result;
}
/// Runs `body` in one child after another. The first is killed right before its first call of
/// bpf(2), the second right after it, the third before its second call, and so on, until a child
/// ends by itself. `prepare` runs before each child, `check` after each that was killed. Returns
/// the number of children that were killed.
template <class Prepare, class Body, class Check>
int killed_at_every_call(Prepare prepare, Body body, Check check) {
  constexpr int most = 400;
  for (int killed = 0; killed < most; ++killed) {
    prepare();
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      calls_to_live = killed / 2;
      killed_before = killed % 2 == 0;
      sys::set_bpf_for_testing(&kill_at_last_call);
      body();
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status)) {
      EXPECT_EQ(status, 0);
      return killed;
    }
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    SCOPED_TRACE("killed at step " + std::to_string(killed));
    check();
    if (::testing::Test::HasFailure()) return killed;
  }
  ADD_FAILURE() << "the child never came to its end";
  return most;
}

}  // namespace bpfmap::test
