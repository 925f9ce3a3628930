// SPDX-License-Identifier: MIT
// Many given keys at once, on typed maps: what is there, what is missing.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "bpfmap/bulk/batch.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using test::batch_error_of;
using test::errno_code;
using test::result;

using test::Keys;
using test::keys_up_to;
using test::Numbers;
using test::Values;
using test::values_of;

constexpr std::array sizes{0U, 1U, 2U, 255U, 256U, 257U, 1000U};

TEST(InsertBatch, SkipsKeysThatAreThere) {
  for (const std::uint32_t size : sizes) {
    auto map = Numbers::create({.max_entries = 1000});
    std::size_t there = 0;
    for (std::uint32_t key = 0; key < size; key += 3) {
      map.update(key, 1);
      ++there;
    }
    const Keys keys = keys_up_to(size);
    EXPECT_EQ(insert_batch(map, keys, values_of(keys)), result(size - there, there));
    for (std::uint32_t key = 0; key < size; ++key)
      EXPECT_EQ(map.lookup(key), key % 3 == 0 ? 1 : key * 10);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(insert_batch(map, keys, values_of(keys), ec), result(0, size));
    EXPECT_EQ(ec, std::error_code{});
  }
}

TEST(InsertBatch, LetsTheFirstOfTwoEqualKeysWin) {
  auto map = Numbers::create({.max_entries = 10});
  EXPECT_EQ(insert_batch(map, Keys{1, 1, 2}, Values{10, 20, 30}), result(2, 1));
  EXPECT_EQ(map.lookup(1), 10U);
}

TEST(InsertBatch, StopsAtAFullMap) {
  auto map = Numbers::create({.max_entries = 3});
  map.update(2, 7);
  std::error_code ec;
  EXPECT_EQ(insert_batch(map, Keys{1, 2, 3, 4, 5}, Values(5), ec), result(2, 1, 3));
  EXPECT_EQ(ec, errno_code(E2BIG));
  EXPECT_EQ(batch_error_of([&] { insert_batch(map, Keys{2, 4}, Values(2)); }).result(),
            result(0, 1, 1));
}

TEST(InsertBatch, TakesPerCpuValues) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 10});
  map.update(1, 5U);
  EXPECT_EQ(insert_batch(map, Keys{1, 2}, std::vector<std::uint32_t>{7, 8}), result(1, 1));
  EXPECT_EQ((*map.lookup(1))[0], 5U);
  EXPECT_EQ(insert_batch(map, Keys{2, 3}, std::vector<PerCpuValues<std::uint32_t>>(2)),
            result(1, 1));
  EXPECT_EQ((*map.lookup(2))[0], 8U);
  EXPECT_EQ((*map.lookup(3))[0], 0U);
}

TEST(ReplaceBatch, SkipsKeysThatAreMissing) {
  for (const std::uint32_t size : sizes) {
    auto map = Numbers::create({.max_entries = 1000});
    std::size_t there = 0;
    for (std::uint32_t key = 0; key < size; key += 3) {
      map.update(key, 1);
      ++there;
    }
    const Keys keys = keys_up_to(size);
    EXPECT_EQ(replace_batch(map, keys, values_of(keys)), result(there, size - there));
    for (std::uint32_t key = 0; key < size; ++key)
      EXPECT_EQ(map.lookup(key),
                key % 3 == 0 ? std::optional<std::uint64_t>{key * 10} : std::nullopt);
  }
}

TEST(EraseBatch, GoesOnBehindAMissingKey) {
  auto map = Numbers::create({.max_entries = 100});
  for (const std::uint32_t key : {1U, 3U, 5U}) map.update(key, key);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(erase_batch(map, Keys{0, 1, 2, 3, 4, 4, 6}, ec), result(2, 5));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(1), std::nullopt);
  EXPECT_EQ(map.lookup(5), 5U);
}

TEST(EraseBatch, ErasesADuplicateOnce) {
  auto map = Numbers::create({.max_entries = 100});
  map.update(1, 1);
  map.update(2, 2);
  EXPECT_EQ(erase_batch(map, Keys{1, 1, 2, 2, 2}), result(2, 3));
}

TEST(EraseBatch, SkipsAnyPattern) {
  test::Random random{5};
  for (int round = 0; round < 20; ++round) {
    auto map = Numbers::create({.max_entries = 1000});
    const Keys keys = keys_up_to(700);
    std::size_t there = 0;
    for (const std::uint32_t key : keys)
      if (random.below(4) != 0) {
        map.update(key, 1);
        ++there;
      }
    EXPECT_EQ(erase_batch(map, keys), result(there, keys.size() - there));
    EXPECT_EQ(test::held(map.map()).size(), 0U);
  }
}

TEST(LookupBatch, GivesNothingForKeysThatAreMissing) {
  auto map = Numbers::create({.max_entries = 10});
  map.update(2, 20);
  const auto values = lookup_batch(map, Keys{1, 2, 3, 2});
  EXPECT_EQ(values,
            (std::vector<std::optional<std::uint64_t>>{std::nullopt, 20, std::nullopt, 20}));
  std::vector<std::optional<std::uint64_t>> room(4, 7);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(lookup_batch_into(map, Keys{1, 2, 3, 2}, std::span{room}, ec), result(2, 2));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, values);
}

TEST(LookupBatch, IsRefusedWithoutRoomForEachKey) {
  const auto map = Numbers::create({.max_entries = 10});
  std::vector<std::optional<std::uint64_t>> room(2, 7);
  std::error_code ec;
  EXPECT_EQ(lookup_batch_into(map, Keys{1}, std::span{room}, ec), result(0));
  EXPECT_EQ(ec, Errc::wrong_value_count);
  EXPECT_EQ(lookup_batch_into(map, Keys{1, 2, 3}, std::span{room}, ec), result(0));
  EXPECT_EQ(ec, Errc::wrong_value_count);
  EXPECT_EQ(room[0], 7U);
}

TEST(LookupBatch, StopsAtAnIndexOutOfRange) {
  auto map = ArrayMap<std::uint64_t>::create({.max_entries = 4});
  map.update(1, 10);
  std::vector<std::optional<std::uint64_t>> room(3);
  std::error_code ec;
  EXPECT_EQ(lookup_batch_into(map, Keys{1, 9, 2}, std::span{room}, ec), result(1, 0, 1));
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(room[0], 10U);
  const BatchError error = batch_error_of([&] { (void)lookup_batch(map, Keys{1, 9, 2}); });
  EXPECT_EQ(error.operation(), Operation::lookup_batch);
  EXPECT_TRUE(test::contains(error.what(), "index 9 is out of range"));
}

}  // namespace
}  // namespace bpfmap
