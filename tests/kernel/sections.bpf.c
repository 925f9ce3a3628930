// SPDX-License-Identifier: MIT
// Sections of every shape that clang makes, and a map for user space to provide.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "sections.h"

// .bss is 9 bytes, its C struct 16.
__u64 hits;
char seen;

// A struct of 16 bytes that begins .data, with a static variable behind it.
__u64 limit = 5;
__u64 step = 1;
static volatile __u32 hidden = 42;

// Resized before the load, to as many as the machine has CPUs.
__u64 started_at[1] SEC(".data.started");

struct line lines[4] SEC(".data.lines") = {{1}, {2}, {3}, {4}};

// Static variables of functions.
static __attribute__((noinline)) __u32 first_calls(void) {
  static volatile __u32 calls SEC(".data.calls") = 100;
  return ++calls;
}
static __attribute__((noinline)) __u32 second_calls(void) {
  static volatile __u32 calls SEC(".data.calls") = 200;
  return ++calls;
}

// Begins and ends with a page of its own.
struct page page SEC(".data.page") = {{7}};
char behind_page SEC(".data.page") = 8;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 4);
} counts SEC(".maps");

SEC("raw_tp")
int mark(void* ctx) {
  const __u32 key = 1;
  __u64* count = bpf_map_lookup_elem(&counts, &key);
  if (count) *count += step;
  hits += step;
  seen = 1;
  lines[2].value += hidden;
  *(volatile __u64*)started_at = limit;
  first_calls();
  second_calls();
  ++*(volatile char*)&behind_page;
  ++*(volatile __u64*)&page.first.value;
  return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
