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
static_assert(std::convertible_to<bool, argument<bool>>);
static_assert(!std::convertible_to<int, argument<bool>>);
static_assert(!std::convertible_to<double, argument<bool>>);
static_assert(!std::convertible_to<const char*, argument<bool>>);
enum Size : std::uint32_t { small = 7, large = 300 };
enum Flag : bool { off, on };
enum class Scoped : std::uint32_t { one };
static_assert(std::convertible_to<Size, argument<std::uint8_t>>);
static_assert(!std::convertible_to<Flag, argument<std::uint8_t>>);
static_assert(!std::convertible_to<Scoped, argument<std::uint32_t>>);
static_assert(!std::convertible_to<long double, argument<std::uint32_t>>);
static_assert(!std::convertible_to<std::nullptr_t, argument<std::uint32_t>>);
#ifdef __SIZEOF_INT128__
__extension__ using Wide = unsigned __int128;
static_assert(!std::convertible_to<Wide, argument<std::uint64_t>>);
#endif
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

TEST(IntegerArgument, TakesAnEnumeratorThatFits) {
  EXPECT_EQ(given<std::uint8_t>(small), 7);
  EXPECT_FALSE(taken<std::uint8_t>(large));
  EXPECT_TRUE(taken<std::uint16_t>(large));
}

TEST(IntegerArgument, TakesEveryCharacterType) {
  EXPECT_EQ(given<std::uint32_t>(L'x'), std::uint32_t{'x'});
  EXPECT_EQ(given<char8_t>(u8'x'), u8'x');
  EXPECT_EQ(given<std::uint8_t>(u8'\xff'), 255);
  EXPECT_FALSE(taken<std::uint8_t>(U'\u0100'));
  EXPECT_FALSE(taken<char>(u'\u0100'));
}

TEST(BoolArgument, IsABool) {
  EXPECT_TRUE(given<bool>(true));
  EXPECT_TRUE(taken<bool>(false));
}

TEST(IntegerArgument, TakesOthersAsTheyAre) {
  const Key key{7};
  EXPECT_EQ(&value_of(key), &key);
  EXPECT_TRUE(fits(key));
}

}  // namespace
}  // namespace bpfmap::detail
