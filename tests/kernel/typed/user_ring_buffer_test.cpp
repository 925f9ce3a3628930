// SPDX-License-Identifier: MIT
// UserRingBuffer, and a BPF program that drains it.
#include "bpfmap/typed/user_ring_buffer.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "child_process.hpp"
#include "kernel_test.hpp"
#include "rings.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Event;
using test::Numbers;
using test::RingPrograms;
using Sample = UserRingBuffer::Sample<Event>;

static_assert(std::is_nothrow_move_constructible_v<UserRingBuffer>);
static_assert(!std::is_copy_constructible_v<UserRingBuffer>);
static_assert(std::is_nothrow_move_constructible_v<Sample>);
static_assert(std::is_nothrow_move_assignable_v<Sample>);
static_assert(!std::is_copy_constructible_v<Sample>);

void submit(UserRingBuffer& ring, std::uint64_t number) {
  auto sample = ring.reserve<Event>();
  ASSERT_TRUE(sample);
  (*sample)->number = number;
  sample->submit();
}

/// Reserves and submits until there is no room; how many fitted.
std::size_t fill(UserRingBuffer& ring) {
  std::size_t count = 0;
  while (auto sample = ring.reserve<Event>()) {
    (*sample)->number = ++count;
    sample->submit();
  }
  return count;
}

TEST(UserRingBuffer, BringsSubmittedSamplesToTheProgram) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  EXPECT_EQ(ring.map().info().id, programs.samples().info().id);
  for (std::uint64_t number = 1; number <= 3; ++number) submit(ring, number);
  EXPECT_EQ(programs.drain(), (Numbers{1, 2, 3}));
  EXPECT_EQ(programs.drain(), Numbers{});
}

TEST(UserRingBuffer, BringsBytesToTheProgram) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  auto sample = ring.reserve(sizeof(Event));
  ASSERT_TRUE(sample);
  ASSERT_EQ(sample->bytes().size(), sizeof(Event));
  const Event event{.number = 77, .cpu = 0, .tag = 0, .pad = {}};
  std::memcpy(sample->bytes().data(), &event, sizeof event);
  sample->submit();
  EXPECT_FALSE(*sample);
  EXPECT_EQ(programs.drain(), Numbers{77});
}

TEST(UserRingBufferSample, IsValueInitialised) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  // Once around the buffer, so that what is reserved has been written to.
  for (int round = 0; round < 2; ++round) {
    const std::size_t count = fill(ring);
    ASSERT_GT(count, 1U);
    for (std::size_t left = count; left != 0;) {
      const std::size_t drained = programs.drain_count();
      ASSERT_NE(drained, 0U);
      left -= drained;
    }
  }
  auto sample = ring.reserve<Event>();
  ASSERT_TRUE(sample);
  EXPECT_EQ((**sample).number, 0U);
}

TEST(UserRingBufferSample, IsDiscardedUnlessItIsSubmitted) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  submit(ring, 1);
  {
    auto sample = ring.reserve<Event>();
    ASSERT_TRUE(sample);
    (*sample)->number = 2;
  }
  {
    auto sample = ring.reserve<Event>();
    ASSERT_TRUE(sample);
    (*sample)->number = 3;
    sample->discard();
    EXPECT_FALSE(*sample);
    sample->submit();  // too late: nothing happens
  }
  submit(ring, 4);
  EXPECT_EQ(programs.drain(), (Numbers{1, 4}));
}

TEST(UserRingBufferSample, HoldsUpThoseBehindIt) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  auto first = ring.reserve<Event>();
  ASSERT_TRUE(first);
  (*first)->number = 1;
  submit(ring, 2);
  EXPECT_EQ(programs.drain(), Numbers{});
  first->submit();
  EXPECT_EQ(programs.drain(), (Numbers{1, 2}));
}

TEST(UserRingBufferSample, IsMovedAndSubmittedOnce) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  auto first = ring.reserve<Event>();
  auto second = ring.reserve<Event>();
  ASSERT_TRUE(first && second);
  (*first)->number = 1;
  (*second)->number = 2;
  Sample moved{*std::move(first)};
  EXPECT_FALSE(*first);
  EXPECT_EQ(moved->number, 1U);
  moved = *std::move(second);  // discards what it held
  EXPECT_EQ(moved->number, 2U);
  const UserRingBuffer kept{std::move(ring)};
  EXPECT_FALSE(ring);  // NOLINT(bugprone-use-after-move)
  moved.submit();
  moved.submit();
  EXPECT_EQ(programs.drain(), Numbers{2});
}

// --- full ---

TEST(FullUserRingBuffer, HasNoRoomUntilTheProgramDrains) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  const std::size_t count = fill(ring);
  EXPECT_EQ(count, 4096 / (8 + sizeof(Event)));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(ring.reserve<Event>(ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_FALSE(ring.reserve(sizeof(Event), ec));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(ring.reserve<Event>(20ms));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 19ms);
  EXPECT_EQ(programs.drain_count(), count);
  EXPECT_TRUE(ring.reserve<Event>());
}

TEST(FullUserRingBuffer, IsWaitedForUntilTheProgramDrains) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  const std::size_t count = fill(ring);
  std::thread drainer{[&] { EXPECT_EQ(programs.drain_count(), count); }};
  EXPECT_TRUE(ring.reserve<Event>(30s));
  drainer.join();
}

// --- waiting ---

TEST(FullUserRingBuffer, IsWaitedForAgainAndAgain) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  for (int round = 0; round < 50; ++round) {
    const std::size_t count = fill(ring);
    ASSERT_NE(count, 0U);
    std::thread drainer{[&] { EXPECT_EQ(programs.drain_count(), count); }};
    auto sample = ring.reserve<Event>(10s);
    EXPECT_TRUE(sample);
    drainer.join();
    sample->submit();
    EXPECT_EQ(programs.drain_count(), 1U);
  }
}

TEST(FullUserRingBuffer, SeesAQuietDrainAtTheEndOfTheTime) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  const std::size_t count = fill(ring);
  EXPECT_EQ(programs.drain_count(BPF_RB_NO_WAKEUP), count);
  EXPECT_TRUE(ring.reserve<Event>(10s)) << "looks before it waits";
  programs.drain_count();
  const std::size_t again = fill(ring);
  EXPECT_NE(again, 0U);
  std::thread drainer{[&] {
    std::this_thread::sleep_for(20ms);
    programs.drain_count(BPF_RB_NO_WAKEUP);
  }};
  EXPECT_TRUE(ring.reserve<Event>(100ms));
  drainer.join();
}

TEST(UserRingBufferDrained, IsWaitedFor) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  EXPECT_TRUE(ring.wait_until_drained(-1ms)) << "empty";
  EXPECT_EQ(ring.buffer_size(), 4096U);
  for (int round = 0; round < 20; ++round) {
    submit(ring, 1);
    submit(ring, 2);
    EXPECT_EQ(ring.bytes_waiting(), 2 * (8 + sizeof(Event)));
    EXPECT_FALSE(ring.wait_until_drained(1ms));
    std::thread drainer{[&] { EXPECT_EQ(programs.drain_count(), 2U); }};
    EXPECT_TRUE(ring.wait_until_drained(10s));
    drainer.join();
    EXPECT_EQ(ring.bytes_waiting(), 0U);
  }
}

TEST(UserRingBufferDrained, MakesTheDescriptorReadableOnce) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  EXPECT_EQ(UserRingBuffer{}.epoll_fd(), -1);
  const std::size_t count = fill(ring);
  EXPECT_FALSE(ring.reserve<Event>(1ms));
  EXPECT_FALSE(test::is_readable(ring.epoll_fd()));
  EXPECT_EQ(programs.drain_count(), count);
  EXPECT_TRUE(test::is_readable(ring.epoll_fd(), 10s));
}

TEST(UserRingBufferWake, EndsWhatWaits) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  fill(ring);
  ring.wake();
  EXPECT_FALSE(ring.reserve<Event>(-1ms));
  std::thread other{[&] {
    std::this_thread::sleep_for(20ms);
    ring.wake();
    std::this_thread::sleep_for(20ms);
    ring.close();
  }};
  EXPECT_FALSE(ring.reserve<Event>(-1ms));
  EXPECT_FALSE(ring.wait_until_drained(-1ms));
  other.join();
  EXPECT_TRUE(ring.closed());
  EXPECT_FALSE(ring.reserve<Event>(-1ms));
}

TEST(UserRingBufferAfterFork, KeepsTheParentsSamples) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  std::optional<UserRingBuffer> ring{programs.samples()};
  std::optional<Sample> sample{ring->reserve<Event>()};
  ASSERT_TRUE(sample);
  (*sample)->number = 5;
  const auto use_and_destroy = [&](bool submits) {
    (void)test::told(ESTALE,
                     [&](auto&... ec) { EXPECT_FALSE(ring->wait_until_drained(10s, ec...)); });
    (void)test::told(ESTALE, [&](auto&... ec) { EXPECT_FALSE(ring->reserve<Event>(ec...)); });
    (void)test::told(ESTALE, [&](auto&... ec) { EXPECT_FALSE(ring->reserve(1, 10s, ec...)); });
    if (submits) sample->submit();
    ring->close();
    sample.reset();
    ring.reset();
  };
  test::in_child([&] { use_and_destroy(false); });
  test::in_child([&] { use_and_destroy(true); });
  test::in_cloned_child([&] { use_and_destroy(true); });
  EXPECT_FALSE(ring->closed());
  EXPECT_EQ(programs.drain_count(), 0U) << "the sample is still reserved";
  sample->submit();
  EXPECT_EQ(programs.drain(), Numbers{5});
}

TEST(UserRingBuffer, StaysAsItIsWhenItIsMovedToItself) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  UserRingBuffer& same = ring;
  ring = std::move(same);
  submit(ring, 1);
  auto sample = ring.reserve<Event>();
  ASSERT_TRUE(sample);
  Sample& same_sample = *sample;
  *sample = std::move(same_sample);
  (*sample)->number = 2;
  sample->submit();
  EXPECT_EQ(programs.drain(), (Numbers{1, 2}));
}

// --- what is refused ---

TEST(UserRingBuffer, RefusesASampleThatNeverFits) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  UserRingBuffer ring{programs.samples()};
  EXPECT_TRUE(ring.reserve(4096 - 8));
  for (const std::size_t size : {std::size_t{4096 - 7}, std::size_t{1} << 24U, ~std::size_t{0}}) {
    const std::string text =
        test::told(E2BIG, [&](auto&... ec) { (void)ring.reserve(size, ec...); });
    EXPECT_TRUE(test::contains(text, "reserve on map 'samples' (id "));
    EXPECT_TRUE(test::contains(text, "a sample of " + std::to_string(size) +
                                         " bytes never fits: the buffer has 4096 bytes"));
  }
}

TEST(UserRingBuffer, RefusesMapsOfOtherTypes) {
  const Map flows = test::flows();
  const std::string text = test::told(Errc::wrong_map_type, [&](auto&... ec) {
    const UserRingBuffer ring{flows.duplicate(), ec...};
    EXPECT_FALSE(ring);
  });
  EXPECT_TRUE(
      test::contains(text, "the map is of type hash (this class is for user_ringbuf maps)"));
  (void)test::told(Errc::no_map, [&](auto&... ec) { const UserRingBuffer ring{Map{}, ec...}; });
}

TEST(UserRingBuffer, RefusesADescriptorThatMayNotDoBoth) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  const std::uint32_t id = programs.samples().info().id;
  for (const Access access : {Access::read_only, Access::write_only}) {
    const std::string text = test::told(
        EACCES, [&](auto&... ec) { const UserRingBuffer ring{Map::from_id(id, access), ec...}; });
    EXPECT_TRUE(test::contains(text, "this descriptor is read-only or write-only"));
  }
}

TEST(UserRingBuffer, ThatIsEmptyReservesNothing) {
  UserRingBuffer ring;
  (void)test::told(Errc::no_map, [&](auto&... ec) { (void)ring.reserve<Event>(ec...); });
  (void)test::told(Errc::no_map, [&](auto&... ec) { (void)ring.reserve(8, 1ms, ec...); });
  (void)test::told(Errc::no_map, [&](auto&... ec) { ring.wait_until_drained(1ms, ec...); });
  ring.wake();
  ring.close();
  EXPECT_FALSE(ring.closed());
  EXPECT_EQ(ring.bytes_waiting(), 0U);
}

}  // namespace
}  // namespace bpfmap
