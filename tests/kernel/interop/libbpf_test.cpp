// SPDX-License-Identifier: MIT
// Typed maps over those of a BPF program: what the program writes they read, and the other way
// round.
#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "counter.skel.h"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

using test::error_of;

// The program's structs in C++; no header is shared, so that the layouts have to agree.
struct Key {
  std::uint32_t src = 0;
  std::uint16_t port = 0;
  std::uint8_t proto = 0;
  std::array<std::uint8_t, 3> flags{};
  std::uint16_t pad = 0;
  friend bool operator==(const Key&, const Key&) = default;
};
struct Counter {
  std::uint64_t packets = 0;
  std::uint32_t bytes = 0;
  std::array<std::uint8_t, 3> last{};
  std::uint8_t seen = 0;  // the program's bool
  std::array<std::uint16_t, 5> lengths{};
  friend bool operator==(const Counter&, const Counter&) = default;
};
struct LockedCounter {
  bpf_spin_lock lock{};
  std::uint32_t packets = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const LockedCounter& a, const LockedCounter& b) {
    return a.lock.val == b.lock.val && a.packets == b.packets && a.bytes == b.bytes;
  }
};

using Counters = HashMap<Key, Counter>;
using CountersByCpu = PerCpuHashMap<Key, Counter>;

constexpr std::uint32_t length = 64;  // of each packet
const Key key{.src = 0x0a000001, .port = 443, .proto = 6, .flags = {1, 2, 3}};
const Key other{.src = 0x0a000002, .port = 443, .proto = 6, .flags = {1, 2, 3}};

Counter counted(std::uint64_t packets) {
  return {.packets = packets,
          .bytes = static_cast<std::uint32_t>(packets) * length,
          .last = {1, 2, 3},
          .seen = 1,
          .lengths = {0, 0, 0, 0, length}};
}

// Keeps this thread on one CPU.
class OnCpu {
 public:
  explicit OnCpu(std::uint32_t cpu) {
    CPU_ZERO(&before_);
    EXPECT_EQ(::sched_getaffinity(0, sizeof before_, &before_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pinned_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;
  ~OnCpu() { ::sched_setaffinity(0, sizeof before_, &before_); }
  // false: the CPU is not online, or not for this process.
  [[nodiscard]] explicit operator bool() const noexcept { return pinned_; }

 private:
  cpu_set_t before_;
  bool pinned_ = false;
};

// Counts packets in maps of every kind, one at a time.
class Program {
 public:
  [[nodiscard]] const auto& maps() const noexcept { return skeleton_->maps; }

  Program() : skeleton_(counter::open()) {
    EXPECT_NE(skeleton_, nullptr);
    EXPECT_EQ(counter::load(skeleton_), 0);
    ArrayMap<std::uint64_t>{from(maps().step)}.update(0, 1);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { destroy(); }

  void destroy() { counter::destroy(std::exchange(skeleton_, nullptr)); }

  // Runs the program once with a packet that begins with `key`.
  void run(const Key& packet_key) {
    std::array<std::byte, length> packet{};
    std::memcpy(packet.data(), &packet_key, sizeof packet_key);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet.data();
    options.data_size_in = length;
    options.repeat = 1;
    ASSERT_EQ(::bpf_prog_test_run_opts(::bpf_program__fd(skeleton_->progs.count), &options), 0);
    constexpr std::uint32_t xdp_pass = 2;
    ASSERT_EQ(options.retval, xdp_pass);
  }

 private:
  counter* skeleton_;
};

TEST(MapsOfAProgram, HaveTheSizesOfTheStructs) {
  Program program;
  EXPECT_EQ(Counters{from(program.maps().by_key)}.map().info().name, "by_key");
  EXPECT_EQ(Counters{from(program.maps().recent)}.map().info().type, MapType::lru_hash);
  EXPECT_TRUE(CountersByCpu{from(program.maps().by_key_and_cpu)});
  EXPECT_EQ(ArrayMap<Counter>{from(program.maps().totals)}.max_entries(), 4U);
  EXPECT_EQ(PerCpuArrayMap<Counter>{from(program.maps().totals_by_cpu)}.max_entries(), 4U);
  EXPECT_EQ(error_of([&] { const Counters map{from(program.maps().totals)}; }).code(),
            Errc::wrong_map_type);
  EXPECT_EQ(
      error_of([&] { const ArrayMap<std::uint64_t> map{from(program.maps().totals)}; }).code(),
      Errc::wrong_value_size);
}

TEST(MapsOfAProgram, ShowWhatItWrote) {
  Program program;
  for (int i = 0; i < 5; ++i) program.run(key);
  program.run(other);
  const Counters by_key{from(program.maps().by_key)};
  EXPECT_EQ(by_key.lookup(key), counted(5));
  EXPECT_EQ(by_key.lookup(other), counted(1));
  EXPECT_FALSE(by_key.contains(Key{}));
  std::vector<Key> keys;
  for (auto [k, value] : by_key) {
    keys.push_back(k);
    EXPECT_EQ(value, counted(k == key ? 5 : 1));
  }
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_EQ(Counters{from(program.maps().recent)}.lookup(key), counted(5));
  const ArrayMap<Counter> totals{from(program.maps().totals)};
  EXPECT_EQ(totals.lookup(0), counted(6));
  EXPECT_EQ(totals.lookup(1), Counter{});
}

TEST(MapsOfAProgram, ShowItWhatIsWritten) {
  Program program;
  ArrayMap<std::uint64_t> step{from(program.maps().step)};
  Counters by_key{from(program.maps().by_key)};
  ArrayMap<Counter> totals{from(program.maps().totals)};
  step.update(0, 10);
  by_key.update(key, counted(100));
  totals.update(0, {.packets = 7});
  program.run(key);
  auto sum = counted(110);
  sum.bytes = 101 * length;
  EXPECT_EQ(by_key.lookup(key), sum);
  EXPECT_EQ(totals.lookup(0).packets, 17U);
  EXPECT_TRUE(totals.lookup(0).seen);
  EXPECT_TRUE(by_key.erase(key));
  program.run(key);
  EXPECT_EQ(by_key.lookup(key)->packets, 10U) << "it began anew";
}

TEST(PerCpuMapsOfAProgram, HaveASlotForEachCpu) {
  Program program;
  const CountersByCpu by_key{from(program.maps().by_key_and_cpu)};
  const PerCpuArrayMap<Counter> totals{from(program.maps().totals_by_cpu)};
  const auto cpus = sys::possible_cpus();
  std::uint64_t runs = 0;
  std::vector<std::uint64_t> runs_on(cpus.size());
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const OnCpu here{cpus[i]};
    if (!here) continue;
    for (std::size_t n = 0; n <= i; ++n, ++runs, ++runs_on[i]) program.run(key);
  }
  ASSERT_GE(runs, 1U);
  const auto found = by_key.lookup(key);
  ASSERT_TRUE(found);
  const auto total = totals.lookup(0);
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(PerCpuValues<Counter>::cpu(i), cpus[i]);
    EXPECT_EQ((*found)[i].packets, runs_on[i]);
    EXPECT_EQ(total[i], runs_on[i] == 0 ? Counter{} : counted(runs_on[i]));
  }
  EXPECT_EQ(found->sum(&Counter::packets), runs);
  EXPECT_EQ(found->sum(&Counter::bytes), runs * length);
  EXPECT_EQ(total.sum(&Counter::packets), runs);
}

// An element that a program creates is zero on the other CPUs, whatever was in its memory before.
TEST(PerCpuMapsOfAProgram, AreZeroOnOtherCpusWhenItCreatesAnElement) {
  Program program;
  CountersByCpu by_key{from(program.maps().by_key_and_cpu)};
  for (std::uint32_t i = 0; i < 16; ++i) by_key.update(Key{.src = 1000 + i}, counted(99));
  for (std::uint32_t i = 0; i < 16; ++i) EXPECT_TRUE(by_key.erase(Key{.src = 1000 + i}));
  const auto cpus = sys::possible_cpus();
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const OnCpu here{cpus[i]};
    if (!here) continue;
    program.run(key);
    const auto found = by_key.lookup(key);
    EXPECT_TRUE(by_key.erase(key));
    ASSERT_TRUE(found);
    for (std::size_t j = 0; j < cpus.size(); ++j)
      EXPECT_EQ((*found)[j], i == j ? counted(1) : Counter{}) << i << ", " << j;
  }
}

TEST(PerCpuMapsOfAProgram, ShowItWhatIsWrittenToEachCpu) {
  Program program;
  CountersByCpu by_key{from(program.maps().by_key_and_cpu)};
  PerCpuArrayMap<Counter> totals{from(program.maps().totals_by_cpu)};
  const auto cpus = sys::possible_cpus();
  PerCpuValues<Counter> values;
  for (std::size_t i = 0; i < cpus.size(); ++i) values.set(i, counted(100 * (i + 1)));
  by_key.update(key, values);
  totals.update(0, counted(1000));
  std::size_t runs = 0;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const OnCpu here{cpus[i]};
    if (!here) continue;
    program.run(key);
    ++runs;
    EXPECT_EQ(by_key.lookup(key).value()[i], counted(100 * (i + 1) + 1));
    EXPECT_EQ(totals.lookup(0)[i], counted(1001));
  }
  EXPECT_EQ(totals.lookup(0).sum(&Counter::packets), 1000 * cpus.size() + runs);
}

TEST(LockedMapOfAProgram, IsReadAndWrittenUnderItsLock) {
  Program program;
  HashMap<std::uint32_t, LockedCounter> locked{from(program.maps().locked)};
  EXPECT_TRUE(locked.insert(0, {.packets = 10, .bytes = 100}));
  program.run(key);
  const LockedCounter expected{.packets = 11, .bytes = 100 + length};
  EXPECT_EQ(locked.lookup(0), expected);
  LockedCounter room;
  EXPECT_TRUE(locked.lookup_into(0, room));
  EXPECT_EQ(room, expected);
  EXPECT_TRUE(locked.replace(0, {.packets = 1, .bytes = 2}));
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(locked.lookup(0, ec), (LockedCounter{.packets = 1, .bytes = 2}));
  EXPECT_EQ(ec, std::error_code{});
  for (auto [index, value] : scan(locked)) {
    EXPECT_EQ(index, 0U);
    EXPECT_EQ(value.packets, 1U);
  }
}

// What the caller puts where the lock is never reaches the kernel, and comes back as zero.
TEST(LockedMapOfAProgram, KeepsItsLockToItself) {
  Program program;
  HashMap<std::uint32_t, LockedCounter> locked{from(program.maps().locked)};
  locked.update(0, {.lock = {.val = 0xffffffff}, .packets = 1, .bytes = 2});
  EXPECT_EQ(locked.lookup(0), (LockedCounter{.packets = 1, .bytes = 2}));
  program.run(key);
  EXPECT_EQ(locked.lookup(0)->packets, 2U) << "the program got the lock";
}

// --- from() ---

TEST(FromLibbpf, RefusesAMapThatIsNotLoaded) {
  const std::unique_ptr<counter, decltype(&counter::destroy)> skeleton{counter::open(),
                                                                       &counter::destroy};
  ASSERT_NE(skeleton, nullptr);
  const std::size_t before = test::open_descriptors();
  std::error_code ec;
  EXPECT_FALSE(from(skeleton->maps.by_key, ec));
  EXPECT_EQ(ec, Errc::map_not_loaded);
  const Error error = error_of([&] { (void)from(skeleton->maps.by_key); });
  EXPECT_EQ(error.code(), Errc::map_not_loaded);
  EXPECT_EQ(error.operation(), Operation::from_libbpf);
  EXPECT_TRUE(test::contains(error.what(), "by_key"));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(FromLibbpf, RefusesANullPointer) {
  std::error_code ec;
  EXPECT_FALSE(from(nullptr, ec));
  EXPECT_EQ(ec, Errc::map_not_loaded);
  EXPECT_EQ(error_of([] { (void)from(nullptr); }).code(), Errc::map_not_loaded);
}

TEST(FromLibbpf, MakesAnOwnerOfItsOwn) {
  Program program;
  const std::size_t before = test::open_descriptors();
  {
    std::error_code ec = Errc::invalid_name;
    const Map map = from(program.maps().by_key, ec);
    EXPECT_EQ(ec, std::error_code{});
    ASSERT_TRUE(map);
    EXPECT_NE(map.fd(), ::bpf_map__fd(program.maps().by_key));
    EXPECT_EQ(test::open_descriptors(), before + 1);
  }
  EXPECT_EQ(test::open_descriptors(), before);
  program.run(key);
  EXPECT_EQ(Counters{from(program.maps().by_key)}.lookup(key), counted(1));
}

TEST(FromLibbpf, OutlivesTheObject) {
  Program program;
  program.run(key);
  Counters by_key{from(program.maps().by_key)};
  const CountersByCpu by_key_and_cpu{from(program.maps().by_key_and_cpu)};
  program.destroy();
  EXPECT_EQ(by_key.lookup(key), counted(1));
  EXPECT_EQ(by_key_and_cpu.lookup(key)->sum(&Counter::packets), 1U);
  EXPECT_TRUE(by_key.replace(key, counted(2)));
  EXPECT_EQ(by_key.lookup(key), counted(2));
}

TEST(FromLibbpf, MayGoBeforeTheObject) {
  Program program;
  {
    Counters by_key{from(program.maps().by_key)};
    by_key.update(key, counted(41));
  }
  program.run(key);
  EXPECT_EQ(Counters{from(program.maps().by_key)}.lookup(key), counted(42));
}

// libbpf's own calls and these see the same entries.
TEST(FromLibbpf, SeesWhatLibbpfSees) {
  Program program;
  Counters by_key{from(program.maps().by_key)};
  const Counter written = counted(3);
  ASSERT_EQ(::bpf_map__update_elem(program.maps().by_key, &key, sizeof key, &written,
                                   sizeof written, BPF_ANY),
            0);
  EXPECT_EQ(by_key.lookup(key), written);
  by_key.update(other, counted(4));
  Counter read;
  ASSERT_EQ(
      ::bpf_map__lookup_elem(program.maps().by_key, &other, sizeof other, &read, sizeof read, 0),
      0);
  EXPECT_EQ(read, counted(4));
}

}  // namespace
}  // namespace bpfmap
