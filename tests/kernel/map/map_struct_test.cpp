// SPDX-License-Identifier: MIT
// Structs as keys and values: what lies in the kernel is the struct's own layout, or what its Codec
// makes.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::bytes_of;
using test::copy_of;
using test::make_map;
using test::stored;
using test::stored_keys;

// Natural C alignment, array fields, every byte named.
struct Event {
  std::uint64_t when = 0;
  char comm[16] = {};
  std::uint32_t counts[3] = {};
  std::int16_t code = 0;
  std::uint8_t pad[2] = {};
};
static_assert(sizeof(Event) == 40);

Event sample_event() {
  return {.when = 0x0102030405060708, .comm = "bash", .counts = {1, 2, 3}, .code = -2};
}

TEST(StructValues, LieInTheMapAsInMemory) {
  Map map = make_map(MapType::hash, 4, sizeof(Event));
  const Event event = sample_event();
  map.update(1, event);
  const auto in_kernel = stored(map, encode_int_key(1, 4));
  EXPECT_EQ(in_kernel, copy_of(bytes_of(event)));
  // The fields, where clang puts them for a BPF program.
  EXPECT_EQ(Bytes(in_kernel->begin(), in_kernel->begin() + 8), bytes({8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(Bytes(in_kernel->begin() + 8, in_kernel->begin() + 13), bytes({'b', 'a', 's', 'h', 0}));
  EXPECT_EQ(Bytes(in_kernel->begin() + 32, in_kernel->begin() + 40),
            bytes({3, 0, 0, 0, 0xFE, 0xFF, 0, 0}));
}

TEST(StructValues, ComeBackAsTheyWent) {
  for (const auto type : {MapType::hash, MapType::array, MapType::lru_hash}) {
    Map map = make_map(type, 4, sizeof(Event));
    map.update(1, sample_event());
    const auto event = map.lookup<Event>(1);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->when, 0x0102030405060708U);
    EXPECT_STREQ(event->comm, "bash");
    EXPECT_EQ(event->counts[2], 3U);
    EXPECT_EQ(event->code, -2);
  }
}

TEST(StructValues, MayHavePadding) {
  Map map = make_map(MapType::hash, 4, sizeof(test::Padded));
  map.update(1, test::Padded{.a = 7, .b = 9});
  EXPECT_EQ(map.lookup<test::Padded>(1), (test::Padded{.a = 7, .b = 9}));
  if (!test::kernel_takes_from_hashes()) return;
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_and_delete<test::Padded>(1, ec), (test::Padded{.a = 7, .b = 9}));
  EXPECT_FALSE(ec);
}

TEST(StructValues, OfTheWrongSizeChangeNothing) {
  Map map = make_map(MapType::hash, 4, 12);
  const std::array<std::uint32_t, 3> before{1, 2, 3};
  map.update(1, before);
  std::error_code ec;
  map.update(1, test::Padded{}, ec);
  EXPECT_EQ(ec, Errc::wrong_value_size);
  map.update(1, sample_event(), ec);
  EXPECT_EQ(ec, Errc::wrong_value_size);
  EXPECT_EQ(map.lookup<Event>(1, ec).has_value(), false);
  EXPECT_EQ(ec, Errc::wrong_value_size);
  EXPECT_EQ((map.lookup<std::array<std::uint32_t, 3>>(1)), before);
}

// A type has one layout, whoever writes it.
template <class K, class V>
void write_both_ways(const K& key, const V& value) {
  Map map = make_map(MapType::hash, Codec<K>::size, Codec<V>::size, 16);
  HashMap<K, V> typed{map.duplicate()};
  typed.update(key, value);
  EXPECT_EQ(map.lookup<V>(key), value);
  map.update(key, value, UpdateFlags::exist);
  EXPECT_EQ(typed.lookup(key), value);
  EXPECT_EQ(map.get_next_key<K>(std::nullopt), key);
  EXPECT_EQ(update_batch(map, std::array{key}, std::array{value}).done, 1U);
  EXPECT_EQ(typed.lookup(key), value);
  EXPECT_EQ(update_batch(typed, std::array{key}, std::array{value}).done, 1U);
  EXPECT_EQ(stored_keys(map).size(), 1U);
}

TEST(StructKeys, HaveTheLayoutOfTheirCodecThoughTheyLookLikeBytes) {
  const test::Mac mac{{2, 4, 6, 8, 10, 12}};
  write_both_ways(mac, test::Packet{"hello"});
  write_both_ways(test::Port::https, mac);
}

TEST(StructKeys, AreComparedByEveryByte) {
  using test::FlowKey;
  Map map = make_map(MapType::hash, sizeof(FlowKey), 8, 16);
  const FlowKey key{
      .src = 0x0a000001, .dst = 0x0a000002, .ports = {443, 51000}, .proto = 6, .pad = {}};
  map.update(key, 10);
  EXPECT_EQ(stored(map, copy_of(bytes_of(key))), encode_int_key(10, 8));
  EXPECT_EQ(map.lookup<int>(key), 10);
  FlowKey other = key;
  other.pad[2] = 1;
  EXPECT_EQ(map.lookup<int>(other), std::nullopt);
  map.update(other, 11, UpdateFlags::noexist);
  EXPECT_EQ(stored_keys(map).size(), 2U);
  EXPECT_TRUE(map.erase(other));
  EXPECT_EQ(map.get_next_key<FlowKey>(std::nullopt), key);
  EXPECT_EQ(map.get_next_key<FlowKey>(key), std::nullopt);
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(map.lookup_and_delete<std::int64_t>(key), 10);
  EXPECT_FALSE(map.erase(key));
}

// The cure for a key with padding: a Codec, whose bytes start as zeros.
struct LooseKey {
  std::uint8_t kind = 0;
  std::uint32_t number = 0;
};

}  // namespace
}  // namespace bpfmap

template <>
struct bpfmap::Codec<bpfmap::LooseKey> {
  static constexpr std::size_t size = 8;
  static void encode(const LooseKey& key, std::span<std::byte, size> out) noexcept {
    out[0] = std::byte{key.kind};
    std::memcpy(&out[4], &key.number, 4);
  }
  static LooseKey decode(std::span<const std::byte, size> in) noexcept {
    LooseKey key{.kind = std::to_integer<std::uint8_t>(in[0])};
    std::memcpy(&key.number, &in[4], 4);
    return key;
  }
};

namespace bpfmap {
namespace {

// The key as it lies in memory, its padding filled with `garbage`.
LooseKey with_garbage(int garbage) {
  LooseKey key;
  std::memset(static_cast<void*>(&key), garbage, sizeof key);
  key.kind = 7;
  key.number = 9;
  return key;
}

TEST(KeysWithACodec, ReachTheKernelWithoutGarbage) {
  Map map = make_map(MapType::hash, 8, 4);
  map.update(with_garbage(0xAA), 1);
  EXPECT_EQ(stored_keys(map), std::vector<Bytes>{bytes({7, 0, 0, 0, 9, 0, 0, 0})});
  EXPECT_EQ(map.lookup<int>(with_garbage(0x55)), 1) << "equal keys, whatever lies between";
  map.update(with_garbage(0x33), 2, UpdateFlags::exist);
  std::optional<LooseKey> key;
  key = map.get_next_key<LooseKey>(key);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->number, 9U);
  EXPECT_FALSE(map.get_next_key<LooseKey>(key));
  EXPECT_TRUE(map.erase(with_garbage(0xFF)));
}

TEST(ValuesWithACodec, LieInTheMapAsItSays) {
  Map map = make_map(MapType::hash, 4, 16);
  map.update(1, test::Name{"a longer name"});
  map.update(1, test::Name{"eth0"});
  Bytes expected = bytes({'e', 't', 'h', '0'});
  expected.resize(16);
  EXPECT_EQ(stored(map, encode_int_key(1, 4)), expected) << "nothing of the longer name is left";
  EXPECT_EQ(map.lookup<test::Name>(1), test::Name{"eth0"});

  Map names = make_map(MapType::hash, 16, 4);
  names.update(test::Name{"eth0"}, 1);
  EXPECT_EQ(names.lookup<int>(test::Name{"eth0"}), 1);
  EXPECT_EQ(names.get_next_key<test::Name>(std::nullopt), test::Name{"eth0"});
}

TEST(BoolValues, AreOneByte) {
  Map map = make_map(MapType::hash, 1, 1);
  map.update(true, true);
  EXPECT_EQ(stored(map, bytes({1})), bytes({1}));
  map.update(true, std::uint8_t{2});
  EXPECT_EQ(map.lookup<bool>(true), true) << "any other byte than 0";
  map.update(true, false);
  EXPECT_EQ(map.lookup<bool>(true), false);
}

TEST(ByteIntegerAndStructArguments, MixFreely) {
  Map map = make_map(MapType::hash, 8, 16, 16);
  const std::uint64_t as_integer = 0x0000'0002'0000'0001;
  const auto as_struct = std::array<std::uint32_t, 2>{1, 2};
  const Bytes as_bytes = bytes({1, 0, 0, 0, 2, 0, 0, 0});
  const test::FlowStats stats{.packets = 10, .bytes = 2};
  const auto expect_there_and_erase = [&](const auto& key) {
    EXPECT_EQ(stored(map, as_bytes), copy_of(bytes_of(stats)));
    EXPECT_EQ(map.lookup<test::FlowStats>(as_integer), stats);
    EXPECT_EQ(map.lookup<test::FlowStats>(as_struct), stats);
    EXPECT_EQ(map.lookup(as_bytes), copy_of(bytes_of(stats)));
    EXPECT_EQ(stored_keys(map).size(), 1U);
    EXPECT_TRUE(map.erase(key));
    EXPECT_TRUE(stored_keys(map).empty());
  };
  map.update(as_integer, stats);
  expect_there_and_erase(as_bytes);
  map.update(as_struct, copy_of(bytes_of(stats)));
  expect_there_and_erase(as_integer);
  map.update(as_bytes, std::array<std::uint64_t, 2>{10, 2});
  expect_there_and_erase(as_struct);
}

}  // namespace
}  // namespace bpfmap
