// SPDX-License-Identifier: MIT
// Values with a struct bpf_spin_lock: whole, whoever writes them meanwhile.
//
// Without the lock a lookup copies while another CPU writes, and may return half of each value; how
// often is not known, so that no test expects it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

// SmallBtf's struct wide.
struct Wide {
  bpf_spin_lock lock{};
  std::array<std::int32_t, 255> words{};

  [[nodiscard]] static Wide of(std::int32_t number) {
    Wide wide;
    wide.words.fill(number);
    return wide;
  }
  // Begin, middle and end: quick, so that most of the time goes into the reads.
  [[nodiscard]] bool whole() const { return words[0] == words[127] && words[0] == words[254]; }
  friend bool operator==(const Wide& a, const Wide& b) {
    return a.lock.val == b.lock.val && a.words == b.words;
  }
};
static_assert(sizeof(Wide) == 1024);
static_assert(has_spin_lock<Wide>);

constexpr auto write_locked = UpdateFlags::exist | UpdateFlags::lock;

template <class M>
class LockedValue : public ::testing::Test {
 protected:
  static M make() {
    const test::SmallBtf btf;
    return M::create({.max_entries = 2,
                      .name = "locked",
                      .btf_fd = btf.fd(),
                      .btf_key_type_id = test::SmallBtf::integer,
                      .btf_value_type_id = test::SmallBtf::wide});
  }
  // An array gives a value, a hash perhaps one.
  static Wide read(const M& map) {
    if constexpr (std::is_same_v<M, ArrayMap<Wide>>)
      return map.lookup(0);
    else
      return map.lookup(0).value();
  }
  static Wide read_beneath(const M& map, LookupFlags flags) {
    return map.map().template lookup<Wide>(0, flags).value();
  }
};
using Both = ::testing::Types<HashMap<std::uint32_t, Wide>, ArrayMap<Wide>>;
TYPED_TEST_SUITE(LockedValue, Both);

TYPED_TEST(LockedValue, IsReadAndWrittenUnderTheLock) {
  auto map = this->make();
  map.update(0, Wide::of(1));
  EXPECT_EQ(this->read(map), Wide::of(1));
  EXPECT_EQ(this->read_beneath(map, LookupFlags::lock), Wide::of(1));
  map.update(0, Wide::of(2));
  EXPECT_EQ(this->read_beneath(map, LookupFlags::none), Wide::of(2));
  map.map().update(0, Wide::of(4), write_locked);
  EXPECT_EQ(this->read(map), Wide::of(4));
  std::error_code ec = Errc::invalid_name;
  map.update(0, Wide::of(3), ec);
  EXPECT_EQ(ec, std::error_code{});
  Wide value;
  (void)map.lookup_into(0, value, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(value, Wide::of(3));
}

TYPED_TEST(LockedValue, NeverShowsOrTakesTheLockWord) {
  auto map = this->make();
  Wide odd = Wide::of(1);
  odd.lock.val = 99;
  const auto expect_no_lock_word = [&] {
    EXPECT_EQ(this->read(map), Wide::of(1));
    EXPECT_EQ(this->read_beneath(map, LookupFlags::lock), Wide::of(1));
    EXPECT_EQ(this->read_beneath(map, LookupFlags::none), Wide::of(1));
  };
  map.update(0, odd);
  expect_no_lock_word();
  for (const UpdateFlags flags : {UpdateFlags::any, write_locked}) {
    map.map().update(0, odd, flags);
    expect_no_lock_word();
  }
}

bpf_attr attr_of(const test::BpfCall& call) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  std::memcpy(&attr, call.attr.data(), std::min(call.attr.size(), sizeof attr));
  return attr;
}

// The flags of the calls with `command` that `operation` makes.
template <class F>
std::vector<std::uint64_t> element_flags(int command, F operation) {
  test::FakeBpf bpf{&sys::bpf_syscall};
  operation();
  std::vector<std::uint64_t> flags;
  for (const test::BpfCall& call : bpf.calls()) {
    if (call.cmd != command) continue;
    const bpf_attr attr = attr_of(call);
    const bool batch = command == BPF_MAP_LOOKUP_BATCH || command == BPF_MAP_UPDATE_BATCH;
    flags.push_back(batch ? attr.batch.elem_flags : attr.flags);
  }
  return flags;
}

TYPED_TEST(LockedValue, IsWrittenAndReadInBatchesUnderTheLock) {
  auto map = this->make();
  const std::array<std::uint32_t, 2> keys{0, 1};
  const std::array values{Wide::of(1), Wide::of(2)};
  const std::vector<std::uint64_t> locked{BPF_F_LOCK};
  const auto update = [&] { EXPECT_EQ(update_batch(map, keys, values).done, 2U); };
  EXPECT_EQ(element_flags(BPF_MAP_UPDATE_BATCH, update), locked);
  EXPECT_EQ(lookup_batch(map, keys)[1], Wide::of(2));
  const auto read = [&] { EXPECT_EQ(to_vector(map).size(), 2U); };
  for (const auto flags : element_flags(BPF_MAP_LOOKUP_BATCH, read)) EXPECT_EQ(flags, BPF_F_LOCK);
  auto other = this->make();
  const auto duplicate = [&] { EXPECT_EQ(copy(map, other), 2U); };
  EXPECT_EQ(element_flags(BPF_MAP_UPDATE_BATCH, duplicate), locked);
  EXPECT_EQ(lookup_batch(other, keys)[0], Wide::of(1));
  for (const auto flags : element_flags(BPF_MAP_LOOKUP_BATCH, duplicate))
    EXPECT_EQ(flags, BPF_F_LOCK);
}

TYPED_TEST(LockedValue, IsRefusedInBatchesWhereTheMapHasNoLock) {
  auto map = TypeParam::create({.max_entries = 2, .name = "plain"});
  const std::array<std::uint32_t, 1> keys{0};
  const std::array values{Wide::of(1)};
  EXPECT_TRUE(
      contains(told(EINVAL, [&](auto&... ec) { (void)update_batch(map, keys, values, ec...); }),
               "the lock flag needs a struct bpf_spin_lock in the map's value type"));
}

TYPED_TEST(LockedValue, IsNeverTorn) {
  auto map = this->make();
  map.update(0, Wide::of(0));
  constexpr int rounds = 100'000;
  std::atomic<bool> done = false;
  std::thread writer{[&] {
    const std::array values{Wide::of(1), Wide::of(2)};
    for (std::size_t i = 0; !done; ++i) map.update(0, values[i % 2]);
  }};
  int torn = 0;
  int changes = 0;
  std::int32_t last = 0;
  // Until the writer has been seen at work, too.
  for (int i = 0; i < rounds || changes == 0; ++i) {
    const Wide value = this->read(map);
    torn += !value.whole();
    changes += value.words[0] != last;
    last = value.words[0];
  }
  done = true;
  writer.join();
  EXPECT_EQ(torn, 0);
  EXPECT_GT(changes, 0);
}

TYPED_TEST(LockedValue, NeedsALockInTheValue) {
  auto map = TypeParam::create({.max_entries = 2, .name = "plain"});
  const std::string part = "the lock flag needs a struct bpf_spin_lock in the map's value type";
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { (void)map.lookup(0, ec...); }), part));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(0, Wide{}, ec...); }), part));
}

TEST(LockedHashMap, TakesEntriesUnderTheLock) {
  if (!test::kernel_takes_from_hashes()) GTEST_SKIP() << "this kernel only erases";
  const test::SmallBtf btf;
  auto map = HashMap<std::uint32_t, Wide>::create({.max_entries = 2,
                                                   .btf_fd = btf.fd(),
                                                   .btf_key_type_id = test::SmallBtf::integer,
                                                   .btf_value_type_id = test::SmallBtf::wide});
  map.update(1, Wide::of(7));
  EXPECT_EQ(map.lookup_and_delete(1), Wide::of(7));
  EXPECT_FALSE(map.contains(1));
  EXPECT_TRUE(map.insert(1, Wide::of(8)));
  EXPECT_TRUE(map.replace(1, Wide::of(9)));
  Wide room;
  EXPECT_TRUE(map.lookup_and_delete_into(1, room));
  EXPECT_EQ(room, Wide::of(9));
  EXPECT_EQ(map.map().lookup<Wide>(1), std::nullopt);
}

TEST(LockedHashMap, IsSynchronisedUnderTheLock) {
  const test::SmallBtf btf;
  auto map = HashMap<std::uint32_t, Wide>::create({.max_entries = 4,
                                                   .btf_fd = btf.fd(),
                                                   .btf_key_type_id = test::SmallBtf::integer,
                                                   .btf_value_type_id = test::SmallBtf::wide});
  const std::array<std::uint32_t, 2> keys{1, 2};
  const std::array values{Wide::of(1), Wide::of(2)};
  const auto insert = [&] { EXPECT_EQ(insert_batch(map, keys, values).done, 2U); };
  for (const auto flags : element_flags(BPF_MAP_UPDATE_ELEM, insert))
    EXPECT_EQ(flags, BPF_NOEXIST | BPF_F_LOCK);
  const auto replace = [&] { EXPECT_EQ(replace_batch(map, keys, values).done, 2U); };
  for (const auto flags : element_flags(BPF_MAP_UPDATE_ELEM, replace))
    EXPECT_EQ(flags, BPF_EXIST | BPF_F_LOCK);
  const std::vector<std::pair<std::uint32_t, Wide>> wanted{{1, Wide::of(1)}, {2, Wide::of(7)}};
  const SyncResult expected{.updated = 1, .unchanged = 1};
  const auto written =
      element_flags(BPF_MAP_UPDATE_BATCH, [&] { EXPECT_EQ(sync(map, wanted), expected); });
  EXPECT_EQ(written, std::vector<std::uint64_t>{BPF_F_LOCK});
  const auto read = element_flags(BPF_MAP_LOOKUP_BATCH, [&] { (void)sync(map, wanted); });
  EXPECT_FALSE(read.empty());
  for (const auto flags : read) EXPECT_EQ(flags, BPF_F_LOCK);
  EXPECT_EQ(map.lookup(2), Wide::of(7));
}

// --- the flag as it arrives ---

std::uint64_t flags_of(const test::BpfCall& call) { return attr_of(call).flags; }

// The flags of calls on elements, while this lives.
class FlagsOfCalls {
 public:
  // The flags of the only call that `operation` makes.
  template <class F>
  [[nodiscard]] std::uint64_t of(F operation) {
    bpf_.forget();
    operation();
    return flags_of(bpf_.only_call());
  }

 private:
  test::FakeBpf bpf_{&sys::bpf_syscall};
};

// Each operation that reads or writes a value of `map`, in both forms.
template <class V, class M>
void expect_element_flags(M& map, const V& value, std::uint64_t lock) {
  FlagsOfCalls flags;
  std::error_code ec;
  V room{};
  EXPECT_EQ(flags.of([&] { map.update(0, value); }), BPF_ANY | lock);
  EXPECT_EQ(flags.of([&] { map.update(0, value, ec); }), BPF_ANY | lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup(0); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup(0, ec); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup_into(0, room); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup_into(0, room, ec); }), lock);
  EXPECT_EQ(ec, std::error_code{});
}
template <class V, class M>
void expect_entry_flags(M& map, const V& value, std::uint64_t lock) {
  FlagsOfCalls flags;
  std::error_code ec;
  V room{};
  EXPECT_EQ(flags.of([&] { (void)map.insert(1, value); }), BPF_NOEXIST | lock);
  EXPECT_EQ(flags.of([&] { (void)map.insert(1, value, ec); }), BPF_NOEXIST | lock);
  EXPECT_EQ(flags.of([&] { (void)map.replace(1, value); }), BPF_EXIST | lock);
  EXPECT_EQ(flags.of([&] { (void)map.replace(1, value, ec); }), BPF_EXIST | lock);
  EXPECT_EQ(flags.of([&] { (void)map.contains(1); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.contains(1, ec); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.erase(1, ec); }), 0U) << "a key has no lock";
  EXPECT_EQ(ec, std::error_code{});
  if (!test::kernel_takes_from_hashes()) return;
  EXPECT_EQ(flags.of([&] { (void)map.lookup_and_delete(1); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup_and_delete(1, ec); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup_and_delete_into(1, room); }), lock);
  EXPECT_EQ(flags.of([&] { (void)map.lookup_and_delete_into(1, room, ec); }), lock);
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(LockedValue, ArrivesWithTheLockFlag) {
  auto map = this->make();
  expect_element_flags(map, Wide::of(1), BPF_F_LOCK);
  if constexpr (!std::is_same_v<TypeParam, ArrayMap<Wide>>)
    expect_entry_flags(map, Wide::of(1), BPF_F_LOCK);
}

// Maps that the kernel makes only with a BTF of their own, against one played by the test.
template <class M>
void expect_storage_flags(MapType type) {
  SCOPED_TRACE(to_string(type));
  using K = typename M::key_type;
  test::FakeMap fake{
      {.type = type, .id = 7, .key_size = sizeof(K), .value_size = sizeof(Wide), .max_entries = 4}};
  M map{std::move(fake.map)};
  const auto flags = [&fake](auto operation) {
    fake.bpf().forget();
    operation();
    return flags_of(fake.bpf().only_call());
  };
  const K key{};
  std::error_code ec;
  Wide room;
  EXPECT_EQ(flags([&] { (void)map.lookup(key); }), BPF_F_LOCK);
  EXPECT_EQ(flags([&] { (void)map.lookup(key, ec); }), BPF_F_LOCK);
  EXPECT_EQ(flags([&] { (void)map.lookup_into(key, room, ec); }), BPF_F_LOCK);
  EXPECT_EQ(flags([&] { (void)map.contains(key, ec); }), BPF_F_LOCK);
  EXPECT_EQ(flags([&] { (void)map.replace(key, room, ec); }), BPF_EXIST | BPF_F_LOCK);
  if constexpr (requires { map.insert(key, room, ec); }) {
    EXPECT_EQ(flags([&] { map.update(key, room, ec); }), BPF_ANY | BPF_F_LOCK);
    EXPECT_EQ(flags([&] { (void)map.insert(key, room, ec); }), BPF_NOEXIST | BPF_F_LOCK);
  }
  EXPECT_EQ(ec, std::error_code{});
}

TEST(LockedStorage, ArrivesWithTheLockFlag) {
  expect_storage_flags<SkStorage<Wide>>(MapType::sk_storage);
  expect_storage_flags<TaskStorage<Wide>>(MapType::task_storage);
  expect_storage_flags<InodeStorage<Wide>>(MapType::inode_storage);
  expect_storage_flags<CgrpStorage<Wide>>(MapType::cgrp_storage);
  expect_storage_flags<CgroupStorage<std::uint64_t, Wide>>(MapType::cgroup_storage);
  expect_storage_flags<CgroupStorage<CgroupStorageKey, Wide>>(MapType::cgroup_storage);
}

// A value as large without a lock.
TEST(UnlockedValue, ArrivesWithoutTheLockFlag) {
  using Words = std::array<std::int32_t, 256>;
  static_assert(!has_spin_lock<Words>);
  auto hash = HashMap<std::uint32_t, Words>::create({.max_entries = 2});
  expect_element_flags(hash, Words{}, 0);
  expect_entry_flags(hash, Words{}, 0);
  auto array = ArrayMap<Words>::create({.max_entries = 2});
  expect_element_flags(array, Words{}, 0);
}

}  // namespace
}  // namespace bpfmap
