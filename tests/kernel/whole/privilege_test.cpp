// SPDX-License-Identifier: MIT
// What a process may do with each set of capabilities, and which missing one an error names.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "child_process.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }
constexpr std::uint64_t cap_net_admin = bit(12);
constexpr std::uint64_t cap_sys_admin = bit(21);
constexpr std::uint64_t cap_perfmon = bit(38);
constexpr std::uint64_t cap_bpf = bit(39);

enum class Who : std::uint8_t {
  root,
  nobody,
  bpf,
  bpf_net,
  bpf_perf,
  all_three,
  admin,
  user_namespace
};

struct Privilege {
  Who who;
  const char* name;
  std::uint64_t capabilities;
};
constexpr std::array privileges{
    Privilege{Who::root, "Root", 0},
    Privilege{Who::nobody, "Nobody", 0},
    Privilege{Who::bpf, "Bpf", cap_bpf},
    Privilege{Who::bpf_net, "BpfAndNetAdmin", cap_bpf | cap_net_admin},
    Privilege{Who::bpf_perf, "BpfAndPerfmon", cap_bpf | cap_perfmon},
    Privilege{Who::all_three, "BpfNetAdminAndPerfmon", cap_bpf | cap_net_admin | cap_perfmon},
    Privilege{Who::admin, "SysAdmin", cap_sys_admin},
    Privilege{Who::user_namespace, "RootOfAUserNamespace", 0}};

bool write_file(const char* path, std::string_view text) {
  std::ofstream file{path};
  file << text << std::flush;
  return file.good();
}

// Another user, with these capabilities alone.
void become(const Privilege& privilege) {
  if (privilege.who == Who::root) return;
  if (privilege.who == Who::user_namespace) {
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0) << errno;
    ASSERT_TRUE(write_file("/proc/self/setgroups", "deny"));
    ASSERT_TRUE(write_file("/proc/self/uid_map", "0 0 1"));
    ASSERT_TRUE(write_file("/proc/self/gid_map", "0 0 1"));
    return;
  }
  ASSERT_EQ(::prctl(PR_SET_KEEPCAPS, 1), 0);
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  ASSERT_EQ(::setresgid(65534, 65534, 65534), 0);
  ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (unsigned half = 0; half < 2; ++half) {
    const auto bits = static_cast<std::uint32_t>(privilege.capabilities >> (32 * half));
    sets[half] = {.effective = bits, .permitted = bits, .inheritable = 0};
  }
  ASSERT_EQ(::syscall(SYS_capset, &header, sets), 0);
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);  // or /proc/self is not its own
}

bool bpf_needs_privileges() {
  int disabled = 0;
  std::ifstream{"/proc/sys/kernel/unprivileged_bpf_disabled"} >> disabled;
  return disabled != 0;
}

// Expects success, or the errno and a text that names `part`.
void expect_outcome(int error, std::string_view part, const test::EitherForm& call) {
  if (error == 0) {
    std::error_code ec;
    call(ec);
    EXPECT_EQ(ec, std::error_code{}) << explain(ec);
    return;
  }
  EXPECT_TRUE(contains(test::told(error, call), part));
}

class EachPrivilege : public ::testing::TestWithParam<Privilege> {
 protected:
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "gives privileges up";
    if (!bpf_needs_privileges()) GTEST_SKIP() << "kernel.unprivileged_bpf_disabled is 0";
  }
  [[nodiscard]] static bool is(Who who) { return GetParam().who == who; }
  [[nodiscard]] static bool is_admin() { return is(Who::root) || is(Who::admin); }
  [[nodiscard]] static bool may_create() {
    return is_admin() || (GetParam().capabilities & cap_bpf) != 0;
  }
  [[nodiscard]] static bool may_create_for_network() {
    return is_admin() || is(Who::bpf_net) || is(Who::all_three);
  }
  // Runs `body` with the privilege.
  template <class Body>
  void run(Body body) {
    test::in_child([&] {
      become(GetParam());
      if (!::testing::Test::HasFailure()) body();
    });
  }
};
INSTANTIATE_TEST_SUITE_P(As, EachPrivilege, ::testing::ValuesIn(privileges),
                         [](const auto& tested) { return std::string{tested.param.name}; });

TEST_P(EachPrivilege, CreatesMaps) {
  using enum MapType;
  const auto types =
      test::those_of_this_kernel({hash, array, percpu_hash, percpu_array, lru_hash, lpm_trie, queue,
                                  stack, bloom_filter, ringbuf, user_ringbuf, cpumap, stack_trace,
                                  arena, prog_array, perf_event_array, cgroup_array});
  const auto network = test::those_of_this_kernel({sockmap, sockhash, devmap, devmap_hash, xskmap});
  run([&] {
    const char* const lacks_bpf =
        is(Who::user_namespace)
            ? "in the initial user namespace, and this process is in another one"
            : "it needs CAP_BPF, which this process lacks";
    for (const MapType type : types) {
      SCOPED_TRACE(to_string(type));
      expect_outcome(may_create() ? 0 : EPERM, lacks_bpf,
                     [&](auto&... ec) { (void)Map::create(test::spec_of(type), ec...); });
    }
    for (const MapType type : network) {
      SCOPED_TRACE(to_string(type));
      expect_outcome(may_create_for_network() ? 0 : EPERM, "CAP_NET_ADMIN",
                     [&](auto&... ec) { (void)Map::create(test::spec_of(type), ec...); });
    }
  });
}

TEST_P(EachPrivilege, UsesMapsThatAreOpen) {
  auto flows = HashMap<std::uint32_t, std::uint64_t>::create({.max_entries = 8});
  auto trie =
      LpmTrie<LpmKey<std::array<std::uint8_t, 4>>, std::uint64_t>::create({.max_entries = 8});
  run([&] {
    flows.update(1, 10);
    EXPECT_EQ(flows.lookup(1), 10U);
    EXPECT_TRUE(flows.insert(2, 20));
    EXPECT_FALSE(flows.insert(2, 30));
    EXPECT_EQ(count(flows), 2U);
    EXPECT_EQ(to_vector(flows).size(), 2U);
    EXPECT_EQ(flows.lookup_and_delete(1), 10U);
    EXPECT_EQ(clear(flows), 1U);
    EXPECT_EQ(flows.map().duplicate().info().id, flows.map().info().id);
    EXPECT_EQ(flows.map().fd_info().frozen, false);
    trie.update({}, 1);
    EXPECT_EQ(count(trie), 1U);
    std::error_code ec;
    flows.map().freeze(ec);
    if (ec == errno_code(EPERM) && !may_create()) return;  // needs CAP_BPF in older kernels (6.1)
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_TRUE(contains(test::told(EPERM, [&](auto&... e) { flows.update(1, 1, e...); }),
                         "the map is frozen"));
  });
}

TEST_P(EachPrivilege, OpensMapsByTheirIds) {
  const Map map = test::make_map(MapType::hash, 4, 8);
  const std::uint32_t id = map.info().id;
  run([&] {
    const int refused = is_admin() ? 0 : EPERM;
    expect_outcome(refused, "CAP_SYS_ADMIN", [&](auto&... ec) { (void)Map::from_id(id, ec...); });
    expect_outcome(refused, "CAP_SYS_ADMIN", [&](auto&... ec) { (void)next_map_id(0, ec...); });
    expect_outcome(refused, "CAP_SYS_ADMIN", [&](auto&... ec) { (void)list_maps(ec...); });
    // A process without the privilege is not told whether there is such a map.
    expect_outcome(is_admin() ? ENOENT : EPERM, is_admin() ? "no map has this id" : "CAP_SYS_ADMIN",
                   [](auto&... ec) { (void)Map::from_id(0xfffffff0, ec...); });
  });
}

TEST_P(EachPrivilege, OpensPinsByTheirPermissionBits) {
  const test::PrivateBpffs bpffs;
  // Others may enter, and none may write.
  ASSERT_EQ(::chmod(bpffs.root().c_str(), 0755), 0);
  const Map map = test::make_map(MapType::hash, 4, 8);
  const auto pinned = [&](const char* name, std::uint32_t mode) {
    std::string path = bpffs.path(name);
    map.pin(path, {.mode = mode});
    return path;
  };
  const std::string closed = pinned("closed", 0600);
  const std::string readable = pinned("readable", 0644);
  const std::string open = pinned("open", 0666);
  run([&] {
    const bool owner = is(Who::root) || is(Who::user_namespace);
    const int refused = owner ? 0 : EACCES;
    const auto opening = [](const std::string& path, Access access) {
      return [&path, access](auto&... ec) { (void)Map::open_pinned(path, access, ec...); };
    };
    expect_outcome(refused, "its mode is 0600", opening(closed, Access::read_write));
    expect_outcome(refused, "its mode is 0600", opening(closed, Access::read_only));
    expect_outcome(refused, "its mode is 0644", opening(readable, Access::read_write));
    expect_outcome(0, "", opening(readable, Access::read_only));
    expect_outcome(0, "", opening(open, Access::read_write));
    const std::string missing = bpffs.path("missing");
    expect_outcome(ENOENT, "nothing is pinned there", opening(missing, Access::read_write));
    const std::string next = bpffs.path("next");
    if (owner)
      map.pin(next);
    else
      EXPECT_TRUE(
          contains(test::told(EACCES, [&](auto&... ec) { map.pin(next, ec...); }), bpffs.root()));
    EXPECT_TRUE(
        contains(test::told(Errc::invalid_path, [&](auto&... ec) { map.pin("/proc/next", ec...); }),
                 "/proc is not on a bpffs"));
  });
}

}  // namespace
}  // namespace bpfmap
