// SPDX-License-Identifier: MIT
// The kernel's structs that programs keep in maps most, as variables of uapi_structs.bpf.c.
#pragma once

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/icmp.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <linux/tcp.h>
#include <linux/time_types.h>
#include <linux/types.h>
#include <linux/udp.h>
