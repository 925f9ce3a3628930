// SPDX-License-Identifier: MIT
// Counts how often each task runs it, beside the task; and maps of the other kinds.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct runs {
  __u64 count;
  __u32 flags;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct runs);
} of_task SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct runs);
} of_socket SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_INODE_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct runs);
} of_inode SEC(".maps");

struct {
  __uint(type, 32);  // BPF_MAP_TYPE_CGRP_STORAGE, which the headers of Linux 6.1 do not know
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct runs);
} of_cgroup SEC(".maps");

SEC("raw_tp/sys_enter")
int count_run(void* ctx) {
  struct runs* runs =
      bpf_task_storage_get(&of_task, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!runs) return 0;
  runs->count++;
  return (int)runs->count;
}
