// SPDX-License-Identifier: MIT
// Prints every program that is run on this machine: a BPF program writes a record of each into a
// ring buffer, and this program reads them as they come.
// Run it as root: build/events [--seconds N] [program-to-run ...]
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <system_error>

#include "events.h"
#include "events.skel.h"

namespace {

using Clock = std::chrono::steady_clock;
using Skeleton = std::unique_ptr<events, decltype(&events__destroy)>;

struct Options {
  Clock::duration time = std::chrono::hours{24 * 365};
  char** command = nullptr;  // of a program to run, null-terminated
};

Options parse(char** arguments) {
  Options options;
  if (*arguments != nullptr && std::strcmp(*arguments, "--seconds") == 0 &&
      arguments[1] != nullptr) {
    options.time = std::chrono::seconds{std::atoi(arguments[1])};
    arguments += 2;
  }
  if (*arguments != nullptr) options.command = arguments;
  return options;
}

void check(int result, const char* what) {
  if (result != 0) throw std::system_error(std::abs(result), std::generic_category(), what);
}

// While it lives, Ctrl-C closes the ring: close() is safe in a signal handler.
class CloseOnSignals {
 public:
  explicit CloseOnSignals(const bpfmap::RingBuffer& ring) {
    ring_ = &ring;
    set_handler([](int) { ring_->close(); });
  }
  CloseOnSignals(const CloseOnSignals&) = delete;
  CloseOnSignals& operator=(const CloseOnSignals&) = delete;
  ~CloseOnSignals() { set_handler(SIG_DFL); }

 private:
  static void set_handler(void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  }

  static inline const bpfmap::RingBuffer* ring_ = nullptr;
};

void run(char** command) {
  pid_t pid = 0;
  check(posix_spawn(&pid, command[0], nullptr, nullptr, command, environ), command[0]);
  waitpid(pid, nullptr, 0);
}

// Text in an array need not end with a zero, and a terminal must not obey it.
template <std::size_t size>
std::string printable(const char (&array)[size]) {
  std::string text(array, strnlen(array, size));
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

void print(const Exec& exec) {
  std::printf("%7u %6u  %-15s  %s\n", exec.pid, exec.uid, printable(exec.comm).c_str(),
              printable(exec.file).c_str());
}

void watch(const Options& options) {
  const Skeleton skeleton{events__open_and_load(), &events__destroy};
  if (!skeleton) check(errno, "loading the BPF program");
  bpfmap::RingBuffer ring;
  ring.for_each<Exec>(bpfmap::from(skeleton->maps.execs), print);
  const bpfmap::PerCpuArrayMap<std::uint64_t> dropped{bpfmap::from(skeleton->maps.dropped)};
  const CloseOnSignals close_on_signals{ring};
  check(events__attach(skeleton.get()), "attaching the BPF program");

  std::printf("%7s %6s  %-15s  %s\n", "PID", "UID", "COMMAND", "FILE");
  if (options.command != nullptr) run(options.command);
  std::size_t programs = 0;
  const auto end = Clock::now() + options.time;
  for (auto now = Clock::now(); !ring.closed() && now < end; now = Clock::now()) {
    programs += ring.poll(std::chrono::ceil<std::chrono::milliseconds>(end - now));
    std::fflush(stdout);
  }
  std::printf("%zu programs run, %llu dropped\n", programs,
              static_cast<unsigned long long>(dropped.lookup(0).sum()));
}

}  // namespace

int main(int, char** argv) try { watch(parse(argv + 1)); } catch (const std::exception& error) {
  std::fprintf(stderr, "events: %s\n", error.what());
  return 1;
}
