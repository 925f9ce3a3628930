// SPDX-License-Identifier: MIT
// What the maps of layouts.bpf.c hold, as it and its test see it.
#pragma once

#include <linux/types.h>

struct layout_key {
  __u32 addresses[2];
  __u16 ports[2];
  __u8 proto;
  __u8 pad[3];
};

enum layout_state { LAYOUT_NEW, LAYOUT_OPEN = 5 };

struct layout_pair {
  __u32 packets;
  __u16 marks[2];
};

struct layout_value {
  __u64 bytes;
  char comm[16];
  enum layout_state state;
  struct layout_pair pairs[3];
  __u32 table[2][2];
  __u32 low : 3;
  __u32 high : 29;
  union {
    __u64 whole;
    __u32 halves[2];
  } word;
  __s64 delta;
};
