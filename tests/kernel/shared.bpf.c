// SPDX-License-Identifier: MIT
// Counts packets in memory that user space has mapped: an array and the sections of a program.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "shared.h"

// 12 bytes: the next element begins 16 behind it.
struct cell {
  __u32 packets;
  __u32 bytes;
  __u32 seen;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct cell);
  __uint(max_entries, 300);
} cells SEC(".maps");

struct shared_totals totals;                                                        // .bss
struct shared_settings settings = {.step = 1};                                      // .data
const volatile struct shared_limits limits = {.most_cells = 300, .magic = 0x600d};  // .rodata

// A packet begins with the index of its cell.
SEC("xdp")
int count(struct xdp_md* ctx) {
  const void* data = (const void*)(long)ctx->data;
  const void* end = (const void*)(long)ctx->data_end;
  if (data + sizeof(__u32) > end) return XDP_ABORTED;
  const __u32 index = *(const __u32*)data;
  if (index >= limits.most_cells) return XDP_DROP;
  struct cell* cell = bpf_map_lookup_elem(&cells, &index);
  if (!cell) return XDP_ABORTED;

  cell->packets += settings.step;
  cell->bytes += end - data;
  cell->seen = limits.magic;
  settings.last_index = index;
  __sync_fetch_and_add(&totals.packets, settings.step);
  __sync_fetch_and_add(&totals.bytes, end - data);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
