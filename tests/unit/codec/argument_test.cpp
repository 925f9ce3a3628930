// SPDX-License-Identifier: MIT
// An integer of any type where a typed map has one of its own.
#include "bpfmap/codec/argument.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <cstdint>
#include <limits>

namespace bpfmap::detail {
namespace {

template <class T>
bool taken(argument<T> given) {
  return fits(given);
}
template <class T>
T given(argument<T> given) {
  return value_of(given);
}

struct Key {
  std::uint32_t a;
};
static_assert(std::same_as<argument<Key>, const Key&>);
static_assert(std::same_as<argument<bool>, const bool&>);
static_assert(std::same_as<argument<std::uint32_t>, IntegerArgument<std::uint32_t>>);
static_assert(!std::constructible_from<IntegerArgument<std::uint32_t>, bool>);
static_assert(!std::constructible_from<IntegerArgument<std::uint32_t>, double>);
static_assert(!std::convertible_to<Key, IntegerArgument<std::uint32_t>>);

TEST(IntegerArgument, TakesEveryIntegerThatFits) {
  EXPECT_TRUE(taken<std::uint32_t>(42));
  EXPECT_TRUE(taken<std::uint32_t>(std::uint64_t{42}));
  EXPECT_TRUE(taken<std::uint32_t>(std::numeric_limits<std::uint32_t>::max()));
  EXPECT_TRUE(taken<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  EXPECT_TRUE(taken<std::int8_t>(-128));
  EXPECT_TRUE(taken<std::int64_t>(std::int8_t{-1}));
  EXPECT_TRUE(taken<std::uint8_t>('x'));
  EXPECT_EQ(given<std::uint32_t>(std::uint64_t{42}), 42U);
  EXPECT_EQ(given<std::int64_t>(std::int8_t{-1}), -1);
}

TEST(IntegerArgument, RefusesOneThatDoesNotFit) {
  EXPECT_FALSE(taken<std::uint32_t>(1ULL << 32));
  EXPECT_FALSE(taken<std::uint32_t>(-1));
  EXPECT_FALSE(taken<std::uint64_t>(-1)) << "no bit is lost, but the number is another";
  EXPECT_FALSE(taken<std::int64_t>(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(taken<std::int32_t>(std::numeric_limits<std::uint32_t>::max()));
  EXPECT_FALSE(taken<std::int8_t>(128));
  EXPECT_FALSE(taken<std::int8_t>(-129));
  EXPECT_FALSE(taken<std::uint8_t>(256));
}

TEST(IntegerArgument, TakesOthersAsTheyAre) {
  const Key key{7};
  EXPECT_EQ(&value_of(key), &key);
  EXPECT_TRUE(fits(key));
}

}  // namespace
}  // namespace bpfmap::detail
