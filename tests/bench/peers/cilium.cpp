// SPDX-License-Identifier: MIT
// cilium/ebpf, in a Go program that works on the same maps and takes its time itself.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>

#include "../rows.hpp"

namespace bpfmap::bench {
namespace {

/// The Go program, started when the first row asks for it; it ends with this one.
class GoProgram {
 public:
  static GoProgram& instance() {
    static GoProgram program;
    return program;
  }

  /// Does `operation` `count` times and gives the seconds that it took.
  double run(const char* operation, const Map& map, std::size_t entries, std::size_t count) {
    std::fprintf(out_, "%s %u %zu %zu\n", operation, map.info().id, entries, count);
    std::fflush(out_);
    std::array<char, 256> line{};
    if (std::fgets(line.data(), line.size(), in_) == nullptr)
      throw std::runtime_error{BPFMAP_BENCH_CILIUM " has ended"};
    const double nanoseconds = std::strtod(line.data(), nullptr);
    if (nanoseconds < 0) throw std::runtime_error{line.data()};
    return nanoseconds * 1e-9;
  }

 private:
  GoProgram() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    if (::fork() == 0) {
      ::dup2(ends[1], STDIN_FILENO);
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(BPFMAP_BENCH_CILIUM, BPFMAP_BENCH_CILIUM, nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ::fdopen(ends[0], "w");
    in_ = ::fdopen(::dup(ends[0]), "r");
  }

  std::FILE* out_ = nullptr;
  std::FILE* in_ = nullptr;
};

// A benchmark of which the Go program does `batch` iterations at a time.
template <class Family, std::uint32_t entries>
benchmark::internal::Benchmark* add_go(const std::string& name, const char* operation,
                                       std::size_t batch) {
  return add(name,
             [operation, batch](benchmark::State& state) {
               const Table<Family>& table = shared_table<Family, entries>();
               const std::size_t count = std::min(batch, table.present.size());
               try {
                 while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count)))
                   state.SetIterationTime(GoProgram::instance().run(operation, table.map,
                                                                    table.present.size(), count));
               } catch (const std::exception& error) {
                 state.SkipWithError(error.what());
               }
             })
      ->UseManualTime();
}

}  // namespace

void add_cilium() {
  for_each_element([]<class Family, class Operation>() {
    add_go<Family, element_entries>(element_name<Family, Operation>("cilium"), Operation::name,
                                    1024);
  });
  for_each_scan([]<class Family>() {
    const auto add_scan = [](const char* column, const char* operation) {
      add_go<Family, scan_entries>(std::string{"scan/"} + Family::name + '/' + column, operation,
                                   scan_entries)
          ->Iterations(1);
    };
    add_scan("cilium_next", "iterate");
    if (!Family::is_percpu) add_scan("cilium_batch", "batch");  // 0.9.1 has none for per-CPU maps
  });
}

}  // namespace bpfmap::bench
