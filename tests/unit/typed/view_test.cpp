// SPDX-License-Identifier: MIT
// A typed map over a Map of any type: what is taken, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::FakeMap;

// Both forms; the Map given is closed when it is refused.
template <class M>
std::error_code view(const MapInfo& info) {
  std::error_code quiet = Errc::invalid_name;
  {
    FakeMap fake{info};
    const std::size_t before = test::open_descriptors();
    const int fd = fake.map.fd();
    const M map{std::move(fake.map), quiet};
    EXPECT_EQ(static_cast<bool>(map), !quiet);
    EXPECT_EQ(map.map().fd(), quiet ? -1 : fd);
    EXPECT_EQ(test::open_descriptors(), quiet ? before - 1 : before);
    EXPECT_EQ(fake.calls().size(), 0U) << "what is known is not asked again";
  }
  FakeMap fake{info};
  const std::size_t before = test::open_descriptors();
  if (!quiet) {
    const M map{std::move(fake.map)};
    EXPECT_EQ(map.map().info().type, info.type);
    EXPECT_EQ(map.map().info().id, info.id);
    return quiet;
  }
  const Error error = test::error_of([&] { const M map{std::move(fake.map)}; });
  EXPECT_EQ(error.code(), quiet);
  EXPECT_EQ(error.operation(), Operation::view);
  EXPECT_EQ(error.map_id(), info.id);
  EXPECT_TRUE(test::contains(error.what(), "played")) << "names the map";
  EXPECT_EQ(test::open_descriptors(), before - 1);
  return quiet;
}

MapInfo info_of(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
  return {.type = type,
          .id = 77,
          .key_size = key_size,
          .value_size = value_size,
          .max_entries = 4,
          .name = "played"};
}

template <class M>
void expect_types(std::initializer_list<MapType> wanted) {
  for (std::uint32_t number = 0; number < 40; ++number) {
    const auto type = static_cast<MapType>(number);
    SCOPED_TRACE(number);
    const bool taken = std::count(wanted.begin(), wanted.end(), type) != 0;
    EXPECT_EQ(view<M>(info_of(type, 4, 8)), taken ? std::error_code{} : Errc::wrong_map_type);
  }
}

TEST(TypedMapView, TakesTheMapTypesOfItsClass) {
  expect_types<HashMap<std::uint32_t, std::uint64_t>>({MapType::hash, MapType::lru_hash});
  expect_types<ArrayMap<std::uint64_t>>({MapType::array});
  expect_types<PerCpuHashMap<std::uint32_t, std::uint64_t>>(
      {MapType::percpu_hash, MapType::lru_percpu_hash});
  expect_types<PerCpuArrayMap<std::uint64_t>>({MapType::percpu_array});
}

template <class M>
void expect_sizes(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
  EXPECT_EQ(view<M>(info_of(type, key_size, value_size)), std::error_code{});
  for (const std::uint32_t other : {0U, key_size - 1, key_size + 1, 2 * key_size, 512U})
    EXPECT_EQ(view<M>(info_of(type, other, value_size)), Errc::wrong_key_size) << other;
  for (const std::uint32_t other : {0U, value_size - 1, value_size + 1, 2 * value_size, 32768U})
    EXPECT_EQ(view<M>(info_of(type, key_size, other)), Errc::wrong_value_size) << other;
}

TEST(TypedMapView, TakesTheSizesOfItsTypes) {
  using test::BigEndian32, test::FlowKey, test::FlowStats, test::Name, test::Packed;
  expect_sizes<HashMap<FlowKey, FlowStats>>(MapType::hash, 16, 16);
  expect_sizes<HashMap<Packed, Name>>(MapType::lru_hash, 5, 16);
  expect_sizes<ArrayMap<test::Block<100>>>(MapType::array, 4, 100);
  expect_sizes<ArrayMap<BigEndian32>>(MapType::array, 4, 4);
  expect_sizes<PerCpuHashMap<BigEndian32, Packed>>(MapType::percpu_hash, 4, 5);
  expect_sizes<PerCpuHashMap<FlowKey, std::uint32_t>>(MapType::lru_percpu_hash, 16, 4);
  expect_sizes<PerCpuArrayMap<test::Block<12>>>(MapType::percpu_array, 4, 12);
}

TEST(TypedMapView, TellsBothSizesOfARefusal) {
  FakeMap fake{info_of(MapType::hash, 12, 24)};
  const Error key =
      test::error_of([&] { const HashMap<std::uint32_t, std::uint64_t> map{std::move(fake.map)}; });
  EXPECT_TRUE(test::contains(key.what(), "12"));
  EXPECT_TRUE(test::contains(key.what(), "4"));
  FakeMap other{info_of(MapType::hash, 4, 24)};
  const Error value = test::error_of(
      [&] { const HashMap<std::uint32_t, std::uint64_t> map{std::move(other.map)}; });
  EXPECT_TRUE(test::contains(value.what(), "24"));
  EXPECT_TRUE(test::contains(value.what(), "8"));
}

TEST(TypedMapView, NamesTheTypesThatItTakes) {
  FakeMap fake{info_of(MapType::queue, 4, 8)};
  const Error error = test::error_of(
      [&] { const PerCpuHashMap<std::uint32_t, std::uint64_t> map{std::move(fake.map)}; });
  EXPECT_TRUE(test::contains(error.what(), "queue"));
  EXPECT_TRUE(test::contains(error.what(), "percpu_hash"));
  EXPECT_TRUE(test::contains(error.what(), "lru_percpu_hash"));
}

template <class M>
void expect_no_view_of_nothing() {
  std::error_code ec;
  const M quiet{Map{}, ec};
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_FALSE(quiet);
  const Error error = test::error_of([] { const M loud{Map{}}; });
  EXPECT_EQ(error.code(), Errc::no_map);
  EXPECT_EQ(error.operation(), Operation::view);
  EXPECT_EQ(error.map_id(), 0U);
}

TEST(TypedMapView, RefusesAnEmptyMap) {
  expect_no_view_of_nothing<HashMap<int, int>>();
  expect_no_view_of_nothing<ArrayMap<int>>();
  expect_no_view_of_nothing<PerCpuHashMap<int, int>>();
  expect_no_view_of_nothing<PerCpuArrayMap<int>>();
}

TEST(TypedMapView, GivesItsMapBack) {
  FakeMap fake{info_of(MapType::hash, 4, 8)};
  const int fd = fake.map.fd();
  HashMap<std::uint32_t, std::uint64_t> map{std::move(fake.map)};
  const Map back = std::move(map).map();
  EXPECT_EQ(back.fd(), fd);
  EXPECT_FALSE(map);  // NOLINT(bugprone-use-after-move)
}

template <class M>
std::error_code create(const MapSpec& spec) {
  const std::size_t before = test::open_descriptors();
  std::error_code quiet = Errc::invalid_name;
  const M map = M::create(spec, quiet);
  EXPECT_TRUE(quiet);
  EXPECT_FALSE(map);
  const Error error = test::error_of([&] { (void)M::create(spec); });
  EXPECT_EQ(error.code(), quiet);
  EXPECT_EQ(error.operation(), Operation::create);
  EXPECT_EQ(test::open_descriptors(), before);
  return quiet;
}

template <class M>
void expect_other_types_refused(std::initializer_list<MapType> own) {
  const test::FakeBpf bpf{-EPERM};
  for (const auto& row : map_types()) {
    SCOPED_TRACE(row.name);
    if (std::count(own.begin(), own.end(), row.type) == 0) {
      EXPECT_EQ(create<M>({.type = row.type, .max_entries = 4}), Errc::wrong_map_type);
    }
  }
  EXPECT_EQ(bpf.calls().size(), 0U);
}

TEST(TypedMapCreate, RefusesAnotherTypeBeforeTheKernelIsAsked) {
  expect_other_types_refused<HashMap<int, int>>({MapType::hash, MapType::lru_hash});
  expect_other_types_refused<ArrayMap<int>>({MapType::array});
  expect_other_types_refused<PerCpuHashMap<int, int>>(
      {MapType::percpu_hash, MapType::lru_percpu_hash});
  expect_other_types_refused<PerCpuArrayMap<int>>({MapType::percpu_array});
}

TEST(TypedMapCreate, RefusesOtherSizesBeforeTheKernelIsAsked) {
  const test::FakeBpf bpf{-EPERM};
  const MapSpec key{.key_size = 5, .max_entries = 4};
  EXPECT_EQ((create<HashMap<int, int>>(key)), Errc::wrong_key_size);
  EXPECT_EQ(create<ArrayMap<int>>(key), Errc::wrong_key_size);
  EXPECT_EQ((create<PerCpuHashMap<int, int>>(key)), Errc::wrong_key_size);
  EXPECT_EQ(create<PerCpuArrayMap<int>>(key), Errc::wrong_key_size);
  const MapSpec value{.value_size = 5, .max_entries = 4};
  EXPECT_EQ((create<HashMap<int, int>>(value)), Errc::wrong_value_size);
  EXPECT_EQ(create<ArrayMap<int>>(value), Errc::wrong_value_size);
  EXPECT_EQ((create<PerCpuHashMap<int, int>>(value)), Errc::wrong_value_size);
  EXPECT_EQ(create<PerCpuArrayMap<int>>(value), Errc::wrong_value_size);
  EXPECT_EQ(bpf.calls().size(), 0U);
}

TEST(TypedMapCreate, PassesOnWhatTheKernelSays) {
  const test::FakeBpf bpf{-EPERM};
  const MapSpec spec{.max_entries = 4};
  const std::error_code eperm{EPERM, category()};
  EXPECT_EQ((create<HashMap<int, int>>(spec)), eperm);
  EXPECT_EQ(create<ArrayMap<int>>(spec), eperm);
  EXPECT_EQ((create<PerCpuHashMap<int, int>>(spec)), eperm);
  EXPECT_EQ(create<PerCpuArrayMap<int>>(spec), eperm);
}

TEST(TypedMapCreate, AsksForTypeAndSizesOfItsClass) {
  const auto asked = [](auto create_it) {
    const test::FakeBpf bpf{-EPERM};
    std::error_code ec;
    create_it(ec);
    EXPECT_EQ(ec.value(), EPERM);
    sys::MapCreateAttr attr{};
    for (const auto& call : bpf.calls())
      if (call.cmd == BPF_MAP_CREATE) std::memcpy(&attr, call.attr.data(), call.attr.size());
    return MapInfo{.type = static_cast<MapType>(attr.map_type),
                   .key_size = attr.key_size,
                   .value_size = attr.value_size,
                   .max_entries = attr.max_entries,
                   .flags = static_cast<MapFlags>(attr.map_flags),
                   .name = attr.map_name};
  };
  const auto expect = [](const MapInfo& info, MapType type, std::uint32_t key,
                         std::uint32_t value) {
    EXPECT_EQ(info.type, type);
    EXPECT_EQ(info.key_size, key);
    EXPECT_EQ(info.value_size, value);
    EXPECT_EQ(info.max_entries, 9U);
    EXPECT_EQ(info.name, "asked");
  };
  using test::FlowKey, test::Name, test::Packed;
  const MapSpec spec{.max_entries = 9, .name = "asked"};
  expect(asked([&](auto& ec) { (void)HashMap<FlowKey, Packed>::create(spec, ec); }), MapType::hash,
         16, 5);
  expect(asked([&](auto& ec) { (void)ArrayMap<Name>::create(spec, ec); }), MapType::array, 4, 16);
  expect(asked([&](auto& ec) { (void)PerCpuHashMap<Packed, Name>::create(spec, ec); }),
         MapType::percpu_hash, 5, 16);
  expect(asked([&](auto& ec) { (void)PerCpuArrayMap<bool>::create(spec, ec); }),
         MapType::percpu_array, 4, 1);
  MapSpec lru = spec;
  lru.type = MapType::lru_hash;
  expect(asked([&](auto& ec) { (void)HashMap<FlowKey, Packed>::create(lru, ec); }),
         MapType::lru_hash, 16, 5);
  lru.type = MapType::lru_percpu_hash;
  expect(asked([&](auto& ec) { (void)PerCpuHashMap<Packed, Name>::create(lru, ec); }),
         MapType::lru_percpu_hash, 5, 16);
}

}  // namespace
}  // namespace bpfmap
