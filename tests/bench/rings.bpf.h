// SPDX-License-Identifier: MIT
#pragma once

#include <linux/types.h>

#define RINGS_RECORDS 8192

struct rings_record {
  __u64 number;
  __u64 time;
  __u32 pid;
  __u32 cpu;
  __u64 values[2];
};
