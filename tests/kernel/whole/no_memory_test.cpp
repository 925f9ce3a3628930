// SPDX-License-Identifier: MIT
// The forms that do not throw, when operator new does: ENOMEM, and the program goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "bpfmap/layout/entry_text.hpp"
#include "bpfmap/layout/layout.hpp"
#include "failing_new.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using test::errno_code;
using test::FailingNew;
using test::make_map;

struct Large {
  std::array<std::uint64_t, 200> words;
  bool operator==(const Large&) const = default;
};

/// `call(ec)` with room for ever more allocations: ENOMEM until there is enough. It must need one.
template <class Call>
void expect_no_memory_is_told(Call call) {
  constexpr std::size_t most = 200;
  for (std::size_t allowed = 0; allowed < most; ++allowed) {
    std::error_code ec = Errc::invalid_name;
    {
      const FailingNew failing{allowed};
      call(ec);
    }
    if (!ec) {
      EXPECT_GT(allowed, 0U) << "allocates nothing";
      return;
    }
    ASSERT_EQ(ec, errno_code(ENOMEM)) << allowed << " allocations";
    EXPECT_EQ(ec, std::errc::not_enough_memory);
  }
  ADD_FAILURE() << "more than " << most << " allocations";
}

TEST(NoMemory, IsToldByMapsThatGiveBytes) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 10);
  expect_no_memory_is_told([&](std::error_code& ec) { (void)map.lookup(1, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)map.get_next_key(std::nullopt, ec); });
}

// An entry that cannot be given is not taken.
TEST(NoMemory, IsToldByWhatEncodesIntegers) {
  expect_no_memory_is_told([](std::error_code& ec) { (void)encode_int_key(42, 4, ec); });
  expect_no_memory_is_told([](std::error_code& ec) { (void)encode_native_int(42, 4, ec); });
}

TEST(NoMemory, LosesNoEntry) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 10);
  std::error_code ec;
  {
    const FailingNew failing{0};
    (void)map.lookup_and_delete(1, ec);
  }
  EXPECT_EQ(ec, errno_code(ENOMEM));
  EXPECT_EQ(map.lookup<int>(1), 10);
  expect_no_memory_is_told([&](std::error_code& e) { (void)map.lookup_and_delete(1, e); });
  EXPECT_EQ(map.lookup(1), std::nullopt);

  Map slots = make_map(MapType::percpu_hash, 4, 8);
  slots.update(1, 10);
  for (std::size_t allowed = 0;; ++allowed) {
    {
      const FailingNew failing{allowed};
      (void)slots.lookup_and_delete_percpu(1, ec);
    }
    if (!ec) break;
    ASSERT_EQ(ec, errno_code(ENOMEM));
    ASSERT_TRUE(test::stored(slots, Bytes{std::byte{1}, {}, {}, {}})) << allowed;
  }
  EXPECT_EQ(slots.lookup_percpu(1), std::nullopt);
}

TEST(NoMemory, IsToldByPerCpuOperations) {
  Map map = make_map(MapType::percpu_hash, 4, 8);
  const std::vector<std::uint64_t> values(sys::possible_cpus().size(), 7);
  expect_no_memory_is_told([&](std::error_code& ec) { map.update(1, 10, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { map.update_percpu(1, values, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)map.lookup_percpu(1, ec); });
  expect_no_memory_is_told(
      [&](std::error_code& ec) { (void)map.lookup_percpu<std::uint64_t>(1, ec); });
  EXPECT_EQ(map.lookup_percpu<std::uint64_t>(1)->sum(), 7 * values.size());
  if (!test::kernel_takes_from_hashes()) return;
  // Two allocations, of the slots and of the values; and the entry is there until both are.
  expect_no_memory_is_told(
      [&](std::error_code& ec) { (void)map.lookup_and_delete_percpu<std::uint64_t>(1, ec); });
}

TEST(NoMemory, IsToldByOperationsOnTypesThatTheLibraryDoesNotKnow) {
  test::FakeMap fake{{.type = MapType{99}, .key_size = 4, .value_size = 8, .max_entries = 4}};
  std::uint64_t value = 0;
  const MutableBytesView room = std::as_writable_bytes(std::span{&value, 1});
  std::error_code ec;
  {
    const FailingNew failing{0};
    (void)fake.map.lookup_into(1, room, ec);
  }
  EXPECT_EQ(ec, errno_code(ENOMEM));
  ec.clear();
  {
    const FailingNew failing{0};
    fake.map.update(1, 2, ec);
  }
  EXPECT_EQ(ec, errno_code(ENOMEM));
}

TEST(NoMemory, IsToldByPins) {
  const test::PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const std::string path = bpffs.path("a_map_with_a_long_name");
  expect_no_memory_is_told([&](std::error_code& ec) { map.pin(path, ec); });
  EXPECT_EQ(Map::open_pinned(path).info().id, map.info().id);
  expect_no_memory_is_told([&](std::error_code& ec) { (void)Map::unpin(path, ec); });
  const MapSpec spec{.type = MapType::hash,
                     .key_size = 4,
                     .value_size = 8,
                     .max_entries = 4,
                     .name = "no_memory_name_"};
  expect_no_memory_is_told([&](std::error_code& ec) { (void)open_or_create(path, spec, ec); });
  EXPECT_EQ(Map::open_pinned(path).info().name, "no_memory_name_");
  const std::string& root = bpffs.root();
  expect_no_memory_is_told([&](std::error_code& ec) { (void)find_pins(map, root, ec); });
  // What was made before there was none is removed again.
  const std::string folder = bpffs.path("a_folder_with_a_long_name");
  const std::string deep = folder + "/another_of_them/flows";
  bool left = false;
  expect_no_memory_is_told([&](std::error_code& ec) {
    map.pin(deep, {.mode = 0640, .make_folders = true}, ec);
    left = left || (ec && ::access(folder.c_str(), F_OK) == 0);
  });
  EXPECT_FALSE(left);
  EXPECT_EQ(Map::open_pinned(deep).info().id, map.info().id);
  bool replaced = false;
  expect_no_memory_is_told([&](std::error_code& ec) {
    std::error_code other;
    (void)resize(map, deep, 8, ec);
    replaced = replaced || (ec && !is_pinned_at(map, deep, other));
  });
  EXPECT_FALSE(replaced);
  EXPECT_EQ(Map::open_pinned(deep).info().max_entries, 8U);
}

struct Counted {
  std::uint64_t packets;
  std::uint32_t drops, more;
};
// Of the same size.
struct Reordered {
  std::uint32_t drops, more;
  std::uint64_t packets;
};

}  // namespace

template <>
struct Layout<Counted> : Reflected {};
template <>
struct Layout<Reordered> : Reflected {};

namespace {

using Counters = HashMap<std::uint32_t, Counted>;

TEST(NoMemory, IsToldByLayouts) {
  expect_no_memory_is_told(
      [](std::error_code& ec) { (void)Counters::create({.max_entries = 4}, ec); });
  const auto counters = Counters::create({.max_entries = 4});
  ASSERT_NE(counters.map().info().btf_id, 0U);
  expect_no_memory_is_told([&](std::error_code& ec) {
    Map map = counters.map().duplicate(ec);
    if (!ec) (void)Counters{std::move(map), ec};
  });
  expect_no_memory_is_told([&](std::error_code& ec) {
    (void)check_layout<std::uint32_t, Reordered>(counters.map(), ec);
  });
}

TEST(NoMemory, IsToldByEntriesAsText) {
  auto counters = Counters::create({.max_entries = 4});
  counters.update(1, Counted{.packets = 7, .drops = 1, .more = 0});
  expect_no_memory_is_told([&](std::error_code& ec) { (void)EntryText{counters.map(), ec}; });
  const EntryText text{counters.map()};
  const Bytes key = *counters.map().get_next_key(std::nullopt);
  const Bytes value = *counters.map().lookup(key);
  const std::string line = text.entry_text(key, value);
  // Too long for a std::string without a heap.
  expect_no_memory_is_told(
      [&](std::error_code& ec) { (void)text.value_text(value, TextStyle::json, ec); });
  expect_no_memory_is_told(
      [&](std::error_code& ec) { (void)text.entry_text(key, value, TextStyle::lines, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)text.parse_key("1", ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)text.parse_entry(line, ec); });
  // What is wrong with a text needs memory, too.
  for (std::size_t allowed = 0; allowed < 20; ++allowed) {
    std::error_code ec;
    {
      const FailingNew failing{allowed};
      (void)text.parse_value("{packets=1, unknown=2}", ec);
    }
    EXPECT_TRUE(ec == errno_code(ENOMEM) || ec == Errc::invalid_text) << ec;
  }
}

TEST(NoMemory, IsToldByQueries) {
  auto counters = Counters::create({.max_entries = 64});
  for (std::uint32_t key = 0; key < 50; ++key) counters.update(key, Counted{key, key % 7, 0});
  for (const EngineChoice engine : {EngineChoice::automatic, EngineChoice::system_calls}) {
    SCOPED_TRACE(static_cast<int>(engine));
    auto handle = in_kernel(counters, {.engine = engine});
    const auto packets = value(&Counted::packets);
    expect_no_memory_is_told([&](std::error_code& ec) { (void)handle.count_if(packets > 3U, ec); });
    expect_no_memory_is_told([&](std::error_code& ec) { (void)handle.top(3, packets, ec); });
    expect_no_memory_is_told([&](std::error_code& ec) { (void)handle.to_vector(ec); });
    expect_no_memory_is_told(
        [&](std::error_code& ec) { (void)handle.group_by(value(&Counted::drops), packets, ec); });
    std::uint64_t entries = 0;
    for (const auto& group : handle.group_by(value(&Counted::drops), packets).groups)
      entries += group.count;
    EXPECT_EQ(entries, 50U) << "groups of a query that failed are left";
  }
}

TEST(NoMemory, IsToldByTheListOfMaps) {
  const Map map = make_map(MapType::hash, 4, 8);
  expect_no_memory_is_told([&](std::error_code& ec) { (void)list_maps(ec); });
}

TEST(NoMemory, IsToldByTheProbe) {
  detail::forget_support();
  (void)supports(MapType::hash);
  expect_no_memory_is_told(
      [&](std::error_code& ec) { (void)supports(Operation::lookup, MapType::hash, ec); });
  EXPECT_EQ(supports(Operation::lookup, MapType::hash), Support::yes);
}

TEST(NoMemory, IsToldByTypedPerCpuMaps) {
  const Large large{{1, 2, 3}};
  auto hash = PerCpuHashMap<std::uint32_t, Large>::create({.max_entries = 4});
  expect_no_memory_is_told([&](std::error_code& ec) { hash.update(1, large, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)hash.insert(2, large, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)hash.replace(2, large, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)hash.lookup(1, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)hash.contains(1, ec); });
  PerCpuValues<Large> moved_from;
  const PerCpuValues<Large> elsewhere = std::move(moved_from);
  expect_no_memory_is_told([&](std::error_code& ec) { (void)hash.lookup_into(1, moved_from, ec); });
  EXPECT_EQ((*hash.lookup(1))[0], large);
  if (test::kernel_takes_from_hashes()) {
    expect_no_memory_is_told([&](std::error_code& ec) { (void)hash.lookup_and_delete(1, ec); });
    EXPECT_FALSE(hash.contains(1));
  }

  auto array = PerCpuArrayMap<Large>::create({.max_entries = 4});
  expect_no_memory_is_told([&](std::error_code& ec) { array.update(1, large, ec); });
  expect_no_memory_is_told([&](std::error_code& ec) { (void)array.lookup(1, ec); });
  EXPECT_EQ((array.lookup(1))[0], large);
}

TEST(NoMemory, IsToldByRingBuffers) {
  const Map map = Map::create({.type = MapType::ringbuf, .max_entries = 65536});
  expect_no_memory_is_told([&](std::error_code& ec) {
    RingBuffer ring;
    ring.for_each(map.duplicate(), [](BytesView) {}, ec);
  });
}

TEST(NoMemory, IsToldByMapsOfMaps) {
  const auto inner = ArrayMap<int>::create({.max_entries = 1});
  auto outer = ArrayOfMaps<ArrayMap<int>>::create({.max_entries = 2}, inner);
  const std::array<std::uint32_t, 1> keys{1};
  expect_no_memory_is_told(
      [&](std::error_code& ec) { (void)outer.set_batch(keys, {&inner, 1}, ec); });
  EXPECT_EQ(outer.lookup_id(1), inner.map().info().id);
}

TEST(NoMemory, IsToldByStackTraces) {
  const auto stacks = StackTraceMap::create({.max_entries = 4});
  expect_no_memory_is_told([&](std::error_code& ec) { (void)stacks.lookup(1, ec); });
}

TEST(NoMemory, IsToldByBatches) {
  const std::vector<std::uint32_t> keys{1, 2, 3};
  const std::vector<Large> values(3);
  auto map = PerCpuHashMap<std::uint32_t, Large>::create({.max_entries = 4});
  expect_no_memory_is_told([&](std::error_code& ec) {
    (void)update_batch(map, std::span<const std::uint32_t>{keys}, values, ec);
  });
  EXPECT_EQ(count(map), 3U);
}

// What throws, throws what it has always thrown or an Error; the map is as it was.
TEST(NoMemory, IsThrownByTheOtherForms) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 10);
  bool thrown = false;
  try {
    const FailingNew failing{0};
    (void)map.lookup_and_delete(1);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(map.lookup<int>(1), 10);
}

}  // namespace
}  // namespace bpfmap
