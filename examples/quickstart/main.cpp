// SPDX-License-Identifier: MIT
// A hash map from one struct to another: created, written, read and walked.
// Build it: cmake -S . -B build && cmake --build build
// Run it as root: build/quickstart
#include <bpfmap/bpfmap.hpp>
#include <cstdint>
#include <iostream>

struct FlowKey {
  std::uint32_t src, dst;
};
struct FlowStats {
  std::uint64_t packets, bytes;
};

int main() try {
  auto flows = bpfmap::HashMap<FlowKey, FlowStats>::create({.max_entries = 1024, .name = "flows"});

  const FlowKey key{.src = 0x0a000001, .dst = 0x0a000002};
  flows.insert(key, {.packets = 2, .bytes = 120});
  if (auto stats = flows.lookup(key)) {
    std::cout << "lookup: " << stats->packets << " packets\n";
    flows.update(key, {.packets = stats->packets + 1, .bytes = stats->bytes + 1500});
  }

  for (auto [flow, stats] : flows) {
    std::cout << std::hex << flow.src << " -> " << flow.dst << std::dec << ": " << stats.packets
              << " packets, " << stats.bytes << " bytes\n";
  }
} catch (const bpfmap::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
