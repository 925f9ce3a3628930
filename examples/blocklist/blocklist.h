// SPDX-License-Identifier: MIT
// What happens to the packets of a prefix. Shared by the BPF program and the C++ program.
#pragma once

#include <linux/types.h>

struct Rule {
  __u32 pass;  // 0: its packets are dropped
  __u32 pad;
  __u64 packets;
};
