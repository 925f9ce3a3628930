// SPDX-License-Identifier: MIT
// Maps of every kind that has BTF, as clang describes them.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "layouts.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct layout_key);
  __type(value, struct layout_value);
  __uint(max_entries, 4);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, int);
  __type(value, struct layout_pair);
  __uint(max_entries, 1);
} slots SEC(".maps");

struct prefix {
  __u32 prefixlen;
  __u8 data[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, __u64);
  __uint(max_entries, 4);
} prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct layout_pair);
} sockets SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, struct layout_pair);
  __uint(max_entries, 4);
} first SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __type(key, __u32);
  __uint(max_entries, 3);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &first}};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __type(key, __u32);
  __uint(max_entries, 2);
  __array(values, struct inner);
} empty SEC(".maps");

struct layout_pair pair = {1, {2, 3}};
__u64 hits = 4;

char LICENSE[] SEC("license") = "Dual MIT/GPL";
