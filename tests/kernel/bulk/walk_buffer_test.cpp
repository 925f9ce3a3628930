// SPDX-License-Identifier: MIT
// The memory of a walk: its own, kept from one walk to the next, or the caller's.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bulk/walk/walk.hpp"
#include "bulk_support.hpp"

namespace bpfmap {
namespace {

using test::Entries;
using test::fill;
using test::GuardedBuffer;
using test::make_map;
using test::same;
using test::shown;

struct Shape {
  MapType type;
  std::uint32_t key_size;
  std::uint32_t value_size;
};
constexpr std::array shapes{
    Shape{MapType::hash, 1, 1},         Shape{MapType::hash, 4, 4},
    Shape{MapType::hash, 3, 12},        Shape{MapType::hash, 40, 4096},
    Shape{MapType::lru_hash, 8, 5},     Shape{MapType::percpu_hash, 4, 12},
    Shape{MapType::percpu_hash, 3, 1},  Shape{MapType::lru_percpu_hash, 8, 20},
    Shape{MapType::array, 4, 1},        Shape{MapType::array, 4, 12},
    Shape{MapType::percpu_array, 4, 4}, Shape{MapType::percpu_array, 4, 100},
    Shape{MapType::lpm_trie, 5, 1},     Shape{MapType::lpm_trie, 20, 12},
    Shape{MapType::devmap_hash, 4, 4},
};

Map filled(const Shape& shape, Entries& entries) {
  Map map = make_map(shape.type, shape.key_size, shape.value_size, 64);
  if (shape.type == MapType::devmap_hash)
    for (std::uint32_t key = 0; key < 40; ++key)
      test::put(map, test::numbered(4, key), test::numbered(4, 1));  // lo
  else
    fill(map, 64);
  entries = test::held(map);
  return map;
}

bool is_in(const void* at, BytesView memory) {
  return at >= memory.data() && at < memory.data() + memory.size();
}

// With 16 entries a batch no region is rounded up, so that the guard stands right behind the last.
TEST(ScanBuffer, IsUsedAndNeverExceeded) {
  for (const Shape& shape : shapes)
    for (const std::uint32_t batch_size : {16U, 1U, 5U, 64U}) {
      SCOPED_TRACE(std::string{to_string(shape.type)} + " " + std::to_string(shape.key_size) + " " +
                   std::to_string(shape.value_size) + " " + std::to_string(batch_size));
      Entries entries;
      Map map = filled(shape, entries);
      GuardedBuffer buffer{Walk::bytes_for(map, batch_size), std::byte{0xa5}};
      auto scan = bpfmap::scan(map, {.batch_size = batch_size, .buffer = buffer.bytes()});
      Entries seen;
      for (auto [key, value] : scan) {
        if (scan.status().batch_size == batch_size) {
          EXPECT_TRUE(is_in(key.data(), buffer.bytes()));
          EXPECT_TRUE(is_in(value.data() + value.size() - 1, buffer.bytes()));
        }
        EXPECT_TRUE(seen.emplace(test::copy_of(key), test::copy_of(value)).second);
      }
      EXPECT_TRUE(same(seen, entries));
    }
}

TEST(ScanBuffer, IsTakenForAsManyBatchesAsItHolds) {
  Map map = make_map(MapType::hash, 4, 4, 2000);
  const Entries entries = fill(map, 2000);
  // A batch of one grows in it, at first.
  for (const std::uint32_t room : {2U, 8U, 64U}) {
    SCOPED_TRACE(room);
    GuardedBuffer buffer{Walk::bytes_for(map, room)};
    Walk reader{map, {.batch_size = 1, .buffer = buffer.bytes()}};
    Entries seen;
    std::error_code ec;
    while (reader.next(ec)) {
      const std::uint32_t size = reader.status().batch_size;
      EXPECT_EQ(is_in(reader.keys(), buffer.bytes()),
                Walk::bytes_for(map, size) <= buffer.bytes().size())
          << size;
      for (std::uint32_t i = 0; i < reader.size(); ++i)
        EXPECT_TRUE(seen.emplace(Bytes(reader.keys() + 4 * i, reader.keys() + 4 * i + 4),
                                 Bytes(reader.values() + 4 * i, reader.values() + 4 * i + 4))
                        .second);
    }
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_TRUE(same(seen, entries));
  }
}

TEST(ScanBuffer, IsLeftAloneWhenItIsTooSmall) {
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(to_string(shape.type));
    Entries entries;
    Map map = filled(shape, entries);
    const std::size_t size = Walk::bytes_for(map, 16) - 1;
    GuardedBuffer buffer{size, std::byte{0xa5}};
    EXPECT_TRUE(same(shown(scan(map, {.batch_size = 16, .buffer = buffer.bytes()})), entries));
    EXPECT_EQ(test::copy_of(buffer.bytes()), Bytes(size, std::byte{0xa5}));
  }
}

TEST(ScanBuffer, MayBeginAtAnyAddress) {
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(to_string(shape.type));
    Entries entries;
    Map map = filled(shape, entries);
    GuardedBuffer buffer{Walk::bytes_for(map, 16) + 1};
    EXPECT_TRUE(
        same(shown(scan(map, {.batch_size = 16, .buffer = buffer.bytes().subspan(1)})), entries));
  }
}

TEST(ScanBuffer, IsKeptFromOneWalkToTheNext) {
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(to_string(shape.type));
    Entries entries;
    Map map = filled(shape, entries);
    Walk reader{map, {.batch_size = 64}};
    std::vector<const std::byte*> first;
    for (int walk = 0; walk < 3; ++walk) {
      std::vector<const std::byte*> keys;
      std::error_code ec;
      while (reader.next(ec)) keys.push_back(reader.keys());
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_EQ(reader.status().entries, entries.size());
      if (walk == 0) first = keys;
      EXPECT_EQ(keys, first);
      reader.rewind();
    }
  }
}

TEST(ScanBuffer, IsMovedWithTheWalk) {
  Map map = make_map(MapType::hash, 4, 4, 300);
  const Entries entries = fill(map, 300);
  Walk reader{map, {.batch_size = 16}};
  std::error_code ec;
  EXPECT_TRUE(reader.next(ec));
  std::uint64_t total = reader.size();
  Walk moved{std::move(reader)};
  while (moved.next(ec)) total += moved.size();
  EXPECT_EQ(total, entries.size());
}

TEST(ScanBuffer, TakesTwoBatchesForATrieOnly) {
  Map hash = make_map(MapType::hash, 8, 4, 64);
  Map trie = make_map(MapType::lpm_trie, 8, 4, 64);
  const auto growth = [](const Map& map) {
    return Walk::bytes_for(map, 32) - Walk::bytes_for(map, 16);
  };
  EXPECT_EQ(growth(hash), 16U * (8 + 4));
  EXPECT_EQ(growth(trie), 2 * growth(hash));
}

}  // namespace
}  // namespace bpfmap
