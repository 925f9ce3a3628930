// SPDX-License-Identifier: MIT
// Walking whole maps that nobody else changes.
#include "bpfmap/bulk/scan.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bytes.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "sample_types.hpp"

namespace {

// Looks as if it could be made from the bytes in a scan's buffer, but its Codec says otherwise.
struct Checksum {
  Checksum() = default;
  explicit Checksum(bpfmap::BytesView bytes) {
    for (const std::byte byte : bytes) sum += std::to_integer<std::uint32_t>(byte);
  }
  std::uint32_t sum = 0;
};

}  // namespace

template <>
struct bpfmap::Codec<Checksum> {
  static constexpr std::size_t size = sizeof(std::uint32_t);
  static void encode(const Checksum& checksum, std::span<std::byte, size> out) noexcept {
    std::memcpy(out.data(), &checksum.sum, size);
  }
  static Checksum decode(std::span<const std::byte, size> in) noexcept {
    Checksum checksum;
    std::memcpy(&checksum.sum, in.data(), size);
    return checksum;
  }
};

namespace bpfmap {
namespace {

using test::BigEndian32;
using test::bytes;
using test::bytes_of;
using test::copy_of;
using test::error_of;
using test::FlowKey;
using test::FlowStats;
using test::Name;
using test::Packed;

using Numbers = HashMap<std::uint32_t, std::uint64_t>;

const std::size_t cpus = sys::possible_cpus().size();
constexpr std::array sizes{0U, 1U, 2U, 255U, 256U, 257U, 1000U};

Numbers numbers(std::uint32_t entries, std::uint32_t max_entries, MapType type = MapType::hash) {
  auto map = Numbers::create({.type = type, .max_entries = max_entries, .name = "numbers"});
  for (std::uint32_t key = 0; key < entries; ++key) EXPECT_TRUE(map.insert(key, 10 * key));
  return map;
}

// What a range shows, each key once.
template <class Range>
std::map<std::uint32_t, std::uint64_t> collect(Range&& range) {
  std::map<std::uint32_t, std::uint64_t> seen;
  for (auto [key, value] : range)
    EXPECT_TRUE(seen.emplace(key, value).second) << key << " came twice";
  return seen;
}

std::map<std::uint32_t, std::uint64_t> expected(std::uint32_t entries) {
  std::map<std::uint32_t, std::uint64_t> all;
  for (std::uint32_t key = 0; key < entries; ++key) all[key] = 10 * key;
  return all;
}

// --- hash maps ---

TEST(HashMapScan, ShowsEveryEntryOnce) {
  for (const std::uint32_t entries : sizes) {
    SCOPED_TRACE(entries);
    const auto map = numbers(entries, 1000);
    EXPECT_EQ(collect(map), expected(entries));
    EXPECT_EQ(collect(scan(map)), expected(entries));
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(collect(bpfmap::scan(map, ec)), expected(entries));
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    EXPECT_EQ(collect(bpfmap::scan(map, {.batch_size = 7}, ec)), expected(entries));
    EXPECT_EQ(ec, std::error_code{});
  }
}

TEST(HashMapScan, ShowsEveryEntryOfAFullMap) {
  for (const std::uint32_t entries : {1U, 2U, 3U, 64U, 1000U})
    EXPECT_EQ(collect(numbers(entries, entries)), expected(entries)) << entries;
}

TEST(HashMapScan, ShowsEveryEntryOfAnLruMap) {
  const auto map = numbers(100, 1024, MapType::lru_hash);
  EXPECT_EQ(collect(map), expected(100));
}

TEST(HashMapScan, ShowsKeysOrValuesAlone) {
  const auto map = numbers(300, 1000);
  std::set<std::uint32_t> keys;
  for (const std::uint32_t key : bpfmap::keys(map)) EXPECT_TRUE(keys.insert(key).second);
  EXPECT_EQ(keys.size(), 300U);
  EXPECT_EQ(*keys.begin(), 0U);
  EXPECT_EQ(*keys.rbegin(), 299U);
  std::set<std::uint64_t> values;
  for (const std::uint64_t value : bpfmap::values(map)) EXPECT_TRUE(values.insert(value).second);
  EXPECT_EQ(values.size(), 300U);
  EXPECT_EQ(*values.rbegin(), 2990U);
}

TEST(HashMapScan, LeavesAnErrorInItsErrorCode) {
  const auto map = numbers(10, 100);
  const HashMap<std::uint32_t, std::uint64_t> closed{map.map().duplicate()};
  const int fd = closed.map().fd();
  ::close(fd);
  std::error_code keys_ec;
  for (const std::uint32_t key : bpfmap::keys(closed, keys_ec)) ADD_FAILURE() << key;
  EXPECT_EQ(keys_ec.value(), EBADF);
  std::error_code values_ec;
  for (const std::uint64_t value : bpfmap::values(closed, values_ec)) ADD_FAILURE() << value;
  EXPECT_EQ(values_ec.value(), EBADF);
  EXPECT_EQ(::dup2(map.map().fd(), fd), fd) << "what is closed again must be open";
}

TEST(HashMapScan, ShowsStructs) {
  auto map = HashMap<FlowKey, FlowStats>::create({.max_entries = 8});
  const FlowKey flow{.src = 1, .dst = 2, .ports = {3, 4}, .proto = 5};
  map.update(flow, {.packets = 6, .bytes = 7});
  for (auto [key, stats] : map) {
    EXPECT_EQ(key, flow);
    EXPECT_EQ(stats, (FlowStats{6, 7}));
  }
  for (const Entry<FlowKey, FlowStats>& entry : scan(map)) EXPECT_EQ(entry.key, flow);
}

TEST(HashMapScan, ShowsWhatCodecsMakeOfTheBytes) {
  auto map = HashMap<Name, BigEndian32>::create({.max_entries = 8});
  map.update(Name{"eth0"}, BigEndian32{1});
  map.update(Name{"eth1"}, BigEndian32{0x01020304});
  std::map<std::string, std::uint32_t> seen;
  for (auto [name, number] : map) seen[name.text] = number.value;
  EXPECT_EQ(seen, (std::map<std::string, std::uint32_t>{{"eth0", 1}, {"eth1", 0x01020304}}));
  for (const Name& name : bpfmap::keys(map)) EXPECT_EQ(seen.count(name.text), 1U);
  for (const BigEndian32 number : bpfmap::values(map)) EXPECT_NE(number.value, 0U);
}

TEST(HashMapScan, DecodesATypeThatCouldBeMadeFromBytes) {
  auto map = HashMap<std::uint32_t, Checksum>::create({.max_entries = 1});
  const std::array four{std::byte{255}, std::byte{255}, std::byte{255}, std::byte{255}};
  const Checksum checksum{BytesView{four}};
  map.update(1, checksum);
  EXPECT_EQ(map.lookup(1).value().sum, 1020U);
  for (auto [key, value] : map) EXPECT_EQ(value.sum, 1020U) << key;
  for (const Checksum& value : bpfmap::values(map)) EXPECT_EQ(value.sum, 1020U);
}

// 5-byte keys and values lie in the buffer at odd addresses.
TEST(HashMapScan, ShowsTypesOfOddSizes) {
  auto map = HashMap<Packed, Packed>::create({.max_entries = 100});
  for (std::uint32_t i = 0; i < 100; ++i) map.update(Packed{1, i}, Packed{2, 1000 + i});
  std::set<std::uint32_t> seen;
  for (auto [key, value] : bpfmap::scan(map, {.batch_size = 33})) {
    EXPECT_EQ(value.b, key.b + 1000);
    EXPECT_TRUE(seen.insert(key.b).second);
  }
  EXPECT_EQ(seen.size(), 100U);
}

// --- the other classes ---

TEST(ArrayMapScan, ShowsEveryIndexInOrder) {
  for (const std::uint32_t entries : {1U, 2U, 256U, 257U, 1000U}) {
    auto map = ArrayMap<std::uint64_t>::create({.max_entries = entries});
    for (std::uint32_t index = 0; index < entries; ++index) map.update(index, 10 * index);
    std::uint32_t next = 0;
    for (auto [index, value] : map) {
      ASSERT_EQ(index, next++);
      ASSERT_EQ(value, 10U * index);
    }
    EXPECT_EQ(next, entries);
    EXPECT_EQ(collect(bpfmap::scan(map, {.batch_size = 100})), expected(entries));
    EXPECT_EQ(std::ranges::distance(bpfmap::keys(map)), std::ptrdiff_t{entries});
    EXPECT_EQ(std::ranges::distance(bpfmap::values(map)), std::ptrdiff_t{entries});
  }
}

TEST(ArrayMapScan, ShowsValuesOfAnySize) {
  using Odd = test::Block<13>;
  auto map = ArrayMap<Odd>::create({.max_entries = 50});
  for (std::uint32_t index = 0; index < 50; ++index) map.update(index, Odd::filled(index));
  for (auto [index, value] : bpfmap::scan(map, {.batch_size = 7}))
    EXPECT_EQ(value, Odd::filled(index));
}

TEST(PerCpuHashMapScan, ShowsTheSlotsOfEveryEntry) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.max_entries = 500});
  for (std::uint32_t key = 0; key < 500; ++key) {
    PerCpuValues<std::uint32_t> values;
    for (std::size_t i = 0; i < cpus; ++i)
      values.set(i, static_cast<std::uint32_t>(1000 * key + i));
    map.update(key, values);
  }
  std::set<std::uint32_t> seen;
  for (auto [key, slots] : map) {
    EXPECT_TRUE(seen.insert(key).second);
    ASSERT_EQ(slots.size(), cpus);
    for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ(slots[i], 1000 * key + i);
  }
  EXPECT_EQ(seen.size(), 500U);
  std::uint64_t sum = 0;
  for (const auto& slots : bpfmap::values(map)) sum += slots.sum();
  EXPECT_EQ(sum, 500ULL * 499 / 2 * 1000 * cpus + 500 * (cpus * (cpus - 1) / 2));
}

TEST(PerCpuHashMapScan, KeepsWhatIsCopiedOutOfIt) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 10});
  for (std::uint32_t key = 0; key < 10; ++key) map.update(key, std::uint64_t{key});
  std::vector<std::pair<std::uint32_t, PerCpuValues<std::uint64_t>>> kept;
  for (auto [key, slots] : bpfmap::scan(map, {.batch_size = 1}))
    kept.emplace_back(key, PerCpuValues<std::uint64_t>{slots});
  ASSERT_EQ(kept.size(), 10U);
  for (const auto& [key, values] : kept) EXPECT_EQ(values.sum(), key * cpus);
}

TEST(PerCpuArrayMapScan, ShowsTheSlotsOfEveryIndexInOrder) {
  auto map = PerCpuArrayMap<FlowStats>::create({.max_entries = 300});
  for (std::uint32_t index = 0; index < 300; ++index) map.update(index, FlowStats{index, 1});
  std::uint32_t next = 0;
  for (auto [index, slots] : map) {
    ASSERT_EQ(index, next++);
    EXPECT_EQ(slots.sum(), (FlowStats{index * cpus, cpus}));
    EXPECT_EQ(slots.sum(&FlowStats::bytes), cpus);
  }
  EXPECT_EQ(next, 300U);
}

TEST(MapScan, ShowsBytes) {
  Map map =
      Map::create({.type = MapType::hash, .key_size = 4, .value_size = 2, .max_entries = 1000});
  for (int i = 0; i < 1000; ++i) map.update(i, 2 * i);
  std::set<std::uint64_t> seen;
  const auto check = [&](BytesView key, BytesView value) {
    ASSERT_EQ(key.size(), 4U);
    ASSERT_EQ(value.size(), 2U);
    EXPECT_TRUE(seen.insert(decode_int_value(key)).second);
    EXPECT_EQ(decode_int_value(value), 2 * decode_int_value(key));
  };
  for (auto [key, value] : map) check(key, value);
  EXPECT_EQ(seen.size(), 1000U);
  seen.clear();
  for (auto [key, value] : scan(std::as_const(map))) check(key, value);
  EXPECT_EQ(seen.size(), 1000U);
  seen.clear();
  std::error_code ec = Errc::invalid_name;
  for (auto [key, value] : scan(map, {.batch_size = 10}, ec)) check(key, value);
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(MapScan, ShowsAllSlotsOfAPerCpuMap) {
  Map map = Map::create(
      {.type = MapType::percpu_array, .key_size = 4, .value_size = 4, .max_entries = 3});
  map.update(1, 7);
  int entries = 0;
  for (auto [key, value] : map) {
    EXPECT_EQ(value.size(), 8 * cpus);
    EXPECT_EQ(copy_of(value), test::stored(map, copy_of(key)));
    ++entries;
  }
  EXPECT_EQ(entries, 3);
}

TEST(MapScan, WorksWithAlgorithms) {
  auto map = numbers(100, 100);
  EXPECT_EQ(std::ranges::count_if(scan(map), [](const auto& entry) { return entry.value >= 500; }),
            50);
  EXPECT_EQ(std::ranges::distance(map), 100);
  EXPECT_EQ(std::ranges::distance(map.map()), 100);
}

// --- what the loop body may do ---

TEST(ScanBody, MayEraseTheCurrentEntry) {
  for (const std::uint32_t batch_size : {0U, 1U, 16U}) {
    auto map = numbers(1000, 1000);
    std::set<std::uint32_t> seen;
    for (auto [key, value] : bpfmap::scan(map, {.batch_size = batch_size})) {
      EXPECT_EQ(value, 10 * key);
      EXPECT_TRUE(seen.insert(key).second);
      EXPECT_TRUE(map.erase(key));
    }
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_TRUE(test::stored_keys(map.map()).empty());
  }
}

TEST(ScanBody, MayEraseSomeOfTheEntries) {
  auto map = numbers(1000, 1000);
  for (auto [key, value] : map) {
    if (value % 100 == 0) {
      EXPECT_TRUE(map.erase(key));
    }
  }
  EXPECT_EQ(collect(map).size(), 900U);
}

TEST(ScanBody, MayUpdateTheCurrentEntry) {
  // An LRU map takes a new element for each update, and evicts for it when it is full.
  for (const auto& [type, max_entries] :
       {std::pair{MapType::hash, 512U}, std::pair{MapType::lru_hash, 4096U}}) {
    auto map = numbers(512, max_entries, type);
    std::set<std::uint32_t> seen;
    for (auto [key, value] : bpfmap::scan(map, {.batch_size = 16})) {
      ASSERT_TRUE(seen.insert(key).second) << "an update must not bring it back";
      map.update(key, value + 1);
    }
    EXPECT_EQ(seen.size(), 512U);
    for (auto [key, value] : map) EXPECT_EQ(value, 10 * key + 1);
  }
}

TEST(ScanBody, MayUpdatePerCpuValues) {
  auto map = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 300});
  for (std::uint32_t key = 0; key < 300; ++key) map.update(key, std::uint64_t{key});
  std::uint32_t entries = 0;
  for (auto [key, slots] : bpfmap::scan(map, {.batch_size = 8})) {
    map.update(key, PerCpuValues<std::uint64_t>{slots[0] + 1});
    ++entries;
  }
  EXPECT_EQ(entries, 300U);
  for (auto [key, slots] : map) EXPECT_EQ(slots.sum(), (key + 1) * cpus);
}

// An exception out of the body, or a break: nothing is left behind, and nothing of the map is lost.
TEST(ScanBody, MayThrow) {
  const auto map = numbers(1000, 1000);
  const std::size_t before = test::open_descriptors();
  int shown = 0;
  EXPECT_THROW(
      {
        for (auto [key, value] : map) {
          if (++shown == 300) throw std::runtime_error{std::to_string(key + value)};
        }
      },
      std::runtime_error);
  EXPECT_EQ(shown, 300);
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(collect(map).size(), 1000U);
}

TEST(ScanBody, MayBreak) {
  const auto map = numbers(1000, 1000);
  auto scan = bpfmap::scan(map, {.batch_size = 100});
  int shown = 0;
  for (const auto& entry : scan) {
    (void)entry;
    if (++shown == 150) break;
  }
  EXPECT_FALSE(scan.status().complete);
  EXPECT_LT(scan.status().entries, 1000U);
  EXPECT_EQ(collect(scan), expected(1000)) << "from the first entry again";
  EXPECT_TRUE(scan.status().complete);
  EXPECT_EQ(scan.status().entries, 1000U);
}

TEST(ScanBody, MayScanTheSameMap) {
  const auto map = numbers(20, 64);
  int pairs = 0;
  for (auto [a, x] : map)
    for (auto [b, y] : map) pairs += a < b && x < y ? 1 : 0;
  EXPECT_EQ(pairs, 190);
}

// --- batches and status ---

// 1024 entries in 1024 buckets: some bucket holds more than one, and none is lost.
TEST(ScanOfSmallBatches, GrowsToTheLargestBucket) {
  const auto map = numbers(1024, 1024);
  for (const std::uint32_t batch_size : {1U, 2U, 3U}) {
    auto scan = bpfmap::scan(map, {.batch_size = batch_size});
    EXPECT_EQ(collect(scan), expected(1024));
    EXPECT_GT(scan.status().batch_size, batch_size);
    EXPECT_LE(scan.status().batch_size, 64U);
    EXPECT_EQ(scan.status().method, ScanMethod::batch);
    EXPECT_TRUE(scan.status().complete);
    EXPECT_TRUE(scan.status().exact);
  }
}

TEST(ScanStatus, TellsOfAWholeWalk) {
  const auto map = numbers(1000, 2000);
  auto scan = bpfmap::scan(map);
  EXPECT_FALSE(scan.status().complete) << "not begun";
  EXPECT_EQ(collect(scan), expected(1000));
  EXPECT_EQ(scan.status().method, ScanMethod::batch);
  EXPECT_TRUE(scan.status().complete);
  EXPECT_TRUE(scan.status().exact);
  EXPECT_FALSE(scan.status().restarted);
  EXPECT_EQ(scan.status().entries, 1000U);
  EXPECT_EQ(scan.status().batch_size, 256U);
}

TEST(ScanStatus, BeginsAnewWithEachWalk) {
  auto map = numbers(10, 100);
  auto scan = bpfmap::scan(map);
  EXPECT_EQ(collect(scan).size(), 10U);
  EXPECT_EQ(collect(scan).size(), 10U);
  EXPECT_EQ(scan.status().entries, 10U);
  for (std::uint32_t key = 0; key < 10; ++key) EXPECT_TRUE(map.erase(key));
  EXPECT_TRUE(collect(scan).empty());
  EXPECT_EQ(scan.status().entries, 0U);
  EXPECT_TRUE(scan.status().complete);
}

TEST(ScanStatus, TellsThatAWalkIsNotComplete) {
  const auto map = numbers(10, 100);
  auto scan = bpfmap::scan(map, {.batch_size = 1});
  auto it = scan.begin();
  EXPECT_FALSE(scan.status().complete);
  for (; it != scan.end(); ++it) (void)*it;
  EXPECT_TRUE(scan.status().complete);
}

// --- types without batches ---

// Only the slots that are filled.
TEST(ScanByIndex, ShowsTheFilledSlotsOfAProgArray) {
  const sys::UniqueFd program = test::load_program();
  ASSERT_TRUE(program);
  Map map = Map::create(
      {.type = MapType::prog_array, .key_size = 4, .value_size = 4, .max_entries = 1000});
  for (const int index : {0, 7, 998, 999}) map.update(index, program.get());
  auto all = scan(map, {.batch_size = 3});
  std::vector<std::uint64_t> seen;
  for (auto [key, value] : all) {
    seen.push_back(decode_int_value(key));
    EXPECT_NE(decode_int_value(value), 0U) << "the program's id";
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 7, 998, 999}));
  EXPECT_EQ(all.status().method, ScanMethod::index);
  EXPECT_TRUE(all.status().complete);
  EXPECT_TRUE(all.status().exact);
  EXPECT_EQ(all.status().entries, 4U);
  for (const int index : {0, 7, 998, 999}) EXPECT_TRUE(map.erase(index));
  EXPECT_EQ(std::ranges::distance(map), 0);
}

TEST(ScanByIndex, ShowsTheFilledSlotsOfADevmap) {
  Map map =
      Map::create({.type = MapType::devmap, .key_size = 4, .value_size = 4, .max_entries = 300});
  constexpr int loopback = 1;
  map.update(299, loopback);
  map.update(3, loopback);
  std::vector<std::uint64_t> seen;
  auto all = scan(map);
  for (auto [key, value] : all) {
    seen.push_back(decode_int_value(key));
    EXPECT_EQ(decode_int_value(value), 1U);
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{3, 299}));
  EXPECT_EQ(all.status().method, ScanMethod::index);
  EXPECT_TRUE(all.status().complete);
}

TEST(ScanByNextKey, ShowsEveryEntryOfADevmapHash) {
  Map map = Map::create(
      {.type = MapType::devmap_hash, .key_size = 4, .value_size = 4, .max_entries = 600});
  constexpr int loopback = 1;
  for (int key = 0; key < 600; ++key) map.update(1000 + key, loopback);
  for (const std::uint32_t batch_size : {0U, 1U, 7U}) {
    std::set<std::uint64_t> seen;
    auto all = scan(map, {.batch_size = batch_size});
    for (auto [key, value] : all) {
      EXPECT_TRUE(seen.insert(decode_int_value(key)).second);
      EXPECT_EQ(decode_int_value(value), 1U);
    }
    EXPECT_EQ(seen.size(), 600U);
    EXPECT_EQ(*seen.begin(), 1000U);
    EXPECT_EQ(all.status().method, ScanMethod::next_key);
    EXPECT_TRUE(all.status().complete);
    EXPECT_FALSE(all.status().exact) << "it would not be, were somebody else to change the map";
    EXPECT_FALSE(all.status().restarted);
    EXPECT_EQ(all.status().entries, 600U);
  }
}

TEST(ScanByNextKey, LetsTheBodyEraseTheCurrentEntry) {
  Map map = Map::create(
      {.type = MapType::devmap_hash, .key_size = 4, .value_size = 4, .max_entries = 300});
  for (int key = 0; key < 300; ++key) map.update(key, 1);
  for (const std::uint32_t batch_size : {1U, 32U}) {
    std::set<std::uint64_t> seen;
    for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
      EXPECT_TRUE(seen.insert(decode_int_value(key)).second);
      EXPECT_TRUE(map.erase(key));
    }
    EXPECT_EQ(seen.size(), 300U);
    EXPECT_TRUE(test::stored_keys(map).empty());
    for (int key = 0; key < 300; ++key) map.update(key, 1);
  }
}

TEST(ScanByNextKey, EndsAtOnceOnAnEmptyMap) {
  for (const MapType type : {MapType::devmap_hash, MapType::sockhash}) {
    const Map map = Map::create(test::spec_of(type));
    auto all = scan(map);
    for (const auto& entry : all) ADD_FAILURE() << entry.key.size();
    EXPECT_EQ(all.status().method, ScanMethod::next_key);
    EXPECT_TRUE(all.status().complete);
    EXPECT_EQ(all.status().entries, 0U);
  }
}

struct Prefix {
  std::uint32_t length;
  std::array<std::uint8_t, 4> bits;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

TEST(LpmTrieScan, ShowsEveryPrefixTheLongestFirst) {
  Map map = test::make_map(MapType::lpm_trie, 8, 4, 100);
  const std::vector<Prefix> prefixes{{24, {192, 168, 0, 0}},
                                     {28, {192, 168, 1, 128}},
                                     {24, {192, 168, 1, 0}},
                                     {24, {192, 168, 128, 0}},
                                     {16, {192, 168, 0, 0}}};
  for (std::size_t i = 0; i < prefixes.size(); ++i)
    map.update(bytes_of(prefixes[prefixes.size() - 1 - i]), static_cast<int>(i));
  for (const std::uint32_t batch_size : {0U, 1U, 2U}) {
    std::vector<Prefix> seen;
    auto all = scan(map, {.batch_size = batch_size});
    for (auto [key, value] : all) {
      Prefix prefix{};
      std::memcpy(&prefix, key.data(), sizeof prefix);
      seen.push_back(prefix);
      EXPECT_EQ(value.size(), 4U);
    }
    EXPECT_EQ(seen, prefixes) << batch_size;
    EXPECT_EQ(all.status().method, ScanMethod::batch);
    EXPECT_TRUE(all.status().complete);
    EXPECT_EQ(all.status().entries, 5U);
  }
}

TEST(LpmTrieScan, LetsTheBodyEraseTheCurrentEntry) {
  for (const std::uint32_t batch_size : {0U, 1U, 50U}) {
    Map map = test::make_map(MapType::lpm_trie, 8, 4, 1000);
    for (std::uint8_t i = 0; i < 200; ++i) {
      map.update(bytes_of(Prefix{24, {10, 0, i, 0}}), int{i});
      map.update(bytes_of(Prefix{32, {10, 0, i, 1}}), int{i});
    }
    int entries = 0;
    for (auto [key, value] : scan(map, {.batch_size = batch_size})) {
      EXPECT_TRUE(map.erase(copy_of(key)));
      ++entries;
    }
    EXPECT_EQ(entries, 400) << batch_size;
    EXPECT_EQ(std::ranges::distance(map), 0);
  }
}

// --- what cannot be walked ---

TEST(ScanOfAKeylessMap, IsRefused) {
  for (const MapType type :
       test::those_of_this_kernel({MapType::queue, MapType::stack, MapType::bloom_filter,
                                   MapType::ringbuf, MapType::arena})) {
    SCOPED_TRACE(to_string(type));
    const Map map = Map::create(test::spec_of(type));
    const Error error = error_of([&] {
      for (const auto& entry : map) ADD_FAILURE() << entry.key.size();
    });
    EXPECT_EQ(error.code(), Errc::unsupported_operation);
    EXPECT_EQ(error.code(), std::errc::not_supported);
    EXPECT_EQ(error.operation(), Operation::scan);
    EXPECT_EQ(error.map_id(), map.info().id);
    std::error_code ec;
    auto quiet = scan(map, ec);
    for (const auto& entry : quiet) ADD_FAILURE() << entry.key.size();
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_FALSE(quiet.status().complete);
    EXPECT_EQ(quiet.status().entries, 0U);
  }
}

TEST(ScanOfAnUnreadableMap, TellsWhatTheKernelSays) {
  const Map map = Map::create(test::spec_of(MapType::perf_event_array));
  std::error_code ec;
  for (const auto& entry : scan(map, ec)) ADD_FAILURE() << entry.key.size();
  EXPECT_EQ(ec, std::errc::not_supported);
}

TEST(ScanOfAnEmptyMap, IsRefused) {
  const Map none;
  EXPECT_EQ(error_of([&] { (void)begin(none); }).code(), Errc::no_map);
  std::error_code ec;
  for (const auto& entry : scan(none, ec)) ADD_FAILURE() << entry.key.size();
  EXPECT_EQ(ec, Errc::no_map);
}

}  // namespace
}  // namespace bpfmap
