// SPDX-License-Identifier: MIT
#include "bpfmap/sys/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <type_traits>
#include <utility>

#include "child_process.hpp"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

int open_null() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

static_assert(!std::is_copy_constructible_v<sys::UniqueFd> &&
              !std::is_copy_assignable_v<sys::UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<sys::UniqueFd>);
static_assert(std::is_nothrow_move_assignable_v<sys::UniqueFd>);
static_assert(!std::is_convertible_v<int, sys::UniqueFd> &&
              !std::is_convertible_v<sys::UniqueFd, int>);

TEST(UniqueFdOwns, NothingByDefault) {
  const sys::UniqueFd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(UniqueFdOwns, NothingWhenTheNumberIsNegative) {
  const sys::UniqueFd fd{-EBADF};
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(UniqueFdOwns, TheDescriptorUntilTheEndOfItsLife) {
  const int number = open_null();
  ASSERT_TRUE(is_open(number));
  {
    const sys::UniqueFd fd{number};
    EXPECT_TRUE(fd);
    EXPECT_EQ(fd.get(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFdMoves, TheDescriptorAndIsEmptyAfterwards) {
  const int number = open_null();
  sys::UniqueFd from{number};
  {
    const sys::UniqueFd to{std::move(from)};
    EXPECT_EQ(to.get(), number);
    EXPECT_EQ(from.get(), -1);  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFdMoves, IntoAnOwnerThatClosesWhatItHad) {
  const int first = open_null();
  const int second = open_null();
  sys::UniqueFd fd{first};
  sys::UniqueFd other{second};
  fd = std::move(other);
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  EXPECT_EQ(fd.get(), second);
  EXPECT_FALSE(other);  // NOLINT(bugprone-use-after-move)
}

TEST(UniqueFdMoves, OntoItselfAndKeepsTheDescriptor) {
  const int number = open_null();
  sys::UniqueFd fd{number};
  sys::UniqueFd& itself = fd;
  fd = std::move(itself);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFdMoves, NothingIntoAnOwner) {
  const int number = open_null();
  sys::UniqueFd fd{number};
  fd = sys::UniqueFd{};
  EXPECT_FALSE(fd);
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFdReleases, TheDescriptorOpen) {
  const int number = open_null();
  {
    sys::UniqueFd fd{number};
    EXPECT_EQ(fd.release(), number);
    EXPECT_FALSE(fd);
    EXPECT_EQ(fd.release(), -1);
  }
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(UniqueFdResets, ToAnotherDescriptorAndToNone) {
  const int first = open_null();
  const int second = open_null();
  sys::UniqueFd fd{first};
  fd.reset(second);
  EXPECT_FALSE(is_open(first));
  EXPECT_EQ(fd.get(), second);
  fd.reset(-7);
  EXPECT_FALSE(is_open(second));
  EXPECT_EQ(fd.get(), -1);
}

// After each owner is done with a number, the number is given to a file that nobody but the test
// owns: a second close would close that one.
TEST(UniqueFdNeverCloses, ADescriptorTwice) {
  sys::UniqueFd fd{open_null()};
  const int number = fd.get();
  fd.reset();
  const int stranger = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, number);
  ASSERT_EQ(stranger, number);

  fd.reset();
  EXPECT_TRUE(is_open(stranger));
  sys::UniqueFd moved{std::move(fd)};
  moved.reset();
  EXPECT_TRUE(is_open(stranger));
  {
    const sys::UniqueFd last{std::move(moved)};
  }
  EXPECT_TRUE(is_open(stranger));
  ::close(stranger);
}

TEST(UniqueFdOwns, DescriptorZeroToo) {
  test::in_child([] {
    ::close(0);
    ASSERT_EQ(open_null(), 0);
    {
      const sys::UniqueFd fd{0};
      EXPECT_TRUE(fd);
      EXPECT_EQ(fd.get(), 0);
    }
    EXPECT_FALSE(is_open(0));
  });
}

TEST(UniqueFdDuplicates, TheOpenFileAndClosesItOnExec) {
  const sys::UniqueFd fd{open_null()};
  const auto copy = sys::UniqueFd::duplicate_of(fd.get());
  ASSERT_TRUE(copy);
  EXPECT_NE(copy.get(), fd.get());
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD), FD_CLOEXEC);
  // One open file: a status flag set through one is seen through the other.
  ASSERT_EQ(::fcntl(fd.get(), F_SETFL, O_APPEND), 0);
  EXPECT_NE(::fcntl(copy.get(), F_GETFL) & O_APPEND, 0);
}

TEST(UniqueFdDuplicates, ToANumberAboveTheStandardStreams) {
  test::in_child([] {
    const sys::UniqueFd fd{open_null()};
    ::close(0);
    ::close(1);
    EXPECT_GE(sys::UniqueFd::duplicate_of(fd.get()).get(), 3);
  });
}

TEST(UniqueFdDuplicates, NothingAndSaysWhyInErrno) {
  const int closed = open_null();
  ::close(closed);
  for (const int bad : {closed, -1}) {
    errno = 0;
    EXPECT_FALSE(sys::UniqueFd::duplicate_of(bad));
    EXPECT_EQ(errno, EBADF);
  }
  test::in_child([] {
    const sys::UniqueFd fd{open_null()};
    const auto limit = static_cast<rlim_t>(fd.get()) + 1;
    const rlimit full{limit, limit};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
    while (open_null() >= 0) continue;
    errno = 0;
    EXPECT_FALSE(sys::UniqueFd::duplicate_of(fd.get()));
    EXPECT_EQ(errno, EMFILE);
  });
}

}  // namespace
}  // namespace bpfmap
