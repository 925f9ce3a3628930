// SPDX-License-Identifier: MIT
// A loopback device that belongs to this process, and traffic on it.
#pragma once

#include <bpfmap/sys/unique_fd.hpp>
#include <cstdint>

/// Moves this process into a new network namespace and brings its loopback device up. A program
/// attached to the device sees only packets of this process. Returns the device's index. Throws
/// std::system_error.
int own_loopback();

/// A UDP socket on a port of its own. It sends to a port that nobody listens on.
class Sender {
 public:
  Sender();
  void send() const;
  /// The port it sends from.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  bpfmap::sys::UniqueFd socket_;
  std::uint16_t port_ = 0;
};
