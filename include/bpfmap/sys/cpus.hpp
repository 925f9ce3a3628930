// SPDX-License-Identifier: MIT
// The CPUs that have a slot in a per-CPU value. Layer 0: includes nothing above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::sys {

/// Returns the CPU numbers of a kernel list such as "0-3,8,10-11", ascending. Empty when `list` is
/// not such a list.
[[nodiscard]] std::vector<std::uint32_t> parse_cpu_list(std::string_view list);

/// Reads the possible CPUs unless they are known; returns 0 or -errno, -EINVAL for a file that
/// holds no list of CPUs.
[[nodiscard]] int read_possible_cpus() noexcept;

/// Reads a list of CPUs from the file at `path` into `cpus`; returns 0 or -errno, as above.
[[nodiscard]] int read_cpu_list(const char* path, std::vector<std::uint32_t>& cpus) noexcept;

namespace detail {

// nullptr until they were read. Inline code reads it, because every write of a per-CPU value does.
extern const std::span<const std::uint32_t>* known_cpus;

[[nodiscard, gnu::cold]] std::span<const std::uint32_t> first_possible_cpus() noexcept;

}  // namespace detail

/// Returns the possible CPUs, ascending: slot i of a per-CPU value belongs to the i-th of them. The
/// mask may have holes, and may hold CPUs that are not online. Read from
/// /sys/devices/system/cpu/possible until that succeeds, then remembered for the life of the
/// process, static destructors included. Empty when it cannot be read: per-CPU operations then fail
/// (EMFILE, ENFILE or ENOMEM; Errc::no_cpu_list for any other reason, such as a missing sysfs), and
/// the next call reads again.
[[nodiscard]] inline std::span<const std::uint32_t> possible_cpus() noexcept {
  using Cpus = std::span<const std::uint32_t>;
  const Cpus* const known = __atomic_load_n(&detail::known_cpus, __ATOMIC_ACQUIRE);
  return known != nullptr ? *known : detail::first_possible_cpus();
}

/// Returns the bytes from one CPU's slot to the next: `value_size` rounded up to 8.
[[nodiscard]] constexpr std::size_t percpu_stride(std::size_t value_size) noexcept {
  return (value_size + 7) / 8 * 8;
}

/// Returns the bytes that the kernel reads or writes for one per-CPU value: one stride per possible
/// CPU.
[[nodiscard]] inline std::size_t percpu_size(std::size_t value_size) noexcept {
  return percpu_stride(value_size) * possible_cpus().size();
}

}  // namespace bpfmap::inline v0::sys
