// SPDX-License-Identifier: MIT
// Churn, walks, drains, rings and openings, over and over: the process has afterwards what it had
// before. BPFMAP_SOAK_SECONDS sets how long: 5 by default, hours by hand.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"
#include "program.hpp"
#include "rings.hpp"
#include "sanitizers.hpp"

namespace bpfmap {
namespace {

using test::Event;

// Objects of this process alone are counted: other processes make some, too.
struct Possessions {
  std::size_t descriptors;
  std::size_t mappings;
  std::size_t resident_kib;
};

std::size_t count_lines(const char* path) {
  std::ifstream file{path};
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

std::size_t resident_kib() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

Possessions possessions() {
  return {test::open_descriptors(), count_lines("/proc/self/maps"), resident_kib()};
}

// Whether a map or program with this id is still there. The kernel frees one some time after its
// last descriptor is closed.
bool is_gone(const std::function<int(std::uint32_t)>& open, std::uint32_t id) {
  for (int i = 0; i < 1000; ++i) {
    const sys::UniqueFd fd{open(id)};
    if (!fd) return true;
    ::usleep(10'000);
  }
  return false;
}

class Work {
 public:
  void round() {
    churn();
    walks();
    rings();
    openings();
    ++rounds_;
  }
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_; }

  // The last of each, which are closed.
  std::uint32_t map = 0;
  std::uint32_t program = 0;

 private:
  using Flows = HashMap<std::uint32_t, std::uint64_t>;

  void churn() {
    Flows flows = Flows::create({.max_entries = 512, .name = "soak"});
    map = flows.map().info().id;
    for (std::uint32_t i = 0; i < 2000; ++i) {
      flows.update(i % 512, i);
      if (i % 3 == 0) flows.erase((i * 7) % 512);
    }
    auto cpus = PerCpuHashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 64});
    for (std::uint32_t i = 0; i < 64; ++i) cpus.update(i, i);
    std::uint64_t sum = 0;
    for (auto [key, values] : cpus) sum += values.sum() / values.size();
    EXPECT_EQ(sum, 64U * 63 / 2);
  }

  void walks() {
    Flows flows = Flows::create({.max_entries = 4096});
    for (std::uint32_t i = 0; i < 3000; ++i) flows.insert(i, i);
    EXPECT_EQ(count(flows), 3000U);
    EXPECT_EQ(erase_if(flows, [](auto&, auto& value) { return value % 2 == 0; }), 1500U);
    {
      auto half = drain(flows);
      std::size_t taken = 0;
      for (auto [key, value] : half)
        if (key == value && ++taken == 700) break;
    }  // the rest is put back
    EXPECT_EQ(count(flows), 800U);
    (void)parallel_scan(flows, 2, [](auto&, auto&) {});
    EXPECT_EQ(clear(flows), 800U);
    std::error_code ec;
    flows.map().update(Bytes(3), 1, ec);
    EXPECT_EQ(ec, Errc::wrong_key_size);
    EXPECT_FALSE(explain(ec).empty());
  }

  void rings() {
    const test::RingPrograms programs;
    program = programs.program_id();
    RingBuffer ring;
    std::uint64_t seen = 0;
    ring.for_each<Event>(programs.first(), [&](const Event&) { ++seen; });
    RingReader reader{programs.second()};
    EXPECT_EQ(programs.write(0, 50), 0U);
    EXPECT_EQ(programs.write(0, 50, true), 0U);
    EXPECT_EQ(ring.consume(), 50U);
    while (reader.next()) ++seen;
    EXPECT_EQ(seen, 100U);
  }

  void openings() {
    const std::string path = bpffs_.path("soak");
    for (int i = 0; i < 20; ++i) {
      Flows flows = Flows::open_or_create(path, {.max_entries = 16});
      const Flows again = Flows::open_pinned(path);
      const Flows by_id = Flows::from_id(again.map().info().id);
      flows.update(1, 2);
      EXPECT_EQ(by_id.lookup(1), 2U);
      std::error_code ec;
      EXPECT_FALSE(Map::open_pinned(bpffs_.path("none"), ec));
      if (i % 4 == 3) {
        EXPECT_TRUE(Map::unpin(path));
      }
    }
  }

  test::PrivateBpffs bpffs_;
  std::uint64_t rounds_ = 0;
};

std::chrono::seconds duration() {
  const char* const text = std::getenv("BPFMAP_SOAK_SECONDS");
  return std::chrono::seconds{text == nullptr ? 5 : std::atoi(text)};
}

TEST(Soak, LeavesTheProcessWithWhatItHad) {
  Work soak;
  for (int i = 0; i < 3; ++i) soak.round();  // first uses take what stays
  const Possessions before = possessions();
  const auto end = std::chrono::steady_clock::now() + duration();
  while (std::chrono::steady_clock::now() < end && !testing::Test::HasFailure()) soak.round();
  const Possessions after = possessions();
  std::cout << soak.rounds() << " rounds, " << after.resident_kib << " KiB\n";
  EXPECT_EQ(after.descriptors, before.descriptors);
#if !BPFMAP_SANITIZED  // they keep freed memory for a while
  EXPECT_LE(after.mappings, before.mappings + 4) << "the allocator has some, too";
  EXPECT_LE(after.resident_kib, before.resident_kib + 2048);
#endif
  EXPECT_TRUE(is_gone([](auto id) { return ::bpf_map_get_fd_by_id(id); }, soak.map));
  EXPECT_TRUE(is_gone([](auto id) { return ::bpf_prog_get_fd_by_id(id); }, soak.program));
}

}  // namespace
}  // namespace bpfmap
