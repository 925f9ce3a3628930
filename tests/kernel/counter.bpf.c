// SPDX-License-Identifier: MIT
// Counts packets in maps of every kind, by a key that it reads from the packet's first bytes.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct counter_key {
  __u32 src;
  __u16 port;
  __u8 proto;
  __u8 flags[3];
  __u16 pad;
};

struct counter {
  __u64 packets;
  __u32 bytes;
  __u8 last[3];
  _Bool seen;
  __u16 lengths[5];
};

struct locked_counter {
  struct bpf_spin_lock lock;
  __u32 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct counter_key);
  __type(value, struct counter);
  __uint(max_entries, 16);
} by_key SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, struct counter_key);
  __type(value, struct counter);
  __uint(max_entries, 16);
} recent SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __type(key, struct counter_key);
  __type(value, struct counter);
  __uint(max_entries, 16);
} by_key_and_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, struct counter);
  __uint(max_entries, 4);
} totals SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, struct counter);
  __uint(max_entries, 4);
} totals_by_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, struct locked_counter);
  __uint(max_entries, 4);
} locked SEC(".maps");

// What a packet adds; set by user space.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 1);
} step SEC(".maps");

static __always_inline void add(struct counter* counter, const struct counter_key* key,
                                __u64 packets, __u32 length) {
  counter->packets += packets;
  counter->bytes += length;
  counter->last[0] = key->flags[0];
  counter->last[1] = key->flags[1];
  counter->last[2] = key->flags[2];
  counter->seen = 1;
  counter->lengths[4] = (__u16)length;
}

static __always_inline void count_in(void* map, const void* at, const struct counter_key* key,
                                     __u64 packets, __u32 length) {
  struct counter* counter = bpf_map_lookup_elem(map, at);
  if (!counter) {
    struct counter zero;
    __builtin_memset(&zero, 0, sizeof zero);
    bpf_map_update_elem(map, at, &zero, BPF_NOEXIST);
    counter = bpf_map_lookup_elem(map, at);
  }
  if (counter) add(counter, key, packets, length);
}

SEC("xdp")
int count(struct xdp_md* ctx) {
  const void* data = (const void*)(long)ctx->data;
  const void* end = (const void*)(long)ctx->data_end;
  const __u32 length = (__u32)(end - data);
  struct counter_key key;
  const __u32 zero = 0;
  if (data + sizeof key > end) return XDP_ABORTED;
  __builtin_memcpy(&key, data, sizeof key);
  const __u64* packets = bpf_map_lookup_elem(&step, &zero);
  if (!packets) return XDP_ABORTED;

  count_in(&by_key, &key, &key, *packets, length);
  count_in(&recent, &key, &key, *packets, length);
  count_in(&by_key_and_cpu, &key, &key, *packets, length);
  count_in(&totals, &zero, &key, *packets, length);
  count_in(&totals_by_cpu, &zero, &key, *packets, length);
  struct locked_counter* guarded = bpf_map_lookup_elem(&locked, &zero);
  if (guarded) {
    bpf_spin_lock(&guarded->lock);
    guarded->packets += 1;
    guarded->bytes += length;
    bpf_spin_unlock(&guarded->lock);
  }
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
