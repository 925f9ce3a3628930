// SPDX-License-Identifier: MIT
// The global variables of shared.bpf.c, as it and its test see them.
#pragma once

#include <linux/types.h>

struct shared_totals {
  __u64 packets;
  __u64 bytes;
};

struct shared_settings {
  __u64 step;
  __u32 last_index;
  __u32 pad;
};

struct shared_limits {
  __u32 most_cells;
  __u32 magic;
};
