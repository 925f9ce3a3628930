// SPDX-License-Identifier: MIT
// Fills the ring buffer that is measured.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "rings.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, RINGS_RECORDS * 64);
} records SEC(".maps");

static long write_record(__u32 index, void* context) {
  struct rings_record record = {.number = index, .time = 1, .pid = 2, .cpu = 3};
  // Nobody waits: a wake-up would be measured as well.
  bpf_ringbuf_output(&records, &record, sizeof record, BPF_RB_NO_WAKEUP);
  return 0;
}

SEC("syscall")
int fill(void* context) {
  bpf_loop(RINGS_RECORDS, write_record, 0, 0);
  return 0;
}
