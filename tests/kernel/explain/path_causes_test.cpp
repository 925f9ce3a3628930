// SPDX-License-Identifier: MIT
// Causes in paths, descriptors and the rights of the process: each one made to happen, and the same
// errno without it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/open_or_create.hpp"
#include "child_process.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "sanitizers.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::flows;
using test::told;

constexpr auto unknown = "the cause of this errno is not known";

std::string open_text(int error, const std::string& path, Access access = Access::read_write) {
  return told(error, [&](auto&... ec) { (void)Map::open_pinned(path, access, ec...); });
}
std::string pin_text(int error, const Map& map, const std::string& path) {
  return told(error, [&](auto&... ec) { map.pin(path, ec...); });
}
std::string unpin_text(int error, const std::string& path) {
  return told(error, [&](auto&... ec) { (void)Map::unpin(path, ec...); });
}

template <class Call>
std::string played(int error, Call call) {
  const test::FakeBpf kernel{-error};
  std::error_code ec;
  call(ec);
  EXPECT_EQ(ec, test::errno_code(error));
  return explain(ec);
}

void become_nobody() {
  ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
}

TEST(PathCauses, OfAFolderThatIsClosed) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  const std::string folder = bpffs.path("closed");
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  map.pin(folder + "/flows");
  test::in_child([&] {
    become_nobody();
    constexpr auto says = "this process lacks search permission (x) on a directory of the path";
    EXPECT_TRUE(contains(open_text(EACCES, folder + "/flows"), says));
  });
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  test::in_child([&] {
    become_nobody();
    EXPECT_TRUE(
        contains(pin_text(EACCES, map, folder + "/mine"), "this process may not write to "));
  });
}

TEST(PathCauses, OfASymbolicLinkThatLeadsToItself) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  ASSERT_EQ(::symlink(bpffs.path("a").c_str(), bpffs.path("b").c_str()), 0);
  ASSERT_EQ(::symlink(bpffs.path("b").c_str(), bpffs.path("a").c_str()), 0);
  constexpr auto says = "the path has too many symbolic links: ELOOP";
  EXPECT_TRUE(contains(open_text(ELOOP, bpffs.path("a")), says));
  EXPECT_TRUE(contains(open_text(ELOOP, bpffs.path("a/flows")), says));
  EXPECT_TRUE(contains(pin_text(ELOOP, map, bpffs.path("a/flows")), says));
}

TEST(PathCauses, OfASymbolicLinkToNothing) {
  const test::PrivateBpffs bpffs;
  ASSERT_EQ(::symlink(bpffs.path("none").c_str(), bpffs.path("link").c_str()), 0);
  EXPECT_TRUE(contains(open_text(ENOENT, bpffs.path("link")), "nothing is pinned there"));
  const Map map = flows();
  const auto pin = [&](auto&... ec) { map.pin(bpffs.path("link"), ec...); };
  EXPECT_TRUE(contains(told(Errc::invalid_path, pin), "it is a symbolic link, and nothing is "));
}

TEST(PathCauses, OfAReadOnlyMount) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  map.pin(bpffs.path("flows"));
  ASSERT_EQ(::mount(nullptr, bpffs.root().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  constexpr auto says = "the file system is mounted read-only: EROFS";
  EXPECT_TRUE(contains(pin_text(EROFS, map, bpffs.path("other")), says));
  EXPECT_TRUE(contains(unpin_text(EROFS, bpffs.path("flows")), says));
  EXPECT_TRUE(Map::open_pinned(bpffs.path("flows"), Access::read_only));
}

TEST(PathCauses, OfAPathWithAZero) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  map.pin(bpffs.path("flows"));
  const std::string path = bpffs.path("flows") + std::string{"\0x", 2};
  constexpr auto says = "flows?x': it is not the path of a file on a bpffs";
  const auto text = [](auto call) { return told(Errc::invalid_path, call); };
  EXPECT_TRUE(contains(text([&](auto&... ec) { (void)Map::open_pinned(path, ec...); }), says));
  EXPECT_TRUE(contains(text([&](auto&... ec) { map.pin(path, ec...); }), says));
  EXPECT_TRUE(contains(text([&](auto&... ec) { (void)Map::unpin(path, ec...); }), says));
  const MapSpec spec{.type = hash, .key_size = 4, .value_size = 8, .max_entries = 2};
  EXPECT_TRUE(contains(text([&](auto&... ec) { (void)open_or_create(path, spec, ec...); }), says));
  EXPECT_TRUE(Map::open_pinned(bpffs.path("flows")));
}

// In a terminal, these would clear the screen and write another line.
TEST(PathCauses, ShowNoControlCharacters) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("a\x1b[2J\nb\x7f\u00e4");
  const std::string text = told(ENOENT, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); });
  EXPECT_TRUE(contains(text, "a?[2J?b?\u00e4'"));
}

TEST(PathCauses, OfAPartThatIsNoFolder) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  map.pin(bpffs.path("flows"));
  constexpr auto says = "a part of the path is a file, not a folder: ENOTDIR";
  EXPECT_TRUE(contains(open_text(ENOTDIR, bpffs.path("flows/x")), says));
  EXPECT_TRUE(contains(pin_text(ENOTDIR, map, bpffs.path("flows/x/y")), says));
  const std::string name(300, 'x');
  EXPECT_TRUE(contains(pin_text(ENAMETOOLONG, map, bpffs.path(name)), "is too long"));
  EXPECT_TRUE(contains(open_text(ENAMETOOLONG, bpffs.path(name)), "is too long"));
}

TEST(PathCauses, OfAPinThatIsNoMaps) {
  const test::PrivateBpffs bpffs;
  const std::string program = bpffs.path("program");
  const std::string map = bpffs.path("flows");
  ASSERT_EQ(sys::obj_pin(test::load_program().get(), program.c_str()), 0);
  flows().pin(map);
  constexpr auto says = "the object pinned there is not a map, but a program, a link or a BTF";
  EXPECT_TRUE(contains(open_text(EINVAL, program), says));
  EXPECT_TRUE(contains(unpin_text(EINVAL, program), says));
  EXPECT_EQ(::access(program.c_str(), F_OK), 0) << "unpin() left it";
  EXPECT_TRUE(contains(
      played(EINVAL, [&](std::error_code& ec) { (void)Map::open_pinned(map, ec); }), unknown));
}

TEST(PathCauses, OfAStickyFolder) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  flows().pin(path);
  ASSERT_EQ(::chmod(bpffs.root().c_str(), 01777), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  test::in_child([&] {
    become_nobody();
    EXPECT_TRUE(contains(unpin_text(EPERM, path), " has the sticky bit: only the owner of "));
  });
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  test::in_child([&] {
    become_nobody();
    EXPECT_TRUE(contains(unpin_text(EACCES, path),
                         "this process may not open the pin to check that it is a map: its mode "
                         "is 0600, its owner 0, this process runs as 65534"));
  });
}

TEST(PathCauses, OfTheAccessThatWasAskedFor) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  flows().pin(path);
  ASSERT_EQ(::chmod(path.c_str(), 0444), 0);
  test::in_child([&] {
    become_nobody();
    EXPECT_TRUE(contains(open_text(EACCES, path), "the permission bits of the pin refuse this"));
    EXPECT_TRUE(Map::open_pinned(path, Access::read_only));
    const auto open = [&](std::error_code& ec) {
      (void)Map::open_pinned(path, Access::read_only, ec);
    };
    EXPECT_TRUE(contains(played(EACCES, open), unknown));
  });
}

// --- descriptors ---

TEST(DescriptorCauses, OfADescriptorOfAnotherKind) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const sys::UniqueFd ends[] = {sys::UniqueFd{pipe[0]}, sys::UniqueFd{pipe[1]}};
  constexpr auto says = "the descriptor does not refer to a map, but to a program, a link, a file";
  const sys::UniqueFd program = test::load_program();
  for (const int fd : {pipe[0], program.get()}) {
    EXPECT_TRUE(
        contains(told(EINVAL, [fd](auto&... ec) { (void)Map::duplicate_of(fd, ec...); }), says));
  }
  EXPECT_TRUE(contains(
      told(EINVAL,
           [&](auto&... ec) { (void)Map::adopt(sys::UniqueFd::duplicate_of(pipe[0]), ec...); }),
      says));
  const Map map = flows();
  test::in_child([&map] {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    std::error_code ec;
    const rlimit lowered{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
    (void)Map::duplicate_of(map.fd(), ec);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(ec, test::errno_code(EINVAL)) << "fcntl(2) refuses every number";
    EXPECT_FALSE(test::contains(explain(ec), "does not refer to a map"));
  });
}

#if !BPFMAP_SANITIZED
TEST(DescriptorCauses, OfTooManyDescriptors) {
  const Map map = flows();
  test::in_child([&map] {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit full{.rlim_cur = static_cast<rlim_t>(::dup(0)), .rlim_max = limit.rlim_max};
    std::error_code ec;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
    (void)Map::from_id(map.info().id, ec);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(ec, test::errno_code(EMFILE));
    EXPECT_TRUE(contains(explain(ec), "has reached its limit of open descriptors"));
    test::note_text(explain(ec));
  });
}
#endif

// --- seccomp ---

// Answers bpf(2) with `error` from now on.
void install_filter(std::uint16_t error) {
  std::array<sock_filter, 4> code{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(SeccompCauses, OfAFilterThatHidesBpf) {
  const auto create = [](auto&... ec) { (void)Map::create(test::spec_of(hash), ec...); };
  test::in_child([&] {
    install_filter(ENOSYS);
    EXPECT_TRUE(contains(told(ENOSYS, create),
                         "a seccomp filter of this process (containers have one) hides bpf(2)"));
  });
  const std::string text = played(ENOSYS, create);
  EXPECT_TRUE(contains(text, unknown));
}

TEST(SeccompCauses, OfAFilterThatAnswersSomethingElse) {
  test::in_child([] {
    install_filter(EACCES);
    const std::string text =
        told(EACCES, [](auto&... ec) { (void)Map::create(test::spec_of(hash), ec...); });
    EXPECT_TRUE(contains(text, "the cause is not known"));
  });
}

// --- privileges of kernel.unprivileged_bpf_disabled ---

TEST(PrivilegeCauses, OfADevmapAreNotCapBpfWhereEveryUserMayUseBpf) {
  int disabled = -1;
  std::ifstream{"/proc/sys/kernel/unprivileged_bpf_disabled"} >> disabled;
  test::in_child([disabled] {
    become_nobody();
    const std::string text =
        told(EPERM, [](auto&... ec) { (void)Map::create(test::spec_of(devmap), ec...); });
    EXPECT_TRUE(contains(text, disabled == 0 ? "it needs CAP_NET_ADMIN, which"
                                             : "it needs CAP_BPF and CAP_NET_ADMIN, which"));
  });
}

}  // namespace
}  // namespace bpfmap
