// SPDX-License-Identifier: MIT
#include "sampler.hpp"

#include <seccomp.h>

#include <algorithm>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "syscall_top.skel.h"

namespace {

[[noreturn]] void fail(const std::string& step, int error) {
  if (error == EPERM || error == EACCES)
    throw std::runtime_error(step + " is not permitted: it needs root, or CAP_BPF and CAP_PERFMON");
  throw std::system_error(error, std::generic_category(), step);
}

syscall_top* load() {
  syscall_top* const skeleton = syscall_top__open_and_load();
  if (skeleton == nullptr) fail("loading the BPF program", errno);
  return skeleton;
}

// The name of a system call; its number when libseccomp does not know it. Calls of 32-bit programs
// on a 64-bit machine have numbers of their own, and get a wrong name here.
std::string syscall_name(std::uint32_t number) {
  const int nr = static_cast<int>(number);
  const std::unique_ptr<char, decltype(&std::free)> name{
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr), &std::free};
  return name ? name.get() : std::to_string(nr);
}

// Idle for a minute, by the BPF program's clock.
bool is_idle(bpfmap::PerCpuView<Counts> slots, std::uint64_t now_ns) {
  constexpr std::uint64_t minute_ns = 60'000'000'000;
  return std::all_of(slots.begin(), slots.end(),
                     [now_ns](const Counts& slot) { return slot.last_ns + minute_ns < now_ns; });
}

}  // namespace

void Sampler::Destroy::operator()(syscall_top* skeleton) const { syscall_top__destroy(skeleton); }

Sampler::Sampler()
    : skeleton_(load()),
      counts_(bpfmap::from(skeleton_->maps.counts)),
      processes_(bpfmap::from(skeleton_->maps.processes)),
      totals_(bpfmap::from(skeleton_->maps.totals)),
      last_time_(Clock::now()) {
  if (const int result = syscall_top__attach(skeleton_.get()); result != 0)
    fail("attaching the BPF program", -result);
}

Sample Sampler::take(std::size_t max_rows) {
  const auto now = Clock::now();
  const std::chrono::duration<double> elapsed = now - std::exchange(last_time_, now);
  const auto per_second = [elapsed](std::uint64_t calls) {
    return static_cast<double>(calls) / elapsed.count();
  };

  Sample sample;
  const auto totals = totals_.lookup(0);
  const std::uint64_t total = totals.sum(&Totals::calls);
  sample.rate = per_second(total - std::exchange(last_total_, total));
  sample.dropped = totals.sum(&Totals::dropped);

  std::vector<Active> active = scan(now);
  sample.active = active.size();
  std::sort(active.begin(), active.end(),
            [](const Active& a, const Active& b) { return a.calls > b.calls; });
  if (active.size() > max_rows) active.resize(max_rows);
  for (const auto& [call, count, calls] : active)
    sample.rows.push_back(
        {call.tgid, comm(call.tgid), syscall_name(call.number), count, per_second(calls)});
  return sample;
}

// Returns the calls made since the last sample. Erases idle entries, so that the map has room.
std::vector<Sampler::Active> Sampler::scan(Clock::time_point now) {
  const auto now_ns = static_cast<std::uint64_t>(Clock::duration{now.time_since_epoch()}.count());
  std::vector<Active> active;
  std::unordered_map<std::uint64_t, std::uint64_t> counts;
  for (auto [call, slots] : counts_) {
    if (is_idle(slots, now_ns)) {
      counts_.erase(call);
      continue;
    }
    const std::uint64_t id = std::uint64_t{call.tgid} << 32 | call.number;
    const std::uint64_t count = slots.sum(&Counts::count);
    const auto last = last_counts_.find(id);
    const std::uint64_t calls = last == last_counts_.end() ? count : count - last->second;
    if (calls != 0) active.push_back({call, count, calls});
    counts.emplace(id, count);
  }
  last_counts_ = std::move(counts);
  return active;
}

std::string Sampler::comm(std::uint32_t pid) const {
  const auto process = processes_.lookup(pid);
  return process ? std::string(process->comm, strnlen(process->comm, sizeof process->comm)) : "?";
}
