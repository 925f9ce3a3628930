// SPDX-License-Identifier: MIT
// The bytes that typed maps hand to bpf(2), and what they make of the bytes that come back.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "bpfmap/bpfmap.hpp"
#include "bytes.hpp"
#include "sample_types.hpp"
#include "typed/element_map.hpp"

namespace bpfmap {
namespace {

using test::BigEndian32;
using test::bytes;
using test::bytes_of;
using test::copy_of;
using test::ElementMap;
using test::FlowKey;
using test::FlowStats;
using test::Name;
using test::Packed;
using test::Proto;

const FlowKey flow{.src = 0x0a000001, .dst = 0x0a000002, .ports = {80, 1024}, .proto = 6};
const FlowStats stats{.packets = 3, .bytes = 4500};
std::size_t cpus() { return sys::possible_cpus().size(); }

Bytes text16(std::string_view text) {
  Bytes result(16);
  std::memcpy(result.data(), text.data(), text.size());
  return result;
}

// The bytes of `value`, zero behind them up to 8, once for each CPU.
Bytes in_every_slot(BytesView value) {
  Bytes slots(sys::percpu_size(value.size()));
  for (std::size_t at = 0; at < slots.size(); at += sys::percpu_stride(value.size()))
    std::memcpy(slots.data() + at, value.data(), value.size());
  return slots;
}

TEST(HashMapEntry, IsTheObjectsOwnBytes) {
  ElementMap played{MapType::hash, sizeof flow, sizeof stats};
  HashMap<FlowKey, FlowStats> map{played.map()};
  map.update(flow, stats);
  const auto call = played.only_call();
  EXPECT_EQ(call.key, copy_of(bytes_of(flow)));
  EXPECT_EQ(call.value, copy_of(bytes_of(stats)));

  played.stored = copy_of(bytes_of(stats));
  EXPECT_EQ(map.lookup(flow), stats);
  EXPECT_EQ(map.lookup_and_delete(flow), stats);
  FlowStats room;
  EXPECT_TRUE(map.lookup_into(flow, room));
  EXPECT_EQ(room, stats);
  EXPECT_TRUE(map.contains(flow));
}

TEST(HashMapEntry, IsWhatItsCodecsMakeOfIt) {
  ElementMap played{MapType::hash, 16, 4};
  HashMap<Name, BigEndian32> map{played.map()};
  map.update(Name{"eth0"}, BigEndian32{0x01020304});
  const auto call = played.only_call();
  EXPECT_EQ(call.key, text16("eth0"));
  EXPECT_EQ(call.value, bytes({1, 2, 3, 4}));

  played.stored = bytes({0, 0, 1, 0});
  EXPECT_EQ(map.lookup(Name{"eth0"}), BigEndian32{256});
  EXPECT_EQ(map.lookup_and_delete(Name{"eth0"}), BigEndian32{256});
  BigEndian32 room;
  EXPECT_TRUE(map.lookup_into(Name{"eth0"}, room));
  EXPECT_EQ(room, BigEndian32{256});
}

TEST(HashMapEntry, LeavesNoGarbageWhereACodecWritesNothing) {
  ElementMap played{MapType::hash, 16, 16};
  HashMap<Name, Name> map{played.map()};
  map.update(Name{"sixteen bytes ok"}, Name{"sixteen bytes ok"});
  played.forget();
  map.update(Name{"a"}, Name{});
  auto call = played.only_call();
  EXPECT_EQ(call.key, text16("a"));
  EXPECT_EQ(call.value, Bytes(16));
  (void)map.erase(Name{"b"});
  EXPECT_EQ(played.only_call().key, text16("b"));
}

TEST(HashMapEntry, CanBeSmallerInTheMapThanTheObject) {
  ElementMap played{MapType::hash, 5, 5};
  HashMap<Packed, Packed> map{played.map()};
  map.update(Packed{1, 0x05040302}, Packed{6, 0x0a090807});
  const auto call = played.only_call();
  EXPECT_EQ(call.key, bytes({1, 2, 3, 4, 5}));
  EXPECT_EQ(call.value, bytes({6, 7, 8, 9, 10}));
}

TEST(HashMapEntry, TakesAnEnumeratorAndABool) {
  ElementMap played{MapType::hash, 1, 1};
  HashMap<Proto, bool> map{played.map()};
  map.update(Proto::udp, true);
  const auto call = played.only_call();
  EXPECT_EQ(call.key, bytes({17}));
  EXPECT_EQ(call.value, bytes({1}));
  played.stored = bytes({0});
  EXPECT_EQ(map.lookup(Proto::udp), false);
  played.stored = bytes({2});
  EXPECT_EQ(map.lookup(Proto::udp), true) << "as C reads it";
}

TEST(HashMapLookupInto, LeavesTheValueAsItWasWithoutAnEntry) {
  {
    ElementMap played{MapType::hash, 4, sizeof stats};
    const HashMap<std::uint32_t, FlowStats> map{played.map()};
    FlowStats room = stats;
    played.result = -ENOENT;
    EXPECT_FALSE(map.lookup_into(1, room));
    std::error_code ec = Errc::invalid_name;
    EXPECT_FALSE(map.lookup_into(1, room, ec));
    EXPECT_EQ(ec, std::error_code{});
    played.result = -EPERM;
    EXPECT_FALSE(map.lookup_into(1, room, ec));
    EXPECT_EQ(room, stats);
  }
  {
    ElementMap played{MapType::hash, 4, 16};
    const HashMap<std::uint32_t, Name> map{played.map()};
    Name room{"untouched"};
    played.result = -ENOENT;
    EXPECT_FALSE(map.lookup_into(1, room));
    std::error_code ec = Errc::invalid_name;
    EXPECT_FALSE(map.lookup_into(1, room, ec));
    played.result = -EPERM;
    EXPECT_FALSE(map.lookup_into(1, room, ec));
    EXPECT_EQ(room, Name{"untouched"});
  }
}

TEST(HashMapAnswers, SayWhetherSomethingWasDone) {
  ElementMap played{MapType::hash, 4, 4};
  HashMap<std::uint32_t, std::uint32_t> map{played.map()};
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.insert(1, 2));
  EXPECT_TRUE(map.insert(1, 2, ec));
  EXPECT_TRUE(map.replace(1, 2));
  EXPECT_TRUE(map.replace(1, 2, ec));
  EXPECT_TRUE(map.erase(1));
  EXPECT_TRUE(map.erase(1, ec));
  EXPECT_TRUE(map.contains(1));
  EXPECT_TRUE(map.contains(1, ec));
  played.result = -EEXIST;
  EXPECT_FALSE(map.insert(1, 2));
  EXPECT_FALSE(map.insert(1, 2, ec));
  EXPECT_EQ(ec, std::error_code{});
  played.result = -ENOENT;
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.replace(1, 2));
  EXPECT_FALSE(map.replace(1, 2, ec));
  EXPECT_FALSE(map.erase(1));
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_FALSE(map.contains(1));
  EXPECT_FALSE(map.contains(1, ec));
  EXPECT_EQ(map.lookup(1), std::nullopt);
  EXPECT_EQ(map.lookup(1, ec), std::nullopt);
  EXPECT_EQ(map.lookup_and_delete(1), std::nullopt);
  EXPECT_EQ(map.lookup_and_delete(1, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(HashMapFailure, LeavesNoValue) {
  ElementMap played{MapType::hash, 4, 4};
  HashMap<std::uint32_t, std::uint32_t> map{played.map()};
  played.result = -EPERM;
  std::error_code ec;
  EXPECT_EQ(map.lookup(1, ec), std::nullopt);
  EXPECT_EQ(map.lookup_and_delete(1, ec), std::nullopt);
  EXPECT_FALSE(map.contains(1, ec));
  EXPECT_FALSE(map.insert(1, 2, ec));
  EXPECT_FALSE(map.replace(1, 2, ec));
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
}

TEST(ArrayMapEntry, IsNamedByItsIndex) {
  ElementMap played{MapType::array, 4, sizeof stats};
  ArrayMap<FlowStats> map{played.map()};
  map.update(0x01020304, stats);
  const auto call = played.only_call();
  const std::uint32_t index = 0x01020304;
  EXPECT_EQ(call.key, copy_of(bytes_of(index)));
  EXPECT_EQ(call.value, copy_of(bytes_of(stats)));
  played.stored = copy_of(bytes_of(stats));
  EXPECT_EQ(map.lookup(1), stats);
  std::error_code ec;
  EXPECT_EQ(map.lookup(1, ec), stats);
}

TEST(ArrayMapEntry, IsWhatItsCodecMakesOfIt) {
  ElementMap played{MapType::array, 4, 16};
  ArrayMap<Name> map{played.map()};
  map.update(0, Name{"eth0"});
  EXPECT_EQ(played.only_call().value, text16("eth0"));
  played.stored = text16("wlan0");
  EXPECT_EQ(map.lookup(0), Name{"wlan0"});
}

TEST(ArrayMapLookup, GivesNothingWithAnError) {
  ElementMap played{MapType::array, 4, 4};
  const ArrayMap<std::uint32_t> map{played.map()};
  played.result = -ENOENT;
  std::error_code ec;
  EXPECT_EQ(map.lookup(8, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
  played.result = -EPERM;
  EXPECT_EQ(map.lookup(8, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
}

TEST(ArrayMapMaxEntries, IsWhatTheKernelReports) {
  ElementMap played{MapType::array, 4, 4};
  const ArrayMap<std::uint32_t> map{played.map()};
  EXPECT_EQ(map.max_entries(), map.map().info().max_entries);
  EXPECT_EQ(map.max_entries(), 8U);
  EXPECT_EQ(played.calls(), 0U);
}

TEST(PerCpuEntry, IsWrittenToEveryCpuWithZeroPadding) {
  const std::uint32_t key = 7;
  {
    ElementMap played{MapType::percpu_hash, 4, sizeof stats};
    PerCpuHashMap<std::uint32_t, FlowStats> map{played.map()};
    map.update(key, stats);
    const auto call = played.only_call();
    EXPECT_EQ(call.key, copy_of(bytes_of(key)));
    EXPECT_EQ(call.value, in_every_slot(bytes_of(stats)));
  }
  {
    ElementMap played{MapType::percpu_array, 4, 5};
    PerCpuArrayMap<Packed> map{played.map()};
    map.update(key, Packed{1, 0x05040302});
    EXPECT_EQ(played.only_call().value, in_every_slot(bytes({1, 2, 3, 4, 5})));
  }
  {
    ElementMap played{MapType::percpu_array, 4, 1};
    PerCpuArrayMap<bool> map{played.map()};
    map.update(key, true);
    EXPECT_EQ(played.only_call().value, in_every_slot(bytes({1})));
  }
}

// More slots than fit into the room that needs no heap.
TEST(PerCpuEntry, IsWrittenToEveryCpuHoweverLarge) {
  using Large = test::Block<3000>;
  ElementMap played{MapType::percpu_hash, 4, sizeof(Large)};
  PerCpuHashMap<std::uint32_t, Large> map{played.map()};
  const auto large = Large::filled(1);
  EXPECT_TRUE(map.insert(1, large));
  EXPECT_EQ(played.only_call().value, in_every_slot(bytes_of(large)));
}

TEST(PerCpuEntry, IsWrittenToEachCpuAsItIs) {
  ElementMap played{MapType::percpu_hash, 4, 4};
  PerCpuHashMap<std::uint32_t, std::uint32_t> map{played.map()};
  PerCpuValues<std::uint32_t> values;
  for (std::size_t i = 0; i < values.size(); ++i) values.set(i, static_cast<std::uint32_t>(i + 1));
  map.update(1, values);
  EXPECT_EQ(played.only_call().value, copy_of(values.bytes()));
  EXPECT_TRUE(map.insert(1, values));
  EXPECT_EQ(played.only_call().value, copy_of(values.bytes()));
  EXPECT_TRUE(map.replace(1, values));
  EXPECT_EQ(played.only_call().value, copy_of(values.bytes()));
}

TEST(PerCpuEntry, IsReadSlotBySlot) {
  ElementMap played{MapType::percpu_hash, 16, 4};
  PerCpuHashMap<Name, BigEndian32> map{played.map()};
  for (std::size_t i = 0; i < cpus(); ++i) played.stored[8 * i + 3] = static_cast<std::byte>(i + 1);
  const auto expect = [](const PerCpuValues<BigEndian32>& values) {
    ASSERT_EQ(values.size(), cpus());
    for (std::size_t i = 0; i < cpus(); ++i) EXPECT_EQ(values[i].value, i + 1);
  };
  const auto found = map.lookup(Name{"eth0"});
  ASSERT_TRUE(found);
  expect(*found);
  EXPECT_EQ(played.only_call().key, text16("eth0"));
  PerCpuValues<BigEndian32> room;
  EXPECT_TRUE(map.lookup_into(Name{"eth0"}, room));
  expect(room);
  const auto taken = map.lookup_and_delete(Name{"eth0"});
  ASSERT_TRUE(taken);
  expect(*taken);
}

TEST(PerCpuAnswers, SayWhetherSomethingWasDone) {
  ElementMap played{MapType::percpu_hash, 4, 4};
  PerCpuHashMap<std::uint32_t, std::uint32_t> map{played.map()};
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.insert(1, 2));
  EXPECT_TRUE(map.insert(1, 2, ec));
  EXPECT_TRUE(map.replace(1, 2));
  EXPECT_TRUE(map.replace(1, 2, ec));
  EXPECT_TRUE(map.erase(1));
  EXPECT_TRUE(map.erase(1, ec));
  EXPECT_TRUE(map.contains(1));
  EXPECT_TRUE(map.contains(1, ec));
  played.result = -EEXIST;
  EXPECT_FALSE(map.insert(1, 2));
  EXPECT_FALSE(map.insert(1, 2, ec));
  EXPECT_EQ(ec, std::error_code{});
  played.result = -ENOENT;
  ec = Errc::invalid_name;
  PerCpuValues<std::uint32_t> room{5};
  EXPECT_FALSE(map.replace(1, 2));
  EXPECT_FALSE(map.replace(1, 2, ec));
  EXPECT_FALSE(map.erase(1));
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_FALSE(map.contains(1));
  EXPECT_FALSE(map.contains(1, ec));
  EXPECT_FALSE(map.lookup(1).has_value());
  EXPECT_FALSE(map.lookup(1, ec).has_value());
  EXPECT_FALSE(map.lookup_into(1, room));
  EXPECT_FALSE(map.lookup_into(1, room, ec));
  EXPECT_FALSE(map.lookup_and_delete(1).has_value());
  EXPECT_FALSE(map.lookup_and_delete(1, ec).has_value());
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room.sum(), 5 * cpus()) << "as it was";
}

TEST(PerCpuFailure, LeavesNoValue) {
  ElementMap hash{MapType::percpu_hash, 4, 4};
  hash.result = -EPERM;
  PerCpuHashMap<std::uint32_t, std::uint32_t> hash_map{hash.map()};
  std::error_code ec;
  EXPECT_FALSE(hash_map.lookup(1, ec).has_value());
  EXPECT_FALSE(hash_map.lookup_and_delete(1, ec).has_value());
  EXPECT_FALSE(hash_map.insert(1, 2, ec));
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
}

TEST(PerCpuFailure, LeavesNoValueOfAnArray) {
  ElementMap array{MapType::percpu_array, 4, 4};
  array.result = -ENOENT;
  const PerCpuArrayMap<std::uint32_t> array_map{array.map()};
  std::error_code ec;
  EXPECT_FALSE(array_map.lookup(8, ec).has_value());
  EXPECT_EQ(ec, Errc::index_out_of_range);
}

// Moved-from PerCpuValues have no slots: reading makes new ones, writing has nothing to write.
TEST(MovedFromPerCpuValues, AreFilledByALookup) {
  ElementMap played{MapType::percpu_hash, 4, 4};
  played.stored[0] = std::byte{9};
  const PerCpuHashMap<std::uint32_t, std::uint32_t> map{played.map()};
  PerCpuValues<std::uint32_t> values{1};
  PerCpuValues<std::uint32_t> other{std::move(values)};
  ASSERT_TRUE(values.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(map.lookup_into(1, values));
  ASSERT_EQ(values.size(), cpus());
  EXPECT_EQ(values[0], 9U);

  other = std::move(values);
  std::error_code ec;
  EXPECT_TRUE(map.lookup_into(1, values, ec));  // NOLINT(bugprone-use-after-move)
  ASSERT_EQ(values.size(), cpus());
  EXPECT_EQ(values[0], 9U);
}

template <class Write>
void expect_cpu_count(ElementMap& played, Write write) {
  PerCpuValues<std::uint32_t> values{1};
  const PerCpuValues<std::uint32_t> other{std::move(values)};
  std::error_code ec;
  write(std::as_const(values), &ec);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(ec, Errc::wrong_cpu_count);
  const Error error = test::error_of([&] { write(std::as_const(values), nullptr); });
  EXPECT_EQ(error.code(), Errc::wrong_cpu_count) << error.what();
  EXPECT_EQ(error.operation(), Operation::update);
  EXPECT_EQ(played.calls(), 0U);
}

TEST(MovedFromPerCpuValues, AreNotWritten) {
  ElementMap hash{MapType::percpu_hash, 4, 4};
  PerCpuHashMap<std::uint32_t, std::uint32_t> map{hash.map()};
  using Values = PerCpuValues<std::uint32_t>;
  expect_cpu_count(hash, [&](const Values& values, std::error_code* ec) {
    ec != nullptr ? map.update(1, values, *ec) : map.update(1, values);
  });
  expect_cpu_count(hash, [&](const Values& values, std::error_code* ec) {
    EXPECT_FALSE(ec != nullptr ? map.insert(1, values, *ec) : map.insert(1, values));
  });
  expect_cpu_count(hash, [&](const Values& values, std::error_code* ec) {
    EXPECT_FALSE(ec != nullptr ? map.replace(1, values, *ec) : map.replace(1, values));
  });
}

TEST(MovedFromPerCpuValues, AreNotWrittenToAnArray) {
  ElementMap array{MapType::percpu_array, 4, 4};
  PerCpuArrayMap<std::uint32_t> map{array.map()};
  expect_cpu_count(array, [&](const PerCpuValues<std::uint32_t>& values, std::error_code* ec) {
    ec != nullptr ? map.update(1, values, *ec) : map.update(1, values);
  });
}

}  // namespace
}  // namespace bpfmap
