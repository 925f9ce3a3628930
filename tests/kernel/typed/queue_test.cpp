// SPDX-License-Identifier: MIT
// Queue and Stack on real maps.
#include "bpfmap/typed/queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/typed/stack.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "sample_types.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::BigEndian32;
using test::bytes_of;
using test::errno_code;
using test::error_of;
using test::FlowStats;
using test::stored;
using test::told;

using Jobs = Queue<FlowStats>;
using Numbers = std::vector<std::uint32_t>;

const FlowStats first{.packets = 1, .bytes = 100};
const FlowStats second{.packets = 2, .bytes = 200};
const FlowStats third{.packets = 3, .bytes = 300};

// What both give back in another order.
template <class Map>
class PushPop : public ::testing::Test {
 public:
  static constexpr bool is_queue = std::same_as<Map, Queue<std::uint32_t>>;
  static constexpr MapType type = is_queue ? MapType::queue : MapType::stack;

  // 0 to `count`, in the order in which they come out.
  static Numbers order(std::uint32_t begin, std::uint32_t end) {
    Numbers numbers;
    for (std::uint32_t n = begin; n < end; ++n)
      numbers.insert(is_queue ? numbers.end() : numbers.begin(), n);
    return numbers;
  }
  static Numbers pop_all(Map& map) {
    Numbers numbers;
    while (const auto value = map.pop()) numbers.push_back(*value);
    return numbers;
  }
  static Map of(std::uint32_t count) {
    Map map = Map::create({.max_entries = 32, .name = "jobs"});
    for (std::uint32_t n = 0; n < count; ++n) EXPECT_TRUE(map.push(n));
    return map;
  }
};
using Both = ::testing::Types<Queue<std::uint32_t>, Stack<std::uint32_t>>;
struct BothNames {
  template <class Map>
  static std::string GetName(int) {
    return PushPop<Map>::is_queue ? "Queue" : "Stack";
  }
};
TYPED_TEST_SUITE(PushPop, Both, BothNames);

TYPED_TEST(PushPop, IsCreatedWithTypeAndSizesFilledIn) {
  std::error_code ec = Errc::invalid_name;
  const auto map = TypeParam::create({.max_entries = 7, .name = "jobs"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(map);
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, TestFixture::type);
  EXPECT_EQ(info.key_size, 0U);
  EXPECT_EQ(info.value_size, 4U);
  EXPECT_EQ(map.max_entries(), 7U);
  EXPECT_EQ(info.name, "jobs");
}

TYPED_TEST(PushPop, IsNotCreatedWithWhatItsTypeDoesNotTake) {
  const auto text = told(EINVAL, [](auto&... ec) {
    (void)TypeParam::create({.max_entries = 4, .flags = MapFlags::no_prealloc}, ec...);
  });
  EXPECT_TRUE(test::contains(text, "no_prealloc"));
  const auto key_text = told(Errc::wrong_key_size, [](auto&... ec) {
    (void)TypeParam::create({.key_size = 4, .max_entries = 4}, ec...);
  });
  EXPECT_TRUE(test::contains(key_text, "keys of 0 bytes"));
  const auto value_text = told(Errc::wrong_value_size, [](auto&... ec) {
    (void)TypeParam::create({.value_size = 8, .max_entries = 4}, ec...);
  });
  EXPECT_TRUE(test::contains(value_text, "value_size is 8"));
  EXPECT_TRUE(test::contains(value_text, "values of 4 bytes"));
}

// The kernel's own test: 32 values and one too many, 16 that overwrite the oldest.
TYPED_TEST(PushPop, GivesEveryValueBackInItsOrder) {
  auto map = TestFixture::of(32);
  EXPECT_FALSE(map.push(1000)) << "it is full";
  const std::uint32_t next = TestFixture::is_queue ? 0 : 31;
  EXPECT_EQ(map.peek(), next);
  EXPECT_EQ(stored(map.map(), {}), test::copy_of(bytes_of(next)));
  for (std::uint32_t n = 32; n < 48; ++n) map.push_overwrite(n);
  EXPECT_EQ(TestFixture::pop_all(map), TestFixture::order(16, 48));
  EXPECT_EQ(map.pop(), std::nullopt);
}

TYPED_TEST(PushPop, DoesTheSameWithAnErrorCode) {
  auto map = TypeParam::create({.max_entries = 2});
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.peek(ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{}) << "empty is no error";
  EXPECT_TRUE(map.push(1, ec));
  EXPECT_TRUE(map.push(2, ec));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.push(3, ec));
  EXPECT_EQ(ec, std::error_code{}) << "full is no error";
  ec = Errc::invalid_name;
  map.push_overwrite(4, ec);
  EXPECT_EQ(ec, std::error_code{});
  const Numbers expected = TestFixture::is_queue ? Numbers{2, 4} : Numbers{4, 2};
  for (const std::uint32_t n : expected) {
    ec = Errc::invalid_name;
    EXPECT_EQ(map.peek(ec), n);
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    EXPECT_EQ(map.pop(ec), n);
    EXPECT_EQ(ec, std::error_code{});
  }
  EXPECT_EQ(map.pop(ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(PushPop, RefusesAMapOfAnotherKind) {
  const Map other = test::make_map(TestFixture::is_queue ? MapType::stack : MapType::queue, 0, 4);
  const auto text =
      told(Errc::wrong_map_type, [&](auto&... ec) { TypeParam map{other.duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(
      text, std::string{"the map is of type "} + (TestFixture::is_queue ? "stack" : "queue")));
  EXPECT_TRUE(test::contains(text, std::string{"this class is for "} +
                                       (TestFixture::is_queue ? "queue" : "stack") + " maps"));

  const Map wide = test::make_map(TestFixture::type, 0, 8);
  const auto sizes =
      told(Errc::wrong_value_size, [&](auto&... ec) { TypeParam map{wide.duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(sizes, "value type has 4 bytes, the map's values have 8"));
}

TYPED_TEST(PushPop, TellsThatItIsEmptyOfAMap) {
  TypeParam map;
  EXPECT_FALSE(map);
  EXPECT_EQ(map.max_entries(), 0U);
  const auto expect_no_map = [](auto call) {
    EXPECT_TRUE(test::contains(told(Errc::no_map, call), "never opened"));
  };
  expect_no_map([&map](auto&... ec) { (void)map.push(1, ec...); });
  expect_no_map([&map](auto&... ec) { map.push_overwrite(1, ec...); });
  expect_no_map([&map](auto&... ec) { (void)map.peek(ec...); });
  expect_no_map([&map](auto&... ec) { (void)map.pop(ec...); });
  auto full = TestFixture::of(1);
  const TypeParam taken = std::move(full);
  EXPECT_EQ(taken.peek(), 0U);
  expect_no_map([&full](auto&... ec) { (void)full.pop(ec...); });
}

TYPED_TEST(PushPop, TellsWhatItsDescriptorMayNotDo) {
  const auto writer = TypeParam::create({.max_entries = 2, .flags = MapFlags::wronly});
  auto map = TypeParam{writer.map().duplicate()};
  EXPECT_TRUE(map.push(1));
  EXPECT_TRUE(test::contains(told(EPERM, [&map](auto&... ec) { (void)map.peek(ec...); }),
                             "this descriptor is write-only"));
  EXPECT_TRUE(test::contains(told(EPERM, [&map](auto&... ec) { (void)map.pop(ec...); }),
                             "this descriptor is write-only"));

  auto reader = TypeParam{Map::from_id(map.map().info().id, Access::read_only)};
  EXPECT_EQ(reader.peek(), 1U);
  EXPECT_TRUE(test::contains(told(EPERM, [&reader](auto&... e) { (void)reader.push(2, e...); }),
                             "this descriptor is read-only"));
  EXPECT_TRUE(test::contains(told(EPERM, [&reader](auto&... e) { reader.push_overwrite(2, e...); }),
                             "this descriptor is read-only"));
}

// --- forms that fill a value in ---

TYPED_TEST(PushPop, FillsTheCallersValueIn) {
  auto map = TestFixture::of(2);
  const Numbers order = TestFixture::order(0, 2);
  std::uint32_t room = 99;
  EXPECT_TRUE(map.peek_into(room));
  EXPECT_EQ(room, order[0]);
  std::error_code ec = Errc::invalid_name;
  room = 99;
  EXPECT_TRUE(map.peek_into(room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, order[0]);
  EXPECT_TRUE(map.pop_into(room));
  EXPECT_EQ(room, order[0]);
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.pop_into(room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, order[1]);
  EXPECT_EQ(stored(map.map(), {}), std::nullopt) << "nothing is left";
}

TYPED_TEST(PushPop, LeavesTheCallersValueAloneWhenItIsEmpty) {
  auto map = TestFixture::of(0);
  std::uint32_t room = 99;
  EXPECT_FALSE(map.peek_into(room));
  EXPECT_FALSE(map.pop_into(room));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.peek_into(room, ec));
  EXPECT_EQ(ec, std::error_code{}) << "empty is no error";
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.pop_into(room, ec));
  EXPECT_EQ(ec, std::error_code{}) << "empty is no error";
  EXPECT_EQ(room, 99U);
}

TYPED_TEST(PushPop, FillsNothingInWhenItFails) {
  TypeParam none;
  std::uint32_t room = 99;
  EXPECT_TRUE(test::contains(
      told(Errc::no_map, [&](auto&... ec) { (void)none.peek_into(room, ec...); }), "never opened"));
  EXPECT_TRUE(test::contains(
      told(Errc::no_map, [&](auto&... ec) { (void)none.pop_into(room, ec...); }), "never opened"));
  auto full = TestFixture::of(1);
  TypeParam writer{Map::from_id(full.map().info().id, Access::write_only)};
  EXPECT_TRUE(test::contains(told(EPERM, [&](auto&... ec) { (void)writer.peek_into(room, ec...); }),
                             "write-only"));
  EXPECT_TRUE(test::contains(told(EPERM, [&](auto&... ec) { (void)writer.pop_into(room, ec...); }),
                             "write-only"));
  EXPECT_EQ(room, 99U);
  EXPECT_EQ(full.peek(), 0U);
}

// --- any integer is a value ---

TYPED_TEST(PushPop, TakesAnyIntegerTypeThatFits) {
  auto map = TestFixture::of(0);
  EXPECT_TRUE(map.push(std::int64_t{0xffff'ffff}));
  EXPECT_EQ(map.pop(), 0xffff'ffffU);
  map.push_overwrite(std::uint8_t{7});
  EXPECT_EQ(map.pop(), 7U);
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{0x1'0000'0000}}) {
    SCOPED_TRACE(value);
    EXPECT_FALSE(
        told(Errc::out_of_range, [&](auto&... ec) { (void)map.push(value, ec...); }).empty());
    EXPECT_FALSE(
        told(Errc::out_of_range, [&](auto&... ec) { map.push_overwrite(value, ec...); }).empty());
  }
  EXPECT_EQ(stored(map.map(), {}), std::nullopt) << "nothing is pushed";
}

TEST(QueueOfStructs, KeepsEveryByte) {
  auto jobs = Jobs::create({.max_entries = 2});
  EXPECT_TRUE(jobs.push(first));
  EXPECT_TRUE(jobs.push(second));
  EXPECT_EQ(stored(jobs.map(), {}), test::copy_of(bytes_of(first)));
  jobs.push_overwrite(third);
  EXPECT_EQ(jobs.pop(), second);
  EXPECT_EQ(jobs.pop(), third);
}

TEST(QueueOfCodedValues, EncodesAndDecodes) {
  auto queue = Queue<BigEndian32>::create({.max_entries = 2});
  EXPECT_TRUE(queue.push(BigEndian32{0x01020304}));
  EXPECT_EQ(stored(queue.map(), {}), test::bytes({1, 2, 3, 4}));
  BigEndian32 room{9};
  EXPECT_TRUE(queue.peek_into(room));
  EXPECT_EQ(room, BigEndian32{0x01020304});
  EXPECT_EQ(queue.pop(), BigEndian32{0x01020304});
  EXPECT_FALSE(queue.pop_into(room));
  EXPECT_EQ(room, BigEndian32{0x01020304});
}

TEST(QueueOfLargeValues, KeepsEveryByte) {
  using Large = test::Block<4000>;
  auto stack = Stack<Large>::create({.max_entries = 2});
  EXPECT_TRUE(stack.push(Large::filled(1)));
  EXPECT_TRUE(stack.push(Large::filled(2)));
  EXPECT_EQ(stack.pop()->bytes, Large::filled(2).bytes);
  EXPECT_EQ(stack.peek()->bytes, Large::filled(1).bytes);
}

// --- drain(), where the verb is there for queues ---

template <class M>
concept drained_map = requires(M& map, std::error_code& ec) {
  drain(map, ec).begin();
  { *drain(map).begin() } -> std::convertible_to<typename M::value_type>;
};

template <class Map>
class PushPopDrain : public PushPop<Map> {
 public:
  // The values of a drain, in its order.
  template <class M>
  static Numbers drained(M& map, std::error_code& ec) {
    Numbers numbers;
    for (const auto value : drain(map, ec)) numbers.push_back(value);
    return numbers;
  }
};
TYPED_TEST_SUITE(PushPopDrain, Both, BothNames);

TYPED_TEST(PushPopDrain, GivesEveryValueInItsOrder) {
  if constexpr (!drained_map<TypeParam>) {
    GTEST_SKIP() << "drain() takes no queue";
  } else {
    auto map = TestFixture::of(20);
    Numbers seen;
    for (const auto n : drain(map)) seen.push_back(n);
    EXPECT_EQ(seen, TestFixture::order(0, 20));
    EXPECT_EQ(map.peek(), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(TestFixture::drained(map, ec), Numbers{});
    EXPECT_EQ(ec, std::error_code{});
  }
}

TYPED_TEST(PushPopDrain, EndsWhileOthersPush) {
  if constexpr (!drained_map<TypeParam>) {
    GTEST_SKIP() << "drain() takes no queue";
  } else {
    auto map = TestFixture::of(20);
    std::error_code ec = Errc::invalid_name;
    std::uint32_t count = 0;
    for (const auto n : drain(map, ec)) {
      EXPECT_TRUE(map.push(n));
      ++count;
    }
    EXPECT_EQ(count, map.max_entries());
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(TestFixture::pop_all(map).size(), 20U);
  }
}

TYPED_TEST(PushPopDrain, LosesOnlyTheValueWhoseHandlerThrew) {
  if constexpr (!drained_map<TypeParam>) {
    GTEST_SKIP() << "drain() takes no queue";
  } else {
    auto map = TestFixture::of(4);
    const Numbers order = TestFixture::order(0, 4);
    const auto handle_all = [&] {
      for (const auto n : drain(map))
        if (n == order[1]) throw std::runtime_error{"enough"};
    };
    EXPECT_THROW(handle_all(), std::runtime_error);
    EXPECT_EQ(TestFixture::pop_all(map), (Numbers{order[2], order[3]}));
  }
}

TYPED_TEST(PushPopDrain, ReportsWhatItsDescriptorMayNotDo) {
  if constexpr (!drained_map<TypeParam>) {
    GTEST_SKIP() << "drain() takes no queue";
  } else {
    const auto writer = TypeParam::create({.max_entries = 2, .flags = MapFlags::wronly});
    auto map = TypeParam{writer.map().duplicate()};
    EXPECT_TRUE(map.push(1));
    std::error_code ec;
    EXPECT_EQ(TestFixture::drained(map, ec), Numbers{});
    EXPECT_EQ(ec, errno_code(EPERM));
  }
}

}  // namespace
}  // namespace bpfmap
