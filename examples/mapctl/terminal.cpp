// SPDX-License-Identifier: MIT
// Output, progress and signals.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

#include "mapctl.hpp"

namespace mapctl {

bool print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return true;
  if (errno == EPIPE) return false;
  throw std::system_error(errno, std::generic_category(), "standard output");
}

bool output_is_terminal() noexcept { return isatty(STDOUT_FILENO) == 1; }

std::string printable(std::string text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return text;
}

Progress::Progress(std::string what, std::uint64_t whole)
    : what_(std::move(what)),
      whole_(whole),
      next_(Clock::now() + std::chrono::seconds{1}),
      shows_(isatty(STDERR_FILENO) == 1) {}

void Progress::step() {
  constexpr std::uint64_t seldom = 256;
  if (++done_ % seldom != 0 || !shows_ || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds{200};
  shown_ = true;
  const std::string of = whole_ == 0 ? "" : fmt::format(" of at most {}", whole_);
  fmt::print(stderr, "\r{}: {}{}\x1b[K", what_, done_, of);
}

Progress::~Progress() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

bool wait_for(double seconds) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const double whole = std::floor(seconds);
  const timespec timeout{static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
  return sigtimedwait(&signals, nullptr, &timeout) < 0;
}

}  // namespace mapctl
