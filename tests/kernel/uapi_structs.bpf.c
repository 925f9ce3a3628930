// SPDX-License-Identifier: MIT
// The kernel's structs, as clang describes them.
#include "uapi_structs.h"

#include <bpf/bpf_helpers.h>

struct ethhdr a_ethhdr;
struct arphdr a_arphdr;
struct in_addr a_in_addr;
struct in6_addr a_in6_addr;
struct sockaddr_in a_sockaddr_in;
struct sockaddr_in6 a_sockaddr_in6;
struct udphdr a_udphdr;
struct icmphdr a_icmphdr;
struct tcphdr a_tcphdr;
struct nlmsghdr a_nlmsghdr;
struct nlattr a_nlattr;
struct rtattr a_rtattr;
struct rtmsg a_rtmsg;
struct ifinfomsg a_ifinfomsg;
struct tcmsg a_tcmsg;
struct inet_diag_sockid a_inet_diag_sockid;
struct inet_diag_req_v2 a_inet_diag_req_v2;
struct inet_diag_msg a_inet_diag_msg;
struct seccomp_data a_seccomp_data;
struct statx_timestamp a_statx_timestamp;
struct statx a_statx;
struct __kernel_timespec a___kernel_timespec;
struct __kernel_itimerspec a___kernel_itimerspec;
struct __kernel_sock_timeval a___kernel_sock_timeval;
struct perf_event_header a_perf_event_header;
struct xdp_md a_xdp_md;
struct bpf_cgroup_storage_key a_bpf_cgroup_storage_key;
struct bpf_perf_event_value a_bpf_perf_event_value;
struct bpf_sock a_bpf_sock;
struct bpf_tcp_sock a_bpf_tcp_sock;
struct bpf_xdp_sock a_bpf_xdp_sock;
struct bpf_devmap_val a_bpf_devmap_val;
struct bpf_cpumap_val a_bpf_cpumap_val;
struct bpf_func_info a_bpf_func_info;
struct bpf_line_info a_bpf_line_info;
struct bpf_btf_info a_bpf_btf_info;
struct bpf_map_info a_bpf_map_info;
struct bpf_cgroup_dev_ctx a_bpf_cgroup_dev_ctx;
struct bpf_sysctl a_bpf_sysctl;
struct bpf_pidns_info a_bpf_pidns_info;
struct btf_ptr a_btf_ptr;
struct tcp_repair_opt a_tcp_repair_opt;
struct tcp_diag_md5sig a_tcp_diag_md5sig;

char LICENSE[] SEC("license") = "Dual MIT/GPL";
