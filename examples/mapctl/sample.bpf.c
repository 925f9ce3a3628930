// SPDX-License-Identifier: MIT
// Maps of several types, whose BTF names the members of their keys and values.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum state { CLOSED, OPEN };

struct flow_key {
  __u32 saddr;
  __u16 dport;
  __u16 protocol;
};

struct flow {
  __u64 packets;
  __s32 balance;
  enum state state;
  char name[8];
  __u32 ports[2];
};

struct trie_key {
  __u32 prefixlen;
  __u32 address;
};

#define MAP(name, map_type, key_type, value_type, map_flags_value) \
  struct {                                                         \
    __uint(type, map_type);                                        \
    __type(key, key_type);                                         \
    __type(value, value_type);                                     \
    __uint(max_entries, 64);                                       \
    __uint(map_flags, map_flags_value);                            \
  } name SEC(".maps")

MAP(ctl_hash, BPF_MAP_TYPE_HASH, struct flow_key, struct flow, 0);
MAP(ctl_lru, BPF_MAP_TYPE_LRU_HASH, struct flow_key, struct flow, 0);
MAP(ctl_percpu, BPF_MAP_TYPE_PERCPU_HASH, struct flow_key, struct flow, 0);
MAP(ctl_array, BPF_MAP_TYPE_ARRAY, __u32, struct flow, 0);
MAP(ctl_pcarray, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct flow, 0);
MAP(ctl_trie, BPF_MAP_TYPE_LPM_TRIE, struct trie_key, struct flow, BPF_F_NO_PREALLOC);

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __type(key, int);
  __type(value, struct flow);
  __uint(map_flags, BPF_F_NO_PREALLOC);
} ctl_storage SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __type(value, struct flow);
  __uint(max_entries, 8);
} ctl_queue SEC(".maps");

__u64 counted = 5;

SEC("socket")
int read(struct __sk_buff* skb) { return (int)counted; }

char LICENSE[] SEC("license") = "Dual MIT/GPL";
