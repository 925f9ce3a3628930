// SPDX-License-Identifier: MIT
// The kernel's own tests of LRU lists (tools/testing/selftests/bpf/test_lru_map.c, sanity 1 to 4
// and 6), said again through the public API. Which entries go is told as far as all kernels agree:
// the number of entries that they free at a time has changed.
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "maps.hpp"
#include "program.hpp"

namespace bpfmap {
namespace {

const auto cpus = static_cast<std::uint32_t>(sys::possible_cpus().size());

class LruLists : public ::testing::Test {
 protected:
  static constexpr std::uint32_t entries = 512;

  // On one CPU.
  void SetUp() override {
    CPU_ZERO(&before_);
    ASSERT_EQ(::sched_getaffinity(0, sizeof before_, &before_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
      if (CPU_ISSET(cpu, &before_)) CPU_SET(cpu, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }
  void TearDown() override { ::sched_setaffinity(0, sizeof before_, &before_); }

  template <class Body>
  static void for_each_lru(Body body) {
    for (const auto type : {MapType::lru_hash, MapType::lru_percpu_hash}) {
      for (const auto flags : {MapFlags::none, MapFlags::no_common_lru}) {
        SCOPED_TRACE(std::string{to_string(type)} +
                     (flags == MapFlags::none ? "" : " no_common_lru"));
        // With a list of its own, each CPU has its share.
        Map map =
            test::make_map(type, 4, 8, flags == MapFlags::none ? entries : entries * cpus, flags);
        body(map);
      }
    }
  }

  static void insert(Map& map, std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t key = first; key < last; ++key) map.update(key, 1234, UpdateFlags::noexist);
  }
  // Marks keys as used, as only a program's lookup does.
  static void use(const Map& map, std::uint32_t first, std::uint32_t last) {
    std::vector<bpf_insn> code;
    for (std::uint32_t key = first; key < last; ++key) {
      const auto load = test::load_map(1, map.fd());
      code.insert(code.end(), load.begin(), load.end());
      code.push_back(
          test::instruction(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, static_cast<std::int32_t>(key)));
      code.push_back(test::instruction(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10));
      code.push_back(test::instruction(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4));
      code.push_back(test::call_helper(BPF_FUNC_map_lookup_elem));
    }
    code.push_back(test::load_number(0, 0));
    code.push_back(test::leave());
    test::run_program(test::load_program(code).get());
  }
  // How many of these keys are there.
  static std::uint32_t kept(const Map& map, std::uint32_t first, std::uint32_t last) {
    std::uint32_t found = 0;
    for (const auto& key : test::stored_keys(map)) {
      const std::uint64_t number = decode_int_value(key);
      found += number >= first && number < last;
    }
    return found;
  }

 private:
  cpu_set_t before_{};
};

// Entries that were not used go before those that were.
TEST_F(LruLists, Sanity1) {
  for_each_lru([](Map& map) {
    insert(map, 0, 256);
    use(map, 0, 64);
    insert(map, 1000, 1000 + 384);
    EXPECT_EQ(kept(map, 0, 64), 64U);
    EXPECT_LT(kept(map, 64, 256), 192U);
    EXPECT_EQ(kept(map, 1000 + 383, 1000 + 384), 1U) << "the newest";
    EXPECT_LE(kept(map, 0, 2000), map.info().max_entries);
  });
}

// An entry that went is missing for an update, and may come again.
TEST_F(LruLists, Sanity2) {
  for_each_lru([](Map& map) {
    insert(map, 0, 1);
    insert(map, 1000, 1000 + 2 * entries);
    std::error_code ec;
    map.update(0U, 5678, UpdateFlags::exist, ec);
    EXPECT_EQ(ec, test::errno_code(ENOENT));
    insert(map, 0, 1);
    use(map, 0, 1);
    insert(map, 4000, 4000 + 128);
    EXPECT_EQ(kept(map, 0, 1), 1U);
  });
}

// The lists turn round: what was used at some time stays, although it is old.
TEST_F(LruLists, Sanity3) {
  for_each_lru([](Map& map) {
    insert(map, 0, 256);
    use(map, 0, 128);
    for (std::uint32_t round = 0; round < 4; ++round) {
      insert(map, 1000 * (round + 1), 1000 * (round + 1) + 128);
      use(map, 0, 128);
      EXPECT_EQ(kept(map, 0, 128), 128U) << round;
    }
  });
}

TEST_F(LruLists, Sanity4) {
  for_each_lru([](Map& map) {
    insert(map, 0, 128);
    for (std::uint32_t key = 0; key < 128; ++key) {
      std::error_code ec;
      map.update(key, 1, UpdateFlags::noexist, ec);
      EXPECT_EQ(ec, test::errno_code(EEXIST));
    }
    for (std::uint32_t key = 0; key < 64; ++key) EXPECT_TRUE(map.erase(key));
    for (std::uint32_t key = 0; key < 64; ++key) EXPECT_FALSE(map.erase(key));
    EXPECT_EQ(kept(map, 0, 128), 64U);
    insert(map, 200, 200 + 64);
    EXPECT_EQ(kept(map, 0, 64), 0U);
    EXPECT_EQ(kept(map, 64, 128), 64U);
    EXPECT_EQ(kept(map, 200, 264), 64U);
  });
}

// Keys that are used again and again stay, however many others come and go.
TEST_F(LruLists, Sanity6) {
  Map map = test::make_map(MapType::lru_hash, 4, 8, entries * cpus, MapFlags::no_common_lru);
  insert(map, 0, 128);
  for (std::uint32_t next = 1000; next < 1000 + 4 * entries; next += 64) {
    use(map, 0, 128);
    insert(map, next, next + 64);
  }
  EXPECT_EQ(kept(map, 0, 128), 128U);
  EXPECT_LT(kept(map, 1000, 1000 + 4 * entries), 4 * entries);
}

}  // namespace
}  // namespace bpfmap
