// SPDX-License-Identifier: MIT
// The page that this library began from, operation by operation and in its order: what it calls
// `map-lookup` and so on, on real maps. Each case begins with what the page says.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "maps.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::make_map;
using test::stored;

// (defstruct stats-entry (packets u64) (drops u64))
struct StatsEntry {
  std::uint64_t packets = 0;
  std::uint64_t drops = 0;
  bool operator==(const StatsEntry&) const = default;
};

// (defstruct flow-key (src u32) (dst u32))
struct FlowKey {
  std::uint32_t src = 0;
  std::uint32_t dst = 0;
  auto operator<=>(const FlowKey&) const = default;
};

const std::size_t cpus = sys::possible_cpus().size();

Map scalar_map() { return make_map(MapType::hash, 4, 8, 64); }

// --- Core operations ---

TEST(ThePage, MapLookup) {
  // (map-lookup map-info key-bytes)
  // Returns the value as a byte array, or nil if the key is not found.
  Map map = scalar_map();
  EXPECT_EQ(map.lookup(bytes({42, 0, 0, 0})), std::nullopt);
  map.update(bytes({42, 0, 0, 0}), bytes({10, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(map.lookup(bytes({42, 0, 0, 0})), bytes({10, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ThePage, MapLookupInt) {
  // (map-lookup-int map-info key)
  // encodes the key and decodes the value as little-endian integers.
  Map map = scalar_map();
  EXPECT_EQ(map.lookup<std::uint64_t>(42), std::nullopt);
  map.update(bytes({42, 0, 0, 0}), bytes({10, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(map.lookup<std::uint64_t>(42), 10U);
}

TEST(ThePage, MapLookupOfAPercpuMap) {
  // For percpu maps, returns a vector of per-CPU byte arrays.
  Map map = make_map(MapType::percpu_hash, 4, 8);
  EXPECT_EQ(map.lookup_percpu(bytes({1, 0, 0, 0})), std::nullopt);
  map.update(1, 10);
  EXPECT_EQ(map.lookup_percpu(bytes({1, 0, 0, 0})),
            std::vector<Bytes>(cpus, bytes({10, 0, 0, 0, 0, 0, 0, 0})));
}

TEST(ThePage, MapUpdate) {
  // (map-update map-info key-bytes value-bytes)
  // (map-update map-info key-bytes value-bytes :flags +bpf-noexist+)
  // Insert or update a key/value pair.
  Map map = scalar_map();
  const Bytes key = bytes({1, 2, 3, 4});
  map.update(key, bytes({1, 0, 0, 0, 0, 0, 0, 0}));
  map.update(key, bytes({2, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(stored(map, key), bytes({2, 0, 0, 0, 0, 0, 0, 0}));
  const Error error = test::error_of(
      [&] { map.update(key, bytes({3, 0, 0, 0, 0, 0, 0, 0}), UpdateFlags::noexist); });
  EXPECT_EQ(error.code(), std::errc::file_exists);
  EXPECT_EQ(stored(map, key), bytes({2, 0, 0, 0, 0, 0, 0, 0}));
  map.update(bytes({9, 9, 9, 9}), bytes({4, 0, 0, 0, 0, 0, 0, 0}), UpdateFlags::noexist);
  EXPECT_EQ(stored(map, bytes({9, 9, 9, 9})), bytes({4, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ThePage, MapUpdateInt) {
  // map-update-int does the integer encoding for fixed-size scalar maps.
  Map map = scalar_map();
  map.update(42, 10);
  EXPECT_EQ(stored(map, bytes({42, 0, 0, 0})), bytes({10, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ThePage, MapUpdateStruct) {
  // (map-update-struct map-info key-bytes record 'my-struct)
  Map map = make_map(MapType::hash, 4, sizeof(StatsEntry));
  map.update(bytes({7, 0, 0, 0}), StatsEntry{.packets = 10, .drops = 2});
  EXPECT_EQ(stored(map, bytes({7, 0, 0, 0})),
            bytes({10, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ThePage, MapUpdateStructInt) {
  // (map-update-struct-int map-info key record 'my-struct)
  Map map = make_map(MapType::hash, 4, sizeof(StatsEntry));
  map.update(7, StatsEntry{.packets = 10, .drops = 2});
  EXPECT_EQ(stored(map, bytes({7, 0, 0, 0})),
            bytes({10, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ThePage, MapUpdateOfAPercpuMapWithASingleByteArray) {
  // For percpu maps, value-bytes can be a single byte array (replicated to all CPUs)
  Map map = make_map(MapType::percpu_array, 4, 8);
  map.update(encode_int_key(2, 4), bytes({5, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(map.lookup_percpu(2), std::vector<Bytes>(cpus, bytes({5, 0, 0, 0, 0, 0, 0, 0})));
}

TEST(ThePage, MapUpdateOfAPercpuMapWithAVectorOfByteArrays) {
  // or a vector of per-CPU arrays.
  Map map = make_map(MapType::percpu_array, 4, 8);
  std::vector<Bytes> values;
  for (std::size_t cpu = 0; cpu < cpus; ++cpu) values.push_back(encode_int_key(100 + cpu, 8));
  map.update_percpu(encode_int_key(2, 4), values);
  EXPECT_EQ(map.lookup_percpu(encode_int_key(2, 4)), values);

  Map hash = make_map(MapType::percpu_hash, 4, 8);
  hash.update_percpu(encode_int_key(42, 4), values);
  EXPECT_EQ(hash.lookup_percpu(encode_int_key(42, 4)), values);
}

TEST(ThePage, MapDelete) {
  // (map-delete map-info key-bytes)
  Map map = scalar_map();
  map.update(42, 10);
  EXPECT_TRUE(map.erase(bytes({42, 0, 0, 0})));
  EXPECT_FALSE(map.erase(bytes({42, 0, 0, 0})));
  EXPECT_EQ(stored(map, bytes({42, 0, 0, 0})), std::nullopt);
}

TEST(ThePage, MapDeleteInt) {
  // (map-delete-int map-info key)
  Map map = scalar_map();
  map.update(42, 10);
  EXPECT_TRUE(map.erase(42));
  EXPECT_FALSE(map.erase(42));
  EXPECT_EQ(stored(map, bytes({42, 0, 0, 0})), std::nullopt);
}

TEST(ThePage, MapDeleteStruct) {
  // (map-delete-struct map-info record 'my-struct)
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  flows.update(bytes({1, 0, 0, 10, 2, 0, 0, 10}), 1);
  EXPECT_TRUE(flows.erase(FlowKey{.src = 0x0a000001, .dst = 0x0a000002}));
  EXPECT_EQ(stored(flows, bytes({1, 0, 0, 10, 2, 0, 0, 10})), std::nullopt);
}

TEST(ThePage, MapGetNextKey) {
  // (map-get-next-key map-info key-bytes)
  // Returns the next key after key-bytes, or nil when iteration is complete. Pass nil as the key to
  // get the first key.
  Map map = scalar_map();
  EXPECT_EQ(map.get_next_key(std::nullopt), std::nullopt);
  map.update(1, 10);
  map.update(2, 20);
  const std::optional<Bytes> first = map.get_next_key(std::nullopt);
  ASSERT_TRUE(first);
  const std::optional<Bytes> second = map.get_next_key(*first);
  ASSERT_TRUE(second);
  EXPECT_EQ(map.get_next_key(*second), std::nullopt);
  EXPECT_EQ((std::set<Bytes>{*first, *second}),
            (std::set<Bytes>{bytes({1, 0, 0, 0}), bytes({2, 0, 0, 0})}));
}

TEST(ThePage, MapGetNextKeyInt) {
  // (map-get-next-key-int map-info &optional key)
  Map map = make_map(MapType::array, 4, 8, 2);
  EXPECT_EQ(map.get_next_key<std::uint32_t>(std::nullopt), 0U);
  EXPECT_EQ(map.get_next_key<std::uint32_t>(0), 1U);
  EXPECT_EQ(map.get_next_key<std::uint32_t>(1), std::nullopt);
}

TEST(ThePage, MapGetNextKeyStruct) {
  // (map-get-next-key-struct map-info 'my-struct &optional key-record)
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  const FlowKey flow{.src = 0x0a000001, .dst = 0x0a000002};
  flows.update(flow, 1);
  EXPECT_EQ(flows.get_next_key<FlowKey>(std::nullopt), flow);
  EXPECT_EQ(flows.get_next_key<FlowKey>(flow), std::nullopt);
}

// --- Encoding helpers ---

TEST(ThePage, EncodeIntKey) {
  // (encode-int-key 42 4) ;; -> #(42 0 0 0) (4-byte LE)
  EXPECT_EQ(encode_int_key(42, 4), bytes({42, 0, 0, 0}));
}

TEST(ThePage, DecodeIntValue) {
  // (decode-int-value #(10 0 0 0 0 0 0 0)) ;; -> 10
  EXPECT_EQ(decode_int_value(bytes({10, 0, 0, 0, 0, 0, 0, 0})), 10U);
}

// --- Struct-valued maps ---

TEST(ThePage, StructValuedMaps) {
  // (let ((rec (make-stats-entry-record :packets 10 :drops 2))) (map-update-struct-int stats-map 0
  // rec 'stats-entry)) (let ((rec (map-lookup-struct-int stats-map 0 'stats-entry))) (when rec ...
  Map stats = make_map(MapType::array, 4, sizeof(StatsEntry));
  stats.update(0, StatsEntry{.packets = 10, .drops = 2});
  if (const auto entry = stats.lookup<StatsEntry>(0)) {
    EXPECT_EQ(entry->packets, 10U);
    EXPECT_EQ(entry->drops, 2U);
  } else {
    ADD_FAILURE() << "nothing there";
  }
  EXPECT_EQ(stats.lookup<StatsEntry>(encode_int_key(0, 4)),
            (StatsEntry{.packets = 10, .drops = 2}));
  EXPECT_EQ(make_map(MapType::hash, 4, sizeof(StatsEntry)).lookup<StatsEntry>(0), std::nullopt);
}

TEST(ThePage, StructKeys) {
  // (let ((key (make-flow-key-record :src #x0a000001 :dst #x0a000002))) (map-delete-struct flows
  // key 'flow-key))
  Map flows = make_map(MapType::hash, sizeof(FlowKey), sizeof(StatsEntry));
  const FlowKey key{.src = 0x0a000001, .dst = 0x0a000002};
  flows.update(key, StatsEntry{.packets = 1, .drops = 0});
  EXPECT_EQ(flows.lookup<StatsEntry>(key)->packets, 1U);
  EXPECT_TRUE(flows.erase(key));
  EXPECT_FALSE(flows.erase(key));
}

TEST(ThePage, TakesAnyKindOfKeyWithAnyKindOfValue) {
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  const FlowKey key{.src = 0x0a000001, .dst = 0x0a000002};
  flows.update(key, 1500);
  EXPECT_EQ(flows.lookup<std::uint64_t>(key), 1500U);
  flows.update(key, encode_int_key(1501, 8));
  EXPECT_EQ(flows.lookup(key), encode_int_key(1501, 8));
  flows.update(bytes({1, 0, 0, 10, 2, 0, 0, 10}), 1502);
  EXPECT_EQ(flows.lookup<std::uint32_t>(key), 1502U);
}

// --- Iteration example ---

TEST(ThePage, WalksAllEntriesInAHashMap) {
  // (let ((key nil)) (loop (let ((next (map-get-next-key my-map key))) (unless next (return)) ...
  Map my_map = scalar_map();
  std::map<std::uint64_t, std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 10; ++i) {
    my_map.update(i, i * i);
    expected[i] = i * i;
  }
  std::map<std::uint64_t, std::uint64_t> walked;
  std::optional<Bytes> key;
  while (auto next = my_map.get_next_key(key)) {
    if (const auto value = my_map.lookup(*next))
      walked[decode_int_value(*next)] = decode_int_value(*value);
    key = std::move(next);
  }
  EXPECT_EQ(walked, expected);

  // The same in C++, by batches.
  walked.clear();
  const HashMap<std::uint32_t, std::uint64_t> typed_map{my_map.duplicate()};
  for (auto [typed_key, value] : typed_map) walked.emplace(typed_key, value);
  EXPECT_EQ(walked, expected);
}

TEST(ThePage, WalksScalarKeys) {
  // (setf key (map-get-next-key-int stats-map key)) (unless key (return)) (format t "next key:
  // ~d~%" key)
  Map stats_map = scalar_map();
  for (const std::uint32_t i : {3U, 5U, 7U}) stats_map.update(i, 1);
  std::set<std::uint32_t> walked;
  std::optional<std::uint32_t> key;
  while ((key = stats_map.get_next_key<std::uint32_t>(key)))
    EXPECT_TRUE(walked.insert(*key).second);
  EXPECT_EQ(walked, (std::set<std::uint32_t>{3, 5, 7}));
}

TEST(ThePage, WalksStructKeys) {
  // (setf key (map-get-next-key-struct flows 'flow-key key)) (unless key (return)) (format t "~x ->
  // ~x~%" ...
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  const std::set<FlowKey> expected{{.src = 1, .dst = 2}, {.src = 0x0a000001, .dst = 0x0a000002}};
  for (const auto& flow : expected) flows.update(flow, 1);
  std::set<FlowKey> walked;
  std::optional<FlowKey> key;
  while ((key = flows.get_next_key<FlowKey>(key))) EXPECT_TRUE(walked.insert(*key).second);
  EXPECT_EQ(walked, expected);
}

// --- Percpu maps ---

TEST(ThePage, PercpuMaps) {
  // map-lookup returns a vector of byte arrays (one per possible CPU). Each slot is 8-byte aligned
  // as required by the kernel: (let ((values (map-lookup percpu-map (encode-int-key 0 4)))) (when
  // values (dotimes (cpu (length values)) ...
  Map percpu_map = make_map(MapType::percpu_array, 4, 4);
  std::vector<Bytes> written;
  for (std::size_t cpu = 0; cpu < cpus; ++cpu) written.push_back(encode_int_key(1000 + cpu, 4));
  percpu_map.update_percpu(0, written);
  const auto values = percpu_map.lookup_percpu(encode_int_key(0, 4));
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), cpus);
  for (std::size_t cpu = 0; cpu < values->size(); ++cpu)
    EXPECT_EQ(decode_int_value((*values)[cpu]), 1000 + cpu);
  EXPECT_EQ(stored(percpu_map, Bytes(4))->size(), 8 * cpus) << "each slot is 8 bytes";
  // And decoded at once.
  const auto numbers = percpu_map.lookup_percpu<std::uint64_t>(0);
  ASSERT_TRUE(numbers);
  for (std::size_t cpu = 0; cpu < numbers->size(); ++cpu) EXPECT_EQ((*numbers)[cpu], 1000 + cpu);
}

}  // namespace
}  // namespace bpfmap
