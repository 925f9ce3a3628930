// SPDX-License-Identifier: MIT
// A connection table that a BPF program fills, expired every second with erase_if. The traffic is
// this program's own, on a loopback device of its own: many short flows and a long one.
// Run it as root: build/flow_expiry [--seconds N] [--timeout S]
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>

#include "flow_expiry.h"
#include "flow_expiry.skel.h"
#include "loopback.hpp"

namespace {

using FlowTable = bpfmap::HashMap<Flow, FlowState>;
using Skeleton = std::unique_ptr<flow_expiry, decltype(&flow_expiry::destroy)>;

Skeleton attach(int ifindex) {
  Skeleton skeleton{flow_expiry::open_and_load(), &flow_expiry::destroy};
  if (!skeleton) throw std::system_error{errno, std::generic_category(), "load the BPF program"};
  skeleton->links.track = bpf_program__attach_xdp(skeleton->progs.track, ifindex);
  if (skeleton->links.track == nullptr)
    throw std::system_error{errno, std::generic_category(), "attach the BPF program"};
  return skeleton;
}

// The clock of bpf_ktime_get_ns().
std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// A second of traffic: twenty flows of one packet each, and the long one going on.
void make_traffic(const Sender& long_flow) {
  for (int i = 0; i < 20; ++i) {
    Sender{}.send();
    long_flow.send();
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

bool is_alive(const FlowTable& table, std::uint16_t port) {
  return bpfmap::count_if(table, [port](const Flow& flow, const FlowState&) {
           return flow.source_port == port;
         }) == 1;
}

void run(int seconds, double timeout) {
  const auto skeleton = attach(own_loopback());
  FlowTable table{bpfmap::from(skeleton->maps.flows)};
  const Sender long_flow;
  std::uint64_t total = 0;
  for (int second = 1; second <= seconds; ++second) {
    make_traffic(long_flow);
    const std::uint64_t oldest = now_ns() - static_cast<std::uint64_t>(timeout * 1e9);
    const std::uint64_t before = bpfmap::count(table);
    const std::uint64_t expired = bpfmap::erase_if(
        table,
        [oldest](const Flow&, const FlowState& state) { return state.last_seen_ns < oldest; });
    total += expired;
    fmt::print("{:>3} s: {} flows, {} expired, {} left\n", second, before, expired,
               bpfmap::count(table));
  }
  fmt::print("expired {} flows in all, the long one is {}\n", total,
             is_alive(table, long_flow.port()) ? "alive" : "gone");
}

}  // namespace

int main(int argc, char** argv) try {
  int seconds = 10;
  double timeout = 2;
  CLI::App app{"Keeps a table of UDP flows and expires those that are silent."};
  app.add_option("--seconds", seconds, "How long to run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--timeout", timeout, "Seconds of silence after which a flow expires")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  run(seconds, timeout);
} catch (const std::exception& error) {
  fmt::print(stderr, "flow_expiry: {}\n", error.what());
  return 1;
}
