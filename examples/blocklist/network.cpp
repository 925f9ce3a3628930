// SPDX-License-Identifier: MIT
#include "network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>

namespace {

constexpr const char* our_address = "192.0.2.1";
constexpr std::uint16_t port = 4000;

int check(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

bpfmap::sys::UniqueFd new_namespace() {
  check(::unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
  return bpfmap::sys::UniqueFd{
      check(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "the network namespace")};
}

void enter(const bpfmap::sys::UniqueFd& network) {
  check(::setns(network.get(), CLONE_NEWNET), "setns(CLONE_NEWNET)");
}

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw NoNetwork{"'" + command + "' failed"};
}

sockaddr_in socket_address(const std::string& text, std::uint16_t of_port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(of_port);
  if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1)
    throw std::invalid_argument{"'" + text + "' is no address"};
  return address;
}

// A UDP socket of the namespace in which this process is.
bpfmap::sys::UniqueFd bound_socket(const std::string& address, std::uint16_t of_port) {
  bpfmap::sys::UniqueFd udp{check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
  const sockaddr_in name = socket_address(address, of_port);
  check(::bind(udp.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), "bind");
  return udp;
}

}  // namespace

Network::Network() {
  if (std::system("ip -Version >/dev/null 2>&1") != 0)
    throw NoNetwork{"there is no `ip` (apt-get install iproute2)"};
  other_namespace_ = new_namespace();
  own_namespace_ = new_namespace();
  const std::string other =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(other_namespace_.get());
  run("ip link add ours type veth peer name theirs");
  run("ip link set theirs netns " + other);
  run("ip address add " + std::string{our_address} + "/24 dev ours && ip link set ours up");
  enter(other_namespace_);
  for (const char* const address : {"192.0.2.10", "192.0.2.70", "192.0.2.77"})
    run("ip address add " + std::string{address} + "/24 dev theirs");
  run("ip link set theirs up");
  enter(own_namespace_);
  ifindex_ = static_cast<int>(::if_nametoindex("ours"));
  receiver_ = bound_socket(our_address, port);
  const timeval timeout{.tv_sec = 0, .tv_usec = 500'000};
  check(::setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout),
        "setsockopt");
}

void Network::send_from(const std::string& source) const {
  enter(other_namespace_);
  const bpfmap::sys::UniqueFd sender = bound_socket(source, 0);
  enter(own_namespace_);  // a socket stays in the namespace in which it was made
  const sockaddr_in to = socket_address(our_address, port);
  check(static_cast<int>(::sendto(sender.get(), "hello", 5, 0,
                                  reinterpret_cast<const sockaddr*>(&to), sizeof to)),
        "sendto");
}

std::optional<std::string> Network::receive() const {
  std::array<char, 16> packet{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t length = ::recvfrom(receiver_.get(), packet.data(), packet.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &size);
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  check(static_cast<int>(length), "recvfrom");
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &from.sin_addr, text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}
