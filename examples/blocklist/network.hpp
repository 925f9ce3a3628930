// SPDX-License-Identifier: MIT
// A cable between two network namespaces that belong to this process.
#pragma once

#include <netinet/in.h>

#include <bpfmap/sys/unique_fd.hpp>
#include <optional>
#include <stdexcept>
#include <string>

/// The veth pair cannot be created: there is no `ip` program, or the kernel has no veth devices.
struct NoNetwork : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The two ends of a veth pair. Packets are sent from the other end and arrive at ours, whose
/// namespace this process enters. Both go away with the process. Throws std::system_error,
/// NoNetwork.
class Network {
 public:
  Network();

  /// The index of the device at our end.
  [[nodiscard]] int ifindex() const noexcept { return ifindex_; }
  /// Sends a UDP packet to us from `source`, an address of the other end.
  void send_from(const std::string& source) const;
  /// Returns the sender of the next packet; nullopt when none arrives within half a second.
  [[nodiscard]] std::optional<std::string> receive() const;

 private:
  bpfmap::sys::UniqueFd own_namespace_;
  bpfmap::sys::UniqueFd other_namespace_;
  bpfmap::sys::UniqueFd receiver_;
  int ifindex_ = 0;
};
