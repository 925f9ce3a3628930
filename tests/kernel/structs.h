// SPDX-License-Identifier: MIT
// Structs that BPF programs share with C++: those of the examples, and some of the shapes that the
// kernel's selftests have.
#pragma once

#include <linux/types.h>

#include "../../examples/blocklist/blocklist.h"
// Two examples have a Rule.
#define Rule ConfigRule
#include "../../examples/config_swap/config_swap.h"
#undef Rule
#include "../../examples/events/events.h"
#include "../../examples/flow_expiry/flow_expiry.h"
#include "../../examples/percpu_counters/percpu_counters.h"
#include "../../examples/shared_counters/shared_counters.h"
#include "../../examples/syscall_top/syscall_top.h"

enum struct_state { STRUCT_NEW, STRUCT_DONE = 7 };

struct st_pair {
  __u32 first, second;
};
struct st_arrays {
  char name[16];
  __u8 mac[6];
  __u16 table[2][3];
  struct st_pair pairs[2][2];
  __u64 last;
};
struct st_bits {
  __u32 low : 3, middle : 13;
  __u32 : 5;
  __u32 high : 11;
  __s64 signed_one : 7, signed_two : 40;
  __u8 flag : 1;
  __u64 plain;
};
struct st_padded {
  __u8 a;
  __u64 b;
  __u16 c;
};
struct st_packed {
  __u8 a;
  __u64 b;
  __u32 c[2];
  __u16 d;
} __attribute__((packed));
struct st_packed_bits {
  __u8 version : 4, ihl : 4;
  __u16 length;
  __u8 bytes[3];
} __attribute__((packed));
struct st_aligned {
  __u8 a;
  __u32 b __attribute__((aligned(16)));
};
struct st_union {
  __u8 family;
  union {
    __u32 v4;
    __u8 v6[16];
  } address;
  struct {
    __u16 port, zone;
  } inner;
  enum struct_state state;
};
struct st_anonymous {
  __u32 id;
  union {
    __u64 whole;
    __u32 halves[2];
  };
  __u16 left : 5, right : 11;
};
struct st_wide {
  __s64 s64;
  long l;
  short s;
  signed char s8;
  char c;
  double d;
  float f;
};
struct st_pointers {
  void* data;
  const char* text;
  __u64 size;
};
struct st_twelve {
  __u64 m1;
  __u32 m2, m3, m4, m5;
  __u16 m6, m7;
  __u8 m8, m9, m10, m11, m12;
};
