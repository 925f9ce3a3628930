// SPDX-License-Identifier: MIT
// A variable of each struct, so that clang describes it.
#include "structs.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define VARIABLE(type) struct type the_##type

VARIABLE(Rule);
VARIABLE(ConfigRule);
VARIABLE(Seen);
VARIABLE(Exec);
VARIABLE(Flow);
VARIABLE(FlowState);
VARIABLE(Calls);
VARIABLE(Settings);
VARIABLE(Call);
VARIABLE(Counts);
VARIABLE(Process);
VARIABLE(Totals);
VARIABLE(st_arrays);
VARIABLE(st_bits);
VARIABLE(st_padded);
VARIABLE(st_packed);
VARIABLE(st_packed_bits);
VARIABLE(st_aligned);
VARIABLE(st_union);
VARIABLE(st_anonymous);
VARIABLE(st_wide);
VARIABLE(st_pointers);
VARIABLE(st_twelve);
