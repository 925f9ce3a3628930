// SPDX-License-Identifier: MIT
// What rings.bpf.c writes and reads, as it and the tests see it.
#pragma once

#include <linux/types.h>

struct rings_event {
  __u64 number;
  __u32 cpu;
  __u8 tag;
  __u8 pad[3];
};

struct rings_request {
  __u64 first;    // the first record's number
  __u32 count;    // records to write; samples that were drained
  __u32 size;     // of a record: sizeof(struct rings_event), or else 5 bytes
  __u32 second;   // to which map
  __u32 dropped;  // records that found no room
  __s64 result;   // of the drain
};
