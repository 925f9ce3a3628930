// SPDX-License-Identifier: MIT
// Arena on real maps, where the kernel has them (6.9).
#include "bpfmap/typed/arena.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <type_traits>
#include <utility>

#include "child_process.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::told;

static_assert(std::is_nothrow_move_constructible_v<Arena> && !std::is_copy_constructible_v<Arena>);

const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

class Arenas : public ::testing::Test {
 protected:
  void SetUp() override {
    std::error_code ec;
    const Map map = Map::create(test::spec_of(MapType::arena), ec);
    if (ec) GTEST_SKIP() << "this kernel makes no arenas: " << ec.message();
  }
  // An address where eight pages are free.
  static std::uint64_t free_address() {
    constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;
    // Large enough for some 4 GiB boundary to be in it, none of which an arena may cross.
    void* const room = ::mmap(nullptr, 2 * four_gib, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT_NE(room, MAP_FAILED);
    ::munmap(room, 2 * four_gib);
    return (reinterpret_cast<std::uintptr_t>(room) + four_gib - 1) / four_gib * four_gib;
  }
};

TEST_F(Arenas, AreCreatedWithTypeAndFlagFilledIn) {
  std::error_code ec = Errc::invalid_name;
  const auto arena = Arena::create({.max_entries = 8, .name = "arena"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(arena);
  const MapInfo& info = arena.map().info();
  EXPECT_EQ(info.type, MapType::arena);
  EXPECT_EQ(info.flags, MapFlags::mmapable);
  EXPECT_EQ(info.key_size, 0U);
  EXPECT_EQ(info.value_size, 0U);
  EXPECT_EQ(arena.size(), 8 * page);
  EXPECT_EQ(arena.span().size(), 8 * page);
  EXPECT_EQ(arena.span().data(), arena.data());
}

TEST_F(Arenas, AreZeroAndKeepWhatIsStored) {
  const auto arena = Arena::create({.max_entries = 4});
  EXPECT_TRUE(std::all_of(arena.span().begin(), arena.span().end(),
                          [](std::byte b) { return b == std::byte{0}; }));
  arena.data()[0] = std::byte{1};
  arena.span().back() = std::byte{2};
  EXPECT_EQ(arena.span()[0], std::byte{1});
  EXPECT_EQ(arena.data()[4 * page - 1], std::byte{2});
}

// The kernel gives a child no copy of the mapping, so that its address is free there.
TEST_F(Arenas, AreSharedWithAnotherProcessThatMapsThem) {
  const auto arena = Arena::create({.max_entries = 2, .map_extra = free_address()});
  arena.data()[1] = std::byte{10};
  test::in_child([&arena] {
    const Arena own{arena.map().duplicate()};
    EXPECT_EQ(own.data(), arena.data());
    EXPECT_EQ(own.data()[1], std::byte{10});
    own.data()[page] = std::byte{20};
  });
  EXPECT_EQ(arena.data()[page], std::byte{20});
}

TEST_F(Arenas, AreWhereMapExtraSays) {
  const std::uint64_t address = free_address();
  const auto arena = Arena::create({.max_entries = 8, .map_extra = address});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.data()), address);
  arena.data()[7] = std::byte{7};
}

TEST_F(Arenas, AreMappedAgainWhereMapExtraSays) {
  const std::uint64_t address = free_address();
  Map map;
  {
    const auto arena = Arena::create({.max_entries = 8, .map_extra = address});
    arena.data()[7] = std::byte{7};
    map = arena.map().duplicate();
  }
  const Arena again{std::move(map)};
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(again.data()), address);
  EXPECT_EQ(again.data()[7], std::byte{7});
}

TEST_F(Arenas, TellThatTheirAddressIsTaken) {
  const auto arena = Arena::create({.max_entries = 8, .map_extra = free_address()});
  const auto text = told(EEXIST, [&](auto&... ec) { Arena view{arena.map().duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(text, "something else is mapped at the arena's address"));
}

TEST_F(Arenas, TellThatTheyWereMappedElsewhere) {
  const auto arena = Arena::create({.max_entries = 8});
  const auto text = told(EINVAL, [&](auto&... ec) { Arena view{arena.map().duplicate(), ec...}; });
  EXPECT_TRUE(test::contains(text, "was mapped at another address before"));
}

TEST_F(Arenas, AreNotCreatedWithWhatTheKernelDoesNotTake) {
  EXPECT_TRUE(test::contains(
      told(EINVAL, [](auto&... ec) { (void)Arena::create({.name = "arena"}, ec...); }),
      "max_entries is 0"));
  EXPECT_TRUE(test::contains(
      told(EINVAL,
           [](auto&... ec) { (void)Arena::create({.max_entries = 1, .map_extra = 1}, ec...); }),
      "map_extra"));
  (void)told(Errc::wrong_value_size,
             [](auto&... ec) { (void)Arena::create({.value_size = 8, .max_entries = 1}, ec...); });
}

TEST_F(Arenas, CannotBeFrozenOnceMapped) {
  Map map;
  {
    const auto arena = Arena::create({.max_entries = 1});
    map = arena.map().duplicate();
    (void)told(EBUSY, [&map](auto&... ec) { map.freeze(ec...); });
  }
  (void)told(EBUSY, [&map](auto&... ec) { map.freeze(ec...); });
}

TEST_F(Arenas, KeepTheirMemoryWhenTheyMove) {
  auto arena = Arena::create({.max_entries = 2});
  std::byte* const data = arena.data();
  data[5] = std::byte{5};
  const Arena moved{std::move(arena)};
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(moved.data()[5], std::byte{5});
  EXPECT_FALSE(arena);
  EXPECT_TRUE(arena.span().empty());
  EXPECT_EQ(arena.data(), nullptr);
}

TEST_F(Arenas, LeaveNoDescriptorOpen) {
  const std::size_t before = test::open_descriptors();
  {
    const auto arena = Arena::create({.max_entries = 1});
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(ArenaView, RefusesAMapOfAnotherKind) {
  const Map array = test::make_map(MapType::array, 4, 8, 1, MapFlags::mmapable);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_map_type, [&](auto&... ec) { Arena view{array.duplicate(), ec...}; }),
      "the map is of type array"));
  (void)told(Errc::no_map, [](auto&... ec) { Arena view{Map{}, ec...}; });
  const Arena nothing;
  EXPECT_FALSE(nothing);
  EXPECT_EQ(nothing.size(), 0U);
}

}  // namespace
}  // namespace bpfmap
