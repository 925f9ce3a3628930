// SPDX-License-Identifier: MIT
// ProgArray: programs that tail calls really jump to.
#include "bpfmap/typed/prog_array.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "kernel_test.hpp"
#include "program.hpp"
#include "refusals.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

// The result of a program that falls through a tail call to an empty slot.
constexpr std::uint32_t fell_through = 77;

// Jumps to what is at `index`.
sys::UniqueFd load_caller(const ProgArray& map, std::int32_t index) {
  const auto load = test::load_map(2, map.map().fd());
  const std::array code{
      load[0],
      load[1],
      test::load_number(3, index),
      test::call_helper(BPF_FUNC_tail_call),
      test::load_number(0, fell_through),
      test::leave(),
  };
  return test::load_program(code);
}

ProgArray make() { return ProgArray::create({.max_entries = 4, .name = "jumps"}); }

TEST(ProgArray, IsMadeWithItsTypeAndSizes) {
  test::expect_made_and_refused<ProgArray>({.max_entries = 4, .name = "jumps"}, MapType::prog_array,
                                           4);
}

// The kernel empties it for the programs that use it, too, a moment later.
TEST(ProgArray, IsEmptiedWithItsLastDescriptorAndPin) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("jumps");
  const sys::UniqueFd five = test::load_program(5);
  sys::UniqueFd caller;
  {
    ProgArray map = ProgArray::open_or_create(path, {.max_entries = 4});
    map.set(2, five.get());
    caller = load_caller(map, 2);
  }
  EXPECT_EQ(test::run_program(caller.get()), 5U) << "the pin keeps the entries";
  (void)ProgArray::open_or_create(path, {.max_entries = 8}, {.replace_incompatible = true});
  std::uint32_t result = 5;
  for (int i = 0; i < 5000 && result == 5; ++i, ::usleep(1000))
    result = test::run_program(caller.get());
  EXPECT_EQ(result, fell_through);
}

TEST(ProgArray, LeadsATailCallToTheProgram) {
  ProgArray map = make();
  const sys::UniqueFd caller = load_caller(map, 2);
  EXPECT_EQ(test::run_program(caller.get()), fell_through);

  const sys::UniqueFd five = test::load_program(5);
  map.set(2, five.get());
  EXPECT_EQ(test::run_program(caller.get()), 5U);

  const sys::UniqueFd six = test::load_program(6);
  std::error_code ec = Errc::invalid_name;
  map.set(2, six.get(), ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(test::run_program(caller.get()), 6U);

  EXPECT_TRUE(map.erase(2));
  EXPECT_EQ(test::run_program(caller.get()), fell_through);
  EXPECT_FALSE(map.erase(2));
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.erase(2, ec));
  EXPECT_EQ(ec, std::error_code{});
}

TEST(ProgArray, IsReadAsTheIdOfTheProgram) {
  ProgArray map = make();
  const sys::UniqueFd program = test::load_program(5);
  const std::uint32_t id = test::id_of_program(program.get());
  ASSERT_NE(id, 0U);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_id(1), std::nullopt);
  EXPECT_EQ(map.lookup_id(1, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
  map.set(1, program.get());
  EXPECT_EQ(map.lookup_id(1), id);
  ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_id(1, ec), id);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(ProgArray, ShowsTheFilledSlotsInAScan) {
  ProgArray map = make();
  const sys::UniqueFd five = test::load_program(5);
  const sys::UniqueFd six = test::load_program(6);
  map.set(1, five.get());
  map.set(3, six.get());
  const std::map<std::uint32_t, std::uint32_t> expected{{1, test::id_of_program(five.get())},
                                                        {3, test::id_of_program(six.get())}};
  std::map<std::uint32_t, std::uint32_t> shown;
  for (const auto [index, id] : map) EXPECT_TRUE(shown.emplace(index, id).second);
  EXPECT_EQ(shown, expected);
}

TEST(ProgArray, TellsWhatIsNoProgramForIt) {
  ProgArray map = make();
  const sys::UniqueFd filter = test::load_program();
  map.set(0, filter.get());
  const sys::UniqueFd xdp = test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP});
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { map.set(1, xdp.get(), ec...); }),
      "the program of descriptor " + std::to_string(xdp.get()) + " has another type than"));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.set(1, map.map().fd(), ec...); }),
                       "is not a program"));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(1, -1, ec...); }),
                       "the value, -1, is not an open descriptor of a program"));
  EXPECT_EQ(map.lookup_id(1), std::nullopt);
}

// The kernel clears it in the background, so that the caller may find it full for a moment.
TEST(ProgArray, IsEmptiedWhenTheLastDescriptorGoes) {
  std::optional<ProgArray> map = make();
  const sys::UniqueFd caller = load_caller(*map, 0);
  map->set(0, test::load_program(5).get());
  EXPECT_EQ(test::run_program(caller.get()), 5U);
  map.reset();
  std::uint32_t result = 5;
  for (int i = 0; i < 1'000'000 && result == 5; ++i) result = test::run_program(caller.get());
  EXPECT_EQ(result, fell_through);
}

TEST(ProgArray, RefusesAnIndexOutOfRange) {
  ProgArray map = make();
  const sys::UniqueFd program = test::load_program();
  test::expect_index_told([&](auto&... ec) { map.set(4, program.get(), ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.lookup_id(4, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.erase(4, ec...); });
}

TEST(ProgArray, TakesAnyIntegerTypeAsIndex) {
  ProgArray map = make();
  const sys::UniqueFd program = test::load_program(5);
  const std::uint32_t id = test::id_of_program(program.get());
  map.set(std::int64_t{1}, program.get());
  EXPECT_EQ(map.lookup_id(std::uint8_t{1}), id);
  test::expect_integer_told([&](auto index, auto&... ec) { map.set(index, program.get(), ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.lookup_id(index, ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.erase(index, ec...); });
  for (const std::uint32_t index : {0U, 2U, 3U}) EXPECT_EQ(map.map().lookup(index), std::nullopt);
  EXPECT_EQ(map.map().lookup<std::uint32_t>(1), id) << "nothing is written or erased";
  EXPECT_TRUE(map.erase(std::size_t{1}));
}

TEST(ProgArray, RefusesEverythingWithoutAMap) {
  ProgArray map;
  EXPECT_FALSE(map);
  EXPECT_EQ(map.max_entries(), 0U);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup_id(0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.erase(0, ec...); });
}

}  // namespace
}  // namespace bpfmap
