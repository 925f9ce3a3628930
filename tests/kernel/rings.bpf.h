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

// An event with bytes behind it.
struct rings_long_event {
  struct rings_event event;
  __u8 rest[24];
};

struct rings_request {
  __u64 first;    // the first record's number
  __u32 count;    // records to write; samples that were drained
  __u32 size;     // of a record: of struct rings_event, of struct rings_long_event, or else 5 bytes
  __u32 second;   // to which map
  __u32 dropped;  // records that found no room
  __u64 flags;    // of bpf_ringbuf_output() and bpf_user_ringbuf_drain()
  __u32 discard;  // the records are reserved and discarded
  __u32 hold;     // iterations of an empty loop between reserving and submitting a record
  __s64 result;   // of the drain
};
