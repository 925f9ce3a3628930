// SPDX-License-Identifier: MIT
// Every operation that hands a caller's memory to the kernel, with that memory flush against a page
// that nobody may touch: the kernel trusts the sizes, and one byte too many would be EFAULT or a
// neighbour's damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using test::copy_of;
using test::GuardedBuffer;
using test::make_map;
using test::stored;

constexpr std::uint32_t key_sizes[] = {4, 12, 256};
constexpr std::uint32_t value_sizes[] = {1, 4, 12, 4096};

BytesView view(const GuardedBuffer& buffer) { return buffer.bytes(); }

// A key whose first byte is `first`, at the end of a page.
class GuardedKey : public GuardedBuffer {
 public:
  GuardedKey(std::size_t size, int first) : GuardedBuffer(size) {
    if (size > 0) bytes()[0] = static_cast<std::byte>(first);
  }
};

template <class Body>
void for_each_size(std::initializer_list<MapType> types, Body body) {
  for (const auto type : types) {
    for (const auto key_size : key_sizes) {
      if (key_size != 4 && traits_of(type)->key == KeyKind::index) continue;
      for (const auto value_size : value_sizes) {
        SCOPED_TRACE(std::string{to_string(type)} + ", keys of " + std::to_string(key_size) +
                     ", values of " + std::to_string(value_size));
        Map map = make_map(type, key_size, value_size);
        body(map);
      }
    }
  }
}

// The guard itself: a kernel that reads or writes one byte more is told apart.
TEST(TheGuard, CatchesOneByteTooMany) {
  Map map = make_map(MapType::hash, 12, 12);
  map.update(Bytes(12), Bytes(12, std::byte{7}));
  const GuardedBuffer exact{12};
  const GuardedBuffer short_by_one{11};
  EXPECT_EQ(sys::map_lookup_elem(map.fd(), exact.bytes().data(), exact.bytes().data()), 0);
  EXPECT_EQ(copy_of(exact.bytes()), Bytes(12, std::byte{7}));
  EXPECT_EQ(sys::map_lookup_elem(map.fd(), short_by_one.bytes().data(), exact.bytes().data()),
            -EFAULT);
  const GuardedBuffer key{12};
  EXPECT_EQ(sys::map_lookup_elem(map.fd(), key.bytes().data(), short_by_one.bytes().data()),
            -EFAULT);
  EXPECT_EQ(sys::map_update_elem(map.fd(), key.bytes().data(), short_by_one.bytes().data()),
            -EFAULT);
  EXPECT_TRUE(exact.untouched_in_front());
}

TEST(EveryPlainOperation, StaysWithinTheCallersMemory) {
  for_each_size({MapType::hash, MapType::lru_hash, MapType::array}, [](Map& map) {
    const auto& info = map.info();
    const bool array = info.type == MapType::array;
    const GuardedKey key{info.key_size, 1};
    const GuardedBuffer value{info.value_size, std::byte{0x5A}};
    const Bytes key_before = copy_of(key.bytes());
    const Bytes value_before = copy_of(value.bytes());

    std::error_code ec;
    map.update(view(key), view(value), ec);
    ASSERT_EQ(ec, std::error_code{});
    map.update(view(key), view(value), UpdateFlags::exist);
    EXPECT_EQ(stored(map, key_before), value_before);

    EXPECT_EQ(map.lookup(view(key)), value_before);
    const GuardedBuffer room{info.value_size, std::byte{0xEE}};
    EXPECT_TRUE(map.lookup_into(view(key), room.bytes(), ec));
    ASSERT_EQ(ec, std::error_code{});
    EXPECT_EQ(copy_of(room.bytes()), value_before);
    EXPECT_TRUE(room.untouched_in_front());

    if (array) {
      EXPECT_TRUE(map.get_next_key(view(key)));
    } else {
      EXPECT_EQ(map.get_next_key(std::nullopt), key_before);
      EXPECT_EQ(map.get_next_key(view(key)), std::nullopt);
      EXPECT_TRUE(map.erase(view(key)));
      EXPECT_FALSE(map.erase(view(key)));
      map.update(view(key), view(value));
      if (test::kernel_takes_from_hashes()) {
        EXPECT_EQ(map.lookup_and_delete(view(key)), value_before);
      }
    }
    EXPECT_EQ(copy_of(key.bytes()), key_before) << "a key is only read";
    EXPECT_EQ(copy_of(value.bytes()), value_before) << "and so is a value that is written";
    EXPECT_TRUE(key.untouched_in_front());
    EXPECT_TRUE(value.untouched_in_front());
  });
}

TEST(EveryPlainOperation, StaysWithinMemoryWithoutKeys) {
  for (const auto type : {MapType::queue, MapType::stack}) {
    for (const auto value_size : value_sizes) {
      Map map = make_map(type, 0, value_size);
      const GuardedBuffer value{value_size, std::byte{0x5A}};
      const GuardedBuffer room{value_size};
      map.update(Bytes{}, view(value));
      EXPECT_TRUE(map.lookup_into(Bytes{}, room.bytes()));
      EXPECT_EQ(copy_of(room.bytes()), copy_of(value.bytes()));
      EXPECT_TRUE(room.untouched_in_front());
      EXPECT_EQ(map.lookup_and_delete(BytesView{}), copy_of(value.bytes()));
    }
  }
}

TEST(EveryPlainOperation, StaysWithinTheMemoryOfABloomFilter) {
  if (!test::kernel_has(MapType::bloom_filter)) GTEST_SKIP() << "this kernel has none";
  for (const auto value_size : value_sizes) {
    Map map = make_map(MapType::bloom_filter, 0, value_size);
    const GuardedBuffer value{value_size, std::byte{0x5A}};
    map.update(Bytes{}, view(value));
    EXPECT_TRUE(map.lookup_into(Bytes{}, value.bytes()));
  }
}

TEST(EveryPlainOperation, StaysWithinTheMemoryOfATrie) {
  for (const std::uint32_t key_size : {5U, 8U, 20U, 260U}) {
    for (const auto value_size : value_sizes) {
      Map map = make_map(MapType::lpm_trie, key_size, value_size);
      const GuardedKey key{key_size, 8};  // a prefix of 8 bits
      const GuardedBuffer value{value_size, std::byte{0x5A}};
      const GuardedBuffer room{value_size};
      map.update(view(key), view(value));
      EXPECT_TRUE(map.lookup_into(view(key), room.bytes()));
      EXPECT_EQ(copy_of(room.bytes()), copy_of(value.bytes()));
      EXPECT_EQ(map.get_next_key(std::nullopt), copy_of(key.bytes()));
      EXPECT_TRUE(map.erase(view(key)));
    }
  }
}

TEST(EveryPerCpuOperation, StaysWithinTheCallersMemory) {
  for_each_size(
      {MapType::percpu_hash, MapType::lru_percpu_hash, MapType::percpu_array}, [](Map& map) {
        const auto& info = map.info();
        const GuardedKey key{info.key_size, 1};
        const GuardedBuffer value{info.value_size, std::byte{0x5A}};
        const Bytes expected = copy_of(value.bytes());
        const std::vector<Bytes> everywhere(sys::possible_cpus().size(), expected);

        std::error_code ec;
        map.update(view(key), view(value), ec);
        ASSERT_EQ(ec, std::error_code{});
        EXPECT_EQ(map.lookup_percpu(view(key)), everywhere);

        // Every CPU's value at the end of a page of its own.
        std::vector<std::unique_ptr<GuardedBuffer>> guarded;
        std::vector<BytesView> values;
        for (std::size_t i = 0; i < everywhere.size(); ++i) {
          guarded.push_back(std::make_unique<GuardedBuffer>(info.value_size, std::byte{0xA5}));
          values.push_back(guarded.back()->bytes());
        }
        map.update_percpu(view(key), values);
        EXPECT_EQ(map.lookup_percpu(view(key)),
                  std::vector<Bytes>(everywhere.size(), Bytes(info.value_size, std::byte{0xA5})));

        const GuardedBuffer slots{sys::percpu_size(info.value_size), std::byte{0xEE}};
        EXPECT_TRUE(map.lookup_percpu_into(view(key), slots.bytes(), ec));
        ASSERT_EQ(ec, std::error_code{});
        EXPECT_EQ(copy_of(slots.bytes()), stored(map, copy_of(key.bytes())));
        EXPECT_TRUE(slots.untouched_in_front());

        if (info.type == MapType::percpu_array) return;
        EXPECT_EQ(map.get_next_key(std::nullopt), copy_of(key.bytes()));
        EXPECT_TRUE(map.erase(view(key)));
        map.update(view(key), view(value));
        if (test::kernel_takes_from_hashes()) {
          EXPECT_TRUE(map.lookup_and_delete_percpu(view(key)));
        }
        EXPECT_TRUE(key.untouched_in_front());
        EXPECT_TRUE(value.untouched_in_front());
      });
}

// The object itself is what the kernel reads, when it is its own layout.
TEST(AStruct, IsReadAndNothingBehindIt) {
  struct Key {
    std::uint32_t a;
    std::uint8_t b[8];
  };
  struct Value {
    std::uint32_t words[3];
  };
  Map map = make_map(MapType::hash, sizeof(Key), sizeof(Value));
  const GuardedBuffer key_memory{sizeof(Key)};
  const GuardedBuffer value_memory{sizeof(Value)};
  const Key& key = *new (key_memory.bytes().data()) Key{1, {2}};
  const Value& value = *new (value_memory.bytes().data()) Value{{7, 8, 9}};
  map.update(key, value);
  EXPECT_EQ(stored(map, copy_of(key_memory.bytes())), copy_of(value_memory.bytes()));
  EXPECT_EQ(map.lookup<Value>(key)->words[2], 9U);
  EXPECT_FALSE(map.get_next_key<Key>(key).has_value());
  EXPECT_TRUE(map.erase(key));
}

}  // namespace
}  // namespace bpfmap
