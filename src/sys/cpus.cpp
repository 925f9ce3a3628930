// SPDX-License-Identifier: MIT
#include "bpfmap/sys/cpus.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <memory>
#include <new>

namespace bpfmap::inline v0::sys {
namespace {

// NR_CPUS is at most 8192 in every kernel configuration; a larger number means a damaged list.
constexpr std::uint32_t cpu_limit = 1U << 16;

// Never destroyed, so that static destructors may use it, and never replaced. nullptr until a read
// succeeds: a failure (EMFILE, out of memory) may be temporary.
constinit std::atomic<const std::vector<std::uint32_t>*> known = nullptr;

std::vector<std::uint32_t> read_possible_cpus() {
  std::array<char, 8192> text;
  const int fd = ::open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const auto size = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (size < 0) return {};
  return parse_cpu_list({text.data(), static_cast<std::size_t>(size)});
}

std::span<const std::uint32_t> remember_possible_cpus() noexcept try {
  auto read = std::make_unique<const std::vector<std::uint32_t>>(read_possible_cpus());
  if (read->empty()) return {};
  const std::vector<std::uint32_t>* first = nullptr;
  if (known.compare_exchange_strong(first, read.get(), std::memory_order_acq_rel,
                                    std::memory_order_acquire))
    first = read.release();
  return *first;
} catch (const std::bad_alloc&) {
  return {};
}

}  // namespace

std::vector<std::uint32_t> parse_cpu_list(std::string_view list) {
  std::vector<std::uint32_t> cpus;
  const char* at = list.data();
  const char* const end = at + list.size();
  const auto number = [&at, end](std::uint32_t& out) {
    const auto [next, error] = std::from_chars(at, end, out);
    at = next;
    return error == std::errc{} && out < cpu_limit;
  };
  while (at != end) {
    std::uint32_t first = 0;
    if (!number(first)) return {};
    std::uint32_t last = first;
    if (at != end && *at == '-') {
      ++at;
      if (!number(last)) return {};
    }
    if (last < first || (!cpus.empty() && first <= cpus.back())) return {};
    for (std::uint32_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (at == end || *at == '\n') return cpus;
    if (*at++ != ',' || at == end) return {};
  }
  return {};
}

std::span<const std::uint32_t> possible_cpus() noexcept {
  if (const auto* const read = known.load(std::memory_order_acquire)) return *read;
  return remember_possible_cpus();
}

}  // namespace bpfmap::inline v0::sys
