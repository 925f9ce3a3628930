// SPDX-License-Identifier: MIT
// What becomes of the packets of a prefix, as the BPF program and the C++ program see it.
#pragma once

#include <linux/types.h>

struct Rule {
  __u32 pass;  // 0: its packets are dropped
  __u32 pad;
  __u64 packets;
};
