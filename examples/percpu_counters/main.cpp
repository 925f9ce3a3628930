// SPDX-License-Identifier: MIT
// Per-CPU maps: a BPF program counts system calls, and each CPU has a slot of its own. This program
// writes the slots, polls them without an allocation and adds them up.
// Run it as root: build/percpu_counters
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <system_error>
#include <thread>

#include "percpu_counters.h"
#include "percpu_counters.skel.h"

namespace {

using CallsByCpu = bpfmap::PerCpuValues<Calls>;
using Skeleton = std::unique_ptr<percpu_counters, decltype(&percpu_counters__destroy)>;

void check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

void print(const CallsByCpu& calls) {
  for (std::size_t i = 0; i < calls.size(); ++i)
    std::cout << "CPU " << calls.cpu(i) << ": " << calls[i].total << " calls, " << calls[i].failed
              << " failed\n";
  std::cout << "all: " << calls.sum(&Calls::total) << " calls, " << calls.sum(&Calls::failed)
            << " failed\n\n";
}

// Both ways to write a per-CPU value.
void write(bpfmap::PerCpuArrayMap<Calls>& map) {
  map.update(0, Calls{.total = 0, .failed = 0});  // the same value to every CPU

  CallsByCpu values;
  for (std::size_t i = 0; i < values.size(); ++i)
    values.set(i, {.total = 1000 * (i + 1), .failed = 1});
  map.update(0, values);  // each CPU its own
  print(map.lookup(0));
}

void poll(const bpfmap::PerCpuArrayMap<Calls>& map) {
  CallsByCpu values;  // made once: the loop allocates nothing
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    map.lookup_into(0, values);
    print(values);
  }
}

}  // namespace

int main() try {
  const Skeleton skeleton{percpu_counters__open_and_load(), &percpu_counters__destroy};
  check(skeleton != nullptr, "loading the BPF program");
  bpfmap::PerCpuArrayMap<Calls> calls{bpfmap::from(skeleton->maps.calls)};
  const bpfmap::PerCpuHashMap<std::uint32_t, std::uint64_t> errnos{
      bpfmap::from(skeleton->maps.errnos)};

  write(calls);
  check(percpu_counters__attach(skeleton.get()) == 0, "attaching the BPF program");
  poll(calls);
  for (auto [error, counts] : errnos)
    std::cout << counts.sum() << " times " << std::strerror(static_cast<int>(error)) << '\n';
} catch (const std::exception& error) {
  std::cerr << "percpu_counters: " << error.what() << '\n';
  return 1;
}
