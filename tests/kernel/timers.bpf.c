// SPDX-License-Identifier: MIT
// Starts a timer in entry 1 of a hash or of an array. It ticks every millisecond.
#include <linux/bpf.h>
#include <linux/time.h>

#include <bpf/bpf_helpers.h>

struct timed {
  struct bpf_timer timer;
  __u64 setting;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct timed);
} timed_hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct timed);
} timed_array SEC(".maps");

__u64 ticks = 0;

static int tick(void* map, __u32* key, struct timed* value) {
  __sync_fetch_and_add(&ticks, 1);
  bpf_timer_start(&value->timer, 1000000, 0);
  return 0;
}

SEC("syscall")
int start_in_hash(void* context) {
  const __u32 key = 1;
  const struct timed fresh = {};
  struct timed* value;

  bpf_map_update_elem(&timed_hash, &key, &fresh, BPF_NOEXIST);
  value = bpf_map_lookup_elem(&timed_hash, &key);
  if (!value || bpf_timer_init(&value->timer, &timed_hash, CLOCK_MONOTONIC)) return 1;
  bpf_timer_set_callback(&value->timer, tick);
  return bpf_timer_start(&value->timer, 1000000, 0) != 0;
}

SEC("syscall")
int start_in_array(void* context) {
  const __u32 key = 1;
  struct timed* value = bpf_map_lookup_elem(&timed_array, &key);

  if (!value || bpf_timer_init(&value->timer, &timed_array, CLOCK_MONOTONIC)) return 1;
  bpf_timer_set_callback(&value->timer, tick);
  return bpf_timer_start(&value->timer, 1000000, 0) != 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
