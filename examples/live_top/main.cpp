// SPDX-License-Identifier: MIT
// The busiest flows of a large map that changes all the time, once a second. A program in the
// kernel finds them; only they leave the kernel. Beside it, the CPU time of the scan that it
// replaces.
// Run it as root: build/live_top [--entries N] [--seconds N]
#include <fmt/format.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/in_kernel/in_kernel.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <random>
#include <thread>
#include <vector>

namespace {

struct Flow {
  std::uint32_t source;  // in machine order
  std::uint16_t port;
  std::uint16_t protocol;
};
struct FlowStats {
  std::uint64_t packets;
  std::uint64_t bytes;
};
using FlowTable = bpfmap::HashMap<Flow, FlowStats>;

constexpr std::uint32_t shown = 5;

Flow flow_of(std::uint32_t number) {
  return {0x0a000000 + number, static_cast<std::uint16_t>(1024 + number % 50000), 6};
}

FlowTable make_table(std::uint32_t entries) {
  auto table = FlowTable::create({.max_entries = entries, .name = "flows"});
  std::vector<Flow> flows;
  for (std::uint32_t i = 0; i < entries; ++i) flows.push_back(flow_of(i));
  const std::vector<FlowStats> stats(entries, FlowStats{1, 60});
  bpfmap::update_batch(table, flows, stats);
  return table;
}

// What a program that counts packets does: adds to random flows, most of all to 10.0.0.7.
void count_packets(const FlowTable& table, std::uint32_t entries, const std::atomic<bool>& stop) {
  auto fast = bpfmap::in_kernel(table);  // a handle for each thread
  std::minstd_rand random{1};
  std::vector<Flow> flows(256);
  const std::vector<std::uint64_t> packets(flows.size(), 1);
  const std::vector<std::uint64_t> bytes(flows.size(), 1500);
  while (!stop) {
    for (Flow& flow : flows)
      flow = flow_of(random() % 4 == 0 ? 7U : static_cast<std::uint32_t>(random() % entries));
    fast.fetch_add(flows, &FlowStats::packets, packets);
    fast.fetch_add(flows, &FlowStats::bytes, bytes);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

// The CPU time of this thread, system calls included, that `work` takes.
template <class Work>
double milliseconds_of(Work work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  };
  const double begin = now();
  work();
  return now() - begin;
}

double scan(const FlowTable& table) {
  return milliseconds_of([&] {
    std::vector<std::uint64_t> busiest(shown);
    for (const auto& [flow, stats] : table) {
      const auto least = std::min_element(busiest.begin(), busiest.end());
      *least = std::max(*least, stats.bytes);
    }
  });
}

void show(const FlowTable& table, int seconds) {
  auto fast = bpfmap::in_kernel(table);
  for (int second = 0; second < seconds; ++second) {
    std::this_thread::sleep_for(std::chrono::seconds{1});
    const double by_top = milliseconds_of([&] {
      const auto busiest = fast.top(shown, bpfmap::value(&FlowStats::bytes));
      fmt::print("{:<22} {:>10} {:>12}\n", "flow", "packets", "bytes");
      for (std::size_t i = 0; i < busiest.size(); ++i) {
        const auto& [flow, stats] = busiest.entries[i];
        fmt::print("{:<22} {:>10} {:>12}\n",
                   fmt::format("{}.{}.{}.{} :{}", flow.source >> 24, flow.source >> 16 & 0xff,
                               flow.source >> 8 & 0xff, flow.source & 0xff, flow.port),
                   stats.packets, stats.bytes);
      }
    });
    fmt::print("CPU time: {:.1f} ms by top(), {:.1f} ms by a scan{}\n\n", by_top, scan(table),
               fast.query_status().engine == bpfmap::Engine::kernel ? "" : " (both system calls)");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint32_t entries = 100'000;
  int seconds = 3;
  CLI::App app{"Shows the busiest flows of a live map."};
  app.add_option("--entries", entries, "Flows in the map")
      ->check(CLI::Range(100, 1'000'000))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "How long to run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto table = make_table(entries);
  std::atomic<bool> stop{false};
  std::thread counter{[&] {
    try {
      count_packets(table, entries, stop);
    } catch (const std::exception& error) {
      fmt::print(stderr, "live_top: {}\n", error.what());
    }
  }};
  try {
    show(table, seconds);
  } catch (...) {
    stop = true;
    counter.join();
    throw;
  }
  stop = true;
  counter.join();
} catch (const std::exception& error) {
  fmt::print(stderr, "live_top: {}\n", error.what());
  return 1;
}
