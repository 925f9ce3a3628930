// SPDX-License-Identifier: MIT
// RingBuffer over records that a BPF program writes.
#include "bpfmap/typed/ring_buffer.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static_assert(std::is_nothrow_move_constructible_v<RingBuffer>);
static_assert(std::is_nothrow_move_assignable_v<RingBuffer>);
static_assert(!std::is_copy_constructible_v<RingBuffer>);

TEST(RingBuffer, HandsOutEveryFieldOfEveryRecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  std::vector<Event> seen;
  ring.for_each<Event>(programs.first(), [&](const Event& event) { seen.push_back(event); });
  EXPECT_EQ(programs.write(0x0102030405060708, 3), 0U);
  EXPECT_EQ(ring.poll(10s), 3U);
  ASSERT_EQ(seen.size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[i].number, 0x0102030405060708 + i);
    EXPECT_EQ(seen[i].tag, 0x5a);
  }
  EXPECT_EQ(ring.poll(0ms), 0U);
  EXPECT_EQ(ring.consume(), 0U);
}

TEST(RingBuffer, ShowsTheRecordInTheBufferItself) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  std::vector<const Event*> seen;
  ring.for_each<Event>(programs.first(), [&](const Event& event) { seen.push_back(&event); });
  programs.write(1, 2);
  EXPECT_EQ(ring.consume(), 2U);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(reinterpret_cast<const char*>(seen[1]) - reinterpret_cast<const char*>(seen[0]),
            static_cast<std::ptrdiff_t>(8 + sizeof(Event)));
}

TEST(RingBuffer, CopiesRecordsForATypeOfLargerAlignment) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  struct alignas(16) Aligned {
    std::uint64_t number;
    std::uint64_t rest;
  };
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Aligned>(programs.first(), [&](const Aligned& event) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&event) % 16, 0U);
    seen.push_back(event.number);
  });
  programs.write(1, 4);
  EXPECT_EQ(ring.consume(), 4U);
  EXPECT_EQ(seen, numbers(1, 4));
}

TEST(RingBuffer, HandsOutBytesOfAnySize) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  std::vector<Bytes> seen;
  ring.for_each(programs.first(), [&](BytesView record) { seen.push_back(test::copy_of(record)); });
  programs.write(1, 1);
  programs.write(2, 1, false, odd_size);
  EXPECT_EQ(ring.consume(), 2U);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].size(), sizeof(Event));
  EXPECT_EQ(seen[1], test::bytes({2, 0, 0, 0, 0}));
}

TEST(RingBuffer, CallsEachMapsOwnCallback) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers first;
  Numbers second;
  ring.for_each<Event>(programs.first(), into(first));
  ring.for_each<Event>(programs.second(), into(second));
  programs.write(1, 2);
  programs.write(10, 3, true);
  EXPECT_EQ(ring.consume(), 5U);
  EXPECT_EQ(first, numbers(1, 2));
  EXPECT_EQ(second, numbers(10, 3));
  programs.write(20, 1, true);
  EXPECT_EQ(ring.poll(10s), 1U);
  EXPECT_EQ(second.back(), 20U);
  EXPECT_EQ(first.size(), 2U);
}

TEST(RingBuffer, KeepsTheMapThatItWasGiven) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const std::size_t before = test::open_descriptors();
  {
    const RingPrograms programs;
    Numbers seen;
    Map map = programs.first();
    {
      RingBuffer ring;
      ring.for_each<Event>(map.duplicate(), into(seen));
      map = Map{};
      programs.write(1, 2);
      EXPECT_EQ(ring.consume(), 2U);
    }
    EXPECT_EQ(seen, numbers(1, 2));
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(RingBuffer, IsMovedWithItsCallbacks) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer first;
  Numbers seen;
  first.for_each<Event>(programs.first(), into(seen));
  RingBuffer second{std::move(first)};
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.epoll_fd(), -1);
  programs.write(1, 1);
  EXPECT_EQ(second.consume(), 1U);
  first = std::move(second);
  programs.write(2, 1);
  EXPECT_EQ(first.consume(), 1U);
  EXPECT_EQ(seen, numbers(1, 2));
}

// --- what a callback throws ---

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws at one record, once it has kept it.
auto breaking_at(std::uint64_t number, Numbers& seen) {
  return [number, &seen](const Event& event) {
    seen.push_back(event.number);
    if (event.number == number) throw Broken{"at " + std::to_string(number)};
  };
}

template <class Call>
void expect_broken(Call call) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Broken& broken) {
    EXPECT_STREQ(broken.what(), "at 3");
  }
}

TEST(RingBufferCallback, ThatThrowsNeitherLosesNorRepeatsARecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), breaking_at(3, seen));
  std::error_code ec;
  for (const bool quiet : {false, true}) {
    for (const bool polls : {false, true}) {
      SCOPED_TRACE(std::to_string(quiet) + std::to_string(polls));
      seen.clear();
      programs.write(1, 5);
      expect_broken([&] {
        if (quiet)
          polls ? ring.poll(10s, ec) : ring.consume(ec);
        else
          polls ? ring.poll(10s) : ring.consume();
      });
      EXPECT_EQ(seen, numbers(1, 3));
      EXPECT_TRUE(test::is_readable(ring.epoll_fd(), 10s));
      EXPECT_EQ(ring.poll(10s), 2U) << "those behind it";
      EXPECT_EQ(seen, numbers(1, 5));
      EXPECT_EQ(ring.consume(), 0U);
    }
  }
}

TEST(RingBufferCallback, ThatThrowsLeavesOtherMapsForTheNextCall) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  Numbers others;
  ring.for_each<Event>(programs.first(), breaking_at(3, seen));
  ring.for_each<Event>(programs.second(), into(others));
  programs.write(1, 4);
  programs.write(10, 2, true);
  expect_broken([&] { ring.consume(); });
  EXPECT_EQ(ring.consume(), 3U);
  EXPECT_EQ(seen, numbers(1, 4));
  EXPECT_EQ(others, numbers(10, 2));
}

TEST(RingBufferCallback, MayNotUseTheBufferThatCallsIt) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  std::vector<std::error_code> codes;
  std::vector<Error> errors;
  ring.for_each<Event>(programs.first(), [&](const Event& event) {
    seen.push_back(event.number);
    std::error_code ec;
    EXPECT_EQ(ring.consume(ec), 0U);
    codes.push_back(ec);
    ring.for_each(programs.second(), [](BytesView) {}, ec);
    codes.push_back(ec);
    errors.push_back(error_of([&] { ring.poll(0ms); }));
  });
  programs.write(1, 2);
  EXPECT_EQ(ring.consume(), 2U);
  EXPECT_EQ(seen, numbers(1, 2));
  ASSERT_EQ(codes.size(), 4U);
  for (const auto& code : codes) EXPECT_EQ(code, std::errc::resource_deadlock_would_occur);
  ASSERT_FALSE(errors.empty());
  EXPECT_TRUE(test::contains(errors.front().what(), "poll on map 'first' (id "));
  EXPECT_TRUE(test::contains(errors.front().what(), "a callback used the buffer"));
}

// --- records of another size ---

TEST(RingBufferRecord, OfAnotherSizeIsAnErrorThatNamesBoth) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  const auto write = [&] {
    programs.write(1, 1);
    programs.write(2, 1, false, odd_size);
    programs.write(3, 1);
  };
  write();
  std::error_code ec;
  EXPECT_EQ(ring.consume(ec), 1U) << "the record in front of it";
  EXPECT_EQ(ec, Errc::wrong_record_size);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  EXPECT_EQ(seen, Numbers{1});
  const std::string explained = explain(ec);
  EXPECT_EQ(ring.poll(10s, ec), 1U) << "the record behind it";
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(seen, (Numbers{1, 3}));

  write();
  const Error error = error_of([&] { ring.consume(); });
  EXPECT_EQ(error.code(), Errc::wrong_record_size);
  EXPECT_EQ(error.operation(), Operation::consume);
  EXPECT_EQ(error.map_id(), programs.first().info().id);
  EXPECT_EQ(error.what(), explained);
  EXPECT_TRUE(test::contains(error.what(), "consume on map 'first' (id "));
  EXPECT_TRUE(test::contains(error.what(), "a record has 5 bytes, and the event type has 16; "));
  EXPECT_EQ(ring.consume(), 1U);
}

TEST(RingBufferRecord, OfAnotherSizeIsToldOfTheMapThatHadIt) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
  ring.for_each<std::uint32_t>(programs.second(), [](std::uint32_t) {});
  programs.write(1, 1, true);
  const Error error = error_of([&] { ring.poll(10s); });
  EXPECT_EQ(error.map_id(), programs.second().info().id);
  EXPECT_TRUE(test::contains(error.what(), "poll on map 'second' (id "));
  EXPECT_TRUE(test::contains(error.what(), "a record has 16 bytes, and the event type has 4; "));
}

// --- full, waiting, descriptors ---

TEST(FullRingBuffer, DropsTheNewestRecords) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  const std::uint32_t dropped = programs.write(1, 300);
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(ring.consume(), 300 - dropped);
  EXPECT_EQ(seen, numbers(1, 300 - dropped));
  EXPECT_EQ(programs.write(1000, 1), 0U) << "there is room again";
  EXPECT_EQ(ring.consume(), 1U);
}

TEST(RingBuffer, HandsOutRecordsAcrossTheEndOfItsMemory) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(programs.write(100 * i, 100), 0U);
    EXPECT_EQ(ring.consume(), 100U);
  }
  EXPECT_EQ(seen, numbers(0, 2000));
}

TEST(RingBufferPoll, GivesNothingWhenTheTimeIsOver) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
  EXPECT_EQ(ring.poll(0ms), 0U);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ring.poll(50ms), 0U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 49ms);
}

TEST(RingBufferPoll, WaitsForARecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  std::thread writer{[&] { programs.write(7, 1); }};
  EXPECT_EQ(ring.poll(std::chrono::hours{1'000'000}), 1U);
  writer.join();
  EXPECT_EQ(seen, Numbers{7});
}

TEST(RingBufferPoll, GivesNothingOnASignal) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const RingPrograms programs;
  RingBuffer ring;
  ring.for_each(programs.first(), [](BytesView) {});
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
  EXPECT_EQ(ring.poll(10s, ec), 0U);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(ring.poll(10s), 0U);
  over = true;
  signaller.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(RingBufferEpollFd, IsReadableWhileThereAreRecords) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  EXPECT_EQ(ring.epoll_fd(), -1);
  ring.for_each(programs.first(), [](BytesView) {});
  ring.for_each(programs.second(), [](BytesView) {});
  EXPECT_FALSE(test::is_readable(ring.epoll_fd()));
  programs.write(1, 1, true);
  EXPECT_TRUE(test::is_readable(ring.epoll_fd(), 10s));
  EXPECT_TRUE(test::is_readable(ring.epoll_fd(), 10s)) << "until they are read";
  EXPECT_EQ(ring.consume(), 1U);
  EXPECT_FALSE(test::is_readable(ring.epoll_fd()));
}

// --- what is refused ---

TEST(RingBuffer, WithoutAMapHasNothingToRead) {
  RingBuffer ring;
  EXPECT_FALSE(ring);
  const std::string poll = test::told(Errc::no_map, [&](auto&... ec) { ring.poll(10s, ec...); });
  EXPECT_TRUE(test::contains(poll, "poll on an empty Map: nothing is read yet: for_each()"));
  EXPECT_EQ(explain(Errc::no_map), poll);
  (void)test::told(Errc::no_map, [&](auto&... ec) { ring.consume(ec...); });
}

TEST(RingBuffer, RefusesMapsOfOtherTypes) {
  RingBuffer ring;
  const auto add = [&](Map map) {
    return test::told(Errc::wrong_map_type, [&](auto&... ec) {
      ring.for_each(map.duplicate(), [](BytesView) {}, ec...);
    });
  };
  EXPECT_TRUE(test::contains(add(test::flows()),
                             "the map is of type hash (this class is for ringbuf maps)"));
  const Map user = Map::create({.type = MapType::user_ringbuf, .max_entries = 4096});
  EXPECT_TRUE(test::contains(add(user.duplicate()), "the map is of type user_ringbuf"));
  (void)test::told(Errc::no_map,
                   [&](auto&... ec) { ring.for_each(Map{}, [](BytesView) {}, ec...); });
  EXPECT_FALSE(ring);
}

TEST(RingBuffer, RefusesAMapThatItHas) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingBuffer ring;
  Numbers seen;
  ring.for_each<Event>(programs.first(), into(seen));
  const std::string text = test::told(
      EEXIST, [&](auto&... ec) { ring.for_each(programs.first(), [](BytesView) {}, ec...); });
  EXPECT_TRUE(test::contains(text, "already has a callback in this RingBuffer"));
  programs.write(1, 1);
  EXPECT_EQ(ring.consume(), 1U) << "and works on";
  EXPECT_EQ(seen, Numbers{1});
}

// This kernel makes no such map: what it says of one is played.
TEST(RingBuffer, RefusesAMapThatOverwrites) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  const auto overwriting = [](int command, void* argument, unsigned size) noexcept -> long {
    auto* const attr = static_cast<bpf_attr*>(argument);
    const long result = ::syscall(SYS_bpf, command, attr, size);
    if (command == BPF_OBJ_GET_INFO_BY_FD && result == 0)
      reinterpret_cast<bpf_map_info*>(attr->info.info)->map_flags |= sys::f_rb_overwrite;
    return result < 0 ? -errno : result;
  };
  const Map map = [&] {
    const test::ReplacedBpf replaced{overwriting};
    return programs.first();
  }();
  EXPECT_EQ(map.info().flags, MapFlags::rb_overwrite);
  RingBuffer ring;
  const test::ReplacedBpf replaced{overwriting};
  const std::string text = test::told(
      EOPNOTSUPP, [&](auto&... ec) { ring.for_each(map.duplicate(), [](BytesView) {}, ec...); });
  EXPECT_TRUE(test::contains(text, "created with MapFlags::rb_overwrite"));
}

TEST(RingBuffer, RefusesADescriptorThatMayNotDoBoth) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  const std::uint32_t id = programs.first().info().id;
  for (const Access access : {Access::read_only, Access::write_only}) {
    RingBuffer ring;
    const std::string text = test::told(EACCES, [&](auto&... ec) {
      ring.for_each(Map::from_id(id, access), [](BytesView) {}, ec...);
    });
    EXPECT_TRUE(test::contains(text, "this descriptor is read-only or write-only"));
    EXPECT_FALSE(ring);
  }
}

}  // namespace
}  // namespace bpfmap
