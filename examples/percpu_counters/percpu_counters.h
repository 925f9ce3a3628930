// SPDX-License-Identifier: MIT
// What the BPF program counts, as it and the C++ program see it.
#pragma once

#include <linux/types.h>

struct Calls {
  __u64 total;
  __u64 failed;
};
