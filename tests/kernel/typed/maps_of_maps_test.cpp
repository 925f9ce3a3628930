// SPDX-License-Identifier: MIT
// ArrayOfMaps and HashOfMaps on real maps: what is in is told by the kernel's ids.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/map/spec_of.hpp"
#include "bpfmap/typed/array_map.hpp"
#include "bpfmap/typed/array_of_maps.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "bpfmap/typed/hash_of_maps.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::bytes_of;
using test::error_of;
using test::stored;
using test::told;

using Counters = HashMap<std::uint32_t, std::uint64_t>;
using Slots = ArrayMap<std::uint32_t>;
using CountersBySlot = ArrayOfMaps<Counters>;
using CountersByKey = HashOfMaps<std::uint64_t, Counters>;

Counters counters(std::uint32_t max_entries = 2) {
  return Counters::create({.max_entries = max_entries, .name = "inner"});
}
std::uint32_t id_of(const Counters& map) { return map.map().info().id; }

// The id that the kernel holds.
template <class Outer, class K>
std::optional<std::uint32_t> held_id(const Outer& outer, K key) {
  const auto value = stored(outer.map(), test::copy_of(bytes_of(key)));
  return value ? std::optional{static_cast<std::uint32_t>(decode_int_value(*value))} : std::nullopt;
}

// What both have; keys of the second are wider.
template <class Outer>
class MapOfMaps : public ::testing::Test {
 public:
  using Key = typename Outer::key_type;
  static constexpr bool is_array = std::same_as<Key, std::uint32_t>;
  // The same with other inner maps.
  template <class Inner>
  using Of = std::conditional_t<is_array, ArrayOfMaps<Inner>, HashOfMaps<Key, Inner>>;
  static Outer of_four() { return Outer::create({.max_entries = 4, .name = "outer"}, counters()); }
};
using Both = ::testing::Types<CountersBySlot, CountersByKey>;
struct BothNames {
  template <class Outer>
  static std::string GetName(int) {
    return MapOfMaps<Outer>::is_array ? "Array" : "Hash";
  }
};
TYPED_TEST_SUITE(MapOfMaps, Both, BothNames);

TYPED_TEST(MapOfMaps, IsCreatedLikeAnInnerMapThatMayGo) {
  const std::size_t before = test::open_descriptors();
  {
    std::error_code ec = Errc::invalid_name;
    const auto outer = TypeParam::create({.max_entries = 4, .name = "outer"}, counters(), ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(test::open_descriptors(), before + 1) << "the inner one is closed";
    const MapInfo& info = outer.map().info();
    EXPECT_EQ(info.type, TestFixture::is_array ? MapType::array_of_maps : MapType::hash_of_maps);
    EXPECT_EQ(info.key_size, sizeof(typename TestFixture::Key));
    EXPECT_EQ(info.value_size, 4U);
    EXPECT_EQ(outer.max_entries(), 4U);
    EXPECT_EQ(outer.lookup_id(0), std::nullopt) << "the inner one is not put in";
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TYPED_TEST(MapOfMaps, IsNotCreatedWithoutAnInnerMap) {
  const auto text = told(
      EINVAL, [](auto&... ec) { (void)TypeParam::create({.max_entries = 4}, Counters{}, ec...); });
  EXPECT_TRUE(test::contains(text, "needs the descriptor of a map like its inner maps"));
}

TYPED_TEST(MapOfMaps, HoldsTheMapThatWasSet) {
  auto outer = TestFixture::of_four();
  auto inner = counters();
  outer.set(1, inner);
  EXPECT_EQ(held_id(outer, typename TestFixture::Key{1}), id_of(inner));
  EXPECT_EQ(outer.lookup_id(1), id_of(inner));
  const auto found = outer.lookup(1);
  ASSERT_TRUE(found);
  inner.update(7, 70);
  EXPECT_EQ(found->lookup(7), 70U) << "it is the same map";

  const auto second = counters();
  std::error_code ec = Errc::invalid_name;
  outer.set(1, second, ec);
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_EQ(outer.lookup_id(1, ec), id_of(second));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_EQ(id_of(outer.lookup(1, ec).value()), id_of(second));
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(MapOfMaps, HasNothingWhereNothingWasSet) {
  auto outer = TestFixture::of_four();
  EXPECT_EQ(outer.lookup_id(2), std::nullopt);
  EXPECT_FALSE(outer.lookup(2).has_value());
  EXPECT_FALSE(outer.erase(2));
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(outer.lookup_id(2, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(outer.lookup(2, ec).has_value());
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_FALSE(outer.erase(2, ec));
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(MapOfMaps, KeepsAMapAliveUntilItIsErased) {
  auto outer = TestFixture::of_four();
  std::uint32_t id = 0;
  {
    auto inner = counters();
    inner.update(1, 10);
    id = id_of(inner);
    outer.set(3, inner);
  }
  EXPECT_EQ(outer.lookup(3).value().lookup(1), 10U);
  auto kept = outer.lookup(3);
  EXPECT_TRUE(outer.erase(3));
  EXPECT_EQ(held_id(outer, typename TestFixture::Key{3}), std::nullopt);
  EXPECT_EQ(kept->lookup(1), 10U) << "lives on while it is held";
  EXPECT_EQ(id_of(*kept), id);
  outer.set(3, *kept);
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(outer.erase(3, ec));
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(MapOfMaps, LeavesNoDescriptorOpen) {
  auto outer = TestFixture::of_four();
  const auto inner = counters();
  const std::size_t before = test::open_descriptors();
  outer.set(1, inner);
  EXPECT_TRUE(outer.lookup_id(1));
  EXPECT_TRUE(outer.lookup(1));
  for (const auto& [key, id] : outer) EXPECT_EQ(Map::from_id(id).info().id, id_of(inner));
  EXPECT_TRUE(outer.erase(1));
  EXPECT_EQ(test::open_descriptors(), before);
}

TYPED_TEST(MapOfMaps, NamesEachFieldInWhichAMapDiffers) {
  using Outer = typename TestFixture::template Of<Map>;
  const Map like = test::make_map(MapType::hash, 4, 8);
  const auto refused = [&like](const Map& inner) {
    auto outer = Outer::create({.max_entries = 4, .name = "outer"}, like);
    return told(EINVAL, [&](auto&... ec) { outer.set(1, inner, ec...); });
  };
  EXPECT_TRUE(
      test::contains(refused(test::make_map(MapType::array, 4, 8)), "its type is array, not hash"));
  EXPECT_TRUE(
      test::contains(refused(test::make_map(MapType::hash, 8, 8)), "its key_size is 8, not 4"));
  EXPECT_TRUE(test::contains(refused(test::make_map(MapType::hash, 4, 4, 4, MapFlags::no_prealloc)),
                             "its value_size is 4, not 8, its flags are no_prealloc, not none"));
  auto outer = Outer::create({.max_entries = 4}, like);
  outer.set(1, test::make_map(MapType::hash, 4, 8, 100));
  EXPECT_TRUE(outer.lookup_id(1)) << "a hash may have another max_entries";
}

Map hash_with_btf(const test::SmallBtf& btf, std::uint32_t value_type, std::uint32_t value_size) {
  return Map::create({.type = MapType::hash,
                      .key_size = 4,
                      .value_size = value_size,
                      .max_entries = 4,
                      .btf_fd = btf.fd(),
                      .btf_key_type_id = test::SmallBtf::integer,
                      .btf_value_type_id = value_type});
}

// The kernel finds them in the BTF: two maps may have the same sizes and flags, and differ.
TYPED_TEST(MapOfMaps, NamesTheSpecialFieldsInWhichAMapDiffers) {
  using Outer = typename TestFixture::template Of<Map>;
  using Types = test::SmallBtf;
  const Types btf;
  const auto refused = [](const Map& inner, const Map& like) {
    auto outer = Outer::create({.max_entries = 4}, like);
    outer.set(2, like);
    return told(EINVAL, [&](auto&... ec) { outer.set(1, inner, ec...); });
  };
  const Map locked = hash_with_btf(btf, Types::locked, 8);
  const Map plain = test::make_map(MapType::hash, 4, 8);
  EXPECT_TRUE(test::contains(refused(plain, locked),
                             "; its special fields are none, not bpf_spin_lock at byte 4: "));
  EXPECT_TRUE(test::contains(refused(locked, plain),
                             "; its special fields are bpf_spin_lock at byte 4, not none: "));
  EXPECT_TRUE(test::contains(refused(hash_with_btf(btf, Types::lock_first, 8), locked),
                             "are bpf_spin_lock at byte 0, not bpf_spin_lock at byte 4: "));
  EXPECT_TRUE(test::contains(refused(hash_with_btf(btf, Types::pointing, 8), locked),
                             "are kptr_untrusted to task_struct at byte 0, not bpf_spin_lock"));
  EXPECT_TRUE(test::contains(
      refused(test::make_map(MapType::hash, 4, 16), hash_with_btf(btf, Types::timed, 16)),
      "are none, not bpf_timer at byte 0: "));
}

// As the text advises: from the spec of one that is in.
TYPED_TEST(MapOfMaps, TakesAMapWithTheBtfOfTheOthers) {
  using Outer = typename TestFixture::template Of<Map>;
  const test::SmallBtf btf;
  const Map locked = hash_with_btf(btf, test::SmallBtf::locked, 8);
  auto outer = Outer::create({.max_entries = 4}, locked);
  outer.set(1, Map::create(spec_of(locked).spec));
  EXPECT_TRUE(outer.lookup_id(1));
}

// Without the template, as from a skeleton: one that is in tells what fits.
TYPED_TEST(MapOfMaps, NamesTheFieldsByAMapThatIsInWhenItWasOpened) {
  using Outer = typename TestFixture::template Of<Map>;
  auto outer = TestFixture::of_four();
  Outer view{outer.map().duplicate()};
  const Map other = test::make_map(MapType::hash, 4, 4);
  const auto nothing = told(EINVAL, [&](auto&... ec) { view.set(1, other, ec...); });
  EXPECT_TRUE(test::contains(nothing, "must be the same"));
  EXPECT_FALSE(test::contains(nothing, "its value_size"));
  outer.set(2, counters());
  EXPECT_TRUE(test::contains(told(EINVAL, [&](auto&... ec) { view.set(1, other, ec...); }),
                             "its value_size is 4, not 8"));
}

TYPED_TEST(MapOfMaps, TellsThatTheInnerMapIsEmpty) {
  auto outer = TestFixture::of_four();
  EXPECT_TRUE(test::contains(told(EBADF, [&](auto&... ec) { outer.set(1, Counters{}, ec...); }),
                             "the inner map is empty"));
}

TYPED_TEST(MapOfMaps, RefusesAMapOfAnotherKind) {
  const Map hash = test::make_map(MapType::hash, sizeof(typename TestFixture::Key), 4);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_map_type, [&](auto&... ec) { TypeParam view{hash.duplicate(), ec...}; }),
      "the map is of type hash"));
}

TYPED_TEST(MapOfMaps, TellsThatThereIsNoMap) {
  TypeParam outer;
  const auto inner = counters();
  const auto expect_no_map = [](auto call) {
    EXPECT_TRUE(test::contains(told(Errc::no_map, call), "never opened"));
  };
  expect_no_map([&](auto&... ec) { outer.set(0, inner, ec...); });
  expect_no_map([&](auto&... ec) { (void)outer.lookup_id(0, ec...); });
  expect_no_map([&](auto&... ec) { (void)outer.lookup(0, ec...); });
  expect_no_map([&](auto&... ec) { (void)outer.erase(0, ec...); });
}

TYPED_TEST(MapOfMaps, RefusesAnInnerMapOfOtherTypesThanAskedFor) {
  auto outer = TestFixture::of_four();
  outer.set(1, counters());
  using Wrong = typename TestFixture::template Of<HashMap<std::uint32_t, std::uint32_t>>;
  const Wrong wrong{outer.map().duplicate()};
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_value_size, [&](auto&... ec) { (void)wrong.lookup(1, ec...); }),
      "value type has 4 bytes, the map's values have 8"));
  EXPECT_TRUE(wrong.lookup_id(1)) << "an id is an id";
}

TYPED_TEST(MapOfMaps, TakesAnyIntegerTypeAsKeyThatFits) {
  auto outer = TestFixture::of_four();
  const auto inner = counters();
  outer.set(std::int8_t{1}, inner);
  EXPECT_EQ(outer.lookup_id(std::int64_t{1}), id_of(inner));
  EXPECT_EQ(id_of(outer.lookup(std::size_t{1}).value()), id_of(inner));
  const auto expect_refused = [&](auto key) {
    const auto refused = [](auto call) { EXPECT_FALSE(told(Errc::out_of_range, call).empty()); };
    refused([&](auto&... ec) { outer.set(key, inner, ec...); });
    refused([&](auto&... ec) { (void)outer.lookup(key, ec...); });
    refused([&](auto&... ec) { (void)outer.lookup_id(key, ec...); });
    refused([&](auto&... ec) { (void)outer.erase(key, ec...); });
    if constexpr (!TestFixture::is_array) {
      refused([&](auto&... ec) { (void)outer.insert(key, inner, ec...); });
      refused([&](auto&... ec) { (void)outer.replace(key, inner, ec...); });
    }
  };
  expect_refused(-1);
  if constexpr (TestFixture::is_array) expect_refused((std::int64_t{1} << 32) + 1);
  std::size_t filled = 0;
  for (const auto& [key, id] : outer) {
    EXPECT_EQ(key, 1U);
    EXPECT_EQ(id, id_of(inner));
    ++filled;
  }
  EXPECT_EQ(filled, 1U) << "nothing is written or erased";
  EXPECT_TRUE(outer.erase(1ULL));
}

// --- lookup() while the entry is replaced ---

// As if the map had been replaced, and closed, between its id and its descriptor.
TYPED_TEST(MapOfMaps, GetsTheNextMapWhenTheOneItFoundIsGone) {
  auto outer = TestFixture::of_four();
  const auto inner = counters();
  outer.set(1, inner);
  int gone = 5;
  const test::FakeBpf fake{[&gone](int cmd, void* attr, unsigned int size) {
    if (cmd == BPF_MAP_GET_FD_BY_ID && gone > 0) {
      --gone;
      return static_cast<long>(-ENOENT);
    }
    return sys::bpf_syscall(cmd, attr, size);
  }};
  std::error_code ec = Errc::invalid_name;
  auto found = outer.lookup(1, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(found);
  EXPECT_EQ(id_of(*found), id_of(inner));
  EXPECT_EQ(fake.count(BPF_MAP_GET_FD_BY_ID), 6U);
  gone = 5;
  EXPECT_EQ(id_of(outer.lookup(1).value()), id_of(inner));
}

TYPED_TEST(MapOfMaps, EndsWhenTheMapIsAlwaysGone) {
  auto outer = TestFixture::of_four();
  outer.set(1, counters());
  const test::FakeBpf fake{[](int cmd, void* attr, unsigned int size) {
    return cmd == BPF_MAP_GET_FD_BY_ID ? static_cast<long>(-ENOENT)
                                       : sys::bpf_syscall(cmd, attr, size);
  }};
  (void)told(ENOENT, [&](auto&... ec) { (void)outer.lookup(1, ec...); });
}

TYPED_TEST(MapOfMaps, AlwaysGetsAMapWhileAnotherThreadReplacesIt) {
  auto outer = TestFixture::of_four();
  outer.set(1, counters());
  std::atomic<bool> done = false;
  std::thread replacer{[&done, map = TypeParam{outer.map().duplicate()}]() mutable {
    for (int i = 0; i < 40; ++i) {
      std::error_code ec;
      map.set(1, Counters::create({.max_entries = 2}), ec);
      EXPECT_EQ(ec, std::error_code{});
    }
    done = true;
  }};
  std::uint64_t gets = 0;
  for (; !done; ++gets) {
    std::error_code ec;
    const auto found = outer.lookup(1, ec);
    EXPECT_EQ(ec, std::error_code{}) << ec.message();
    EXPECT_TRUE(found.has_value());
    EXPECT_NO_THROW(EXPECT_TRUE(outer.lookup(1).has_value()));
    if (TestFixture::HasFailure()) break;
  }
  replacer.join();
  EXPECT_GT(gets, 0U);
}

// --- many at once ---

TYPED_TEST(MapOfMaps, SetsManyAtOnce) {
  auto outer = TypeParam::create({.max_entries = 300}, counters());
  std::vector<typename TestFixture::Key> keys;
  std::vector<Counters> inners;
  for (std::uint32_t n = 0; n < 300; ++n) {
    keys.push_back(n);
    inners.push_back(counters());
  }
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(outer.set_batch(keys, inners, ec), (BatchResult{.done = 300}));
  EXPECT_EQ(ec, std::error_code{});
  for (std::uint32_t n = 0; n < 300; ++n) EXPECT_EQ(held_id(outer, keys[n]), id_of(inners[n]));

  std::vector<Counters> others;
  for (std::uint32_t n = 0; n < 300; ++n) others.push_back(counters());
  EXPECT_EQ(outer.set_batch(keys, others), (BatchResult{.done = 300}));
  for (std::uint32_t n = 0; n < 300; ++n) EXPECT_EQ(held_id(outer, keys[n]), id_of(others[n]));
}

TYPED_TEST(MapOfMaps, SetsManyInOneCall) {
  auto outer = TestFixture::of_four();
  const std::vector<typename TestFixture::Key> keys{0, 1, 2};
  std::vector<Counters> inners;
  for (int i = 0; i < 3; ++i) inners.push_back(counters());
  const test::FakeBpf fake{&sys::bpf_syscall};
  EXPECT_EQ(outer.set_batch(keys, inners).done, 3U);
  EXPECT_EQ(fake.count(BPF_MAP_UPDATE_BATCH), 1U);
  EXPECT_EQ(fake.count(BPF_MAP_UPDATE_ELEM), 0U);
}

TYPED_TEST(MapOfMaps, TellsOfABatchWhatWasSetAndWhatWasNot) {
  using Outer = typename TestFixture::template Of<Map>;
  auto outer = Outer::create({.max_entries = 4, .name = "outer"}, counters().map());
  const std::vector<typename TestFixture::Key> keys{0, 1, 2};
  std::vector<Map> inners;
  inners.push_back(counters().map());
  inners.push_back(test::make_map(MapType::hash, 4, 4));
  inners.push_back(counters().map());
  std::error_code ec;
  const BatchResult expected{.done = 1, .failed = 1};
  EXPECT_EQ(outer.set_batch(keys, inners, ec), expected);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  const std::string explained = explain(ec);
  EXPECT_EQ(outer.lookup_id(0), inners[0].info().id);
  EXPECT_EQ(outer.lookup_id(2), std::nullopt);
  try {
    (void)outer.set_batch(keys, inners);
    FAIL() << "no BatchError";
  } catch (const BatchError& error) {
    EXPECT_EQ(error.result(), expected);
    EXPECT_EQ(error.operation(), Operation::update_batch);
    EXPECT_EQ(error.what(), explained);
    EXPECT_TRUE(test::contains(error.what(), "its value_size is 4, not 8"));
    EXPECT_TRUE(test::contains(error.what(), "(1 done, entry 1 failed, key 0x01000000"));
    EXPECT_FALSE(test::contains(error.what(), "does not support this call"));
  }
  EXPECT_TRUE(test::contains(told(Errc::wrong_value_count,
                                  [&](auto&... e) {
                                    (void)outer.set_batch(
                                        keys, std::span<const Map>{inners}.first(2), e...);
                                  }),
                             "a batch takes one value for each key"));
}

// --- the kernel's own test of batches ---

TYPED_TEST(MapOfMaps, ShowsAllIdsWhateverTheBatch) {
  using SlotsInside = typename TestFixture::template Of<Slots>;
  auto outer = SlotsInside::create({.max_entries = 10}, Slots::create({.max_entries = 1}));
  std::vector<typename TestFixture::Key> keys;
  std::vector<Slots> inners;
  for (std::uint32_t n = 0; n < 10; ++n) {
    keys.push_back(n);
    inners.push_back(Slots::create({.max_entries = 1}));
    inners.back().update(0, inners.back().map().info().id);
  }
  EXPECT_EQ(outer.set_batch(keys, inners).done, 10U);
  for (std::uint32_t batch_size = 0; batch_size <= 10; ++batch_size) {
    SCOPED_TRACE(batch_size);
    std::map<typename TestFixture::Key, std::uint32_t> seen;
    for (const auto& [key, id] : scan(outer, {.batch_size = batch_size})) {
      EXPECT_TRUE(seen.emplace(key, id).second);
      EXPECT_EQ(Slots{Map::from_id(id)}.lookup(0), id) << "its own id is in it";
    }
    ASSERT_EQ(seen.size(), 10U);
    for (const auto& [key, id] : seen)
      EXPECT_EQ(id, inners[static_cast<std::size_t>(key)].map().info().id);
  }
}

// --- what only one of them has ---

TEST(ArrayOfMapsSlots, RefuseAnIndexOutOfRange) {
  auto outer = CountersBySlot::create({.max_entries = 4, .name = "outer"}, counters());
  const auto inner = counters();
  const auto expect_index = [](auto call) {
    EXPECT_TRUE(test::contains(told(Errc::index_out_of_range, call),
                               "index 4 is out of range (max_entries 4)"));
  };
  expect_index([&](auto&... ec) { outer.set(4, inner, ec...); });
  expect_index([&](auto&... ec) { (void)outer.lookup_id(4, ec...); });
  expect_index([&](auto&... ec) { (void)outer.lookup(4, ec...); });
  expect_index([&](auto&... ec) { (void)outer.erase(4, ec...); });
}

TEST(ArrayOfMapsScan, ShowsOnlyTheSlotsThatAreFilled) {
  auto outer = CountersBySlot::create({.max_entries = 8}, counters());
  const auto inner = counters();
  outer.set(2, inner);
  outer.set(5, inner);
  std::vector<std::uint32_t> slots;
  for (const auto& [slot, id] : outer) {
    slots.push_back(slot);
    EXPECT_EQ(id, id_of(inner));
  }
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{2, 5}));
}

TEST(ArrayOfArrays, WantsTheSameMaxEntriesUnlessTheyMayDiffer) {
  auto outer = ArrayOfMaps<Slots>::create({.max_entries = 2}, Slots::create({.max_entries = 1}));
  const auto larger = Slots::create({.max_entries = 3});
  EXPECT_TRUE(test::contains(told(EINVAL, [&](auto&... ec) { outer.set(0, larger, ec...); }),
                             "its max_entries is 3, not 1"));
  const MapSpec flexible{.max_entries = 1, .flags = MapFlags::inner_map};
  auto any = ArrayOfMaps<Slots>::create({.max_entries = 2}, Slots::create(flexible));
  const auto fits = Slots::create({.max_entries = 3, .flags = MapFlags::inner_map});
  any.set(0, fits);
  EXPECT_EQ(any.lookup(0)->max_entries(), 3U);
}

TEST(HashOfMapsEntries, AreInsertedAndReplaced) {
  auto outer = CountersByKey::create({.max_entries = 2, .name = "outer"}, counters());
  const auto first = counters();
  const auto second = counters();
  EXPECT_FALSE(outer.replace(1, first));
  EXPECT_TRUE(outer.insert(1, first));
  EXPECT_FALSE(outer.insert(1, second));
  EXPECT_EQ(outer.lookup_id(1), id_of(first));
  EXPECT_TRUE(outer.replace(1, second));
  EXPECT_EQ(outer.lookup_id(1), id_of(second));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(outer.replace(2, first, ec));
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_TRUE(outer.insert(2, first, ec));
  EXPECT_FALSE(outer.insert(2, second, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(outer.replace(2, second, ec));
  EXPECT_EQ(outer.lookup_id(2), id_of(second));
  EXPECT_TRUE(test::contains(told(E2BIG, [&](auto&... e) { (void)outer.insert(3, first, e...); }),
                             "the map is full (2 of 2 entries)"));
  EXPECT_FALSE(outer.insert(3, first, ec));
  EXPECT_EQ(ec, Condition::map_full);
  CountersByKey none;
  EXPECT_FALSE(told(Errc::no_map, [&](auto&... e) { (void)none.insert(3, first, e...); }).empty());
  EXPECT_FALSE(told(Errc::no_map, [&](auto&... e) { (void)none.replace(3, first, e...); }).empty());
}

TEST(HashOfMapsView, WantsTheSizeOfItsKeys) {
  const auto outer = CountersByKey::create({.max_entries = 2}, counters());
  using Narrow = HashOfMaps<std::uint32_t, Counters>;
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_key_size, [&](auto&... ec) { Narrow view{outer.map().duplicate(), ec...}; }),
      "key type has 4 bytes, the map's keys have 8"));
}

TEST(HashOfMapsDrain, EmptiesIt) {
  auto outer = CountersByKey::create({.max_entries = 10}, counters());
  std::vector<Counters> inners;
  for (std::uint32_t n = 0; n < 10; ++n) {
    inners.push_back(counters());
    outer.set(n, inners.back());
  }
  std::size_t drained = 0;
  for (const auto& [key, id] : drain(outer)) {
    EXPECT_EQ(id, id_of(inners[static_cast<std::size_t>(key)]));
    ++drained;
  }
  EXPECT_EQ(drained, 10U);
  EXPECT_TRUE(test::stored_keys(outer.map()).empty());
}

TEST(MapsOfMapsOfBytes, GiveMapsOfAnyKind) {
  const Map like = test::make_map(MapType::queue, 0, 8);
  auto outer = ArrayOfMaps<>::create({.max_entries = 1}, like);
  outer.set(0, like);
  EXPECT_EQ(outer.lookup(0).value().info().type, MapType::queue);
}

}  // namespace
}  // namespace bpfmap
