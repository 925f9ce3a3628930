// SPDX-License-Identifier: MIT
// C++ types against the BTF that clang wrote, and against BTF made from C++.
#include "bpfmap/layout/check_layout.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/layout/detail/load_btf.hpp"
#include "bpfmap/layout/layout.hpp"
#include "fake_bpf.hpp"
#include "layouts.h"  // before the skeleton, which names its structs
#include "layouts.skel.h"

namespace bpfmap {
namespace {

struct Key {
  in_addr addresses[2];
  std::uint16_t ports[2];
  std::uint8_t proto;
  std::uint8_t pad[3];
};
struct SwappedKey {
  in_addr addresses[2];
  std::uint8_t proto;
  std::uint8_t pad[3];
  std::uint16_t ports[2];
};
struct Pair {
  std::uint32_t packets;
  std::uint16_t marks[2];
};
struct SignedPair {
  std::uint32_t packets;
  std::int16_t marks[2];
};
struct LongPair {
  std::uint64_t packets;
};

class CheckLayoutOfClang : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(skeleton_, nullptr); }
  [[nodiscard]] const auto& maps() const noexcept { return skeleton_->maps; }

 private:
  std::unique_ptr<layouts, decltype(&layouts::destroy)> skeleton_{layouts::open_and_load(),
                                                                  &layouts::destroy};
};

TEST_F(CheckLayoutOfClang, MatchesTheSameStructs) {
  const Map flows = from(maps().flows);
  const LayoutReport report = check_layout<layout_key, layout_value>(flows);
  EXPECT_EQ(report.verdict, LayoutVerdict::match) << to_string(report);
  EXPECT_TRUE(report.notes.empty()) << to_string(report);
  EXPECT_EQ(report.map_id, flows.info().id);
  EXPECT_EQ(report.map_name, "flows");
  std::error_code ec = Errc::no_map;
  EXPECT_EQ((check_layout<Key, void>(flows, ec).verdict), LayoutVerdict::match);
  EXPECT_FALSE(ec);
}

TEST_F(CheckLayoutOfClang, FindsAWrongKey) {
  const LayoutReport report = check_layout<SwappedKey, layout_value>(from(maps().flows));
  EXPECT_EQ(report.verdict, LayoutVerdict::mismatch);
  ASSERT_EQ(report.differences.size(), 2U) << to_string(report);
  EXPECT_EQ(report.differences[0].text, "'proto' is at byte 8 in C++, at byte 12 in the map");
  EXPECT_EQ(report.differences[0].part, LayoutPart::key);
}

TEST_F(CheckLayoutOfClang, ComparesTypedMaps) {
  const PerCpuArrayMap<Pair> slots{from(maps().slots)};
  EXPECT_EQ(check_layout(slots).verdict, LayoutVerdict::match);
  const LpmTrie<LpmKey<in_addr>, std::uint64_t> prefixes{from(maps().prefixes)};
  EXPECT_EQ(check_layout(prefixes).verdict, LayoutVerdict::match);
  const LpmTrie<LpmKey<in_addr>, std::int64_t> wrong{from(maps().prefixes)};
  EXPECT_EQ(check_layout(wrong).verdict, LayoutVerdict::mismatch);
  const SkStorage<Pair> sockets{from(maps().sockets)};
  EXPECT_EQ(check_layout(sockets).verdict, LayoutVerdict::match);
  const SkStorage<SignedPair> signs{from(maps().sockets)};
  std::error_code ec;
  const LayoutReport report = check_layout(signs, ec);
  ASSERT_EQ(report.differences.size(), 1U) << to_string(report);
  EXPECT_EQ(report.differences[0].text, "'marks' at byte 4 is signed in C++, unsigned in the map");
}

TEST_F(CheckLayoutOfClang, ComparesTheInnerMapsOfAMapOfMaps) {
  using Inner = HashMap<std::uint32_t, Pair>;
  const ArrayOfMaps<Inner> outer{from(maps().outer)};
  const LayoutReport report = check_layout(outer);
  EXPECT_EQ(report.verdict, LayoutVerdict::match) << to_string(report);
  EXPECT_EQ(report.map_name, "first");
  EXPECT_EQ((check_layout<std::uint32_t, LongPair>(from(maps().outer)).verdict),
            LayoutVerdict::mismatch);
  const LayoutReport empty = check_layout<std::uint32_t, Pair>(from(maps().empty));
  EXPECT_EQ(empty.verdict, LayoutVerdict::unknown);
  EXPECT_NE(empty.reason.find("is empty"), std::string::npos) << empty.reason;
}

struct Data {
  Pair pair;
  std::uint64_t hits;
};
struct WrongData {
  std::uint64_t hits;
  Pair pair;
};

TEST_F(CheckLayoutOfClang, ComparesSectionsAndTheirVariables) {
  const Map data = from(maps().data);
  EXPECT_EQ((check_layout<void, Data>(data).verdict), LayoutVerdict::match)
      << to_string(check_layout<void, Data>(data));
  EXPECT_EQ((check_layout<void, WrongData>(data).verdict), LayoutVerdict::mismatch);
  EXPECT_EQ(check_layout(MappedArray<const Data>{from(maps().data)}).verdict, LayoutVerdict::match);
  EXPECT_EQ(check_variable<Pair>(data, "pair").verdict, LayoutVerdict::match);
  EXPECT_EQ(check_variable<SignedPair>(data, "pair").verdict, LayoutVerdict::mismatch);
  std::error_code ec;
  EXPECT_EQ(check_variable<double>(data, "hits", ec).verdict, LayoutVerdict::mismatch);
  EXPECT_FALSE(ec);
  (void)check_variable<double>(data, "misses", ec);
  EXPECT_EQ(ec, Errc::no_such_variable);
  EXPECT_THROW((void)check_variable<double>(data, "misses"), Error);
  EXPECT_EQ(check_variable<double>(from(maps().flows), "hits", ec).verdict, LayoutVerdict::unknown);
}

TEST(CheckLayout, OfAMapWithoutBtfIsUnknown) {
  const auto map = HashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 1});
  const LayoutReport report = check_layout(map);
  EXPECT_EQ(report.verdict, LayoutVerdict::unknown);
  EXPECT_EQ(report.reason, "the map has no BTF");
}

TEST(CheckLayout, RefusesAnEmptyMap) {
  std::error_code ec;
  (void)check_layout<std::uint32_t, std::uint64_t>(Map{}, ec);
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_THROW((void)(check_layout<std::uint32_t, std::uint64_t>(Map{})), Error);
}

Map described_map(const detail::TypeDescription& key, const detail::TypeDescription& value,
                  MapType type = MapType::hash) {
  MapSpec spec{.type = type,
               .key_size = static_cast<std::uint32_t>(key.size),
               .value_size = static_cast<std::uint32_t>(value.size),
               .max_entries = 1,
               .flags = type == MapType::lpm_trie ? MapFlags::no_prealloc : MapFlags{},
               .name = "described"};
  std::error_code ec;
  const detail::MapBtf btf = detail::load_btf(spec, &key, &value, ec);
  EXPECT_FALSE(ec) << ec.message();
  spec.btf_fd = btf.fd.get();
  spec.btf_key_type_id = btf.key_type_id;
  spec.btf_value_type_id = btf.value_type_id;
  return Map::create(spec);
}

TEST(CheckLayout, MatchesBtfThatIsMadeFromTheTypes) {
  const Map map = described_map(detail::describe<layout_key>(), detail::describe<layout_value>());
  const LayoutReport report = check_layout<layout_key, layout_value>(map);
  EXPECT_EQ(report.verdict, LayoutVerdict::match) << to_string(report);
}

// The kernel wants a struct, which the library makes for an integer.
TEST(CheckLayout, OfAnLpmTrieComparesTheSizeOfAnInteger) {
  const Map map =
      described_map(detail::describe<std::uint64_t>(), detail::describe<Pair>(), MapType::lpm_trie);
  const LayoutReport report = check_layout<std::uint64_t, Pair>(map);
  EXPECT_EQ(report.verdict, LayoutVerdict::match) << to_string(report);
  EXPECT_EQ((check_layout<std::uint32_t, Pair>(map).verdict), LayoutVerdict::mismatch);
  EXPECT_EQ((check_layout<LpmKey<std::uint32_t>, Pair>(map).verdict), LayoutVerdict::match);
}

TEST(CheckLayout, OfAMapOfMapsSaysWhyThereIsNoInnerMap) {
  const MapInfo info{
      .type = MapType::array_of_maps, .key_size = 4, .value_size = 4, .max_entries = 1'000'000};
  const auto reason = [&](long of_next_key, long of_lookup, std::size_t& lookups) {
    test::FakeMap fake{info, [=](int cmd, void*, unsigned int) {
                         return cmd == BPF_MAP_LOOKUP_ELEM ? of_lookup : of_next_key;
                       }};
    const LayoutReport report = check_layout<std::uint32_t, Pair>(fake.map);
    EXPECT_EQ(report.verdict, LayoutVerdict::unknown);
    lookups = fake.bpf().count(BPF_MAP_LOOKUP_ELEM);
    return report.reason;
  };
  std::size_t lookups = 0;
  EXPECT_EQ(reason(-ENOENT, 0, lookups), "the map of maps is empty, and only inner maps have BTF");
  EXPECT_EQ(reason(-EPERM, 0, lookups),
            "looking for an inner map: EPERM (Operation not permitted)");
  EXPECT_EQ(reason(0, -EPERM, lookups),
            "looking for an inner map: EPERM (Operation not permitted)");
  EXPECT_EQ(lookups, 1U);
  EXPECT_EQ(reason(0, -ENOENT, lookups),
            "the first 1024 slots of the map of maps are empty, and only inner maps have BTF");
  EXPECT_EQ(lookups, 1024U);
}

TEST(CheckLayout, WithoutPermissionIsUnknown) {
  const Map map = described_map(detail::describe<std::uint32_t>(), detail::describe<Pair>());
  const test::FakeBpf refused{-EPERM};
  std::error_code ec = Errc::no_map;
  const LayoutReport report = check_layout<std::uint32_t, LongPair>(map, ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(report.verdict, LayoutVerdict::unknown);
  EXPECT_EQ(report.reason, "reading the map's BTF needs CAP_SYS_ADMIN");
}

// Prints the time of one check, most of which is the copy of the BTF.
TEST_F(CheckLayoutOfClang, TakesMicroseconds) {
  const Map flows = from(maps().flows);
  using Clock = std::chrono::steady_clock;
  constexpr int times = 200;
  auto best = Clock::duration::max();
  for (int i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    const LayoutReport report = check_layout<layout_key, layout_value>(flows);
    best = std::min(best, Clock::now() - begin);
    ASSERT_EQ(report.verdict, LayoutVerdict::match);
  }
  std::printf("one check: %.1f us\n", std::chrono::duration<double, std::micro>(best).count());
  EXPECT_LT(best, std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace bpfmap
