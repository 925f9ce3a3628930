// SPDX-License-Identifier: MIT
// RingReader over records that a BPF program writes.
#include "bpfmap/typed/ring_reader.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <thread>
#include <tuple>
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
using test::Event;
using test::numbers;
using test::Numbers;
using test::RingPrograms;

static_assert(std::is_nothrow_move_constructible_v<RingReader>);
static_assert(std::is_nothrow_move_assignable_v<RingReader>);
static_assert(!std::is_copy_constructible_v<RingReader>);

constexpr std::size_t stride = 8 + sizeof(Event);

TEST(RingReaderNext, GivesRecordAfterRecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  EXPECT_EQ(ring.map().info().id, programs.first().info().id);
  EXPECT_FALSE(ring.next());
  programs.write(1, 3);
  Numbers seen;
  while (const Event* const event = ring.next<Event>()) seen.push_back(event->number);
  EXPECT_EQ(seen, numbers(1, 3));
  programs.write(4, 1, false, test::odd_size);
  const auto bytes = ring.next();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(test::copy_of(*bytes), test::bytes({4, 0, 0, 0, 0}));
}

TEST(RingReaderNext, ReleasesTheRecordBefore) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  programs.write(1, 3);
  const Event* const first = ring.next<Event>();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(ring.bytes_waiting(), 3 * stride) << "held";
  EXPECT_EQ(first->number, 1U);
  const Event* const second = ring.next<Event>();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(ring.bytes_waiting(), 2 * stride);
  ring.release();
  ring.release();
  EXPECT_EQ(ring.bytes_waiting(), 1 * stride);
  EXPECT_EQ(ring.next<Event>()->number, 3U);
  EXPECT_FALSE(ring.next());
  EXPECT_EQ(ring.bytes_waiting(), 0U);
  EXPECT_EQ(ring.buffer_size(), 4096U);
}

TEST(RingReaderNext, KeepsTheRecordWhileProgramsFillTheBuffer) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  programs.write(1, 1);
  const Event* const held = ring.next<Event>();
  ASSERT_NE(held, nullptr);
  EXPECT_NE(programs.write(100, 300), 0U) << "full";
  EXPECT_EQ(held->number, 1U);
  std::size_t count = 0;
  while (ring.next()) ++count;
  EXPECT_EQ(count, 4096 / stride - 1);
}

TEST(RingReaderNext, ReadsAcrossTheEndOfTheMemory) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  Numbers seen;
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(programs.write(100 * i, 100), 0U);
    while (const Event* const event = ring.next<Event>()) seen.push_back(event->number);
  }
  EXPECT_EQ(seen, numbers(0, 2000));
}

TEST(RingReaderNext, SkipsDiscardedRecords) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  programs.discard(5);
  EXPECT_FALSE(ring.next());
  EXPECT_EQ(ring.bytes_waiting(), 0U);
  programs.discard(5);
  programs.write(1, 1);
  EXPECT_EQ(ring.next<Event>()->number, 1U);
}

TEST(RingReaderNext, RefusesARecordOfAnotherSizeAndGoesOnBehindIt) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  for (int round = 0; round < 2; ++round) programs.write(1, 1, false, test::odd_size);
  programs.write(2, 1);
  const std::string text =
      test::told(Errc::wrong_record_size, [&](auto&... ec) { (void)ring.next<Event>(ec...); });
  EXPECT_TRUE(test::contains(text, "a record has 5 bytes, and the event type has 16"));
  EXPECT_EQ(ring.next<Event>()->number, 2U);
}

TEST(RingReaderNext, GivesAnEventAndTheRest) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  programs.write(1, 1, false, sizeof(::rings_long_event));
  programs.write(2, 1);
  auto [event, rest] = ring.next_with_rest<Event>();
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->number, 1U);
  ASSERT_EQ(rest.size(), 24U);
  EXPECT_EQ(rest[5], std::byte{5});
  std::tie(event, rest) = ring.next_with_rest<Event>();
  ASSERT_NE(event, nullptr);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(ring.next_with_rest<Event>().first, nullptr);
  for (int round = 0; round < 2; ++round) programs.write(3, 1, false, test::odd_size);
  (void)test::told(Errc::wrong_record_size,
                   [&](auto&... ec) { (void)ring.next_with_rest<Event>(ec...); });
}

// Each reader holds the next record of its ring.
TEST(RingReaderNext, MergesRingsInOrder) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader first{programs.first()};
  RingReader second{programs.second()};
  for (std::uint64_t number = 0; number < 60; ++number)
    programs.write(number, 1, number % 3 == 0 || number % 7 == 0);
  Numbers merged;
  const Event* a = first.next<Event>();
  const Event* b = second.next<Event>();
  while (a != nullptr || b != nullptr) {
    const bool take_a = b == nullptr || (a != nullptr && a->number < b->number);
    merged.push_back(take_a ? a->number : b->number);
    (take_a ? a : b) = (take_a ? first : second).next<Event>();
  }
  EXPECT_EQ(merged, numbers(0, 60));
}

TEST(RingReader, IsMovedWithTheRecordThatItHolds) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader first{programs.first()};
  programs.write(1, 2);
  const Event* const held = first.next<Event>();
  RingReader second{std::move(first)};
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.bytes_waiting(), 0U);
  (void)test::told(Errc::no_map, [&](auto&... ec) { (void)first.next(ec...); });
  EXPECT_EQ(held->number, 1U);
  EXPECT_EQ(second.next<Event>()->number, 2U);
  RingReader& same = second;
  second = std::move(same);
  EXPECT_EQ(second.bytes_waiting(), stride);
  first = std::move(second);
  EXPECT_FALSE(first.next());
}

TEST(RingReader, ReleasesItsRecordAtItsEnd) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  programs.write(1, 2);
  {
    RingReader ring{programs.first()};
    ASSERT_TRUE(ring.next());
  }
  RingReader ring{programs.first()};
  EXPECT_EQ(ring.next<Event>()->number, 2U);
}

TEST(RingReaderWait, WaitsForARecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  EXPECT_FALSE(ring.wait(0ms));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(ring.wait(30ms));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 29ms);
  std::thread writer{[&] { programs.write(1, 2); }};
  EXPECT_TRUE(ring.wait(30s));
  writer.join();
  EXPECT_EQ(ring.next<Event>()->number, 1U);
  EXPECT_TRUE(ring.wait(30s)) << "the other one";
  EXPECT_EQ(ring.next<Event>()->number, 2U);
  EXPECT_FALSE(ring.wait(10ms)) << "the one that was held is no reason to return";
  programs.write_with(BPF_RB_NO_WAKEUP, 3);
  EXPECT_TRUE(ring.wait(10s));
}

TEST(RingReaderWait, LosesNoWakeUp) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  constexpr std::size_t all = 20'000;
  std::thread writer{[&] {
    for (std::size_t written = 0; written < all;)
      if (programs.write(1, 1) == 0) ++written;
  }};
  for (std::size_t seen = 0; seen < all;) {
    ASSERT_TRUE(ring.wait(5s));
    while (ring.next()) ++seen;
  }
  writer.join();
}

TEST(RingReaderWait, IsEndedByWakeAndClose) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  RingReader ring{programs.first()};
  ring.wake();
  EXPECT_FALSE(ring.wait(-1ms));
  std::thread other{[&] {
    std::this_thread::sleep_for(20ms);
    ring.close();
  }};
  EXPECT_FALSE(ring.wait(-1ms));
  other.join();
  EXPECT_TRUE(ring.closed());
  programs.write(1, 1);
  EXPECT_TRUE(ring.wait(-1ms)) << "a record is there";
  EXPECT_TRUE(ring.next());
  EXPECT_FALSE(ring.wait(-1ms));
}

TEST(RingReaderAfterFork, HoldsTheParentsRecord) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  std::optional<RingReader> ring{programs.first()};
  programs.write(1, 2);
  const Event* const held = ring->next<Event>();
  ASSERT_NE(held, nullptr);
  const auto use_and_destroy = [&] {
    EXPECT_TRUE(test::contains(test::told(ESTALE, [&](auto&... ec) { (void)ring->next(ec...); }),
                               "it was opened before fork(2)"));
    (void)test::told(ESTALE, [&](auto&... ec) { (void)ring->next<Event>(ec...); });
    (void)test::told(ESTALE, [&](auto&... ec) { (void)ring->next_with_rest<Event>(ec...); });
    (void)test::told(ESTALE, [&](auto&... ec) { EXPECT_FALSE(ring->wait(10s, ec...)); });
    ring->close();
    ring->release();
    ring.reset();
  };
  test::in_child(use_and_destroy);
  test::in_cloned_child(use_and_destroy);
  EXPECT_FALSE(ring->closed());
  EXPECT_EQ(ring->bytes_waiting(), 2 * stride);
  EXPECT_EQ(held->number, 1U);
  EXPECT_EQ(ring->next<Event>()->number, 2U);
}

TEST(RingReader, RefusesWhatARingBufferRefuses) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  const Map flows = test::flows();
  (void)test::told(Errc::wrong_map_type,
                   [&](auto&... ec) { const RingReader ring{flows.duplicate(), ec...}; });
  (void)test::told(Errc::no_map, [](auto&... ec) { const RingReader ring{Map{}, ec...}; });
  const std::uint32_t id = programs.first().info().id;
  (void)test::told(EACCES, [id](auto&... ec) {
    const RingReader ring{Map::from_id(id, Access::read_only), ec...};
  });
  RingReader empty;
  (void)test::told(Errc::no_map, [&](auto&... ec) { (void)empty.wait(1ms, ec...); });
  EXPECT_FALSE(empty.closed());
  empty.wake();
  empty.close();
  empty.release();
}

}  // namespace
}  // namespace bpfmap
