// SPDX-License-Identifier: MIT
// Walks of an LPM trie. Its cursor is a key, and the kernel restarts when that key is gone.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bulk/walk/walk.hpp"
#include "bulk_support.hpp"
#include "kernel_has.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Busy;
using test::copy_of;
using test::keep_on;
using test::make_map;
using test::Random;

constexpr std::array batch_sizes{1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 0U};

// A random prefix. Its bits are few, so that many prefixes hold one another; those behind its
// length are not cleared: the kernel keeps them as they are.
Bytes random_prefix(Random& random, std::size_t key_size) {
  Bytes bits(key_size - 4);
  for (std::byte& byte : bits) byte = static_cast<std::byte>(random());
  if (random() % 2 == 0) std::fill(bits.begin(), bits.end(), static_cast<std::byte>(random() % 2));
  return test::prefix(random.below(static_cast<std::uint32_t>(bits.size()) * 8 + 1), bits);
}

// `count` prefixes, none of them the same as another.
std::vector<Bytes> random_trie(Map& map, std::uint32_t count, std::uint64_t seed) {
  Random random{seed};
  for (std::uint32_t tries = 0; tries < count; ++tries) {
    const Bytes key = random_prefix(random, map.info().key_size);
    test::put(map, key, test::value_for(map, tries));
  }
  return test::stored_keys(map);
}

std::vector<Bytes> keys_of(const Map& map, ScanOptions options) {
  std::vector<Bytes> keys;
  for (auto [key, value] : scan(map, options)) keys.push_back(copy_of(key));
  return keys;
}

TEST(LpmScan, GoesInTheOrderOfTheKernel) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  for (const std::uint32_t key_size : {5U, 8U, 20U})
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      Map map = make_map(MapType::lpm_trie, key_size, 4, 300);
      const std::vector<Bytes> keys = random_trie(map, 300, seed);
      EXPECT_GT(keys.size(), key_size == 5 ? 50U : 150U);
      for (const std::uint32_t batch_size : batch_sizes) {
        SCOPED_TRACE(batch_size);
        EXPECT_EQ(keys_of(map, {.batch_size = batch_size}), keys);
      }
    }
}

// Erases ahead of the walk whatever `victims` names of the entries ahead; what it leaves comes
// exactly once, in order.
template <class Victims>
void expect_others_once(std::uint32_t key_size, std::uint64_t seed, std::uint32_t batch_size,
                        Victims victims) {
  SCOPED_TRACE(std::to_string(key_size) + " " + std::to_string(seed) + " " +
               std::to_string(batch_size));
  Map map = make_map(MapType::lpm_trie, key_size, 4, 200);
  const std::vector<Bytes> keys = random_trie(map, 200, seed);
  std::set<Bytes> erased;
  std::vector<Bytes> seen;
  auto scan = bpfmap::scan(map, {.batch_size = batch_size});
  for (auto [shown, value] : scan) {
    const Bytes key = copy_of(shown);
    seen.push_back(key);
    const auto at = std::find(keys.begin(), keys.end(), key);
    ASSERT_NE(at, keys.end());
    for (const Bytes& victim : victims(keys, static_cast<std::size_t>(at - keys.begin())))
      if (map.erase(victim)) erased.insert(victim);
  }
  EXPECT_TRUE(scan.status().complete);
  EXPECT_EQ(std::set<Bytes>(seen.begin(), seen.end()).size(), seen.size())
      << "something came twice";
  std::vector<Bytes> stable;
  for (const Bytes& key : keys)
    if (erased.count(key) == 0) stable.push_back(key);
  EXPECT_EQ(test::stored_keys(map), stable);
  // What was erased ahead may have been read already.
  std::vector<Bytes> seen_stable;
  for (const Bytes& key : seen)
    if (erased.count(key) == 0) seen_stable.push_back(key);
  EXPECT_EQ(seen_stable, stable);
}

template <class Victims>
void expect_others_once(Victims victims) {
  for (const std::uint32_t key_size : {5U, 8U, 20U})
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
      for (const std::uint32_t batch_size : batch_sizes)
        expect_others_once(key_size, seed, batch_size, victims);
}

using Keys = std::vector<Bytes>;

TEST(LpmScanBody, MayEraseTheCurrentEntry) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  expect_others_once([](const Keys& keys, std::size_t at) { return Keys{keys[at]}; });
}

TEST(LpmScanBody, MayEraseEveryOtherEntry) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  expect_others_once(
      [](const Keys& keys, std::size_t at) { return at % 2 == 0 ? Keys{keys[at]} : Keys{}; });
}

TEST(LpmScanBody, MayEraseTheNextEntries) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  for (const std::size_t ahead : {1U, 2U, 3U, 8U})
    expect_others_once([ahead](const Keys& keys, std::size_t at) {
      return at % 5 == 0 && at + ahead < keys.size() ? Keys{keys[at + ahead]} : Keys{};
    });
}

TEST(LpmScanBody, MayEraseWhatWasShown) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  expect_others_once([](const Keys& keys, std::size_t at) {
    return Keys(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(at / 2));
  });
}

TEST(LpmScanBody, MayEraseMostOfTheTrieAtOnce) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  expect_others_once([](const Keys& keys, std::size_t at) {
    Keys victims;
    for (std::size_t i = 0; at == 20 && i < keys.size(); ++i)
      if (i % 7 != 0) victims.push_back(keys[i]);
    return victims;
  });
}

// Each hundredth time the key at the cursor is gone, and the walk has to come back from the start
// in thousands of batches.
TEST(LpmScanBody, MayEraseTheCursorAgainAndAgain) {
  Map map = make_map(MapType::lpm_trie, 8, 4, 5000);
  for (std::uint32_t n = 0; n < 5000; ++n) test::put(map, test::key_for(map, n), Bytes(4));
  const std::vector<Bytes> keys = test::stored_keys(map);
  std::size_t at = 0;
  auto scan = bpfmap::scan(map, {.batch_size = 1});
  for (auto [key, value] : scan) {
    ASSERT_EQ(copy_of(key), keys[at]);
    // The next one was read ahead, and is where the walk goes on.
    if (++at % 100 == 0 && at < keys.size()) {
      EXPECT_TRUE(map.erase(keys[at]));
    }
  }
  EXPECT_EQ(at, keys.size()) << "what was erased had been read";
  EXPECT_TRUE(scan.status().restarted);
  EXPECT_TRUE(scan.status().complete);
}

// A trie of which the cursor's key is always gone: the walk gives up, and says so.
TEST(LpmScanBody, CannotMakeTheWalkEndless) {
  Map map = make_map(MapType::lpm_trie, 8, 4, 4000);
  for (std::uint32_t n = 0; n < 4000; ++n) test::put(map, test::key_for(map, n), Bytes(4));
  const std::vector<Bytes> keys = test::stored_keys(map);
  std::size_t at = 0;
  auto scan = bpfmap::scan(map, {.batch_size = 1});
  for ([[maybe_unused]] auto entry : scan) {
    if (at != 0) test::put(map, keys[at], Bytes(4));
    if (++at < keys.size()) map.erase(keys[at]);
  }
  EXPECT_LT(at, keys.size());
  EXPECT_FALSE(scan.status().complete);
}

TEST(LpmScanBody, MayUpdateEntries) {
  if (!test::kernel_walks_tries()) GTEST_SKIP() << "this kernel may overflow its stack of nodes";
  for (const std::uint32_t batch_size : batch_sizes) {
    Map map = make_map(MapType::lpm_trie, 8, 4, 200);
    const std::vector<Bytes> keys = random_trie(map, 200, 7);
    std::vector<Bytes> seen;
    auto scan = bpfmap::scan(map, {.batch_size = batch_size});
    for (auto [key, value] : scan) {
      seen.push_back(copy_of(key));
      for (const Bytes& other : keys) test::put(map, other, test::numbered(4, seen.size()));
    }
    EXPECT_EQ(seen, keys);
    EXPECT_FALSE(scan.status().restarted);
  }
}

// The kernel keeps the bits behind the length as the last update had them.
TEST(LpmScanBody, MayReplaceThePrefixAtTheCursor) {
  Map map = make_map(MapType::lpm_trie, 8, 4, 64);
  for (std::uint32_t n = 0; n < 64; ++n)
    test::put(map, test::prefix(16, test::numbered(4, n)), Bytes(4));
  std::size_t shown = 0;
  auto scan = bpfmap::scan(map, {.batch_size = 3});
  for ([[maybe_unused]] auto entry : scan) {
    ++shown;
    for (std::uint32_t n = 0; n < 64; ++n)
      test::put(map, test::prefix(16, test::numbered(4, n + (std::uint64_t{shown} << 16))),
                Bytes(4));
  }
  EXPECT_EQ(shown, 64U);
  EXPECT_FALSE(scan.status().restarted);
}

// --- others change the trie ---

// The kernel walks a trie without a lock: what hits a node on its path in the wrong nanoseconds
// hides a subtree from it, in one of some thousand walks of a small trie that is changed all the
// time. (status().exact is false.) Nothing ever comes twice, and a walk always gets to its end.
TEST(ChurnedLpmScan, ShowsNothingTwiceAndHardlyMissesAnything) {
  for (const std::uint32_t batch_size : {0U, 1U, 16U}) {
    SCOPED_TRACE(batch_size);
    Map map = make_map(MapType::lpm_trie, 8, 4, 100'000);
    Random random{11};
    std::set<Bytes> stable;
    while (stable.size() < 300) stable.insert(test::key_for(map, random.below(1U << 30) * 2U));
    for (const Bytes& key : stable) test::put(map, key, Bytes(4));
    Busy busy{[&, others = Random{12}](std::uint64_t) mutable {
      const Bytes key = test::key_for(map, others.below(600) * 2U + 1U);
      const std::uint32_t value = 0;
      if (others() % 2 == 0)
        (void)sys::map_update_elem(map.fd(), key.data(), &value);
      else
        (void)sys::map_delete_elem(map.fd(), key.data());
    }};
    std::uint64_t imperfect = 0;
    const std::uint64_t walks = keep_on(500ms, [&] {
      std::set<Bytes> seen;
      std::size_t stable_seen = 0;
      auto scan = bpfmap::scan(map, {.batch_size = batch_size});
      for (auto [key, value] : scan) {
        EXPECT_TRUE(seen.insert(copy_of(key)).second) << "came twice";
        stable_seen += stable.count(copy_of(key));
      }
      EXPECT_TRUE(scan.status().complete);
      EXPECT_FALSE(scan.status().exact);
      if (stable_seen != stable.size()) ++imperfect;
    });
    EXPECT_LE(imperfect, 2 + walks / 20) << "of " << walks << " walks";
  }
}

}  // namespace
}  // namespace bpfmap
