// SPDX-License-Identifier: MIT
// LpmTrie on real maps: the longest prefix that the kernel finds is the longest there is.
#include "bpfmap/typed/lpm_trie.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/bulk/verbs.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::bytes_of;
using test::contains;
using test::error_of;
using test::stored_keys;
using test::told;

using Ip4 = LpmKey<in_addr>;
using Ip6 = LpmKey<in6_addr>;
using Routes = LpmTrie<Ip4, std::uint32_t>;
using Found = std::optional<std::uint32_t>;

Ip4 ip(std::string_view text) { return Ip4::parse(text); }
Ip6 ip6(std::string_view text) { return Ip6::parse(text); }

template <class Trie>
std::vector<std::string> texts(const Trie& trie) {
  std::vector<std::string> all;
  for (auto [prefix, value] : trie) all.push_back(prefix.to_string());
  return all;
}

// --- a linear search as the model, as the kernel's own test has it ---

// A key without LpmKey, for prefixes of any number of bytes.
template <std::size_t size>
struct RawKey {
  std::array<std::uint8_t, 4> length{};
  std::array<std::uint8_t, size> bits{};

  RawKey() = default;
  RawKey(const std::array<std::uint8_t, size>& address, std::uint32_t prefixlen) : bits(address) {
    std::memcpy(length.data(), &prefixlen, sizeof prefixlen);
  }
};

template <std::size_t size>
class Model {
 public:
  using Address = std::array<std::uint8_t, size>;

  void put(const Address& address, std::uint32_t length, std::uint32_t value) {
    for (Row& row : rows_)
      if (row.length == length && covers(row, address)) {
        row.value = value;
        return;
      }
    rows_.push_back({address, length, value});
  }
  [[nodiscard]] Found longest(const Address& address) const {
    const Row* best = nullptr;
    for (const Row& row : rows_)
      if (covers(row, address) && (best == nullptr || row.length > best->length)) best = &row;
    return best != nullptr ? std::optional{best->value} : std::nullopt;
  }
  [[nodiscard]] std::size_t count() const { return rows_.size(); }

 private:
  struct Row {
    Address address;
    std::uint32_t length;
    std::uint32_t value;
  };
  static bool covers(const Row& row, const Address& address) {
    for (std::uint32_t bit = 0; bit < row.length; ++bit)
      if (((row.address[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
    return true;
  }

  std::vector<Row> rows_;
};

// 256 random prefixes and 4096 random addresses, of which the second half lie near a prefix.
template <class Key, std::size_t size>
void expect_longest_matches() {
  SCOPED_TRACE(size);
  std::mt19937 random{static_cast<std::mt19937::result_type>(size)};
  const auto below = [&random](std::uint32_t end) {
    return static_cast<std::uint32_t>(random() % end);
  };
  using Address = typename Model<size>::Address;
  const auto any_address = [&below] {
    Address address;
    for (std::uint8_t& byte : address) byte = static_cast<std::uint8_t>(below(256));
    return address;
  };
  auto trie = LpmTrie<Key, std::uint32_t>::create({.max_entries = 256});
  Model<size> model;
  std::vector<Address> prefixes;
  for (std::uint32_t value = 0; value < 256; ++value) {
    const Address address = any_address();
    const std::uint32_t length = below(size * 8 + 1);
    trie.update(Key{address, length}, value);
    model.put(address, length, value);
    prefixes.push_back(address);
  }
  if (test::kernel_walks_tries()) {
    EXPECT_EQ(stored_keys(trie.map()).size(), model.count());
  }
  std::size_t found = 0;
  for (int i = 0; i < 4096; ++i) {
    Address address = any_address();
    if (i >= 2048) {
      address = prefixes[below(256)];
      address[below(size)] ^= static_cast<std::uint8_t>(1U << below(8));
    }
    const Found expected = model.longest(address);
    ASSERT_EQ(trie.lookup(Key{address, size * 8}), expected) << i;
    if (expected) ++found;
  }
  EXPECT_GT(found, 100U) << "the addresses are of no use";
}

template <std::size_t... sizes>
void for_raw_keys(std::index_sequence<sizes...>) {
  (expect_longest_matches<RawKey<sizes + 1>, sizes + 1>(), ...);
}
template <std::size_t... sizes>
void for_lpm_keys(std::index_sequence<sizes...>) {
  (expect_longest_matches<LpmKey<std::array<std::uint8_t, sizes + 1>>, sizes + 1>(), ...);
}

TEST(LpmTrieLookup, FindsWhatALinearSearchFinds) { for_raw_keys(std::make_index_sequence<16>{}); }

TEST(LpmTrieLookup, FindsWhatALinearSearchFindsWithLpmKeysOfAnySize) {
  for_lpm_keys(std::make_index_sequence<16>{});
}

// --- the kernel's tests of addresses ---

Routes ipv4_routes() {
  auto routes = Routes::create({.max_entries = 16, .name = "routes"});
  routes.update(ip("192.168.0.0/16"), 1);
  routes.update(ip("192.168.0.0/24"), 2);
  routes.update(ip("192.168.128.0/24"), 3);
  routes.update(ip("192.168.0.0/23"), 4);
  routes.update(ip("192.168.1.0/24"), 5);
  return routes;
}

TEST(LpmTrieLookup, FindsTheLongestIpv4Prefix) {
  const auto routes = ipv4_routes();
  EXPECT_EQ(routes.lookup(ip("192.168.128.23")), 3U);
  EXPECT_EQ(routes.lookup(ip("192.168.0.1")), 2U);
  EXPECT_EQ(routes.lookup(ip("192.168.1.1")), 5U);
  EXPECT_EQ(routes.lookup(ip("192.168.2.1")), 1U);
  EXPECT_EQ(routes.lookup(ip("10.0.0.1")), std::nullopt);
  EXPECT_EQ(routes.lookup(ip("11.11.11.11")), std::nullopt);
}

TEST(LpmTrieLookup, FindsTheLongestIpv6Prefix) {
  auto routes = LpmTrie<Ip6, std::uint32_t>::create({.max_entries = 16});
  routes.update(ip6("2a00:1450:4001:814::/64"), 1);
  EXPECT_EQ(routes.lookup(ip6("2a00:1450:4001:814::1")), 1U);
  EXPECT_EQ(routes.lookup(ip6("2a00:1450:4001:814::1234")), 1U);
  EXPECT_EQ(routes.lookup(ip6("2a00:ffff::")), std::nullopt);
  routes.update(ip6("::/0"), 2);
  EXPECT_EQ(routes.lookup(ip6("2a00:ffff::")), 2U);
}

TEST(LpmTrieLookup, OfAPrefixFindsTheLongestThatCoversAllOfIt) {
  const auto routes = ipv4_routes();
  EXPECT_EQ(routes.lookup(ip("192.168.0.0/25")), 2U);
  EXPECT_EQ(routes.lookup(ip("192.168.0.0/24")), 2U);
  EXPECT_EQ(routes.lookup(ip("192.168.0.0/20")), 1U) << "a /24 does not cover a /20";
  EXPECT_EQ(routes.lookup(ip("192.0.0.0/8")), std::nullopt);
}

TEST(LpmTrieLookup, HasTheSameInEveryForm) {
  const auto routes = ipv4_routes();
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(routes.lookup(ip("192.168.0.1"), ec), 2U);
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_EQ(routes.lookup(ip("10.0.0.1"), ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
  std::uint32_t value = 77;
  EXPECT_FALSE(routes.lookup_into(ip("10.0.0.1"), value));
  EXPECT_EQ(value, 77U);
  EXPECT_TRUE(routes.lookup_into(ip("192.168.1.1"), value, ec));
  EXPECT_EQ(value, 5U);
  EXPECT_TRUE(routes.contains(ip("192.168.77.1")));
  EXPECT_FALSE(routes.contains(ip("10.0.0.1"), ec));
  EXPECT_EQ(ec, std::error_code{});
}

// --- changes mean exactly the prefix ---

TEST(LpmTrieErase, TakesExactlyThePrefix) {
  auto routes = ipv4_routes();
  EXPECT_FALSE(routes.erase(ip("192.168.0.0/30"))) << "covered, but not there";
  EXPECT_FALSE(routes.erase(ip("192.168.2.0/24"))) << "another of a length that is there";
  EXPECT_FALSE(routes.erase(ip("192.168.0.1")));
  EXPECT_EQ(stored_keys(routes.map()).size(), 5U);
  EXPECT_TRUE(routes.erase(ip("192.168.0.0/24")));
  EXPECT_EQ(routes.lookup(ip("192.168.0.1")), 4U) << "the /23 is left";
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(routes.erase(ip("192.168.0.0/16"), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(routes.lookup(ip("192.168.128.23")), 3U) << "the longer ones stay";
  EXPECT_EQ(routes.lookup(ip("192.168.2.1")), std::nullopt);
  EXPECT_FALSE(routes.erase(ip("192.168.0.0/16"), ec));
  EXPECT_EQ(ec, std::error_code{});
  for (const char* const left : {"192.168.0.0/23", "192.168.1.0/24", "192.168.128.0/24"})
    EXPECT_TRUE(routes.erase(ip(left)));
  EXPECT_TRUE(stored_keys(routes.map()).empty());
}

TEST(LpmTrieUpdate, InsertsAndReplacesExactlyThePrefix) {
  auto routes = Routes::create({.max_entries = 4});
  EXPECT_FALSE(routes.replace(ip("10.0.0.0/8"), 1));
  EXPECT_TRUE(routes.insert(ip("10.0.0.0/8"), 1));
  EXPECT_FALSE(routes.insert(ip("10.0.0.0/8"), 2));
  EXPECT_EQ(routes.lookup(ip("10.0.0.1")), 1U);
  EXPECT_TRUE(routes.replace(ip("10.0.0.0/8"), 3));
  EXPECT_FALSE(routes.replace(ip("10.0.0.0/9"), 4)) << "the /8 covers it, and is another";
  EXPECT_TRUE(routes.insert(ip("10.0.0.0/9"), 5));
  EXPECT_FALSE(routes.replace(ip("0.0.0.0/0"), 6));
  EXPECT_EQ(routes.lookup(ip("10.0.0.1")), 5U);
  EXPECT_EQ(routes.lookup(ip("10.128.0.1")), 3U);
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(routes.insert(ip("10.0.0.0/9"), 7, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(routes.replace(ip("10.0.0.0/9"), 8, ec));
  routes.update(ip("10.0.0.0/8"), 9, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(routes.lookup(ip("10.128.0.1")), 9U);
}

// A node that only joins two others in the kernel's tree is no prefix.
TEST(LpmTrieUpdate, DoesNotReplaceWhatOnlyJoinsOthers) {
  auto routes = Routes::create({.max_entries = 4});
  routes.update(ip("10.0.0.0/16"), 1);
  routes.update(ip("10.1.0.0/16"), 2);
  EXPECT_FALSE(routes.replace(ip("10.0.0.0/15"), 3));
  EXPECT_FALSE(routes.erase(ip("10.0.0.0/15")));
  EXPECT_EQ(stored_keys(routes.map()).size(), 2U);
}

TEST(LpmTrieUpdate, KeepsOnePrefixHoweverItIsWritten) {
  auto routes = Routes::create({.max_entries = 4});
  routes.update(ip("192.168.0.99/24"), 1);
  routes.update(ip("192.168.0.0/24"), 2);
  EXPECT_FALSE(routes.insert(ip("192.168.0.255/24"), 3));
  ASSERT_EQ(stored_keys(routes.map()).size(), 1U);
  EXPECT_EQ(stored_keys(routes.map())[0], test::copy_of(bytes_of(ip("192.168.0.0/24"))));
  EXPECT_EQ(texts(routes), std::vector<std::string>{"192.168.0.0/24"});
  EXPECT_TRUE(routes.erase(ip("192.168.0.1/24")));
}

TEST(LpmTrieUpdate, TellsThatItIsFull) {
  auto routes = Routes::create({.max_entries = 3, .name = "routes"});
  for (const char* const prefix : {"10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8"})
    routes.update(ip(prefix), 1);
  const auto expect_full = [](const std::string& text) {
    EXPECT_TRUE(test::contains(text, "the map is full (3 of 3 entries)"));
    EXPECT_TRUE(test::contains(text, "ENOSPC"));
  };
  const Ip4 another = ip("12.0.0.0/8");
  expect_full(told(ENOSPC, [&](auto&... ec) { routes.update(another, 2, ec...); }));
  expect_full(told(ENOSPC, [&](auto&... ec) { (void)routes.insert(another, 2, ec...); }));
  EXPECT_FALSE(routes.replace(another, 2)) << "is not there, full or not";
  routes.update(ip("10.0.0.0/8"), 3);
  EXPECT_TRUE(routes.replace(ip("11.0.0.0/8"), 4));
  EXPECT_EQ(stored_keys(routes.map()).size(), 3U);
}

// --- walks ---

TEST(LpmTrieScan, ShowsLongerPrefixesBeforeThoseThatCoverThem) {
  auto routes = Routes::create({.max_entries = 16});
  EXPECT_TRUE(texts(routes).empty());
  for (const char* const prefix : {"192.168.0.0/16", "192.168.128.0/24", "192.168.0.0/24",
                                   "192.168.1.0/24", "192.168.1.128/28"})
    routes.update(ip(prefix), 1);
  EXPECT_EQ(texts(routes),
            (std::vector<std::string>{"192.168.0.0/24", "192.168.1.128/28", "192.168.1.0/24",
                                      "192.168.128.0/24", "192.168.0.0/16"}));
  std::vector<std::string> shown;
  for (const Ip4& key : keys(routes)) shown.push_back(key.to_string());
  EXPECT_EQ(shown, texts(routes));
}

// Strings with their zeros, none a prefix of another, come in the order of strcmp().
using Text = std::array<std::uint8_t, 16>;
using Words = LpmTrie<LpmKey<Text>, std::uint32_t>;

LpmKey<Text> word(std::string_view text) {
  Text bits{};
  std::copy(text.begin(), text.end(), bits.begin());
  return LpmKey<Text>{bits, static_cast<std::uint32_t>(text.size() + 1) * 8};
}
std::string text_of(const LpmKey<Text>& key) {
  return std::string{reinterpret_cast<const char*>(key.data.data())};
}

Words dictionary() {
  auto words = Words::create({.max_entries = 16});
  std::uint32_t number = 0;
  for (const char* const text : {"delta", "alpha", "golf", "bravo", "charlie", "al", "echo", "gol",
                                 "foxtrot", "alphabet", "a", "zulu"})
    words.update(word(text), number++);
  return words;
}

TEST(LpmTrieScan, SortsStrings) {
  const auto words = dictionary();
  std::vector<std::string> seen;
  for (const LpmKey<Text>& key : keys(words)) seen.push_back(text_of(key));
  EXPECT_EQ(seen.size(), 12U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(LpmTrieScan, SortsStringsThatAreErasedAsTheyAreSeen) {
  for (const std::uint32_t batch_size : {0U, 1U, 2U, 5U}) {
    SCOPED_TRACE(batch_size);
    auto words = dictionary();
    std::vector<std::string> seen;
    for (const LpmKey<Text>& key : keys(words, {.batch_size = batch_size})) {
      seen.push_back(text_of(key));
      EXPECT_TRUE(words.erase(key));
    }
    EXPECT_EQ(seen.size(), 12U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_TRUE(stored_keys(words.map()).empty());
  }
}

TEST(LpmTrieBatches, WriteAndEraseManyAtOnce) {
  auto routes = Routes::create({.max_entries = 16});
  std::vector<Ip4> keys;
  std::vector<std::uint32_t> values;
  for (std::uint32_t n = 0; n < 10; ++n) {
    keys.push_back(ip("192.168.0." + std::to_string(n)));
    values.push_back(n);
  }
  EXPECT_EQ(update_batch(routes, keys, values).done, 10U);
  EXPECT_EQ(routes.lookup(ip("192.168.0.7")), 7U);
  EXPECT_EQ(texts(routes).size(), 10U);
  EXPECT_EQ(erase_batch(routes, keys).done, 10U);
  EXPECT_TRUE(stored_keys(routes.map()).empty());
}

// --- what it is made of ---

TEST(LpmTrieCreate, FillsTypeSizesAndFlagIn) {
  std::error_code ec = Errc::invalid_name;
  const auto routes = Routes::create({.max_entries = 9, .name = "routes"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  const MapInfo& info = routes.map().info();
  EXPECT_EQ(info.type, MapType::lpm_trie);
  EXPECT_EQ(info.key_size, 8U);
  EXPECT_EQ(info.value_size, 4U);
  EXPECT_EQ(info.max_entries, 9U);
  EXPECT_EQ(info.flags, MapFlags::no_prealloc);
}

TEST(LpmTrieView, RefusesAMapOfAnotherKind) {
  const Map hash = test::make_map(MapType::hash, 8, 4, 4, MapFlags::no_prealloc);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_map_type, [&](auto&... ec) { Routes view{hash.duplicate(), ec...}; }),
      "the map is of type hash"));
  const Map ipv6 = test::make_map(MapType::lpm_trie, 20, 4);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_key_size, [&](auto&... ec) { Routes view{ipv6.duplicate(), ec...}; }),
      "key type has 8 bytes, the map's keys have 20"));
  const Map wide = test::make_map(MapType::lpm_trie, 8, 8);
  EXPECT_TRUE(test::contains(
      told(Errc::wrong_value_size, [&](auto&... ec) { Routes view{wide.duplicate(), ec...}; }),
      "value type has 4 bytes, the map's values have 8"));
}

TEST(LpmTrieCalls, TellAPrefixThatIsTooLong) {
  auto trie = LpmTrie<RawKey<4>, std::uint32_t>::create({.max_entries = 4});
  const RawKey<4> key{{10, 0, 0, 0}, 33};
  const auto expect_told = [](const std::string& text) {
    EXPECT_TRUE(test::contains(text, "the prefix length 33 is larger than the 32 bits"));
  };
  expect_told(told(EINVAL, [&](auto&... ec) { trie.update(key, 1, ec...); }));
  expect_told(told(EINVAL, [&](auto&... ec) { (void)trie.erase(key, ec...); }));
  EXPECT_EQ(trie.lookup(key), std::nullopt);
}

TEST(LpmTrieCalls, TakeAnyIntegerAsValueThatFits) {
  auto routes = Routes::create({.max_entries = 1});
  const Ip4 key = ip("10.0.0.0/8");
  routes.update(key, std::int64_t{0xffff'ffff});
  EXPECT_EQ(routes.lookup(key), 0xffff'ffffU);
  EXPECT_TRUE(routes.replace(key, std::uint8_t{7}));
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{1} << 32}) {
    SCOPED_TRACE(value);
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(Errc::out_of_range, call).empty());
    };
    expect_refused([&](auto&... ec) { routes.update(key, value, ec...); });
    expect_refused([&](auto&... ec) { (void)routes.replace(key, value, ec...); });
    expect_refused([&](auto&... ec) { (void)routes.insert(ip("11.0.0.0/8"), value, ec...); });
  }
  EXPECT_EQ(routes.map().lookup<std::uint32_t>(key), 7U) << "nothing is written";
  std::error_code ec;
  routes.update(ip("11.0.0.0/8"), 1, ec);
  EXPECT_EQ(ec, test::errno_code(ENOSPC));
  EXPECT_EQ(ec, Condition::map_full);
}

TEST(LpmTrieCalls, TellThatThereIsNoMap) {
  Routes routes;
  const Ip4 key = ip("10.0.0.0/8");
  const auto expect_no_map = [](auto call) {
    EXPECT_TRUE(test::contains(told(Errc::no_map, call), "never opened"));
  };
  expect_no_map([&](auto&... ec) { (void)routes.lookup(key, ec...); });
  expect_no_map([&](auto&... ec) { (void)routes.contains(key, ec...); });
  expect_no_map([&](auto&... ec) { routes.update(key, 1, ec...); });
  expect_no_map([&](auto&... ec) { (void)routes.insert(key, 1, ec...); });
  expect_no_map([&](auto&... ec) { (void)routes.replace(key, 1, ec...); });
  expect_no_map([&](auto&... ec) { (void)routes.erase(key, ec...); });
}

// The kernel's lpm_multi_thread: four threads, each with another operation, on the same few keys.
// Memory may be contended for a moment; nothing else may go wrong.
TEST(LpmTrieOfManyThreads, TakesEveryOperationAtOnce) {
  auto routes = Routes::create({.max_entries = 4});
  const std::array keys{ip("10.0.0.0/8"), ip("10.1.0.0/16"), ip("10.1.2.0/24"), ip("10.1.2.3/32")};
  constexpr int rounds = 2000;
  const auto expect_well = [](const std::error_code& ec) {
    EXPECT_TRUE(!ec || ec == std::errc::not_enough_memory) << ec.message();
  };
  const auto on_every_key = [&](auto operation) {
    return std::thread{[&keys, &expect_well, operation] {
      for (int round = 0; round < rounds; ++round)
        for (const Ip4& key : keys) {
          std::error_code ec;
          operation(key, ec);
          expect_well(ec);
        }
    }};
  };
  std::array threads{
      on_every_key(
          [&](const Ip4& key, std::error_code& ec) { routes.update(key, key.prefixlen, ec); }),
      on_every_key([&](const Ip4& key, std::error_code& ec) { (void)routes.erase(key, ec); }),
      on_every_key([&](const Ip4& key, std::error_code& ec) {
        // What covers a key is no longer than it.
        const Found found = routes.lookup(key, ec);
        EXPECT_LE(found.value_or(0), key.prefixlen);
      }),
      on_every_key([&](const Ip4& key, std::error_code& ec) {
        (void)routes.map().get_next_key<Ip4>(key, ec);
      })};
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(count(routes), keys.size());
}

// --- conditions ---

using Addresses = LpmTrie<LpmKey<in_addr>, std::uint32_t>;
const LpmKey<in_addr> known = LpmKey<in_addr>::parse("10.0.0.0/8");
const LpmKey<in_addr> other = LpmKey<in_addr>::parse("11.0.0.0/8");

void expect_conditions_refused(Addresses& map) {
  const auto expect_refused = [](auto call) {
    EXPECT_TRUE(contains(told(std::error_code{Errc::unsupported_operation}, call),
                         "ignores UpdateFlags::noexist and exist in LPM tries"));
  };
  expect_refused([&](auto&... ec) { (void)map.insert(known, 2, ec...); });
  expect_refused([&](auto&... ec) { (void)map.replace(other, 2, ec...); });
  const std::array keys{known};
  const std::array values{std::uint32_t{2}};
  expect_refused([&](auto&... ec) { (void)insert_batch(map, keys, values, ec...); });
  expect_refused([&](auto&... ec) { (void)replace_batch(map, keys, values, ec...); });
  Map bytes = map.map().duplicate();
  for (const UpdateFlags flags : {UpdateFlags::noexist, UpdateFlags::exist})
    expect_refused([&](auto&... ec) { bytes.update(known, std::uint32_t{2}, flags, ec...); });
}

TEST(LpmTrieConditions, HoldOrAreRefused) {
  auto map = Addresses::create({.max_entries = 4});
  map.update(known, 1);
  if (!detail::check_trie_conditions()) {
    EXPECT_FALSE(map.insert(known, 2));
    EXPECT_FALSE(map.replace(other, 2));
  } else {
    expect_conditions_refused(map);
  }
  EXPECT_EQ(map.lookup(known), 1U);
  EXPECT_EQ(map.lookup(other), std::nullopt);
}

// Without the answer, nothing is inserted that may overwrite.
TEST(LpmTrieConditions, AreNotAssumedWhenTheProbeFails) {
  struct Forget {
    Forget() { detail::forget_support(); }
    ~Forget() { detail::forget_support(); }
  } const forget;
  auto map = Addresses::create({.max_entries = 4});
  for (const int failing : {BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM}) {
    bool failed = false;
    const test::FakeBpf bpf{[&](int cmd, void* attr, unsigned int size) -> long {
      if (cmd != failing || failed) return sys::bpf_syscall(cmd, attr, size);
      failed = true;
      return -EMFILE;
    }};
    std::error_code ec;
    EXPECT_FALSE(map.insert(known, 1, ec));
    EXPECT_EQ(ec, test::errno_code(EMFILE));
    EXPECT_EQ(map.lookup(known), std::nullopt);
  }
  EXPECT_EQ(detail::check_trie_conditions() ? 0 : 1, map.insert(known, 1) ? 1 : 0);
}

// Linux 5.10, played by dropping the flags of updates.
TEST(LpmTrieConditions, AreRefusedWhereTheKernelIgnoresThem) {
  struct Forget {
    Forget() { detail::forget_support(); }
    ~Forget() { detail::forget_support(); }
  } const forget;
  const test::FakeBpf older{[](int cmd, void* attr, unsigned int size) -> long {
    if (cmd == BPF_MAP_UPDATE_ELEM) static_cast<bpf_attr*>(attr)->flags = 0;
    return sys::bpf_syscall(cmd, attr, size);
  }};
  auto map = Addresses::create({.max_entries = 4});
  map.update(known, 1);
  EXPECT_EQ(detail::check_trie_conditions(), Errc::unsupported_operation);
  expect_conditions_refused(map);
  EXPECT_EQ(map.lookup(known), 1U);
  EXPECT_EQ(map.lookup(other), std::nullopt);
}

}  // namespace
}  // namespace bpfmap
