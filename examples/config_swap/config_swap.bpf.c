// SPDX-License-Identifier: MIT
// Reads all rules of a configuration for each packet, and counts whether they belong together.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "config_swap.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct config {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, rule_count);
  __uint(key_size, sizeof(__u32));  // sizes: of an inner map's types clang 14 writes no BTF
  __uint(value_size, sizeof(struct Rule));
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 16);
  __type(key, __u32);
  __array(values, struct config);
} configs SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct Seen);
} seen SEC(".maps");

SEC("tc")
int apply(struct __sk_buff* packet) {
  const __u32 zero = 0;
  struct Seen* count = bpf_map_lookup_elem(&seen, &zero);
  if (!count) return TC_ACT_OK;

  // Once: from here on the program has one configuration, whatever user space puts in its place.
  const __u32 tenant = 1;
  void* config = bpf_map_lookup_elem(&configs, &tenant);
  if (!config) {
    count->nothing++;
    return TC_ACT_OK;
  }

  __u32 lowest = ~0U;
  __u32 highest = 0;
  for (__u32 i = 0; i < rule_count; ++i) {
    const __u32 index = i;
    const struct Rule* rule = bpf_map_lookup_elem(config, &index);
    if (!rule) break;
    if (rule->version < lowest) lowest = rule->version;
    if (rule->version > highest) highest = rule->version;
  }
  if (lowest == highest)
    count->whole++;
  else
    count->mixed++;
  return TC_ACT_OK;
}
