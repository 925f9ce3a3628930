// SPDX-License-Identifier: MIT
// Maps whose BTF clang made, with the types that EntryText has to know.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum state { CLOSED, OPEN, HALF_OPEN = 7 };

struct flow_key {
  __u32 saddr;
  __u16 dport;
  __u8 protocol;
};

struct flow {
  __u64 packets;
  __s64 balance;
  enum state state;
  _Bool blocked;
  char name[8];
  __u8 mac[6];
  __u16 ports[2][2];
  union {
    __u32 word;
    __u16 halves[2];
  };
  struct {
    __u32 low : 4;
    __s32 middle : 8;
    __u32 high : 20;
  } bits;
  void* pointer;
  unsigned __int128 wide;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct flow_key);
  __type(value, struct flow);
  __uint(max_entries, 16);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __type(key, __u32);
  __type(value, struct flow_key);
  __uint(max_entries, 16);
} per_cpu SEC(".maps");

__u64 counted = 5;
static volatile int hidden[2] = {1, 2};

SEC("socket")
int read(struct __sk_buff* skb) { return (int)(counted + hidden[skb->len & 1]); }

char LICENSE[] SEC("license") = "Dual MIT/GPL";
