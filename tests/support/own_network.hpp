// SPDX-License-Identifier: MIT
// A private network namespace, and devices in it.
#pragma once

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::test {

/// Runs `body` in a new thread with a new network namespace, which has only a loopback that is
/// down.
template <class Body>
void in_own_network(Body body) {
  std::thread{[&body] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << std::strerror(errno);
    body();
  }}.join();
}

/// A netlink message that grows by attributes.
class LinkMessage {
 public:
  LinkMessage(std::uint16_t type, std::uint16_t flags, std::uint32_t ifindex = 0) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&header, sizeof header);
    append_link(ifindex);
  }

  void append_link(std::uint32_t ifindex = 0) {
    ifinfomsg link{};
    link.ifi_family = AF_UNSPEC;
    link.ifi_index = static_cast<int>(ifindex);
    append(&link, sizeof link);
  }
  void add(std::uint16_t type, std::string_view text) {
    const std::size_t at = open(type);
    append(text.data(), text.size());
    append("", 1);
    close(at);
  }
  /// Opens an attribute, which contains everything up to close().
  [[nodiscard]] std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    nlattr attribute{};
    attribute.nla_type = type;
    append(&attribute, sizeof attribute);
    return at;
  }
  void close(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof length);
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
  }

  /// Sends it; a test failure when the kernel refuses.
  void send() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    const sys::UniqueFd socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    EXPECT_EQ(::send(socket.get(), bytes_.data(), bytes_.size(), 0),
              static_cast<ssize_t>(bytes_.size()));
    struct {
      nlmsghdr header;
      nlmsgerr error;
      char rest[4096];
    } answer{};
    EXPECT_GT(::recv(socket.get(), &answer, sizeof answer, 0), 0);
    EXPECT_EQ(answer.header.nlmsg_type, NLMSG_ERROR);
    EXPECT_EQ(answer.error.error, 0) << std::strerror(-answer.error.error);
  }

 private:
  void append(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  std::string bytes_;
};

/// Makes a pair of connected devices; gives the ifindex of the first.
inline std::uint32_t make_veth(const char* name, const char* peer) {
  LinkMessage message{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL};
  message.add(IFLA_IFNAME, name);
  const std::size_t info = message.open(IFLA_LINKINFO);
  message.add(IFLA_INFO_KIND, "veth");
  const std::size_t data = message.open(IFLA_INFO_DATA);
  const std::size_t other = message.open(VETH_INFO_PEER);
  message.append_link();
  message.add(IFLA_IFNAME, peer);
  message.close(other);
  message.close(data);
  message.close(info);
  message.send();
  const std::uint32_t ifindex = ::if_nametoindex(name);
  EXPECT_NE(ifindex, 0U);
  return ifindex;
}

inline void remove_link(std::uint32_t ifindex) { LinkMessage{RTM_DELLINK, 0, ifindex}.send(); }

inline void set_up(const char* name) {
  const sys::UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  EXPECT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0) << std::strerror(errno);
}

}  // namespace bpfmap::test
