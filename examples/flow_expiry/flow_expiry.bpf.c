// SPDX-License-Identifier: MIT
// A connection table: one entry a UDP flow, with when it was last seen.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flow_expiry.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8192);
  __type(key, struct Flow);
  __type(value, struct FlowState);
} flows SEC(".maps");

SEC("xdp")
int track(struct xdp_md* ctx) {
  void* end = (void*)(long)ctx->data_end;
  struct ethhdr* eth = (void*)(long)ctx->data;
  struct iphdr* ip = (void*)(eth + 1);
  struct udphdr* udp = (void*)(ip + 1);

  if ((void*)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
      ip->protocol != IPPROTO_UDP)
    return XDP_PASS;

  const struct Flow flow = {.source = ip->saddr,
                            .destination = ip->daddr,
                            .source_port = bpf_ntohs(udp->source),
                            .destination_port = bpf_ntohs(udp->dest),
                            .protocol = ip->protocol};
  const struct FlowState first = {
      .packets = 1, .bytes = bpf_ntohs(ip->tot_len), .last_seen_ns = bpf_ktime_get_ns()};
  struct FlowState* state = bpf_map_lookup_elem(&flows, &flow);
  if (!state) {
    bpf_map_update_elem(&flows, &flow, &first, BPF_NOEXIST);
    return XDP_PASS;
  }
  __sync_fetch_and_add(&state->packets, first.packets);
  __sync_fetch_and_add(&state->bytes, first.bytes);
  state->last_seen_ns = first.last_seen_ns;
  return XDP_PASS;
}
