// SPDX-License-Identifier: MIT
// What reflection finds, member by member, against the BTF that clang wrote for the same headers:
// in an object of this test, and in the running kernel. And that no padding reaches a map.
#include "bpfmap/layout/detail/describe.hpp"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/time_types.h>
#include <linux/udp.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "bpfmap/layout/layout.hpp"
#include "bpfmap/layout/zeroed_padding.hpp"
#include "structs.h"  // before the skeleton, which names its structs
#include "structs.skel.h"

template <>
struct bpfmap::Layout<st_anonymous> {
  static std::uint16_t left(st_anonymous& x) { return x.left = 0x1f; }
  static std::uint16_t right(st_anonymous& x) { return x.right = 0x7ff; }
  static constexpr auto members = std::tuple{
      member("id", &st_anonymous::id), member("whole", &st_anonymous::whole),
      member("halves", &st_anonymous::halves), bit_field("left", left), bit_field("right", right)};
};

namespace bpfmap {
namespace {

struct CloseBtf {
  void operator()(btf* types) const noexcept { btf__free(types); }
};

// The report on a struct against that of the same name; empty when it matches, or `types` have
// none.
template <class T>
std::string difference(const btf* types, int& found) {
  const detail::TypeDescription& type = detail::describe<T>();
  const std::string name{type.name};
  const int id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_STRUCT);
  if (id < 0) return {};
  ++found;
  std::uint32_t size = 0;
  const auto* data = static_cast<const std::byte*>(btf__raw_data(types, &size));
  const LayoutReport report = detail::check_layout(BytesView{data, size}, 0,
                                                   static_cast<std::uint32_t>(id), nullptr, &type);
  if (report.verdict == LayoutVerdict::match && report.notes.empty()) return {};
  return name + ":\n" + to_string(report);
}

// How many of the structs `types` have; fails for those that differ.
template <class... T>
int expect_all_match(const btf* types) {
  int found = 0;
  for (const std::string& text : {difference<T>(types, found)...}) EXPECT_EQ(text, "");
  return found;
}

TEST(Describe, AgreesWithClangOnTheStructsOfTheExamples) {
  const std::unique_ptr<structs, decltype(&structs::destroy)> object{structs::open(),
                                                                     &structs::destroy};
  ASSERT_NE(object, nullptr);
  const btf* types = bpf_object__btf(object->obj);
  EXPECT_EQ((expect_all_match<Rule, ConfigRule, Seen, Exec, Flow, FlowState, Calls, Settings, Call,
                              Counts, Process, Totals>(types)),
            12);
}

TEST(Describe, AgreesWithClangOnTheShapesOfSelftests) {
  const std::unique_ptr<structs, decltype(&structs::destroy)> object{structs::open(),
                                                                     &structs::destroy};
  ASSERT_NE(object, nullptr);
  const btf* types = bpf_object__btf(object->obj);
  EXPECT_EQ((expect_all_match<st_arrays, st_bits, st_padded, st_packed, st_packed_bits, st_aligned,
                              st_union, st_anonymous, st_wide, st_pointers, st_twelve>(types)),
            11);
}

TEST(Describe, AgreesWithTheRunningKernel) {
  const std::unique_ptr<btf, CloseBtf> types{btf__load_vmlinux_btf()};
  ASSERT_NE(types, nullptr);
  const int found = expect_all_match<
      in_addr, in6_addr, sockaddr_in, sockaddr_in6, ethhdr, arphdr, icmphdr, udphdr, ::sockaddr_ll,
      sockaddr_nl, nlmsghdr, nlattr, rtattr, ifinfomsg, ifaddrmsg, rtmsg, ndmsg, tcmsg, sock_filter,
      seccomp_data, iovec, __kernel_timespec, __kernel_itimerspec, nlmsgerr, rta_cacheinfo,
      ifa_cacheinfo, tcamsg, inet_diag_sockid, inet_diag_req_v2, inet_diag_meminfo, bpf_spin_lock,
      bpf_perf_event_value, bpf_devmap_val, bpf_cpumap_val, bpf_func_info, bpf_line_info,
      bpf_pidns_info, bpf_cgroup_dev_ctx, bpf_sysctl, rtgenmsg>(types.get());
  EXPECT_GE(found, 30);
}

// --- padding ---

struct Padded {
  std::uint8_t kind;
  std::uint32_t id;
  std::uint16_t port;
};
struct PaddedKey {
  std::uint8_t kind;
  std::uint64_t id;
  std::uint16_t port;
};

// A T between whose members lie the bytes of an earlier stack.
template <class T>
class Dirty {
 public:
  Dirty(std::uint8_t kind, std::uint32_t id, std::uint16_t port) {
    std::memset(bytes_, 0xa5, sizeof bytes_);
    T& object = get();
    object.kind = kind;
    object.id = id;
    object.port = port;
  }
  T& get() noexcept { return *std::launder(reinterpret_cast<T*>(bytes_)); }

 private:
  alignas(T) std::byte bytes_[sizeof(T)];
};

// Whether garbage lies in any of the bytes.
bool has_garbage(BytesView bytes) {
  return std::ranges::find(bytes, std::byte{0xa5}) != bytes.end();
}

}  // namespace
}  // namespace bpfmap

template <>
struct bpfmap::Codec<bpfmap::PaddedKey> : bpfmap::zeroed_padding<bpfmap::PaddedKey> {};

namespace bpfmap {
namespace {

TEST(ZeroedPadding, MakesAKeyOfAStructWithPadding) {
  auto map = HashMap<PaddedKey, std::uint32_t>::create({.max_entries = 4, .name = "padded"});
  map.update(Dirty<PaddedKey>(1, 2, 3).get(), 7);
  EXPECT_EQ(map.lookup(PaddedKey{.kind = 1, .id = 2, .port = 3}), 7U);
  EXPECT_EQ(map.map().lookup<std::uint32_t>(Dirty<PaddedKey>(1, 2, 3).get()), 7U);
  for (const auto& [key, value] : map)
    EXPECT_EQ(std::tuple(key.kind, key.id, key.port), std::tuple(1, 2U, 3));
  EXPECT_TRUE(map.erase(Dirty<PaddedKey>(1, 2, 3).get()));
}

TEST(PaddingOfValues, DoesNotReachTheKernel) {
  Dirty<Padded> dirty{1, 2, 3};
  auto hash = HashMap<std::uint32_t, Padded>::create({.max_entries = 8, .name = "padded"});
  hash.update(1, dirty.get());
  (void)hash.insert(2, dirty.get());
  hash.map().update(std::uint32_t{3}, dirty.get());
  update_batch(hash, std::array<std::uint32_t, 2>{4, 5}, std::array{dirty.get(), dirty.get()});
  update_batch(hash.map(), std::array<std::uint32_t, 1>{6}, std::vector{dirty.get()});
  for (std::uint32_t key = 1; key <= 6; ++key) {
    const auto bytes = hash.map().lookup<Bytes>(key);
    ASSERT_TRUE(bytes) << key;
    EXPECT_FALSE(has_garbage(*bytes)) << key;
  }
  auto array = ArrayMap<Padded>::create({.max_entries = 1, .name = "padded"});
  array.update(0, dirty.get());
  EXPECT_FALSE(has_garbage(*array.map().lookup<Bytes>(std::uint32_t{0})));
  auto slots = PerCpuHashMap<std::uint32_t, Padded>::create({.max_entries = 2, .name = "padded"});
  slots.update(1, dirty.get());
  slots.update(2, PerCpuValues<Padded>{dirty.get()});
  for (const std::uint32_t key : {1U, 2U})
    EXPECT_FALSE(has_garbage(slots.lookup(key)->bytes())) << key;
}

}  // namespace
}  // namespace bpfmap
