// SPDX-License-Identifier: MIT
// How each typed map is created, opened, duplicated and taken over: what TypedMap gives to all.
#include "bpfmap/typed/base/typed_map.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "bpfmap/bpfmap.hpp"
#include "kernel_has.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::is_local_storage;
using test::told;

const std::error_code no_such_file = test::errno_code(ENOENT);

// A class, and the type that its create() makes.
template <class M, MapType made>
struct Kind {
  using Map = M;
  static constexpr MapType type = made;
};
bool is_cgroup_storage(MapType type) {
  return type == MapType::cgroup_storage || type == MapType::percpu_cgroup_storage;
}
bool is_map_of_maps(MapType type) {
  return type == MapType::array_of_maps || type == MapType::hash_of_maps;
}

template <class Kind>
class EveryTypedMap : public ::testing::Test {
 public:
  using Typed = typename Kind::Map;

  void SetUp() override {
    if (!test::kernel_has(Kind::type)) GTEST_SKIP() << "this kernel has no maps of this type";
  }

  // What the kernel demands and no class can fill in.
  [[nodiscard]] MapSpec spec() const {
    MapSpec spec{.max_entries = 4, .name = "every"};
    if (is_local_storage(Kind::type)) {
      spec.flags = MapFlags::no_prealloc;
      spec.btf_fd = btf_.fd();
      spec.btf_key_type_id = spec.btf_value_type_id = test::SmallBtf::integer;
    }
    if (is_local_storage(Kind::type) || is_cgroup_storage(Kind::type)) spec.max_entries = 0;
    if (is_map_of_maps(Kind::type)) spec.inner_map_fd = inner_.fd();
    return spec;
  }
  [[nodiscard]] Typed make() const { return Typed::create(spec()); }
  // A map of a type that the class does not take.
  [[nodiscard]] static Map other() {
    return test::make_map(Kind::type == MapType::queue ? MapType::stack : MapType::queue, 0, 4);
  }

  // It is another owner of the same map.
  static void expect_same(const Typed& opened, const Typed& made) {
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened.map().info().id, made.map().info().id);
    EXPECT_NE(opened.map().fd(), made.map().fd());
    EXPECT_EQ(opened.max_entries(), made.max_entries());
  }
  // `open` leaves nothing open and returns an empty map; the quiet form sets `code`.
  template <class Open>
  static void expect_refused(std::error_code code, Open open) {
    EXPECT_FALSE(told(code, [&](auto&... ec) { EXPECT_FALSE(open(ec...)); }).empty());
  }
  // `open` succeeds with both forms; the quiet one clears its error_code.
  template <class Open>
  static void expect_opened(const Typed& made, Open open) {
    std::error_code ec = Errc::invalid_name;
    expect_same(open(ec), made);
    EXPECT_EQ(ec, std::error_code{});
    expect_same(open(), made);
  }

 private:
  test::SmallBtf btf_;
  Map inner_ = test::make_map(MapType::hash, 4, 8);
};

using Kinds = ::testing::Types<
    Kind<HashMap<std::uint32_t, std::uint64_t>, MapType::hash>,
    Kind<ArrayMap<std::uint64_t>, MapType::array>,
    Kind<PerCpuHashMap<std::uint32_t, std::uint64_t>, MapType::percpu_hash>,
    Kind<PerCpuArrayMap<std::uint64_t>, MapType::percpu_array>,
    Kind<LpmTrie<LpmKey<in_addr>, std::uint32_t>, MapType::lpm_trie>,
    Kind<Queue<std::uint32_t>, MapType::queue>, Kind<Stack<std::uint32_t>, MapType::stack>,
    Kind<BloomFilter<std::uint32_t>, MapType::bloom_filter>, Kind<ProgArray, MapType::prog_array>,
    Kind<PerfEventArray, MapType::perf_event_array>, Kind<CgroupArray, MapType::cgroup_array>,
    Kind<StackTraceMap, MapType::stack_trace>, Kind<DevMap, MapType::devmap>,
    Kind<DevMapHash, MapType::devmap_hash>, Kind<CpuMap, MapType::cpumap>,
    Kind<XskMap, MapType::xskmap>, Kind<SockMap, MapType::sockmap>,
    Kind<SockHash<std::uint32_t>, MapType::sockhash>,
    Kind<ReusePortSockArray, MapType::reuseport_sockarray>,
    Kind<ArrayOfMaps<>, MapType::array_of_maps>,
    Kind<HashOfMaps<std::uint32_t>, MapType::hash_of_maps>,
    Kind<CgroupStorage<std::uint64_t, std::uint64_t>, MapType::cgroup_storage>,
    Kind<PerCpuCgroupStorage<std::uint64_t, std::uint64_t>, MapType::percpu_cgroup_storage>,
    Kind<SkStorage<std::int32_t>, MapType::sk_storage>,
    Kind<TaskStorage<std::int32_t>, MapType::task_storage>,
    Kind<InodeStorage<std::int32_t>, MapType::inode_storage>,
    Kind<CgrpStorage<std::int32_t>, MapType::cgrp_storage>>;
struct KindNames {
  template <class Kind>
  static std::string GetName(int) {
    return std::string{to_string(Kind::type)};
  }
};
TYPED_TEST_SUITE(EveryTypedMap, Kinds, KindNames);

TYPED_TEST(EveryTypedMap, IsCreatedWithTypeAndSizesFilledIn) {
  using M = typename TypeParam::Map;
  std::error_code ec = Errc::invalid_name;
  const M quiet = M::create(this->spec(), ec);
  EXPECT_EQ(ec, std::error_code{});
  const M loud = M::create(this->spec());
  for (const M* map : {&quiet, &loud}) {
    ASSERT_TRUE(*map);
    EXPECT_EQ(map->map().info().type, TypeParam::type);
    EXPECT_EQ(map->map().info().name, "every");
    EXPECT_EQ(map->max_entries(), this->spec().max_entries);
    EXPECT_EQ(map->max_entries(), map->map().info().max_entries);
  }
  EXPECT_NE(quiet.map().info().id, loud.map().info().id);
}

TYPED_TEST(EveryTypedMap, IsNotCreatedOfAnotherType) {
  using M = typename TypeParam::Map;
  MapSpec spec = this->spec();
  spec.type = TestFixture::other().info().type;
  this->expect_refused(Errc::wrong_map_type, [&](auto&... ec) { return M::create(spec, ec...); });
  spec = this->spec();
  spec.key_size = 77;
  this->expect_refused(Errc::wrong_key_size, [&](auto&... ec) { return M::create(spec, ec...); });
}

TYPED_TEST(EveryTypedMap, IsOpenedByItsPin) {
  using M = typename TypeParam::Map;
  const test::PrivateBpffs bpffs;
  const M made = this->make();
  const std::string path = bpffs.path("map");
  made.map().pin(path);
  this->expect_opened(made, [&](auto&... ec) { return M::open_pinned(path, ec...); });
  this->expect_opened(made,
                      [&](auto&... ec) { return M::open_pinned(path, Access::read_only, ec...); });
  this->expect_refused(no_such_file,
                       [&](auto&... ec) { return M::open_pinned(bpffs.path("none"), ec...); });
  TestFixture::other().pin(bpffs.path("other"));
  this->expect_refused(Errc::wrong_map_type,
                       [&](auto&... ec) { return M::open_pinned(bpffs.path("other"), ec...); });
}

TYPED_TEST(EveryTypedMap, IsOpenedByItsId) {
  using M = typename TypeParam::Map;
  const M made = this->make();
  const std::uint32_t id = made.map().info().id;
  this->expect_opened(made, [&](auto&... ec) { return M::from_id(id, ec...); });
  this->expect_opened(made, [&](auto&... ec) { return M::from_id(id, Access::read_only, ec...); });
  this->expect_refused(no_such_file, [&](auto&... ec) { return M::from_id(0, ec...); });
  const Map other = TestFixture::other();
  this->expect_refused(Errc::wrong_map_type,
                       [&](auto&... ec) { return M::from_id(other.info().id, ec...); });
}

TYPED_TEST(EveryTypedMap, IsCreatedOnceAndThenOpened) {
  using M = typename TypeParam::Map;
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("map");
  const M made = M::open_or_create(path, this->spec());
  EXPECT_EQ(made.map().info().type, TypeParam::type);
  EXPECT_EQ(Map::open_pinned(path).info().id, made.map().info().id);
  this->expect_opened(made,
                      [&](auto&... ec) { return M::open_or_create(path, this->spec(), ec...); });
  this->expect_opened(
      made, [&](auto&... ec) { return M::open_or_create(path, this->spec(), {}, ec...); });
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(M::open_or_create(bpffs.path("quiet"), this->spec(), ec));
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(EveryTypedMap, ReplacesAPinThatIsIncompatibleWhenAsked) {
  using M = typename TypeParam::Map;
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("map");
  const Map other = TestFixture::other();
  other.pin(path);
  this->expect_refused(Errc::incompatible_map,
                       [&](auto&... ec) { return M::open_or_create(path, this->spec(), ec...); });
  EXPECT_EQ(Map::open_pinned(path).info().id, other.info().id);
  const M map = M::open_or_create(path, this->spec(), {.replace_incompatible = true});
  EXPECT_EQ(map.map().info().type, TypeParam::type);
  EXPECT_EQ(Map::open_pinned(path).info().id, map.map().info().id);
}

TYPED_TEST(EveryTypedMap, IsDuplicated) {
  using M = typename TypeParam::Map;
  M made = this->make();
  this->expect_opened(made, [&](auto&... ec) { return made.duplicate(ec...); });
  M duplicate = made.duplicate();
  const std::uint32_t id = made.map().info().id;
  made = M{};
  EXPECT_EQ(duplicate.map().info().id, id) << "it owns a descriptor of its own";
  EXPECT_EQ(Map::from_id(id).info().id, id);
  this->expect_refused(Errc::no_map, [&](auto&... ec) { return made.duplicate(ec...); });
}

TYPED_TEST(EveryTypedMap, TakesAMapOverAndGivesItBack) {
  using M = typename TypeParam::Map;
  const std::size_t before = test::open_descriptors();
  {
    M made = this->make();
    const std::uint32_t id = made.map().info().id;
    Map beneath = std::move(made).map();
    EXPECT_FALSE(made);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(made.max_entries(), 0U);
    EXPECT_EQ(beneath.info().id, id);
    M again{std::move(beneath)};
    EXPECT_EQ(again.map().info().id, id);
    std::error_code ec = Errc::invalid_name;
    M quiet{std::move(again).map(), ec};
    EXPECT_EQ(ec, std::error_code{});
    const M moved = std::move(quiet);
    EXPECT_EQ(moved.map().info().id, id);
    EXPECT_FALSE(quiet);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(test::open_descriptors(), before + 1);
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TYPED_TEST(EveryTypedMap, RefusesAMapThatIsNotItsOwn) {
  using M = typename TypeParam::Map;
  const Map other = TestFixture::other();
  this->expect_refused(Errc::wrong_map_type,
                       [&](auto&... ec) { return M{other.duplicate(), ec...}; });
  this->expect_refused(Errc::no_map, [](auto&... ec) { return M{Map{}, ec...}; });
}

TYPED_TEST(EveryTypedMap, IsEmptyByDefault) {
  using M = typename TypeParam::Map;
  const M none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.map());
  EXPECT_EQ(none.max_entries(), 0U);
}

}  // namespace
}  // namespace bpfmap
