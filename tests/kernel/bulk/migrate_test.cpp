// SPDX-License-Identifier: MIT
// A pinned map is replaced by one of another size or value type, with its entries.
#include "bpfmap/bulk/migrate.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "child_process.hpp"
#include "killed_process.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;
using test::make_map;
using test::told;

class Migration : public ::testing::Test {
 protected:
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("map");

  // Only the pin, of this map, with these rights.
  void expect_pinned(const Map& map, unsigned int mode = 0600) {
    EXPECT_TRUE(is_pinned_at(map, path));
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, mode);
    std::vector<std::string> names;
    // The kernel's own names have a '.'.
    for (const auto& entry : std::filesystem::directory_iterator{bpffs.root()})
      if (!entry.path().has_extension()) names.push_back(entry.path().filename());
    EXPECT_EQ(names, std::vector<std::string>{"map"});
  }
};

using Flows = HashMap<std::uint32_t, std::uint64_t>;

Flows filled(std::uint32_t max_entries, std::uint32_t entries) {
  auto flows = Flows::create({.max_entries = max_entries, .name = "flows"});
  for (std::uint32_t i = 0; i < entries; ++i) flows.update(i, 100U + i);
  return flows;
}

std::string without_ids(const std::string& text) {
  return std::regex_replace(text, std::regex{"\\(id [0-9]+"}, "(id N");
}

// told() for a failure on the new map, which is another one in each form.
template <class Call>
std::string told_of_new_map(std::error_code code, Call call) {
  const std::size_t before = test::open_descriptors();
  std::error_code ec;
  call(ec);
  EXPECT_EQ(ec, code) << ec.message();
  const std::string explained = explain(ec);
  const Error error = test::error_of([&call] { call(); });
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_EQ(without_ids(error.what()), without_ids(explained));
  EXPECT_EQ(test::open_descriptors(), before);
  return error.what();
}

template <class M>
void expect_same(const M& a, const Map& b) {
  auto left = to_vector(a);
  auto right = to_vector(b);
  const auto by_key = [](const auto& x, const auto& y) { return x.key < y.key; };
  std::sort(left.begin(), left.end(), by_key);
  std::sort(right.begin(), right.end(), by_key);
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].key, right[i].key);
    EXPECT_EQ(left[i].value, right[i].value);
  }
}

// --- resize ---

TEST_F(Migration, MakesATypedMapLargerAndSmaller) {
  Flows flows = filled(8, 8);
  flows.map().pin(path, {.mode = 0640, .owner = 65534, .group = 1234});
  for (const std::uint32_t size : {1000U, 8U}) {
    const Flows old = flows.duplicate();
    Migrated<Flows> larger = resize(flows, path, size);
    EXPECT_EQ(larger.copied, 8U);
    EXPECT_EQ(larger.dropped, 0U);
    EXPECT_EQ(larger.map.max_entries(), size);
    EXPECT_EQ(larger.map.map().info().name, "flows");
    expect_pinned(larger.map.map(), 0640);
    EXPECT_FALSE(is_pinned_at(old.map(), path)) << "the holder of the old one learns of it";
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 65534U);
    EXPECT_EQ(status.st_gid, 1234U);
    expect_same(old.map(), larger.map.map());
    flows = std::move(larger.map);
  }
}

// Every type with entries that user space can write; BTF included.
TEST_F(Migration, ResizesEveryTypeThatCanBeCopied) {
  const test::SmallBtf btf;
  for (const MapType type :
       {MapType::hash, MapType::lru_hash, MapType::percpu_hash, MapType::lru_percpu_hash,
        MapType::array, MapType::percpu_array, MapType::lpm_trie, MapType::devmap_hash}) {
    SCOPED_TRACE(to_string(type));
    MapSpec spec = test::spec_of(type);
    spec.max_entries = 64;
    if (type != MapType::lpm_trie && type != MapType::devmap_hash) {
      spec.btf_fd = btf.fd();
      spec.btf_key_type_id = spec.btf_value_type_id = test::SmallBtf::integer;
    }
    const bool lru = type == MapType::lru_hash || type == MapType::lru_percpu_hash;
    Map map = Map::create(spec);
    const std::uint32_t entries = type == MapType::devmap_hash ? 1 : lru ? 20 : 64;
    for (std::uint32_t i = 0; i < entries; ++i) {
      Bytes key(map.info().key_size);
      key[0] = std::byte(type == MapType::lpm_trie ? 32 : i);
      if (type == MapType::lpm_trie) key[4] = std::byte(i);
      if (type == MapType::devmap_hash)
        map.update(i, 1U);  // lo
      else
        map.update(key, i + 1U);
    }
    map.pin(path);
    const Migrated<Map> larger = resize(map, path, 256);
    EXPECT_EQ(larger.copied, entries);
    EXPECT_EQ(larger.dropped, 0U);
    EXPECT_EQ(larger.map.info().type, type);
    EXPECT_EQ(larger.map.info().flags, map.info().flags);
    EXPECT_EQ(larger.map.info().btf_id, map.info().btf_id);
    EXPECT_EQ(larger.map.info().btf_value_type_id, map.info().btf_value_type_id);
    EXPECT_GE(larger.map.info().max_entries, 256U);
    expect_pinned(larger.map);
    if (type == MapType::array || type == MapType::percpu_array)
      for (std::uint32_t i = 0; i < 256; ++i)
        EXPECT_EQ(test::stored(larger.map, Bytes{std::byte(i), {}, {}, {}})->front(),
                  std::byte(i < 64 ? i + 1 : 0));
    else
      expect_same(map, larger.map);
    EXPECT_TRUE(Map::unpin(path));
  }
}

TEST_F(Migration, ResizesMapsOfMaps) {
  const Map a = make_map(MapType::array, 4, 8);
  const Map b = make_map(MapType::array, 4, 8);
  for (const MapType type : {MapType::array_of_maps, MapType::hash_of_maps}) {
    Map outer = Map::create(
        {.type = type, .key_size = 4, .value_size = 4, .max_entries = 2, .inner_map_fd = a.fd()});
    outer.update(1, a.fd());
    outer.pin(path);
    const Migrated<Map> larger = resize(outer, path, 100);
    EXPECT_EQ(larger.copied, 1U);
    EXPECT_EQ(larger.map.lookup<std::uint32_t>(1), a.info().id);
    Map next = larger.map.duplicate();
    next.update(99 % 100, b.fd());
    expect_pinned(larger.map);
    EXPECT_TRUE(Map::unpin(path));
  }
  // Nothing in it, so that nothing shows what its inner maps are like.
  Map empty = Map::create({.type = MapType::hash_of_maps,
                           .key_size = 4,
                           .value_size = 4,
                           .max_entries = 2,
                           .inner_map_fd = a.fd()});
  empty.pin(path);
  const std::string text =
      told(EINVAL, [&](auto&... ec) { (void)resize(empty, path, 100, ec...); });
  EXPECT_TRUE(contains(text, "inner_map_fd"));
  expect_pinned(empty);
  const auto given = migrate(empty, path,
                             {.type = MapType::hash_of_maps,
                              .key_size = 4,
                              .value_size = 4,
                              .max_entries = 100,
                              .inner_map_fd = a.fd()});
  EXPECT_EQ(given.copied, 0U);
  expect_pinned(given.map);
}

TEST_F(Migration, ShrinksAnArrayWhoseRestIsZero) {
  auto counts = ArrayMap<std::uint64_t>::create({.max_entries = 2000});
  for (std::uint32_t i = 0; i < 500; ++i) counts.update(i, i + 1U);
  counts.map().pin(path);
  const auto small = resize(counts, path, 500);
  EXPECT_EQ(small.copied, 500U);
  EXPECT_EQ(small.dropped, 1500U);
  for (std::uint32_t i = 0; i < 500; ++i) EXPECT_EQ(small.map.lookup(i), i + 1U);
  expect_pinned(small.map.map());
  const std::string text = told_of_new_map(
      Errc::index_out_of_range, [&](auto&... ec) { (void)resize(small.map, path, 499, ec...); });
  EXPECT_TRUE(contains(text, "index 499 is out of range (max_entries 499)"));
  expect_pinned(small.map.map());

  auto percpu = PerCpuArrayMap<std::uint32_t>::create({.max_entries = 8});
  percpu.update(2, 5);
  EXPECT_TRUE(Map::unpin(path));
  percpu.map().pin(path);
  EXPECT_EQ(resize(percpu, path, 3).dropped, 5U);
}

TEST_F(Migration, CountsWhatASmallerLruHashEvicts) {
  auto recent = Flows::create({.type = MapType::lru_hash, .max_entries = 1024});
  for (std::uint32_t i = 0; i < 1024; ++i) recent.update(i, i);
  const auto before = count(recent);
  recent.map().pin(path);
  const auto small = resize(recent, path, 256);
  EXPECT_EQ(small.copied + small.dropped, before);
  EXPECT_EQ(small.copied, count(small.map));
  EXPECT_LE(small.copied, 256U);
  EXPECT_GT(small.copied, 0U);
}

TEST_F(Migration, CopiesFrozenAndReadOnlyMaps) {
  Flows flows = filled(8, 5);
  flows.map().freeze();
  flows.map().pin(path);
  const auto thawed = resize(flows, path, 16);
  EXPECT_EQ(thawed.copied, 5U);
  EXPECT_EQ(thawed.map.map().fd_info().frozen, false);
  const Map reader = Map::open_pinned(path, Access::read_only);
  EXPECT_EQ(resize(reader, path, 32).copied, 5U);
}

// SmallBtf's struct wide.
struct Wide {
  bpf_spin_lock lock{};
  std::array<std::int32_t, 255> words{};
};

TEST_F(Migration, ReadsAndWritesValuesUnderTheirLock) {
  const test::SmallBtf btf;
  auto map = HashMap<std::uint32_t, Wide>::create({.max_entries = 4,
                                                   .btf_fd = btf.fd(),
                                                   .btf_key_type_id = test::SmallBtf::integer,
                                                   .btf_value_type_id = test::SmallBtf::wide});
  Wide wide;
  wide.words.fill(1);
  map.update(1, wide);
  map.map().pin(path);
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    for (Wide next; !done;) {
      next.words.fill(next.words[0] + 1);
      map.replace(1, next);
    }
  }};
  for (int round = 0; round < 200; ++round) {
    const auto larger = resize(map, path, 8);
    const Wide copied = larger.map.lookup(1).value();
    EXPECT_EQ(std::count(copied.words.begin(), copied.words.end(), copied.words[0]), 255);
    Map::unpin(path);
    map.map().pin(path);
  }
  done = true;
  writer.join();
}

// --- what cannot be done ---

TEST_F(Migration, LeavesTheOldPinWhenTheEntriesDoNotFit) {
  Flows flows = filled(100, 50);
  flows.map().pin(path, {.mode = 0644});
  const std::string text = told_of_new_map(
      errno_code(E2BIG), [&](auto&... ec) { (void)resize(flows, path, 49, ec...); });
  EXPECT_TRUE(contains(text, "the map is full (49 of 49 entries)"));
  expect_pinned(flows.map(), 0644);
  expect_same(flows.map(), filled(100, 50).map());
  auto trie = LpmTrie<LpmKey<in_addr>, std::uint32_t>::create({.max_entries = 4});
  trie.update(LpmKey<in_addr>::parse("10.0.0.0/8"), 1);
  trie.update(LpmKey<in_addr>::parse("11.0.0.0/8"), 2);
  EXPECT_TRUE(Map::unpin(path));
  trie.map().pin(path);
  std::error_code ec;
  EXPECT_FALSE(resize(trie, path, 1, ec).map);
  EXPECT_EQ(ec, Condition::map_full);
  expect_pinned(trie.map());
}

TEST_F(Migration, RefusesTypesWhoseEntriesCannotBeCopied) {
  for (const MapType type : {MapType::queue, MapType::stack, MapType::bloom_filter,
                             MapType::prog_array, MapType::sockhash, MapType::ringbuf}) {
    SCOPED_TRACE(to_string(type));
    std::error_code unknown;
    const Map map = Map::create(test::spec_of(type), unknown);
    if (!map) continue;  // an older kernel
    map.pin(path);
    const std::string text = told(Errc::unsupported_operation, [&](auto&... ec) {
      (void)resize(map, path, type == MapType::ringbuf ? 8192U : 8U, ec...);
    });
    EXPECT_TRUE(contains(text, to_string(type)));
    expect_pinned(map);
    EXPECT_TRUE(Map::unpin(path));
  }
}

TEST_F(Migration, RefusesAMapThatIsNotPinnedThere) {
  Flows flows = filled(8, 4);
  const auto resized = [&](auto&... ec) { (void)resize(flows, path, 16, ec...); };
  EXPECT_TRUE(contains(told(Errc::not_pinned, resized),
                       "this map is not, or no longer, pinned at the path"));
  const Flows other = filled(8, 2);
  other.map().pin(path);
  (void)told(Errc::not_pinned, resized);
  expect_pinned(other.map());
  (void)told(Errc::no_map, [&](auto&... ec) { (void)resize(Map{}, path, 16, ec...); });
  EXPECT_TRUE(Map::unpin(path));
  const sys::UniqueFd program = test::load_program();
  ASSERT_EQ(sys::obj_pin(program.get(), path.c_str()), 0);
  (void)told(EINVAL, resized);
}

TEST_F(Migration, LeavesAPinThatAnotherProcessReplacesMeanwhile) {
  Flows flows = filled(8, 4);
  flows.map().pin(path);
  const Flows other = filled(8, 2);
  // In the middle of the copy.
  const auto swap = [&](std::uint32_t, std::uint64_t value) {
    if (is_pinned_at(flows.map(), path)) {
      Map::unpin(path);
      other.map().pin(path);
    }
    return value;
  };
  std::error_code ec;
  EXPECT_FALSE(migrate<Flows>(flows, path, {.max_entries = 16}, swap, ec).map);
  EXPECT_EQ(ec, Errc::not_pinned);
  expect_pinned(other.map());

  const auto unpin = [&](std::uint32_t, std::uint64_t value) {
    Map::unpin(path);
    return value;
  };
  EXPECT_FALSE(migrate<Flows>(other, path, {.max_entries = 16}, unpin, ec).map);
  EXPECT_EQ(ec, Errc::not_pinned);
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "what was unpinned stays so";
}

// Of many that resize at once, all but one are told; the entries are in the map that is pinned.
TEST_F(Migration, IsDoneByOneOfManyProcesses) {
  filled(64, 50).map().pin(path);
  for (int round = 0; round < 10; ++round) {
    std::vector<std::thread> threads;
    const Flows flows = Flows::open_pinned(path);
    std::atomic<int> done{0};
    std::atomic<int> late{0};
    for (std::uint32_t i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        std::error_code ec;
        if (resize(flows, path, 100 + i, ec).map) ++done;
        if (ec == Errc::not_pinned) ++late;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(late, 3);
    const Flows now = Flows::open_pinned(path);
    expect_pinned(now.map());
    EXPECT_EQ(count(now), 50U);
  }
}

// --- migrate ---

struct Old {
  std::uint32_t packets = 0;
  std::uint32_t spare = 0;
};
struct New {
  std::uint64_t packets = 0;
  std::uint64_t since = 0;
  friend bool operator==(const New&, const New&) = default;
};

TEST_F(Migration, ConvertsTheValues) {
  auto old = HashMap<std::uint32_t, Old>::create({.max_entries = 3000, .name = "stats"});
  for (std::uint32_t i = 0; i < 3000; ++i) old.update(i, {.packets = i});
  old.map().pin(path, {.mode = 0604});
  using NewStats = HashMap<std::uint32_t, New>;
  const auto now = migrate<NewStats>(old, path, {.max_entries = 2000, .name = "stats2"},
                                     [](std::uint32_t key, const Old& value) -> std::optional<New> {
                                       if (key % 2 != 0) return std::nullopt;
                                       return New{.packets = value.packets, .since = 7};
                                     });
  EXPECT_EQ(now.copied, 1500U);
  EXPECT_EQ(now.dropped, 1500U);
  EXPECT_EQ(now.map.map().info().name, "stats2");
  EXPECT_EQ(count(now.map), 1500U);
  EXPECT_EQ(now.map.lookup(4), (New{.packets = 4, .since = 7}));
  EXPECT_EQ(now.map.lookup(5), std::nullopt);
  expect_pinned(now.map.map(), 0604);
}

TEST_F(Migration, ConvertsBetweenFamilies) {
  using PerCpu = PerCpuHashMap<std::uint32_t, std::uint64_t>;
  Flows flows = filled(8, 4);
  flows.map().pin(path);
  const auto percpu = migrate<PerCpu>(flows, path, {.max_entries = 8},
                                      [](std::uint32_t, std::uint64_t value) { return value; });
  EXPECT_EQ(percpu.copied, 4U);
  EXPECT_EQ(percpu.map.lookup(1)->sum(), 101U * sys::possible_cpus().size());
  const auto back = migrate<Flows>(
      percpu.map, path, {.max_entries = 8},
      [](std::uint32_t, const PerCpuView<std::uint64_t>& values) { return values.sum(); });
  EXPECT_EQ(back.map.lookup(1), 101U * sys::possible_cpus().size());
  const auto slots =
      migrate<PerCpu>(back.map, path, {.max_entries = 8}, [](std::uint32_t, std::uint64_t value) {
        PerCpuValues<std::uint64_t> values;
        values.set(0, value);
        return values;
      });
  EXPECT_EQ(slots.map.lookup(1)->sum(), 101U * sys::possible_cpus().size());
  expect_pinned(slots.map.map());
}

TEST_F(Migration, ChangesTheTypeOfAMapInBytes) {
  Map hash = make_map(MapType::hash, 4, 8, 16);
  hash.update(1, 2);
  hash.pin(path);
  const auto lru = migrate(
      hash, path, {.type = MapType::lru_hash, .key_size = 4, .value_size = 8, .max_entries = 64});
  EXPECT_EQ(lru.copied, 1U);
  EXPECT_EQ(lru.map.lookup<std::uint64_t>(1), 2U);
  expect_pinned(lru.map);
  (void)told_of_new_map(Errc::wrong_value_size, [&](auto&... ec) {
    (void)migrate(lru.map, path,
                  {.type = MapType::hash, .key_size = 4, .value_size = 4, .max_entries = 64},
                  ec...);
  });
  expect_pinned(lru.map);
}

TEST_F(Migration, LeavesTheOldPinWhenConvertThrows) {
  Flows flows = filled(8, 4);
  flows.map().pin(path);
  const auto before = test::open_descriptors();
  const auto fails = [](std::uint32_t key, std::uint64_t value) {
    if (key == 2) throw std::runtime_error{"no"};
    return value;
  };
  EXPECT_THROW((void)migrate<Flows>(flows, path, {.max_entries = 8}, fails), std::runtime_error);
  std::error_code ec;
  EXPECT_THROW((void)migrate<Flows>(flows, path, {.max_entries = 8}, fails, ec),
               std::runtime_error);
  EXPECT_EQ(test::open_descriptors(), before);
  expect_pinned(flows.map());
  // An array has no such index.
  (void)told_of_new_map(Errc::index_out_of_range, [&](auto&... e) {
    (void)migrate<ArrayMap<std::uint64_t>>(
        flows, path, {.max_entries = 3}, [](std::uint32_t, std::uint64_t v) { return v; }, e...);
  });
  expect_pinned(flows.map());
}

// --- what others do meanwhile ---

TEST_F(Migration, CopiesWhatStaysExactlyOnceBesideWriters) {
  constexpr std::uint32_t stable = 5000;
  auto flows = Flows::create({.max_entries = 20000, .name = "flows"});
  for (std::uint32_t i = 0; i < stable; ++i) flows.update(i, 1U);
  flows.map().pin(path);
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    // Old values are odd, or they are of keys that come and go.
    for (std::uint32_t i = 0; !done; ++i) {
      flows.update(i % stable, 1U + 2U * (i % 7U));
      flows.update(stable + i % 5000, 2U);
      flows.erase(stable + (i + 2500) % 5000);
    }
  }};
  for (int round = 0; round < 10; ++round) {
    const auto now = resize(flows, path, 20000);
    std::uint32_t seen = 0;
    for (auto [key, value] : now.map) {
      seen += key < stable ? 1U : 0U;
      EXPECT_TRUE(key >= stable || value % 2 == 1);
    }
    EXPECT_EQ(seen, stable);
    EXPECT_EQ(now.copied, count(now.map));
    // What is written by now is in the old map only, and is fetched from there.
    flows.update(19999, 5U);
    EXPECT_EQ(now.map.lookup(19999), std::nullopt);
    Map next = now.map.map().duplicate();
    std::error_code ec;
    (void)copy(flows.map(), next, UpdateFlags::noexist, ec);
    EXPECT_EQ(now.map.lookup(19999), 5U);
    flows.erase(19999);
    // The old map again.
    EXPECT_TRUE(Map::unpin(path));
    flows.map().pin(path);
  }
  done = true;
  writer.join();
}

// A program keeps the map that it was loaded with.
TEST_F(Migration, LeavesTheOldMapToThePrograms) {
  auto counts = ArrayMap<std::uint64_t>::create({.max_entries = 1});
  counts.map().pin(path);
  const auto load = test::load_map(1, counts.map().fd());
  const std::array code{
      load[0],
      load[1],
      test::instruction(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),
      test::instruction(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10),
      test::instruction(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
      test::call_helper(BPF_FUNC_map_lookup_elem),
      test::instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),
      test::load_number(1, 1),
      test::instruction(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),  // *r0 += 1
      test::load_number(0, 0),
      test::leave(),
  };
  const sys::UniqueFd program = test::load_program(code);
  test::run_program(program.get());
  const auto now = resize(counts, path, 10);
  EXPECT_EQ(now.map.lookup(0), 1U);
  test::run_program(program.get());
  EXPECT_EQ(now.map.lookup(0), 1U);
  EXPECT_EQ(counts.lookup(0), 2U);
  EXPECT_FALSE(is_pinned_at(counts.map(), path));
}

TEST_F(Migration, CanBeKilledAtEveryStep) {
  filled(64, 50).map().pin(path);
  const auto larger = [&] {
    std::error_code ec;
    (void)resize(Flows::open_pinned(path, ec), path, 128, ec);
  };
  const auto prepare = [&] { (void)resize(Flows::open_pinned(path), path, 64); };
  const int killed = test::killed_at_every_call(prepare, larger, [&] {
    for (const auto& entry : std::filesystem::directory_iterator{bpffs.root()})
      EXPECT_TRUE(entry.path().has_extension() || entry.path().filename() == "map" ||
                  entry.path().filename() == "bpfmap_replacing")
          << entry.path();
    const Flows flows = Flows::open_pinned(path);
    EXPECT_EQ(count(flows), 50U);
    expect_pinned(resize(flows, path, 64).map.map());
  });
  EXPECT_GE(killed, 2 * 8);
}

TEST_F(Migration, FollowsASymbolicLink) {
  filled(64, 50).map().pin(path);
  const std::string link = bpffs.path("link");
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
  const Flows larger = resize(Flows::open_pinned(link), link, 128).map;
  EXPECT_TRUE(is_pinned_at(larger.map(), path));
  EXPECT_TRUE(is_pinned_at(larger.map(), link));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(count(larger), 50U);
  ASSERT_EQ(::unlink(link.c_str()), 0);
  expect_pinned(larger.map());
}

// A process is killed at a random moment of its work, again and again.
TEST_F(Migration, LeavesTheMapAndAtMostOnePinOfAKilledProcess) {
  filled(64, 50).map().pin(path);
  for (int round = 0; round < 20; ++round) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (std::uint32_t size = 64;; ++size) {
        std::error_code ec;
        (void)resize(Flows::open_pinned(path, ec), path, 64 + size % 9, ec);
      }
    }
    ::usleep(static_cast<useconds_t>(3000 + round * 211));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (const auto& entry : std::filesystem::directory_iterator{bpffs.root()})
      EXPECT_TRUE(entry.path().has_extension() || entry.path().filename() == "map" ||
                  entry.path().filename() == "bpfmap_replacing")
          << entry.path();
    const Flows flows = Flows::open_pinned(path);
    EXPECT_EQ(count(flows), 50U);
    expect_pinned(resize(flows, path, 64).map.map());
  }
}

// Readers open the pin all the time: there is always one.
TEST_F(Migration, SwapsInOneStep) {
  filled(64, 50).map().pin(path);
  std::atomic<bool> done{false};
  std::atomic<int> opened{0};
  std::atomic<int> failed{0};
  std::thread reader{[&] {
    while (!done) {
      std::error_code ec;
      const Flows flows = Flows::open_pinned(path, ec);
      ++(ec || count(flows) != 50 ? failed : opened);
    }
  }};
  for (int round = 0; round < 100 || opened == 0; ++round)
    (void)resize(Flows::open_pinned(path), path, 64 + static_cast<std::uint32_t>(round % 9));
  done = true;
  reader.join();
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace bpfmap
