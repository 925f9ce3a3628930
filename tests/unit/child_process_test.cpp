// SPDX-License-Identifier: MIT
// The tests' own in_child(): nothing that goes wrong in the child is lost, and the child ends
// there.
#include "child_process.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "kernel_test.hpp"

namespace bpfmap {
namespace {

using test::contains;

// What the child prints while `body` runs in it, and that the parent fails.
template <class Body>
std::string text_of_failing_child(Body body) {
  const pid_t parent = ::getpid();
  ::testing::internal::CaptureStdout();
  const auto run = [&] {
    try {
      test::in_child(body);
    } catch (...) {
    }
    if (::getpid() != parent) ::_exit(0);  // the child goes on: the parent does not fail then
  };
  EXPECT_NONFATAL_FAILURE(run(), "in the child or it threw");
  return ::testing::internal::GetCapturedStdout();
}

TEST(InChild, EndsTheChildThatThrowsAndPrintsTheText) {
  EXPECT_TRUE(contains(text_of_failing_child([] { throw std::runtime_error{"no such flow"}; }),
                       "the child threw: no such flow\n"));
  EXPECT_TRUE(contains(text_of_failing_child([] { throw 3; }), "is not a std::exception\n"));
}

TEST(InChild, PassesWhenTheChildDoes) {
  test::in_child([] { EXPECT_NE(::getpid(), 0); });
}

}  // namespace
}  // namespace bpfmap
