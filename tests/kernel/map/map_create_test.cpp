// SPDX-License-Identifier: MIT
// Maps that the kernel creates, and what it then says of them. (What it refuses:
// create_error_test.cpp.)
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "child_process.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"
#include "small_btf.hpp"

namespace bpfmap {
namespace {

using test::make_map;
using test::SmallBtf;
using test::spec_of;

void expect_created_as(const MapSpec& spec) {
  std::error_code ec = Errc::invalid_name;
  const Map map = Map::create(spec, ec);
  ASSERT_EQ(ec, std::error_code{}) << to_string(spec.type);
  ASSERT_TRUE(map);
  const auto& info = map.info();
  EXPECT_EQ(info.type, spec.type);
  EXPECT_NE(info.id, 0U);
  EXPECT_EQ(info.key_size, spec.key_size);
  EXPECT_EQ(info.value_size, spec.value_size);
  EXPECT_EQ(info.max_entries, spec.max_entries);
  EXPECT_EQ(info.name, spec.name);
  EXPECT_EQ(info.ifindex, 0U);
  // The kernel adds rdonly_prog to devmaps.
  const bool devmap = spec.type == MapType::devmap || spec.type == MapType::devmap_hash;
  EXPECT_EQ(info.flags, devmap ? spec.flags | MapFlags::rdonly_prog : spec.flags);
  EXPECT_GE(map.fd(), 1);
  EXPECT_EQ(::fcntl(map.fd(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(map.is_percpu(), traits_of(spec.type)->percpu);
}

// prog_array is last: the kernel may still clear one when the next test walks the ids.
TEST(MapCreation, MakesEveryTypeThatNeedsNothingElse) {
  for (const auto type : test::those_of_this_kernel({MapType::hash,
                                                     MapType::array,
                                                     MapType::perf_event_array,
                                                     MapType::percpu_hash,
                                                     MapType::percpu_array,
                                                     MapType::stack_trace,
                                                     MapType::cgroup_array,
                                                     MapType::lru_hash,
                                                     MapType::lru_percpu_hash,
                                                     MapType::lpm_trie,
                                                     MapType::devmap,
                                                     MapType::sockmap,
                                                     MapType::cpumap,
                                                     MapType::xskmap,
                                                     MapType::sockhash,
                                                     MapType::cgroup_storage,
                                                     MapType::reuseport_sockarray,
                                                     MapType::percpu_cgroup_storage,
                                                     MapType::queue,
                                                     MapType::stack,
                                                     MapType::devmap_hash,
                                                     MapType::ringbuf,
                                                     MapType::bloom_filter,
                                                     MapType::user_ringbuf,
                                                     MapType::arena,
                                                     MapType::prog_array})) {
    SCOPED_TRACE(to_string(type));
    expect_created_as(spec_of(type));
  }
}

TEST(MapCreation, MakesMapsOfMaps) {
  const Map inner = make_map(MapType::hash, 4, 8);
  for (const auto type : {MapType::array_of_maps, MapType::hash_of_maps}) {
    MapSpec spec = spec_of(type);
    spec.inner_map_fd = inner.fd();
    expect_created_as(spec);
  }
}

TEST(MapCreation, MakesStorageMapsWithBtf) {
  const SmallBtf btf;
  for (const auto type :
       test::those_of_this_kernel({MapType::sk_storage, MapType::inode_storage,
                                   MapType::task_storage, MapType::cgrp_storage})) {
    MapSpec spec = spec_of(type);
    spec.max_entries = 0;
    spec.flags = MapFlags::no_prealloc;
    spec.btf_fd = btf.fd();
    spec.btf_key_type_id = SmallBtf::integer;
    spec.btf_value_type_id = SmallBtf::integer;
    expect_created_as(spec);
  }
}

TEST(MapCreation, TellsWhichBtfTheMapWasMadeWith) {
  const SmallBtf btf;
  MapSpec spec = spec_of(MapType::hash);
  EXPECT_EQ(Map::create(spec).info().btf_id, 0U);
  spec.btf_fd = btf.fd();
  spec.btf_key_type_id = SmallBtf::integer;
  spec.btf_value_type_id = SmallBtf::plain;
  const Map map = Map::create(spec);
  EXPECT_NE(map.info().btf_id, 0U);
  EXPECT_EQ(map.info().btf_key_type_id, SmallBtf::integer);
  EXPECT_EQ(map.info().btf_value_type_id, SmallBtf::plain);
}

TEST(MapCreation, KeepsTheName) {
  for (const std::string name : {"", "a", "fifteen_letters", "A.b_9"}) {
    MapSpec spec = spec_of(MapType::array);
    spec.name = name;
    EXPECT_EQ(Map::create(spec).info().name, name);
  }
}

TEST(MapCreation, PassesFlagsThrough) {
  const std::vector<std::pair<MapType, MapFlags>> rows{
      {MapType::hash, MapFlags::no_prealloc},
      {MapType::hash, MapFlags::zero_seed},
      {MapType::hash, MapFlags::rdonly_prog},
      {MapType::hash, MapFlags::wronly_prog},
      {MapType::hash, MapFlags::no_prealloc | MapFlags::rdonly_prog},
      {MapType::lru_hash, MapFlags::zero_seed},
      {MapType::array, MapFlags::mmapable},
      {MapType::array, MapFlags::inner_map},
      {MapType::perf_event_array, MapFlags::preserve_elems},
      {MapType::queue, MapFlags::wronly_prog},
  };
  for (const auto& [type, flags] : rows) {
    MapSpec spec = spec_of(type);
    spec.flags = flags;
    expect_created_as(spec);
  }
}

// They belong to the descriptor, and not to the map.
TEST(MapCreation, GivesTheDescriptorTheRightsAskedFor) {
  for (const auto& [flags, access] : {std::pair{MapFlags::none, Access::read_write},
                                      std::pair{MapFlags::rdonly, Access::read_only},
                                      std::pair{MapFlags::wronly, Access::write_only}}) {
    Map map = make_map(MapType::hash, 4, 8, 4, flags);
    EXPECT_EQ(map.info().flags, MapFlags::none);
    EXPECT_EQ(map.fd_info().access, access);
    std::error_code ec;
    map.update(1, 2, ec);
    EXPECT_EQ(ec, access == Access::read_only ? test::errno_code(EPERM) : std::error_code{});
    (void)map.lookup(1, ec);
    EXPECT_EQ(ec, access == Access::write_only ? test::errno_code(EPERM) : std::error_code{});
  }
}

TEST(MapCreation, TellsWhatTheKernelMadeOfMaxEntries) {
  const auto cpus = static_cast<std::uint32_t>(sys::possible_cpus().size());
  const Map map = make_map(MapType::lru_hash, 4, 4, cpus + 1, MapFlags::no_common_lru);
  EXPECT_EQ(map.info().max_entries, cpus == 1 ? 2 : 2 * cpus) << "a multiple of the possible CPUs";
}

TEST(MapCreation, PassesMapExtra) {
  MapSpec spec = spec_of(MapType::bloom_filter);
  spec.map_extra = 7;
  EXPECT_EQ(Map::create(spec).info().map_extra, 7U);
  spec.map_extra = 16;
  std::error_code ec;
  EXPECT_FALSE(Map::create(spec, ec));
  EXPECT_EQ(ec, test::errno_code(EINVAL));
}

TEST(MapCreation, PlacesAMapOnANumaNode) {
  MapSpec spec = spec_of(MapType::hash);
  spec.numa_node = 0;
  EXPECT_EQ(Map::create(spec).info().flags, MapFlags::numa_node);
  spec.numa_node = 1000;
  std::error_code ec;
  EXPECT_FALSE(Map::create(spec, ec));
  EXPECT_EQ(ec, test::errno_code(EINVAL));
}

// A kernel without the field refuses an attribute whose end is not zero: with E2BIG, or with EINVAL
// when the field lies in a part of the attribute that it has for other commands.
TEST(MapCreation, TakesAnExclusiveProgram) {
  MapSpec spec = spec_of(MapType::hash);
  spec.excl_prog_hash.emplace().fill(std::byte{1});
  std::error_code ec;
  const Map map = Map::create(spec, ec);
  if (ec == test::errno_code(EINVAL) || ec == test::errno_code(E2BIG))
    GTEST_SKIP() << "this kernel has no exclusive maps";
  EXPECT_TRUE(map) << ec.message();
}

TEST(MapCreation, TakesAToken) {
  MapSpec spec = spec_of(MapType::hash);
  spec.token_fd = 1'000'000;
  std::error_code ec;
  EXPECT_FALSE(Map::create(spec, ec));
  if (ec == test::errno_code(EINVAL) || ec == test::errno_code(E2BIG))
    GTEST_SKIP() << "this kernel has no BPF tokens";
  EXPECT_EQ(ec, test::errno_code(EBADF)) << "the kernel read the token's descriptor";
}

TEST(MapCreation, ReportsTheErrnoInBothForms) {
  const std::vector<std::pair<MapSpec, int>> rows{
      {{.type = MapType::hash, .key_size = 4, .value_size = 8}, EINVAL},
      {{.type = MapType::hash, .key_size = 4, .value_size = 4'194'252, .max_entries = 1}, E2BIG},
      {{.type = MapType::lpm_trie, .key_size = 8, .value_size = 4, .max_entries = 1}, EINVAL},
      {{.type = MapType::lru_hash,
        .key_size = 4,
        .value_size = 4,
        .max_entries = 1,
        .flags = MapFlags::no_prealloc},
       sys::enotsupp},
      {{.type = MapType{40'000}, .key_size = 4, .value_size = 16, .max_entries = 1}, EINVAL},
      {{.type = MapType::unspec}, EINVAL},
      {{.type = MapType{4'000'000'000}}, EINVAL},
      {{.type = MapType::array_of_maps,
        .key_size = 4,
        .value_size = 4,
        .max_entries = 1,
        .inner_map_fd = 1'000'000},
       EBADF},
  };
  const auto before = test::open_descriptors();
  for (const auto& [spec, error] : rows) {
    std::error_code ec;
    EXPECT_FALSE(Map::create(spec, ec));
    EXPECT_EQ(ec, test::errno_code(error));
    EXPECT_EQ(test::error_of([&refused = spec] { (void)Map::create(refused); }).code(),
              test::errno_code(error));
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(MapCreation, GivesNoDescriptorZero) {
  test::in_child([] {
    ::close(0);
    const Map map = make_map(MapType::array, 4, 4);
    EXPECT_GE(map.fd(), 3);
    EXPECT_EQ(::fcntl(map.fd(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(0, F_GETFD), -1);
    const Map same = Map::from_id(map.info().id);
    EXPECT_GE(same.fd(), 3);
    EXPECT_GE(map.duplicate().fd(), 3);
  });
}

TEST(MapCreation, NeedsACapability) {
  const Map inherited = make_map(MapType::hash, 4, 4);
  test::in_child([&inherited] {
    ASSERT_EQ(::prctl(PR_SET_KEEPCAPS, 0), 0);
    ASSERT_EQ(::setuid(65534), 0);
    std::error_code ec;
    // A type that no sysctl gives to everybody.
    EXPECT_FALSE(Map::create(spec_of(MapType::queue), ec));
    EXPECT_EQ(ec, test::errno_code(EPERM));
    EXPECT_FALSE(Map::from_id(inherited.info().id, ec));
    EXPECT_EQ(ec, test::errno_code(EPERM));
    EXPECT_EQ(next_map_id(0, ec), std::nullopt);
    EXPECT_EQ(ec, test::errno_code(EPERM));
    // A descriptor that was there before keeps working.
    Map map = inherited.duplicate(ec);
    EXPECT_EQ(ec, std::error_code{});
    map.update(1, 2, ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(map.lookup<int>(1, ec), 2);
  });
}

}  // namespace
}  // namespace bpfmap
