// SPDX-License-Identifier: MIT
// Maps with a value for each CPU, of value sizes with and without padding between the slots.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::copy_of;
using test::errno_code;
using test::GuardedBuffer;
using test::make_map;
using test::stored;
using test::stored_keys;

constexpr MapType types[] = {MapType::percpu_hash, MapType::percpu_array, MapType::lru_percpu_hash};
constexpr std::uint32_t value_sizes[] = {1, 4, 8, 12, 100};

const std::size_t cpus = sys::possible_cpus().size();
const Bytes key_1 = encode_int_key(1, 4);

// Runs `body` on a map of every per-CPU type and value size.
template <class Body>
void for_each_map(Body body) {
  for (const auto type : types) {
    for (const auto value_size : value_sizes) {
      SCOPED_TRACE(std::string{to_string(type)} + ", values of " + std::to_string(value_size));
      Map map = make_map(type, 4, value_size, 4);
      body(map, value_size);
    }
  }
}

// What the kernel holds for values that are told apart by their CPU: value `i` is `size` bytes of
// first + i.
std::vector<Bytes> one_a_cpu(std::size_t size, int first) {
  std::vector<Bytes> values;
  for (std::size_t i = 0; i < cpus; ++i)
    values.emplace_back(size, static_cast<std::byte>(first + static_cast<int>(i)));
  return values;
}

Bytes slots_of(const std::vector<Bytes>& values) {
  Bytes slots;
  for (const auto& value : values) {
    slots.insert(slots.end(), value.begin(), value.end());
    slots.resize(slots.size() + sys::percpu_stride(value.size()) - value.size());
  }
  return slots;
}

TEST(PerCpuUpdate, WithOneValueSetsItOnEveryCpu) {
  for_each_map([](Map& map, std::uint32_t value_size) {
    const Bytes value(value_size, std::byte{0xC5});
    map.update(1, value);
    const std::vector<Bytes> everywhere(cpus, value);
    EXPECT_EQ(stored(map, key_1), slots_of(everywhere)) << "the padding between slots is zero";
    EXPECT_EQ(map.lookup_percpu(1), everywhere);
    std::error_code ec = Errc::invalid_name;
    map.update(1, Bytes(value_size, std::byte{1}), ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(map.lookup_percpu(1, ec), std::vector<Bytes>(cpus, Bytes(value_size, std::byte{1})));
    EXPECT_FALSE(ec);
  });
}

TEST(PerCpuUpdate, WithOneValueForEachCpuSetsEach) {
  for_each_map([](Map& map, std::uint32_t value_size) {
    const auto values = one_a_cpu(value_size, 0xA0);
    map.update_percpu(1, values);
    EXPECT_EQ(stored(map, key_1), slots_of(values));
    EXPECT_EQ(map.lookup_percpu(1), values);
    const auto others = one_a_cpu(value_size, 0x10);
    std::error_code ec = Errc::invalid_name;
    map.update_percpu(key_1, others, ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(stored(map, key_1), slots_of(others));
    map.update_percpu(key_1, values, UpdateFlags::exist, ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(stored(map, key_1), slots_of(values));
  });
}

TEST(PerCpuUpdate, WithAnyOtherNumberOfValuesChangesNothing) {
  for_each_map([](Map& map, std::uint32_t value_size) {
    const auto values = one_a_cpu(value_size, 0x20);
    map.update_percpu(1, values);
    for (const std::size_t count : {std::size_t{0}, cpus - 1, cpus + 1}) {
      const std::vector<Bytes> wrong(count, Bytes(value_size));
      std::error_code ec;
      map.update_percpu(1, wrong, ec);
      EXPECT_EQ(ec, Errc::wrong_cpu_count);
      EXPECT_EQ(test::error_of([&] { map.update_percpu(1, wrong); }).code(), Errc::wrong_cpu_count);
    }
    std::vector<Bytes> wrong_size = values;
    wrong_size.back().push_back(std::byte{0});
    std::error_code ec;
    map.update_percpu(1, wrong_size, ec);
    EXPECT_EQ(ec, Errc::wrong_value_size);
    EXPECT_EQ(stored(map, key_1), slots_of(values));
  });
}

TEST(PerCpuUpdate, ObeysTheFlags) {
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash}) {
    Map map = make_map(type, 4, 8);
    const auto values = one_a_cpu(8, 1);
    std::error_code ec;
    map.update_percpu(1, values, UpdateFlags::exist, ec);
    EXPECT_EQ(ec, errno_code(ENOENT));
    map.update(1, 7, UpdateFlags::exist, ec);
    EXPECT_EQ(ec, errno_code(ENOENT));
    map.update_percpu(1, values, UpdateFlags::noexist);
    map.update_percpu(1, one_a_cpu(8, 2), UpdateFlags::noexist, ec);
    EXPECT_EQ(ec, errno_code(EEXIST));
    EXPECT_EQ(test::error_of([&] { map.update(1, 7, UpdateFlags::noexist); }).code(),
              errno_code(EEXIST));
    EXPECT_EQ(map.lookup_percpu(1), values);
  }
  Map array = make_map(MapType::percpu_array, 4, 8);
  std::error_code ec;
  array.update_percpu(1, one_a_cpu(8, 1), UpdateFlags::noexist, ec);
  EXPECT_EQ(ec, errno_code(EEXIST));
}

TEST(PerCpuLookup, IsNothingForAMissingKey) {
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash}) {
    Map map = make_map(type, 4, 12);
    EXPECT_EQ(map.lookup_percpu(1), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup_percpu(1, ec), std::nullopt);
    EXPECT_FALSE(ec);
    Bytes slots(sys::percpu_size(12), std::byte{0xEE});
    EXPECT_FALSE(map.lookup_percpu_into(1, slots));
    EXPECT_FALSE(map.lookup_percpu_into(1, slots, ec));
    EXPECT_FALSE(ec);
    EXPECT_EQ(slots, Bytes(slots.size(), std::byte{0xEE}));
  }
}

TEST(PerCpuLookup, OfAnArrayIsZeroAtFirstAndRefusedOutOfRange) {
  Map map = make_map(MapType::percpu_array, 4, 12);
  EXPECT_EQ(map.lookup_percpu(3), std::vector<Bytes>(cpus, Bytes(12)));
  std::error_code ec;
  EXPECT_EQ(map.lookup_percpu(4, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(test::error_of([&] { (void)map.lookup_percpu(-1); }).code(),
            std::errc::argument_list_too_long);
  map.update(4, Bytes(12), ec);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  map.update_percpu(4, one_a_cpu(12, 0), ec);
  EXPECT_EQ(ec, Errc::index_out_of_range);
}

// Sized exactly: one stride for each possible CPU. A kernel that wrote more would answer EFAULT.
TEST(PerCpuLookupInto, FillsABufferOfExactlyThePerCpuSize) {
  for_each_map([](Map& map, std::uint32_t value_size) {
    const auto values = one_a_cpu(value_size, 0x40);
    map.update_percpu(1, values);
    const GuardedBuffer slots{sys::percpu_size(value_size), std::byte{0xEE}};
    EXPECT_TRUE(map.lookup_percpu_into(1, slots.bytes()));
    EXPECT_EQ(copy_of(slots.bytes()), slots_of(values));
    EXPECT_TRUE(slots.untouched_in_front());
    std::error_code ec = Errc::invalid_name;
    EXPECT_TRUE(map.lookup_percpu_into(key_1, slots.bytes(), ec));
    EXPECT_FALSE(ec);
  });
}

TEST(PerCpuLookupInto, RefusesABufferThatIsOneByteShortOrLong) {
  for_each_map([](Map& map, std::uint32_t value_size) {
    map.update(1, Bytes(value_size));
    for (const std::size_t size :
         {sys::percpu_size(value_size) - 1, sys::percpu_size(value_size) + 1}) {
      const GuardedBuffer slots{size, std::byte{0xEE}};
      std::error_code ec;
      EXPECT_FALSE(map.lookup_percpu_into(1, slots.bytes(), ec));
      EXPECT_EQ(ec, Errc::wrong_value_size);
      EXPECT_EQ(test::error_of([&] { (void)map.lookup_percpu_into(1, slots.bytes()); }).code(),
                Errc::wrong_value_size);
      EXPECT_EQ(copy_of(slots.bytes()), Bytes(size, std::byte{0xEE}));
    }
  });
}

TEST(PerCpuLookupAndDelete, TakesEveryCpusValue) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash}) {
    for (const auto value_size : value_sizes) {
      Map map = make_map(type, 4, value_size);
      EXPECT_EQ(map.lookup_and_delete_percpu(1), std::nullopt);
      const auto values = one_a_cpu(value_size, 0x70);
      map.update_percpu(1, values);
      EXPECT_EQ(map.lookup_and_delete_percpu(1), values);
      EXPECT_TRUE(stored_keys(map).empty());
      map.update_percpu(1, values);
      std::error_code ec = Errc::invalid_name;
      EXPECT_EQ(map.lookup_and_delete_percpu(1, ec), values);
      EXPECT_FALSE(ec);
      EXPECT_EQ(map.lookup_and_delete_percpu(1, ec), std::nullopt);
      EXPECT_FALSE(ec);
    }
  }
}

TEST(PerCpuLookupAndDelete, IsNotForArrays) {
  Map map = make_map(MapType::percpu_array, 4, 8);
  map.update(1, 7);
  std::error_code ec;
  EXPECT_EQ(map.lookup_and_delete_percpu(1, ec), std::nullopt);
  EXPECT_EQ(ec, errno_code(sys::enotsupp));
  EXPECT_EQ(map.lookup_percpu<std::uint64_t>(1)->sum(), 7 * cpus);
}

TEST(PerCpuErase, TellsWhetherThereWasAnEntry) {
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash}) {
    Map map = make_map(type, 4, 12);
    EXPECT_FALSE(map.erase(1));
    map.update(1, Bytes(12));
    EXPECT_TRUE(map.erase(1));
    EXPECT_FALSE(map.erase(1));
  }
}

TEST(PerCpuGetNextKey, VisitsEveryKey) {
  for (const auto type : types) {
    // An LRU map may evict before it is full.
    Map map = make_map(type, 4, 12, type == MapType::percpu_array ? 4 : 64);
    for (int key = 0; key < 4; ++key) map.update(key, Bytes(12));
    std::vector<bool> seen(4);
    std::size_t steps = 0;
    for (auto key = map.get_next_key<std::uint32_t>(std::nullopt); key && steps < 10;
         key = map.get_next_key<std::uint32_t>(key), ++steps)
      seen.at(*key) = true;
    EXPECT_EQ(steps, 4U);
    EXPECT_EQ(seen, std::vector<bool>(4, true));
  }
}

TEST(PlainReads, AreRefusedOnPerCpuMaps) {
  for_each_map([](Map& map, std::uint32_t value_size) {
    map.update(1, Bytes(value_size));
    // As large as one value: the kernel would write every CPU's behind it.
    const GuardedBuffer room{value_size, std::byte{0xEE}};
    std::error_code ec;
    EXPECT_FALSE(map.lookup_into(1, room.bytes(), ec));
    EXPECT_EQ(ec, Errc::map_is_percpu);
    EXPECT_EQ(copy_of(room.bytes()), Bytes(value_size, std::byte{0xEE}));
    EXPECT_EQ(map.lookup(1, ec), std::nullopt);
    EXPECT_EQ(ec, Errc::map_is_percpu);
    EXPECT_EQ(map.lookup_and_delete(1, ec), std::nullopt);
    EXPECT_EQ(ec, Errc::map_is_percpu);
    EXPECT_TRUE(map.lookup_percpu(1)) << "nothing was taken";
  });
}

// --- integers and structs ---

TEST(PerCpuIntegers, AreReadAndWrittenInAnyWidth) {
  for (const auto type : types) {
    for (const std::uint32_t value_size : {1U, 2U, 4U, 8U}) {
      Map map = make_map(type, 4, value_size);
      PerCpuValues<std::uint64_t> values;
      for (std::size_t i = 0; i < cpus; ++i) values.set(i, 100 + i);
      map.update_percpu(1, values);
      const auto wide = map.lookup_percpu<std::uint64_t>(1);
      ASSERT_TRUE(wide);
      ASSERT_EQ(wide->size(), cpus);
      for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ((*wide)[i], 100 + i);
      EXPECT_EQ(wide->sum(), values.sum());
      EXPECT_EQ(map.lookup_percpu<std::int8_t>(1)->sum(), static_cast<std::int64_t>(values.sum()));
      map.update_percpu(1, std::vector<int>(cpus, -1));
      EXPECT_EQ(map.lookup_percpu<std::int64_t>(1)->sum(), -static_cast<std::int64_t>(cpus));
      EXPECT_EQ(map.lookup_percpu(1), std::vector<Bytes>(cpus, Bytes(value_size, std::byte{0xFF})));
    }
  }
}

TEST(PerCpuIntegers, ThatDoNotFitWriteNothing) {
  Map map = make_map(MapType::percpu_array, 4, 1);
  map.update(1, 5);
  PerCpuValues<int> values{6};
  values.set(cpus - 1, 256);
  std::error_code ec;
  map.update_percpu(1, values, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  map.update(1, -129, ec);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(map.lookup_percpu<int>(1)->sum(), 5 * static_cast<std::int64_t>(cpus));
}

TEST(PerCpuIntegers, ThatTheTypeCannotHoldAreNotRead) {
  Map map = make_map(MapType::percpu_hash, 4, 4);
  PerCpuValues<std::uint32_t> values{1};
  values.set(cpus - 1, 300);
  map.update_percpu(1, values);
  std::error_code ec;
  EXPECT_EQ(map.lookup_percpu<std::uint8_t>(1, ec).has_value(), false);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(test::error_of([&] { (void)map.lookup_percpu<std::uint8_t>(1); }).code(),
            Errc::out_of_range);
  EXPECT_EQ(map.lookup_percpu<std::uint16_t>(1)->sum(), 300 + cpus - 1);
}

TEST(PerCpuStructs, AreReadWrittenAndSummed) {
  using test::FlowStats;
  for (const auto type : types) {
    Map map = make_map(type, 4, sizeof(FlowStats));
    PerCpuValues<FlowStats> values;
    for (std::size_t i = 0; i < cpus; ++i)
      values.set(i, {.packets = i + 1, .bytes = 100 * (i + 1)});
    map.update_percpu(1, values);
    const auto read = map.lookup_percpu<FlowStats>(1);
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)[cpus - 1], (FlowStats{.packets = cpus, .bytes = 100 * cpus}));
    EXPECT_EQ(read->sum(&FlowStats::packets), cpus * (cpus + 1) / 2);
    EXPECT_EQ(read->sum().bytes, 100 * cpus * (cpus + 1) / 2);
    map.update(1, FlowStats{.packets = 3, .bytes = 4});
    EXPECT_EQ(map.lookup_percpu<FlowStats>(1)->sum(),
              (FlowStats{.packets = 3 * cpus, .bytes = 4 * cpus}));
  }
}

TEST(PerCpuStructs, OfTwelveBytesHaveZeroPaddingInTheKernel) {
  using Twelve = std::array<std::uint32_t, 3>;
  Map map = make_map(MapType::percpu_hash, 4, 12);
  map.update_percpu(1, PerCpuValues<Twelve>{{0xFFFF'FFFF, 0xFFFF'FFFF, 0xFFFF'FFFF}});
  EXPECT_EQ(stored(map, key_1), slots_of(std::vector<Bytes>(cpus, Bytes(12, std::byte{0xFF}))));
}

// A polling loop that allocates nothing.
TEST(PerCpuStructs, AreReadIntoReusedValues) {
  Map map = make_map(MapType::percpu_array, 4, sizeof(test::FlowStats), 3);
  PerCpuValues<test::FlowStats> values;
  for (std::uint64_t round = 1; round <= 3; ++round) {
    map.update(static_cast<int>(round - 1), test::FlowStats{.packets = round, .bytes = 0});
    ASSERT_TRUE(map.lookup_percpu_into(round - 1, values.bytes()));
    EXPECT_EQ(values.sum(&test::FlowStats::packets), round * cpus);
  }
}

TEST(PerCpuStructs, WithACodecAreReadAndWritten) {
  Map map = make_map(MapType::percpu_hash, 4, 16);
  PerCpuValues<test::Name> names{test::Name{"a longer name"}};
  names.fill({"eth0"});
  map.update_percpu(1, names);
  EXPECT_EQ((*map.lookup_percpu<test::Name>(1))[0], test::Name{"eth0"});
  Bytes expected = test::bytes({'e', 't', 'h', '0'});
  expected.resize(16);
  EXPECT_EQ(map.lookup_percpu(1), std::vector<Bytes>(cpus, expected));
}

}  // namespace
}  // namespace bpfmap
