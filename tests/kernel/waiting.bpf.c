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

// Programs that look a value up, and write to it when `stop` is set.
struct locked {
  struct bpf_spin_lock lock;
  __u32 pad;
  __u64 count;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct locked);
} preallocated SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} cpu_counts SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} first SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {&first}};

__u64 seen = 0;
volatile __u32 gave_up = 0;  // nobody set `stop` in time: the machine is busy

static __always_inline void wait_for_stop(void) {
  __u64 end = bpf_ktime_get_ns() + 3000000000ULL;
  started = 1;
  bpf_loop(1 << 12, spin_more, &end, 0);
  gave_up = stop == 0;
}

SEC("xdp")
int counts_late(struct xdp_md* ctx) {
  const __u32 key = 1;
  __u64* count = bpf_map_lookup_elem(&counts, &key);
  if (!count) return 0;
  wait_for_stop();
  (*count)++;
  seen = *count;
  return 2;
}

SEC("xdp")
int locks_late(struct xdp_md* ctx) {
  const __u32 key = 1;
  struct locked* value = bpf_map_lookup_elem(&preallocated, &key);
  if (!value) return 0;
  wait_for_stop();
  bpf_spin_lock(&value->lock);
  value->count++;
  bpf_spin_unlock(&value->lock);
  return 2;
}

SEC("xdp")
int counts_on_this_cpu(struct xdp_md* ctx) {
  const __u32 key = 0;
  __u64* count = bpf_map_lookup_elem(&cpu_counts, &key);
  if (count) (*count)++;
  return 2;
}

static __always_inline int count_in_inner(void) {
  const __u32 key = 0;
  void* inner = bpf_map_lookup_elem(&outer, &key);
  if (!inner) return 0;
  wait_for_stop();
  __u64* count = bpf_map_lookup_elem(inner, &key);
  if (count) (*count)++;
  return 2;
}

SEC("xdp")
int counts_in_inner(struct xdp_md* ctx) { return count_in_inner(); }

SEC("syscall")
int counts_in_inner_sleepable(void* ctx) { return count_in_inner(); }
