// SPDX-License-Identifier: MIT
#include "perf.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <span>

#include "../map/cpu_list.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/typed/base/typed_map.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "perf_slots.hpp"
#include "refuse.hpp"

namespace bpfmap::inline v0::detail {

// A child of fork(2) closes its copies of the descriptors, but the slots belong to the parent.
Perf::~Perf() {
  if (!process.is_current()) return;
  for (const PerfMemory& buffer : buffers) {
    const std::uint32_t cpu = buffer.cpu();
    (void)sys::map_delete_elem(map.get(), &cpu);
  }
}

namespace {

constexpr std::array types{MapType::perf_event_array};
constexpr Requirement requirement{.types = types, .key_size = 4, .value_size = 4};
constexpr std::uint64_t is_buffer = 1;  // in epoll_event.data

// Sets `ec` when the list of online CPUs cannot be read.
CpuList online_cpus(std::error_code& ec) {
  CpuList cpus;
  if (const int result = sys::read_cpu_list("/sys/devices/system/cpu/online", cpus))
    ec = cpu_list_error(result);
  return cpus;
}

void sort_once(CpuList& cpus) noexcept {
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
}

// Record refusals with the CPU or the number of pages that is the reason.
std::error_code refuse_cpu(const Map& map, std::uint32_t cpu, std::error_code ec) noexcept {
  return record(map, {Operation::view, std::as_bytes(std::span{&cpu, 1})}, ec);
}
std::error_code refuse_pages(const Map& map, const PerfBufferOptions& options,
                             int result) noexcept {
  return record(map, {.operation = Operation::view, .count = options.pages_per_cpu},
                kernel_error(result));
}

int watch(const Perf& perf, int fd, std::uint64_t data) noexcept {
  ::epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = data;
  return ::epoll_ctl(perf.epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

// Closing the descriptor is not enough, because a forked child may have a copy.
void unwatch(const Perf& perf, const PerfMemory& buffer) noexcept {
  ::epoll_ctl(perf.epoll.get(), EPOLL_CTL_DEL, buffer.event(), nullptr);
}

int open_descriptors(Perf& perf, const Map& map) noexcept {
  perf.map = sys::UniqueFd::duplicate_of(map.fd());
  if (!perf.map) return -errno;
  perf.epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!perf.epoll) return -errno;
  perf.rest.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!perf.rest) return -errno;
  if (const int result = perf.waker.open()) return result;
  if (const int result = watch(perf, perf.waker.fd(), 0)) return result;
  return watch(perf, perf.rest.get(), is_buffer);
}

std::error_code check_cpu(const Map& map, std::uint32_t cpu) noexcept {
  const auto possible = sys::possible_cpus();
  if (!possible.empty() && !std::binary_search(possible.begin(), possible.end(), cpu))
    return refuse_cpu(map, cpu, Errc::no_such_cpu);
  if (cpu >= map.info().max_entries) return refuse_cpu(map, cpu, Errc::index_out_of_range);
  return {};
}

bool has_buffer(const Perf& perf, std::uint32_t cpu) noexcept {
  return std::any_of(perf.buffers.begin(), perf.buffers.end(),
                     [cpu](const PerfMemory& buffer) { return buffer.cpu() == cpu; });
}

// Makes all checks before the first buffer is opened.
std::error_code check_cpus(const Perf& perf, const Map& map, const CpuList& cpus) noexcept {
  for (const std::uint32_t cpu : cpus)
    if (const auto ec = check_cpu(map, cpu)) return ec;
  if (perf.options.replace) return {};
  const PerfSlots slots{map};
  for (const std::uint32_t cpu : cpus)
    if (!has_buffer(perf, cpu) && slots.is_taken(cpu))
      return refuse_cpu(map, cpu, kernel_error(-EBUSY));
  return {};
}

// Drops the old buffers of CPUs that went offline and came back. One with unread records stays
// until the next call.
void drop_left_buffers(Perf& perf, const CpuList& cpus) noexcept {
  std::erase_if(perf.buffers, [&](const PerfMemory& buffer) {
    const bool left =
        std::binary_search(cpus.begin(), cpus.end(), buffer.cpu()) && !buffer.has_unread();
    if (left) unwatch(perf, buffer);
    return left;
  });
  perf.first = 0;
}

// `buffers` must have room for one more.
std::error_code add_buffer(Perf& perf, const Map& map, std::uint32_t cpu) noexcept {
  PerfMemory buffer{cpu};
  if (const int result = buffer.open(perf.options)) {
    // The CPU went offline after the list was read.
    if (result == -ENODEV && perf.options.cpus.empty()) return {};
    return refuse_cpu(map, cpu, kernel_error(result));
  }
  if (const int result = buffer.map(perf.options)) return refuse_pages(map, perf.options, result);
  if (const int result = watch(perf, buffer.event(), is_buffer))
    return refuse(map, kernel_error(result));
  const int event = buffer.event();
  if (const int result = sys::map_update_elem(map.fd(), &cpu, &event)) {
    unwatch(perf, buffer);
    return refuse_cpu(map, cpu, kernel_error(result));
  }
  if (perf.paused) (void)buffer.pause_output(true);
  perf.buffers.push_back(std::move(buffer));
  return {};
}

}  // namespace

std::size_t add_buffers(Perf& perf, const Map& map, const CpuList& cpus,
                        std::error_code& ec) noexcept {
  ec = check_cpus(perf, map, cpus);
  if (ec) return 0;
  without_bad_alloc(ec, [&] { perf.buffers.reserve(perf.buffers.size() + cpus.size()); });
  if (ec) {
    ec = refuse(map, ec);
    return 0;
  }
  drop_left_buffers(perf, cpus);
  const std::size_t before = perf.buffers.size();
  for (const std::uint32_t cpu : cpus) {
    ec = add_buffer(perf, map, cpu);
    if (ec) break;
  }
  return perf.buffers.size() - before;
}

std::error_code open_perf(std::unique_ptr<Perf>& perf, const Map& map,
                          const PerfBufferOptions& options) noexcept {
  if (const auto ec = check(map, requirement)) return ec;
  if (!std::has_single_bit(options.pages_per_cpu)) return refuse_pages(map, options, -EINVAL);
  std::error_code ec;
  auto opened = make_object<Perf>(ec);
  if (ec) return refuse(map, ec);
  const CpuList cpus = without_bad_alloc(ec, [&] {
    opened->options = options;
    CpuList chosen = options.cpus.empty() ? online_cpus(ec) : options.cpus;
    sort_once(chosen);
    return chosen;
  });
  if (ec) return refuse(map, ec);
  if (const int result = open_descriptors(*opened, map)) return refuse(map, kernel_error(result));
  (void)add_buffers(*opened, map, cpus, ec);
  if (ec) return ec;
  if (opened->buffers.empty()) return refuse_cpu(map, cpus.front(), kernel_error(-ENODEV));
  perf = std::move(opened);
  return {};
}

CpuList Perf::cpus() const {
  CpuList cpus;
  for (const PerfMemory& buffer : buffers) cpus.push_back(buffer.cpu());
  sort_once(cpus);
  return cpus;
}

CpuList Perf::cpus_without_buffer(std::error_code& ec) const {
  ec.clear();
  CpuList without = online_cpus(ec);
  for (const PerfMemory& buffer : buffers)
    if (buffer.is_attached()) std::erase(without, buffer.cpu());
  return without;
}

std::error_code Perf::pause_output(bool paused_by_user) noexcept {
  for (const PerfMemory& buffer : buffers) {
    if (!paused_by_user && buffer.is_paused()) continue;  // until its snapshot is read
    if (const int result = buffer.pause_output(paused_by_user)) return kernel_error(result);
  }
  paused = paused_by_user;
  return {};
}

}  // namespace bpfmap::inline v0::detail
