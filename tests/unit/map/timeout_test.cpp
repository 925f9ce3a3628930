// SPDX-License-Identifier: MIT
#include "bpfmap/map/timeout.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds no_limit{-1};

TEST(Timeout, IsAnyDurationRoundedUp) {
  static_assert(Timeout{}.milliseconds() == 0ms);
  static_assert(Timeout{0ns}.milliseconds() == 0ms);
  static_assert(Timeout{1ns}.milliseconds() == 1ms);
  static_assert(Timeout{1000001ns}.milliseconds() == 2ms);
  static_assert(Timeout{5ms}.milliseconds() == 5ms);
  static_assert(Timeout{3s}.milliseconds() == 3000ms);
  static_assert(Timeout{24h}.milliseconds() == 86400000ms);
  EXPECT_EQ(Timeout{std::chrono::duration<double>{0.0011}}.milliseconds(), 2ms);
  EXPECT_EQ((Timeout{std::chrono::duration<std::uint8_t, std::ratio<1, 3>>{1}}.milliseconds()),
            334ms);
}

TEST(Timeout, IsNoLimitWhenItIsNegativeOrTooLong) {
  static_assert(Timeout{-1ns}.milliseconds() == no_limit);
  static_assert(Timeout{std::chrono::hours::max()}.milliseconds() == no_limit);
  static_assert(Timeout{std::chrono::hours::min()}.milliseconds() == no_limit);
  static_assert(Timeout{milliseconds::max()}.milliseconds() == no_limit);
  static_assert(Timeout{milliseconds::min()}.milliseconds() == no_limit);
  using Odd = std::chrono::duration<std::int64_t, std::ratio<1001, 30000>>;
  static_assert(Timeout{Odd::max()}.milliseconds() == no_limit);
  using Unsigned = std::chrono::duration<std::uint64_t>;
  static_assert(Timeout{Unsigned::max()}.milliseconds() == no_limit);
  static_assert(Timeout{std::chrono::nanoseconds::max()}.milliseconds() == 9223372036855ms);
  const std::chrono::duration<double> nothing{std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(Timeout{nothing}.milliseconds(), no_limit);
  const std::chrono::duration<double> for_ever{std::numeric_limits<double>::infinity()};
  EXPECT_EQ(Timeout{for_ever}.milliseconds(), no_limit);
}

}  // namespace
}  // namespace bpfmap
