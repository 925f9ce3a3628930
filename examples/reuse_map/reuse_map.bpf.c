// SPDX-License-Identifier: MIT
// Counts one system call of the processes that user space has put into the map.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile __u64 wanted = 0;  // the system call's number

// Not created with this object: the C++ program provides it, as large as it wants.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);  // process
  __type(value, __u64);
} watched SEC(".maps");

SEC("raw_tp/sys_enter")
int count_call(struct bpf_raw_tracepoint_args* ctx) {
  const __u32 process = bpf_get_current_pid_tgid() >> 32;
  __u64* calls = bpf_map_lookup_elem(&watched, &process);
  if (calls && ctx->args[1] == wanted) __sync_fetch_and_add(calls, 1);
  return 0;
}
