// SPDX-License-Identifier: MIT
// What an Error says of rights, privileges, descriptors, ids and pins.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "child_process.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::errno_code;
using test::flows;
using test::id_of;
using test::told;

// --- rights ---

TEST(RightsError, SaysThatADescriptorIsReadOnly) {
  const Map map = flows();
  Map reader = Map::from_id(map.info().id, Access::read_only);
  const char* const says =
      "): this descriptor is read-only (Access::read_only or MapFlags::rdonly); open the map again "
      "with Access::read_write: EPERM (Operation not permitted)";
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { reader.update(1, 1, ec...); }), says));
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { reader.erase(1, ec...); }), says));
  if (test::kernel_takes_from_hashes()) {
    EXPECT_TRUE(contains(
        told(EPERM, [&](auto&... ec) { (void)reader.lookup_and_delete(1, ec...); }), says));
  }
  if (test::errno_of_freezing_read_only() != 0) {
    EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { reader.freeze(ec...); }), says));
  }
  Map created = flows(1, MapFlags::rdonly);
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { created.update(1, 1, ec...); }), says));
}

TEST(RightsError, SaysThatADescriptorIsWriteOnly) {
  const Map map = flows();
  Map writer = Map::from_id(map.info().id, Access::write_only);
  const char* const says =
      "): this descriptor is write-only (Access::write_only or MapFlags::wronly); open the map "
      "again with Access::read_write: EPERM";
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { (void)writer.lookup(1, ec...); }), says));
  EXPECT_TRUE(contains(
      told(EPERM, [&](auto&... ec) { (void)writer.get_next_key(std::nullopt, ec...); }), says));
  if (test::kernel_takes_from_hashes()) {
    EXPECT_TRUE(contains(
        told(EPERM, [&](auto&... ec) { (void)writer.lookup_and_delete(1, ec...); }), says));
  }
}

TEST(RightsError, SaysThatAMapIsFrozen) {
  Map map = flows();
  map.freeze();
  const char* const says =
      "): the map is frozen: user space can no longer write to it; only a new map can be written: "
      "EPERM";
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { map.update(1, 1, ec...); }), says));
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { map.erase(1, ec...); }), says));
  std::error_code again;
  map.freeze(again);
  const bool older = again.value() == EBUSY;
  EXPECT_TRUE(contains(
      told(older ? EBUSY : EPERM, [&](auto&... ec) { map.freeze(ec...); }),
      older ? "): the map is frozen already: EBUSY" : "): the map is already frozen: EPERM"));
}

TEST(RightsError, SaysThatAMapIsFrozenForTheErrnoOfOlderKernels) {
  Map map = flows();
  map.freeze();
  const test::FakeBpf bpf{[](int cmd, void* attr, unsigned int size) -> long {
    return cmd == BPF_MAP_FREEZE ? -EBUSY : sys::bpf_syscall(cmd, attr, size);
  }};
  EXPECT_TRUE(contains(told(EBUSY, [&](auto&... ec) { map.freeze(ec...); }),
                       "): the map is frozen already: EBUSY"));
}

TEST(RightsError, SaysThatAWritableMappingForbidsFreezing) {
  Map map = Map::create({.type = array,
                         .key_size = 4,
                         .value_size = 8,
                         .max_entries = 1,
                         .flags = MapFlags::mmapable});
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  EXPECT_TRUE(contains(told(EBUSY, [&](auto&... ec) { map.freeze(ec...); }),
                       "): the map is mapped writable somewhere, or a write is under way; unmap "
                       "it, then freeze: EBUSY"));
  ::munmap(memory, page);
  map.freeze();
}

// --- privileges ---

// Keeps the capabilities of `mask` alone.
void keep_capabilities(std::uint64_t mask) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (unsigned half = 0; half < 2; ++half) {
    const auto bits = static_cast<std::uint32_t>(mask >> (32 * half));
    data[half] = {.effective = bits, .permitted = bits, .inheritable = 0};
  }
  ASSERT_EQ(::syscall(SYS_capset, &header, data), 0);
}

void become_nobody() {
  ASSERT_EQ(::prctl(PR_SET_KEEPCAPS, 0), 0);
  ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
}

// Without this a process that gave up privileges cannot read its own /proc/self/fd.
void become_dumpable() { ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0); }

constexpr std::uint64_t cap_bpf = std::uint64_t{1} << 39U;

TEST(PrivilegeError, NamesWhatAnUnprivilegedProcessLacks) {
  const Map map = flows();
  test::in_child([&map] {
    become_nobody();
    become_dumpable();
    EXPECT_TRUE(contains(
        told(EPERM, [](auto&... ec) { (void)Map::create(test::spec_of(lru_hash), ec...); }),
        "): creating this map is privileged: it needs CAP_BPF, which this process lacks "
        "(kernel.unprivileged_bpf_disabled is "));
    EXPECT_TRUE(
        contains(told(EPERM, [](auto&... ec) { (void)Map::create(test::spec_of(devmap), ec...); }),
                 "it needs CAP_BPF and CAP_NET_ADMIN, which this process lacks"));
    EXPECT_EQ(told(EPERM, [&](auto&... ec) { (void)Map::from_id(map.info().id, ec...); })
                  .rfind("from_id " + id_of(map) +
                             ": opening a map by its id is privileged: it needs CAP_SYS_ADMIN, "
                             "which this process lacks",
                         0),
              0U);
    const char* const walking =
        ": walking the ids of all maps is privileged: it needs CAP_SYS_ADMIN, which this process "
        "lacks";
    EXPECT_TRUE(contains(told(EPERM, [](auto&... ec) { (void)next_map_id(0, ec...); }), walking));
    EXPECT_TRUE(contains(told(EPERM, [](auto&... ec) { (void)list_maps(ec...); }), walking));
  });
}

TEST(PrivilegeError, NamesOnlyWhatIsMissing) {
  test::in_child([] {
    keep_capabilities(cap_bpf);
    become_dumpable();
    (void)Map::create(test::spec_of(hash));
    EXPECT_TRUE(contains(
        told(EPERM, [](auto&... ec) { (void)Map::create(test::spec_of(sockmap), ec...); }),
        "): creating this map is privileged: it needs CAP_BPF and CAP_NET_ADMIN, and this process "
        "lacks CAP_NET_ADMIN"));
    MapSpec spec = test::spec_of(hash);
    spec.flags = MapFlags::zero_seed;
    EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { (void)Map::create(spec, ec...); }),
                         "it needs CAP_SYS_ADMIN, which this process lacks"));
  });
}

TEST(PrivilegeError, NamesNoCulpritWhenNothingIsMissing) {
  const test::FakeBpf refused{-EPERM};
  const Error error = test::error_of([] { (void)Map::create(test::spec_of(hash)); });
  EXPECT_TRUE(contains(error.what(),
                       "): the cause is not known: this process has CAP_BPF, and no seccomp filter "
                       "of its own refuses bpf(2): EPERM"));
}

TEST(PrivilegeError, AdmitsThatItDoesNotKnowWhetherAMapIsFrozenWithoutProc) {
  Map map = flows();
  map.freeze();
  test::in_child([&map] {
    ASSERT_EQ(::chroot("/sys"), 0);  // where there is no /proc
    EXPECT_TRUE(contains(test::error_of([&map] { map.update(1, 1); }).what(),
                         "): the descriptor may write; whether the map is frozen is not known, "
                         "because /proc/self/fdinfo cannot be read: EPERM"));
  });
}

TEST(PrivilegeError, NeedsNoProcToKnowWhatIsMissing) {
  test::in_child([] {
    ASSERT_EQ(::chroot("/sys"), 0);
    become_nobody();
    EXPECT_TRUE(
        contains(test::error_of([] { (void)Map::create(test::spec_of(hash)); }).what(),
                 "): creating this map is privileged: it needs CAP_BPF, which this process lacks"));
  });
}

TEST(PrivilegeError, NeedsNoneForADescriptorThatIsOpen) {
  Map map = flows();
  test::in_child([&map] {
    become_nobody();
    map.update(1, 2);
    EXPECT_EQ(map.lookup<int>(1), 2);
  });
}

// --- descriptors ---

TEST(DescriptorError, SaysThatSomethingClosedIt) {
  Map map = flows();
  ::close(map.fd());
  const std::string says = "): descriptor " + std::to_string(map.fd()) +
                           " is closed: something other than this Map closed it: EBADF";
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.update(1, 1, ec...); }), says));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { (void)map.lookup(1, ec...); }), says));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.freeze(ec...); }), says));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { (void)map.fd_info(ec...); }), says));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { (void)map.duplicate(ec...); }),
                       ": no such descriptor is open: EBADF"));
  (void)map.release().release();
}

TEST(DescriptorError, SaysThatItsNumberIsAnothersNow) {
  Map map = flows();
  const sys::UniqueFd other{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  ASSERT_EQ(::dup2(other.get(), map.fd()), map.fd());
  EXPECT_TRUE(contains(
      told(EINVAL, [&](auto&... ec) { map.update(1, 1, ec...); }),
      "): descriptor " + std::to_string(map.fd()) +
          " is no longer a map: something else closed it, and the number was reused: EINVAL"));
}

TEST(DescriptorError, SaysThatItIsNoMaps) {
  const sys::UniqueFd program = test::load_program();
  const std::string number = std::to_string(program.get());
  EXPECT_EQ(told(EINVAL, [&](auto&... ec) { (void)Map::duplicate_of(program.get(), ec...); }),
            "duplicate descriptor " + number +
                ": the descriptor does not refer to a map, but to a program, a link, a file or "
                "another object: EINVAL (Invalid argument)");
  EXPECT_TRUE(contains(told(EINVAL,
                            [&](auto&... ec) {
                              (void)Map::adopt(sys::UniqueFd::duplicate_of(program.get()), ec...);
                            }),
                       ": the descriptor does not refer to a map, but to a program"));
  EXPECT_EQ(told(EBADF, [](auto&... ec) { (void)Map::duplicate_of(9999, ec...); }),
            "duplicate descriptor 9999: no such descriptor is open: EBADF (Bad file descriptor)");
}

TEST(DescriptorError, SaysThatThereAreTooMany) {
  const Map map = flows();
  test::in_child([&map] {
    // For the system call alone: the sanitizers need descriptors of their own around it.
    const test::FakeBpf without_descriptors{[](int cmd, void* attr, unsigned int size) {
      rlimit before{};
      EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
      const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
      EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
      const long result = sys::bpf_syscall(cmd, attr, size);
      EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
      return result;
    }};
    const Error error = test::error_of([&map] { (void)Map::from_id(map.info().id); });
    EXPECT_EQ(error.code(), errno_code(EMFILE));
    EXPECT_TRUE(contains(error.what(),
                         ": this process has reached its limit of open descriptors; close some, or "
                         "raise the limit (ulimit -n): EMFILE"));
  });
}

// --- keys and values that are descriptors ---

TEST(ValueError, SaysThatAMapOfMapsTakesDescriptors) {
  const Map inner = flows();
  MapSpec spec = test::spec_of(hash_of_maps);
  spec.inner_map_fd = inner.fd();
  Map map = Map::create(spec);
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.update(1, 9999, ec...); }),
                       "): the value, 9999, is not an open descriptor of a map; write a descriptor "
                       "here, although a lookup reads an id: EBADF"));
  const Map other = test::make_map(array, 4, 8);
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(1, other.fd(), ec...); }),
                       "): the map of descriptor " + std::to_string(other.fd()) +
                           " differs from the inner map given at creation: type, key_size, "
                           "value_size, flags and the bpf_spin_lock, "));
}

TEST(ValueError, SaysThatAProgArrayTakesPrograms) {
  Map map = Map::create(test::spec_of(prog_array));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.update(1, 9999, ec...); }),
                       "): the value, 9999, is not an open descriptor of a program; "));
  const Map other = flows();
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(1, other.fd(), ec...); }),
                       ", is not a program: EINVAL"));
}

TEST(ValueError, SaysThatADescriptorIsNoSocket) {
  Map map = Map::create(test::spec_of(sockmap));
  const sys::UniqueFd file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  EXPECT_TRUE(contains(
      told(ENOTSOCK, [&](auto&... ec) { map.update(1, file.get(), ec...); }),
      "): the value, descriptor " + std::to_string(file.get()) + ", is not a socket: ENOTSOCK"));
  const sys::UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_TRUE(contains(told(EOPNOTSUPP, [&](auto&... ec) { map.update(1, socket.get(), ec...); }),
                       "): sockets of this kind or in this state cannot be in this map: "));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.erase(1, ec...); }),
                       "): the slot is empty: EINVAL"));
}

TEST(ValueError, SaysThatAReuseportSocketMustBeBound) {
  Map map = Map::create(test::spec_of(reuseport_sockarray));
  const sys::UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_TRUE(
      contains(told(EINVAL, [&](auto&... ec) { map.update(1, socket.get(), ec...); }),
               " is not a bound UDP socket or a listening TCP socket with SO_REUSEPORT, which "));
}

TEST(ValueError, SaysThatThereIsNoSuchDevice) {
  Map map = Map::create(test::spec_of(devmap));
  EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.update(1, 999999, ec...); }),
                       "): there is no network device with ifindex 999999 in this network "
                       "namespace: EINVAL"));
}

TEST(ValueError, LimitsTheQueueOfACpu) {
  const std::uint32_t behind = sys::possible_cpus().back() + 1;
  MapSpec spec = test::spec_of(cpumap);
  spec.max_entries = behind + 1;
  Map map = Map::create(spec);
  EXPECT_TRUE(contains(told(EOVERFLOW, [&](auto&... ec) { map.update(0, 0xffffffffU, ec...); }),
                       "): the queue size in the value is too large: 16384 at most: EOVERFLOW"));
  EXPECT_TRUE(contains(told(ENODEV, [&](auto&... ec) { map.update(behind, 64, ec...); }),
                       " is not a possible CPU of this machine: ENODEV"));
}

class StorageError : public ::testing::Test {
 protected:
  Map storage(MapType type) {
    return Map::create({.type = type,
                        .key_size = 4,
                        .value_size = 4,
                        .flags = MapFlags::no_prealloc,
                        .btf_fd = btf_.fd(),
                        .btf_key_type_id = test::SmallBtf::integer,
                        .btf_value_type_id = test::SmallBtf::plain});
  }

 private:
  test::SmallBtf btf_;
};

TEST_F(StorageError, SaysWhichDescriptorAKeyIs) {
  const sys::UniqueFd file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const std::string number = std::to_string(file.get());
  const auto read = [&file](const Map& map) {
    return [&map, &file](auto&... ec) { (void)map.lookup(file.get(), ec...); };
  };
  EXPECT_TRUE(contains(told(ENOTSOCK, read(storage(sk_storage))),
                       "): the key, descriptor " + number + ", is not a socket: ENOTSOCK"));
  EXPECT_TRUE(
      contains(told(EBADF, read(storage(task_storage))),
               "): the key, " + number + ", is not an open pidfd (see pidfd_open(2)): EBADF"));
  if (test::kernel_has(cgrp_storage)) {
    EXPECT_TRUE(contains(
        told(EBADF, read(storage(cgrp_storage))),
        "): the key, " + number + ", is not an open descriptor of a cgroup's directory: EBADF"));
  }
  const Map inodes = storage(inode_storage);
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { (void)inodes.lookup(9999, ec...); }),
                       "): the key, 9999, is not an open descriptor: EBADF"));
}

TEST_F(StorageError, SaysThatItCannotBeWalked) {
  const Map map = storage(sk_storage);
  EXPECT_TRUE(contains(
      told(sys::enotsupp, [&](auto&... ec) { (void)map.get_next_key(std::nullopt, ec...); }),
      "): sk_storage maps cannot be walked: look up objects by their descriptors: ENOTSUPP"));
}

TEST_F(StorageError, SaysThatAnObjectHasNoEntry) {
  Map map = storage(sk_storage);
  const sys::UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_TRUE(contains(
      told(ENOENT, [&](auto&... ec) { map.update(socket.get(), 1, UpdateFlags::exist, ec...); }),
      "): the object has no entry yet, and UpdateFlags::exist was given; use UpdateFlags::any: "
      "ENOENT"));
}

// --- opening and pinning ---

TEST(OpenError, SaysThatAnIdIsGone) {
  std::uint32_t id = 0;
  {
    const Map map = test::make_map(array, 4, 8);
    id = map.info().id;
  }
  EXPECT_EQ(
      told(ENOENT, [id](auto&... ec) { (void)Map::from_id(id, ec...); }),
      "from_id " + std::to_string(id) +
          ": no map has this id; a map is freed when its last descriptor, pin and program are "
          "gone: ENOENT (No such file or directory)");
}

TEST(OpenError, SaysThatNothingIsPinned) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  EXPECT_EQ(told(ENOENT, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); }),
            "open_pinned '" + path +
                "': nothing is pinned there; check whether the program that pins it has run "
                "(bpftool map show): ENOENT (No such file or directory)");
  EXPECT_TRUE(contains(told(ENOENT, [](auto&... ec) { (void)Map::open_pinned("", ec...); }),
                       "open_pinned '': the path is empty: ENOENT"));
}

TEST(OpenError, SaysThatAFileIsNoPin) {
  EXPECT_TRUE(
      contains(told(EACCES, [](auto&... ec) { (void)Map::open_pinned("/proc/version", ec...); }),
               "open_pinned '/proc/version': /proc is not on a bpffs, so the file is not a pin; "));
  EXPECT_TRUE(contains(told(EACCES, [](auto&... ec) { (void)Map::open_pinned("/proc", ec...); }),
                       "open_pinned '/proc': it is a directory, not a pin: EACCES"));
  EXPECT_TRUE(contains(
      told(ENOTDIR, [](auto&... ec) { (void)Map::open_pinned("/proc/version/pin", ec...); }),
      ": a part of the path is a file, not a folder: ENOTDIR"));
}

TEST(OpenError, SaysThatAPinIsNoMaps) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("program");
  ASSERT_EQ(sys::obj_pin(test::load_program().get(), path.c_str()), 0);
  EXPECT_TRUE(
      contains(told(EINVAL, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); }),
               "': the object pinned there is not a map, but a program, a link or a BTF: EINVAL"));
}

TEST(OpenError, ShowsThePermissionsOfAPin) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  flows().pin(path);
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  test::in_child([&path] {
    become_nobody();
    become_dumpable();
    EXPECT_TRUE(contains(
        told(EACCES, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); }),
        "the permission bits of the pin refuse this access: its mode is 0400, its owner 0, "
        "this process runs as 65534; ask for less with Access::read_only, or "
        "chmod the pin: EACCES"));
  });
}

TEST(PinError, SaysThatThereIsSomethingAlready) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map map = flows();
  map.pin(path);
  EXPECT_EQ(
      told(EEXIST, [&](auto&... ec) { map.pin(path, ec...); }),
      "pin on map 'flows' (id " + id_of(map) +
          ", hash, key_size 4, value_size 8, max_entries 2) at '" + path +
          "': the path already exists; unpin it, or choose another name: EEXIST (File exists)");
}

TEST(PinError, SaysWhatIsWrongWithThePath) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  const auto at = [&map](const std::string& path) {
    return [&map, path](auto&... ec) { map.pin(path, ec...); };
  };
  EXPECT_TRUE(contains(told(Errc::invalid_path, at("/proc/flows")),
                       "at '/proc/flows': /proc is not on a bpffs, the only file system that holds "
                       "pins; use a path under /sys/fs/bpf (if nothing is mounted there: mount -t "
                       "bpf bpf /sys/fs/bpf): a map cannot be pinned at this path"));
  EXPECT_TRUE(contains(told(Errc::invalid_path, at(bpffs.path("flows.v2"))),
                       "': 'flows.v2' has a '.', which a bpffs does not allow in a name: "));
  EXPECT_TRUE(contains(told(Errc::invalid_path, at("")), "at '': the path is empty: "));
  EXPECT_TRUE(
      contains(told(ENOENT, at(bpffs.path("none/flows"))),
               "': the folder " + bpffs.path("none") + " does not exist; create it first: ENOENT"));
  EXPECT_TRUE(contains(
      told(Errc::invalid_path, [](auto&... ec) { (void)Map::unpin("/proc/version", ec...); }),
      "unpin '/proc/version': /proc is not on a bpffs"));
}

}  // namespace
}  // namespace bpfmap
