// SPDX-License-Identifier: MIT
// The BPF program, its maps, and what they hold.
#pragma once

#include <bpfmap/bpfmap.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "syscall_top.h"

struct syscall_top;  // the skeleton

// The calls of one kind that one process made.
struct Row {
  std::uint32_t pid;
  std::string comm;
  std::string syscall;
  std::uint64_t count;  // since the beginning
  double rate;          // calls per second since the last sample
};

struct Sample {
  std::vector<Row> rows;      // the busiest first
  std::size_t active = 0;     // rows there would be without a limit
  double rate = 0;            // calls per second of the whole machine
  std::uint64_t dropped = 0;  // calls not counted because the map was full, since the beginning
};

class Sampler {
 public:
  // Loads and attaches the BPF program; throws std::exception.
  Sampler();

  // Returns the calls since the last sample, in at most `max_rows` rows.
  Sample take(std::size_t max_rows);

 private:
  using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as bpf_ktime_get_ns()
  struct Destroy {
    void operator()(syscall_top* skeleton) const;
  };
  struct Active {
    Call call;
    std::uint64_t count;
    std::uint64_t calls;  // since the last sample
  };

  std::vector<Active> scan(Clock::time_point now);
  std::string comm(std::uint32_t pid) const;

  std::unique_ptr<syscall_top, Destroy> skeleton_;
  bpfmap::PerCpuHashMap<Call, Counts> counts_;
  bpfmap::HashMap<std::uint32_t, Process> processes_;
  bpfmap::PerCpuArrayMap<Totals> totals_;

  Clock::time_point last_time_;
  std::uint64_t last_total_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> last_counts_;
};
