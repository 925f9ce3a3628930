// SPDX-License-Identifier: MIT
// A cable between two network namespaces of this process's own.
#pragma once

#include <netinet/in.h>

#include <bpfmap/sys/unique_fd.hpp>
#include <optional>
#include <stdexcept>
#include <string>

/// There is no `ip` to lay the cable with, or no veth devices.
struct NoNetwork : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Two ends of a veth pair: ours, in which this process is from now on and where packets arrive,
/// and another from which they come. Both go with the process. Throws std::system_error, NoNetwork.
class Network {
 public:
  Network();

  /// The index of the device at our end.
  [[nodiscard]] int ifindex() const noexcept { return ifindex_; }
  /// Sends a UDP packet to us from `source`, an address of the other end.
  void send_from(const std::string& source) const;
  /// Who sent the next packet that came through; nullopt: none came for a while.
  [[nodiscard]] std::optional<std::string> receive() const;

 private:
  bpfmap::sys::UniqueFd own_namespace_;
  bpfmap::sys::UniqueFd other_namespace_;
  bpfmap::sys::UniqueFd receiver_;
  int ifindex_ = 0;
};
