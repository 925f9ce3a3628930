// SPDX-License-Identifier: MIT
// A loopback device of this process's own, and traffic on it.
#pragma once

#include <bpfmap/sys/unique_fd.hpp>
#include <cstdint>

/// Moves this process into a network namespace of its own, whose loopback device is up: what is
/// attached to it sees nobody else's packets and goes with the process. Returns the device's index.
/// Throws std::system_error.
int own_loopback();

/// A UDP socket on a port of its own, which sends to one that nobody listens on.
class Sender {
 public:
  Sender();
  void send() const;
  /// The port it sends from, which tells its flow from others.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  bpfmap::sys::UniqueFd socket_;
  std::uint16_t port_ = 0;
};
