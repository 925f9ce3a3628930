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

char LICENSE[] SEC("license") = "Dual MIT/GPL";
