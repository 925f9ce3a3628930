// SPDX-License-Identifier: MIT
// A spec made from a map makes another map like it.
#include "bpfmap/map/spec_of.hpp"

#include <gtest/gtest.h>

#include <system_error>

#include "bpfmap/map/open_or_create.hpp"
#include "maps.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

TEST(SpecOf, MakesAnotherMapOfEveryType) {
  int types = 0;
  for (const MapTypeTraits& row : map_types()) {
    std::error_code ec;
    const Map map = Map::create(test::spec_of(row.type), ec);
    if (!map) continue;
    ++types;
    const OwnedSpec like = spec_of(map);
    EXPECT_EQ(incompatibilities(map.info(), like.spec), "") << row.name;
    const Map other = Map::create(like.spec);
    EXPECT_NE(other.info().id, map.info().id);
    EXPECT_EQ(other.info().name, map.info().name);
  }
  EXPECT_GE(types, 20);
}

TEST(SpecOf, IncludesTheBtf) {
  const test::SmallBtf btf;
  MapSpec spec{.type = MapType::hash, .key_size = 4, .value_size = 4, .max_entries = 4};
  spec.btf_fd = btf.fd();
  spec.btf_key_type_id = spec.btf_value_type_id = test::SmallBtf::integer;
  const Map map = Map::create(spec);
  const OwnedSpec like = spec_of(map);
  ASSERT_TRUE(like.btf);
  const Map other = Map::create(like.spec);
  EXPECT_NE(other.info().id, map.info().id);
  EXPECT_NE(map.info().btf_id, 0U);
  EXPECT_EQ(other.info().btf_id, map.info().btf_id);
  EXPECT_EQ(other.info().btf_key_type_id, test::SmallBtf::integer);
  EXPECT_EQ(other.info().btf_value_type_id, test::SmallBtf::integer);
  EXPECT_EQ(incompatibilities(other.info(), like.spec), "");
  // The BTF outlives the map that it came from, and a spec of the copy is the same again.
  const OwnedSpec again = spec_of(other);
  EXPECT_EQ(Map::create(again.spec).info().btf_id, map.info().btf_id);
}

TEST(SpecOf, RefusesAnEmptyMap) {
  std::error_code ec;
  EXPECT_EQ(spec_of(Map{}, ec).spec.type, MapType::unspec);
  EXPECT_EQ(ec, Errc::no_map);
}

}  // namespace
}  // namespace bpfmap
