// SPDX-License-Identifier: MIT
// rings.bpf.c, loaded: records and samples when a test asks for them.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "bpfmap/interop/libbpf.hpp"
#include "rings.bpf.h"
#include "rings.skel.h"

namespace bpfmap::test {

using Event = ::rings_event;
static_assert(sizeof(Event) == 16);
inline constexpr std::uint32_t odd_size = 5;  // bytes of the records that are no Event

/// How long `call` takes.
template <class Call>
std::chrono::milliseconds time_of(Call call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

class RingPrograms {
 public:
  explicit RingPrograms(std::uint32_t bytes_of_samples = 4096)
      : skeleton_(::rings__open(), &::rings__destroy) {
    if (!skeleton_ || ::bpf_map__set_max_entries(skeleton_->maps.samples, bytes_of_samples) != 0 ||
        ::rings__load(skeleton_.get()) != 0)
      throw std::runtime_error{"rings.bpf.c does not load"};
  }

  /// Whether the running kernel loads them.
  [[nodiscard]] static bool load() {
    static const bool loads = [] {
      const std::unique_ptr<::rings, void (*)(::rings*)> tried{::rings__open_and_load(),
                                                               &::rings__destroy};
      return tried != nullptr;
    }();
    return loads;
  }
  static constexpr const char* needs =
      "this kernel lacks user_ringbuf maps, bpf_loop() or callbacks without the JIT";

  [[nodiscard]] Map first() const { return from(skeleton_->maps.first); }
  [[nodiscard]] Map second() const { return from(skeleton_->maps.second); }
  [[nodiscard]] Map perf() const { return from(skeleton_->maps.perf); }
  [[nodiscard]] Map samples() const { return from(skeleton_->maps.samples); }

  /// Returns the id of one of the programs.
  [[nodiscard]] std::uint32_t program_id() const {
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    EXPECT_EQ(
        ::bpf_obj_get_info_by_fd(::bpf_program__fd(skeleton_->progs.write_ring), &info, &size), 0);
    return info.id;
  }

  /// Records number `first`, `first` + 1, ... into a ring buffer; how many found no room.
  std::uint32_t write(std::uint64_t first, std::uint32_t count, bool to_second = false,
                      std::uint32_t size = sizeof(Event)) const {
    ::rings_request request{};
    request.first = first;
    request.count = count;
    request.size = size;
    request.second = to_second ? 1 : 0;
    run(skeleton_->progs.write_ring, request);
    return request.dropped;
  }

  /// One record with `flags` of bpf_ringbuf_output().
  void write_with(std::uint64_t flags, std::uint64_t number) const {
    ::rings_request request{};
    request.first = number;
    request.count = 1;
    request.size = sizeof(Event);
    request.flags = flags;
    run(skeleton_->progs.write_ring, request);
    EXPECT_EQ(request.dropped, 0U);
  }

  /// `count` records that are reserved and discarded.
  void discard(std::uint32_t count) const {
    ::rings_request request{};
    request.count = count;
    request.discard = 1;
    run(skeleton_->progs.write_ring, request);
    EXPECT_EQ(request.dropped, 0U);
  }

  /// A record that is reserved, held for some milliseconds, and then submitted.
  void hold(std::uint64_t number) const {
    ::rings_request request{};
    request.first = number;
    request.hold = 0x7fffff;
    run(skeleton_->progs.hold_record, request);
  }

  /// The same into the buffer of one CPU.
  std::uint32_t write_perf(std::uint64_t first, std::uint32_t count, std::uint32_t cpu = 0,
                           std::uint32_t size = sizeof(Event)) const {
    std::array<std::uint64_t, 3> arguments{count, first, size};
    ::bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.ctx_in = arguments.data();
    options.ctx_size_in = sizeof arguments;
    options.flags = BPF_F_TEST_RUN_ON_CPU;
    options.cpu = cpu;
    const int fd = ::bpf_program__fd(skeleton_->progs.write_perf);
    EXPECT_EQ(::bpf_prog_test_run_opts(fd, &options), 0);
    return options.retval;
  }

  /// How many samples the program takes.
  std::size_t drain_count(std::uint64_t flags = 0) const {
    ::rings_request request{};
    request.flags = flags;
    run(skeleton_->progs.drain, request);
    EXPECT_EQ(request.result, request.count);
    return request.count;
  }
  /// The samples that the program takes, in order.
  [[nodiscard]] std::vector<std::uint64_t> drain() const {
    const std::size_t count = drain_count();
    const Map drained = from(skeleton_->maps.drained);
    std::vector<std::uint64_t> numbers;
    for (std::uint32_t i = 0; i < count && i < drained.info().max_entries; ++i) {
      const auto event = drained.lookup<Event>(i);
      numbers.push_back(event ? event->number : 0);
    }
    EXPECT_EQ(numbers.size(), count);
    return numbers;
  }

 private:
  static void run(const ::bpf_program* program, ::rings_request& request) {
    ::bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.ctx_in = &request;
    options.ctx_size_in = sizeof request;
    EXPECT_EQ(::bpf_prog_test_run_opts(::bpf_program__fd(program), &options), 0);
  }

  std::unique_ptr<::rings, decltype(&::rings__destroy)> skeleton_;
};

using Numbers = std::vector<std::uint64_t>;

/// A callback that keeps the numbers of the events it is called for.
[[nodiscard]] inline auto into(Numbers& seen) {
  return [&seen](const Event& event) { seen.push_back(event.number); };
}

/// `first`, `first` + 1, ...
[[nodiscard]] inline Numbers numbers(std::uint64_t first, std::size_t count) {
  Numbers all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(first + i);
  return all;
}

/// Whether `fd` is readable now; given a time, whether it will be then. (The kernel tells of a
/// record by an interrupt, which may come after the program has returned.)
[[nodiscard]] inline bool is_readable(int fd, std::chrono::milliseconds timeout = {}) {
  ::pollfd descriptor{fd, POLLIN, 0};
  return ::poll(&descriptor, 1, static_cast<int>(timeout.count())) == 1 &&
         (descriptor.revents & POLLIN) != 0;
}

}  // namespace bpfmap::test
