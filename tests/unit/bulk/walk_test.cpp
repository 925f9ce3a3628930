// SPDX-License-Identifier: MIT
// Walks of a kernel that is played: what it is asked, and what it may answer.
#include "bpfmap/bulk/walk/walk.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "fake_bpf.hpp"
#include "fake_hash.hpp"

namespace bpfmap {
namespace {

using test::BpfCall;
using test::FakeHash;
using test::FakeMap;

using Numbers = std::map<std::uint32_t, std::uint32_t>;

std::uint32_t number_of(BytesView bytes) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// What a range of u32 entries shows; a test failure when a key comes twice.
template <class Range>
Numbers shown(Range&& range) {
  Numbers entries;
  for (auto [key, value] : range)
    EXPECT_TRUE(entries.emplace(number_of(key), number_of(value)).second) << number_of(key);
  return entries;
}

Numbers numbers(std::uint32_t size) {
  Numbers entries;
  for (std::uint32_t key = 0; key < size; ++key) entries[key] = 10 * key;
  return entries;
}

bpf_attr attr_of(const BpfCall& call) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  std::memcpy(&attr, call.attr.data(), call.attr.size());
  return attr;
}

std::error_code errno_code(int error) { return {error, category()}; }

MapInfo info_of(MapType type, std::uint32_t max_entries, std::uint32_t key_size = 4) {
  return {.type = type, .id = 1, .key_size = key_size, .value_size = 4, .max_entries = max_entries};
}

TEST(Walk, AsksFromTheStartAndThenFromWhereItWas) {
  FakeHash hash{16};
  hash.fill(40);
  EXPECT_EQ(shown(scan(hash.map(), {.batch_size = 16})), numbers(40));
  const auto& calls = hash.bpf().calls();
  ASSERT_EQ(calls.size(), 3U);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const bpf_attr attr = attr_of(calls[i]);
    EXPECT_EQ(calls[i].cmd, BPF_MAP_LOOKUP_BATCH);
    EXPECT_EQ(attr.batch.in_batch == 0, i == 0);
    EXPECT_NE(attr.batch.out_batch, attr.batch.in_batch);
    EXPECT_EQ(attr.batch.count, 16U);
    EXPECT_EQ(attr.batch.map_fd, static_cast<std::uint32_t>(hash.map().fd()));
    EXPECT_EQ(attr.batch.elem_flags, 0U);
    EXPECT_EQ(attr.batch.flags, 0U);
    EXPECT_GE(attr.batch.values, attr.batch.keys + 16 * 4);
  }
  EXPECT_EQ(attr_of(calls[1]).batch.in_batch, attr_of(calls[0]).batch.out_batch);
  EXPECT_EQ(attr_of(calls[2]).batch.in_batch, attr_of(calls[1]).batch.out_batch);
}

TEST(Walk, PassesTheLockFlagOn) {
  FakeHash hash{4};
  for ([[maybe_unused]] auto entry : scan(hash.map(), {.flags = LookupFlags::lock})) {
  }
  EXPECT_EQ(attr_of(hash.bpf().only_call()).batch.elem_flags, std::uint64_t{BPF_F_LOCK});
}

TEST(Walk, StartsAgainWhenItIsRewound) {
  FakeHash hash{16};
  hash.fill(40);
  Walk reader{hash.map(), {.batch_size = 8}};
  std::error_code ec;
  EXPECT_TRUE(reader.next(ec));
  reader.rewind();
  EXPECT_EQ(reader.size(), 0U);
  std::uint64_t total = 0;
  while (reader.next(ec)) total += reader.size();
  EXPECT_EQ(total, 40U);
  EXPECT_FALSE(reader.next(ec)) << "and stays at the end";
  EXPECT_TRUE(reader.status().complete);
  EXPECT_EQ(reader.status().entries, 40U);
}

// A bucket's lock is taken, and the next call finds it free.
TEST(Walk, LosesNothingToALockThatIsTaken) {
  for (const int error : {EBUSY, EDEADLK, ETIMEDOUT, EINTR, EAGAIN})
    for (const std::uint32_t stuck : {0U, 1U, 7U, 15U})
      for (const std::uint32_t batch_size : {1U, 8U, 40U}) {
        SCOPED_TRACE(std::to_string(error) + " " + std::to_string(stuck) + " " +
                     std::to_string(batch_size));
        FakeHash hash{16};
        hash.fill(40);
        bool taken = true;
        hash.at_bucket = [&, stuck, error](std::uint32_t bucket) {
          return bucket == stuck && std::exchange(taken, false) ? -error : 0;
        };
        std::error_code ec;
        EXPECT_EQ(shown(scan(hash.map(), {.batch_size = batch_size}, ec)), numbers(40));
        EXPECT_EQ(ec, std::error_code{});
        EXPECT_FALSE(taken);
      }
}

TEST(Walk, TellsOfALockThatStaysTakenBehindWhatItRead) {
  for (const int error : {EBUSY, EDEADLK, ETIMEDOUT}) {
    FakeHash hash{16};
    hash.fill(40);
    hash.at_bucket = [error](std::uint32_t bucket) { return bucket == 10 ? -error : 0; };
    std::error_code ec;
    auto scan = bpfmap::scan(hash.map(), {.batch_size = 8}, ec);
    // Buckets 0 to 9.
    Numbers expected = numbers(40);
    std::erase_if(expected, [](const auto& entry) { return entry.first % 16 >= 10; });
    EXPECT_EQ(shown(scan), expected);
    EXPECT_EQ(ec, errno_code(error));
    EXPECT_FALSE(scan.status().complete);
    EXPECT_EQ(scan.status().entries, expected.size());
    EXPECT_LT(hash.bpf().calls().size(), 120U);
  }
}

TEST(DrainReader, LosesNothingToALockThatStaysTaken) {
  for (const int error : {EBUSY, EDEADLK, ETIMEDOUT, ENOMEM})
    for (const std::uint32_t batch_size : {1U, 8U, 40U}) {
      SCOPED_TRACE(std::to_string(error) + " " + std::to_string(batch_size));
      FakeHash hash{16};
      hash.fill(40);
      hash.at_bucket = [error](std::uint32_t bucket) { return bucket == 10 ? -error : 0; };
      std::error_code ec;
      Numbers seen = shown(drain(hash.map(), {.batch_size = batch_size}, ec));
      EXPECT_EQ(ec, errno_code(error));
      const Numbers left = hash.entries();
      EXPECT_EQ(seen.size() + left.size(), 40U);
      seen.insert(left.begin(), left.end());
      EXPECT_EQ(seen, numbers(40));
    }
}

TEST(DrainReader, WaitsForMemoryWhenItPutsBack) {
  FakeHash hash{16};
  hash.fill(40);
  int updates = 0;
  hash.at_call = [&](int cmd, bpf_attr&) {
    return cmd == BPF_MAP_UPDATE_ELEM && ++updates % 4 != 0 ? std::optional<long>{-ENOMEM}
                                                            : std::nullopt;
  };
  for ([[maybe_unused]] auto entry : drain(hash.map())) break;
  EXPECT_EQ(hash.entries().size(), 39U);
}

TEST(DrainReader, KeepsWhatCannotBePutBack) {
  FakeHash hash{16};
  hash.fill(40);
  auto all = drain(hash.map(), {.batch_size = 40});
  for ([[maybe_unused]] auto entry : all) break;
  const std::uint32_t left = all.left();
  EXPECT_GT(left, 10U);
  hash.at_call = [](int cmd, bpf_attr&) {
    return cmd == BPF_MAP_UPDATE_ELEM ? std::optional<long>{-EPERM} : std::nullopt;
  };
  EXPECT_EQ(all.put_back(), left);
  EXPECT_EQ(all.left(), left);
  hash.at_call = [](int, bpf_attr&) { return std::nullopt; };
  EXPECT_EQ(all.put_back(), 0U);
  EXPECT_EQ(hash.entries().size(), 39U);
}

// Whatever a kernel answers, a walk ends.
TEST(Walk, EndsOnAnswersThatLeadNowhere) {
  for (const int error : {0, ENOSPC, EINTR, EAGAIN, EBUSY, ETIMEDOUT}) {
    SCOPED_TRACE(error);
    FakeHash hash{16};
    hash.fill(16);
    hash.at_call = [error](int, bpf_attr& attr) {
      attr.batch.count = 0;
      return std::optional<long>{-error};
    };
    std::error_code ec;
    auto scan = bpfmap::scan(hash.map(), ec);
    EXPECT_EQ(shown(scan), Numbers{});
    EXPECT_EQ(ec.value(), error);
    EXPECT_FALSE(scan.status().complete);
    EXPECT_LE(hash.bpf().calls().size(), 100U);
  }
}

// --- arrays ---

// Linux before 6.14: a batch of an array of maps ends at the first empty slot with EINTR.
class OldArrayOfMaps {
 public:
  explicit OldArrayOfMaps(std::vector<std::uint32_t> filled)
      : filled_(std::move(filled)),
        fake_(info_of(MapType::array_of_maps, 10), [this](int cmd, void* attr, unsigned int) {
          auto& all = *static_cast<bpf_attr*>(attr);
          return cmd == BPF_MAP_LOOKUP_BATCH  ? batch(all)
                 : cmd == BPF_MAP_LOOKUP_ELEM ? one(all)
                                              : -EINVAL;
        }) {}
  [[nodiscard]] Map& map() noexcept { return fake_.map; }
  [[nodiscard]] std::size_t calls() const { return fake_.calls().size(); }

 private:
  [[nodiscard]] bool has(std::uint32_t index) const {
    return std::find(filled_.begin(), filled_.end(), index) != filled_.end();
  }
  static std::uint32_t load(std::uint64_t address) {
    return number_of({reinterpret_cast<const std::byte*>(address), 4});
  }
  static void store(std::uint64_t address, std::uint32_t at, std::uint32_t value) {
    std::memcpy(reinterpret_cast<std::byte*>(address) + at * sizeof value, &value, sizeof value);
  }
  long one(const bpf_attr& attr) const {
    const std::uint32_t index = load(attr.key);
    if (!has(index)) return -ENOENT;
    store(attr.value, 0, 10 * index);
    return 0;
  }
  long batch(bpf_attr& attr) const {
    const std::uint32_t room = std::exchange(attr.batch.count, 0);
    std::uint32_t index = attr.batch.in_batch == 0 ? 0 : load(attr.batch.in_batch) + 1;
    long result = 0;
    for (; result == 0 && attr.batch.count < room; ++index) {
      result = index >= 10 ? -ENOENT : has(index) ? 0 : -EINTR;
      if (result != 0) break;
      store(attr.batch.keys, attr.batch.count, index);
      store(attr.batch.values, attr.batch.count++, 10 * index);
    }
    if (attr.batch.count != 0) store(attr.batch.out_batch, 0, index - 1);
    return result;
  }

  std::vector<std::uint32_t> filled_;
  FakeMap fake_;
};

TEST(WalkOfAnArray, GoesByIndexWhereEmptySlotsEndABatch) {
  const std::vector<std::vector<std::uint32_t>> patterns{{},
                                                         {0},
                                                         {9},
                                                         {0, 1, 2, 5, 9},
                                                         {3, 4},
                                                         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                                         {0, 1, 2, 3, 4, 5, 6, 7, 8}};
  for (const auto& filled : patterns)
    for (const std::uint32_t batch_size : {1U, 2U, 10U}) {
      OldArrayOfMaps array{filled};
      Numbers expected;
      for (const std::uint32_t index : filled) expected[index] = 10 * index;
      std::error_code ec;
      auto scan = bpfmap::scan(array.map(), {.batch_size = batch_size}, ec);
      EXPECT_EQ(shown(scan), expected);
      EXPECT_EQ(ec, std::error_code{});
      EXPECT_TRUE(scan.status().complete);
      EXPECT_TRUE(scan.status().exact);
      EXPECT_EQ(scan.status().method, filled.size() == 10 ? ScanMethod::batch : ScanMethod::index);
      EXPECT_LT(array.calls(), 130U);
    }
}

TEST(WalkOfAnArray, KeepsToItsRange) {
  for (const std::uint32_t begin : {0U, 1U, 5U, 9U})
    for (const std::uint32_t end : {1U, 5U, 9U, 10U, ~0U})
      for (const std::uint32_t batch_size : {1U, 3U, 10U}) {
        if (begin >= end) continue;
        OldArrayOfMaps array{{0, 1, 2, 5, 6, 9}};
        Walk reader{array.map(), {.batch_size = batch_size}, {begin, end}};
        std::vector<std::uint32_t> seen;
        std::error_code ec;
        while (reader.next(ec))
          for (std::uint32_t i = 0; i < reader.size(); ++i)
            seen.push_back(number_of({reader.keys() + 4 * i, 4}));
        EXPECT_EQ(ec, std::error_code{});
        std::vector<std::uint32_t> expected;
        for (const std::uint32_t index : {0U, 1U, 2U, 5U, 6U, 9U})
          if (index >= begin && index < end) expected.push_back(index);
        EXPECT_EQ(seen, expected) << begin << " " << end << " " << batch_size;
      }
}

// --- hash ranges ---

TEST(WalkOfAHash, KeepsToItsRange) {
  for (const std::uint32_t parts : {1U, 2U, 3U, 5U, 16U})
    for (const std::uint32_t batch_size : {1U, 3U, 8U, 16U}) {
      FakeHash hash{16};
      hash.fill(40);
      Numbers all;
      for (std::uint32_t part = 0; part < parts; ++part) {
        CursorRange range{.begin = 16 * part / parts};
        if (part + 1 < parts) range.end = 16 * (part + 1) / parts;
        Walk reader{hash.map(), {.batch_size = batch_size}, range};
        std::error_code ec;
        while (reader.next(ec))
          for (std::uint32_t i = 0; i < reader.size(); ++i) {
            const std::uint32_t key = number_of({reader.keys() + 4 * i, 4});
            EXPECT_GE(key % 16, range.begin);
            EXPECT_LT(key % 16, range.end);
            EXPECT_TRUE(all.emplace(key, number_of({reader.values() + 4 * i, 4})).second);
          }
        EXPECT_EQ(ec, std::error_code{});
        EXPECT_TRUE(reader.status().complete);
      }
      EXPECT_EQ(all, numbers(40)) << parts << " " << batch_size;
    }
}

// What a walk reads, each key once; `ec` must stay clear.
Numbers all_of(Walk& walk) {
  Numbers entries;
  std::error_code ec;
  while (walk.next(ec))
    for (std::uint32_t i = 0; i < walk.size(); ++i)
      EXPECT_TRUE(
          entries
              .emplace(number_of({walk.keys() + 4 * i, 4}), number_of({walk.values() + 4 * i, 4}))
              .second);
  EXPECT_EQ(ec, std::error_code{});
  return entries;
}

// What is behind the range goes, some of it or all, before it is read again.
TEST(WalkOfAHash, KeepsToItsRangeWhileEntriesGo) {
  for (const std::uint32_t first_gone : {4U, 5U, 15U})
    for (const int when : {2, 3, 4, 5}) {
      SCOPED_TRACE(std::to_string(first_gone) + " " + std::to_string(when));
      FakeHash hash{16};
      hash.fill(16);
      int calls = 0;
      hash.at_call = [&](int, bpf_attr&) {
        if (++calls == when)
          for (std::uint32_t key = first_gone; key < 16; ++key) hash.erase(key);
        return std::nullopt;
      };
      Walk walk{hash.map(), {.batch_size = 16}, {.begin = 0, .end = 4}};
      EXPECT_EQ(all_of(walk), numbers(4));
      EXPECT_TRUE(walk.status().complete);
      EXPECT_TRUE(walk.status().exact);
    }
}

// Of its own range, what goes meanwhile may be left out and what stays may not.
TEST(WalkOfAHash, ShowsWhatStaysInItsRange) {
  for (const int when : {2, 3, 4, 5, 6}) {
    SCOPED_TRACE(when);
    FakeHash hash{16};
    hash.fill(16);
    int calls = 0;
    hash.at_call = [&](int, bpf_attr&) {
      if (++calls == when)
        for (const std::uint32_t key : {1U, 3U, 4U, 5U}) hash.erase(key);
      return std::nullopt;
    };
    Walk walk{hash.map(), {.batch_size = 16}, {.begin = 0, .end = 4}};
    const Numbers seen = all_of(walk);
    EXPECT_EQ(seen.count(0), 1U);
    EXPECT_EQ(seen.count(2), 1U);
    for (const auto& [key, value] : seen) EXPECT_LT(key, 4U);
  }
}

// Empty buckets on both sides hide the border: of one bucket it is not known where it is, until a
// read from the border finds it, or does not.
TEST(WalkOfAHash, FindsWhoseABucketIsThatEmptyOnesHide) {
  for (const std::uint32_t bucket : {0U, 3U, 7U, 8U, 9U, 15U})
    for (const std::uint32_t entries : {1U, 2U, 5U}) {
      SCOPED_TRACE(std::to_string(bucket) + " " + std::to_string(entries));
      FakeHash hash{16};
      for (std::uint32_t i = 0; i < entries; ++i) hash.put(bucket + 16 * i);
      Walk front{hash.map(), {.batch_size = 16}, {.begin = 0, .end = 8}};
      Walk back{hash.map(), {.batch_size = 16}, {.begin = 8}};
      EXPECT_EQ(all_of(front).size(), bucket < 8 ? entries : 0U);
      EXPECT_EQ(all_of(back).size(), bucket < 8 ? 0U : entries);
      EXPECT_TRUE(front.status().exact);
    }
}

TEST(WalkOfAHash, TellsAnErrorMetBehindItsRange) {
  FakeHash hash{16};
  hash.fill(16);
  int calls = 0;
  hash.at_call = [&](int, bpf_attr&) {
    return ++calls == 2 ? std::optional<long>{-EIO} : std::nullopt;
  };
  Walk reader{hash.map(), {.batch_size = 16}, {.begin = 0, .end = 4}};
  std::error_code ec;
  EXPECT_FALSE(reader.next(ec));
  EXPECT_EQ(ec, errno_code(EIO));
  EXPECT_EQ(reader.size(), 0U);
  EXPECT_FALSE(reader.status().complete);
}

// The next key knows no range: a part must not become the whole.
TEST(WalkOfAHash, DoesNotFallBackInsideARange) {
  for (const CursorRange range : {CursorRange{.begin = 0, .end = 8}, CursorRange{.begin = 8}}) {
    FakeHash hash{16};
    hash.at_call = [](int, bpf_attr&) { return std::optional<long>{-EINVAL}; };
    Walk reader{hash.map(), {}, range};
    std::error_code ec;
    EXPECT_FALSE(reader.next(ec));
    EXPECT_EQ(ec, errno_code(EINVAL));
    EXPECT_EQ(hash.bpf().calls().size(), 1U);
  }
}

// --- by next key ---

// A kernel that gives the first key again and again.
TEST(WalkByNextKey, GivesUpOnAWalkWithoutEnd) {
  std::uint32_t next = 0;
  FakeMap fake{info_of(MapType::devmap_hash, 100), [&](int cmd, void* attr, unsigned int) -> long {
                 const auto& all = *static_cast<bpf_attr*>(attr);
                 if (cmd != BPF_MAP_GET_NEXT_KEY) return 0;
                 const std::uint32_t key = next++ % 100;
                 std::memcpy(reinterpret_cast<void*>(all.next_key), &key, sizeof key);
                 return 0;
               }};
  auto scan = bpfmap::scan(fake.map);
  std::uint64_t entries = 0;
  for ([[maybe_unused]] auto entry : scan) ++entries;
  EXPECT_LE(entries, 4 * 100U + 64U);
  EXPECT_FALSE(scan.status().complete);
  EXPECT_TRUE(scan.status().restarted);
  EXPECT_FALSE(scan.status().exact);
  EXPECT_EQ(scan.status().method, ScanMethod::next_key);
}

TEST(WalkByNextKey, LooksNothingUpForKeysAlone) {
  std::uint32_t next = 0;
  FakeMap fake{info_of(MapType::devmap_hash, 10), [&](int cmd, void* attr, unsigned int) -> long {
                 const auto& all = *static_cast<bpf_attr*>(attr);
                 if (cmd != BPF_MAP_GET_NEXT_KEY) return -EIO;
                 if (next == 7) return -ENOENT;
                 std::memcpy(reinterpret_cast<void*>(all.next_key), &next, sizeof next);
                 ++next;
                 return 0;
               }};
  std::uint32_t keys = 0;
  for (const BytesView key : bpfmap::keys(fake.map)) EXPECT_EQ(number_of(key), keys++);
  EXPECT_EQ(keys, 7U);
}

}  // namespace
}  // namespace bpfmap
