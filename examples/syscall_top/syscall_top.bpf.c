// SPDX-License-Identifier: MIT
// Counts the system calls of the whole machine, by process and call.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "syscall_top.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct Call);
  __type(value, struct Counts);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u32);
  __type(value, struct Process);
} processes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct Totals);
} totals SEC(".maps");

// A process is called what its main thread is; another thread's name has to do until that is seen.
static __always_inline void name_process(__u64 pid_tgid) {
  const __u32 tgid = pid_tgid >> 32;
  struct Process process = {};

  bpf_get_current_comm(process.comm, sizeof(process.comm));
  bpf_map_update_elem(&processes, &tgid, &process, (__u32)pid_tgid == tgid ? BPF_ANY : BPF_NOEXIST);
}

static __always_inline struct Counts* find_or_add(const struct Call* call) {
  struct Counts* found = bpf_map_lookup_elem(&counts, call);
  if (found) return found;

  struct Counts none = {};
  bpf_map_update_elem(&counts, call, &none, BPF_NOEXIST);
  return bpf_map_lookup_elem(&counts, call);
}

SEC("raw_tp/sys_enter")
int count_call(struct bpf_raw_tracepoint_args* ctx) {
  const __u64 pid_tgid = bpf_get_current_pid_tgid();
  const struct Call call = {.tgid = pid_tgid >> 32, .number = ctx->args[1]};
  const __u32 zero = 0;

  struct Totals* total = bpf_map_lookup_elem(&totals, &zero);
  if (!total) return 0;
  total->calls++;

  struct Counts* count = find_or_add(&call);
  if (!count) {
    total->dropped++;
    return 0;
  }
  // Anew with each first call: an exec gives a process another name, and other calls.
  if (count->count == 0 || !bpf_map_lookup_elem(&processes, &call.tgid)) name_process(pid_tgid);
  count->count++;
  count->last_ns = bpf_ktime_get_ns();
  return 0;
}
