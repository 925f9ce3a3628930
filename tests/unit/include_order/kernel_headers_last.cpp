// SPDX-License-Identifier: MIT
// Compiles with the headers of the kernel, libc and libbpf behind that BPF programs use.
#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"

// Behind them.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf_common.h>
#include <linux/btf.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/perf_event.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/param.h>

namespace {

static_assert(bpfmap::encodable<::bpf_insn> && bpfmap::encodable<::sock_filter>);
[[maybe_unused]] constexpr auto from_libbpf = [](const ::bpf_map* map) {
  return bpfmap::from(map);
};
[[maybe_unused]] constexpr unsigned names[] = {
    EPOLLIN,     BPF_F_NO_PREALLOC, BTF_KIND_INT, PERF_COUNT_SW_BPF_OUTPUT,
    IFLA_XDP_FD, TC_ACT_SHOT,       BPF_LD};

}  // namespace
