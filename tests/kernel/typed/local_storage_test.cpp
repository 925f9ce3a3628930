// SPDX-License-Identifier: MIT
// SkStorage, TaskStorage, InodeStorage, CgrpStorage, CgroupStorage, PerCpuCgroupStorage: values
// beside the kernel's objects.
#include "bpfmap/typed/local_storage.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "beside.skel.h"
#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/typed/cgroup_storage.hpp"
#include "bpfmap/typed/percpu_hash_map.hpp"
#include "child_process.hpp"
#include "kernel_has.hpp"
#include "own_cgroup.hpp"
#include "program.hpp"
#include "refusals.hpp"
#include "small_btf.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

// A map of int values, which the kernel makes with their BTF.
template <template <class> class Storage>
Storage<std::int32_t> make(MapType type) {
  const test::SmallBtf btf;
  return Storage<std::int32_t>{Map::create({.type = type,
                                            .key_size = 4,
                                            .value_size = 4,
                                            .flags = MapFlags::no_prealloc,
                                            .name = "beside",
                                            .btf_fd = btf.fd(),
                                            .btf_key_type_id = test::SmallBtf::integer,
                                            .btf_value_type_id = test::SmallBtf::integer})};
}
auto sockets() { return make<SkStorage>(MapType::sk_storage); }
auto tasks() { return make<TaskStorage>(MapType::task_storage); }
auto inodes() { return make<InodeStorage>(MapType::inode_storage); }
auto cgroups() { return make<CgrpStorage>(MapType::cgrp_storage); }

sys::UniqueFd pidfd(pid_t pid) {
  return sys::UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}
sys::UniqueFd open_null() { return sys::UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)}; }

// Every operation on the value beside `fd`; it has none, before and after.
template <class Storage>
void expect_every_operation(Storage& map, int fd) {
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(fd), std::nullopt);
  EXPECT_EQ(map.lookup(fd, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_FALSE(map.contains(fd));
  EXPECT_FALSE(map.replace(fd, 1));
  EXPECT_FALSE(map.replace(fd, 1, ec));
  EXPECT_FALSE(map.erase(fd));
  EXPECT_FALSE(map.erase(fd, ec));
  EXPECT_EQ(ec, std::error_code{});

  EXPECT_TRUE(map.insert(fd, 1));
  EXPECT_EQ(map.lookup(fd), 1);
  EXPECT_FALSE(map.insert(fd, 2));
  EXPECT_FALSE(map.insert(fd, 2, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup(fd, ec), 1);
  EXPECT_TRUE(map.replace(fd, 3));
  EXPECT_EQ(map.lookup(fd), 3);
  EXPECT_TRUE(map.replace(fd, 4, ec));
  map.update(fd, 5);
  EXPECT_EQ(map.lookup(fd), 5);
  map.update(fd, 6, ec);
  EXPECT_EQ(ec, std::error_code{});
  std::int32_t value = 0;
  EXPECT_TRUE(map.lookup_into(fd, value));
  EXPECT_EQ(value, 6);
  EXPECT_TRUE(map.contains(fd, ec));

  EXPECT_TRUE(map.erase(fd));
  EXPECT_TRUE(map.insert(fd, 7, ec));
  EXPECT_TRUE(map.erase(fd, ec));
  EXPECT_EQ(map.lookup(fd), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});
}

// Every operation with `fd` as its key ends with `error`, which tells `part`.
template <class Storage>
void expect_key_told(Storage& map, int fd, int error, const std::string& part) {
  SCOPED_TRACE(fd);
  EXPECT_TRUE(contains(told(error, [&](auto&... ec) { (void)map.lookup(fd, ec...); }), part));
  EXPECT_TRUE(contains(told(error, [&](auto&... ec) { (void)map.contains(fd, ec...); }), part));
  EXPECT_TRUE(contains(told(error, [&](auto&... ec) { map.update(fd, 1, ec...); }), part));
  EXPECT_TRUE(contains(told(error, [&](auto&... ec) { (void)map.insert(fd, 1, ec...); }), part));
  EXPECT_TRUE(contains(told(error, [&](auto&... ec) { (void)map.replace(fd, 1, ec...); }), part));
  EXPECT_TRUE(contains(told(error, [&](auto&... ec) { (void)map.erase(fd, ec...); }), part));
}

// --- sockets ---

TEST(SkStorage, HoldsAValueBesideASocket) {
  auto map = sockets();
  const sys::UniqueFd udp = test::new_socket(SOCK_DGRAM);
  const sys::UniqueFd other = test::new_socket(SOCK_STREAM);
  expect_every_operation(map, udp.get());
  map.insert(udp.get(), 1);
  map.insert(other.get(), 2);
  const sys::UniqueFd again = sys::UniqueFd::duplicate_of(udp.get());
  EXPECT_EQ(map.lookup(again.get()), 1) << "by any descriptor of it";
  EXPECT_EQ(map.lookup(other.get()), 2);
}

TEST(SkStorage, TellsWhatIsNoSocket) {
  auto map = sockets();
  const sys::UniqueFd file = open_null();
  expect_key_told(map, file.get(), ENOTSOCK,
                  "the key, descriptor " + std::to_string(file.get()) + ", is not a socket");
  expect_key_told(map, -1, EBADF, "the key, -1, is not an open descriptor of a socket");
}

// --- tasks ---

class TaskStorageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::kernel_has(MapType::task_storage)) GTEST_SKIP() << "this kernel has no such maps";
  }
};

TEST_F(TaskStorageTest, HoldsAValueBesideATask) {
  auto map = tasks();
  const sys::UniqueFd self = pidfd(::getpid());
  expect_every_operation(map, self.get());
  map.insert(self.get(), 1);
  EXPECT_EQ(map.lookup(pidfd(::getppid()).get()), std::nullopt);
  EXPECT_EQ(map.lookup(pidfd(::getpid()).get()), 1);
}

TEST_F(TaskStorageTest, TellsWhatIsNoPidfd) {
  auto map = tasks();
  const sys::UniqueFd file = open_null();
  expect_key_told(
      map, file.get(), EBADF,
      "the key, " + std::to_string(file.get()) + ", is not an open pidfd (see pidfd_open(2))");
  expect_key_told(map, -1, EBADF, "the key, -1, is not an open pidfd");
}

TEST_F(TaskStorageTest, HasNothingBesideATaskThatIsGone) {
  auto map = tasks();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const sys::UniqueFd fd = pidfd(child);
  map.insert(fd.get(), 1);
  EXPECT_EQ(map.lookup(fd.get()), 1);
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(map.lookup(fd.get()), std::nullopt);
  EXPECT_FALSE(map.replace(fd.get(), 2));
  EXPECT_FALSE(map.erase(fd.get()));
  const std::string gone = "the task of the key, pidfd " + std::to_string(fd.get()) + ", has ended";
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.update(fd.get(), 2, ec...); }), gone));
  EXPECT_TRUE(
      contains(told(ENOENT, [&](auto&... ec) { (void)map.insert(fd.get(), 2, ec...); }), gone));
}

// --- inodes ---

TEST(InodeStorage, HoldsAValueBesideAFile) {
  auto map = inodes();
  const sys::UniqueFd null = open_null();
  expect_every_operation(map, null.get());
  map.insert(null.get(), 1);
  EXPECT_EQ(map.lookup(open_null().get()), 1) << "it is the file's, not the descriptor's";
  const sys::UniqueFd folder{::open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  EXPECT_EQ(map.lookup(folder.get()), std::nullopt);
}

TEST(InodeStorage, TellsWhatIsNoDescriptor) {
  auto map = inodes();
  expect_key_told(map, -1, EBADF, "the key, -1, is not an open descriptor");
}

// --- cgroups ---

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test::cgroup_root().empty()) GTEST_SKIP() << "no cgroup2 is mounted";
  }
};

class CgrpStorageTest : public CgroupTest {
 protected:
  void SetUp() override {
    CgroupTest::SetUp();
    if (!test::kernel_has(MapType::cgrp_storage)) GTEST_SKIP() << "this kernel has no such maps";
  }
};

TEST_F(CgrpStorageTest, HoldsAValueBesideACgroup) {
  auto map = cgroups();
  const test::OwnCgroup cgroup;
  expect_every_operation(map, cgroup.fd());
  map.insert(cgroup.fd(), 1);
  const sys::UniqueFd again{::open(cgroup.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  EXPECT_EQ(map.lookup(again.get()), 1);
}

TEST_F(CgrpStorageTest, TellsWhatIsNoCgroup) {
  auto map = cgroups();
  const sys::UniqueFd file = open_null();
  expect_key_told(map, file.get(), EBADF,
                  "the key, " + std::to_string(file.get()) +
                      ", is not an open descriptor of a cgroup's directory");
  expect_key_told(map, -1, EBADF, "the key, -1, is not an open descriptor of a cgroup's directory");
}

TEST_F(CgrpStorageTest, HasNothingBesideACgroupThatIsGone) {
  auto map = cgroups();
  test::OwnCgroup cgroup;
  map.insert(cgroup.fd(), 1);
  cgroup.remove();
  EXPECT_EQ(map.lookup(cgroup.fd()), std::nullopt);
  EXPECT_FALSE(map.erase(cgroup.fd()));
  EXPECT_TRUE(contains(
      told(ENOENT, [&](auto&... ec) { map.update(cgroup.fd(), 2, ec...); }),
      "the cgroup of the key, descriptor " + std::to_string(cgroup.fd()) + ", has been removed"));
}

// --- integers ---

template <class Storage>
void expect_integers(Storage map, int fd) {
  map.update(std::int64_t{fd}, std::int64_t{-7});
  EXPECT_EQ(map.lookup(static_cast<std::uint16_t>(fd)), -7);
  // Cut to 32 bits, both are `fd`.
  for (const std::int64_t key : {fd + (std::int64_t{1} << 32), fd - (std::int64_t{1} << 32)}) {
    SCOPED_TRACE(key);
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(std::error_code{Errc::out_of_range}, call).empty());
    };
    expect_refused([&](auto&... ec) { (void)map.lookup(key, ec...); });
    expect_refused([&](auto&... ec) { map.update(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.insert(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.replace(key, 1, ec...); });
    expect_refused([&](auto&... ec) { (void)map.erase(key, ec...); });
    expect_refused([&](auto&... ec) { map.update(fd, key, ec...); });
  }
  EXPECT_EQ(map.map().template lookup<std::int32_t>(fd), -7) << "nothing is written or erased";
}

TEST(LocalStorage, TakesAnyIntegerTypeThatFits) {
  expect_integers(sockets(), test::new_socket(SOCK_DGRAM).get());
  if (test::kernel_has(MapType::task_storage)) expect_integers(tasks(), pidfd(::getpid()).get());
  expect_integers(inodes(), open_null().get());
}

// --- views ---

template <class Storage>
void expect_view_checks(const Map& made, const char* type) {
  EXPECT_TRUE(contains(test::refused_view<Storage>(test::flows(), Errc::wrong_map_type), type));
  EXPECT_TRUE(contains(test::refused_view<Storage>(made, Errc::wrong_value_size),
                       "the value type has 8 bytes, the map's values have 4"));
  Storage none;
  EXPECT_FALSE(none);
  test::expect_no_map_told([&](auto&... ec) { (void)none.lookup(0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { none.update(0, 1, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)none.insert(0, 1, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)none.replace(0, 1, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)none.erase(0, ec...); });
}

TEST(LocalStorageView, IsOfOneTypeAndSize) {
  expect_view_checks<SkStorage<std::uint64_t>>(sockets().map(), "sk_storage");
  if (test::kernel_has(MapType::task_storage))
    expect_view_checks<TaskStorage<std::uint64_t>>(tasks().map(), "task_storage");
  expect_view_checks<InodeStorage<std::uint64_t>>(inodes().map(), "inode_storage");
  if (test::kernel_has(MapType::cgrp_storage))
    expect_view_checks<CgrpStorage<std::uint64_t>>(cgroups().map(), "cgrp_storage");
  EXPECT_TRUE(
      contains(test::refused_view<SkStorage<std::int32_t>>(inodes().map(), Errc::wrong_map_type),
               "this class is for sk_storage maps"));
}

// --- maps of a skeleton ---

struct Runs {
  std::uint64_t count = 0;
  std::uint32_t flags = 0;
  friend bool operator==(const Runs&, const Runs&) = default;
};

class OfASkeleton : public CgroupTest {
 protected:
  using Skeleton = std::unique_ptr<beside, decltype(&beside__destroy)>;
  void SetUp() override {
    CgroupTest::SetUp();
    ASSERT_NE(skeleton_, nullptr);
    // Without the maps of types that the kernel does not have, and the program that uses them.
    const bool has_task_storage = test::kernel_has(MapType::task_storage);
    bpf_map__set_autocreate(skeleton_->maps.of_task, has_task_storage);
    bpf_program__set_autoload(skeleton_->progs.count_run, has_task_storage);
    bpf_map__set_autocreate(skeleton_->maps.of_cgroup, test::kernel_has(MapType::cgrp_storage));
    ASSERT_EQ(beside__load(skeleton_.get()), 0);
  }
  const Skeleton skeleton_{beside__open(), &beside__destroy};
};

TEST_F(OfASkeleton, TaskStorageSharesItsValuesWithTheProgram) {
  if (!test::kernel_has(MapType::task_storage)) GTEST_SKIP() << "this kernel has no such maps";
  TaskStorage<Runs> map{from(skeleton_->maps.of_task)};
  const sys::UniqueFd self = pidfd(::getpid());
  const int program = bpf_program__fd(skeleton_->progs.count_run);
  EXPECT_EQ(map.lookup(self.get()), std::nullopt);
  EXPECT_EQ(test::run_program(program, false), 1U);
  EXPECT_EQ(map.lookup(self.get()), Runs{.count = 1});
  map.update(self.get(), {.count = 41, .flags = 7});
  EXPECT_EQ(test::run_program(program, false), 42U);
  EXPECT_EQ(map.lookup(self.get()), (Runs{.count = 42, .flags = 7}));
  EXPECT_TRUE(map.erase(self.get()));
  EXPECT_EQ(test::run_program(program, false), 1U);
}

TEST_F(OfASkeleton, EveryKindIsAViewOfItsMap) {
  const sys::UniqueFd socket = test::new_socket(SOCK_DGRAM);
  SkStorage<Runs> of_socket{from(skeleton_->maps.of_socket)};
  of_socket.update(socket.get(), {.count = 1});
  EXPECT_EQ(of_socket.lookup(socket.get()), Runs{.count = 1});

  const sys::UniqueFd file = open_null();
  InodeStorage<Runs> of_inode{from(skeleton_->maps.of_inode)};
  of_inode.update(file.get(), {.count = 2});
  EXPECT_EQ(of_inode.lookup(file.get()), Runs{.count = 2});

  if (!test::kernel_has(MapType::cgrp_storage)) return;
  const test::OwnCgroup cgroup;
  CgrpStorage<Runs> of_cgroup{from(skeleton_->maps.of_cgroup)};
  of_cgroup.update(cgroup.fd(), {.count = 3});
  EXPECT_EQ(of_cgroup.lookup(cgroup.fd()), Runs{.count = 3});
}

// --- CgroupStorage ---

// Counts the packets that leave the cgroup, in the storage of the map.
class Attached {
 public:
  Attached(const Map& map, const test::OwnCgroup& cgroup) : cgroup_(cgroup) {
    const auto load = test::load_map(1, map.fd());
    const std::array code{
        load[0],
        load[1],
        test::load_number(2, 0),
        test::call_helper(BPF_FUNC_get_local_storage),
        test::load_number(1, 1),
        test::instruction(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),  // *r0 += 1
        test::load_number(0, 1),
        test::leave(),
    };
    program_ = test::load_program(
        code, {.type = BPF_PROG_TYPE_CGROUP_SKB, .attach_type = BPF_CGROUP_INET_EGRESS});
    EXPECT_EQ(call(BPF_PROG_ATTACH), 0);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { EXPECT_EQ(call(BPF_PROG_DETACH), 0); }

 private:
  long call(bpf_cmd command) {
    bpf_attr attr;
    std::memset(&attr, 0, sizeof attr);
    attr.target_fd = static_cast<std::uint32_t>(cgroup_.fd());
    attr.attach_bpf_fd = static_cast<std::uint32_t>(program_.get());
    attr.attach_type = BPF_CGROUP_INET_EGRESS;
    return sys::bpf(command, &attr, sizeof attr);
  }
  const test::OwnCgroup& cgroup_;
  sys::UniqueFd program_;
};

// Sends one datagram on the loopback from a process in the cgroup.
void send_from(const test::OwnCgroup& cgroup) {
  test::in_child([&] {
    cgroup.enter();
    const sys::UniqueFd receiver = test::bound_socket(SOCK_DGRAM);
    const sys::UniqueFd sender = test::new_socket(SOCK_DGRAM);
    const sockaddr_in address = test::name_of(receiver);
    EXPECT_EQ(::sendto(sender.get(), "x", 1, 0, test::generic(address), sizeof address), 1);
  });
}

template <class K>
K key_of(const test::OwnCgroup& cgroup) {
  if constexpr (std::is_same_v<K, CgroupStorageKey>)
    return {.cgroup_inode_id = cgroup.inode(), .attach_type = BPF_CGROUP_INET_EGRESS};
  else
    return cgroup.inode();
}

template <class K>
class CgroupStorageTest : public CgroupTest {
 protected:
  using Counts = CgroupStorage<K, std::uint64_t>;
};
using CgroupStorageKeys = ::testing::Types<CgroupStorageKey, std::uint64_t>;
TYPED_TEST_SUITE(CgroupStorageTest, CgroupStorageKeys);

TYPED_TEST(CgroupStorageTest, IsMadeWithItsTypeAndSizes) {
  using Typed = typename TestFixture::Counts;
  std::error_code ec = Errc::invalid_name;
  const auto map = Typed::create({.name = "counts"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(map);
  EXPECT_EQ(map.map().info().type, MapType::cgroup_storage);
  EXPECT_EQ(map.map().info().key_size, sizeof(TypeParam));
  EXPECT_EQ(map.map().info().value_size, 8U);
  EXPECT_TRUE(
      contains(told(EINVAL, [](auto&... e) { (void)Typed::create({.max_entries = 1}, e...); }),
               "max_entries"));
  EXPECT_TRUE(contains(test::refused_view<Typed>(test::flows(), Errc::wrong_map_type),
                       "this class is for cgroup_storage maps"));
  using Narrow = CgroupStorage<TypeParam, std::uint32_t>;
  EXPECT_FALSE(test::refused_view<Narrow>(map.map(), Errc::wrong_value_size).empty());
}

TYPED_TEST(CgroupStorageTest, IsWrittenByTheProgramAndByUserSpace) {
  auto map = TestFixture::Counts::create({.name = "counts"});
  const test::OwnCgroup cgroup;
  const auto key = key_of<TypeParam>(cgroup);
  EXPECT_EQ(map.lookup(key), std::nullopt);
  EXPECT_FALSE(map.replace(key, 7));
  const Attached attached{map.map(), cgroup};
  EXPECT_EQ(map.lookup(key), 0U);
  send_from(cgroup);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(key, ec), 1U);
  EXPECT_EQ(ec, std::error_code{});

  EXPECT_TRUE(map.replace(key, 41));
  EXPECT_TRUE(map.replace(key, 41, ec));
  EXPECT_EQ(ec, std::error_code{});
  send_from(cgroup);
  EXPECT_EQ(map.lookup(key), 42U);
  std::uint64_t count = 0;
  EXPECT_TRUE(map.lookup_into(key, count));
  EXPECT_EQ(count, 42U);
  EXPECT_TRUE(map.contains(key));
}

TYPED_TEST(CgroupStorageTest, KeepsAnEntryUntilTheCgroupGoes) {
  auto map = TestFixture::Counts::create({.name = "counts"});
  test::OwnCgroup cgroup;
  const auto key = key_of<TypeParam>(cgroup);
  {
    const Attached attached{map.map(), cgroup};
    EXPECT_TRUE(map.replace(key, 7));
  }
  EXPECT_EQ(map.lookup(key), 7U) << "although the program is detached";
  cgroup.remove();
  // The kernel cleans up behind it in the background.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (map.contains(key) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_EQ(map.lookup(key), std::nullopt);
}

TYPED_TEST(CgroupStorageTest, IsWalkedWithoutAProgram) {
  auto map = TestFixture::Counts::create({.name = "counts"});
  const test::OwnCgroup first;
  const test::OwnCgroup second;
  const Attached attached_first{map.map(), first};
  const Attached attached_second{map.map(), second};
  EXPECT_TRUE(map.replace(key_of<TypeParam>(first), 7));
  EXPECT_TRUE(map.replace(key_of<TypeParam>(second), 8));
  std::map<std::uint64_t, std::uint64_t> found;
  for (const auto& [key, value] : map) {
    std::uint64_t inode = 0;
    std::memcpy(&inode, &key, sizeof inode);  // the first member of either key
    EXPECT_TRUE(found.emplace(inode, value).second);
  }
  const std::map<std::uint64_t, std::uint64_t> wanted{{first.inode(), 7}, {second.inode(), 8}};
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(count(map), 2U);
}

// What user space cannot do has no name there.
template <class M>
concept changes_entries = requires(M& map, const typename M::key_type& key) {
  map.erase(key);
} || requires(M& map, const typename M::key_type& key, const typename M::mapped_type& value) {
  map.insert(key, value);
} || requires(M& map, const typename M::key_type& key, const typename M::mapped_type& value) {
  map.update(key, value);
};
static_assert(changes_entries<CgrpStorage<std::uint64_t>>);
static_assert(!changes_entries<CgroupStorage<std::uint64_t, std::uint64_t>>);

TYPED_TEST(CgroupStorageTest, RefusesEverythingWithoutAMap) {
  typename TestFixture::Counts map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup(TypeParam{}, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.contains(TypeParam{}, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.replace(TypeParam{}, 1, ec...); });
}

// --- PerCpuCgroupStorage ---

template <class K>
class PerCpuCgroupStorageTest : public CgroupTest {
 protected:
  using Counts = PerCpuCgroupStorage<K, std::uint64_t>;
  const std::size_t cpus = sys::possible_cpus().size();
};
TYPED_TEST_SUITE(PerCpuCgroupStorageTest, CgroupStorageKeys);

TYPED_TEST(PerCpuCgroupStorageTest, IsMadeWithItsTypeAndSizes) {
  using Typed = typename TestFixture::Counts;
  std::error_code ec = Errc::invalid_name;
  const auto map = Typed::create({.name = "counts"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  ASSERT_TRUE(map);
  EXPECT_EQ(map.map().info().type, MapType::percpu_cgroup_storage);
  EXPECT_EQ(map.map().info().key_size, sizeof(TypeParam));
  EXPECT_EQ(map.map().info().value_size, 8U) << "of one CPU";
  EXPECT_FALSE(
      told(EINVAL, [](auto&... e) { (void)Typed::create({.max_entries = 1}, e...); }).empty());
  EXPECT_TRUE(contains(test::refused_view<Typed>(test::flows(), Errc::wrong_map_type),
                       "this class is for percpu_cgroup_storage maps"));
  using Narrow = PerCpuCgroupStorage<TypeParam, std::uint32_t>;
  EXPECT_FALSE(test::refused_view<Narrow>(map.map(), Errc::wrong_value_size).empty());
  using OneValue = CgroupStorage<TypeParam, std::uint64_t>;
  EXPECT_FALSE(test::refused_view<OneValue>(map.map(), Errc::wrong_map_type).empty());
}

TYPED_TEST(PerCpuCgroupStorageTest, IsWrittenByTheProgramAndByUserSpace) {
  auto map = TestFixture::Counts::create({.name = "counts"});
  const test::OwnCgroup cgroup;
  const auto key = key_of<TypeParam>(cgroup);
  EXPECT_EQ(map.lookup(key), std::nullopt);
  EXPECT_FALSE(map.contains(key));
  EXPECT_FALSE(map.replace(key, 7));
  const Attached attached{map.map(), cgroup};
  ASSERT_TRUE(map.lookup(key));
  EXPECT_EQ(map.lookup(key)->sum(), 0U);
  send_from(cgroup);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(key, ec).value().sum(), 1U);
  EXPECT_EQ(ec, std::error_code{});

  EXPECT_TRUE(map.replace(key, 40));
  const auto equal = map.lookup(key);
  ASSERT_TRUE(equal);
  for (const std::uint64_t value : *equal) EXPECT_EQ(value, 40U);
  send_from(cgroup);
  EXPECT_EQ(map.lookup(key)->sum(), 40 * this->cpus + 1);
  EXPECT_TRUE(map.contains(key));
  EXPECT_TRUE(map.contains(key, ec));

  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < this->cpus; ++i) numbers.push_back(100 + i);
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.replace(key, numbers, ec));
  EXPECT_EQ(ec, std::error_code{});
  PerCpuValues<std::uint64_t> room;
  EXPECT_TRUE(map.lookup_into(key, room));
  for (const auto& [walked, values] : map) {
    EXPECT_EQ(std::memcmp(&walked, &key, sizeof key), 0);
    EXPECT_EQ(values.sum(), room.sum());
  }
  EXPECT_TRUE(std::equal(room.begin(), room.end(), numbers.begin(), numbers.end()));
  EXPECT_TRUE(map.replace(key, PerCpuValues<std::uint64_t>{3}));
  EXPECT_TRUE(map.lookup_into(key, room, ec));
  EXPECT_EQ(room.sum(), 3 * this->cpus);
}

TYPED_TEST(PerCpuCgroupStorageTest, WritesNothingOfTheWrongNumberOfValues) {
  auto map = TestFixture::Counts::create({.name = "counts"});
  const test::OwnCgroup cgroup;
  const auto key = key_of<TypeParam>(cgroup);
  const Attached attached{map.map(), cgroup};
  EXPECT_TRUE(map.replace(key, 7));
  const std::vector<std::uint64_t> numbers(this->cpus + 1, 9);
  const auto expect_refused = [](std::error_code code, auto call) {
    EXPECT_FALSE(told(code, call).empty());
  };
  expect_refused(Errc::wrong_cpu_count,
                 [&](auto&... ec) { (void)map.replace(key, numbers, ec...); });
  expect_refused(Errc::out_of_range, [&](auto&... ec) { (void)map.replace(key, -1, ec...); });
  EXPECT_EQ(map.lookup(key)->sum(), 7 * this->cpus);
}

static_assert(changes_entries<PerCpuHashMap<std::uint64_t, std::uint64_t>>);
static_assert(!changes_entries<PerCpuCgroupStorage<std::uint64_t, std::uint64_t>>);

TYPED_TEST(PerCpuCgroupStorageTest, RefusesEverythingWithoutAMap) {
  typename TestFixture::Counts map;
  EXPECT_FALSE(map);
  PerCpuValues<std::uint64_t> room;
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup(TypeParam{}, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup_into(TypeParam{}, room, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.contains(TypeParam{}, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.replace(TypeParam{}, 1, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.replace(TypeParam{}, room, ec...); });
}

static_assert(sizeof(CgroupStorageKey) == sizeof(bpf_cgroup_storage_key));

}  // namespace
}  // namespace bpfmap
