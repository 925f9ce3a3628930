// SPDX-License-Identifier: MIT
// The kernel's structs as C++ has them, against what clang writes about them into BTF.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "bpfmap/layout/layout.hpp"
#include "uapi_structs.h"  // before the skeleton, which names its structs
#include "uapi_structs.skel.h"

namespace bpfmap {
namespace {

template <class T>
int differing(const Map& section, const char* name) {
  const LayoutReport report = check_variable<T>(section, name);
  const bool matches = report.verdict == LayoutVerdict::match && report.notes.empty();
  EXPECT_TRUE(matches) << to_string(report);
  return matches ? 0 : 1;
}

TEST(CheckLayoutOfKernelStructs, MatchesEach) {
  const std::unique_ptr<uapi_structs, decltype(&uapi_structs::destroy)> skeleton{
      uapi_structs::open_and_load(), &uapi_structs::destroy};
  ASSERT_NE(skeleton, nullptr);
  const Map section = from(skeleton->maps.bss);
  int different = 0;
  different += differing<ethhdr>(section, "a_ethhdr");
  different += differing<arphdr>(section, "a_arphdr");
  different += differing<in_addr>(section, "a_in_addr");
  different += differing<in6_addr>(section, "a_in6_addr");
  different += differing<sockaddr_in>(section, "a_sockaddr_in");
  different += differing<sockaddr_in6>(section, "a_sockaddr_in6");
  different += differing<udphdr>(section, "a_udphdr");
  different += differing<icmphdr>(section, "a_icmphdr");
  different += differing<tcphdr>(section, "a_tcphdr");
  different += differing<nlmsghdr>(section, "a_nlmsghdr");
  different += differing<nlattr>(section, "a_nlattr");
  different += differing<rtattr>(section, "a_rtattr");
  different += differing<rtmsg>(section, "a_rtmsg");
  different += differing<ifinfomsg>(section, "a_ifinfomsg");
  different += differing<tcmsg>(section, "a_tcmsg");
  different += differing<inet_diag_sockid>(section, "a_inet_diag_sockid");
  different += differing<inet_diag_req_v2>(section, "a_inet_diag_req_v2");
  different += differing<inet_diag_msg>(section, "a_inet_diag_msg");
  different += differing<seccomp_data>(section, "a_seccomp_data");
  different += differing<statx_timestamp>(section, "a_statx_timestamp");
  different += differing<struct statx>(section, "a_statx");
  different += differing<__kernel_timespec>(section, "a___kernel_timespec");
  different += differing<__kernel_itimerspec>(section, "a___kernel_itimerspec");
  different += differing<__kernel_sock_timeval>(section, "a___kernel_sock_timeval");
  different += differing<perf_event_header>(section, "a_perf_event_header");
  different += differing<xdp_md>(section, "a_xdp_md");
  different += differing<bpf_cgroup_storage_key>(section, "a_bpf_cgroup_storage_key");
  different += differing<bpf_perf_event_value>(section, "a_bpf_perf_event_value");
  different += differing<bpf_sock>(section, "a_bpf_sock");
  different += differing<bpf_tcp_sock>(section, "a_bpf_tcp_sock");
  different += differing<bpf_xdp_sock>(section, "a_bpf_xdp_sock");
  different += differing<bpf_devmap_val>(section, "a_bpf_devmap_val");
  different += differing<bpf_cpumap_val>(section, "a_bpf_cpumap_val");
  different += differing<bpf_func_info>(section, "a_bpf_func_info");
  different += differing<bpf_line_info>(section, "a_bpf_line_info");
  different += differing<bpf_btf_info>(section, "a_bpf_btf_info");
  different += differing<bpf_map_info>(section, "a_bpf_map_info");
  different += differing<bpf_cgroup_dev_ctx>(section, "a_bpf_cgroup_dev_ctx");
  different += differing<bpf_sysctl>(section, "a_bpf_sysctl");
  different += differing<bpf_pidns_info>(section, "a_bpf_pidns_info");
  different += differing<btf_ptr>(section, "a_btf_ptr");
  different += differing<tcp_repair_opt>(section, "a_tcp_repair_opt");
  different += differing<tcp_diag_md5sig>(section, "a_tcp_diag_md5sig");
  EXPECT_EQ(different, 0);
}

}  // namespace
}  // namespace bpfmap
