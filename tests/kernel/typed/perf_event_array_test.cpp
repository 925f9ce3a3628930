// SPDX-License-Identifier: MIT
// PerfEventArray: events that programs really write to.
#include "bpfmap/typed/perf_event_array.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "program.hpp"
#include "refusals.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

// An event of this thread, on whatever CPU it is, that programs write records to.
class Event {
 public:
  explicit Event(bool inherited = false) {
    perf_event_attr attr;
    std::memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_BPF_OUTPUT;
    attr.sample_type = PERF_SAMPLE_RAW;
    attr.wakeup_events = 1;
    attr.inherit = inherited;
    fd_.reset(
        static_cast<int>(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    EXPECT_TRUE(fd_) << std::strerror(errno);
    if (inherited) return;  // which cannot be mapped
    page_ = ::mmap(nullptr, room(), PROT_READ | PROT_WRITE, MAP_SHARED, fd(), 0);
    EXPECT_NE(page_, MAP_FAILED) << std::strerror(errno);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (page_ != nullptr) ::munmap(page_, room());
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  // Bytes that programs have written.
  [[nodiscard]] std::uint64_t written() const {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return static_cast<const volatile perf_event_mmap_page*>(page_)->data_head;
  }

 private:
  static std::size_t room() { return 2 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }
  sys::UniqueFd fd_;
  void* page_ = nullptr;
};

// Writes 8 bytes to the event at `index`; what the helper returns, as the program's result.
sys::UniqueFd load_writer(const PerfEventArray& map, std::int32_t index) {
  const auto load = test::load_map(2, map.map().fd());
  const std::array code{
      test::instruction(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0x1234),
      load[0],
      load[1],
      test::load_number(3, index),
      test::instruction(BPF_ALU64 | BPF_MOV | BPF_X, 4, 10),  // r4 = &bytes
      test::instruction(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, -8),
      test::load_number(5, 8),
      test::call_helper(BPF_FUNC_perf_event_output),
      test::leave(),
  };
  return test::load_program(code, {.type = BPF_PROG_TYPE_RAW_TRACEPOINT, .license = "GPL"});
}

std::int32_t run(const sys::UniqueFd& writer) {
  return static_cast<std::int32_t>(test::run_program(writer.get(), false));
}

PerfEventArray make(MapFlags flags = MapFlags::none) {
  return PerfEventArray::create({.max_entries = 4, .flags = flags, .name = "events"});
}

TEST(PerfEventArray, IsMadeWithItsTypeAndSizes) {
  test::expect_made_and_refused<PerfEventArray>({.max_entries = 4, .name = "events"},
                                                MapType::perf_event_array, 4);
}

TEST(PerfEventArray, HoldsTheEventThatAProgramWritesTo) {
  PerfEventArray map = make();
  const sys::UniqueFd writer = load_writer(map, 2);
  EXPECT_EQ(run(writer), -ENOENT);

  const Event first;
  map.set(2, first.fd());
  EXPECT_EQ(run(writer), 0);
  const std::uint64_t once = first.written();
  EXPECT_GT(once, 8U);

  const Event second;
  std::error_code ec = Errc::invalid_name;
  map.set(2, second.fd(), ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(run(writer), 0);
  EXPECT_EQ(first.written(), once);
  EXPECT_EQ(second.written(), once);

  EXPECT_TRUE(map.erase(2));
  EXPECT_EQ(run(writer), -ENOENT);
  EXPECT_FALSE(map.erase(2));
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.erase(2, ec));
  EXPECT_EQ(ec, std::error_code{});
}

// What a second descriptor of the map wrote goes with it.
TEST(PerfEventArray, LosesAnEventWithTheDescriptorThatWroteIt) {
  const Event event;
  for (const MapFlags flags : {MapFlags::none, MapFlags::preserve_elems}) {
    PerfEventArray map = make(flags);
    const sys::UniqueFd writer = load_writer(map, 0);
    {
      PerfEventArray other{Map::from_id(map.map().info().id)};
      other.set(0, event.fd());
      EXPECT_EQ(run(writer), 0);
    }
    EXPECT_EQ(run(writer), flags == MapFlags::none ? -ENOENT : 0);
    EXPECT_EQ(map.erase(0), flags == MapFlags::preserve_elems);
  }
}

// A duplicate is the same open file.
TEST(PerfEventArray, KeepsTheEventsThatADuplicateWrote) {
  const Event event;
  PerfEventArray map = make();
  PerfEventArray{map.map().duplicate()}.set(0, event.fd());
  EXPECT_TRUE(map.erase(0));
}

TEST(PerfEventArray, TellsWhatIsNoEvent) {
  PerfEventArray map = make();
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(0, map.map().fd(), ec...); }),
                       "is not an open descriptor of a perf event (see perf_event_open(2))"));
  EXPECT_TRUE(
      contains(told(EBADF, [&](auto&... ec) { map.set(0, -1, ec...); }), "the value, -1, "));
  const Event inherited{true};
  EXPECT_TRUE(contains(told(EOPNOTSUPP, [&](auto&... ec) { map.set(0, inherited.fd(), ec...); }),
                       "is not a perf event that a program can write to"));
  EXPECT_FALSE(map.erase(0));
}

TEST(PerfEventArray, RefusesAnIndexOutOfRange) {
  PerfEventArray map = make();
  const Event event;
  test::expect_index_told([&](auto&... ec) { map.set(4, event.fd(), ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.erase(4, ec...); });
}

TEST(PerfEventArray, HasASlotForEachPossibleCpuUnlessMaxEntriesIsGiven) {
  const auto cpus = static_cast<std::uint32_t>(sys::possible_cpus().size());
  PerfEventArray map = PerfEventArray::create({.name = "events"});
  EXPECT_EQ(map.map().info().max_entries, cpus);
  EXPECT_EQ(map.max_entries(), cpus);
  const Event event;
  map.set(cpus - 1, event.fd());
  EXPECT_EQ(PerfEventArray::create({.max_entries = cpus + 3}).max_entries(), cpus + 3);
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("events");
  const auto pinned = PerfEventArray::open_or_create(path, {.name = "events"});
  EXPECT_EQ(pinned.max_entries(), cpus);
  EXPECT_EQ(PerfEventArray::open_or_create(path, {.name = "events"}).map().info().id,
            pinned.map().info().id);
}

TEST(PerfEventArray, TakesAnyIntegerTypeAsIndex) {
  PerfEventArray map = make();
  const Event event;
  map.set(std::int64_t{1}, event.fd());
  test::expect_integer_told([&](auto index, auto&... ec) { map.set(index, event.fd(), ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.erase(index, ec...); });
  EXPECT_FALSE(map.erase(0));
  EXPECT_FALSE(map.erase(std::uint64_t{2}));
  EXPECT_TRUE(map.erase(std::uint8_t{1})) << "nothing else is written or erased";
}

TEST(PerfEventArray, RefusesEverythingWithoutAMap) {
  PerfEventArray map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.erase(0, ec...); });
}

}  // namespace
}  // namespace bpfmap
