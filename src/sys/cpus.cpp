// SPDX-License-Identifier: MIT
#include "bpfmap/sys/cpus.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <new>

#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::sys {
namespace {

// NR_CPUS is at most 8192 in every kernel configuration; a larger number means a damaged list.
constexpr std::uint32_t cpu_limit = 1U << 16;

constexpr const char* possible_path = "/sys/devices/system/cpu/possible";

struct KnownCpus {
  std::span<const std::uint32_t> view;
  std::vector<std::uint32_t> list;
};

}  // namespace

// What it points to is never destroyed, so that static destructors may use it, and never replaced.
// nullptr until a read succeeds: a failure (EMFILE, out of memory) may be temporary.
constinit const std::span<const std::uint32_t>* detail::known_cpus = nullptr;

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

int read_cpu_list(const char* path, std::vector<std::uint32_t>& cpus) noexcept try {
  std::array<char, 8192> text;
  const UniqueFd file{::open(path, O_RDONLY | O_CLOEXEC)};
  const auto size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size < 0) return -errno;
  cpus = parse_cpu_list({text.data(), static_cast<std::size_t>(size)});
  return cpus.empty() ? -EINVAL : 0;
} catch (const std::bad_alloc&) {
  return -ENOMEM;
}

int read_possible_cpus() noexcept {
  if (__atomic_load_n(&detail::known_cpus, __ATOMIC_ACQUIRE) != nullptr) return 0;
  std::unique_ptr<KnownCpus> read{new (std::nothrow) KnownCpus};
  if (!read) return -ENOMEM;
  if (const int result = read_cpu_list(possible_path, read->list)) return result;
  read->view = read->list;
  const std::span<const std::uint32_t>* none = nullptr;
  const std::span<const std::uint32_t>* const view = &read->view;
  if (!__atomic_compare_exchange_n(&detail::known_cpus, &none, view, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE))
    return 0;  // another thread was first
  [[maybe_unused]] const KnownCpus* const kept = read.release();
  return 0;
}

std::span<const std::uint32_t> detail::first_possible_cpus() noexcept {
  if (read_possible_cpus() != 0) return {};
  return *__atomic_load_n(&known_cpus, __ATOMIC_ACQUIRE);
}

}  // namespace bpfmap::inline v0::sys
