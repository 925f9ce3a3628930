// SPDX-License-Identifier: MIT
// Iterator programs, which write what user space reads as records.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define RELOCATED __attribute__((preserve_access_index))

// Of vmlinux.h, as far as it is used.
struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
} RELOCATED;
struct bpf_map {
  __u32 id;
} RELOCATED;
struct sock_common {
  unsigned short skc_family;
} RELOCATED;
struct sock {
  struct sock_common __sk_common;
} RELOCATED;
struct task_struct {
  int pid;
  int tgid;
} RELOCATED;
struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta* meta;
  struct bpf_map* map;
  void* key;
  void* value;
} RELOCATED;
struct bpf_iter__bpf_sk_storage_map {
  struct bpf_iter_meta* meta;
  struct bpf_map* map;
  struct sock* sk;
  void* value;
} RELOCATED;
struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
} RELOCATED;

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct runs {
  __u64 count;
  __u32 flags;
};

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct runs);
} of_socket SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct runs);
} of_task SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, struct runs);
  __uint(max_entries, 20000);
} by_key SEC(".maps");

const volatile __u32 cut = 0;  // bytes that are left out of each record

struct socket_row {
  __u64 cookie;
  __u32 family;
  __u32 map;
  struct runs runs;
};

SEC("iter/bpf_sk_storage_map")
int sockets(struct bpf_iter__bpf_sk_storage_map* ctx) {
  struct seq_file* seq = ctx->meta->seq;
  struct sock* sk = ctx->sk;
  struct runs* runs = ctx->value;
  if (!sk || !runs) return 0;
  struct socket_row row = {};
  row.cookie = bpf_get_socket_cookie(sk);
  row.family = sk->__sk_common.skc_family;
  row.map = ctx->map->id;
  row.runs = *runs;
  bpf_seq_write(seq, &row, sizeof row);
  return 0;
}

struct entry_row {
  __u32 key;
  __u32 pad;
  struct runs runs;
};

SEC("iter/bpf_map_elem")
int entries(struct bpf_iter__bpf_map_elem* ctx) {
  struct seq_file* seq = ctx->meta->seq;
  __u32* key = ctx->key;
  struct runs* runs = ctx->value;
  if (!key || !runs) return 0;
  struct entry_row row = {.key = *key, .runs = *runs};
  if (cut == 0)
    bpf_seq_write(seq, &row, sizeof row);
  else
    bpf_seq_write(seq, &row, sizeof row - 1);
  return 0;
}

struct task_row {
  __u32 pid;
  __u32 tgid;
  struct runs runs;
};

SEC("iter/task")
int tasks(struct bpf_iter__task* ctx) {
  struct seq_file* seq = ctx->meta->seq;
  struct task_struct* task = ctx->task;
  if (!task) return 0;
  struct runs* runs = bpf_task_storage_get(&of_task, task, 0, 0);
  if (!runs) return 0;
  struct task_row row = {.pid = task->pid, .tgid = task->tgid, .runs = *runs};
  bpf_seq_write(seq, &row, sizeof row);
  return 0;
}
