// SPDX-License-Identifier: MIT
// Typed views over real maps of every kind: what is taken, and what is refused.
#include <gtest/gtest.h>

#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

using test::error_of;

struct Kind {
  const char* name;
  MapSpec spec;
};

std::vector<Kind> kinds() {
  const auto of = [](MapType type) {
    return MapSpec{.type = type, .key_size = 4, .value_size = 4, .max_entries = 4};
  };
  std::vector<Kind> kinds{
      {"hash", of(MapType::hash)},
      {"array", of(MapType::array)},
      {"lru_hash", of(MapType::lru_hash)},
      {"percpu_hash", of(MapType::percpu_hash)},
      {"percpu_array", of(MapType::percpu_array)},
      {"lru_percpu_hash", of(MapType::lru_percpu_hash)},
      {"prog_array", of(MapType::prog_array)},
      {"perf_event_array", of(MapType::perf_event_array)},
      {"cgroup_array", of(MapType::cgroup_array)},
      {"devmap", of(MapType::devmap)},
      {"devmap_hash", of(MapType::devmap_hash)},
      {"cpumap", of(MapType::cpumap)},
      {"sockmap", of(MapType::sockmap)},
      {"sockhash", of(MapType::sockhash)},
      {"xskmap", of(MapType::xskmap)},
      {"reuseport_sockarray", of(MapType::reuseport_sockarray)},
      {"stack_trace",
       {.type = MapType::stack_trace, .key_size = 4, .value_size = 8, .max_entries = 4}},
      {"queue", {.type = MapType::queue, .value_size = 4, .max_entries = 4}},
      {"stack", {.type = MapType::stack, .value_size = 4, .max_entries = 4}},
      {"bloom_filter", {.type = MapType::bloom_filter, .value_size = 4, .max_entries = 4}},
      {"ringbuf", {.type = MapType::ringbuf, .max_entries = 4096}},
      {"lpm_trie",
       {.type = MapType::lpm_trie,
        .key_size = 8,
        .value_size = 4,
        .max_entries = 4,
        .flags = MapFlags::no_prealloc}},
      {"hash of other keys",
       {.type = MapType::hash, .key_size = 8, .value_size = 4, .max_entries = 4}},
      {"hash of other values",
       {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 4}},
      {"array of other values",
       {.type = MapType::array, .key_size = 4, .value_size = 3, .max_entries = 4}},
      {"percpu_hash of other keys",
       {.type = MapType::percpu_hash, .key_size = 3, .value_size = 4, .max_entries = 4}},
      {"percpu_hash of other values, in as large a slot",
       {.type = MapType::percpu_hash, .key_size = 4, .value_size = 8, .max_entries = 4}},
      {"percpu_array of other values, in as large a slot",
       {.type = MapType::percpu_array, .key_size = 4, .value_size = 5, .max_entries = 4}},
  };
  return kinds;
}

std::error_code expected(const MapInfo& info, const std::vector<MapType>& types) {
  for (const MapType type : types) {
    if (info.type != type) continue;
    if (info.key_size != 4) return Errc::wrong_key_size;
    return info.value_size == 4 ? std::error_code{} : Errc::wrong_value_size;
  }
  return Errc::wrong_map_type;
}

template <class M>
void expect_views(const std::vector<MapType>& types) {
  for (const auto& [name, spec] : kinds()) {
    SCOPED_TRACE(name);
    Map made = Map::create(spec);
    const std::error_code code = expected(made.info(), types);
    const std::size_t before = test::open_descriptors();
    {
      std::error_code ec = Errc::invalid_name;
      const M quiet{made.duplicate(), ec};
      EXPECT_EQ(ec, code);
      EXPECT_EQ(static_cast<bool>(quiet), !code);
      EXPECT_EQ(test::open_descriptors(), before + (code ? 0 : 1));
    }
    EXPECT_EQ(test::open_descriptors(), before);
    if (!code) {
      const M loud{made.duplicate()};
      EXPECT_EQ(loud.map().info().id, made.info().id);
      continue;
    }
    Map given = made.duplicate();
    const Error error = error_of([&] { const M loud{std::move(given)}; });
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(error.operation(), Operation::view);
    EXPECT_EQ(error.map_id(), made.info().id);
    EXPECT_FALSE(given);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(test::open_descriptors(), before);
  }
}

TEST(TypedMapView, IsRefusedOverAMapOfAnotherKind) {
  using enum MapType;
  expect_views<HashMap<std::uint32_t, std::uint32_t>>({hash, lru_hash});
  expect_views<ArrayMap<std::uint32_t>>({array});
  expect_views<PerCpuHashMap<std::uint32_t, std::uint32_t>>({percpu_hash, lru_percpu_hash});
  expect_views<PerCpuArrayMap<std::uint32_t>>({percpu_array});
}

// Map in map: what is written is a descriptor, what is read is an id. No class here pretends that
// they are the same.
TEST(TypedMapView, IsRefusedOverMapsOfMaps) {
  const Map inner =
      Map::create({.type = MapType::hash, .key_size = 4, .value_size = 4, .max_entries = 1});
  for (const MapType type : {MapType::array_of_maps, MapType::hash_of_maps}) {
    const Map outer = Map::create({.type = type,
                                   .key_size = 4,
                                   .value_size = 4,
                                   .max_entries = 1,
                                   .inner_map_fd = inner.fd()});
    std::error_code ec;
    EXPECT_FALSE((HashMap<std::uint32_t, std::uint32_t>{outer.duplicate(), ec}));
    EXPECT_EQ(ec, Errc::wrong_map_type);
    EXPECT_FALSE((ArrayMap<std::uint32_t>{outer.duplicate(), ec}));
    EXPECT_EQ(ec, Errc::wrong_map_type);
  }
}

}  // namespace
}  // namespace bpfmap
