// SPDX-License-Identifier: MIT
#include "bpfmap/sys/cpus.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bpfmap::sys {
namespace {

using Cpus = std::vector<std::uint32_t>;

TEST(ParseCpuList, ReadsRangesAndSingleNumbers) {
  EXPECT_EQ(parse_cpu_list("0"), Cpus{0});
  EXPECT_EQ(parse_cpu_list("0-1"), (Cpus{0, 1}));
  EXPECT_EQ(parse_cpu_list("0,3-4"), (Cpus{0, 3, 4}));
  EXPECT_EQ(parse_cpu_list("1-1,2"), (Cpus{1, 2}));
  EXPECT_EQ(parse_cpu_list("2,4,6"), (Cpus{2, 4, 6}));
}

TEST(ParseCpuList, EndsAtTheLineThatSysfsEnds) {
  EXPECT_EQ(parse_cpu_list("0-3,8-11\n"), (Cpus{0, 1, 2, 3, 8, 9, 10, 11}));
  EXPECT_EQ(parse_cpu_list("5\n"), Cpus{5});
}

TEST(ParseCpuList, TakesTheLargestMachine) {
  const Cpus all = parse_cpu_list("0-8191");
  ASSERT_EQ(all.size(), 8192U);
  EXPECT_EQ(all.front(), 0U);
  EXPECT_EQ(all.back(), 8191U);
  EXPECT_EQ(parse_cpu_list("0-65535").size(), 65536U);
}

// A damaged list must never become a buffer size.
TEST(ParseCpuList, RefusesWhatIsNoList) {
  for (const std::string_view list :
       {"",     "\n",  "cpu0", "a-b", "0-",    "-1",  "-",    "0--1", ",",  "0,",     ",0",
        "0,,1", "0 1", " 0",   "0;1", "0-1-2", "0x1", "0-1,", "0,\n", "+1", "0-1 \n", "1.5"})
    EXPECT_EQ(parse_cpu_list(list), Cpus{}) << '"' << list << '"';
}

TEST(ParseCpuList, RefusesNumbersThatNoMachineHas) {
  for (const std::string_view list :
       {"0-65536", "65536", "0-4294967295", "4294967296", "0-99999999999999999999"})
    EXPECT_EQ(parse_cpu_list(list), Cpus{}) << list;
}

TEST(ParseCpuList, RefusesAnythingButAscendingNumbers) {
  for (const std::string_view list : {"3-1", "1,0", "1,1", "0-3,3", "0-3,2-5", "0-3,0", "4,0-3"})
    EXPECT_EQ(parse_cpu_list(list), Cpus{}) << list;
}

TEST(ParseCpuList, ReadsOnlyTheBytesItIsGiven) {
  EXPECT_EQ(parse_cpu_list(std::string_view{"0-12", 3}), (Cpus{0, 1}));
  EXPECT_EQ(parse_cpu_list(std::string_view{}), Cpus{});
}

TEST(PossibleCpus, AreWhatSysfsSaysAndAscend) {
  std::string line;
  std::getline(std::ifstream{"/sys/devices/system/cpu/possible"}, line);
  const auto cpus = possible_cpus();
  EXPECT_EQ(Cpus(cpus.begin(), cpus.end()), parse_cpu_list(line));
  ASSERT_FALSE(cpus.empty());
  EXPECT_TRUE(std::is_sorted(cpus.begin(), cpus.end()));
  EXPECT_EQ(possible_cpus().data(), cpus.data()) << "read once";
}

// In a process of their own, which has not read the list yet.
class PossibleCpusAtFirst : public ::testing::Test {
 protected:
  template <class Body>
  static void in_new_process(Body body) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
          body();
          std::exit(::testing::Test::HasFailure() ? 1 : 0);
        },
        ::testing::ExitedWithCode(0), "");
  }
};

TEST_F(PossibleCpusAtFirst, AreReadAgainAfterAFailureThatPassed) {
  in_new_process([] {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_TRUE(possible_cpus().empty());
    EXPECT_TRUE(possible_cpus().empty());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_FALSE(possible_cpus().empty());
  });
}

TEST_F(PossibleCpusAtFirst, AreOneListForThreadsThatReadItAtOnce) {
  in_new_process([] {
    std::array<const std::uint32_t*, 8> lists{};
    std::vector<std::thread> threads;
    for (auto& list : lists) threads.emplace_back([&list] { list = possible_cpus().data(); });
    for (auto& thread : threads) thread.join();
    for (const auto* list : lists) EXPECT_EQ(list, possible_cpus().data());
  });
}

TEST_F(PossibleCpusAtFirst, AreThereInAStaticDestructor) {
  in_new_process([] {
    static const struct AtExit {
      ~AtExit() {
        const auto cpus = possible_cpus();
        if (cpus.empty() || cpus.back() > 8192) ::_exit(3);
      }
    } made_before_the_list_is_read;
    ASSERT_FALSE(possible_cpus().empty());
  });
}

TEST(PerCpuStride, RoundsTheValueSizeUpToEight) {
  static_assert(percpu_stride(1) == 8);
  EXPECT_EQ(percpu_stride(0), 0U);
  EXPECT_EQ(percpu_stride(1), 8U);
  EXPECT_EQ(percpu_stride(4), 8U);
  EXPECT_EQ(percpu_stride(7), 8U);
  EXPECT_EQ(percpu_stride(8), 8U);
  EXPECT_EQ(percpu_stride(9), 16U);
  EXPECT_EQ(percpu_stride(12), 16U);
  EXPECT_EQ(percpu_stride(16), 16U);
  EXPECT_EQ(percpu_stride(100), 104U);
  EXPECT_EQ(percpu_stride(32768), 32768U);
}

TEST(PerCpuSize, IsAStrideForEachPossibleCpu) {
  const std::size_t cpus = possible_cpus().size();
  EXPECT_EQ(percpu_size(1), 8 * cpus);
  EXPECT_EQ(percpu_size(12), 16 * cpus);
  EXPECT_EQ(percpu_size(100), 104 * cpus);
}

}  // namespace
}  // namespace bpfmap::sys
