// SPDX-License-Identifier: MIT
// Included by path: the header is private to the library.
#include "../../../src/map/proc_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::detail {
namespace {

constexpr std::string_view text =
    "pos:\t0\nmap_type:\t3\nmemlock:  4096 "
    "kB\nallowed_maps:\t0x1f\nallowed_cmds:\tany\nempty:\nlast:\t7";

TEST(FdinfoField, IsTheRestOfTheLine) {
  EXPECT_EQ(fdinfo_field(text, "pos"), "0");
  EXPECT_EQ(fdinfo_field(text, "memlock"), "4096 kB");
  EXPECT_EQ(fdinfo_field(text, "empty"), "");
  EXPECT_EQ(fdinfo_field(text, "last"), "7") << "without a newline";
}

TEST(FdinfoField, IsNoneForPartOfAName) {
  for (const auto* const name : {"map", "type", "map_typ", "", "4096 kB", "missing"})
    EXPECT_EQ(fdinfo_field(text, name), std::nullopt) << name;
  EXPECT_EQ(fdinfo_field("", "pos"), std::nullopt);
}

TEST(FdinfoNumber, IsDecimalOrHexadecimal) {
  EXPECT_EQ(fdinfo_number(text, "map_type"), 3U);
  EXPECT_EQ(fdinfo_number(text, "memlock"), 4096U) << "before what a newer kernel adds";
  EXPECT_EQ(fdinfo_number(text, "allowed_maps"), 0x1fU);
}

TEST(FdinfoNumber, IsNoneForOtherText) {
  for (const auto* const name : {"allowed_cmds", "empty", "missing"})
    EXPECT_EQ(fdinfo_number(text, name), std::nullopt) << name;
  EXPECT_EQ(fdinfo_number("a:\t18446744073709551616", "a"), std::nullopt) << "2^64";
  EXPECT_EQ(fdinfo_number("a:\t-1", "a"), std::nullopt);
  EXPECT_EQ(fdinfo_number("a:\t0x", "a"), std::nullopt);
}

TEST(FdInfo, ReadsWhatTheKernelShows) {
  const sys::UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const FdInfo info{null.get()};
  EXPECT_EQ(info.error(), 0);
  EXPECT_EQ(info.number("pos"), 0U);
  EXPECT_EQ(info.field("map_type"), std::nullopt);
}

TEST(FdInfo, HasNothingOfAClosedDescriptor) {
  const FdInfo info{-1};
  EXPECT_EQ(info.error(), -ENOENT);
  EXPECT_EQ(info.field("pos"), std::nullopt);
}

}  // namespace
}  // namespace bpfmap::detail
