// SPDX-License-Identifier: MIT
// Compiles with <pcap/pcap.h> in front.
#if __has_include(<pcap/pcap.h>)
#include <pcap/pcap.h>
#endif

#include "bpfmap/bpfmap.hpp"

namespace {

#if __has_include(<pcap/pcap.h>)
static_assert(sizeof(bpf_insn) == 8, "of pcap, which the kernel has under the same name");
#endif

}  // namespace
