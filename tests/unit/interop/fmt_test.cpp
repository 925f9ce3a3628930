// SPDX-License-Identifier: MIT
#include "bpfmap/interop/fmt.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

TEST(FormatOfMapType, IsTheKernelsName) {
  EXPECT_EQ(fmt::format("{}", MapType::lru_percpu_hash), "lru_percpu_hash");
  EXPECT_EQ(fmt::format("{}", static_cast<MapType>(4711)), "unknown");
  for (const auto& row : map_types()) EXPECT_EQ(fmt::format("{}", row.type), row.name);
}

TEST(FormatOfMapType, TakesTheOptionsOfAString) {
  EXPECT_EQ(fmt::format("[{:>8}]", MapType::hash), "[    hash]");
  EXPECT_EQ(fmt::format("[{:-<8.4}]", MapType::percpu_hash), "[perc----]");
}

TEST(FormatOfOperation, IsTheNameInTheApi) {
  EXPECT_EQ(fmt::format("{}", Operation::get_next_key), "get_next_key");
  EXPECT_EQ(fmt::format("{:<8}|", Operation::erase), "erase   |");
}

TEST(FormatOfError, IsItsWhat) {
  const Error error = test::error_of([] {
    const HashMap<int, int> map;
    (void)map.lookup(1);
  });
  EXPECT_EQ(fmt::format("{}", error), error.what());
  EXPECT_TRUE(test::contains(fmt::format("{}", error), "lookup"));
  EXPECT_EQ(fmt::format("{:.6}", error), "lookup");
  const Error made{std::error_code{EPERM, category()}, Operation::update, 7, "the text"};
  EXPECT_EQ(fmt::format("{}", made), made.what());
}

TEST(FormatOfMapInfo, IsOneLine) {
  const MapInfo info{.type = MapType::hash,
                     .id = 7,
                     .key_size = 8,
                     .value_size = 16,
                     .max_entries = 65536,
                     .flags = MapFlags::no_prealloc,
                     .name = "flows"};
  EXPECT_EQ(fmt::format("{}", info), "7: hash 'flows' key 8 value 16 max_entries 65536 flags 0x1");
  EXPECT_EQ(fmt::format("{}", MapInfo{}), "0: unknown '' key 0 value 0 max_entries 0 flags 0x0");
  EXPECT_EQ(fmt::format("<{}> <{}>", info, MapType::array),
            "<7: hash 'flows' key 8 value 16 max_entries 65536 flags 0x1> <array>");
}

TEST(FormatOfMapInfo, RefusesOptionsThatItDoesNotHave) {
  EXPECT_THROW((void)fmt::format(fmt::runtime("{:x}"), MapInfo{}), fmt::format_error);
}

template <class Values>
std::string joined(const Values& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(values[i]);
  return text + "]";
}

TEST(FormatOfPerCpuValues, IsAListOfTheSlots) {
  PerCpuValues<std::uint32_t> values;
  for (std::size_t i = 0; i < values.size(); ++i) values.set(i, static_cast<std::uint32_t>(7 * i));
  EXPECT_EQ(fmt::format("{}", values), joined(values));
  EXPECT_EQ(fmt::format("{}", values.view()), joined(values));
  const PerCpuValues<std::int64_t> negative{-1};
  EXPECT_EQ(fmt::format("{}", negative), joined(negative));
}

TEST(FormatOfPerCpuValues, IsAnEmptyListWhenMovedFrom) {
  PerCpuValues<std::uint32_t> values;
  const auto thief = std::move(values);
  EXPECT_EQ(fmt::format("{}", values), "[]");  // NOLINT(bugprone-use-after-move)
}

TEST(FormatOfPerCpuView, ReadsTheSlotsInPlace) {
  std::array<std::byte, 24> slots{};
  slots[0] = std::byte{3};
  slots[16] = std::byte{12};
  EXPECT_EQ(fmt::format("{}", PerCpuView<std::uint32_t>{slots}), "[3, 0, 12]");
  EXPECT_EQ(fmt::format("{::#x}", PerCpuView<std::uint32_t>{slots}), "[0x3, 0x0, 0xc]");
}

}  // namespace
}  // namespace bpfmap
