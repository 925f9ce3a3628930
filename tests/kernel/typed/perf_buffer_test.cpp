// SPDX-License-Identifier: MIT
// PerfBuffer over records that a BPF program writes.
#include "bpfmap/typed/perf_buffer.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "bytes.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "rings.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::Event;
using test::into;
using test::numbers;
using test::Numbers;
using test::odd_size;
using test::RingPrograms;

static_assert(std::is_nothrow_move_constructible_v<PerfBuffer>);
static_assert(!std::is_copy_constructible_v<PerfBuffer>);

TEST(PerfBuffer, HandsOutEveryFieldOfEveryRecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::vector<Event> seen;
  perf.for_each<Event>([&](std::uint32_t cpu, const Event& event) {
    EXPECT_EQ(cpu, event.cpu);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&event) % alignof(Event), 0U);
    seen.push_back(event);
  });
  EXPECT_EQ(programs.write_perf(0x0102030405060708, 3), 0U);
  EXPECT_EQ(perf.poll(10s), 3U);
  ASSERT_EQ(seen.size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[i].number, 0x0102030405060708 + i);
    EXPECT_EQ(seen[i].cpu, 0U);
    EXPECT_EQ(seen[i].tag, 0x5a);
  }
  EXPECT_EQ(perf.poll(0ms), 0U);
  EXPECT_EQ(perf.consume(), 0U);
}

TEST(PerfBuffer, ReadsTheBuffersOfAllCpus) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "one CPU only";
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::array<Numbers, 2> seen;
  perf.for_each<Event>(
      [&](std::uint32_t cpu, const Event& event) { seen.at(cpu).push_back(event.number); });
  programs.write_perf(1, 2, 0);
  programs.write_perf(10, 3, 1);
  EXPECT_EQ(perf.poll(10s), 5U);
  EXPECT_EQ(seen[0], numbers(1, 2));
  EXPECT_EQ(seen[1], numbers(10, 3));
}

// What the kernel makes of n bytes: round_up(n + 4, 8) - 4.
TEST(PerfBuffer, ShowsBytesWithTheKernelsPadding) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::vector<Bytes> seen;
  perf.for_each([&](BytesView record) { seen.push_back(test::copy_of(record)); });
  programs.write_perf(1, 1);
  programs.write_perf(2, 1, 0, odd_size);
  EXPECT_EQ(perf.consume(), 2U);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].size(), 20U);
  EXPECT_EQ(seen[1].size(), 12U);
  EXPECT_EQ(Bytes(seen[1].begin(), seen[1].begin() + 5), test::bytes({2, 0, 0, 0, 0}));
}

TEST(PerfBuffer, HandsOutRecordsAcrossTheEndOfItsMemory) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(programs.write_perf(i * 100, 99), 0U);
    EXPECT_EQ(programs.write_perf(i * 100 + 99, 1), 0U);
    EXPECT_EQ(perf.consume(), 100U);
  }
  EXPECT_EQ(seen, numbers(0, 2000));
  EXPECT_EQ(perf.lost(), 0U);
}

TEST(PerfBuffer, IsMovedWithItsCallbacksAndLeavesNothingOpen) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  const std::size_t before = test::open_descriptors();
  {
    PerfBuffer first{programs.perf(), 1};
    Numbers seen;
    first.for_each<Event>(into(seen));
    programs.write_perf(1, 1);
    PerfBuffer second{std::move(first)};
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(second.consume(), 1U);
    first = std::move(second);
    programs.write_perf(2, 1);
    EXPECT_EQ(first.consume(), 1U);
    EXPECT_EQ(seen, numbers(1, 2));
    EXPECT_EQ(first.map().info().id, programs.perf().info().id);
  }
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(programs.write_perf(3, 1), 1U) << "the slot is empty again";
}

TEST(PerfBuffer, KeepsRecordsUntilThereIsACallbackForThem) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  programs.write_perf(1, 2);
  const std::string text = test::told(Errc::no_map, [&](auto&... ec) { perf.consume(ec...); });
  EXPECT_TRUE(test::contains(text, "for_each() was not called"));
  Numbers seen;
  perf.for_each<Event>(into(seen));
  EXPECT_EQ(perf.consume(), 2U);
}

// --- records that were lost ---

TEST(FullPerfBuffer, CountsTheRecordsThatAreLost) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  std::uint64_t told = 0;
  perf.for_each<Event>(into(seen));
  perf.on_lost([&](std::uint32_t cpu, std::uint64_t count) {
    EXPECT_EQ(cpu, 0U);
    told += count;
  });
  const std::uint32_t dropped = programs.write_perf(1, 300);
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(perf.consume(), 300 - dropped);
  EXPECT_EQ(seen, numbers(1, 300 - dropped));
  EXPECT_EQ(programs.write_perf(1000, 1), 0U);
  EXPECT_EQ(perf.consume(), 1U) << "what was lost is no record";
  EXPECT_EQ(perf.lost(), dropped);
  EXPECT_EQ(told, dropped);
}

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(FullPerfBuffer, LosesNothingMoreWhenTheLostCallbackThrows) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  perf.on_lost([](std::uint32_t, std::uint64_t) { throw Broken{"lost"}; });
  const std::uint32_t dropped = programs.write_perf(1, 300);
  perf.consume();
  programs.write_perf(1000, 2);
  EXPECT_THROW(perf.poll(10s), Broken);
  EXPECT_EQ(perf.lost(), dropped);
  EXPECT_EQ(perf.poll(10s), 2U);
  EXPECT_EQ(seen.back(), 1001U);
  EXPECT_EQ(seen.size(), 300 - dropped + 2);
}

// --- what a callback throws ---

TEST(PerfBufferCallback, ThatThrowsNeitherLosesNorRepeatsARecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const bool two_cpus = ::sysconf(_SC_NPROCESSORS_ONLN) > 1;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>([&](const Event& event) {
    seen.push_back(event.number);
    if (event.number == 3) throw Broken{"at 3"};
  });
  std::error_code ec;
  for (const bool quiet : {false, true}) {
    for (const bool polls : {false, true}) {
      SCOPED_TRACE(std::to_string(quiet) + std::to_string(polls));
      seen.clear();
      programs.write_perf(1, 5);
      if (two_cpus) programs.write_perf(6, 2, 1);
      if (quiet)
        EXPECT_THROW(polls ? perf.poll(10s, ec) : perf.consume(ec), Broken);
      else
        EXPECT_THROW(polls ? perf.poll(10s) : perf.consume(), Broken);
      // The other CPU's come before or after, as its turn is.
      const std::size_t others = seen.size() - 3;
      EXPECT_EQ(others % 2, 0U);
      EXPECT_EQ(perf.poll(10s), (two_cpus ? 4U : 2U) - others) << "those behind it";
      std::sort(seen.begin(), seen.end());
      EXPECT_EQ(seen, numbers(1, two_cpus ? 7 : 5));
      EXPECT_EQ(perf.consume(), 0U);
    }
  }
}

TEST(PerfBufferCallback, MayNotUseTheBufferThatCallsIt) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::vector<std::error_code> codes(3);
  perf.for_each<Event>([&](const Event&) {
    perf.consume(codes[0]);
    perf.for_each([](BytesView) {}, codes[1]);
    perf.on_lost([](std::uint32_t, std::uint64_t) {}, codes[2]);
  });
  programs.write_perf(1, 2);
  EXPECT_EQ(perf.consume(), 2U);
  for (const auto& code : codes) EXPECT_EQ(code, std::errc::resource_deadlock_would_occur);
}

TEST(PerfBufferRecord, OfAnotherSizeIsAnErrorThatNamesBoth) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  programs.write_perf(1, 1);
  programs.write_perf(2, 1, 0, odd_size);
  programs.write_perf(3, 1);
  std::error_code ec;
  EXPECT_EQ(perf.consume(ec), 1U) << "the record in front of it";
  EXPECT_EQ(ec, Errc::wrong_record_size);
  const std::string explained = explain(ec);
  EXPECT_EQ(perf.poll(10s), 1U);
  EXPECT_EQ(seen, (Numbers{1, 3}));
  programs.write_perf(2, 1, 0, odd_size);
  const Error error = error_of([&] { perf.consume(); });
  EXPECT_EQ(error.operation(), Operation::consume);
  EXPECT_EQ(error.what(), explained);
  EXPECT_TRUE(test::contains(error.what(), "consume on map 'perf' (id "));
  EXPECT_TRUE(test::contains(error.what(),
                             "a record has 12 bytes, padding included, and the event type has 16"));
}

// --- waiting ---

TEST(PerfBufferPoll, WaitsForARecordAndNoLonger) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(perf.poll(50ms), 0U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 49ms);
  std::thread writer{[&] { programs.write_perf(7, 1); }};
  EXPECT_EQ(perf.poll(30s), 1U);
  writer.join();
  EXPECT_EQ(seen, Numbers{7});
}

// The kernel's notice of a record that was read without waiting is still there.
TEST(PerfBufferPoll, IsNotWokenByRecordsThatAreRead) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  perf.for_each([](BytesView) {});
  programs.write_perf(1, 1);
  EXPECT_EQ(perf.consume(), 1U);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(perf.poll(50ms), 0U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 49ms);
}

// Watching the descriptor takes the kernel's notice away.
TEST(PerfBufferPoll, ReadsWhatAnEventLoopWasToldOf) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  perf.for_each([](BytesView) {});
  EXPECT_FALSE(test::is_readable(perf.epoll_fd()));
  programs.write_perf(1, 1);
  EXPECT_TRUE(test::is_readable(perf.epoll_fd(), 10s));
  EXPECT_EQ(perf.poll(10s), 1U);
  EXPECT_FALSE(test::is_readable(perf.epoll_fd()));
}

TEST(PerfBufferPoll, GivesNothingOnASignal) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  perf.for_each([](BytesView) {});
  std::atomic<bool> over = false;
  const pthread_t waiting = ::pthread_self();
  // Again and again: the first may come before the wait.
  std::thread signaller{[&] {
    while (!over) {
      ::pthread_kill(waiting, SIGUSR1);
      std::this_thread::sleep_for(1ms);
    }
  }};
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(perf.poll(-1ms, ec), 0U);
  EXPECT_EQ(ec, std::error_code{});
  over = true;
  signaller.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

// --- what is refused ---

TEST(PerfBuffer, RefusesWhatTheKernelWouldRefuse) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  for (const std::size_t pages : {0U, 3U, 7U}) {
    const std::string text = test::told(
        EINVAL, [&](auto&... ec) { const PerfBuffer perf{programs.perf(), pages, ec...}; });
    EXPECT_TRUE(test::contains(text, "which is not a power of two"));
  }
  const Map flows = test::flows();
  const std::string text = test::told(Errc::wrong_map_type, [&](auto&... ec) {
    const PerfBuffer perf{flows.duplicate(), 1, ec...};
  });
  EXPECT_TRUE(test::contains(text, "(this class is for perf_event_array maps)"));
}

TEST(PerfBuffer, SaysWhichCapabilityIsMissing) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  test::in_child([&] {
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
    std::error_code ec;
    const PerfBuffer quiet{programs.perf(), 1, ec};
    if (!ec) return;  // kernel.perf_event_paranoid is -1
    EXPECT_EQ(ec.value(), EACCES);
    const Error error = error_of([&] { const PerfBuffer loud{programs.perf(), 1}; });
    EXPECT_TRUE(test::contains(error.what(), "opening the CPUs' perf events needs CAP_PERFMON"));
  });
}

TEST(PerfBuffer, ThatIsEmptyHasNothingToRead) {
  PerfBuffer perf;
  EXPECT_FALSE(perf);
  EXPECT_EQ(perf.epoll_fd(), -1);
  EXPECT_EQ(perf.lost(), 0U);
  (void)test::told(Errc::no_map, [&](auto&... ec) { perf.poll(-1ms, ec...); });
  (void)test::told(Errc::no_map, [&](auto&... ec) { perf.consume(ec...); });
  (void)test::told(Errc::no_map, [&](auto&... ec) { perf.for_each([](BytesView) {}, ec...); });
}

}  // namespace
}  // namespace bpfmap
