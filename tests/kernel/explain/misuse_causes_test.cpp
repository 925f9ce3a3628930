// SPDX-License-Identifier: MIT
// The refusals by bpfmap: each one made to happen. No text blames the kernel.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/open_or_create.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "bpfmap/typed/percpu_hash_map.hpp"
#include "bpfmap/typed/perf_buffer.hpp"
#include "bpfmap/typed/ring_reader.hpp"
#include "bpfmap/typed/stack_trace_map.hpp"
#include "child_process.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::told;

using Flows = HashMap<std::uint32_t, std::uint64_t>;

TEST(MisuseCauses, OfASpecThatIsNotOfTheClass) {
  const auto create = [](MapSpec spec) {
    return [spec](auto&... ec) { (void)Flows::create(spec, ec...); };
  };
  EXPECT_TRUE(contains(told(Errc::wrong_map_type, create({.type = array, .max_entries = 1})),
                       ": type is array (this class is for hash or lru_hash maps)"));
  EXPECT_TRUE(contains(told(Errc::wrong_key_size, create({.key_size = 8, .max_entries = 1})),
                       ": key_size is 8 (this class has keys of 4 bytes)"));
  EXPECT_TRUE(contains(told(Errc::wrong_value_size, create({.value_size = 4, .max_entries = 1})),
                       ": value_size is 4 (this class has values of 8 bytes)"));
}

TEST(MisuseCauses, OfAMapThatIsNotOfTheClass) {
  const auto view = [](const Map& map) {
    return [&map](auto&... ec) { const Flows flows{map.duplicate(), ec...}; };
  };
  EXPECT_TRUE(contains(told(Errc::wrong_map_type, view(test::make_map(array, 4, 8))),
                       ": the map is of type array (this class is for "));
  EXPECT_TRUE(contains(told(Errc::wrong_key_size, view(test::make_map(hash, 8, 8))),
                       ": the key type has 4 bytes, the map's keys have 8: "));
  EXPECT_TRUE(contains(told(Errc::wrong_value_size, view(test::make_map(hash, 4, 4))),
                       ": the value type has 8 bytes, the map's values have 4: "));
}

TEST(MisuseCauses, OfBatches) {
  Map map = test::make_map(hash, 4, 8);
  const auto update = [&map](std::size_t keys, std::size_t values) {
    return [&map, keys = Bytes(keys), values = Bytes(values)](auto&... ec) {
      (void)update_batch(map, keys, values, UpdateFlags::any, ec...);
    };
  };
  EXPECT_TRUE(contains(told(Errc::wrong_key_size, update(7, 16)),
                       "): a key has another size than the map's keys (4 bytes)"));
  EXPECT_TRUE(contains(told(Errc::wrong_value_count, update(8, 8)),
                       "): a batch takes one value for each key"));
}

TEST(BufferCauses, OfAccessAndFreezing) {
  Map ring = Map::create(test::spec_of(ringbuf));
  ring.freeze();
  EXPECT_TRUE(
      contains(told(EPERM, [&](auto&... ec) { const RingReader reader{ring.duplicate(), ec...}; }),
               "): the map is frozen, and the memory of a ring buffer must be mapped writable; "));
  MapSpec spec = test::spec_of(perf_event_array);
  spec.max_entries = static_cast<std::uint32_t>(sys::possible_cpus().back() + 1);
  Map events = Map::create(spec);
  const auto read = [](const Map& map) {
    return [&map](auto&... ec) { const PerfBuffer perf{map.duplicate(), 1, ec...}; };
  };
  EXPECT_TRUE(contains(told(EPERM, read(Map::from_id(events.info().id, Access::read_only))),
                       "): this descriptor is read-only, and the CPUs' perf events are written "));
  events.freeze();
  EXPECT_TRUE(contains(told(EPERM, read(events)),
                       "): the map is frozen, and the CPUs' perf events are written into "));
}

TEST(MisuseCauses, OfValues) {
  Map devices = Map::create(test::spec_of(devmap));
  EXPECT_TRUE(contains(
      told(Errc::wrong_value_size, [&](auto&... ec) { devices.update(0, Bytes(8), ec...); }),
      "): the map's values have 4 bytes and no room for a program; "));
  const Map filter = Map::create(test::spec_of(bloom_filter));
  EXPECT_TRUE(contains(
      told(Errc::values_not_stored, [&](auto&... ec) { (void)filter.lookup(Bytes{}, ec...); }),
      "): a bloom filter stores no values, "));
  const StackTraceMap stacks = StackTraceMap::create({.max_entries = 1});
  EXPECT_TRUE(contains(
      told(Errc::wrong_map_flags, [&](auto&... ec) { (void)stacks.lookup_build_ids(0, ec...); }),
      "): this map holds addresses, not build ids (MapFlags::stack_build_id): use lookup(): "));
  const StackTraceMap build_ids =
      StackTraceMap::create({.max_entries = 1, .flags = MapFlags::stack_build_id});
  EXPECT_TRUE(
      contains(told(Errc::wrong_map_flags, [&](auto&... ec) { (void)build_ids.lookup(0, ec...); }),
               "): this map holds build ids (MapFlags::stack_build_id): use lookup_build_ids(): "));
}

TEST(MisuseCauses, OfCpus) {
  Map map = test::make_map(percpu_hash, 4, 8);
  map.update_percpu(1, std::vector<std::uint64_t>(sys::possible_cpus().size()));
  EXPECT_TRUE(
      contains(told(Errc::no_such_cpu,
                    [&](auto&... ec) { (void)map.lookup_cpu<std::uint64_t>(1, 9999, ec...); }),
               "CPU 9999 is not one of the "));
  PerCpuHashMap<std::uint32_t, std::uint64_t> typed{map.duplicate()};
  EXPECT_TRUE(contains(
      told(Errc::wrong_cpu_count,
           [&](auto&... ec) {
             typed.update(1, std::vector<std::uint64_t>(sys::possible_cpus().size() + 1), ec...);
           }),
      "one value for each of the "));
}

TEST(MisuseCauses, OfWalks) {
  const auto walk = [](const Map& map) { return [&map](auto&... ec) { (void)count(map, ec...); }; };
  const auto take = [](Map& map) {
    return [&map](auto&... ec) {
      for (auto entry : drain(map, ec...)) (void)entry;
    };
  };
  Map counters = test::make_map(array, 4, 8);
  EXPECT_TRUE(contains(told(Errc::unsupported_operation, take(counters)),
                       "): entries of an array cannot be removed; update them with zeros: "));
  Map values = test::make_map(queue, 0, 8);
  EXPECT_TRUE(contains(told(Errc::unsupported_operation, walk(values)),
                       "): a queue has no keys, and cannot be read without removing its "));
  if (test::kernel_has(bloom_filter)) {
    const Map filter = Map::create(test::spec_of(bloom_filter));
    EXPECT_TRUE(contains(told(Errc::unsupported_operation, walk(filter)),
                         "): a bloom filter can be neither walked nor erased from; "));
  }
  Map ring = Map::create(test::spec_of(ringbuf));
  EXPECT_TRUE(contains(told(Errc::unsupported_operation, walk(ring)),
                       "): a ringbuf has records, not entries; use RingBuffer"));
  Map storage = Map::create(test::spec_of(cgroup_storage));
  EXPECT_TRUE(contains(told(Errc::unsupported_operation, take(storage)),
                       "): entries of a cgroup_storage map cannot be erased; the kernel removes "));
  const Map routes = Map::create(test::spec_of(lpm_trie));
  const auto walk_part = [&](auto&... ec) {
    std::error_code error;
    Walk part{routes, {}, {.begin = 1}};
    (void)part.next(error);
    ((ec = error), ...);
    if constexpr (sizeof...(ec) == 0) bpfmap::detail::throw_if(error);
  };
  EXPECT_TRUE(contains(told(Errc::unsupported_operation, walk_part),
                       "): lpm_trie maps can only be walked as a whole: hash types and arrays "));
  const Map programs = Map::create(test::spec_of(prog_array));
  Map more = Map::create(test::spec_of(prog_array));
  EXPECT_TRUE(
      contains(told(Errc::unsupported_operation, [&](auto&... ec) { copy(programs, more, ec...); }),
               "): the values of prog_array maps are read as ids and written as "));
}

TEST(MisuseCauses, OfAWalkOfAnArena) {
  if (!test::kernel_has(arena)) GTEST_SKIP() << "this kernel has no arenas";
  const Map memory = Map::create(test::spec_of(arena));
  EXPECT_TRUE(
      contains(told(Errc::unsupported_operation, [&](auto&... ec) { (void)count(memory, ec...); }),
               "): bpfmap has no scan for arena maps"));
}

TEST(MisuseCauses, OfALookupInAUserRingBuffer) {
  if (!test::kernel_has(user_ringbuf)) GTEST_SKIP() << "this kernel has no user_ringbuf maps";
  const Map records = Map::create(test::spec_of(user_ringbuf));
  EXPECT_TRUE(
      contains(told(sys::enotsupp, [&](auto&... ec) { (void)records.lookup(Bytes{}, ec...); }),
               "): a user_ringbuf has no elements; write samples to it with UserRingBuffer: "));
}

TEST(OpenOrCreateCauses, OfAFolderThatIsLocked) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  test::flows().pin(path);
  const sys::UniqueFd folder{::open(bpffs.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(folder.get(), LOCK_EX), 0);
  const MapSpec other{.type = hash, .key_size = 8, .value_size = 8, .max_entries = 2};
  EXPECT_TRUE(contains(told(EAGAIN,
                            [&](auto&... ec) {
                              (void)open_or_create(path, other, {.replace_incompatible = true},
                                                   ec...);
                            }),
                       ": other processes keep creating and removing this pin, or one holds the "
                       "lock on " +
                           bpffs.root() + "; try again: EAGAIN"));
}

}  // namespace
}  // namespace bpfmap
