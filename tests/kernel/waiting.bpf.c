// SPDX-License-Identifier: MIT
// Programs that stay for as long as user space lets them: one that spins, and one that sleeps.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

volatile __u32 started = 0;
volatile __u32 stop = 0;
volatile __u32 ended = 0;
__u64 address = 0;  // what the sleepable program reads

static long spin(__u32 index, __u64* end) { return stop != 0 || bpf_ktime_get_ns() >= *end; }
static long spin_more(__u32 index, __u64* end) {
  bpf_loop(1 << 20, spin, end, 0);
  return stop != 0 || bpf_ktime_get_ns() >= *end;
}

// Until `stop`, or for ten seconds.
SEC("xdp")
int spins(struct xdp_md* ctx) {
  __u64 end = bpf_ktime_get_ns() + 10000000000ULL;
  started = 1;
  bpf_loop(1 << 12, spin_more, &end, 0);
  ended = 1;
  return 2;
}

SEC("syscall")
int spins_sleepable(void* ctx) {
  __u64 end = bpf_ktime_get_ns() + 10000000000ULL;
  started = 1;
  bpf_loop(1 << 12, spin_more, &end, 0);
  ended = 1;
  return 2;
}

// Until the memory at `address` can be read.
SEC("syscall")
int sleeps(void* ctx) {
  __u64 value = 0;
  started = 1;
  if (bpf_copy_from_user(&value, sizeof value, (const void*)address) != 0) return 1;
  return (int)value;
}
