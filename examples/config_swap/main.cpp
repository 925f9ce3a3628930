// SPDX-License-Identifier: MIT
// A map of maps: replaces a configuration of many rules at once while a BPF program runs. The
// program sees the old rules or the new ones, never a mix. It runs on made-up packets
// (BPF_PROG_TEST_RUN) and is attached to nothing.
// Run it as root: build/config_swap
#include <bpf/bpf.h>

#include <array>
#include <atomic>
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>

#include "config_swap.h"
#include "config_swap.skel.h"

namespace {

using Config = bpfmap::ArrayMap<Rule>;
using Configs = bpfmap::HashOfMaps<std::uint32_t, Config>;
using Skeleton = std::unique_ptr<config_swap, decltype(&config_swap__destroy)>;

constexpr std::uint32_t tenant = 1;
constexpr std::uint32_t versions = 100;

void check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

void write_rules(Config& config, std::uint32_t version) {
  for (std::uint32_t i = 0; i < rule_count; ++i)
    config.update(i, {.version = version, .packets_per_second = 100 * version + i});
}

Config make_config(std::uint32_t version) {
  Config config = Config::create({.max_entries = rule_count, .name = "config"});
  write_rules(config, version);
  return config;
}

// A thread that runs the program on packets until it is destroyed.
class Traffic {
 public:
  explicit Traffic(int program) : thread_([this, program] { run(program); }) {}
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic() {
    done_ = true;
    thread_.join();
  }

 private:
  void run(int program) const {
    std::array<char, 64> packet{};
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet.data();
    options.data_size_in = packet.size();
    options.repeat = 100;
    do {
      bpf_prog_test_run_opts(program, &options);
    } while (!done_);
  }

  std::atomic<bool> done_ = false;
  std::thread thread_;  // last: it uses the members above
};

template <class Change>
void show(const char* how, Skeleton& skeleton, Change change) {
  bpfmap::PerCpuArrayMap<Seen> seen{bpfmap::from(skeleton->maps.seen)};
  seen.update(0, Seen{});
  {
    const Traffic traffic{bpf_program__fd(skeleton->progs.apply)};
    for (std::uint32_t version = 1; version <= versions; ++version) change(version);
  }
  const auto counts = seen.lookup(0);
  std::cout << versions << " configurations " << how << ": " << counts.sum(&Seen::whole)
            << " packets saw one, " << counts.sum(&Seen::mixed) << " a mix, "
            << counts.sum(&Seen::nothing) << " none\n";
}

}  // namespace

int main() try {
  Skeleton skeleton{config_swap__open_and_load(), &config_swap__destroy};
  check(skeleton != nullptr, "loading the BPF program");
  Configs configs{bpfmap::from(skeleton->maps.configs)};
  configs.set(tenant, make_config(0));

  show("swapped", skeleton,
       [&](std::uint32_t version) { configs.set(tenant, make_config(version)); });

  // For comparison: rule by rule, into the map that the program reads.
  std::optional<Config> config = configs.lookup(tenant);
  if (!config) return 1;
  show("written in place", skeleton, [&](std::uint32_t version) { write_rules(*config, version); });
} catch (const std::exception& error) {
  std::cerr << "config_swap: " << error.what() << '\n';
  return 1;
}
