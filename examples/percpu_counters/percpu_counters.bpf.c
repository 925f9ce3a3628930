// SPDX-License-Identifier: MIT
// Counts the system calls that end on each CPU, and those that fail by their errno.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "percpu_counters.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct Calls);
} calls SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u64);
} errnos SEC(".maps");

SEC("raw_tp/sys_exit")
int count_call(struct bpf_raw_tracepoint_args* ctx) {
  const __s64 result = ctx->args[1];
  const __u32 zero = 0;
  struct Calls* count = bpf_map_lookup_elem(&calls, &zero);
  if (!count) return 0;

  count->total++;
  if (result >= 0 || result < -4095) return 0;

  count->failed++;
  const __u32 error = -result;
  const __u64 one = 1;
  __u64* errors = bpf_map_lookup_elem(&errnos, &error);
  if (errors)
    ++*errors;
  else
    bpf_map_update_elem(&errnos, &error, &one, BPF_NOEXIST);
  return 0;
}
