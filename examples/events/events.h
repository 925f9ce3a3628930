// SPDX-License-Identifier: MIT
// A program that was run, as the BPF program and the C++ program see it.
#pragma once

#include <linux/types.h>

struct Exec {
  __u64 time_ns;   // CLOCK_MONOTONIC
  __u32 pid;       // the process
  __u32 uid;       // its user
  char comm[16];   // its name
  char file[128];  // the program's file, perhaps cut off
};
