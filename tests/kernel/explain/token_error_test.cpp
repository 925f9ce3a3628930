// SPDX-License-Identifier: MIT
// What is told of a BPF token (6.9) that does not delegate what is asked.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/supports.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

constexpr int token_create = 36;  // BPF_TOKEN_CREATE

// One byte, and a descriptor beside it.
struct Message {
  std::byte byte{};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  iovec data{&byte, 1};
  msghdr header{};

  Message() {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
};

void send_descriptor(int socket, int fd) {
  Message message;
  cmsghdr* const control = CMSG_FIRSTHDR(&message.header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
  ASSERT_EQ(::sendmsg(socket, &message.header, 0), 1);
}

sys::UniqueFd receive_descriptor(int socket) {
  Message message;
  int fd = -1;
  if (::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) == 1 &&
      CMSG_FIRSTHDR(&message.header) != nullptr)
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message.header)), sizeof fd);
  return sys::UniqueFd{fd};
}

void write_file(const char* path, const char* text) { std::ofstream{path} << text; }

// What a token delegates, as options of its bpffs.
struct Delegated {
  const char* commands;
  const char* maps;
};

// In the initial user namespace: makes the bpffs that was begun in another one.
void delegate(int socket, const Delegated& delegated) {
  const sys::UniqueFd fs = receive_descriptor(socket);
  (void)::fsconfig(fs.get(), FSCONFIG_SET_STRING, "delegate_cmds", delegated.commands, 0);
  (void)::fsconfig(fs.get(), FSCONFIG_SET_STRING, "delegate_maps", delegated.maps, 0);
  (void)::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  const sys::UniqueFd mount{::fsmount(fs.get(), 0, 0)};
  send_descriptor(socket, mount ? mount.get() : socket);
}

// A token in a user namespace that this process enters; empty on a kernel without.
sys::UniqueFd enter_with_token(const Delegated& delegated) {
  std::array<int, 2> pair{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const pid_t helper = ::fork();
  if (helper == 0) {
    delegate(pair[1], delegated);
    ::_exit(0);
  }
  EXPECT_EQ(::unshare(CLONE_NEWUSER | CLONE_NEWNS), 0);
  write_file("/proc/self/uid_map", "0 0 1");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/gid_map", "0 0 1");
  const sys::UniqueFd fs{::fsopen("bpf", FSOPEN_CLOEXEC)};
  send_descriptor(pair[0], fs ? fs.get() : pair[0]);
  const sys::UniqueFd mount = receive_descriptor(pair[0]);
  EXPECT_EQ(::waitpid(helper, nullptr, 0), helper);
  const sys::UniqueFd folder{::openat(mount.get(), ".", O_RDONLY | O_CLOEXEC)};
  struct {
    std::uint32_t flags = 0;
    std::uint32_t bpffs_fd;
  } attr{.bpffs_fd = static_cast<std::uint32_t>(folder.get())};
  const long token = folder ? sys::bpf(token_create, &attr, sizeof attr) : -1;
  for (const int fd : pair) ::close(fd);
  return sys::UniqueFd{static_cast<int>(std::max(token, -1L))};
}

TEST(TokenError, NamesTheMapTypeThatIsNotDelegated) {
  test::in_child([] {
    const auto token = enter_with_token({.commands = "map_create", .maps = "array"});
    if (!token) return;  // before Linux 6.9
    MapSpec spec = test::spec_of(MapType::array);
    spec.token_fd = token.get();
    std::error_code ec;
    EXPECT_TRUE(Map::create(spec, ec)) << explain(ec);
    spec.type = MapType::hash;
    EXPECT_TRUE(contains(told(EPERM, [&](auto&... e) { (void)Map::create(spec, e...); }),
                         "): creating this map is privileged: the BPF token does not delegate maps "
                         "of type hash: mount its bpffs with delegate_maps=hash: EPERM"));
    spec.token_fd = -1;
    EXPECT_TRUE(contains(told(EPERM, [&](auto&... e) { (void)Map::create(spec, e...); }),
                         "in the initial user namespace, and this process is in another one"));
  });
}

TEST(TokenError, NamesTheCommandThatIsNotDelegated) {
  test::in_child([] {
    const auto token = enter_with_token({.commands = "btf_load", .maps = "array"});
    if (!token) return;  // before Linux 6.9
    MapSpec spec = test::spec_of(MapType::array);
    spec.token_fd = token.get();
    EXPECT_TRUE(contains(told(EPERM, [&](auto&... e) { (void)Map::create(spec, e...); }),
                         "the BPF token does not delegate BPF_MAP_CREATE: mount its bpffs with "
                         "delegate_cmds=map_create: EPERM"));
    EXPECT_EQ(supports(MapType::array, BpfToken{token.get()}), Support::not_permitted);
  });
}

TEST(SupportsWithAToken, IsWhatTheTokenDelegates) {
  test::in_child([] {
    const auto token = enter_with_token(
        {.commands = "map_create:btf_load", .maps = "array:array_of_maps:sk_storage"});
    if (!token) return;  // before Linux 6.9
    EXPECT_EQ(supports(MapType::array), Support::not_permitted) << "without the token";
    for (const MapType type : {MapType::array, MapType::array_of_maps, MapType::sk_storage})
      EXPECT_EQ(supports(type, BpfToken{token.get()}), Support::yes) << to_string(type);
    for (const MapType type : {MapType::hash, MapType::hash_of_maps, MapType::task_storage})
      EXPECT_EQ(supports(type, BpfToken{token.get()}), Support::not_permitted) << to_string(type);
  });
}

TEST(SupportsWithAToken, ReportsADescriptorThatIsNone) {
  if (supports(MapType::array, MapFlags::token_fd) != Support::yes)
    GTEST_SKIP() << "this kernel has no BPF tokens";
  std::error_code ec;
  (void)supports(MapType::array, BpfToken{1'000'000}, ec);
  EXPECT_EQ(ec, test::errno_code(EBADF));
  (void)supports(MapType::array, BpfToken{}, ec);
  EXPECT_EQ(ec, test::errno_code(EBADF));
  EXPECT_NE(explain(ec), "");
}

}  // namespace
}  // namespace bpfmap
