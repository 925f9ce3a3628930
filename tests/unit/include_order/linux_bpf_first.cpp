// SPDX-License-Identifier: MIT
// Compiles with <linux/bpf.h> in front.
#include <linux/bpf.h>

#include "bpfmap/bpfmap.hpp"

namespace {

struct Locked {
  bpf_spin_lock lock;
  __u32 value;
};
static_assert(bpfmap::has_spin_lock<Locked>);
static_assert(static_cast<unsigned>(bpfmap::MapType::lru_hash) == BPF_MAP_TYPE_LRU_HASH);

}  // namespace
