// SPDX-License-Identifier: MIT
// Records the stacks of whoever runs it.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, 127 * sizeof(__u64));
  __uint(max_entries, 1024);
} addresses SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(map_flags, BPF_F_STACK_BUILD_ID);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, 127 * sizeof(struct bpf_stack_build_id));
  __uint(max_entries, 1024);
} build_ids SEC(".maps");

// The program's result is the id of the stack, or -errno. A first argument other than 0: of user
// space.
SEC("raw_tp/sys_enter")
int record_addresses(struct bpf_raw_tracepoint_args* ctx) {
  return (int)(ctx->args[0] ? bpf_get_stackid(ctx, &addresses, BPF_F_USER_STACK)
                            : bpf_get_stackid(ctx, &addresses, 0));
}

SEC("raw_tp/sys_enter")
int record_build_ids(struct bpf_raw_tracepoint_args* ctx) {
  return (int)bpf_get_stackid(ctx, &build_ids, BPF_F_USER_STACK);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
