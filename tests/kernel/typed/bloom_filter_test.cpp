// SPDX-License-Identifier: MIT
// BloomFilter on real maps.
#include "bpfmap/typed/bloom_filter.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "kernel_test.hpp"
#include "maps.hpp"
#include "sample_types.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::BigEndian32;
using test::FlowKey;
using test::told;

using Seen = BloomFilter<std::uint64_t>;

// Whether the kernel itself says that `value` may be in the filter.
template <class V>
bool may_hold(const Map& map, V value) {
  const int result = sys::map_lookup_elem(map.fd(), nullptr, &value);
  EXPECT_TRUE(result == 0 || result == -ENOENT) << result;
  return result == 0;
}

TEST(BloomFilterCreate, FillsTypeAndSizesIn) {
  std::error_code ec = Errc::invalid_name;
  const auto filter = Seen::create({.max_entries = 100, .name = "seen", .map_extra = 3}, ec);
  EXPECT_EQ(ec, std::error_code{});
  const MapInfo& info = filter.map().info();
  EXPECT_EQ(info.type, MapType::bloom_filter);
  EXPECT_EQ(info.key_size, 0U);
  EXPECT_EQ(info.value_size, 8U);
  EXPECT_EQ(info.max_entries, 100U);
  EXPECT_EQ(filter.hashes(), 3U);
}

TEST(BloomFilterCreate, HasFiveHashesWhenNotTold) {
  EXPECT_EQ(Seen::create({.max_entries = 10}).hashes(), 5U);
  EXPECT_EQ(Seen::create({.max_entries = 10, .map_extra = 15}).hashes(), 15U);
}

TEST(BloomFilterCreate, TellsWhatTheKernelDoesNotTake) {
  const auto hashes = told(
      EINVAL, [](auto&... ec) { (void)Seen::create({.max_entries = 10, .map_extra = 16}, ec...); });
  EXPECT_TRUE(test::contains(hashes, "map_extra"));
  const auto entries = told(EINVAL, [](auto&... ec) { (void)Seen::create({}, ec...); });
  EXPECT_TRUE(test::contains(entries, "max_entries is 0"));
  const auto key =
      told(Errc::wrong_key_size, [](auto&... ec) { (void)Seen::create({.key_size = 4}, ec...); });
  EXPECT_TRUE(test::contains(key, "key_size is 4"));
}

TEST(BloomFilter, NeverForgetsWhatWasAdded) {
  auto filter = Seen::create({.max_entries = 1000});
  std::error_code ec = Errc::invalid_name;
  for (std::uint64_t n = 0; n < 500; ++n) filter.push(n);
  for (std::uint64_t n = 500; n < 1000; ++n) filter.push(n, ec);
  EXPECT_EQ(ec, std::error_code{});
  for (std::uint64_t n = 0; n < 1000; ++n) {
    EXPECT_TRUE(filter.contains(n)) << n;
    ec = Errc::invalid_name;
    EXPECT_TRUE(filter.contains(n, ec)) << n;
    EXPECT_EQ(ec, std::error_code{});
  }
}

// About 1 % are expected with five hashes, 10 % would be ten times that.
TEST(BloomFilter, IsSeldomWrongAboutWhatWasNotAdded) {
  auto filter = Seen::create({.max_entries = 1000});
  for (std::uint64_t n = 0; n < 1000; ++n) filter.push(n);
  std::uint64_t wrong = 0;
  for (std::uint64_t n = 1'000'000; n < 1'010'000; ++n) {
    const bool found = filter.contains(n);
    EXPECT_EQ(found, may_hold(filter.map(), n));
    if (found) ++wrong;
  }
  EXPECT_LT(wrong, 1000U);
}

TEST(BloomFilter, IsEmptyAtFirst) {
  const auto filter = Seen::create({.max_entries = 1000});
  std::error_code ec = Errc::invalid_name;
  for (std::uint64_t n = 0; n < 100; ++n) EXPECT_FALSE(filter.contains(n, ec));
  EXPECT_EQ(ec, std::error_code{}) << "not there is no error";
}

TEST(BloomFilter, AsksWithoutWritingTheValue) {
  auto filter = BloomFilter<FlowKey>::create({.max_entries = 10});
  const FlowKey flow{.src = 1, .dst = 2, .proto = 6};
  const FlowKey copy = flow;
  filter.push(flow);
  EXPECT_TRUE(filter.contains(flow));
  EXPECT_EQ(flow, copy);
  EXPECT_TRUE(may_hold(filter.map(), flow));
}

TEST(BloomFilterOfCodedValues, HashesTheEncodedBytes) {
  auto filter = BloomFilter<BigEndian32>::create({.max_entries = 10});
  filter.push(BigEndian32{0x01020304});
  EXPECT_TRUE(filter.contains(BigEndian32{0x01020304}));
  EXPECT_TRUE(may_hold(filter.map(), std::array<std::uint8_t, 4>{1, 2, 3, 4}));
}

TEST(BloomFilterOfIntegers, TakesAnyIntegerTypeThatFits) {
  auto filter = BloomFilter<std::uint16_t>::create({.max_entries = 100});
  filter.push(std::int64_t{7});
  EXPECT_TRUE(filter.contains(std::uint8_t{7}));
  EXPECT_TRUE(may_hold(filter.map(), std::uint16_t{7}));
  EXPECT_FALSE(filter.contains(65535));
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{0x1'0000} + 8}) {
    SCOPED_TRACE(value);
    EXPECT_FALSE(told(Errc::out_of_range, [&](auto&... ec) { filter.push(value, ec...); }).empty());
    EXPECT_FALSE(told(Errc::out_of_range, [&](auto&... ec) {
                   (void)filter.contains(value, ec...);
                 }).empty());
  }
  EXPECT_FALSE(may_hold(filter.map(), std::uint16_t{65535})) << "nothing is pushed";
  EXPECT_FALSE(may_hold(filter.map(), std::uint16_t{8})) << "nothing is pushed";
}

TEST(BloomFilterView, RefusesAMapOfAnotherKind) {
  const Map queue = test::make_map(MapType::queue, 0, 8);
  const auto type =
      told(Errc::wrong_map_type, [&](auto&... ec) { Seen view{queue.duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(type, "the map is of type queue"));
  const Map narrow = test::make_map(MapType::bloom_filter, 0, 4);
  const auto size =
      told(Errc::wrong_value_size, [&](auto&... ec) { Seen view{narrow.duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(size, "value type has 8 bytes, the map's values have 4"));
}

TEST(BloomFilterView, ReadsWhatOthersAdded) {
  auto filter = Seen::create({.max_entries = 10});
  Seen other{filter.map().duplicate()};
  other.push(7);
  EXPECT_TRUE(filter.contains(7));
}

TEST(BloomFilterCalls, TellThatThereIsNoMap) {
  Seen filter;
  EXPECT_FALSE(filter);
  EXPECT_TRUE(
      test::contains(told(Errc::no_map, [&](auto&... ec) { filter.push(1, ec...); }), "update"));
  EXPECT_TRUE(test::contains(
      told(Errc::no_map, [&](auto&... ec) { (void)filter.contains(1, ec...); }), "lookup"));
}

TEST(BloomFilterCalls, TellWhatTheirDescriptorMayNotDo) {
  auto filter = Seen::create({.max_entries = 10});
  filter.push(7);
  Seen reader{Map::from_id(filter.map().info().id, Access::read_only)};
  EXPECT_TRUE(reader.contains(7));
  EXPECT_TRUE(test::contains(told(EPERM, [&](auto&... ec) { reader.push(8, ec...); }),
                             "this descriptor is read-only"));
  const Seen writer{Map::from_id(filter.map().info().id, Access::write_only)};
  EXPECT_TRUE(test::contains(told(EPERM, [&](auto&... ec) { (void)writer.contains(7, ec...); }),
                             "this descriptor is write-only"));
  filter.map().freeze();
  EXPECT_TRUE(test::contains(told(EPERM, [&](auto&... ec) { filter.push(8, ec...); }), "frozen"));
  EXPECT_TRUE(filter.contains(7));
}

}  // namespace
}  // namespace bpfmap
