// SPDX-License-Identifier: MIT
// What an Error says when this library, or the running kernel, refuses an operation on an open map.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::errno_code;
using test::flows;
using test::id_of;
using test::told;

// The text of a failure that did not happen.
std::string explained(const Map& map, Operation operation, std::error_code ec) {
  return explain(detail::record(map, {.operation = operation}, ec));
}

// --- misuse, told before the kernel is called ---

TEST(MisuseError, NamesTheMapAndBothSizesOfAKey) {
  Map map = flows();
  const Bytes key(3);
  EXPECT_EQ(told(Errc::wrong_key_size, [&](auto&... ec) { map.update(key, 1, ec...); }),
            "update on map 'flows' (id " + id_of(map) +
                ", hash, key_size 4, value_size 8, max_entries 2): the key has 3 bytes, the map's "
                "keys have 4: wrong key size");
}

TEST(MisuseError, SaysThatAKeyIsEmpty) {
  Map map = flows();
  EXPECT_TRUE(contains(told(Errc::wrong_key_size, [&](auto&... ec) { map.erase(Bytes{}, ec...); }),
                       "): the key is empty, the map's keys have 4 bytes: "));
}

TEST(MisuseError, SaysThatAQueueHasNoKeys) {
  Map map = test::make_map(queue, 0, 8);
  EXPECT_TRUE(contains(told(Errc::wrong_key_size, [&](auto&... ec) { map.update(1, 1, ec...); }),
                       "): the key has 4 bytes, but queue maps have no keys: give an empty key: "));
}

TEST(MisuseError, NamesBothSizesOfAValue) {
  Map map = flows();
  EXPECT_TRUE(
      contains(told(Errc::wrong_value_size, [&](auto&... ec) { map.update(1, Bytes(12), ec...); }),
               "): the value has 12 bytes, the map's values have 8: wrong value size"));
}

TEST(MisuseError, NamesThePerCpuCalls) {
  Map map = test::make_map(percpu_hash, 4, 8);
  EXPECT_TRUE(contains(told(Errc::map_is_percpu, [&](auto&... ec) { (void)map.lookup(1, ec...); }),
                       "; use lookup_percpu and update_percpu: plain call on a per-CPU map"));
  EXPECT_TRUE(contains(
      told(Errc::map_is_percpu, [&](auto&... ec) { (void)map.lookup_and_delete(1, ec...); }),
      "; use lookup_and_delete_percpu: plain call on a per-CPU map"));
}

TEST(MisuseError, NamesThePlainCalls) {
  Map map = flows();
  EXPECT_TRUE(contains(
      told(Errc::map_is_not_percpu, [&](auto&... ec) { (void)map.lookup_percpu(1, ec...); }),
      "): hash maps hold one value per key (8 bytes), not one per CPU; use the call without "
      "percpu: "));
}

TEST(MisuseError, NamesAllSizesOfAPerCpuValue) {
  Map map = test::make_map(percpu_array, 4, 5);
  const std::string cpus = std::to_string(sys::possible_cpus().size());
  const std::string all = std::to_string(8 * sys::possible_cpus().size());
  Bytes slots(3);
  EXPECT_TRUE(contains(told(Errc::wrong_value_size,
                            [&](auto&... ec) { (void)map.lookup_percpu_into(1, slots, ec...); }),
                       "): 3 bytes were given; one CPU's value has 5, and the slots of all " +
                           cpus + " possible CPUs together have " + all + ": wrong value size"));
  const std::vector<Bytes> values(sys::possible_cpus().size(), Bytes(4));
  EXPECT_TRUE(contains(
      told(Errc::wrong_value_size, [&](auto&... ec) { map.update_percpu(1, values, ec...); }),
      "): one CPU's value has 5 bytes, and a given value has another size: "));
}

TEST(MisuseError, CountsTheCpus) {
  Map map = test::make_map(percpu_array, 4, 8);
  const std::vector<std::uint64_t> values(sys::possible_cpus().size() + 1);
  EXPECT_TRUE(contains(
      told(Errc::wrong_cpu_count, [&](auto&... ec) { map.update_percpu(1, values, ec...); }),
      "): " + std::to_string(values.size()) + " values were given; it takes one for each of the " +
          std::to_string(sys::possible_cpus().size()) +
          " possible CPUs (/sys/devices/system/cpu/possible), also those that are offline; "));
}

TEST(MisuseError, NamesTheSizesThatANumberDoesNotFit) {
  Map map = flows();
  const auto large = std::uint64_t{1} << 40U;
  EXPECT_TRUE(contains(told(Errc::out_of_range, [&](auto&... ec) { map.update(large, 1, ec...); }),
                       "): a number does not fit: the map's keys have 4 bytes, its values 8 (an "
                       "integer takes 1 to 8): integer does not fit"));
  map.update(1, 300);
  EXPECT_TRUE(contains(
      told(Errc::out_of_range, [&](auto&... ec) { (void)map.lookup<std::uint8_t>(1, ec...); }),
      "and a result must fit the requested integer type; use a wider one: "));
}

TEST(MisuseError, NamesTheIndexAndTheEnd) {
  Map map = test::make_map(array, 4, 8, 4);
  EXPECT_TRUE(
      contains(told(Errc::index_out_of_range, [&](auto&... ec) { (void)map.lookup(9, ec...); }),
               "): index 9 is out of range (max_entries 4): index out of range"));
  Map percpu = test::make_map(percpu_array, 4, 8, 4);
  EXPECT_TRUE(contains(
      told(Errc::index_out_of_range, [&](auto&... ec) { (void)percpu.lookup_percpu(4, ec...); }),
      "): index 4 is out of range (max_entries 4): index out of range"));
}

TEST(MisuseError, SaysThatThereIsNoMap) {
  Map map = flows();
  (void)map.release();
  EXPECT_EQ(told(Errc::no_map, [&](auto&... ec) { map.update(1, 1, ec...); }),
            "update on an empty Map: it was never opened, was moved from or released, or opening "
            "it failed: the Map is empty");
  EXPECT_EQ(told(Errc::no_map, [](auto&... ec) { (void)Map::adopt(sys::UniqueFd{}, ec...); }),
            "adopt descriptor -1: an empty UniqueFd or -1 was given: the Map is empty");
}

// --- capacity ---

TEST(CapacityError, OfAHash) {
  Map map = flows(2);
  map.update(1, 1);
  map.update(2, 2);
  EXPECT_EQ(told(E2BIG, [&](auto&... ec) { map.update(3, 3, ec...); }),
            "update on map 'flows' (id " + id_of(map) +
                ", hash, key_size 4, value_size 8, max_entries 2): the map is full (2 of 2 "
                "entries); erase entries, create it larger, or use an LRU hash: E2BIG (Argument "
                "list too long)");
}

TEST(CapacityError, OfAnLpmTrie) {
  Map map = test::make_map(lpm_trie, 8, 8, 1);
  map.update(test::bytes({8, 0, 0, 0, 10, 0, 0, 0}), 1);
  const Bytes other = test::bytes({8, 0, 0, 0, 11, 0, 0, 0});
  EXPECT_TRUE(contains(told(ENOSPC, [&](auto&... ec) { map.update(other, 1, ec...); }),
                       "): the map is full (1 of 1 entries); erase entries or create it larger: "
                       "ENOSPC (No space left on device)"));
}

TEST(CapacityError, OfAQueue) {
  Map map = test::make_map(queue, 0, 8, 1);
  map.update(Bytes{}, 1);
  EXPECT_TRUE(
      contains(told(E2BIG, [&](auto&... ec) { map.update(Bytes{}, 2, ec...); }),
               "): the queue is full (1 of 1 entries); pop entries, create it larger, or "
               "drop the oldest with push_overwrite() (of a Map: UpdateFlags::exist): E2BIG"));
}

TEST(CapacityError, OfEveryArrayIsOneCodeInEveryOperation) {
  const auto says = "): index 9 is out of range (max_entries 4): index out of range";
  const std::error_code code = Errc::index_out_of_range;
  for (const MapType type : {array, prog_array, devmap, cpumap, reuseport_sockarray}) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(test::spec_of(type));
    const Bytes value(map.info().value_size);
    EXPECT_TRUE(contains(told(code, [&](auto&... ec) { map.update(9, value, ec...); }), says));
    EXPECT_TRUE(contains(told(code, [&](auto&... ec) { (void)map.lookup(9, ec...); }), says));
  }
  for (const MapType type : {devmap, cpumap, xskmap, sockmap}) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(test::spec_of(type));
    EXPECT_TRUE(contains(told(code, [&](auto&... ec) { map.erase(9, ec...); }), says));
  }
}

TEST(CapacityError, OfAnArrayIsNotAFullMap) {
  Map map = Map::create(test::spec_of(array));
  std::error_code ec;
  map.update(9, 1, ec);
  EXPECT_EQ(ec, Errc::index_out_of_range);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
  EXPECT_NE(ec, Condition::map_full);
}

TEST(CapacityError, OfEveryFullMapEqualsOneCondition) {
  for (const MapType type : {hash, percpu_hash, queue, stack, lpm_trie}) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(test::spec_of(type));
    std::error_code ec;
    for (std::uint32_t i = 0; i <= map.info().max_entries && !ec; ++i) {
      Bytes key(map.info().key_size);
      if (!key.empty()) key.back() = static_cast<std::byte>(i);
      if (type == lpm_trie) key.front() = std::byte{32};
      map.update(key, Bytes(map.info().value_size), ec);
    }
    EXPECT_EQ(ec, Condition::map_full) << ec.message();
  }
}

TEST(CapacityError, OfAPrefix) {
  Map map = test::make_map(lpm_trie, 8, 8);
  const Bytes key = test::bytes({33, 0, 0, 0, 10, 0, 0, 1});
  const char* const says =
      "): the prefix length 33 is larger than the 32 bits of the map's keys (key_size 8: 4 bytes "
      "of length, then the prefix): EINVAL";
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(key, 1, ec...); }), says));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.erase(key, ec...); }), says));
}

TEST(CapacityError, OfASocketsCookie) {
  MapSpec spec = test::spec_of(sockmap);
  spec.value_size = 4;
  const Map map = Map::create(spec);
  EXPECT_TRUE(contains(told(ENOSPC, [&](auto&... ec) { (void)map.lookup(1, ec...); }),
                       "): value_size is 4, and a lookup returns a socket's cookie of 8 bytes; "
                       "create the map with value_size 8: ENOSPC"));
}

// --- flags ---

TEST(FlagsError, SaysThatAKeyIsThere) {
  Map map = flows();
  map.update(1, 1);
  EXPECT_TRUE(
      contains(told(EEXIST, [&](auto&... ec) { map.update(1, 1, UpdateFlags::noexist, ec...); }),
               "): the key already exists, and UpdateFlags::noexist was given; use "
               "UpdateFlags::any to overwrite: EEXIST (File exists)"));
}

TEST(FlagsError, SaysThatAKeyIsMissing) {
  Map map = flows();
  EXPECT_TRUE(
      contains(told(ENOENT, [&](auto&... ec) { map.update(1, 1, UpdateFlags::exist, ec...); }),
               "): the key is not in the map, and UpdateFlags::exist was given; use "
               "UpdateFlags::any to insert: ENOENT"));
}

TEST(FlagsError, SaysThatAnArraysEntriesAreAlwaysThere) {
  for (const MapType type : {array, percpu_array, devmap, cpumap}) {
    Map map = Map::create(test::spec_of(type));
    const Bytes value(map.info().value_size);
    EXPECT_TRUE(contains(
        told(EEXIST, [&](auto&... ec) { map.update(1, value, UpdateFlags::noexist, ec...); }),
        "): UpdateFlags::noexist never succeeds on " + std::string{to_string(type)} +
            " maps: every entry always exists; use UpdateFlags::any: EEXIST"));
  }
}

TEST(FlagsError, SaysThatFlagsExcludeEachOther) {
  Map map = flows();
  const UpdateFlags both = UpdateFlags::noexist | UpdateFlags::exist;
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(1, 1, both, ec...); }),
                       "): UpdateFlags::noexist and UpdateFlags::exist exclude each other; use "
                       "UpdateFlags::any: EINVAL"));
}

TEST(FlagsError, ShowsUnknownBits) {
  Map map = flows();
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { map.update(1, 1, static_cast<UpdateFlags>(64), ec...); }),
      "): the flags 0x40 have bits that the running kernel ("));
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { (void)map.lookup(1, static_cast<LookupFlags>(1), ec...); }),
      "): the flags 0x1 have bits that the running kernel ("));
}

TEST(FlagsError, SaysThatALockIsMissing) {
  Map map = flows();
  const char* const says =
      "): the lock flag needs a struct bpf_spin_lock in the map's value type, which BTF "
      "describes, and this map was created without BTF: EINVAL";
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { map.update(1, 1, UpdateFlags::lock, ec...); }), says));
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { (void)map.lookup(1, LookupFlags::lock, ec...); }), says));
}

TEST(FlagsError, NamesTheTypesThatTakeAnyOnly) {
  for (const MapType type : {prog_array, perf_event_array, cgroup_array, bloom_filter}) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(test::spec_of(type));
    const Bytes key(map.info().key_size);
    const std::string says =
        "): " + std::string{to_string(type)} + " maps take UpdateFlags::any only, not ";
    EXPECT_TRUE(contains(
        told(EINVAL, [&](auto&... ec) { map.update(key, Bytes(4), UpdateFlags::noexist, ec...); }),
        says + "noexist: EINVAL"));
    EXPECT_TRUE(contains(
        told(EINVAL, [&](auto&... ec) { map.update(key, Bytes(4), UpdateFlags::exist, ec...); }),
        says + "exist: EINVAL"));
  }
  Map map = test::make_map(queue, 0, 8);
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { map.update(Bytes{}, 1, UpdateFlags::noexist, ec...); }),
      "): queue maps do not take UpdateFlags::noexist: EINVAL"));
}

// --- what a type cannot do ---

TEST(TypeError, ArraysCannotErase) {
  Map map = test::make_map(array, 4, 8);
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.erase(1, ec...); }),
                       "): entries of an array cannot be deleted; update them with zeros: EINVAL "
                       "(Invalid argument)"));
}

TEST(TypeError, FewCanLookUpAndDelete) {
  Map counters = test::make_map(array, 4, 8);
  EXPECT_TRUE(contains(
      told(sys::enotsupp, [&](auto&... ec) { (void)counters.lookup_and_delete(1, ec...); }),
      "): lookup_and_delete does not exist for array maps; look up, then update with zeros: "
      "ENOTSUPP ("));
  Map routes = test::make_map(lpm_trie, 8, 8);
  EXPECT_TRUE(contains(
      told(sys::enotsupp, [&](auto&... ec) { (void)routes.lookup_and_delete(Bytes(8), ec...); }),
      "): lookup_and_delete does not exist for lpm_trie maps; look up, then erase: ENOTSUPP ("));
}

// Also when the call asks for the lock, whose flag such a kernel refuses first.
TEST(TypeError, OlderKernelsOnlyEraseFromHashes) {
  if (test::kernel_takes_from_hashes()) return;
  Map map = test::make_map(hash, 4, 8);
  const char* const says = "): on hash maps it needs Linux 5.14, and this is ";
  EXPECT_TRUE(contains(
      told(sys::enotsupp, [&](auto&... ec) { (void)map.lookup_and_delete(1, ec...); }), says));
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { (void)map.lookup_and_delete(1, LookupFlags::lock, ec...); }),
      says));
}

TEST(TypeError, QueuesHaveNoKeys) {
  Map map = test::make_map(stack, 0, 8);
  const char* const says =
      "): a stack has no keys; use update (push), lookup (peek) and lookup_and_delete (pop): "
      "EINVAL";
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.erase(Bytes{}, ec...); }), says));
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { (void)map.get_next_key(std::nullopt, ec...); }), says));
}

TEST(TypeError, BloomFiltersOnlyGrow) {
  if (!test::kernel_has(bloom_filter)) GTEST_SKIP() << "this kernel has no bloom filters";
  Map map = test::make_map(bloom_filter, 0, 8);
  EXPECT_TRUE(contains(
      told(EOPNOTSUPP, [&](auto&... ec) { map.erase(Bytes{}, ec...); }),
      "): a bloom filter can be neither walked nor erased from; create a new one: EOPNOTSUPP"));
}

TEST(TypeError, RingBuffersAndArenasHaveNoElements) {
  Map ring = Map::create(test::spec_of(ringbuf));
  EXPECT_TRUE(contains(told(sys::enotsupp, [&](auto&... ec) { (void)ring.lookup(Bytes{}, ec...); }),
                       "): a ringbuf has no elements; read its records with RingBuffer: ENOTSUPP"));
  std::error_code unknown_type;
  Map memory = Map::create(test::spec_of(arena), unknown_type);
  if (!memory) GTEST_SKIP() << "no arenas here";
  EXPECT_TRUE(
      contains(told(EOPNOTSUPP, [&](auto&... ec) { memory.update(Bytes{}, Bytes{}, ec...); }),
               "): an arena has no elements; map its memory with mmap(2): EOPNOTSUPP"));
}

TEST(TypeError, SomeEntriesCannotBeRead) {
  const Map map = Map::create(test::spec_of(perf_event_array));
  EXPECT_TRUE(contains(told(sys::enotsupp, [&](auto&... ec) { (void)map.lookup(1, ec...); }),
                       "): user space cannot read the entries of perf_event_array maps: ENOTSUPP"));
}

TEST(TypeError, OnlyProgramsWriteStackTraces) {
  Map map = Map::create(test::spec_of(stack_trace));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(1, Bytes(8), ec...); }),
                       "): only BPF programs write stack traces: EINVAL"));
}

TEST(TypeError, CgroupStorageComesWithItsProgram) {
  Map map = Map::create(test::spec_of(cgroup_storage));
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.update(Bytes(8), 1, ec...); }),
                       "): there is no such entry, and user space cannot create one: the kernel "
                       "does, when a program that uses the map is attached to the cgroup: ENOENT"));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.erase(Bytes(8), ec...); }),
                       "): entries of a cgroup_storage map cannot be deleted; "));
}

TEST(TypeError, SpinLocksCannotBeFrozen) {
  if (test::errno_of_freezing_locks() == 0) GTEST_SKIP() << "this kernel freezes maps with locks";
  const test::SmallBtf btf;
  Map map = Map::create({.type = hash,
                         .key_size = 4,
                         .value_size = 8,
                         .max_entries = 1,
                         .btf_fd = btf.fd(),
                         .btf_key_type_id = test::SmallBtf::integer,
                         .btf_value_type_id = test::SmallBtf::locked});
  EXPECT_TRUE(contains(told(sys::enotsupp, [&](auto&... ec) { map.freeze(ec...); }),
                       "): maps of this type, and maps whose values hold a bpf_spin_lock, a "
                       "bpf_timer or a kptr, cannot be frozen: ENOTSUPP"));
}

// --- what comes and goes ---

TEST(PassingError, SaysThatTryingAgainMayHelp) {
  Map map = flows();
  const auto played = [&map](int error) {
    const test::FakeBpf kernel{-error};
    return told(error, [&map](auto&... ec) { map.update(1, 1, ec...); });
  };
  EXPECT_TRUE(contains(played(EBUSY), "): a lock inside the map is contended; try again: EBUSY"));
  EXPECT_TRUE(contains(played(EDEADLK), "): a lock inside the map is contended; try again: "));
  EXPECT_TRUE(contains(played(EINTR), "): a signal interrupted the call; try again: EINTR"));
  EXPECT_TRUE(contains(played(EAGAIN), "): temporarily unavailable; try again: EAGAIN"));
  EXPECT_TRUE(contains(played(ENOMEM),
                       "): there is not enough memory for the entry; try again, or "
                       "raise the memory cgroup's limit: ENOMEM"));
  EXPECT_TRUE(contains(played(EFAULT),
                       "): the kernel cannot read or write the memory of a key, a value "
                       "or a path: EFAULT"));
  EXPECT_TRUE(
      contains(played(ENOSYS),
               "): the cause of this errno is not known (key of 4 bytes, value of 8 bytes): "
               "ENOSYS"));
  EXPECT_TRUE(
      contains(played(EXDEV),
               "): the cause of this errno is not known (key of 4 bytes, value of 8 bytes): "
               "EXDEV"));
}

TEST(PassingError, OfABatch) {
  const Map map = flows();
  EXPECT_TRUE(contains(explained(map, Operation::lookup_batch, errno_code(ENOSPC)),
                       "lookup_batch on map 'flows' (id " + id_of(map) +
                           ", hash, key_size 4, value_size 8, max_entries 2): one hash bucket "
                           "holds more entries than the batch has room for; use a larger batch: "
                           "ENOSPC"));
  const Map ring = Map::create(test::spec_of(user_ringbuf));
  EXPECT_TRUE(contains(explained(ring, Operation::scan, errno_code(sys::enotsupp)),
                       "): a user_ringbuf has no elements; "));
}

// --- what holds for every text ---

// Every errno that a row is about, and one that none is about.
const std::vector<int>& errors() {
  static const std::vector<int> list{
      EPERM,        ENOENT, EINTR,    E2BIG,     EBADF,      EAGAIN,       ENOMEM,    EACCES,
      EFAULT,       EBUSY,  EEXIST,   EXDEV,     ENODEV,     ENOTDIR,      EISDIR,    EINVAL,
      ENFILE,       EMFILE, ENOSPC,   EROFS,     ELOOP,      EDEADLK,      EOVERFLOW, EBADFD,
      ENAMETOOLONG, ENOSYS, ENOTSOCK, ETIMEDOUT, EOPNOTSUPP, sys::enotsupp};
  return list;
}

void expect_finished(const std::string& text) {
  EXPECT_EQ(text.find_first_of("{}!"), std::string::npos) << text;
  EXPECT_EQ(text.find("  "), std::string::npos) << text;
  EXPECT_EQ(text.find(": :"), std::string::npos) << text;
}

TEST(Explain, FillsInEveryText) {
  for (const MapTypeTraits& row : map_types()) {
    std::error_code ec;
    const Map map = Map::create(test::spec_of(row.type), ec);
    if (!map) continue;
    for (auto operation = Operation::create; to_string(operation) != "unknown operation";
         operation = static_cast<Operation>(static_cast<int>(operation) + 1)) {
      for (const int error : errors())
        expect_finished(explained(map, operation, errno_code(error)));
      for (auto error = Errc::wrong_key_size;
           errno_code(static_cast<int>(error)).message().find("errno") != 0;
           error = static_cast<Errc>(static_cast<int>(error) + 1))
        expect_finished(explained(map, operation, error));
    }
  }
}

}  // namespace
}  // namespace bpfmap
