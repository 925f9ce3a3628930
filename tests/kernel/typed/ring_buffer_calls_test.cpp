// SPDX-License-Identifier: MIT
// RingBuffer: what one call reads, what ends it, and who may be waiting.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/typed/ring_buffer.hpp"
#include "bytes.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "rings.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Event;
using test::into;
using test::numbers;
using test::Numbers;
using test::RingPrograms;
using test::time_of;

constexpr std::uint32_t long_size = sizeof(::rings_long_event);

// --- how much one call reads ---

TEST(RingBufferBound, LimitsWhatOneCallHandsOut) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  programs.write(1, 10);
  EXPECT_EQ(ring.consume(3), 3U);
  EXPECT_EQ(seen, numbers(1, 3));
  EXPECT_EQ(ring.poll(10s, 4), 4U);
  EXPECT_EQ(ring.consume(0), 0U);
  EXPECT_EQ(ring.poll(10s, 0), 0U);
  EXPECT_EQ(ring.poll(10s, 4), 3U);
  EXPECT_EQ(seen, numbers(1, 10));
}

// A callback whose own work makes a record: each call hands out what was there when it looked.
TEST(RingBufferBound, IsWhatWasThereWhenTheCallBegan) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), [&](const Event& event) {
    seen.push_back(event.number);
    programs.write(event.number + 2, 1);
  });
  programs.write(1, 2);
  for (std::size_t round = 1; round <= 5; ++round) {
    EXPECT_EQ(round % 2 == 0 ? ring.poll(10s) : ring.consume(), 2U);
    EXPECT_EQ(seen, numbers(1, 2 * round));
  }
}

TEST(RingBufferBound, IsSharedByAllMaps) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers busy;
  Numbers quiet;
  ring.for_each<Event>(programs.first(), into(busy));
  ring.for_each<Event>(programs.second(), into(quiet));
  programs.write(1, 100);
  programs.write(1000, 1, true);
  EXPECT_EQ(ring.consume(10), 10U);
  EXPECT_EQ(quiet, Numbers{1000}) << "not behind the busy one's records";
  EXPECT_EQ(busy, numbers(1, 9));
  // One record a call: it is each map's turn.
  programs.write(1001, 5, true);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ring.consume(1), 1U);
  EXPECT_EQ(quiet.size(), 6U);
  EXPECT_EQ(busy.size(), 14U);
}

TEST(RingBufferBound, SkipsDiscardedRecords) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  programs.discard(20);
  EXPECT_EQ(ring.consume(), 0U);
  EXPECT_EQ(ring.bytes_waiting(), 0U) << "and gives them back";
  programs.discard(3);
  programs.write(1, 2);
  programs.discard(3);
  programs.write(3, 1);
  EXPECT_EQ(ring.consume(2), 2U);
  EXPECT_EQ(ring.consume(2), 1U);
  EXPECT_EQ(seen, numbers(1, 3));
}

// --- callbacks ---

TEST(RingBufferCallback, StopsTheCallByReturningFalse) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  Numbers others;
  ring.for_each<Event>(programs.first(), [&](const Event& event) {
    seen.push_back(event.number);
    return event.number != 2;
  });
  ring.for_each<Event>(programs.second(), into(others));
  programs.write(1, 3);
  programs.write(10, 1, true);
  EXPECT_EQ(ring.consume(), 2U) << "the record that stopped it is handled";
  EXPECT_EQ(seen, numbers(1, 2));
  EXPECT_TRUE(others.empty());
  EXPECT_EQ(ring.poll(10s), 2U);
  EXPECT_EQ(seen, numbers(1, 3));
  EXPECT_EQ(others, Numbers{10});
}

TEST(RingBufferCallback, StopsTheCallByReturningANegativeNumber) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  int calls = 0;
  ring.for_each(programs.first(), [&](BytesView) { return ++calls == 2 ? -1 : 1; });
  programs.write(1, 5);
  std::error_code ec = Errc::no_map;
  EXPECT_EQ(ring.poll(10s, ec), 2U);
  EXPECT_FALSE(ec);
  EXPECT_EQ(ring.poll(10s), 3U);
  EXPECT_EQ(calls, 5);
}

struct MoveOnlyCounter {
  std::unique_ptr<int> calls = std::make_unique<int>(0);
  int* last;
  void operator()(const Event&) { *last = ++*calls; }
};

TEST(RingBufferCallback, IsCalledWhereItLies) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  int last = 0;
  MoveOnlyCounter counter{.last = &last};
  ring.for_each<Event>(programs.first(), std::move(counter));
  int bytes_calls = 0;
  ring.for_each(programs.second(), [&bytes_calls, n = 0](BytesView) mutable { bytes_calls = ++n; });
  programs.write(1, 3);
  programs.write(1, 4, true);
  EXPECT_EQ(ring.consume(), 7U);
  EXPECT_EQ(last, 3);
  EXPECT_EQ(bytes_calls, 4);
}

TEST(RingBufferCallback, MayBeAFunctionOrAnLvalue) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  static int calls;
  calls = 0;
  struct Plain {
    static void count(const Event&) { ++calls; }
  };
  const auto callback = [](const Event&) { ++calls; };
  ring.for_each<Event>(programs.first(), Plain::count);
  ring.for_each<Event>(programs.second(), callback);
  programs.write(1, 1);
  programs.write(1, 1, true);
  EXPECT_EQ(ring.consume(), 2U);
  EXPECT_EQ(calls, 2);
}

TEST(RingBufferRecord, OfVariableLengthIsShownAsAnEventAndTheRest) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  std::vector<Bytes> rests;
  ring.for_each<Event>(programs.first(), [&](const Event& event, BytesView rest) {
    seen.push_back(event.number);
    rests.push_back(test::copy_of(rest));
  });
  programs.write(1, 1);
  programs.write(2, 1, false, long_size);
  EXPECT_EQ(ring.consume(), 2U);
  EXPECT_EQ(seen, numbers(1, 2));
  ASSERT_EQ(rests.size(), 2U);
  EXPECT_TRUE(rests[0].empty());
  ASSERT_EQ(rests[1].size(), 24U);
  for (std::size_t i = 0; i < rests[1].size(); ++i) EXPECT_EQ(rests[1][i], std::byte(i));
  programs.write(3, 1, false, test::odd_size);
  std::error_code ec;
  EXPECT_EQ(ring.consume(ec), 0U);
  EXPECT_EQ(ec, Errc::wrong_record_size) << "smaller than an Event";
  EXPECT_EQ(ring.consume(), 0U);
}

// --- adding and removing maps ---

TEST(RingBuffer, TakesAndLosesMapsBetweenCalls) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers first;
  Numbers second;
  ring.for_each<Event>(programs.first(), into(first));
  programs.write(1, 1);
  EXPECT_EQ(ring.poll(10s), 1U);
  ring.for_each<Event>(programs.second(), into(second));
  programs.write(10, 1, true);
  EXPECT_EQ(ring.poll(10s), 1U);
  EXPECT_TRUE(ring.remove(programs.first()));
  EXPECT_FALSE(ring.remove(programs.first()));
  programs.write(2, 1);
  programs.write(11, 1, true);
  EXPECT_EQ(ring.poll(10s), 1U);
  EXPECT_FALSE(test::is_readable(ring.epoll_fd()));
  ring.for_each<Event>(programs.first(), into(first));
  EXPECT_EQ(ring.consume(), 1U) << "what was not read has stayed in the map";
  EXPECT_EQ(first, numbers(1, 2));
  EXPECT_EQ(second, numbers(10, 2));
  EXPECT_TRUE(ring.remove(programs.first()));
  EXPECT_TRUE(ring.remove(programs.second()));
  EXPECT_FALSE(ring);
  (void)test::told(Errc::no_map, [&](auto&... ec) { ring.poll(10s, ec...); });
  EXPECT_FALSE(RingBuffer{}.remove(programs.first()));
}

TEST(RingBuffer, RefusesToBeChangedByItsCallback) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  std::error_code ec;
  ring.for_each(programs.first(), [&](BytesView) { ring.remove(programs.first(), ec); });
  programs.write(1, 1);
  EXPECT_EQ(ring.consume(), 1U);
  EXPECT_EQ(ec, std::errc::resource_deadlock_would_occur);
}

TEST(RingBuffer, KnowsWhatWaits) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  EXPECT_EQ(ring.bytes_waiting(), 0U);
  EXPECT_EQ(ring.buffer_size(), 0U);
  ring.for_each(programs.first(), [](BytesView) {});
  ring.for_each(programs.second(), [](BytesView) {});
  EXPECT_EQ(ring.buffer_size(), 2U * 4096);
  programs.write(1, 2);
  programs.write(1, 1, true);
  EXPECT_EQ(ring.bytes_waiting(), 3 * (8 + sizeof(Event)));
  ring.consume(1);
  EXPECT_EQ(ring.bytes_waiting(), 2 * (8 + sizeof(Event)));
  ring.consume();
  EXPECT_EQ(ring.bytes_waiting(), 0U);
}

TEST(RingBuffer, StaysAsItIsWhenItIsMovedToItself) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  RingBuffer& same = ring;
  ring = std::move(same);
  programs.write(1, 1);
  EXPECT_EQ(ring.poll(10s), 1U);
}

// --- waiting ---

TEST(RingBufferPoll, FindsRecordsThatCameWithoutAWakeUp) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
  programs.write_with(BPF_RB_NO_WAKEUP, 1);
  EXPECT_EQ(ring.poll(10s), 1U) << "before it waits";
  std::thread writer{[&] {
    std::this_thread::sleep_for(20ms);
    programs.write_with(BPF_RB_NO_WAKEUP, 2);
  }};
  std::size_t records = 0;
  EXPECT_GE(time_of([&] { records = ring.poll(100ms); }), 15ms);
  EXPECT_EQ(records, 1U) << "at the end of the time";
  writer.join();
}

TEST(RingBufferPoll, SleepsWhileARecordIsHeld) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "one CPU only";
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  std::atomic<bool> over = false;
  std::thread holder{[&] {
    for (std::uint64_t i = 1; i <= 5; ++i) programs.hold(i);
    over = true;
  }};
  while (ring.bytes_waiting() == 0) std::this_thread::yield();
  const auto cpu_time = [] {
    ::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
  };
  const auto before = cpu_time();
  const auto waited = time_of([&] {
    while (seen.size() < 5) ring.poll(10s);
  });
  EXPECT_LT(cpu_time() - before, std::chrono::nanoseconds{waited} / 2 + 1ms);
  holder.join();
  EXPECT_EQ(seen, numbers(1, 5));
}

TEST(RingBufferWake, EndsAPollOnce) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.wake();  // without a map: nothing happens
  ring.for_each(programs.first(), [](BytesView) {});
  ring.wake();
  ring.wake();
  EXPECT_LT(time_of([&] { EXPECT_EQ(ring.poll(10s), 0U); }), 5s) << "called before it waits";
  EXPECT_GE(time_of([&] { EXPECT_EQ(ring.poll(30ms), 0U); }), 29ms);
  std::thread other{[&] {
    std::this_thread::sleep_for(20ms);
    ring.wake();
  }};
  EXPECT_LT(time_of([&] { EXPECT_EQ(ring.poll(10s), 0U); }), 5s);
  other.join();
  EXPECT_FALSE(ring.closed());
}

TEST(RingBufferWake, IsSeenByAnEventLoopUntilItConsumes) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
  ring.wake();
  EXPECT_TRUE(test::is_readable(ring.epoll_fd(), 10s));
  EXPECT_EQ(ring.consume(), 0U);
  EXPECT_FALSE(test::is_readable(ring.epoll_fd()));
}

TEST(RingBufferClose, EndsEveryPollAndStillHandsOutRecords) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  EXPECT_FALSE(ring.closed());
  ring.for_each(programs.first(), [](BytesView) {});
  std::thread other{[&] {
    std::this_thread::sleep_for(20ms);
    ring.close();
  }};
  EXPECT_LT(time_of([&] { EXPECT_EQ(ring.poll(-1ms), 0U); }), 5s);
  other.join();
  EXPECT_TRUE(ring.closed());
  EXPECT_LT(time_of([&] { EXPECT_EQ(ring.poll(10s), 0U); }), 5s) << "from now on";
  programs.write(1, 2);
  EXPECT_EQ(ring.poll(10s), 2U);
}

RingBuffer* closed_by_signal = nullptr;

TEST(RingBufferClose, IsSafeInASignalHandler) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [&](BytesView) { ::raise(SIGUSR1); });
  closed_by_signal = &ring;
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) { closed_by_signal->close(); };
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  programs.write(1, 1);
  std::size_t records = 0;
  while (!ring.closed()) records += ring.poll(-1ms);
  EXPECT_EQ(records, 1U);
  ::sigaction(SIGUSR1, &before, nullptr);
}

// --- event loops ---

// Reads 2000 records that another thread writes one by one; false: it slept although records were
// there.
bool reads_all(std::uint32_t events) {
  constexpr std::size_t wanted = 2000;
  const RingPrograms programs;
  RingBuffer ring;
  std::size_t seen = 0;
  ring.for_each(programs.first(), [&](BytesView) { ++seen; });
  const sys::UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  ::epoll_event event{};
  event.events = events;
  EXPECT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, ring.epoll_fd(), &event), 0);
  std::atomic<bool> over = false;
  std::thread writer{[&] {
    while (!over) programs.write(1, 1);
  }};
  bool hangs = false;
  while (seen < wanted && !hangs) {
    if (::epoll_wait(epoll.get(), &event, 1, 2000) == 0)
      hangs = true;
    else
      while (ring.consume() != 0) {
      }
  }
  over = true;
  writer.join();
  return !hangs;
}

TEST(RingBufferEpollFd, LosesNoWakeUpOfAnEdgeTriggeredLoop) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  for (int round = 0; round < 40; ++round) ASSERT_TRUE(reads_all(EPOLLIN | EPOLLET)) << round;
}

TEST(RingBufferEpollFd, LosesNoWakeUpOfALevelTriggeredLoop) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  for (int round = 0; round < 40; ++round) ASSERT_TRUE(reads_all(EPOLLIN)) << round;
}

TEST(RingBufferPoll, LosesNoWakeUp) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  std::size_t seen = 0;
  ring.for_each(programs.first(), [&](BytesView) { ++seen; });
  std::atomic<std::size_t> written = 0;
  constexpr std::size_t all = 20'000;
  std::thread writer{[&] {
    while (written < all)
      if (programs.write(1, 1) == 0) ++written;
  }};
  while (seen < all) ASSERT_NE(ring.poll(5s), 0U);
  writer.join();
  EXPECT_EQ(seen, all);
}

TEST(RingBufferWake, EndsAPollThatHandsOutRecordsToo) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
  programs.write(1, 1);
  ring.wake();
  EXPECT_EQ(ring.poll(10s), 1U);
  EXPECT_GE(time_of([&] { EXPECT_EQ(ring.poll(30ms), 0U); }), 30ms) << "it ended one poll";
}

TEST(RingBufferPoll, TakesEveryDuration) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
  const auto ends_by_wake = [&ring](auto timeout) {
    std::thread waker{[&ring] {
      std::this_thread::sleep_for(30ms);
      ring.wake();
    }};
    EXPECT_GE(time_of([&] { EXPECT_EQ(ring.poll(timeout), 0U); }), 20ms);
    waker.join();
  };
  ends_by_wake(std::chrono::hours::max());
  ends_by_wake(std::chrono::milliseconds::max());
  ends_by_wake(std::chrono::nanoseconds::max());
  ends_by_wake(std::chrono::hours::min());
  ends_by_wake(-1ns);
  EXPECT_LT(time_of([&] { EXPECT_EQ(ring.poll(1ns), 0U); }), 1s);
  EXPECT_LT(time_of([&] { EXPECT_EQ(ring.poll(0ns), 0U); }), 1s);
}

// --- callbacks that cannot be made ---

/// Throws when it is copied.
struct Reluctant {
  Reluctant() = default;
  Reluctant(const Reluctant&) { throw std::runtime_error{"no copy"}; }
  Reluctant& operator=(const Reluctant&) = default;
  void operator()(BytesView) const {}
};

TEST(RingBufferCallback, LetsTheExceptionOfItsCopyThrough) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  const Reluctant callback;
  std::error_code ec;
  EXPECT_THROW(ring.for_each(programs.first(), callback), std::runtime_error);
  EXPECT_THROW(ring.for_each(programs.first(), callback, ec), std::runtime_error);
  EXPECT_FALSE(ring);
  static_assert(!noexcept(ring.for_each(Map{}, callback, ec)));
  static_assert(noexcept(ring.for_each(Map{}, [](BytesView) {}, ec)));
}

// --- after fork(2) ---

TEST(RingBufferAfterFork, IsTheParents) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  std::optional<RingBuffer> ring{std::in_place};
  Numbers seen;
  ring->for_each<Event>(programs.first(), into(seen));
  programs.write(1, 1);
  const auto use_and_destroy = [&] {
    EXPECT_TRUE(test::contains(
        test::told(ESTALE, [&](auto&... ec) { EXPECT_EQ(ring->poll(10s, ec...), 0U); }),
        "it was opened before fork(2)"));
    (void)test::told(ESTALE, [&](auto&... ec) { EXPECT_EQ(ring->poll(10s, 0, ec...), 0U); });
    (void)test::told(ESTALE, [&](auto&... ec) { EXPECT_EQ(ring->consume(ec...), 0U); });
    (void)test::told(ESTALE,
                     [&](auto&... ec) { EXPECT_FALSE(ring->remove(programs.first(), ec...)); });
    (void)test::told(
        ESTALE, [&](auto&... ec) { ring->for_each(programs.second(), [](BytesView) {}, ec...); });
    ring->wake();
    ring->close();
    EXPECT_FALSE(ring->closed());
    ring.reset();
  };
  test::in_child(use_and_destroy);
  test::in_cloned_child(use_and_destroy);
  EXPECT_EQ(ring->poll(10s), 1U);
  EXPECT_GE(time_of([&] { EXPECT_EQ(ring->poll(30ms), 0U); }), 30ms) << "the child wakes nobody";
  programs.write(2, 1);
  EXPECT_EQ(ring->poll(10s), 1U) << "the kernel still wakes the parent";
  EXPECT_EQ(seen, numbers(1, 2));
}

}  // namespace
}  // namespace bpfmap
