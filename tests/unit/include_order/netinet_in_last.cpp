// SPDX-License-Identifier: MIT
// Compiles with <netinet/in.h> behind.
#include "bpfmap/bpfmap.hpp"

// Behind it.
#include <netinet/in.h>

namespace {

static_assert(bpfmap::LpmKey<in_addr>::max_prefixlen == 32);
static_assert(bpfmap::LpmKey<in6_addr>::max_prefixlen == 128);

}  // namespace
