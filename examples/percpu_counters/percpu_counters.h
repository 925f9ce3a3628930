// SPDX-License-Identifier: MIT
// What the BPF program counts. Shared with the C++ program.
#pragma once

#include <linux/types.h>

struct Calls {
  __u64 total;
  __u64 failed;
};
