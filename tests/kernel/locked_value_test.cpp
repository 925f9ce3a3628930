// SPDX-License-Identifier: MIT
// Values that begin with a struct bpf_spin_lock: whole, whoever writes them meanwhile.
//
// Without the flags a lookup copies while another CPU writes, and may give half of the one value
// and half of the other; how often, nobody can say, so that no test expects it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>

#include "bpfmap/bpfmap.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

// SmallBtf's struct wide.
struct Wide {
  std::uint32_t lock = 0;
  std::array<std::int32_t, 255> words{};

  [[nodiscard]] static Wide of(std::int32_t number) {
    Wide wide;
    wide.words.fill(number);
    return wide;
  }
  // Begin, middle and end: quick, so that most of the time goes into the reads.
  [[nodiscard]] bool whole() const { return words[0] == words[127] && words[0] == words[254]; }
  friend bool operator==(const Wide&, const Wide&) = default;
};
static_assert(sizeof(Wide) == 1024);

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
  static Wide read(const M& map, LookupFlags flags) {
    if constexpr (std::is_same_v<M, ArrayMap<Wide>>)
      return map.lookup(0, flags);
    else
      return map.lookup(0, flags).value();
  }
};
using Both = ::testing::Types<HashMap<std::uint32_t, Wide>, ArrayMap<Wide>>;
TYPED_TEST_SUITE(LockedValue, Both);

TYPED_TEST(LockedValue, IsReadAndWrittenUnderTheLock) {
  auto map = this->make();
  map.update(0, Wide::of(1));
  EXPECT_EQ(this->read(map, LookupFlags::lock), Wide::of(1));
  map.update(0, Wide::of(2), write_locked);
  EXPECT_EQ(this->read(map, LookupFlags::none), Wide::of(2));
  std::error_code ec = Errc::invalid_name;
  map.update(0, Wide::of(3), write_locked, ec);
  EXPECT_EQ(ec, std::error_code{});
  Wide value;
  (void)map.lookup_into(0, value, LookupFlags::lock, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(value, Wide::of(3));
}

TYPED_TEST(LockedValue, NeverShowsOrTakesTheLockWord) {
  auto map = this->make();
  Wide odd = Wide::of(1);
  odd.lock = 99;
  for (const UpdateFlags flags : {UpdateFlags::any, write_locked}) {
    map.update(0, odd, flags);
    EXPECT_EQ(this->read(map, LookupFlags::lock), Wide::of(1));
    EXPECT_EQ(this->read(map, LookupFlags::none), Wide::of(1));
  }
}

TYPED_TEST(LockedValue, IsNeverTornUnderTheLock) {
  auto map = this->make();
  map.update(0, Wide::of(0));
  constexpr int rounds = 100'000;
  std::atomic<bool> done = false;
  std::thread writer{[&] {
    const std::array values{Wide::of(1), Wide::of(2)};
    for (std::size_t i = 0; !done; ++i) map.update(0, values[i % 2], write_locked);
  }};
  int torn = 0;
  int changes = 0;
  std::int32_t last = 0;
  // Until the writer has been seen at work, too.
  for (int i = 0; i < rounds || changes == 0; ++i) {
    const Wide value = this->read(map, LookupFlags::lock);
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
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { (void)map.lookup(0, LookupFlags::lock, ec...); }), part));
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { map.update(0, Wide{}, UpdateFlags::lock, ec...); }), part));
}

TEST(LockedHashMap, TakesEntriesUnderTheLock) {
  const test::SmallBtf btf;
  auto map = HashMap<std::uint32_t, Wide>::create({.max_entries = 2,
                                                   .btf_fd = btf.fd(),
                                                   .btf_key_type_id = test::SmallBtf::integer,
                                                   .btf_value_type_id = test::SmallBtf::wide});
  map.update(1, Wide::of(7));
  EXPECT_EQ(map.lookup_and_delete(1, LookupFlags::lock), Wide::of(7));
  EXPECT_FALSE(map.contains(1));
}

}  // namespace
}  // namespace bpfmap
