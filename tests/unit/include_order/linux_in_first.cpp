// SPDX-License-Identifier: MIT
// Compiles with <linux/in.h> in front.
#include <linux/in.h>
#include <linux/in6.h>

#include "bpfmap/bpfmap.hpp"

namespace {

static_assert(bpfmap::LpmKey<in_addr>::max_prefixlen == 32);
static_assert(bpfmap::LpmKey<in6_addr>::max_prefixlen == 128);

}  // namespace
