// SPDX-License-Identifier: MIT
// Sockets on the loopback device.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <utility>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::test {

[[nodiscard]] inline sys::UniqueFd new_socket(int type) {
  sys::UniqueFd fd{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
  EXPECT_TRUE(fd);
  return fd;
}

/// 127.0.0.1; for port 0, the kernel chooses a port.
[[nodiscard]] inline sockaddr_in loopback(std::uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
[[nodiscard]] inline const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
[[nodiscard]] inline sockaddr_in name_of(const sys::UniqueFd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return address;
}

/// Returns a socket with SO_REUSEPORT, bound to a free port or to `port`, not listening.
[[nodiscard]] inline sys::UniqueFd bound_socket(int type, std::uint16_t port = 0) {
  sys::UniqueFd fd = new_socket(type);
  const int on = 1;
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::bind(fd.get(), generic(address), sizeof address), 0);
  return fd;
}

[[nodiscard]] inline sys::UniqueFd listening_socket(std::uint16_t port = 0) {
  sys::UniqueFd fd = bound_socket(SOCK_STREAM, port);
  EXPECT_EQ(::listen(fd.get(), 8), 0);
  return fd;
}

/// Returns both ends of a TCP connection.
[[nodiscard]] inline std::pair<sys::UniqueFd, sys::UniqueFd> connected_sockets() {
  const sys::UniqueFd listener = listening_socket();
  sys::UniqueFd client = new_socket(SOCK_STREAM);
  const sockaddr_in address = name_of(listener);
  EXPECT_EQ(::connect(client.get(), generic(address), sizeof address), 0);
  sys::UniqueFd server{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  EXPECT_TRUE(server);
  return {std::move(client), std::move(server)};
}

[[nodiscard]] inline std::uint64_t cookie_of(const sys::UniqueFd& socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
  return cookie;
}

}  // namespace bpfmap::test
