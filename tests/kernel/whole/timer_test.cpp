// SPDX-License-Identifier: MIT
// Values that hold a bpf_timer: which operations cancel it, and which leave it alone.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "bpfmap/bulk/drain.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/typed/array_map.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "program.hpp"
#include "timers.skel.h"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;

struct Timed {
  std::uint64_t timer[2] = {};
  std::uint64_t setting = 0;
};

class Timers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!programs_) GTEST_SKIP() << "this kernel has no timers, or no callbacks without the JIT";
    hash = HashMap<std::uint32_t, Timed>{from(programs_->maps.timed_hash)};
    array = ArrayMap<Timed>{from(programs_->maps.timed_array)};
  }

  void start_in_hash() { start(programs_->progs.start_in_hash); }
  void start_in_array() { start(programs_->progs.start_in_array); }

  // Waits for three ticks; for a timer that has ended, 500 of its periods.
  [[nodiscard]] bool ticks() const {
    const std::uint64_t begin = count();
    for (const auto end = std::chrono::steady_clock::now() + 500ms;
         std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(1ms))
      if (count() > begin + 2) return true;
    return false;
  }

  HashMap<std::uint32_t, Timed> hash;
  ArrayMap<Timed> array;

 private:
  static void start(const bpf_program* program) {
    ASSERT_EQ(test::run_program(bpf_program__fd(program), false), 0U);
  }
  [[nodiscard]] std::uint64_t count() const {
    return __atomic_load_n(&programs_->bss->ticks, __ATOMIC_RELAXED);
  }

  std::unique_ptr<timers, void (*)(timers*)> programs_{timers::open_and_load(), &timers::destroy};
};

TEST_F(Timers, GoOnAfterReads) {
  start_in_hash();
  EXPECT_TRUE(ticks());
  const auto value = hash.lookup(1);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->timer[0], 0U) << "the kernel does not show the timer";
  EXPECT_EQ(value->timer[1], 0U);
  for (auto [key, shown] : hash) EXPECT_EQ(shown.timer[0], 0U) << key;
  EXPECT_TRUE(ticks());
}

TEST_F(Timers, InAHashEndWithAnUpdateOfTheirEntry) {
  start_in_hash();
  EXPECT_TRUE(ticks());
  hash.replace(1, Timed{.setting = 5});
  EXPECT_FALSE(ticks());
  EXPECT_EQ(hash.lookup(1)->setting, 5U);
}

TEST_F(Timers, InAHashEndWithTheirEntry) {
  start_in_hash();
  EXPECT_TRUE(hash.erase(1));
  EXPECT_FALSE(ticks());
  start_in_hash();
  EXPECT_TRUE(ticks());
  for (auto [key, value] : drain(hash)) EXPECT_EQ(key, 1U);
  EXPECT_FALSE(ticks());
}

TEST_F(Timers, DoNotComeBackWithAnEntryThatIsPutBack) {
  start_in_hash();
  {
    auto unread = drain(hash);
    (void)unread.begin();
  }
  EXPECT_FALSE(ticks());
}

TEST_F(Timers, InAnArrayEndWithAnUpdateOfTheirEntry) {
  start_in_array();
  EXPECT_TRUE(ticks());
  array.update(1, Timed{.timer = {0xdeadbeef, 0xdeadbeef}, .setting = 5});
  EXPECT_FALSE(ticks());
  EXPECT_EQ(array.lookup(1).timer[0], 0U) << "the kernel does not take the timer's bytes";
  EXPECT_EQ(array.lookup(1).setting, 5U);
  start_in_array();
  EXPECT_TRUE(ticks());
}

}  // namespace
}  // namespace bpfmap
