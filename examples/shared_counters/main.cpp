// SPDX-License-Identifier: MIT
// Arrays as shared memory: a BPF program counts system calls, and this program reads the counters
// and changes the BPF program's settings with loads and stores, without a system call.
// Run it as root: build/shared_counters
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "shared_counters.h"
#include "shared_counters.skel.h"

namespace {

using Calls = bpfmap::MappedArray<std::uint64_t>;
using AllSettings = bpfmap::MappedArray<Settings>;
using Skeleton = std::unique_ptr<shared_counters, decltype(&shared_counters__destroy)>;

void check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

std::uint64_t total(const Calls& calls) {
  std::uint64_t sum = 0;
  for (std::size_t number = 0; number < calls.size(); ++number) sum += calls.load(number);
  return sum;
}

// Names this thread as no other, and counts only its calls.
void watch_this_thread(const AllSettings& settings) {
  const std::string name = "sc-" + std::to_string(::getpid());
  check(::prctl(PR_SET_NAME, name.c_str()) == 0, "naming the thread");
  // A store to the map: the BPF program sees it the next time it runs.
  name.copy(settings[0].thread_name, sizeof(Settings::thread_name) - 1);
}

void read_a_million_times(const Calls& calls) {
  const std::uint64_t before = total(calls);
  std::uint64_t sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum += calls.load(SYS_getppid);
  const std::uint64_t after = total(calls);
  check(sum >= 1'000'000, "reading the counter");
  std::cout << "1000000 reads made " << after - before << " system calls\n";
}

void print_most_frequent(const Calls& calls) {
  std::vector<std::size_t> numbers(calls.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  const std::vector<std::uint64_t> counts{calls.begin(), calls.end()};  // a copy: counting goes on
  std::sort(numbers.begin(), numbers.end(),
            [&counts](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  for (std::size_t i = 0; i < 5; ++i)
    std::cout << "system call " << numbers[i] << ": " << counts[numbers[i]] << '\n';
}

}  // namespace

int main() try {
  const Skeleton skeleton{shared_counters__open_and_load(), &shared_counters__destroy};
  check(skeleton != nullptr, "loading the BPF program");
  const Calls calls{bpfmap::from(skeleton->maps.calls)};
  const AllSettings settings{bpfmap::from(skeleton->maps.settings)};

  watch_this_thread(settings);
  check(shared_counters__attach(skeleton.get()) == 0, "attaching the BPF program");
  for (int i = 0; i < 1000; ++i) ::getppid();
  std::cout << calls.load(SYS_getppid) << " calls of getppid\n";
  read_a_million_times(calls);

  settings[0] = {};  // from now on the calls of every thread
  std::this_thread::sleep_for(std::chrono::seconds{1});
  print_most_frequent(calls);
} catch (const std::exception& error) {
  std::cerr << "shared_counters: " << error.what() << '\n';
  return 1;
}
