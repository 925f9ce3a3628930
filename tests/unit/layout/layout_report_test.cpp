// SPDX-License-Identifier: MIT
// A report as text, as JSON and through {fmt}.
#include "bpfmap/layout/layout_report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "bpfmap/interop/fmt.hpp"

namespace bpfmap {
namespace {

LayoutLine::Side side(std::uint64_t byte, std::uint64_t bytes, std::string text) {
  return {.place = {byte * 8, bytes * 8}, .text = std::move(text)};
}

LayoutReport small_report() {
  LayoutReport report;
  report.verdict = LayoutVerdict::mismatch;
  report.map_id = 12;
  report.map_name = "flows";
  report.difference_count = 1;
  report.differences = {{.part = LayoutPart::value,
                         .fault = LayoutFault::offset,
                         .path = "ts",
                         .in_type = LayoutPlace{32, 64},
                         .in_map = LayoutPlace{64, 64},
                         .text = "'ts' is at byte 4 in C++, at byte 8 in the map"}};
  report.notes = {{.part = LayoutPart::value,
                   .fault = LayoutFault::name,
                   .path = "kind",
                   .in_type = LayoutPlace{3, 5},
                   .in_map = LayoutPlace{3, 5},
                   .text = "a \"note\"\n"}};
  report.lines = {
      {.part = LayoutPart::key, .in_type = side(0, 4, "int"), .in_map = side(0, 4, "int")},
      {.in_type = side(0, 12, "struct event"), .in_map = side(0, 16, "struct event")},
      {.mark = LayoutLine::Mark::note,
       .depth = 1,
       .in_type = LayoutLine::Side{{3, 5}, "unsigned int kind: 5"},
       .in_map = LayoutLine::Side{{3, 5}, "__u32 type: 5"}},
      {.mark = LayoutLine::Mark::different, .depth = 1, .in_type = side(4, 8, "unsigned long ts")},
      {.mark = LayoutLine::Mark::different, .depth = 1, .in_map = side(8, 8, "__u64 ts")}};
  return report;
}

TEST(LayoutReport, PrintsBothLayoutsSideBySide) {
  EXPECT_EQ(to_string(small_report()),
            "layout of map 12 'flows': mismatch, 1 difference\n"
            "value: 'ts' is at byte 4 in C++, at byte 8 in the map\n"
            "note: value: a \"note\"\n\n"
            "  key in C++ (4 bytes)   in the map (4 bytes)\n"
            "  0  int                 0  int\n"
            "  value in C++ (12 bytes)       in the map (16 bytes)\n"
            "    0  struct event               0  struct event\n"
            "~ 0.3    unsigned int kind: 5   0.3    __u32 type: 5\n"
            "!   4    unsigned long ts\n"
            "!                                 8    __u64 ts");
}

TEST(LayoutReport, IsFormattedByFmt) {
  EXPECT_EQ(fmt::format("{}", small_report()), to_string(small_report()));
}

TEST(LayoutReport, IsOneJsonObject) {
  EXPECT_EQ(
      to_json(small_report()),
      R"({"verdict":"mismatch","map":{"id":12,"name":"flows"},"reason":"","difference_count":1,)"
      R"("differences":[{"part":"value","fault":"offset","path":"ts",)"
      R"("type":{"byte":4,"bit":0,"bits":64},"map":{"byte":8,"bit":0,"bits":64},)"
      R"("text":"'ts' is at byte 4 in C++, at byte 8 in the map"}],)"
      R"("notes":[{"part":"value","fault":"name","path":"kind",)"
      R"("type":{"byte":0,"bit":3,"bits":5},"map":{"byte":0,"bit":3,"bits":5},)"
      R"("text":"a \"note\"\u000a"}]})");
}

TEST(LayoutReport, GivesTheReasonForWhichItIsUnknown) {
  LayoutReport report;
  report.reason = "the map has no BTF";
  EXPECT_EQ(to_string(report), "layout: unknown: the map has no BTF");
  EXPECT_EQ(to_json(report),
            R"({"verdict":"unknown","map":{"id":0,"name":""},"reason":"the map has no BTF",)"
            R"("difference_count":0,"differences":[],"notes":[]})");
}

TEST(LayoutReport, LeavesOutLinesFarFromADifference) {
  LayoutReport report;
  report.verdict = LayoutVerdict::mismatch;
  report.difference_count = 300;
  report.lines = {{.in_type = side(0, 2000, "struct s"), .in_map = side(0, 2000, "struct s")}};
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::string text = "int member" + std::to_string(i);
    const bool differs = i == 100 || i == 102 || i == 499;
    report.lines.push_back({.mark = differs ? LayoutLine::Mark::different : LayoutLine::Mark::same,
                            .depth = 1,
                            .in_type = side(4 * i, 4, text),
                            .in_map = side(4 * i, 4, text)});
  }
  const std::string text = to_string(report);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1 + 1 + 1 + 1 + 1 + 9 + 1 + 3) << text;
  EXPECT_NE(text.find("  ... 97 lines without a difference ...\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n!  400    int member100"), std::string::npos) << text;
  EXPECT_NE(text.find("\n!  408    int member102"), std::string::npos) << text;
  EXPECT_NE(text.find("... and 300 more\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace bpfmap
