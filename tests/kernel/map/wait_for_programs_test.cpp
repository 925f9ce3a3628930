// SPDX-License-Identifier: MIT
// Waiting for programs that run: they stay until the test lets them go.
#include "bpfmap/map/wait_for_programs.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "told.hpp"
#include "waiting.skel.h"

namespace bpfmap {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::contains;
using test::told;

// One page that cannot be read before the test gives it contents: who reads it sleeps.
class MissingPage {
 public:
  MissingPage() {
    base_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(base_, MAP_FAILED);
    fd_.reset(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC)));
    if (!fd_) return;
    uffdio_api api{.api = UFFD_API, .features = 0, .ioctls = 0};
    EXPECT_EQ(::ioctl(fd_.get(), UFFDIO_API, &api), 0);
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uintptr_t>(base_), size_};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    EXPECT_EQ(::ioctl(fd_.get(), UFFDIO_REGISTER, &range), 0);
  }
  MissingPage(const MissingPage&) = delete;
  MissingPage& operator=(const MissingPage&) = delete;
  ~MissingPage() { ::munmap(base_, size_); }

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(fd_); }
  [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(base_); }
  void provide() const {
    uffdio_zeropage zero{};
    zero.range = {address(), size_};
    EXPECT_EQ(::ioctl(fd_.get(), UFFDIO_ZEROPAGE, &zero), 0);
  }

 private:
  std::size_t size_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* base_ = nullptr;
  sys::UniqueFd fd_;
};

class WaitForPrograms : public ::testing::Test {
 protected:
  using Skeleton = std::unique_ptr<waiting, decltype(&waiting__destroy)>;
  const Skeleton skeleton{waiting__open_and_load(), &waiting__destroy};

  // Runs it in a thread; returns once it has started.
  std::thread run(const bpf_program* program, bool takes_packet) {
    skeleton->bss->started = skeleton->bss->stop = skeleton->bss->ended = 0;
    skeleton->bss->gave_up = 0;
    std::thread thread{
        [fd = bpf_program__fd(program), takes_packet] { test::run_program(fd, takes_packet); }};
    while (skeleton->bss->started == 0) std::this_thread::yield();
    return thread;
  }
  void stop() { skeleton->bss->stop = 1; }
  // Read after the result of waiting: on a very busy machine a program that spins may end by
  // itself.
  [[nodiscard]] bool is_running() const {
    return skeleton->bss->ended == 0 && skeleton->bss->gave_up == 0;
  }

  // Whether `wait` is still waiting while the program runs, and has ended after `let_go`.
  template <class Wait, class LetGo>
  void expect_waits(Wait wait, LetGo let_go) {
    std::atomic<bool> waited{false};
    std::thread waiter{[&] {
      wait();
      waited = true;
    }};
    std::this_thread::sleep_for(milliseconds{150});
    const bool early = waited;
    EXPECT_FALSE(early && is_running()) << "the program is still running";
    let_go();
    waiter.join();
    EXPECT_TRUE(waited);
  }
};

TEST_F(WaitForPrograms, ReturnsWhenNoneRuns) {
  wait_for_programs();
  EXPECT_TRUE(wait_for_sleepable_programs());
  std::error_code ec = make_error_code(std::errc::io_error);
  wait_for_programs(ec);
  EXPECT_FALSE(ec);
  ec = make_error_code(std::errc::io_error);
  EXPECT_TRUE(wait_for_sleepable_programs(std::chrono::seconds{10}, ec));
  EXPECT_FALSE(ec);
  ec = Errc::invalid_name;
  EXPECT_TRUE(wait_for_sleepable_programs(ec));
  EXPECT_FALSE(ec);
}

TEST_F(WaitForPrograms, WaitsForAPlainProgram) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  std::thread program = run(skeleton->progs.spins, true);
  expect_waits([] { wait_for_programs(); }, [&] { stop(); });
  program.join();
}

TEST_F(WaitForPrograms, DoesNotWaitForASleepingProgram) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  const MissingPage page;
  ASSERT_TRUE(page) << "userfaultfd(2)";
  skeleton->bss->address = page.address();
  std::thread program = run(skeleton->progs.sleeps, false);
  wait_for_programs();
  EXPECT_FALSE(wait_for_sleepable_programs(milliseconds{0})) << "it still sleeps";
  page.provide();
  program.join();
}

TEST_F(WaitForPrograms, WaitsForASleepableProgram) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  std::thread program = run(skeleton->progs.spins_sleepable, false);
  const bool early = wait_for_sleepable_programs(milliseconds{100});
  EXPECT_FALSE(early && is_running());
  expect_waits([] { EXPECT_TRUE(wait_for_sleepable_programs()); }, [&] { stop(); });
  program.join();
}

TEST_F(WaitForPrograms, WaitsForOneThatSleeps) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  const MissingPage page;
  ASSERT_TRUE(page) << "userfaultfd(2)";
  skeleton->bss->address = page.address();
  std::thread program = run(skeleton->progs.sleeps, false);
  const auto start = steady_clock::now();
  EXPECT_FALSE(wait_for_sleepable_programs(milliseconds{200}));
  EXPECT_GE(steady_clock::now() - start, milliseconds{200});
  EXPECT_FALSE(wait_for_sleepable_programs(milliseconds{0}));
  expect_waits([] { EXPECT_TRUE(wait_for_sleepable_programs()); }, [&] { page.provide(); });
  program.join();
}

// What the function is for: an old map that nobody changes any more.
TEST_F(WaitForPrograms, LeavesNothingBehind) {
  const auto descriptors = test::open_descriptors();
  const auto count_maps = [] { return list_maps().size(); };
  const std::size_t maps = count_maps();
  for (int i = 0; i < 5; ++i) {
    wait_for_programs();
    (void)wait_for_sleepable_programs();
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
  // Maps are freed a moment later.
  for (int i = 0; i < 500 && count_maps() > maps; ++i) ::usleep(10000);
  EXPECT_LE(count_maps(), maps);
}

// What the reference says of programs that are still at work on what user space has replaced.
class LateProgram : public WaitForPrograms {
 protected:
  template <class M>
  M map(const bpf_map* of) {
    return M{from(const_cast<bpf_map*>(of))};
  }
  // Runs `body` again when its program did not wait for it: the test was given no CPU for so long.
  template <class Body>
  void in_time(Body body) {
    int tries = 10;
    do {
      skeleton->bss->gave_up = 0;
      body();
    } while (skeleton->bss->gave_up != 0 && --tries > 0);
    ASSERT_EQ(skeleton->bss->gave_up, 0U) << "the machine is too busy";
  }
  // Waits until the program has ended after the test has let it go.
  void finish(std::thread& program) {
    stop();
    program.join();
  }
};

TEST_F(LateProgram, CountsInAnEntryThatWasDrained) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  auto counts = map<HashMap<std::uint32_t, std::uint64_t>>(skeleton->maps.counts);
  std::uint64_t drained = 0;
  in_time([&] {
    counts.update(1, 41);
    std::thread program = run(skeleton->progs.counts_late, true);
    drained = 0;
    for (auto [key, value] : drain(counts)) drained += value;
    finish(program);
  });
  EXPECT_EQ(skeleton->bss->seen, 42U) << "the program has counted";
  EXPECT_EQ(drained, 41U) << "what it counted after the removal is lost";
  EXPECT_TRUE(empty(counts));
}

struct Locked {
  bpf_spin_lock lock{};
  std::uint32_t pad = 0;
  std::uint64_t count = 0;
};
static_assert(has_spin_lock<Locked>);

// The memory of an erased entry of a preallocated hash is that of the next one.
TEST_F(LateProgram, WritesUnderTheLockOfAnotherEntryThatTookTheMemory) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  auto locked = map<HashMap<std::uint32_t, Locked>>(skeleton->maps.preallocated);
  // Free entries are kept for each CPU.
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  in_time([&] {
    locked.erase(2);
    locked.update(1, Locked{.count = 5});
    std::thread program = run(skeleton->progs.locks_late, true);
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &here);
    EXPECT_EQ(::sched_setaffinity(0, sizeof here, &here), 0);
    EXPECT_TRUE(locked.erase(1));
    locked.update(2, Locked{.count = 100});
    finish(program);
    EXPECT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  });
  EXPECT_EQ(locked.lookup(2)->count, 101U) << "the program looked up key 1";
}

// Reading and then writing zeros loses what is counted in between; the difference of two readings
// does not.
TEST_F(LateProgram, CountsBetweenReadingAndResetting) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  auto counts = map<PerCpuArrayMap<std::uint64_t>>(skeleton->maps.cpu_counts);
  const auto count = [&] {
    test::run_program(bpf_program__fd(skeleton->progs.counts_on_this_cpu));
  };
  std::uint64_t reset = 0;
  for (int i = 0; i < 3; ++i) {
    count();
    reset += counts.lookup(0).sum();
    count();
    counts.update(0, 0);
  }
  EXPECT_EQ(reset, 3U) << "of 6";
  std::uint64_t last = 0;
  std::uint64_t added = 0;
  for (int i = 0; i < 3; ++i) {
    count();
    const std::uint64_t now = counts.lookup(0).sum();
    added += now - last;
    last = now;
    count();
  }
  added += counts.lookup(0).sum() - last;
  EXPECT_EQ(added, 6U);
}

using Inner = ArrayMap<std::uint64_t>;

TEST_F(LateProgram, HasLeftTheOldInnerMapWhenSetReturns) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  auto outer = map<ArrayOfMaps<Inner>>(skeleton->maps.outer);
  const Inner old = map<Inner>(skeleton->maps.first);
  const Inner next = Inner::create({.max_entries = 1});
  std::thread program = run(skeleton->progs.counts_in_inner, true);
  expect_waits([&] { outer.set(0, next); }, [&] { stop(); });
  EXPECT_EQ(old.lookup(0), 1U) << "it has counted, and is gone";
  program.join();
  EXPECT_EQ(next.lookup(0), 0U);
}

TEST_F(LateProgram, MayStillUseTheOldInnerMapWhenItIsSleepable) {
  if (!skeleton) GTEST_SKIP() << "this kernel does not load waiting.bpf.c";
  auto outer = map<ArrayOfMaps<Inner>>(skeleton->maps.outer);
  const Inner old = map<Inner>(skeleton->maps.first);
  const Inner next = Inner::create({.max_entries = 1});
  std::thread program = run(skeleton->progs.counts_in_inner_sleepable, false);
  outer.set(0, next);
  const std::uint64_t counted = old.lookup(0);
  EXPECT_FALSE(counted != 0 && is_running()) << "it is still at work";
  expect_waits([] { EXPECT_TRUE(wait_for_sleepable_programs()); }, [&] { stop(); });
  EXPECT_EQ(old.lookup(0), 1U) << "it has counted, and is gone";
  program.join();
  EXPECT_EQ(next.lookup(0), 0U);
}

// As before Linux 5.14.
TEST_F(WaitForPrograms, TellsWhenTheKernelHasNoSuchPrograms) {
  const test::ReplacedBpf older{[](int cmd, void* attr, unsigned int size) noexcept -> long {
    return cmd == BPF_PROG_LOAD ? -EINVAL : sys::bpf_syscall(cmd, attr, size);
  }};
  (void)told(EINVAL,
             [](auto&... ec) { (void)wait_for_sleepable_programs(milliseconds{-1}, ec...); });
  wait_for_programs();
}

TEST_F(WaitForPrograms, NeedsPrivileges) {
  test::in_child([] {
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
    EXPECT_TRUE(contains(told(EPERM, [](auto&... ec) { wait_for_programs(ec...); }), "CAP_BPF"));
    (void)told(EPERM,
               [](auto&... ec) { (void)wait_for_sleepable_programs(milliseconds{-1}, ec...); });
  });
}

}  // namespace
}  // namespace bpfmap
