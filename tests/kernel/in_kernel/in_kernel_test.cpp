// SPDX-License-Identifier: MIT
// Handles made by in_kernel(): many keys of each family of maps, by either engine.
#include "bpfmap/in_kernel/in_kernel.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "maps.hpp"

namespace bpfmap::test {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Flow {
  u64 packets;
  u64 bytes;
  u32 flags;
  std::int32_t level;
};

// What the type of a map alone decides.
template <class M>
class EachMap : public testing::Test {};

template <std::size_t size>
struct Blob {
  std::array<std::uint8_t, size> bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};
template <class T>
T number(u32 n) {
  T value{};
  if constexpr (std::is_integral_v<T>) {
    value = static_cast<T>(n);
  } else {
    for (std::size_t i = 0; i < sizeof value.bytes; ++i)
      value.bytes[i] = static_cast<std::uint8_t>(n * 7 + i + (i > 0 && i < 4 ? n >> (i * 8) : 0));
  }
  return value;
}

using EachMapTypes =
    testing::Types<HashMap<u32, u64>, HashMap<Blob<1>, Blob<1>>, HashMap<Blob<3>, Blob<5>>,
                   HashMap<Blob<16>, Blob<40>>, HashMap<Blob<37>, Blob<255>>,
                   HashMap<Blob<8>, Blob<257>>, HashMap<Blob<500>, Blob<4097>>>;
TYPED_TEST_SUITE(EachMap, EachMapTypes);

constexpr std::array both{EngineChoice::require_kernel, EngineChoice::system_calls};

TYPED_TEST(EachMap, DoesTheSameByEitherEngine) {
  using K = typename TypeParam::key_type;
  using V = typename TypeParam::mapped_type;
  for (const MapType type : {MapType::hash, MapType::lru_hash}) {
    for (const EngineChoice choice : both) {
      auto map = TypeParam::create({.type = type, .max_entries = 200});
      auto fast = in_kernel(map, {.engine = choice, .keys_per_call = 7});
      ASSERT_EQ(fast.status().reads == Engine::kernel, choice == both[0]);
      std::vector<K> keys;
      std::vector<V> values;
      std::vector<V> others;
      for (u32 i = 0; i < 40; ++i) {
        keys.push_back(number<K>(i));
        values.push_back(number<V>(i));
        others.push_back(number<V>(i + 100));
      }
      const std::span<const K> some{keys.data(), 20};
      const std::span<const V> some_values{values.data(), 20};
      EXPECT_EQ(fast.insert_batch(some, some_values), (BatchResult{20, 0, {}}));
      EXPECT_EQ(fast.insert_batch(keys, others), (BatchResult{20, 20, {}}));
      EXPECT_EQ(map.lookup(keys[0]), values[0]);
      EXPECT_EQ(map.lookup(keys[39]), others[39]);
      EXPECT_EQ(fast.erase_batch(some), (BatchResult{20, 0, {}}));
      EXPECT_EQ(fast.replace_batch(keys, values), (BatchResult{20, 20, {}}));
      std::vector<std::optional<V>> seen(keys.size());
      const auto see = [&](std::size_t i, const V& value) { seen[i] = value; };
      EXPECT_EQ(fast.lookup_batch(keys, see), (BatchResult{20, 20, {}}));
      for (std::size_t i = 0; i < keys.size(); ++i)
        EXPECT_EQ(seen[i], i < 20 ? std::optional<V>{} : values[i]) << i;
      std::array<bool, 40> found{};
      EXPECT_EQ(fast.contains_batch(keys, found), (BatchResult{20, 20, {}}));
      EXPECT_TRUE(!found[19] && found[20]);
      EXPECT_EQ(fast.update_batch(keys, others), (BatchResult{40, 0, {}}));
      const auto view = fast.lookup_batch(std::span<const K>{keys.data() + 3, 7});
      ASSERT_EQ(view.size(), 7U);
      EXPECT_EQ(view.found(), 7U);
      for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(view[i], others[i + 3]);
      seen.assign(keys.size(), {});
      EXPECT_EQ(fast.lookup_and_delete_batch(some, see), (BatchResult{20, 0, {}}));
      EXPECT_EQ(fast.lookup_and_delete_batch(keys, see), (BatchResult{20, 20, {}}));
      for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(seen[i], others[i]) << i;
      EXPECT_EQ(fast.contains_batch(keys, found), (BatchResult{0, 40, {}}));
    }
  }
}

}  // namespace
}  // namespace bpfmap::test
