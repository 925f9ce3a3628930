// SPDX-License-Identifier: MIT
// DevMap and DevMapHash: devices that XDP programs redirect to.
#include "bpfmap/typed/dev_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "own_network.hpp"
#include "program.hpp"
#include "refusals.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

using Shown = std::map<std::uint32_t, std::uint32_t>;

constexpr std::uint32_t loopback = 1;  // in every network
constexpr std::uint32_t unknown = 0x7ffffffe;
constexpr std::uint32_t redirected = XDP_REDIRECT;
constexpr std::uint32_t dropped = XDP_DROP;
constexpr test::ProgramKind devmap_program{.type = BPF_PROG_TYPE_XDP,
                                           .attach_type = BPF_XDP_DEVMAP};

template <class M>
class EitherDevMap : public ::testing::Test {
 protected:
  static M make() { return M::create({.max_entries = 4, .name = "devices"}); }
  static M make_narrow() {
    return M::create({.value_size = 4, .max_entries = 4, .name = "devices"});
  }
  static Shown shown(const M& map) {
    Shown result;
    for (const auto [key, entry] : map) result.emplace(key, entry.ifindex);
    return result;
  }
};
using Both = ::testing::Types<DevMap, DevMapHash>;
TYPED_TEST_SUITE(EitherDevMap, Both);

TYPED_TEST(EitherDevMap, HasRoomForAProgramUnlessToldOtherwise) {
  constexpr bool hash = std::is_same_v<TypeParam, DevMapHash>;
  test::expect_made_and_refused<TypeParam>({.max_entries = 4, .name = "devices"},
                                           hash ? MapType::devmap_hash : MapType::devmap, 8);
  EXPECT_EQ(this->make_narrow().map().info().value_size, 4U);
  EXPECT_TRUE(contains(told(std::error_code{Errc::wrong_value_size},
                            [](auto&... ec) {
                              (void)TypeParam::create({.value_size = 16, .max_entries = 4}, ec...);
                            }),
                       "value"));
}

TYPED_TEST(EitherDevMap, LeadsARedirectToTheDevice) {
  for (const std::uint32_t value_size : {8U, 4U}) {
    auto map = TypeParam::create({.value_size = value_size, .max_entries = 4});
    const sys::UniqueFd redirect = test::load_redirect(map.map().fd(), 2);
    EXPECT_EQ(test::run_program(redirect.get()), dropped);
    EXPECT_EQ(map.lookup(2), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(2, ec), std::nullopt);
    EXPECT_EQ(ec, std::error_code{});

    map.set(2, {.ifindex = loopback});
    EXPECT_EQ(test::run_program(redirect.get()), redirected);
    EXPECT_EQ(map.lookup(2), DevValue{.ifindex = loopback});
    map.erase(2);
    EXPECT_EQ(test::run_program(redirect.get()), dropped);

    ec = Errc::invalid_name;
    map.set(2, {.ifindex = loopback}, ec);
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(2, ec), DevValue{.ifindex = loopback});
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    map.erase(2, ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(map.lookup(2), std::nullopt);
  }
}

TYPED_TEST(EitherDevMap, HoldsAProgramForTheWayOut) {
  auto map = this->make();
  const sys::UniqueFd program = test::load_program(XDP_PASS, devmap_program);
  map.set(1, {.ifindex = loopback, .program_fd = program.get()});
  const DevValue expected{.ifindex = loopback, .program_id = test::id_of_program(program.get())};
  EXPECT_NE(expected.program_id, 0U);
  EXPECT_EQ(map.lookup(1), expected);
  for (const auto [key, entry] : map) EXPECT_EQ(entry, expected) << key;
  map.set(1, {.ifindex = loopback});
  EXPECT_EQ(map.lookup(1), DevValue{.ifindex = loopback});
}

TYPED_TEST(EitherDevMap, HasNoRoomForAProgramInNarrowValues) {
  auto map = this->make_narrow();
  const sys::UniqueFd program = test::load_program(XDP_PASS, devmap_program);
  const DevTarget target{.ifindex = loopback, .program_fd = program.get()};
  EXPECT_TRUE(contains(told(std::error_code{Errc::wrong_value_size},
                            [&](auto&... ec) { map.set(1, target, ec...); }),
                       "values have 4 bytes and no room for a program"));
  EXPECT_EQ(map.lookup(1), std::nullopt);
}

TYPED_TEST(EitherDevMap, TellsWhatIsNoDevice) {
  auto map = this->make();
  map.set(1, {.ifindex = loopback});
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.set(1, {.ifindex = unknown}, ec...); }),
                       "there is no network device with ifindex 2147483646"));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.set(1, {}, ec...); }),
                       std::is_same_v<TypeParam, DevMapHash>
                           ? "no network device has ifindex 0"
                           : "there is no network device with ifindex 0"));
  EXPECT_EQ(map.lookup(1), DevValue{.ifindex = loopback}) << "0 must not erase";
}

TYPED_TEST(EitherDevMap, TellsWhatIsNoProgramForIt) {
  auto map = this->make();
  const sys::UniqueFd other = test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP});
  EXPECT_TRUE(contains(told(EINVAL,
                            [&](auto&... ec) {
                              map.set(1, {.ifindex = loopback, .program_fd = other.get()}, ec...);
                            }),
                       "the program of descriptor " + std::to_string(other.get()) +
                           " does not fit: devmaps take XDP programs for devmaps "
                           "(SEC(\"xdp/devmap\"))"));
  EXPECT_FALSE(told(EINVAL, [&](auto&... ec) {
                 map.set(1, {.ifindex = loopback, .program_fd = map.map().fd()}, ec...);
               }).empty());
  EXPECT_EQ(map.lookup(1), std::nullopt);
}

TYPED_TEST(EitherDevMap, ShowsItsDevicesInAScan) {
  test::in_own_network([] {
    const std::uint32_t here = test::make_veth("here", "there");
    const std::uint32_t there = ::if_nametoindex("there");
    for (const std::uint32_t value_size : {8U, 4U}) {
      auto map = TypeParam::create({.value_size = value_size, .max_entries = 4});
      EXPECT_EQ(TestFixture::shown(map), Shown{});
      map.set(0, {.ifindex = here});
      map.set(3, {.ifindex = there});
      EXPECT_EQ(TestFixture::shown(map), (Shown{{0, here}, {3, there}}));
      std::error_code ec = Errc::invalid_name;
      std::size_t count = 0;
      for (const DevValue entry : values(map, ec)) count += entry.ifindex != 0;
      EXPECT_EQ(count, 2U);
      EXPECT_EQ(erase_if(map, [&](auto&, auto& entry) { return entry.ifindex == here; }), 1U);
      EXPECT_EQ(TestFixture::shown(map), (Shown{{3, there}}));
      EXPECT_EQ(ec, std::error_code{});
    }
  });
}

// Devices are those of the network of the thread that writes.
TYPED_TEST(EitherDevMap, LosesADeviceThatGoes) {
  auto map = this->make();
  test::in_own_network([&] {
    const std::uint32_t here = test::make_veth("here", "there");
    map.set(0, {.ifindex = here});
    map.set(1, {.ifindex = loopback});
    EXPECT_EQ(map.lookup(0), DevValue{.ifindex = here});
    test::remove_link(here);
    EXPECT_EQ(map.lookup(0), std::nullopt);
    EXPECT_EQ(map.lookup(1), DevValue{.ifindex = loopback});
  });
}

TYPED_TEST(EitherDevMap, TakesAnyIntegerTypeAsKey) {
  auto map = this->make();
  map.set(std::int64_t{1}, {.ifindex = loopback});
  EXPECT_EQ(map.lookup(std::uint8_t{1}), DevValue{.ifindex = loopback});
  test::expect_integer_told(
      [&](auto key, auto&... ec) { map.set(key, {.ifindex = loopback}, ec...); });
  test::expect_integer_told([&](auto key, auto&... ec) { (void)map.lookup(key, ec...); });
  test::expect_integer_told([&](auto key, auto&... ec) { (void)map.erase(key, ec...); });
  EXPECT_EQ(this->shown(map), (Shown{{1, loopback}})) << "nothing is written or erased";
  map.erase(std::size_t{1});
  EXPECT_EQ(this->shown(map), Shown{});
}

TYPED_TEST(EitherDevMap, RefusesEverythingWithoutAMap) {
  TypeParam map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, {.ifindex = loopback}, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup(0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { map.erase(0, ec...); });
}

TEST(DevMap, RefusesAnIndexOutOfRange) {
  auto map = DevMap::create({.max_entries = 4});
  test::expect_index_told([&](auto&... ec) { map.set(4, {.ifindex = loopback}, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.lookup(4, ec...); });
  test::expect_index_told([&](auto&... ec) { map.erase(4, ec...); });
}

TEST(DevMapHash, InsertsByAnyIntegerThatFits) {
  auto map = DevMapHash::create({.max_entries = 2});
  EXPECT_TRUE(map.insert(std::int64_t{0xffff'ffff}, {.ifindex = loopback}));
  test::expect_integer_told(
      [&](auto key, auto&... ec) { (void)map.insert(key, {.ifindex = loopback}, ec...); });
  EXPECT_EQ(test::stored_keys(map.map()), (std::vector<Bytes>{Bytes(4, std::byte{0xff})}))
      << "nothing is written";
}

TEST(DevMapHash, InsertsAndErasesByAnyKey) {
  auto map = DevMapHash::create({.max_entries = 2, .name = "devices"});
  constexpr std::uint32_t key = 0xfffffff0;
  EXPECT_TRUE(map.insert(key, {.ifindex = loopback}));
  EXPECT_FALSE(map.insert(key, {.ifindex = loopback}));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.insert(key, {.ifindex = loopback}, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(map.insert(7, {.ifindex = loopback}, ec));
  EXPECT_EQ(map.lookup(key), DevValue{.ifindex = loopback});

  EXPECT_TRUE(contains(told(E2BIG, [&](auto&... e) { map.set(8, {.ifindex = loopback}, e...); }),
                       "the map is full"));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... e) { (void)map.insert(8, {}, e...); }),
                       "no network device has ifindex 0"));

  EXPECT_TRUE(map.erase(key));
  EXPECT_FALSE(map.erase(key));
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.erase(key, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(map.erase(7, ec));
}

}  // namespace
}  // namespace bpfmap
