// SPDX-License-Identifier: MIT
// Shows the processes that make the most system calls, and which calls. A BPF program counts in
// per-CPU maps, and this program reads them every second.
// Run it as root: build/syscall_top [--seconds N] [--interval S] [--rows N] [--json]
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "sampler.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Options {
  double seconds = std::numeric_limits<double>::infinity();
  double interval = 1;
  std::size_t rows = 20;
  bool json = false;
};

// Blocks Ctrl-C and similar signals: from its construction on they end a wait, not the program.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
  }

  // Returns true when a signal arrives within `time`.
  [[nodiscard]] bool wait_for(Seconds time) const {
    const double whole = std::floor(time.count());
    const timespec timeout{static_cast<time_t>(whole),
                           static_cast<long>((time.count() - whole) * 1e9)};
    return sigtimedwait(&signals_, nullptr, &timeout) > 0;
  }

 private:
  sigset_t signals_;
};

// The name of a process may hold anything, and a terminal would obey control characters.
std::string printable(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string table(const Sample& sample) {
  std::string text = fmt::format("{:.0f} system calls/s, {} of {} rows, {} calls dropped\n",
                                 sample.rate, sample.rows.size(), sample.active, sample.dropped);
  fmt::format_to(std::back_inserter(text), "{:>7}  {:<15}  {:<20}  {:>12}  {:>14}\n", "PID",
                 "COMMAND", "SYSTEM CALL", "CALLS/S", "CALLS");
  for (const Row& row : sample.rows)
    fmt::format_to(std::back_inserter(text), "{:>7}  {:<15}  {:<20}  {:>12.0f}  {:>14}\n", row.pid,
                   printable(row.comm), row.syscall, row.rate, row.count);
  return text;
}

// One line per row, with one object.
std::string json(const Sample& sample) {
  using nlohmann::ordered_json;
  const Seconds time = std::chrono::system_clock::now().time_since_epoch();
  std::string text;
  for (const Row& row : sample.rows) {
    const ordered_json object{{"time", std::round(time.count() * 1e3) / 1e3},
                              {"pid", row.pid},
                              {"comm", row.comm},
                              {"syscall", row.syscall},
                              {"count", row.count},
                              {"rate", std::round(row.rate * 10) / 10}};
    text += object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
  }
  return text;
}

// Returns false when the reader of a pipe is gone.
bool print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return true;
  if (errno == EPIPE) return false;
  throw std::system_error(errno, std::generic_category(), "standard output");
}

void run(const Options& options) {
  const StopSignals stop;
  Sampler sampler;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  const std::string clear = terminal ? "\x1b[H\x1b[J" : "";

  const auto end = Clock::now() + Seconds{options.seconds};
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    if (stop.wait_for(std::min<Seconds>(Seconds{options.interval}, end - now))) break;
    const Sample sample = sampler.take(options.rows);
    if (!print(options.json ? json(sample) : clear + table(sample) + '\n')) break;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  CLI::App app{"Shows the processes that make the most system calls, and which."};
  app.add_option("--seconds", options.seconds, "End after so long; without, Ctrl-C ends it")
      ->check(CLI::Range(0.01, 1e9));
  app.add_option("--interval", options.interval, "Seconds between two tables")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--rows", options.rows, "Rows of a table")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--json", options.json, "A JSON object a row instead, each on a line");
  CLI11_PARSE(app, argc, argv);

  run(options);
} catch (const std::exception& error) {
  fmt::print(stderr, "syscall_top: {}\n", error.what());
  return 1;
}
