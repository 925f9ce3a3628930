// SPDX-License-Identifier: MIT
// Drops IPv4 packets by the longest prefix that covers their source.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "blocklist.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

// bpfmap::LpmKey<in_addr>
struct prefix {
  __u32 length;
  __be32 address;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, struct prefix);
  __type(value, struct Rule);
} rules SEC(".maps");

SEC("xdp")
int filter(struct xdp_md* ctx) {
  void* end = (void*)(long)ctx->data_end;
  struct ethhdr* eth = (void*)(long)ctx->data;
  struct iphdr* ip = (void*)(eth + 1);
  if ((void*)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP)) return XDP_PASS;

  const struct prefix source = {.length = 32, .address = ip->saddr};
  struct Rule* rule = bpf_map_lookup_elem(&rules, &source);
  if (!rule) return XDP_PASS;
  __sync_fetch_and_add(&rule->packets, 1);
  return rule->pass ? XDP_PASS : XDP_DROP;
}
