// SPDX-License-Identifier: MIT
// The forms that read into the caller's memory: they give the same bytes as the other forms, and
// leave the memory alone when there is nothing to read.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bulk/bulk_support.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::FlowStats;
using test::make_map;

constexpr FlowStats stats{.packets = 3, .bytes = 4};
constexpr FlowStats untouched{.packets = 0xdead, .bytes = 0xbeef};

/// `read(key, room, ec...)` finds `stats` at 1 and nothing at 2.
template <class Read>
void expect_read_into(Read read) {
  FlowStats room = untouched;
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(read(2, room));
  EXPECT_EQ(room, untouched);
  EXPECT_FALSE(read(2, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, untouched);
  EXPECT_TRUE(read(1, room));
  EXPECT_EQ(room, stats);
  room = untouched;
  EXPECT_TRUE(read(1, room, ec));
  EXPECT_EQ(room, stats);
}

/// The same of `take`, which removes the entry that `put` adds.
template <class Put, class Take>
void expect_take_into(Put put, Take take) {
  FlowStats room = untouched;
  std::error_code ec = Errc::invalid_name;
  put();
  EXPECT_TRUE(take(1, room));
  EXPECT_EQ(room, stats);
  room = untouched;
  EXPECT_FALSE(take(1, room));
  EXPECT_FALSE(take(1, room, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(room, untouched);
  put();
  EXPECT_TRUE(take(1, room, ec));
  EXPECT_EQ(room, stats);
}

TEST(LookupInto, ReadsIntoTheCallersValue) {
  auto hash = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  auto trie = LpmTrie<std::uint64_t, FlowStats>::create({.max_entries = 4});
  hash.update(1, stats);
  expect_read_into(
      [&](int key, FlowStats& room, auto&... ec) { return hash.lookup_into(key, room, ec...); });
  expect_read_into([&](int key, FlowStats& room, auto&... ec) {
    return hash.map().lookup_into(key, std::as_writable_bytes(std::span{&room, 1}), ec...);
  });
  // 32 bits of prefix length, then the prefix.
  const auto prefix = [](int address) { return std::uint64_t(address) << 32U | 32U; };
  trie.update(prefix(1), stats);
  expect_read_into([&](int key, FlowStats& room, auto&... ec) {
    return trie.lookup_into(prefix(key), room, ec...);
  });
}

TEST(LookupInto, ReadsAValueWithACodec) {
  auto map = HashMap<test::BigEndian32, test::Packed>::create({.max_entries = 4});
  map.update({1}, {2, 3});
  test::Packed room{7, 8};
  EXPECT_FALSE(map.lookup_into({9}, room));
  EXPECT_EQ(room, (test::Packed{7, 8}));
  EXPECT_TRUE(map.lookup_into({1}, room));
  EXPECT_EQ(room, (test::Packed{2, 3}));
}

TEST(LookupInto, LeavesTheValueOfAnIndexThatDoesNotExist) {
  const auto array = ArrayMap<FlowStats>::create({.max_entries = 1});
  FlowStats room = untouched;
  std::error_code ec;
  array.lookup_into(1, room, ec);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(room, untouched);
}

TEST(LookupAndDeleteInto, ReadsIntoTheCallersValue) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  auto hash = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  const auto put = [&] { hash.update(1, stats); };
  expect_take_into(put, [&](int key, FlowStats& room, auto&... ec) {
    return hash.lookup_and_delete_into(key, room, ec...);
  });
  expect_take_into(put, [&](int key, FlowStats& room, auto&... ec) {
    return hash.map().lookup_and_delete_into(key, std::as_writable_bytes(std::span{&room, 1}),
                                             ec...);
  });
}

TEST(LookupAndDeleteInto, RemovesNothingForRoomOfAnotherSize) {
  auto hash = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  hash.update(1, stats);
  std::array<std::byte, 15> room{};
  std::error_code ec;
  EXPECT_FALSE(hash.map().lookup_and_delete_into(1, room, ec));
  EXPECT_EQ(ec, Errc::wrong_value_size);
  EXPECT_TRUE(hash.contains(1));
}

template <class M>
void expect_queue_into() {
  auto map = M::create({.max_entries = 2});
  const auto put = [&] { map.push(stats); };
  expect_take_into(put,
                   [&](int, FlowStats& room, auto&... ec) { return map.pop_into(room, ec...); });
  expect_take_into(put, [&](int, FlowStats& room, auto&... ec) {
    return map.map().lookup_and_delete_into(std::string_view{},
                                            std::as_writable_bytes(std::span{&room, 1}), ec...);
  });
  FlowStats room = untouched;
  EXPECT_FALSE(map.peek_into(room));
  EXPECT_EQ(room, untouched);
  put();
  EXPECT_TRUE(map.peek_into(room));
  EXPECT_EQ(room, stats);
}

TEST(PopInto, ReadsIntoTheCallersValue) {
  expect_queue_into<Queue<FlowStats>>();
  expect_queue_into<Stack<FlowStats>>();
}

// --- per CPU ---

TEST(PerCpuInto, ReadsIntoTheCallersSlots) {
  using M = PerCpuHashMap<std::uint32_t, std::uint64_t>;
  auto map = M::create({.max_entries = 4});
  const PerCpuValues<std::uint64_t> mark{0xdead};
  const PerCpuValues<std::uint64_t> five{5};
  const auto expect = [&](auto read) {
    PerCpuValues<std::uint64_t> room = mark;
    std::error_code ec = Errc::invalid_name;
    EXPECT_FALSE(read(2, room));
    EXPECT_FALSE(read(2, room, ec));
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(room, mark);
    map.update(1, five);
    EXPECT_TRUE(read(1, room));
    EXPECT_EQ(room, five);
    map.update(1, five);
    room = mark;
    EXPECT_TRUE(read(1, room, ec));
    EXPECT_EQ(room, five);
  };
  expect([&](int key, auto& room, auto&... ec) { return map.lookup_into(key, room, ec...); });
  expect([&](int key, auto& room, auto&... ec) {
    return map.map().lookup_percpu_into(key, room.bytes(), ec...);
  });
  if (!test::kernel_takes_from_hashes()) return;
  expect([&](int key, auto& room, auto&... ec) {
    return map.lookup_and_delete_into(key, room, ec...);
  });
  expect([&](int key, auto& room, auto&... ec) {
    return map.map().lookup_and_delete_percpu_into(key, room.bytes(), ec...);
  });
}

TEST(LookupCpuInto, LeavesTheValueOfAKeyThatIsMissing) {
  auto map = PerCpuHashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  map.update(1, stats);
  FlowStats room = untouched;
  std::error_code ec;
  EXPECT_FALSE(map.lookup_cpu_into(2, sys::possible_cpus()[0], room, ec));
  EXPECT_EQ(room, untouched);
  if (ec) {  // a kernel without BPF_F_CPU
    EXPECT_EQ(ec, std::errc::invalid_argument);
    EXPECT_TRUE(test::contains(explain(ec), "has no BPF_F_CPU (Linux 7.0)"));
    return;
  }
  expect_read_into([&](int key, FlowStats& to, auto&... e) {
    return map.lookup_cpu_into(key, sys::possible_cpus()[0], to, e...);
  });
  expect_read_into([&](int key, FlowStats& to, auto&... e) {
    return map.map().lookup_cpu_into(key, sys::possible_cpus()[0],
                                     std::as_writable_bytes(std::span{&to, 1}), e...);
  });
}

// --- keys ---

TEST(GetNextKeyInto, WalksAMapInTheCallersMemory) {
  Map map = make_map(MapType::array, 4, 4, 3);
  std::array<std::byte, 4> key{};
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.get_next_key_into(std::nullopt, key, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(map.get_next_key_into(key, key)) << "in place";
  EXPECT_TRUE(map.get_next_key_into(key, key));
  EXPECT_EQ(decode_native_int(key), 2U);
  EXPECT_FALSE(map.get_next_key_into(key, key, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(decode_native_int(key), 2U) << "unchanged after the last key";
  std::array<std::byte, 3> narrow{};
  EXPECT_FALSE(map.get_next_key_into(std::nullopt, narrow, ec));
  EXPECT_EQ(ec, Errc::wrong_key_size);
  EXPECT_FALSE(map.get_next_key_into(narrow, key, ec));
  EXPECT_EQ(ec, Errc::wrong_key_size);
}

// --- many entries ---

TEST(LookupBatchInto, OverwritesWhatIsThere) {
  auto map = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  map.update(1, stats);
  std::optional<FlowStats> found[3] = {untouched, untouched, std::nullopt};
  EXPECT_EQ(lookup_batch_into(map, std::array{1, 2, 1}, found), test::result(2, 1));
  EXPECT_EQ(found[0], stats);
  EXPECT_EQ(found[1], std::nullopt);
  EXPECT_EQ(found[2], stats);
  auto array = ArrayMap<FlowStats>::create({.max_entries = 2});
  array.update(1, stats);
  std::error_code ec;
  EXPECT_EQ(lookup_batch_into(array, std::array{1, 0, 2}, found, ec), test::result(2, 0, 2));
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(found[0], stats);
}

TEST(ToVectorInto, OverwritesWhatIsThere) {
  auto map = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  map.update(1, stats);
  std::vector<Entry<std::uint32_t, FlowStats>> entries(3);
  to_vector_into(map, entries);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].key, 1U);
  EXPECT_EQ(entries[0].value, stats);
  std::vector<OwnedEntry<Map>> bytes;
  to_vector_into(map.map(), bytes);
  ASSERT_EQ(bytes.size(), 1U);
  EXPECT_EQ(bytes[0].value, Bytes(test::bytes_of(stats).begin(), test::bytes_of(stats).end()));
  std::error_code ec;
  to_vector_into(HashMap<std::uint32_t, FlowStats>{}, entries, ec);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_TRUE(entries.empty());
}

// A value that only its Codec makes.
struct Sealed {
  explicit Sealed(std::uint8_t of) noexcept : number(of) {}
  std::uint8_t number;
};

}  // namespace
}  // namespace bpfmap

template <>
struct bpfmap::Codec<bpfmap::Sealed> {
  static constexpr std::size_t size = 1;
  static void encode(const Sealed& sealed, std::span<std::byte, size> out) noexcept {
    out[0] = std::byte{sealed.number};
  }
  static Sealed decode(std::span<const std::byte, size> in) noexcept {
    return Sealed{std::to_integer<std::uint8_t>(in[0])};
  }
};

namespace bpfmap {
namespace {

TEST(ToVectorInto, NeedsNoDefaultConstructor) {
  auto map = HashMap<std::uint32_t, Sealed>::create({.max_entries = 4});
  map.update(1, Sealed{7});
  auto entries = to_vector(map);
  map.update(1, Sealed{8});
  to_vector_into(map, entries);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].value.number, 8);
  const auto found = lookup_batch(map, std::array{1, 2});
  EXPECT_EQ(found[0]->number, 8);
  EXPECT_FALSE(found[1]);
}

TEST(ReadInto, CopiesTheEntryOfAScanAndADrain) {
  auto map = HashMap<std::uint32_t, FlowStats>::create({.max_entries = 4});
  map.update(1, stats);
  auto all = scan(map);
  Entry<std::uint32_t, FlowStats> entry{0, untouched};
  all.begin().read_into(entry);
  EXPECT_EQ(entry.key, 1U);
  EXPECT_EQ(entry.value, stats);
  std::uint32_t key = 0;
  auto all_keys = keys(map);
  all_keys.begin().read_into(key);
  EXPECT_EQ(key, 1U);
  FlowStats value = untouched;
  auto all_values = values(map);
  all_values.begin().read_into(value);
  EXPECT_EQ(value, stats);
  entry = {0, untouched};
  auto drained = drain(map);
  drained.begin().read_into(entry);
  EXPECT_EQ(entry.value, stats);
}

}  // namespace
}  // namespace bpfmap
