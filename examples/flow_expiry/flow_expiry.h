/* SPDX-License-Identifier: MIT */
/* Keys and values. Shared by the BPF program and the C++ program. */
#pragma once

#include <linux/types.h>

/* The padding is named: a hash compares keys byte by byte. */
struct Flow {
  __u32 source;
  __u32 destination;
  __u16 source_port;
  __u16 destination_port;
  __u8 protocol;
  __u8 pad[3];
};

struct FlowState {
  __u64 packets;
  __u64 bytes;
  __u64 last_seen_ns; /* CLOCK_MONOTONIC */
};
