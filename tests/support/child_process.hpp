// SPDX-License-Identifier: MIT
// Runs a test body in a child process: for changes that would break later tests (descriptor 0,
// limits, privileges).
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace bpfmap::test {

/// Runs `body` and ends the process: with 0, or with 1 when an expectation failed or `body` threw.
/// An exception that left the child's part of the program would let it run the rest of the tests.
template <class Body>
[[noreturn]] void run_and_exit(Body& body) {
  bool thrown = true;
  try {
    body();
    thrown = false;
  } catch (const std::exception& error) {
    std::printf("the child threw: %s\n", error.what());
  } catch (...) {
    std::printf("the child threw something that is not a std::exception\n");
  }
  std::fflush(nullptr);
  ::_exit(thrown || ::testing::Test::HasFailure() ? 1 : 0);
}

/// Runs `body` in a child that `make` forks; fails when an expectation failed there or it threw.
template <class Make, class Body>
void in_child_by(Make make, Body body) {
  std::fflush(nullptr);
  const pid_t child = make();
  ASSERT_GE(child, 0);
  if (child == 0) run_and_exit(body);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "an expectation failed in the child or it threw, see above";
}

/// Runs `body` in a forked child.
template <class Body>
void in_child(Body body) {
  in_child_by([] { return ::fork(); }, body);
}

/// Runs `body` in a child that the C library does not know of: no handler of pthread_atfork() runs.
template <class Body>
void in_cloned_child(Body body) {
  const auto clone = [] {
    return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  };
  in_child_by(clone, body);
}

/// Runs `body` in a child that is the first process of a PID namespace. Called there again, the
/// child has its parent's PID.
template <class Body>
void in_first_process(Body body) {
  in_child([&body] {
    ASSERT_EQ(::unshare(CLONE_NEWPID), 0);
    in_child([&body] {
      EXPECT_EQ(::getpid(), 1);
      body();
    });
  });
}

}  // namespace bpfmap::test
