// SPDX-License-Identifier: MIT
// Whole maps of many entries, walked in every way, while the n-th call of bpf(2) fails: no entry is
// lost, and none comes twice.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "bulk/bulk_support.hpp"
#include "faults.hpp"
#include "kernel_has.hpp"

namespace bpfmap {
namespace {

using test::Contents;
using test::InjectFaults;

constexpr std::uint32_t entries = 24;
constexpr ScanOptions options{.batch_size = 8};

// What is in a map, whatever fails otherwise.
Contents really_held(const Map& map) {
  const test::ReplacedBpf real{&sys::bpf_syscall};
  return test::held(map);
}

// A full map and an empty one of the same kind.
class Maps final : public test::Subject {
 public:
  explicit Maps(MapType type) : type_(type) { renew(); }

  void renew() override {
    map = make();
    other = make();
    all = test::fill(map, entries);
    ASSERT_EQ(really_held(map).size(), entries);
  }
  Contents contents() override {
    Contents both = really_held(map);
    for (auto& [key, value] : really_held(other)) {
      Bytes longer = key;
      longer.push_back(std::byte{1});
      both.emplace(std::move(longer), std::move(value));
    }
    return both;
  }

  Map map;
  Map other;
  Contents all;  // of the full one

 private:
  // With one seed, all have the same buckets, and a walk makes the same calls.
  [[nodiscard]] Map make() const {
    MapSpec spec = test::spec_of(type_);
    const bool lru = type_ == MapType::lru_hash || type_ == MapType::lru_percpu_hash;
    const bool is_hash = lru || type_ == MapType::hash || type_ == MapType::percpu_hash;
    spec.value_size = 12;
    spec.max_entries = lru ? 3200 : entries;
    if (is_hash) spec.flags = spec.flags | MapFlags::zero_seed;
    return Map::create(spec);
  }
  MapType type_;
};

// Notes what a walk shows, and compares it with the map in the end, however the walk ends.
class Seen {
 public:
  explicit Seen(const Contents& all) : all_(all) {}
  void note(BytesView key, BytesView value) {
    const std::lock_guard lock{mutex_};
    const auto at = all_.find(test::copy_of(key));
    if (at == all_.end()) {
      ADD_FAILURE() << "an entry that the map does not have";
      return;
    }
    EXPECT_EQ(test::copy_of(value), at->second);
    EXPECT_TRUE(keys_.insert(at->first).second) << "an entry came twice";
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool has(const Bytes& key) const { return keys_.contains(key); }

 private:
  std::mutex mutex_;
  const Contents& all_;
  std::set<Bytes> keys_;
};

// Calls `walk`, and `check(whole)` after it, however it ends: `whole` when without an error.
template <class Walk, class Check>
void checked(Walk walk, Check check, std::error_code& ec) {
  walk(ec);
  check(!ec);
}
template <class Walk, class Check>
void checked(Walk walk, Check check) {
  try {
    walk();
  } catch (const Error&) {
    check(false);
    throw;
  }
  check(true);
}

class FaultsOfWalk : public ::testing::TestWithParam<MapType> {
 protected:
  void SetUp() override {
    if (!test::kernel_has(GetParam())) GTEST_SKIP() << "this kernel has no such map";
    maps.emplace(GetParam());
  }
  [[nodiscard]] bool is_array() const {
    return GetParam() == MapType::array || GetParam() == MapType::percpu_array;
  }

  std::optional<Maps> maps;
};
class FaultsOfErasing : public FaultsOfWalk {};  // arrays keep their entries
const auto name_of_type = [](const auto& tested) { return std::string{to_string(tested.param)}; };
INSTANTIATE_TEST_SUITE_P(Types, FaultsOfWalk,
                         ::testing::Values(MapType::hash, MapType::percpu_hash, MapType::lru_hash,
                                           MapType::lru_percpu_hash, MapType::array,
                                           MapType::percpu_array, MapType::lpm_trie),
                         name_of_type);
INSTANTIATE_TEST_SUITE_P(Types, FaultsOfErasing,
                         ::testing::Values(MapType::hash, MapType::percpu_hash, MapType::lru_hash,
                                           MapType::lru_percpu_hash, MapType::lpm_trie),
                         name_of_type);

TEST_P(FaultsOfWalk, AScanShowsEachEntryOnce) {
  InjectFaults{*maps}("scan", [&](auto&... ec) {
    Seen seen{maps->all};
    checked(
        [&](auto&... e) {
          for (auto [key, value] : scan(maps->map, options, e...)) seen.note(key, value);
        },
        [&](bool whole) { EXPECT_TRUE(!whole || seen.size() == maps->all.size()); }, ec...);
  });
  InjectFaults{*maps}("count", [&](auto&... ec) {
    const auto counted = count(maps->map, ec...);
    EXPECT_LE(counted, entries);
  });
}

TEST_P(FaultsOfWalk, AParallelScanShowsEachEntryOnce) {
  InjectFaults{*maps}("parallel_scan", [&](auto&... ec) {
    Seen seen{maps->all};
    checked(
        [&](auto&... e) {
          parallel_scan(
              maps->map, 2, [&](BytesView key, BytesView value) { seen.note(key, value); }, options,
              e...);
        },
        [&](bool whole) { EXPECT_TRUE(!whole || seen.size() == maps->all.size()); }, ec...);
  });
}

// What was handed out and what is left are all entries, and each is one or the other.
TEST_P(FaultsOfErasing, ADrainLosesNoEntry) {
  InjectFaults{*maps}("drain", [&](auto&... ec) {
    Seen seen{maps->all};
    checked(
        [&](auto&... e) {
          for (auto [key, value] : drain(maps->map, options, e...)) seen.note(key, value);
        },
        [&](bool whole) {
          const Contents left = really_held(maps->map);
          for (const auto& entry : left) EXPECT_FALSE(seen.has(entry.first));
          EXPECT_EQ(left.size() + seen.size(), maps->all.size());
          EXPECT_TRUE(!whole || left.empty());
        },
        ec...);
  });
}

TEST_P(FaultsOfErasing, ADrainThatCannotPutBackKeepsTheEntries) {
  std::size_t kept = 0;
  for (std::size_t nth = 0; nth < 40; ++nth)
    for (const int error : {EINTR, ENOMEM, E2BIG, EPERM, EFAULT}) {
      maps->renew();
      Seen seen{maps->all};
      std::error_code ec;
      auto drained = drain(maps->map, options, ec);
      auto at = drained.begin();
      for (int i = 0; i < 3 && at != drained.end(); ++i) {
        const auto [key, value] = *at;
        seen.note(key, value);
        if (i < 2) ++at;
      }
      std::uint32_t left = 0;
      {
        const test::FailingCalls fault{nth, error, test::FailingCalls::all};
        left = drained.put_back();
      }
      kept += left;
      EXPECT_EQ(really_held(maps->map).size() + left + seen.size(), maps->all.size());
      EXPECT_EQ(drained.put_back(), 0U);
      EXPECT_EQ(really_held(maps->map).size() + seen.size(), maps->all.size());
    }
  // A trie is drained one entry at a time: there is nothing to put back.
  if (GetParam() != MapType::lpm_trie) {
    EXPECT_GT(kept, 0U) << "nothing failed";
  }
}

TEST_P(FaultsOfErasing, VerbsThatEraseDoItOnce) {
  const auto odd = [](BytesView, BytesView value) {
    return (std::to_integer<int>(value[0]) & 1) != 0;
  };
  const auto gone = [&](std::uint64_t erased) {
    EXPECT_EQ(really_held(maps->map).size() + erased, maps->all.size());
  };
  // The number of erased entries is known to the caller only without an exception.
  InjectFaults{*maps}("clear", [&](auto&... ec) { gone(clear(maps->map, ec...)); });
  InjectFaults{*maps}("erase_if", [&](auto&... ec) { gone(erase_if(maps->map, odd, ec...)); });
  Bytes keys;
  for (const auto& [key, value] : maps->all) keys.insert(keys.end(), key.begin(), key.end());
  InjectFaults{*maps}("erase_batch", [&](auto&... ec) {
    const BatchResult result = erase_batch(maps->map, keys, ec...);
    gone(result.done);
    EXPECT_EQ(result.done, result.failed.value_or(maps->all.size()));
  });
}

TEST_P(FaultsOfWalk, VerbsThatWriteDoItInOrder) {
  Bytes keys;
  Bytes values;
  for (const auto& [key, value] : maps->all) {
    keys.insert(keys.end(), key.begin(), key.end());
    Bytes other = value;
    other[0] ^= std::byte{0x55};
    values.insert(values.end(), other.begin(), other.end());
  }
  InjectFaults{*maps}("update_batch", [&](auto&... ec) {
    const BatchResult result = update_batch(maps->map, keys, values, ec...);
    EXPECT_EQ(result.done, result.failed.value_or(maps->all.size()));
  });
  InjectFaults{*maps}("copy", [&](auto&... ec) { (void)copy(maps->map, maps->other, ec...); });
  if (is_array()) return;
  InjectFaults{*maps}("insert_batch", [&](auto&... ec) {
    const BatchResult result = update_batch(maps->other, keys, values, UpdateFlags::noexist, ec...);
    EXPECT_EQ(result.done, result.failed.value_or(maps->all.size()));
    EXPECT_EQ(really_held(maps->other).size(), result.done);
  });
  // Half of the entries stay, with another value; the others go.
  const std::size_t half = maps->all.size() / 2;
  const std::size_t key_size = maps->map.info().key_size;
  const BytesView some_keys = BytesView{keys}.first(half * key_size);
  const BytesView some_values = BytesView{values}.first(values.size() / maps->all.size() * half);
  InjectFaults{*maps}("sync",
                      [&](auto&... ec) { (void)sync(maps->map, some_keys, some_values, ec...); });
}

}  // namespace
}  // namespace bpfmap
