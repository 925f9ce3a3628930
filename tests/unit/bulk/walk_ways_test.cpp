// SPDX-License-Identifier: MIT
// Each way of walking against the contract: short batches, room that is too small, signals,
// restarts, errors in the middle, on kernels that are played.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "fake_bpf.hpp"

namespace bpfmap {
namespace {

using test::FakeMap;
using Keys = std::vector<std::uint32_t>;

std::error_code errno_code(int error) { return {error, category()}; }

std::uint32_t load(std::uint64_t address) {
  std::uint32_t value = 0;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}
void store(std::uint64_t address, std::uint64_t at, std::uint32_t value) {
  std::memcpy(reinterpret_cast<std::byte*>(address) + at * sizeof value, &value, sizeof value);
}

// A map whose batch cursor is the last key read, as an rhash has it. `order` is where entries are.
class CursorIsAKey {
 public:
  CursorIsAKey(MapType type, Keys keys)
      : order(std::move(keys)),
        fake_({.type = type, .id = 1, .key_size = 4, .value_size = 4, .max_entries = 100},
              [this](int cmd, void* attr, unsigned int) {
                return answer(cmd, *static_cast<bpf_attr*>(attr));
              }) {}
  [[nodiscard]] Map& map() noexcept { return fake_.map; }
  [[nodiscard]] std::size_t calls() const noexcept { return fake_.calls().size(); }

  Keys order;
  std::function<std::optional<long>(int cmd, bpf_attr& attr)> at_call = [](int, bpf_attr&) {
    return std::optional<long>{};
  };
  // Entries that a pass leaves behind, because they moved before the cursor.
  std::size_t hidden = 0;

 private:
  long answer(int cmd, bpf_attr& attr) {
    if (const auto other = at_call(cmd, attr)) return *other;
    if (cmd == BPF_MAP_DELETE_BATCH) return erase(attr);
    if (cmd != BPF_MAP_LOOKUP_BATCH && cmd != BPF_MAP_LOOKUP_AND_DELETE_BATCH) return -EINVAL;
    const std::uint32_t room = std::exchange(attr.batch.count, 0);
    auto at = order.begin();
    if (attr.batch.in_batch != 0) {
      at = std::find(order.begin(), order.end(), load(attr.batch.in_batch));
      if (at == order.end() && cmd == BPF_MAP_LOOKUP_BATCH) return -EAGAIN;
      if (at != order.end()) ++at;
      if (cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH) at = order.begin();
    }
    const auto end = order.end() - static_cast<std::ptrdiff_t>(std::min(hidden, order.size()));
    const auto first = at;
    for (; at < end && attr.batch.count < room; ++at) {
      store(attr.batch.keys, attr.batch.count, *at);
      store(attr.batch.values, attr.batch.count++, 10 * *at);
    }
    if (attr.batch.count != 0) store(attr.batch.out_batch, 0, *(at - 1));
    const bool last = at >= end;
    if (cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH) order.erase(first, std::max(first, at));
    if (last) hidden /= 2;
    return last ? -ENOENT : 0;
  }
  long erase(bpf_attr& attr) {
    const std::uint32_t wanted = std::exchange(attr.batch.count, 0);
    for (std::uint32_t i = 0; i < wanted; ++i, ++attr.batch.count)
      if (std::erase(order, load(attr.batch.keys + i * 4U)) == 0) return -ENOENT;
    return 0;
  }
  FakeMap fake_;
};

Keys keys_up_to(std::uint32_t size) {
  Keys keys;
  // Numbers that no array of buckets has.
  for (std::uint32_t i = 0; i < size; ++i) keys.push_back(0xffffffff - i);
  return keys;
}

template <class Range>
Keys shown(Range&& range) {
  Keys keys;
  for (auto [key, value] : range) {
    keys.push_back(load(reinterpret_cast<std::uintptr_t>(key.data())));
    EXPECT_EQ(load(reinterpret_cast<std::uintptr_t>(value.data())), 10 * keys.back());
  }
  std::sort(keys.begin(), keys.end(), std::greater<>{});
  return keys;
}

// --- a cursor that means nothing here ---

TEST(OpaqueWalk, NeverComparesItsCursor) {
  for (const std::uint32_t batch_size : {1U, 7U, 100U}) {
    CursorIsAKey hash{MapType::rhash, keys_up_to(60)};
    auto all = scan(hash.map(), {.batch_size = batch_size});
    EXPECT_EQ(shown(all), keys_up_to(60));
    EXPECT_TRUE(all.status().complete);
    EXPECT_FALSE(all.status().exact);
    EXPECT_EQ(all.status().method, ScanMethod::batch);
  }
}

TEST(OpaqueWalk, BeginsAgainWhenItsKeyIsGone) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(20)};
  int calls = 0;
  hash.at_call = [&](int, bpf_attr&) {
    if (++calls == 3) std::erase(hash.order, 0xffffffff - 9);
    return std::optional<long>{};
  };
  auto all = scan(hash.map(), {.batch_size = 5});
  Keys seen = shown(all);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen, keys_up_to(20));
  EXPECT_TRUE(all.status().restarted);
  EXPECT_TRUE(all.status().complete);
}

TEST(OpaqueWalk, GivesUpWhenItsKeyIsAlwaysGone) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(20)};
  hash.at_call = [&](int, bpf_attr& attr) {
    return attr.batch.in_batch != 0 ? std::optional<long>{-EAGAIN} : std::nullopt;
  };
  std::error_code ec;
  auto all = scan(hash.map(), {.batch_size = 5}, ec);
  for ([[maybe_unused]] auto entry : all) {
  }
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_FALSE(all.status().complete);
  EXPECT_LT(hash.calls(), 200U);
}

TEST(OpaqueWalk, TakesNoRange) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(20)};
  std::error_code ec;
  Walk walk{hash.map(), {}, {.begin = 0, .end = 7}};
  EXPECT_FALSE(walk.next(ec));
  EXPECT_EQ(ec, Errc::unsupported_operation);
  EXPECT_EQ(hash.calls(), 0U);
}

TEST(OpaqueWalk, MakesRoomAndReportsErrors) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(20)};
  hash.at_call = [&](int, bpf_attr& attr) {
    return attr.batch.count < 8 ? std::optional<long>{-ENOSPC} : std::nullopt;
  };
  auto all = scan(hash.map(), {.batch_size = 1});
  EXPECT_EQ(shown(all), keys_up_to(20));
  EXPECT_EQ(all.status().batch_size, 8U);
  hash.at_call = [&](int, bpf_attr& attr) {
    return attr.batch.in_batch != 0 ? std::optional<long>{-EIO} : std::nullopt;
  };
  std::error_code ec;
  EXPECT_EQ(shown(scan(hash.map(), {.batch_size = 8}, ec)).size(), 8U);
  EXPECT_EQ(ec, errno_code(EIO));
}

// Each pass leaves a part behind.
TEST(OpaqueTake, RepeatsPassesUntilOneTakesNothing) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(90)};
  hash.hidden = 60;
  auto all = drain(hash.map(), {.batch_size = 8});
  EXPECT_EQ(shown(all), keys_up_to(90));
  EXPECT_TRUE(all.status().complete);
  EXPECT_FALSE(all.status().exact);
  hash.order = keys_up_to(90);
  hash.hidden = 60;
  EXPECT_EQ(clear(hash.map()), 90U);
  EXPECT_TRUE(hash.order.empty());
}

TEST(OpaqueTake, EndsWhileOthersInsert) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(90)};
  hash.at_call = [&](int, bpf_attr&) {
    hash.order.push_back(1);
    return std::optional<long>{};
  };
  EXPECT_GT(clear(hash.map()), 90U);
}

TEST(OpaqueErase, WalksUntilAPassErasesNothing) {
  CursorIsAKey hash{MapType::rhash, keys_up_to(90)};
  EXPECT_EQ(erase_if(hash.map(), [](BytesView, BytesView) { return true; }), 90U);
  EXPECT_TRUE(hash.order.empty());
}

// --- the next key ---

// Storage of cgroups: no max_entries, and a kernel that ends its list with bytes that are no key.
TEST(KeyWalk, ListsTheStorageOfCgroups) {
  for (const bool garbage : {false, true}) {
    FakeMap fake{{.type = MapType::cgroup_storage, .id = 1, .key_size = 8, .value_size = 4},
                 [&](int cmd, void* attr, unsigned int) -> long {
                   const auto& all = *static_cast<bpf_attr*>(attr);
                   if (cmd == BPF_MAP_LOOKUP_ELEM) {
                     if (load(all.key) > 3) return -ENOENT;
                     store(all.value, 0, 10 * load(all.key));
                     return 0;
                   }
                   if (cmd != BPF_MAP_GET_NEXT_KEY) return -EINVAL;
                   const std::uint32_t next = all.key == 0 ? 1 : load(all.key) + 1;
                   if (next > (garbage ? 4U : 3U)) return -ENOENT;
                   store(all.next_key, 0, next);
                   store(all.next_key, 1, 0);
                   return 0;
                 }};
    EXPECT_EQ(shown(scan(fake.map)), (Keys{3, 2, 1}));
    EXPECT_EQ(count(fake.map), 3U);
    EXPECT_FALSE(empty(fake.map));
    std::error_code ec;
    EXPECT_EQ(clear(fake.map, ec), 0U);
    EXPECT_EQ(ec, Errc::unsupported_operation);
  }
}

// --- a trie without batches ---

// Of two prefixes the longer one goes when it was named: a lookup finds the one that covers it.
TEST(TrieWalk, ShowsNoPrefixWithTheValueOfAnother) {
  for (const int when : {1, 2, 3}) {
    SCOPED_TRACE(when);
    bool there = true;
    int steps = 0;
    FakeMap fake{
        {.type = MapType::lpm_trie, .id = 1, .key_size = 8, .value_size = 4, .max_entries = 16},
        [&](int cmd, void* attr, unsigned int) -> long {
          const auto& all = *static_cast<bpf_attr*>(attr);
          if (cmd == BPF_MAP_LOOKUP_BATCH) return -524;
          if (++steps > when) there = false;
          if (cmd == BPF_MAP_LOOKUP_ELEM) {
            store(all.value, 0, load(all.key) == 16 && there ? 16 : 8);
            return 0;
          }
          if (cmd != BPF_MAP_GET_NEXT_KEY) return -EINVAL;
          const std::uint32_t before = all.key == 0 ? 0 : load(all.key);
          if (before == 8) return -ENOENT;
          const bool long_one = there && before != 16;
          store(all.next_key, 0, long_one ? 16 : 8);
          store(all.next_key, 1, long_one ? 0x0001010a : 0x0000000a);
          return 0;
        }};
    for (auto [key, value] : scan(fake.map))
      EXPECT_EQ(load(reinterpret_cast<std::uintptr_t>(key.data())),
                load(reinterpret_cast<std::uintptr_t>(value.data())));
  }
}

// A program that writes in place: lookups never agree.
TEST(TrieWalk, EndsWhenAValueChangesForEver) {
  std::uint32_t value = 0;
  FakeMap fake{
      {.type = MapType::lpm_trie, .id = 1, .key_size = 8, .value_size = 4, .max_entries = 16},
      [&](int cmd, void* attr, unsigned int) -> long {
        const auto& all = *static_cast<bpf_attr*>(attr);
        if (cmd == BPF_MAP_LOOKUP_BATCH) return -EINVAL;
        if (cmd == BPF_MAP_GET_NEXT_KEY) {
          if (all.key != 0) return -ENOENT;
          store(all.next_key, 0, 8);
          store(all.next_key, 1, 10);
          return 0;
        }
        store(all.value, 0, ++value);
        return 0;
      }};
  int entries = 0;
  for ([[maybe_unused]] auto entry : scan(fake.map)) ++entries;
  EXPECT_EQ(entries, 1);
}

// --- indices ---

TEST(IndexWalk, NeverAsksForAnIndexThatIsNotThere) {
  FakeMap fake{
      {.type = MapType::array, .id = 1, .key_size = 4, .value_size = 4, .max_entries = 0xffffffff},
      [&](int cmd, void* attr, unsigned int) -> long {
        auto& all = *static_cast<bpf_attr*>(attr);
        if (cmd != BPF_MAP_LOOKUP_BATCH) return -EINVAL;
        std::uint32_t next = all.batch.in_batch == 0 ? 0 : load(all.batch.in_batch) + 1;
        const std::uint32_t room = std::exchange(all.batch.count, 0);
        for (; all.batch.count < room && next != 0xffffffff; ++next) {
          store(all.batch.keys, all.batch.count, next);
          store(all.batch.values, all.batch.count++, 10 * next);
          store(all.batch.out_batch, 0, next);
        }
        return all.batch.count < room ? -ENOENT : 0;
      }};
  std::error_code ec;
  Walk walk{fake.map, {.batch_size = 8}, {.begin = 0xffffffff - 20}};
  std::uint64_t entries = 0;
  while (walk.next(ec)) entries += walk.size();
  EXPECT_EQ(entries, 20U);
  EXPECT_TRUE(walk.status().complete);
  EXPECT_EQ(ec, std::error_code{});
}

}  // namespace
}  // namespace bpfmap
