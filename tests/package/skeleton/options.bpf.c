// SPDX-License-Identifier: MIT
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "key.h"

__u64 counter = INITIAL;

SEC("raw_tp")
int count(void* ctx) {
  counter += STEP;
  return 0;
}

#ifdef TRACED
// What <asm/ptrace.h> of that machine has.
typedef struct {
  unsigned long args[1];
  unsigned long psw[2];
  unsigned long gprs[16];
} user_pt_regs;
struct pt_regs;

#include <bpf/bpf_tracing.h>

SEC("kprobe/nothing")
int probe(struct pt_regs* registers) {
  counter += PT_REGS_PARM2(registers);
  return 0;
}
#endif

char LICENSE[] SEC("license") = "Dual MIT/GPL";
