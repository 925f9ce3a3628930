// SPDX-License-Identifier: MIT
// CpuMap: CPUs that XDP programs hand packets over to.
#include "bpfmap/typed/cpu_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "program.hpp"
#include "refusals.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

constexpr std::uint32_t redirected = XDP_REDIRECT;
constexpr std::uint32_t dropped = XDP_DROP;
constexpr test::ProgramKind cpumap_program{.type = BPF_PROG_TYPE_XDP,
                                           .attach_type = BPF_XDP_CPUMAP};

const std::uint32_t last_cpu = sys::possible_cpus().back();

// A slot for each possible CPU, and one behind them.
CpuMap make(std::uint32_t value_size = 8) {
  return CpuMap::create({.value_size = value_size, .max_entries = last_cpu + 2, .name = "cpus"});
}

TEST(CpuMap, HasRoomForAProgramUnlessToldOtherwise) {
  test::expect_made_and_refused<CpuMap>({.max_entries = 4, .name = "cpus"}, MapType::cpumap, 8);
  EXPECT_EQ(make(4).map().info().value_size, 4U);
}

TEST(CpuMap, LeadsARedirectToTheCpu) {
  for (const std::uint32_t value_size : {8U, 4U}) {
    CpuMap map = make(value_size);
    const sys::UniqueFd redirect = test::load_redirect(map.map().fd(), 0);
    EXPECT_EQ(test::run_program(redirect.get()), dropped);
    EXPECT_EQ(map.lookup(0), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(0, ec), std::nullopt);
    EXPECT_EQ(ec, std::error_code{});

    map.set(0, {.queue_size = 192});
    EXPECT_EQ(test::run_program(redirect.get()), redirected);
    EXPECT_EQ(map.lookup(0), CpuValue{.queue_size = 192});
    map.erase(0);
    EXPECT_EQ(test::run_program(redirect.get()), dropped);
    EXPECT_EQ(map.lookup(0), std::nullopt);

    ec = Errc::invalid_name;
    map.set(0, {.queue_size = 64}, ec);
    EXPECT_EQ(ec, std::error_code{});
    ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(0, ec), CpuValue{.queue_size = 64});
    EXPECT_EQ(ec, std::error_code{});
    for (int i = 0; i < 2; ++i) {
      ec = Errc::invalid_name;
      map.erase(0, ec);
      EXPECT_EQ(ec, std::error_code{});
    }
    EXPECT_EQ(map.lookup(0), std::nullopt);
  }
}

TEST(CpuMap, HoldsAProgramThatRunsThere) {
  CpuMap map = make();
  const sys::UniqueFd program = test::load_program(XDP_PASS, cpumap_program);
  map.set(0, {.queue_size = 64, .program_fd = program.get()});
  const CpuValue expected{.queue_size = 64, .program_id = test::id_of_program(program.get())};
  EXPECT_NE(expected.program_id, 0U);
  EXPECT_EQ(map.lookup(0), expected);
}

TEST(CpuMap, TellsWhatIsNoProgramForIt) {
  CpuMap map = make();
  const sys::UniqueFd other = test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP});
  const auto set = [&map](int program_fd) {
    return [&map, program_fd](auto&... ec) {
      map.set(0, {.queue_size = 64, .program_fd = program_fd}, ec...);
    };
  };
  // Before Linux 7.0 the kernel says ENOMEM of all of them.
  std::error_code refusal;
  set(other.get())(refusal);
  const bool older = refusal == test::errno_code(ENOMEM);
  const int refused = older ? ENOMEM : EINVAL;
  EXPECT_TRUE(
      contains(told(refused, set(other.get())),
               "the kernel refuses the program of descriptor " + std::to_string(other.get())));
  EXPECT_TRUE(contains(told(refused, set(other.get())),
                       "cpumaps take XDP programs for cpumaps (SEC(\"xdp/cpumap\"))"));
  EXPECT_TRUE(contains(told(refused, set(map.map().fd())), "is not a program"));
  EXPECT_TRUE(contains(told(older ? ENOMEM : EBADF, set(9999)),
                       "9999, is not an open descriptor of a program"));
  CpuMap narrow = make(4);
  EXPECT_TRUE(contains(told(std::error_code{Errc::wrong_value_size},
                            [&](auto&... ec) {
                              narrow.set(0, {.queue_size = 64, .program_fd = other.get()}, ec...);
                            }),
                       "values have 4 bytes and no room for a program"));
  EXPECT_EQ(map.lookup(0), std::nullopt);
  EXPECT_EQ(narrow.lookup(0), std::nullopt);
}

TEST(CpuMap, TakesQueuesOfUpTo16384) {
  CpuMap map = make();
  map.set(0, {.queue_size = 16384});
  EXPECT_EQ(map.lookup(0), CpuValue{.queue_size = 16384});
  EXPECT_TRUE(
      contains(told(EOVERFLOW, [&](auto&... ec) { map.set(0, {.queue_size = 16385}, ec...); }),
               "the queue size in the value is too large: 16384 at most"));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.set(0, {.queue_size = 0}, ec...); }),
                       "the queue size in the value is 0"));
  EXPECT_EQ(map.lookup(0), CpuValue{.queue_size = 16384}) << "0 must not erase";
}

TEST(CpuMap, TellsACpuThatIsNotPossible) {
  CpuMap map = make();
  EXPECT_TRUE(
      contains(told(ENODEV, [&](auto&... ec) { map.set(last_cpu + 1, {.queue_size = 64}, ec...); }),
               "CPU " + std::to_string(last_cpu + 1) + " is not a possible CPU of this machine"));
  EXPECT_EQ(map.lookup(last_cpu + 1), std::nullopt);
}

TEST(CpuMap, ShowsItsCpusInAScan) {
  for (const std::uint32_t value_size : {8U, 4U}) {
    CpuMap map = make(value_size);
    map.set(0, {.queue_size = 64});
    map.set(last_cpu, {.queue_size = 128});
    std::map<std::uint32_t, std::uint32_t> expected{{0, 64}};
    expected[last_cpu] = 128;
    std::map<std::uint32_t, std::uint32_t> shown;
    for (const auto [cpu, entry] : map) {
      shown.emplace(cpu, entry.queue_size);
      EXPECT_EQ(entry.program_id, 0U);
    }
    EXPECT_EQ(shown, expected);
  }
}

TEST(CpuMap, RefusesAnIndexOutOfRange) {
  CpuMap map = CpuMap::create({.max_entries = 4});
  test::expect_index_told([&](auto&... ec) { map.set(4, {.queue_size = 64}, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.lookup(4, ec...); });
  test::expect_index_told([&](auto&... ec) { map.erase(4, ec...); });
}

TEST(CpuMap, HasASlotForEachPossibleCpuUnlessMaxEntriesIsGiven) {
  const auto cpus = static_cast<std::uint32_t>(sys::possible_cpus().size());
  CpuMap map = CpuMap::create({.name = "cpus"});
  EXPECT_EQ(map.map().info().max_entries, cpus);
  EXPECT_EQ(map.max_entries(), cpus);
  EXPECT_EQ(map.map().info().value_size, 8U);
  map.set(cpus - 1, {.queue_size = 64});
  EXPECT_EQ(map.lookup(cpus - 1), CpuValue{.queue_size = 64});
  EXPECT_EQ(CpuMap::create({.max_entries = cpus + 3}).max_entries(), cpus + 3);
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("cpus");
  const CpuMap pinned = CpuMap::open_or_create(path, {.name = "cpus"});
  EXPECT_EQ(pinned.max_entries(), cpus);
  EXPECT_EQ(CpuMap::open_or_create(path, {.name = "cpus"}).map().info().id, pinned.map().info().id);
}

TEST(CpuMap, TakesAnyIntegerTypeAsIndex) {
  CpuMap map = make();
  map.set(std::int64_t{0}, {.queue_size = 64});
  EXPECT_EQ(map.lookup(std::uint8_t{0}), CpuValue{.queue_size = 64});
  test::expect_integer_told(
      [&](auto index, auto&... ec) { map.set(index, {.queue_size = 32}, ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.lookup(index, ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { map.erase(index, ec...); });
  EXPECT_EQ(map.lookup(0), CpuValue{.queue_size = 64}) << "nothing is written or erased";
  map.erase(std::size_t{0});
  EXPECT_EQ(map.lookup(0), std::nullopt);
}

TEST(CpuMap, RefusesEverythingWithoutAMap) {
  CpuMap map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, {.queue_size = 64}, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup(0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { map.erase(0, ec...); });
}

}  // namespace
}  // namespace bpfmap
