// SPDX-License-Identifier: MIT
#include "loopback.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpfmap/sys/unique_fd.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace {

constexpr std::uint16_t discard_port = 9;

int check(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

int own_loopback() {
  check(::unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
  const bpfmap::sys::UniqueFd control{
      check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  check(::ioctl(control.get(), SIOCSIFFLAGS, &request), "lo up");
  check(::ioctl(control.get(), SIOCGIFINDEX, &request), "index of lo");
  return request.ifr_ifindex;
}

Sender::Sender() : socket_(check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")) {
  sockaddr_in own = loopback(0);
  socklen_t size = sizeof own;
  check(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&own), size), "bind");
  check(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size), "getsockname");
  port_ = ntohs(own.sin_port);
}

void Sender::send() const {
  const sockaddr_in to = loopback(discard_port);
  // ECONNREFUSED: nobody listens, as intended.
  ::sendto(socket_.get(), "hello", 5, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}
