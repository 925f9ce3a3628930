// SPDX-License-Identifier: MIT
#include "bpfmap/map/percpu_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>

#include "bytes.hpp"

namespace {

struct Twelve {
  std::uint32_t packets = 0;
  std::uint32_t drops = 0;
  std::int32_t delta = 0;
  [[nodiscard]] std::uint32_t total() const noexcept { return packets + drops; }
  Twelve& operator+=(const Twelve& other) {
    packets += other.packets;
    drops += other.drops;
    delta += other.delta;
    return *this;
  }
  bool operator==(const Twelve&) const = default;
};

// Writes only what it has: what was there before must not show.
struct Name {
  std::string text;
};

}  // namespace

template <>
struct bpfmap::Codec<Name> {
  static constexpr std::size_t size = 12;
  static void encode(const Name& name, std::span<std::byte, size> out) noexcept {
    std::memcpy(out.data(), name.text.data(), std::min(name.text.size(), size));
  }
  static Name decode(std::span<const std::byte, size> in) noexcept {
    const char* const text = reinterpret_cast<const char*>(in.data());
    return {std::string{text, ::strnlen(text, size)}};
  }
};

namespace bpfmap {
namespace {

std::size_t cpus() { return sys::possible_cpus().size(); }

static_assert(std::random_access_iterator<PerCpuValues<std::uint64_t>::iterator>);
static_assert(std::is_same_v<decltype(PerCpuValues<std::uint8_t>{}.sum()), std::uint64_t>);
static_assert(std::is_same_v<decltype(PerCpuValues<std::int8_t>{}.sum()), std::int64_t>);
static_assert(std::is_same_v<decltype(PerCpuValues<bool>{}.sum()), std::uint64_t>);
static_assert(std::is_same_v<decltype(PerCpuValues<double>{}.sum()), double>);
static_assert(std::is_same_v<decltype(PerCpuValues<Twelve>{}.sum()), Twelve>);
static_assert(
    std::is_same_v<decltype(PerCpuValues<Twelve>{}.sum(&Twelve::packets)), std::uint64_t>);
static_assert(std::is_same_v<decltype(PerCpuValues<Twelve>{}.sum(&Twelve::delta)), std::int64_t>);

template <class T>
concept indexed_writes = requires(T& values) { values[0] = values[0]; };
static_assert(!indexed_writes<PerCpuValues<Twelve>>, "a slot is read by value: set() writes one");

TEST(PerCpuValuesStart, AsOneZeroForEachPossibleCpu) {
  const PerCpuValues<std::uint32_t> values;
  ASSERT_GE(cpus(), 1U);
  EXPECT_EQ(values.size(), cpus());
  EXPECT_FALSE(values.empty());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], 0U);
  EXPECT_EQ(values.bytes().size(), 8 * cpus());
}

TEST(PerCpuValuesStart, WithOneValueInEverySlot) {
  const PerCpuValues<std::uint16_t> values{7};
  for (const auto value : values) EXPECT_EQ(value, 7);
  EXPECT_EQ(values.sum(), 7 * cpus());
}

TEST(PerCpuValuesStart, AsACopyOfAView) {
  PerCpuValues<std::uint64_t> values{5};
  const PerCpuValues<std::uint64_t> copy{values.view()};
  values.fill(6);
  EXPECT_EQ(copy.size(), cpus());
  EXPECT_EQ(copy[0], 5U);
}

TEST(PerCpuValuesSet, WritesOneSlotOnly) {
  for (std::size_t written = 0; written < cpus(); ++written) {
    PerCpuValues<std::uint64_t> values{1};
    values.set(written, 100);
    for (std::size_t i = 0; i < cpus(); ++i) EXPECT_EQ(values[i], i == written ? 100U : 1U);
  }
}

TEST(PerCpuValuesSet, LeavesThePaddingBetweenSlotsZero) {
  PerCpuValues<Twelve> values;
  ASSERT_EQ(values.bytes().size(), 16 * cpus());
  values.fill({0xFFFF'FFFF, 0xFFFF'FFFF, -1});
  for (std::size_t i = 0; i < values.bytes().size(); ++i)
    EXPECT_EQ(values.bytes()[i], i % 16 < 12 ? std::byte{0xFF} : std::byte{0}) << i;
}

TEST(PerCpuValuesSet, StartsAUsersCodecFromZeros) {
  PerCpuValues<Name> values;
  values.set(0, Name{"a longer name"});
  values.set(0, Name{"ab"});
  EXPECT_EQ(values[0].text, "ab");
  EXPECT_EQ(test::copy_of(values.bytes().first(16)),
            test::bytes({'a', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(PerCpuValuesFill, WritesEverySlot) {
  PerCpuValues<Twelve> values;
  values.fill({1, 2, 3});
  EXPECT_EQ(std::count(values.begin(), values.end(), Twelve{1, 2, 3}),
            static_cast<std::ptrdiff_t>(cpus()));
}

TEST(PerCpuValuesSum, IsWiderThanASlot) {
  const PerCpuValues<std::uint8_t> values{255};
  EXPECT_EQ(values.sum(), 255 * cpus());
  const PerCpuValues<std::uint32_t> large{0xFFFF'FFFF};
  EXPECT_EQ(large.sum(), std::uint64_t{0xFFFF'FFFF} * cpus());
}

TEST(PerCpuValuesSum, KeepsTheSign) {
  PerCpuValues<std::int8_t> values{-100};
  EXPECT_EQ(values.sum(), -100 * static_cast<std::int64_t>(cpus()));
  values.set(0, 27);
  EXPECT_EQ(values.sum(), 27 - 100 * static_cast<std::int64_t>(cpus() - 1));
}

TEST(PerCpuValuesSum, AddsMembersAndWhatAFunctionMakes) {
  const PerCpuValues<Twelve> values{{0xFFFF'FFFF, 2, -3}};
  EXPECT_EQ(values.sum(&Twelve::packets), std::uint64_t{0xFFFF'FFFF} * cpus());
  EXPECT_EQ(values.sum(&Twelve::delta), -3 * static_cast<std::int64_t>(cpus()));
  EXPECT_EQ((PerCpuValues<Twelve>{{1, 2, 0}}.sum(&Twelve::total)), 3 * cpus());
  EXPECT_EQ(values.sum([](const Twelve& t) { return t.drops > 1; }), cpus()) << "slots that pass";
  EXPECT_EQ((PerCpuValues<Twelve>{{1, 2, 3}}.sum()),
            (Twelve{static_cast<std::uint32_t>(cpus()), static_cast<std::uint32_t>(2 * cpus()),
                    static_cast<std::int32_t>(3 * cpus())}));
}

TEST(PerCpuValuesIterate, AsARangeThatAlgorithmsTake) {
  PerCpuValues<Twelve> values;
  for (std::size_t i = 0; i < cpus(); ++i) values.set(i, {static_cast<std::uint32_t>(i), 0, 0});
  std::uint32_t expected = 0;
  for (const auto slot : values) EXPECT_EQ(slot.packets, expected++);
  EXPECT_EQ(expected, cpus());
  EXPECT_EQ(std::distance(values.begin(), values.end()), static_cast<std::ptrdiff_t>(cpus()));
  EXPECT_EQ(std::ranges::max_element(values, {}, [](const Twelve& t) { return t.packets; }) -
                values.begin(),
            static_cast<std::ptrdiff_t>(cpus()) - 1);
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0U,
                            [](unsigned sum, const Twelve& t) { return sum + t.packets; }),
            cpus() * (cpus() - 1) / 2);
}

TEST(PerCpuValuesIterate, InStepsOfAnySizeAndDirection) {
  PerCpuValues<std::uint32_t> values;
  for (std::size_t i = 0; i < cpus(); ++i) values.set(i, static_cast<std::uint32_t>(10 + i));
  auto last = values.end();
  EXPECT_EQ(*--last, 10 + cpus() - 1);
  EXPECT_EQ(*(last - static_cast<std::ptrdiff_t>(cpus() - 1)), 10U);
  EXPECT_EQ(values.begin()[static_cast<std::ptrdiff_t>(cpus() - 1)], 10 + cpus() - 1);
  auto it = values.begin();
  EXPECT_EQ(*it++, 10U);
  EXPECT_EQ(it - values.begin(), 1);
  EXPECT_EQ(it--, 1 + values.begin());
  EXPECT_EQ(it, values.begin());
  EXPECT_LT(values.begin(), values.end());
  EXPECT_EQ(values.begin() + static_cast<std::ptrdiff_t>(cpus()), values.end());
}

TEST(PerCpuValuesKnow, WhichCpuASlotBelongsTo) {
  const PerCpuValues<std::uint64_t> values;
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values.cpu(i), sys::possible_cpus()[i]);
}

TEST(PerCpuValuesMove, AndAreEmptyAfterwards) {
  PerCpuValues<std::uint64_t> values{3};
  const PerCpuValues<std::uint64_t> other{std::move(values)};
  EXPECT_EQ(other.sum(), 3 * cpus());
  EXPECT_TRUE(values.empty());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_EQ(values.size(), 0U);
  EXPECT_EQ(values.sum(), 0U);
  EXPECT_EQ(values.begin(), values.end());
}

TEST(PerCpuValuesCopy, AreOwnersOfTheirOwn) {
  PerCpuValues<std::uint64_t> values{3};
  const auto copy = values;
  values.fill(4);
  EXPECT_EQ(copy[0], 3U);
  EXPECT_EQ(values[0], 4U);
}

// The kernel's bytes of two value sizes, as a machine with three possible CPUs would give them.
TEST(PerCpuViewReads, SlotsInPlace) {
  Bytes bytes(3 * 16, std::byte{0xEE});
  for (std::size_t i = 0; i < 3; ++i) {
    const Twelve slot{static_cast<std::uint32_t>(i), 7, -1};
    std::memcpy(&bytes[i * 16], &slot, 12);
  }
  const PerCpuView<Twelve> view{bytes};
  ASSERT_EQ(view.size(), 3U);
  EXPECT_EQ(view[2], (Twelve{2, 7, -1}));
  EXPECT_EQ(view.sum(&Twelve::packets), 3U);
  EXPECT_EQ(view.sum(), (Twelve{3, 21, -3}));
  EXPECT_EQ(view.bytes().data(), bytes.data());
  bytes[0] = std::byte{9};
  EXPECT_EQ(view[0].packets, 9U) << "a view, not a copy";
  EXPECT_EQ(PerCpuView<std::uint8_t>{BytesView{bytes}}.size(), 6U);
}

TEST(PerCpuViewReads, NothingByDefault) {
  const PerCpuView<std::uint64_t> view;
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(view.size(), 0U);
  EXPECT_EQ(view.sum(), 0U);
  EXPECT_EQ(view.begin(), view.end());
}

TEST(PerCpuValuesOfBool, CountTheTrueOnes) {
  PerCpuValues<bool> values{true};
  EXPECT_EQ(values.sum(), cpus());
  values.set(0, false);
  EXPECT_EQ(values.sum(), cpus() - 1);
}

struct Histogram {
  std::uint64_t buckets[4] = {};
  std::array<std::int32_t, 2> deltas{};
  std::uint16_t matrix[2][2] = {};
};
static_assert(std::is_same_v<decltype(PerCpuValues<Histogram>{}.sum(&Histogram::buckets)),
                             std::array<std::uint64_t, 4>>);
static_assert(std::is_same_v<decltype(PerCpuValues<Histogram>{}.sum(&Histogram::deltas)),
                             std::array<std::int64_t, 2>>);

TEST(PerCpuValuesSum, AddsArraysElementByElement) {
  PerCpuValues<Histogram> values;
  values.fill({{1, 2, 3, 4}, {-1, 1}, {{5, 6}, {7, 65535}}});
  EXPECT_EQ(values.sum(&Histogram::buckets),
            (std::array<std::uint64_t, 4>{cpus(), 2 * cpus(), 3 * cpus(), 4 * cpus()}));
  EXPECT_EQ(values.sum(&Histogram::deltas)[0], -static_cast<std::int64_t>(cpus()));
  EXPECT_EQ(values.sum(&Histogram::matrix)[1][1], 65535 * cpus());
  PerCpuValues<std::array<std::uint8_t, 2>> bytes;
  bytes.fill({255, 1});
  EXPECT_EQ(bytes.sum(), (std::array<std::uint64_t, 2>{255 * cpus(), cpus()}));
}

// A projection is called where it is: neither copied nor moved.
TEST(PerCpuValuesSum, CallsTheProjectionInPlace) {
  struct Counting {
    Counting() = default;
    Counting(const Counting&) = delete;
    std::uint32_t operator()(const Twelve& t) {
      ++calls;
      return t.packets;
    }
    std::size_t calls = 0;
  };
  const PerCpuValues<Twelve> values{{1, 2, 0}};
  Counting counting;
  EXPECT_EQ(values.sum(counting), cpus());
  EXPECT_EQ(values.view().sum(counting), cpus());
  EXPECT_EQ(counting.calls, 2 * cpus());
  const auto constant = [](const Twelve& t) { return t.packets; };
  EXPECT_EQ(values.sum(constant), cpus());
  EXPECT_EQ(values.sum(Counting{}), cpus());
  const auto member = &Twelve::packets;
  EXPECT_EQ(values.sum(member), cpus());
}

TEST(PerCpuValuesSum, WrapsAroundAsCountersDo) {
  PerCpuValues<std::int64_t> values;
  values.fill(std::numeric_limits<std::int64_t>::max());
  const auto wrapped = static_cast<std::int64_t>(
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) * values.size());
  EXPECT_EQ(values.sum(), wrapped);
  PerCpuValues<std::array<std::int64_t, 2>> arrays;
  arrays.fill({std::numeric_limits<std::int64_t>::max(), -1});
  EXPECT_EQ(arrays.sum()[0], wrapped);
  EXPECT_EQ(arrays.sum()[1], -static_cast<std::int64_t>(arrays.size()));
}

#ifdef __SIZEOF_INT128__
TEST(PerCpuValuesSum, Keeps128Bits) {
  __extension__ using Wide = __int128;
  PerCpuValues<Wide> values;
  values.fill(Wide{1} << 100);
  EXPECT_TRUE(values.sum() == (Wide{1} << 100) * static_cast<Wide>(cpus()));
  values.fill(-1);
  EXPECT_TRUE(values.sum() == -static_cast<Wide>(cpus()));
}
#endif

}  // namespace
}  // namespace bpfmap
