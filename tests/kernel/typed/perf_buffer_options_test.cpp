// SPDX-License-Identifier: MIT
// PerfBuffer: how it is made, what one call reads, and what ends it.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/typed/perf_buffer.hpp"
#include "bytes.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "rings.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::Event;
using test::into;
using test::numbers;
using test::Numbers;
using test::RingPrograms;
using test::time_of;
using Cpus = std::vector<std::uint32_t>;

bool has_two_cpus() { return ::sysconf(_SC_NPROCESSORS_ONLN) > 1; }

// --- wake-ups ---

TEST(PerfBufferWakeUp, ComesAfterSomeRecords) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .wakeup_events = 3}};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  programs.write_perf(1, 2);
  EXPECT_FALSE(test::is_readable(perf.epoll_fd(), 50ms));
  EXPECT_EQ(perf.poll(10s), 2U) << "found before it waits";
  std::thread writer{[&] {
    std::this_thread::sleep_for(20ms);
    programs.write_perf(3, 1);  // the third: a wake-up
    std::this_thread::sleep_for(20ms);
    programs.write_perf(4, 1);
  }};
  EXPECT_EQ(perf.poll(10s), 1U);
  std::size_t records = 0;
  EXPECT_GE(time_of([&] { records = perf.poll(100ms); }), 90ms);
  EXPECT_EQ(records, 1U) << "found at the end of the time";
  writer.join();
  EXPECT_EQ(seen, numbers(1, 4));
}

TEST(PerfBufferWakeUp, ComesAfterSomeBytes) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .wakeup_bytes = 1024}};
  perf.for_each([](BytesView) {});
  programs.write_perf(1, 10);
  EXPECT_FALSE(test::is_readable(perf.epoll_fd(), 50ms));
  programs.write_perf(1, 50);
  EXPECT_TRUE(test::is_readable(perf.epoll_fd(), 10s));
  EXPECT_EQ(perf.consume(), 60U);
}

TEST(PerfBufferWakeUp, NeverComesWhenItIsNotWanted) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .wakeup_events = 0}};
  perf.for_each([](BytesView) {});
  programs.write_perf(1, 10);
  EXPECT_FALSE(test::is_readable(perf.epoll_fd(), 50ms));
  EXPECT_EQ(perf.poll(10s), 10U);
}

// --- CPUs ---

TEST(PerfBufferCpus, AreThoseThatWereChosen) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  if (!has_two_cpus()) GTEST_SKIP() << "one CPU only";
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .cpus = {1, 1}}};
  perf.for_each([](BytesView) {});
  EXPECT_EQ(perf.cpus(), Cpus{1});
  const Cpus without = perf.cpus_without_buffer();
  EXPECT_NE(std::find(without.begin(), without.end(), 0U), without.end());
  EXPECT_EQ(programs.write_perf(1, 2, 0), 2U) << "no buffer";
  EXPECT_EQ(programs.write_perf(1, 2, 1), 0U);
  EXPECT_EQ(perf.consume(), 2U);
  EXPECT_EQ(perf.add_online_cpus(), without.size());
  EXPECT_TRUE(perf.cpus_without_buffer().empty());
  EXPECT_EQ(perf.add_online_cpus(), 0U);
  EXPECT_EQ(programs.write_perf(1, 2, 0), 0U);
  EXPECT_EQ(perf.poll(10s), 2U);
}

/// A list of online CPUs in the place of the kernel's, for this process.
class OnlineCpus {
 public:
  explicit OnlineCpus(const std::string& list) {
    EXPECT_EQ(::unshare(CLONE_NEWNS), 0);
    EXPECT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    std::ofstream{path_} << list << '\n';
    EXPECT_EQ(::mount(path_.c_str(), online, nullptr, MS_BIND, nullptr), 0);
  }
  OnlineCpus(const OnlineCpus&) = delete;
  OnlineCpus& operator=(const OnlineCpus&) = delete;
  ~OnlineCpus() {
    ::umount(online);
    ::unlink(path_.c_str());
  }

 private:
  static constexpr const char* online = "/sys/devices/system/cpu/online";
  std::string path_ = "/tmp/bpfmap_online_" + std::to_string(::getpid());
};

TEST(PerfBufferCpus, ThatComeOnlineLaterAreToldAndAdded) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  if (!has_two_cpus()) GTEST_SKIP() << "one CPU only";
  const RingPrograms programs;
  test::in_child([&] {
    PerfBuffer perf;
    {
      const OnlineCpus one{"0"};
      perf = PerfBuffer{programs.perf(), 1};
    }
    perf.for_each([](BytesView) {});
    EXPECT_EQ(perf.cpus(), Cpus{0});
    const Cpus without = perf.cpus_without_buffer();
    ASSERT_FALSE(without.empty());
    EXPECT_EQ(without.front(), 1U);
    EXPECT_EQ(programs.write_perf(1, 1, 1), 1U);
    EXPECT_EQ(perf.add_online_cpus(), without.size());
    EXPECT_EQ(programs.write_perf(1, 1, 1), 0U);
    EXPECT_EQ(perf.poll(10s), 1U);
  });
}

/// The perf events of this process leave their CPU, as those of a CPU that goes offline do.
void detach_events() {
  std::size_t events = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    std::array<char, 64> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (::readlink(link.c_str(), target.data(), target.size() - 1) < 0) continue;
    if (std::string_view{target.data()} != "anon_inode:[perf_event]") continue;
    EXPECT_EQ(::ioctl(fd, PERF_EVENT_IOC_DISABLE, 0), 0);
    ++events;
  }
  EXPECT_NE(events, 0U);
}

TEST(PerfBufferCpus, ThatComeBackAreToldAndGetANewBuffer) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  test::in_child([&] {
    PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .cpus = {0}}};
    Numbers seen;
    perf.for_each<Event>(into(seen));
    EXPECT_EQ(programs.write_perf(1, 2, 0), 0U);
    detach_events();
    EXPECT_EQ(programs.write_perf(3, 1, 0), 1U) << "no event writes there";
    Cpus without = perf.cpus_without_buffer();
    ASSERT_FALSE(without.empty());
    EXPECT_EQ(without.front(), 0U);
    EXPECT_EQ(perf.add_online_cpus(), without.size());
    EXPECT_TRUE(perf.cpus_without_buffer().empty());
    const Cpus have = perf.cpus();
    EXPECT_EQ(std::count(have.begin(), have.end(), 0U), 1) << "its old buffer is still read";
    EXPECT_EQ(programs.write_perf(4, 1, 0), 0U);
    while (seen.size() != 3) ASSERT_NE(perf.poll(10s), 0U);
    EXPECT_EQ(seen, (Numbers{1, 2, 4})) << "what was unread is still handed out";
  });
}

TEST(PerfBufferCpus, ThatComeBackAgainAndAgainLeaveNothingOpen) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  test::in_child([&] {
    PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .cpus = {0}, .overwrite = true}};
    std::size_t seen = 0;
    perf.for_each([&seen](BytesView) { ++seen; });
    perf.add_online_cpus();
    const std::size_t before = test::open_descriptors();
    for (int round = 0; round < 3; ++round) {
      detach_events();
      EXPECT_NE(perf.add_online_cpus(), 0U);
      EXPECT_EQ(test::open_descriptors(), before) << "nothing was unread";
      EXPECT_EQ(programs.write_perf(1, 1, 0), 0U);
      EXPECT_EQ(perf.poll(10s), 1U);
    }
    EXPECT_EQ(programs.write_perf(1, 1, 0), 0U);
    detach_events();
    EXPECT_NE(perf.add_online_cpus(), 0U);
    EXPECT_GT(test::open_descriptors(), before) << "the newest record is kept";
    EXPECT_EQ(perf.consume(), 1U);
    EXPECT_EQ(seen, 4U);
  });
}

TEST(PerfBufferCpus, AreNotToldWithoutAListOfThem) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  test::in_child([&] {
    PerfBuffer perf{programs.perf(), 1};
    const OnlineCpus none{""};
    EXPECT_TRUE(test::contains(
        test::told(Errc::no_cpu_list, [&](auto&... ec) { (void)perf.cpus_without_buffer(ec...); }),
        "/sys/devices/system/cpu/online holds no list of CPUs, so it is unknown which CPUs need"));
    (void)test::told(Errc::no_cpu_list, [&](auto&... ec) { perf.add_online_cpus(ec...); });
    (void)test::told(Errc::no_cpu_list,
                     [&](auto&... ec) { const PerfBuffer other{programs.perf(), 1, ec...}; });
  });
}

TEST(PerfBufferCpus, WithoutASlotAreRefused) {
  if (!has_two_cpus()) GTEST_SKIP() << "one CPU only";
  const Map small = Map::create({.type = MapType::perf_event_array,
                                 .key_size = 4,
                                 .value_size = 4,
                                 .max_entries = 1,
                                 .name = "small"});
  const std::string text = test::told(Errc::index_out_of_range, [&](auto&... ec) {
    const PerfBuffer perf{small.duplicate(), 1, ec...};
    EXPECT_FALSE(perf);
  });
  EXPECT_TRUE(test::contains(text, "view on map 'small' (id "));
  EXPECT_TRUE(test::contains(text, "CPU 1 has no slot in the map (max_entries 1)"));
  const PerfBuffer chosen{small.duplicate(), {.pages_per_cpu = 1, .cpus = {0}}};
  EXPECT_EQ(chosen.cpus(), Cpus{0});
}

TEST(PerfBufferCpus, ThatDoNotExistAreRefused) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  const std::string text = test::told(Errc::no_such_cpu, [&](auto&... ec) {
    const PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .cpus = {60'000}}, ec...};
  });
  EXPECT_TRUE(test::contains(text, "CPU 60000 is not one of the "));
}

// --- pages ---

TEST(PerfBufferPages, ThatDoNotFitIntoMemoryAreRefused) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  for (const unsigned shift : {40U, 50U, 51U, 52U, 53U, 63U}) {
    SCOPED_TRACE(shift);
    const std::size_t pages = std::size_t{1} << shift;
    const std::string text = test::told(ENOMEM, [&](auto&... ec) {
      const PerfBuffer perf{programs.perf(), pages, ec...};
      EXPECT_FALSE(perf);
    });
    EXPECT_TRUE(test::contains(
        text, "there is not enough memory for " + std::to_string(pages) + " pages per CPU"));
  }
  EXPECT_EQ(programs.write_perf(1, 1), 1U) << "no slot was left behind";
}

void drop_ipc_lock() {
  ::__user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<::__user_cap_data_struct, 2> sets{};
  ASSERT_EQ(::syscall(SYS_capget, &header, sets.data()), 0);
  sets[0].effective &= ~(1U << CAP_IPC_LOCK);
  sets[0].permitted &= ~(1U << CAP_IPC_LOCK);
  ASSERT_EQ(::syscall(SYS_capset, &header, sets.data()), 0);
}

TEST(PerfBufferPages, BeyondTheLimitOfLockedMemoryAreToldAsThat) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  int paranoid = -1;
  std::ifstream{"/proc/sys/kernel/perf_event_paranoid"} >> paranoid;
  if (paranoid < 0) GTEST_SKIP() << "kernel.perf_event_paranoid is -1: there is no limit";
  const RingPrograms programs;
  test::in_child([&] {
    const ::rlimit limit{65536, 65536};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    drop_ipc_lock();
    const std::string text = test::told(
        EPERM, [&](auto&... ec) { const PerfBuffer perf{programs.perf(), 4096, ec...}; });
    EXPECT_TRUE(test::contains(text,
                               "more memory than kernel.perf_event_mlock_kb and "
                               "RLIMIT_MEMLOCK allow a process without CAP_IPC_LOCK"));
  });
}

// --- another reader ---

TEST(PerfBufferSecondReader, IsRefused) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  {
    PerfBuffer first{programs.perf(), 1};
    Numbers seen;
    first.for_each<Event>(into(seen));
    const std::string text =
        test::told(EBUSY, [&](auto&... ec) { const PerfBuffer second{programs.perf(), 1, ec...}; });
    EXPECT_TRUE(test::contains(text, "the slot of CPU 0 already has the event of another reader"));
    test::in_child([&] {
      std::error_code ec;
      const PerfBuffer second{programs.perf(), 1, ec};
      EXPECT_EQ(ec.value(), EBUSY) << "of another process as well";
    });
    programs.write_perf(1, 1);
    EXPECT_EQ(first.poll(10s), 1U) << "and the first one goes on";
  }
  const PerfBuffer after{programs.perf(), 1};
  EXPECT_TRUE(after);
}

TEST(PerfBufferSecondReader, TakesTheFirstOnesPlaceOnRequest) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer first{programs.perf(), 1};
  PerfBuffer second{programs.perf(), {.pages_per_cpu = 1, .replace = true}};
  first.for_each([](BytesView) {});
  second.for_each([](BytesView) {});
  programs.write_perf(1, 2);
  EXPECT_EQ(first.consume(), 0U);
  EXPECT_EQ(second.consume(), 2U);
}

// --- pausing and overwriting ---

TEST(PerfBufferPause, StopsTheOutputUntilItIsResumed) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  programs.write_perf(1, 2);
  perf.pause();
  EXPECT_EQ(programs.write_perf(3, 2), 2U);
  EXPECT_EQ(perf.consume(), 2U) << "what was written before";
  std::error_code ec = Errc::no_map;
  perf.resume(ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(programs.write_perf(5, 1), 0U);
  EXPECT_EQ(perf.consume(), 1U);
  EXPECT_EQ(seen, (Numbers{1, 2, 5}));
}

TEST(PerfBufferThatOverwrites, ShowsTheNewestRecordsFirst) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .overwrite = true}};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  EXPECT_EQ(perf.consume(), 0U);
  EXPECT_EQ(programs.write_perf(1, 3), 0U);
  EXPECT_EQ(perf.poll(10s), 3U);
  EXPECT_EQ(seen, (Numbers{3, 2, 1}));
  EXPECT_EQ(perf.consume(), 0U) << "each once";

  seen.clear();
  EXPECT_EQ(programs.write_perf(1, 1000), 0U) << "never full";
  const std::size_t count = perf.consume();
  EXPECT_EQ(count, 4096U / 32) << "as many as a page holds";
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(seen[i], 1000 - i);
  programs.write_perf(2000, 2);
  seen.clear();
  EXPECT_EQ(perf.consume(), 2U) << "the new ones only";
  EXPECT_EQ(seen, (Numbers{2001, 2000}));
}

TEST(PerfBufferThatOverwrites, IsReadToTheEndOfItsSnapshot) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), {.pages_per_cpu = 1, .cpus = {0}, .overwrite = true}};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  programs.write_perf(1, 5);
  EXPECT_EQ(perf.consume(2), 2U);
  EXPECT_TRUE(test::is_readable(perf.epoll_fd(), 10s));
  EXPECT_EQ(programs.write_perf(6, 1), 1U) << "paused while it is read";
  EXPECT_EQ(perf.consume(2), 2U);
  EXPECT_EQ(perf.consume(2), 1U);
  EXPECT_EQ(seen, (Numbers{5, 4, 3, 2, 1}));
  EXPECT_EQ(programs.write_perf(7, 1), 0U) << "and goes on then";
  perf.pause();
  EXPECT_EQ(perf.consume(), 1U);
  EXPECT_EQ(programs.write_perf(8, 1), 1U) << "unless the caller has paused it";
  perf.resume();
  EXPECT_EQ(programs.write_perf(9, 1), 0U);
  EXPECT_EQ(perf.consume(), 1U);
  EXPECT_EQ(seen.back(), 9U);
}

// --- what one call reads, and what ends it ---

TEST(PerfBufferBound, LimitsWhatOneCallHandsOutAndKeepsTheDescriptorReadable) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  Numbers seen;
  perf.for_each<Event>(into(seen));
  programs.write_perf(1, 5);
  EXPECT_EQ(perf.consume(2), 2U);
  EXPECT_TRUE(test::is_readable(perf.epoll_fd(), 10s));
  EXPECT_TRUE(test::is_readable(perf.epoll_fd(), 10s)) << "until they are read";
  EXPECT_EQ(perf.poll(10s, 2), 2U);
  EXPECT_EQ(perf.poll(10s, 2), 1U);
  EXPECT_FALSE(test::is_readable(perf.epoll_fd()));
  EXPECT_EQ(seen, numbers(1, 5));
}

TEST(PerfBufferBound, IsSharedByAllCpus) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  if (!has_two_cpus()) GTEST_SKIP() << "one CPU only";
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::array<std::size_t, 2> seen{};
  perf.for_each<Event>([&](std::uint32_t cpu, const Event&) { ++seen.at(cpu); });
  programs.write_perf(1, 50, 0);
  programs.write_perf(1, 1, 1);
  EXPECT_EQ(perf.consume(10), 10U);
  EXPECT_EQ(seen[1], 1U);
}

TEST(PerfBufferCallback, StopsTheCallByItsResult) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  int calls = 0;
  perf.for_each([&](BytesView) { return ++calls != 2; });
  programs.write_perf(1, 3);
  EXPECT_EQ(perf.consume(), 2U);
  EXPECT_TRUE(test::is_readable(perf.epoll_fd(), 10s));
  perf.for_each<Event>([&, once = std::make_unique<int>(-1)](std::uint32_t, const Event&) mutable {
    return *std::exchange(once, std::make_unique<int>(0));
  });
  programs.write_perf(4, 2);
  EXPECT_EQ(perf.consume(), 1U);
  EXPECT_EQ(perf.consume(), 2U);
}

TEST(PerfBufferRecord, OfVariableLengthIsShownAsAnEventAndTheRest) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  std::vector<std::size_t> rests;
  perf.for_each<std::uint64_t>([&](const std::uint64_t& number, BytesView rest) {
    EXPECT_EQ(number, 7U);
    rests.push_back(rest.size());
  });
  programs.write_perf(7, 1);
  EXPECT_EQ(perf.consume(), 1U);
  perf.for_each<std::uint64_t>([&](std::uint32_t cpu, const std::uint64_t&, BytesView rest) {
    EXPECT_EQ(cpu, 0U);
    rests.push_back(rest.size());
  });
  programs.write_perf(7, 1);
  EXPECT_EQ(perf.consume(), 1U);
  EXPECT_EQ(rests, (std::vector<std::size_t>{12, 12})) << "20 bytes with the padding";
}

TEST(PerfBufferWake, EndsAPoll) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 1};
  perf.for_each([](BytesView) {});
  perf.wake();
  EXPECT_LT(time_of([&] { EXPECT_EQ(perf.poll(10s), 0U); }), 5s);
  EXPECT_GE(time_of([&] { EXPECT_EQ(perf.poll(20ms), 0U); }), 19ms) << "once";
  std::thread other{[&] {
    std::this_thread::sleep_for(20ms);
    perf.close();
  }};
  EXPECT_LT(time_of([&] { EXPECT_EQ(perf.poll(-1ms), 0U); }), 5s);
  other.join();
  EXPECT_TRUE(perf.closed());
  programs.write_perf(1, 1);
  EXPECT_EQ(perf.poll(-1ms), 1U);
  EXPECT_EQ(perf.poll(-1ms), 0U);
}

TEST(PerfBuffer, KnowsWhatWaits) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 2};
  perf.for_each([](BytesView) {});
  EXPECT_EQ(perf.buffer_size(), perf.cpus().size() * 2 * 4096);
  EXPECT_EQ(perf.bytes_waiting(), 0U);
  programs.write_perf(1, 2);
  EXPECT_EQ(perf.bytes_waiting(), 2U * 32);
  perf.consume();
  EXPECT_EQ(perf.bytes_waiting(), 0U);
  PerfBuffer& same = perf;
  perf = std::move(same);
  EXPECT_TRUE(perf);
  (void)test::told(Errc::no_map,
                   [](auto&... ec) { (void)PerfBuffer{}.cpus_without_buffer(ec...); });
}

bool reads_all(std::uint32_t events) {
  constexpr std::size_t wanted = 2000;
  const RingPrograms programs;
  PerfBuffer perf{programs.perf(), 8};
  std::size_t seen = 0;
  perf.for_each([&](BytesView) { ++seen; });
  const sys::UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  ::epoll_event event{};
  event.events = events;
  EXPECT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, perf.epoll_fd(), &event), 0);
  std::atomic<bool> over = false;
  std::thread writer{[&] {
    while (!over) programs.write_perf(1, 1);
  }};
  bool hangs = false;
  while (seen < wanted && !hangs) {
    hangs = ::epoll_wait(epoll.get(), &event, 1, 2000) == 0;
    // A level-triggered loop may take a few at a time.
    if ((events & EPOLLET) == 0)
      perf.consume(3);
    else
      while (perf.consume() != 0) {
      }
  }
  over = true;
  writer.join();
  return !hangs;
}

TEST(PerfBufferEpollFd, LosesNoWakeUp) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(reads_all(EPOLLIN | EPOLLET)) << round;
    ASSERT_TRUE(reads_all(EPOLLIN)) << round;
  }
}

// --- after fork(2) ---

TEST(PerfBufferAfterFork, IsTheParents) {
  if (!RingPrograms::load()) GTEST_SKIP() << RingPrograms::needs;
  const RingPrograms programs;
  std::optional<PerfBuffer> perf{std::in_place, programs.perf(), std::size_t{1}};
  Numbers seen;
  perf->for_each<Event>(into(seen));
  programs.write_perf(1, 1);
  const auto use_and_destroy = [&] {
    EXPECT_TRUE(test::contains(test::told(ESTALE, [&](auto&... ec) { perf->consume(ec...); }),
                               "it was opened before fork(2)"));
    (void)test::told(ESTALE, [&](auto&... ec) { perf->poll(10s, ec...); });
    (void)test::told(ESTALE, [&](auto&... ec) { perf->pause(ec...); });
    (void)test::told(ESTALE, [&](auto&... ec) { (void)perf->cpus_without_buffer(ec...); });
    (void)test::told(ESTALE, [&](auto&... ec) { perf->add_online_cpus(ec...); });
    EXPECT_EQ(perf->bytes_waiting(), 0U);
    perf->close();
    perf.reset();
  };
  test::in_child(use_and_destroy);
  test::in_cloned_child(use_and_destroy);
  EXPECT_FALSE(perf->closed());
  EXPECT_EQ(programs.write_perf(2, 2), 0U) << "the slots are still filled";
  EXPECT_EQ(perf->poll(10s), 3U);
  EXPECT_EQ(seen, numbers(1, 3));
}

}  // namespace
}  // namespace bpfmap
