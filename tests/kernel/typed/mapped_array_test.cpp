// SPDX-License-Identifier: MIT
// MappedArray on real maps: what is stored is in the kernel, and what programs store is here.
#include "bpfmap/typed/mapped_array.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/typed/array_map.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "shared.h"
#include "shared.skel.h"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::bytes_of;
using test::error_of;
using test::told;

struct Cell {
  std::uint32_t packets = 0;
  std::uint32_t bytes = 0;
  std::uint32_t seen = 0;
  friend bool operator==(const Cell&, const Cell&) = default;
};
static_assert(sizeof(Cell) == 12);

using Cells = MappedArray<Cell>;
using Counters = MappedArray<std::uint64_t>;

static_assert(Cells::stride == 16 && Counters::stride == 8);
static_assert(MappedArray<std::uint8_t>::stride == 8 &&
              MappedArray<std::array<char, 100>>::stride == 104);
static_assert(std::random_access_iterator<Cells::iterator>);
static_assert(std::random_access_iterator<MappedArray<const Cell>::iterator>);
static_assert(std::same_as<std::iter_reference_t<MappedArray<const Cell>::iterator>, const Cell&>);
static_assert(std::is_nothrow_move_constructible_v<Cells> &&
              std::is_nothrow_move_assignable_v<Cells> && !std::is_copy_constructible_v<Cells>);

template <class A>
concept has_span = requires(const A& array) { array.span(); };
template <class A>
concept has_store = requires(const A& array) { array.store(0, {}); };
template <class A>
concept has_load = requires(const A& array) { array.load(0); };
static_assert(has_span<Counters> && !has_span<Cells>, "there are gaps between the cells");
static_assert(has_load<Counters> && has_store<Counters>);
static_assert(has_load<MappedArray<const std::uint64_t>> &&
              !has_store<MappedArray<const std::uint64_t>>);
static_assert(!has_load<Cells>, "12 bytes are not loaded at once");

// What the kernel holds of element `i`.
template <class V>
V held(const Map& map, std::uint32_t i) {
  V value{};
  EXPECT_EQ(sys::map_lookup_elem(map.fd(), &i, &value), 0);
  return value;
}
template <class V>
void write(const Map& map, std::uint32_t i, const V& value) {
  EXPECT_EQ(sys::map_update_elem(map.fd(), &i, &value), 0);
}

Cell cell(std::uint32_t n) { return {.packets = n, .bytes = 100 * n, .seen = n + 7}; }

TEST(MappedArrayCreate, FillsTypeSizesAndFlagIn) {
  std::error_code ec = Errc::invalid_name;
  const auto cells = Cells::create({.max_entries = 300, .name = "cells"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(cells);
  const MapInfo& info = cells.map().info();
  EXPECT_EQ(info.type, MapType::array);
  EXPECT_EQ(info.key_size, 4U);
  EXPECT_EQ(info.value_size, 12U);
  EXPECT_EQ(info.flags, MapFlags::mmapable);
  EXPECT_EQ(cells.size(), 300U);
  EXPECT_FALSE(cells.empty());
  EXPECT_TRUE(std::all_of(cells.begin(), cells.end(), [](const Cell& c) { return c == Cell{}; }));
}

TEST(MappedArrayCreate, TellsWhatTheKernelDoesNotTake) {
  const auto text =
      told(EINVAL, [](auto&... ec) { (void)Cells::create({.name = "cells"}, ec...); });
  EXPECT_TRUE(test::contains(text, "max_entries is 0"));
}

// 300 elements of 16 bytes: more than a page, so that a wrong stride is seen.
TEST(MappedArray, StoresWhatLookupsSee) {
  auto cells = Cells::create({.max_entries = 300});
  for (std::uint32_t i = 0; i < 300; ++i) cells[i] = cell(i);
  for (std::uint32_t i = 0; i < 300; ++i) ASSERT_EQ(held<Cell>(cells.map(), i), cell(i)) << i;
}

TEST(MappedArray, SeesWhatUpdatesStore) {
  const auto cells = Cells::create({.max_entries = 300});
  for (std::uint32_t i = 0; i < 300; ++i) write(cells.map(), i, cell(i + 1));
  std::uint32_t i = 0;
  for (const Cell& here : cells) ASSERT_EQ(here, cell(++i));
  EXPECT_EQ(i, 300U);
  EXPECT_EQ(cells[299], cell(300));
}

TEST(MappedArray, HasTheStrideOfTheKernelForAnySize) {
  const auto check = []<std::size_t size>(std::integral_constant<std::size_t, size>) {
    using Value = std::array<std::uint8_t, size>;
    const auto array = MappedArray<Value>::create({.max_entries = 5});
    for (std::uint32_t i = 0; i < 5; ++i) {
      Value value;
      value.fill(static_cast<std::uint8_t>(i + 1));
      write(array.map(), i, value);
      EXPECT_EQ(array[i], value) << size;
      value.fill(static_cast<std::uint8_t>(i + 100));
      array[i] = value;
      EXPECT_EQ(held<Value>(array.map(), i), value) << size;
    }
  };
  [check]<std::size_t... sizes>(std::index_sequence<sizes...>) {
    (check(std::integral_constant<std::size_t, sizes + 1>{}), ...);
  }(std::make_index_sequence<17>{});
  check(std::integral_constant<std::size_t, 1000>{});
  check(std::integral_constant<std::size_t, 4097>{});
}

TEST(MappedArray, MakesNoSystemCall) {
  const auto counters = Counters::create({.max_entries = 4});
  const test::FakeBpf fake{&sys::bpf_syscall};
  counters[1] = 5;
  counters.store(2, 6);
  counters.atomic(2).fetch_add(1);
  EXPECT_EQ(counters.load(1) + counters.load(2), 12U);
  EXPECT_TRUE(fake.calls().empty());
}

TEST(MappedArray, IsASpanWhenThereIsNothingBetweenItsElements) {
  const auto counters = Counters::create({.max_entries = 1000});
  const std::span<std::uint64_t> all = counters.span();
  ASSERT_EQ(all.size(), 1000U);
  all[999] = 77;
  EXPECT_EQ(held<std::uint64_t>(counters.map(), 999), 77U);
  EXPECT_EQ(&all[5], &counters[5]);
}

TEST(MappedArrayIterator, GoesEverywhere) {
  const auto cells = Cells::create({.max_entries = 10});
  for (std::uint32_t i = 0; i < 10; ++i) cells[i] = cell(i);
  auto at = cells.begin();
  EXPECT_EQ(cells.end() - at, 10);
  EXPECT_EQ(at[3], cell(3));
  EXPECT_EQ(*(at + 4), cell(4));
  EXPECT_EQ(*(4 + at), cell(4));
  EXPECT_EQ((at++)->packets, 0U);
  EXPECT_EQ(at->packets, 1U);
  EXPECT_EQ((at--)->packets, 1U);
  EXPECT_EQ((++at)->packets, 1U);
  at += 5;
  at -= 1;
  EXPECT_EQ(*--at, cell(4));
  EXPECT_LT(at, cells.end());
  EXPECT_EQ(*(cells.end() - 1), cell(9));
  std::sort(cells.begin(), cells.end(),
            [](const Cell& a, const Cell& b) { return a.packets > b.packets; });
  EXPECT_EQ(held<Cell>(cells.map(), 0), cell(9));
}

TEST(MappedArrayAtomics, CountEveryAddition) {
  const auto counters = Counters::create({.max_entries = 2});
  constexpr std::uint64_t additions = 20'000;
  const auto add = [&counters] {
    for (std::uint64_t i = 0; i < additions; ++i) counters.atomic(1).fetch_add(1);
  };
  std::thread other{add};
  add();
  other.join();
  EXPECT_EQ(counters.load(1), 2 * additions);
  EXPECT_EQ(held<std::uint64_t>(counters.map(), 1), 2 * additions);
  counters.store(1, 3, std::memory_order_release);
  EXPECT_EQ(counters.load(1, std::memory_order_acquire), 3U);
}

// --- two views of one array, and the life of the memory ---

TEST(MappedArrayViews, AreTheSameMemory) {
  const auto cells = Cells::create({.max_entries = 4});
  const Cells other{cells.map().duplicate()};
  const MappedArray<const Cell> reader{cells.map().duplicate()};
  cells[2] = cell(5);
  EXPECT_EQ(other[2], cell(5));
  EXPECT_EQ(reader[2], cell(5));
  EXPECT_NE(&other[2], &cells[2]);
}

TEST(MappedArrayMemory, StaysWhereItIsWhenTheArrayMoves) {
  auto cells = Cells::create({.max_entries = 4});
  Cell* const address = &cells[1];
  *address = cell(3);
  Cells moved{std::move(cells)};
  EXPECT_EQ(&moved[1], address);
  EXPECT_EQ(moved[1], cell(3));
  EXPECT_FALSE(cells);
  EXPECT_EQ(cells.size(), 0U);
  EXPECT_TRUE(cells.empty());
  EXPECT_EQ(cells.begin(), cells.end());
  auto other = Cells::create({.max_entries = 2});
  other = std::move(moved);
  EXPECT_EQ(&other[1], address);
  EXPECT_EQ(other.size(), 4U);
  EXPECT_EQ(held<Cell>(other.map(), 1), cell(3));
}

TEST(MappedArrayMemory, KeepsTheMapAliveWithoutItsDescriptor) {
  auto cells = Cells::create({.max_entries = 4});
  const std::uint32_t id = cells.map().info().id;
  cells.map().release().reset();
  EXPECT_FALSE(cells);
  EXPECT_EQ(cells.size(), 4U);
  cells[3] = cell(9);
  const Map again = Map::from_id(id);
  EXPECT_EQ(held<Cell>(again, 3), cell(9));
}

TEST(MappedArrayMemory, GoesWithTheArray) {
  const std::size_t before = test::open_descriptors();
  Map map;
  {
    auto cells = Cells::create({.max_entries = 4});
    map = cells.map().duplicate();
    std::error_code ec;
    map.freeze(ec);
    EXPECT_EQ(ec, std::errc::device_or_resource_busy) << "it is mapped writable";
  }
  EXPECT_NO_THROW(map.freeze()) << "it is not any more";
  map = {};
  EXPECT_EQ(test::open_descriptors(), before);
}

// --- what may not be mapped ---

TEST(MappedArrayOfConst, ReadsAFrozenMap) {
  auto map = ArrayMap<std::uint64_t>::create({.max_entries = 4, .flags = MapFlags::mmapable});
  map.update(2, 7);
  map.map().freeze();
  const MappedArray<const std::uint64_t> reader{map.map().duplicate()};
  EXPECT_EQ(reader[2], 7U);
  EXPECT_EQ(reader.load(2), 7U);
  EXPECT_EQ(reader.span()[2], 7U);
  const auto text = told(EPERM, [&](auto&... ec) { Counters view{map.map().duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(text, "the map is frozen, and can only be mapped read-only"));
  EXPECT_TRUE(test::contains(text, "MappedArray<const V>"));
}

TEST(MappedArrayOfConst, DoesNotKeepTheMapFromBeingFrozen) {
  const auto reader = MappedArray<const std::uint64_t>::create({.max_entries = 4});
  auto map = reader.map().duplicate();
  map.update(1, 5);
  EXPECT_NO_THROW(map.freeze());
  EXPECT_EQ(reader[1], 5U);
}

TEST(MappedArray, TellsThatProgramsMayOnlyRead) {
  const MapSpec spec{.max_entries = 4, .flags = MapFlags::rdonly_prog | MapFlags::mmapable};
  auto map = ArrayMap<std::uint64_t>::create(spec);
  const auto text = told(EACCES, [&](auto&... ec) { Counters view{map.map().duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(text, "MapFlags::rdonly_prog"));
  const MappedArray<const std::uint64_t> reader{map.map().duplicate()};
  map.update(3, 9);
  EXPECT_EQ(reader[3], 9U);
}

TEST(MappedArray, TellsWhatItsDescriptorMayNotDo) {
  const auto array = Counters::create({.max_entries = 4});
  const std::uint32_t id = array.map().info().id;
  EXPECT_TRUE(test::contains(
      told(EACCES, [&](auto&... ec) { Counters view{Map::from_id(id, Access::read_only), ec...}; }),
      "a read-only descriptor cannot be mapped at all"));
  EXPECT_TRUE(test::contains(told(EINVAL,
                                  [&](auto&... ec) {
                                    MappedArray<const std::uint64_t> view{
                                        Map::from_id(id, Access::read_only), ec...};
                                  }),
                             "a read-only descriptor cannot be mapped at all"));
  EXPECT_TRUE(test::contains(
      told(EACCES,
           [&](auto&... ec) { Counters view{Map::from_id(id, Access::write_only), ec...}; }),
      "a write-only descriptor cannot be mapped"));
}

TEST(MappedArrayView, RefusesAMapOfAnotherKind) {
  const Map plain = test::make_map(MapType::array, 4, 8);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_map_flags, [&](auto&... ec) { Counters view{plain.duplicate(), ec...}; }),
      "(mmapable)"));
  const Map hash = test::make_map(MapType::hash, 4, 8);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_map_type, [&](auto&... ec) { Counters view{hash.duplicate(), ec...}; }),
      "the map is of type hash"));
  const Map narrow = test::make_map(MapType::array, 4, 4, 4, MapFlags::mmapable);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_value_size, [&](auto&... ec) { Counters view{narrow.duplicate(), ec...}; }),
      "value type has 8 bytes, the map's values have 4"));
  EXPECT_TRUE(test::contains(told(Errc::no_map, [](auto&... ec) { Counters view{Map{}, ec...}; }),
                             "never opened"));
}

// --- with a program ---

class SharedProgram {
 public:
  SharedProgram() : skeleton_(shared::open_and_load()) { EXPECT_NE(skeleton_, nullptr); }
  SharedProgram(const SharedProgram&) = delete;
  SharedProgram& operator=(const SharedProgram&) = delete;
  ~SharedProgram() { destroy(); }
  void destroy() { shared::destroy(std::exchange(skeleton_, nullptr)); }

  [[nodiscard]] const auto& maps() const noexcept { return skeleton_->maps; }

  // Runs it with a packet of 64 bytes; gives what became of the packet.
  [[nodiscard]] std::uint32_t run(std::uint32_t index) const {
    std::array<std::byte, 64> packet{};
    std::memcpy(packet.data(), &index, sizeof index);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet.data();
    options.data_size_in = packet.size();
    options.repeat = 1;
    EXPECT_EQ(::bpf_prog_test_run_opts(::bpf_program__fd(skeleton_->progs.count), &options), 0);
    return options.retval;
  }

 private:
  shared* skeleton_;
};
constexpr std::uint32_t xdp_drop = 1;
constexpr std::uint32_t xdp_pass = 2;

TEST(MappedArrayOfAProgram, IsWhereTheProgramCounts) {
  const SharedProgram program;
  const Cells cells{from(program.maps().cells)};
  ASSERT_EQ(cells.size(), 300U);
  cells[299] = {.packets = 40, .bytes = 1};
  EXPECT_EQ(program.run(299), xdp_pass);
  EXPECT_EQ(cells[299], (Cell{.packets = 41, .bytes = 65, .seen = 0x600d}));
  EXPECT_EQ(program.run(7), xdp_pass);
  EXPECT_EQ(cells[7], (Cell{.packets = 1, .bytes = 64, .seen = 0x600d}));
  EXPECT_EQ(cells[8], Cell{});
}

TEST(SectionsOfAProgram, AreArraysOfOneStruct) {
  const SharedProgram program;
  const MappedArray<shared_totals> totals{from(program.maps().bss)};
  const MappedArray<shared_settings> settings{from(program.maps().data)};
  const MappedArray<const shared_limits> limits{from(program.maps().rodata)};
  EXPECT_EQ(totals.size(), 1U);
  EXPECT_EQ(settings[0].step, 1U);
  EXPECT_EQ(limits[0].most_cells, 300U);
  EXPECT_EQ(limits[0].magic, 0x600dU);

  settings[0].step = 10;
  EXPECT_EQ(program.run(5), xdp_pass);
  EXPECT_EQ(program.run(6), xdp_pass);
  EXPECT_EQ(totals[0].packets, 20U);
  EXPECT_EQ(totals[0].bytes, 128U);
  EXPECT_EQ(settings[0].last_index, 6U);
  EXPECT_EQ(program.run(300), xdp_drop) << "the limit of .rodata";
  EXPECT_EQ(totals[0].packets, 20U);
}

TEST(SectionsOfAProgram, RefuseToBeWrittenWhereTheyAreConstant) {
  const SharedProgram program;
  std::error_code ec;
  EXPECT_FALSE((MappedArray<shared_limits>{from(program.maps().rodata), ec}));
  EXPECT_TRUE(ec == std::errc::operation_not_permitted || ec == std::errc::permission_denied)
      << ec.message();
}

TEST(SectionsOfAProgram, OutliveIt) {
  SharedProgram program;
  const MappedArray<shared_totals> totals{from(program.maps().bss)};
  EXPECT_EQ(program.run(1), xdp_pass);
  program.destroy();
  EXPECT_EQ(totals[0].packets, 1U);
}

}  // namespace
}  // namespace bpfmap
