// SPDX-License-Identifier: MIT
// Tells of every program that is run on the machine.
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "events.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

// The only field of the kernel's struct that is needed; libbpf finds its offset.
struct linux_binprm {
  const char* filename;
} __attribute__((preserve_access_index));

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 * 1024);
} execs SEC(".maps");

// Events that found the buffer full: the kernel does not count them.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} dropped SEC(".maps");

// sched_process_exec(task, old_pid, binprm)
SEC("raw_tp/sched_process_exec")
int tell_exec(struct bpf_raw_tracepoint_args* ctx) {
  const struct linux_binprm* program = (const struct linux_binprm*)ctx->args[2];
  const __u32 zero = 0;
  struct Exec* exec = bpf_ringbuf_reserve(&execs, sizeof(*exec), 0);
  if (!exec) {
    __u64* count = bpf_map_lookup_elem(&dropped, &zero);
    if (count) ++*count;
    return 0;
  }
  // Every byte: a reserved record begins with whatever was there before.
  __builtin_memset(exec, 0, sizeof(*exec));
  exec->time_ns = bpf_ktime_get_ns();
  exec->pid = bpf_get_current_pid_tgid() >> 32;
  exec->uid = bpf_get_current_uid_gid();
  bpf_get_current_comm(exec->comm, sizeof(exec->comm));
  bpf_probe_read_kernel_str(exec->file, sizeof(exec->file), BPF_CORE_READ(program, filename));
  bpf_ringbuf_submit(exec, 0);
  return 0;
}
