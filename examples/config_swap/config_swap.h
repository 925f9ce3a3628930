// SPDX-License-Identifier: MIT
// The configuration. Shared by the BPF program and the C++ program.
#pragma once

#include <linux/types.h>

enum { rule_count = 64 };

struct Rule {
  __u32 version;  // of the configuration
  __u32 packets_per_second;
};

// What packets saw.
struct Seen {
  __u64 whole;    // rules of one version
  __u64 mixed;    // rules of two
  __u64 nothing;  // no configuration
};
