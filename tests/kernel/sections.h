// SPDX-License-Identifier: MIT
// What sections.bpf.c keeps in its sections, as it and its test see it.
#pragma once

#include <linux/types.h>

// On a cache line of its own.
struct line {
  __u64 value;
} __attribute__((aligned(64)));

// On pages of its own.
struct page {
  struct line first;
} __attribute__((aligned(4096)));
