// SPDX-License-Identifier: MIT
// Causes in keys, values and flags: each one made to happen. The same errno without the cause, and
// what is told of it then, is in every_cause_test.cpp.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/typed/cgroup_array.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "own_cgroup.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "sockets.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::told;

// The value of a devmap or a cpumap: a number, and a program.
struct WithProgram {
  std::uint32_t number;
  std::int32_t program;
};

Map make_with_program(MapType type) {
  MapSpec spec = test::spec_of(type);
  spec.value_size = sizeof(WithProgram);
  return Map::create(spec);
}

std::string put(Map& map, int error, WithProgram value) {
  return told(error, [&](auto&... ec) { map.update(0, test::bytes_of(value), ec...); });
}

TEST(ValueCauses, OfADevmapsProgram) {
  for (const MapType type : {devmap, devmap_hash}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_with_program(type);
    const sys::UniqueFd filter = test::load_program();
    const sys::UniqueFd plain = test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP});
    constexpr std::uint32_t loopback = 1;
    EXPECT_TRUE(contains(put(map, EINVAL, {loopback, 9999}),
                         "the program in the value, 9999, is not an open descriptor"));
    EXPECT_TRUE(contains(put(map, EINVAL, {loopback, map.fd()}), ", is not a program"));
    EXPECT_TRUE(contains(put(map, EINVAL, {loopback, filter.get()}), " is not an XDP program"));
    EXPECT_TRUE(contains(put(map, EINVAL, {loopback, plain.get()}), "SEC(\"xdp/devmap\")"));
  }
  Map map = Map::create(test::spec_of(devmap_hash));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(0, 0, ec...); }),
                       "no network device has ifindex 0"));
}

TEST(ValueCauses, OfDevmapProgramsOfWhichSomeTakeFragments) {
  Map map = make_with_program(devmap);
  const auto load = [](std::uint32_t flags) {
    return test::load_program(
        XDP_PASS, {.type = BPF_PROG_TYPE_XDP, .attach_type = BPF_XDP_DEVMAP, .flags = flags});
  };
  const sys::UniqueFd plain = load(0);
  const sys::UniqueFd frags = load(BPF_F_XDP_HAS_FRAGS);
  map.update(1, test::bytes_of(WithProgram{1, plain.get()}));
  EXPECT_TRUE(contains(put(map, EINVAL, {1, frags.get()}), "xdp.frags"));
}

TEST(ValueCauses, OfACpumapsProgramAndQueue) {
  Map map = make_with_program(cpumap);
  const sys::UniqueFd filter = test::load_program();
  const sys::UniqueFd plain = test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP});
  const auto expect = [&](int refused, int closed) {
    EXPECT_TRUE(contains(put(map, refused, {64, map.fd()}), ", is not a program"));
    EXPECT_TRUE(contains(put(map, refused, {64, filter.get()}), " is not an XDP program"));
    EXPECT_TRUE(contains(put(map, closed, {64, 9999}), "9999, is not an open descriptor of a "));
    EXPECT_TRUE(contains(put(map, refused, {64, plain.get()}), "SEC(\"xdp/cpumap\")"));
  };
  std::error_code ec;
  map.update(0, test::bytes_of(WithProgram{64, plain.get()}), ec);
  if (ec == test::errno_code(ENOMEM))
    expect(ENOMEM, ENOMEM);
  else
    expect(EINVAL, EBADF);
  // The errnos of Linux 7.0 and later.
  const test::FakeBpf newer{[](int cmd, void* attr, unsigned int size) -> long {
    const long result = sys::bpf_syscall(cmd, attr, size);
    if (cmd != BPF_MAP_UPDATE_ELEM || result == 0) return result;
    WithProgram value{};
    std::memcpy(&value, reinterpret_cast<void*>(static_cast<bpf_attr*>(attr)->value), sizeof value);
    return value.program == 9999 ? -EBADF : -EINVAL;
  }};
  expect(EINVAL, EBADF);
}

TEST(ValueCauses, OfAProgramInAMapOfMaps) {
  MapSpec spec = test::spec_of(array_of_maps);
  const Map inner = test::flows();
  spec.inner_map_fd = inner.fd();
  Map map = Map::create(spec);
  const sys::UniqueFd program = test::load_program();
  EXPECT_TRUE(
      contains(told(EINVAL, [&](auto&... ec) { map.update(0, program.get(), ec...); }),
               "the value, descriptor " + std::to_string(program.get()) + ", is not a map: "));
}

TEST(ValueCauses, OfAPerfEvent) {
  Map map = Map::create(test::spec_of(perf_event_array));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.update(0, map.fd(), ec...); }),
                       "is not an open descriptor of a perf event"));
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.inherit = 1;
  const sys::UniqueFd event{
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC))};
  ASSERT_TRUE(event);
  EXPECT_TRUE(contains(told(EOPNOTSUPP, [&](auto&... ec) { map.update(0, event.get(), ec...); }),
                       "child processes inherit it (perf_event_attr.inherit)"));
}

TEST(ValueCauses, OfACgroup) {
  if (test::cgroup_root().empty()) GTEST_SKIP() << "no cgroup2 is mounted";
  auto map = CgroupArray::create({.max_entries = 2});
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.set(0, "/none", ec...); }),
                       "'/none' cannot be opened as a cgroup's directory: ENOENT"));
  EXPECT_TRUE(contains(told(ENOTDIR, [&](auto&... ec) { map.set(0, "/proc/version", ec...); }),
                       "'/proc/version' cannot be opened as a cgroup's directory: ENOTDIR"));
  const sys::UniqueFd folder{::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(0, folder.get(), ec...); }),
                       "is not an open descriptor of a cgroup's directory in the unified "));
  test::OwnCgroup gone;
  gone.remove();
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.set(0, gone.fd(), ec...); }),
                       "has been removed: ENOENT"));
  const test::FakeBpf kernel{-EBADF};
  const test::OwnCgroup there;
  std::error_code ec;
  map.set(0, there.fd(), ec);
  EXPECT_TRUE(contains(explain(ec), "the cause of this errno is not known"));
}

// --- sockets ---

TEST(ValueCauses, OfASocket) {
  const sys::UniqueFd socket = test::new_socket(SOCK_STREAM);
  const sys::UniqueFd file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  for (const MapType type : {sockmap, sockhash, reuseport_sockarray, xskmap}) {
    SCOPED_TRACE(to_string(type));
    Map map = Map::create(test::spec_of(type));
    const auto set = [&map](int fd) {
      return [&map, fd](auto&... ec) { map.update(0, fd, ec...); };
    };
    EXPECT_TRUE(contains(told(ENOTSOCK, set(file.get())), " is not a socket: ENOTSOCK"));
    EXPECT_TRUE(contains(told(EBADF, set(9999)), " is not an open descriptor of a socket: EBADF"));
    const test::FakeBpf kernel{-EBADF};
    std::error_code ec;
    map.update(0, socket.get(), ec);
    EXPECT_TRUE(contains(explain(ec), "the cause of this errno is not known"));
  }
  Map xsk = Map::create(test::spec_of(xskmap));
  EXPECT_TRUE(contains(told(EOPNOTSUPP, [&](auto&... ec) { xsk.update(0, socket.get(), ec...); }),
                       " is not an AF_XDP socket: EOPNOTSUPP"));
}

TEST(ValueCauses, OfASocketForAReuseportGroup) {
  Map map = Map::create(test::spec_of(reuseport_sockarray));
  const auto set = [&map](std::uint32_t index, const sys::UniqueFd& socket,
                          UpdateFlags flags = UpdateFlags::any) {
    return [&map, index, flags, fd = socket.get()](auto&... ec) {
      map.update(index, fd, flags, ec...);
    };
  };
  const sys::UniqueFd first = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd second = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd unbound = test::new_socket(SOCK_DGRAM);
  EXPECT_TRUE(
      contains(told(EINVAL, set(0, unbound)), " is not a bound UDP socket or a listening TCP "));
  const sys::UniqueFd raw{::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP)};
  EXPECT_TRUE(contains(told(sys::enotsupp, set(0, raw)), "sockets of this kind or in this state "));
  set(0, first)();
  EXPECT_TRUE(contains(told(EBUSY, set(1, first)), "the kernel already uses the socket: "));
  EXPECT_TRUE(contains(told(EEXIST, set(0, second, UpdateFlags::noexist)),
                       "the slot is taken, and UpdateFlags::noexist was given"));
  const test::FakeBpf kernel{-EINVAL};
  std::error_code ec;
  set(1, second)(ec);
  EXPECT_TRUE(contains(explain(ec), "the cause of this errno is not known"));
}

// --- storages ---

class StorageCauses : public ::testing::Test {
 protected:
  Map storage(MapType type) {
    MapSpec spec = test::spec_of(type);
    spec.btf_fd = btf_.fd();
    spec.btf_key_type_id = test::SmallBtf::integer;
    spec.btf_value_type_id = test::SmallBtf::plain;
    return Map::create(spec);
  }

 private:
  test::SmallBtf btf_;
};

TEST_F(StorageCauses, OfATaskThatHasEnded) {
  if (!test::kernel_has(task_storage)) GTEST_SKIP() << "this kernel has no task_storage maps";
  Map map = storage(task_storage);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  const sys::UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  ASSERT_TRUE(pidfd);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(contains(
      told(ENOENT, [&](auto&... ec) { map.update(pidfd.get(), 1, ec...); }),
      "the task of the key, pidfd " + std::to_string(pidfd.get()) + ", has ended: ENOENT"));
  const sys::UniqueFd own{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  for (const int error : {ENOENT, EBADF}) {
    const test::FakeBpf kernel{-error};
    std::error_code ec;
    map.update(own.get(), 1, ec);
    EXPECT_TRUE(contains(explain(ec), "the cause of this errno is not known"));
  }
}

TEST_F(StorageCauses, OfACgroupThatIsGone) {
  if (test::cgroup_root().empty()) GTEST_SKIP() << "no cgroup2 is mounted";
  if (!test::kernel_has(cgrp_storage)) GTEST_SKIP() << "this kernel has no cgrp_storage maps";
  Map map = storage(cgrp_storage);
  test::OwnCgroup gone;
  gone.remove();
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.update(gone.fd(), 1, ec...); }),
                       "the cgroup of the key, descriptor " + std::to_string(gone.fd()) +
                           ", has been removed: ENOENT"));
}

TEST_F(StorageCauses, OfAWalk) {
  const Map map = storage(sk_storage);
  EXPECT_TRUE(
      contains(told(Errc::unsupported_operation, [&](auto&... ec) { (void)count(map, ec...); }),
               "): sk_storage maps cannot be walked: look up objects by their "));
}

TEST_F(StorageCauses, OfAKeyThatIsClosed) {
  for (const MapType type :
       test::those_of_this_kernel({sk_storage, task_storage, inode_storage, cgrp_storage})) {
    Map map = storage(type);
    EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.update(9999, 1, ec...); }),
                         "the key, 9999, is not an open "));
  }
}

// --- flags ---

TEST(FlagCauses, OfALockThatTheValueLacks) {
  const test::SmallBtf btf;
  Map map = Map::create({.type = hash,
                         .key_size = 4,
                         .value_size = 4,
                         .max_entries = 2,
                         .btf_fd = btf.fd(),
                         .btf_key_type_id = test::SmallBtf::integer,
                         .btf_value_type_id = test::SmallBtf::plain});
  EXPECT_TRUE(
      contains(told(EINVAL, [&](auto&... ec) { map.update(1, 1, UpdateFlags::lock, ec...); }),
               "the call asks for the lock, and the lock flag needs a struct bpf_spin_lock"));
}

TEST(FlagCauses, OfACpuBeforeTheKernelTakesOne) {
  const Map lookups = test::make_map(percpu_hash, 4, 8);
  Map updates = test::make_map(percpu_array, 4, 8);
  std::error_code ec;
  updates.update_cpu(1, 0, std::uint64_t{1}, ec);
  if (!ec) GTEST_SKIP() << "this kernel takes BPF_F_CPU";
  EXPECT_TRUE(contains(explain(ec), " has no BPF_F_CPU (Linux 7.0)"));
  (void)told(ec, [&](auto&... e) { updates.update_cpu(1, 0, std::uint64_t{1}, e...); });
}

// --- what is not known ---

TEST(UnknownCauses, AreNamedByErrnoAndArguments) {
  Map map = test::make_map(hash, 4, 8);
  const test::FakeBpf kernel{-EINVAL};
  std::error_code ec;
  map.update(1, 1, ec);
  EXPECT_TRUE(contains(explain(ec),
                       "): the cause of this errno is not known (key of 4 bytes, value of 8 "
                       "bytes): EINVAL (Invalid argument)"));
  map.freeze(ec);
  EXPECT_TRUE(contains(explain(ec), "): the cause of this errno is not known: EINVAL"));
}

}  // namespace
}  // namespace bpfmap
