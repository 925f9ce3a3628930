// SPDX-License-Identifier: MIT
// Keys and values of the maps. Shared by the BPF program and the C++ program.
#pragma once

#include <linux/types.h>

struct Call {
  __u32 tgid;    // the process
  __u32 number;  // the system call
};

struct Counts {
  __u64 count;
  __u64 last_ns;  // CLOCK_MONOTONIC
};

struct Process {
  char comm[16];
};

struct Totals {
  __u64 calls;
  __u64 dropped;  // not counted, because `counts` is full
};
