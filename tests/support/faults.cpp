// SPDX-License-Identifier: MIT
#include "faults.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace bpfmap::test {
namespace {

struct Injected {
  int error;
  const char* name;
};
constexpr std::array injected{Injected{EINTR, "EINTR"},
                              Injected{EAGAIN, "EAGAIN"},
                              Injected{ENOMEM, "ENOMEM"},
                              Injected{EPERM, "EPERM"},
                              Injected{EBUSY, "EBUSY"},
                              Injected{EDEADLK, "EDEADLK"},
                              Injected{ETIMEDOUT, "ETIMEDOUT"},
                              Injected{E2BIG, "E2BIG"},
                              Injected{ENOSPC, "ENOSPC"},
                              Injected{EFAULT, "EFAULT"},
                              Injected{sys::enotsupp, "ENOTSUPP"},
                              Injected{EOPNOTSUPP, "EOPNOTSUPP"}};

// One set of numbers for the process: threads of parallel_scan() call as well.
std::atomic<std::size_t> calls = 0;
std::size_t first_failing = 0;
std::size_t failing = 0;
int failing_with = 0;
std::array<std::atomic<int>, FailingCalls::most_noted> noted;

constexpr std::size_t endless = 20'000;

long answer(int cmd, void* attr, unsigned int size) noexcept {
  const std::size_t n = calls++;
  if (n < noted.size()) noted[n] = cmd;
  if (n > endless) {
    std::fputs("an operation that fails does not end\n", stderr);
    std::abort();
  }
  if (n >= first_failing && n - first_failing < failing) return -failing_with;
  return sys::bpf_syscall(cmd, attr, size);
}

}  // namespace

FailingCalls::FailingCalls(std::size_t nth, int error, std::size_t times) : replaced_(&answer) {
  calls = 0;
  first_failing = nth;
  failing = nth == none ? 0 : times;
  failing_with = error;
}

FailingCalls::~FailingCalls() = default;

std::size_t FailingCalls::count() const noexcept { return calls; }

std::vector<int> FailingCalls::commands() const {
  return {noted.begin(), noted.begin() + static_cast<std::ptrdiff_t>(
                                             std::min<std::size_t>(calls.load(), noted.size()))};
}

bool works_on_many(std::string_view operation) {
  static constexpr std::array names{
      "clear",         "copy",           "count",        "count_if",     "drain",
      "empty",         "erase_batch",    "erase_if",     "insert_batch", "keys",
      "parallel_scan", "replace_batch",  "scan",         "set_batch",    "sync",
      "to_vector",     "to_vector_into", "update_batch", "values"};
  return std::find(names.begin(), names.end(), operation) != names.end();
}

::testing::AssertionResult is_between(const Contents& now, const Contents& before,
                                      const Contents& after) {
  const auto in = [](const Contents& all, const Bytes& key) {
    const auto at = all.find(key);
    return at == all.end() ? nullptr : &at->second;
  };
  const auto same = [](const Bytes* a, const Bytes* b) {
    return a == nullptr || b == nullptr ? a == b : *a == *b;
  };
  for (const Contents* all : {&now, &before, &after})
    for (const auto& [key, value] : *all)
      if (const Bytes* const is = in(now, key);
          !same(is, in(before, key)) && !same(is, in(after, key)))
        return ::testing::AssertionFailure()
               << "an entry of " << now.size() << " is neither as before nor as afterwards: "
               << std::string(reinterpret_cast<const char*>(key.data()), key.size());
  return ::testing::AssertionSuccess();
}

namespace {

bool is_transient(int error) {
  return error == EINTR || error == EAGAIN || error == EBUSY || error == EDEADLK ||
         error == ETIMEDOUT;
}

std::string_view name_of(int error) {
  for (const auto& row : injected)
    if (row.error == error) return row.name;
  return "?";
}

// For each operation and errno: what came out when one call failed, and when all did from then on.
using Outcomes = std::set<std::string>;
std::map<std::string, std::map<int, std::pair<Outcomes, Outcomes>>, std::less<>> table;
std::size_t runs = 0;

std::string joined(const Outcomes& outcomes) {
  std::string text;
  for (const auto& outcome : outcomes) text += (text.empty() ? "" : "/") + outcome;
  return text;
}

void print_table() {
  std::printf("%zu runs\n| operation |", runs);
  for (const auto& [error, name] : injected) std::printf(" %s |", name);
  std::printf("\n|---|");
  for (std::size_t i = 0; i < injected.size(); ++i) std::printf("---|");
  for (const auto& [operation, row] : table) {
    std::printf("\n| %s |", operation.c_str());
    for (const auto& [error, name] : injected) {
      const auto at = row.find(error);
      if (at == row.end()) {
        std::printf(" |");
        continue;
      }
      const std::string once = joined(at->second.first);
      const std::string always = joined(at->second.second);
      std::printf(" %s |", (once == always ? once : once + "; " + always).c_str());
    }
  }
  std::printf("\n");
}

void note(const std::string& operation, int error, bool once, const std::string& outcome) {
  if (runs++ == 0 && std::getenv("BPFMAP_FAULT_TABLE") != nullptr) std::atexit(&print_table);
  auto& cell = table[operation][error];
  (once ? cell.first : cell.second).insert(outcome);
}

}  // namespace

// An operation without a fault: what it ends with, the calls that it makes, and the contents before
// and after it.
struct InjectFaults::Plain {
  std::error_code ec;
  std::vector<int> commands;
  Contents before;
  Contents after;
};

InjectFaults::Plain InjectFaults::run_without_fault(const EitherForm& call) const {
  Plain plain;
  subject_->renew();
  plain.before = subject_->contents();
  {
    const FailingCalls counted{FailingCalls::none, 0, 0};
    call(plain.ec);
    plain.commands = counted.commands();
  }
  plain.after = subject_->contents();
  return plain;
}

void InjectFaults::run_with_fault(const char* name, const EitherForm& call, const Plain& plain,
                                  std::size_t nth, int error, std::size_t times) const {
  SCOPED_TRACE(std::string{name} + ": call " + std::to_string(nth + 1) + " of command " +
               std::to_string(plain.commands[nth]) + (times == 1 ? "" : " and all after it") +
               " fails with " + std::string{name_of(error)});
  const bool once = times == 1;
  if (subject_->contents() != plain.before) subject_->renew();
  const std::size_t open = open_descriptors();
  std::error_code ec = Errc::invalid_name;
  std::string text;
  {
    const FailingCalls fault{nth, error, times};
    call(ec);
    if (ec) text = explain(ec);
  }
  EXPECT_EQ(open_descriptors(), open) << ec.message();
  const Contents now = subject_->contents();
  EXPECT_TRUE(is_between(now, plain.before, plain.after));
  const std::string_view kind = expect_outcome(name, plain, nth, error, once, ec, now);
  note(name, error, once, std::string{kind} + (ec && now != plain.before ? "+" : ""));
  if (ec) {
    EXPECT_NE(text, ec.message()) << "nothing is recorded";
    if (kind == "error") {
      EXPECT_TRUE(contains(text, name_of(error)));
    }
  }
  if (!once) return;
  // The other form ends with the same code.
  if (now != plain.before) subject_->renew();
  std::error_code thrown;
  {
    const FailingCalls fault{nth, error, times};
    try {
      call();
    } catch (const std::system_error& e) {
      thrown = e.code();
      EXPECT_NE(std::string_view{e.what()}, "");
    }
  }
  EXPECT_EQ(thrown, ec);
  EXPECT_EQ(open_descriptors(), open);
}

// error: that errno. again: the operation did what it does without a fault, because it tried again
// or another way. answer: the errno is an answer.
std::string_view InjectFaults::expect_outcome(std::string_view name, const Plain& plain,
                                              std::size_t nth, int error, bool once,
                                              std::error_code ec, const Contents& now) {
  const bool many = works_on_many(name);
  if (ec == std::error_code{error, category()}) {
    EXPECT_FALSE(many && once && is_transient(error)) << "was not tried again";
    EXPECT_TRUE(many || now == plain.before) << "reports an error and has done something";
    return "error";
  }
  EXPECT_EQ(ec, plain.ec) << "neither that errno nor what comes out without it: " << ec.message();
  if (name == "push" && error == E2BIG) return "answer";
  // A perf buffer does without the program that finds out whether slots are taken.
  EXPECT_TRUE(many || plain.commands.size() > 1 || plain.commands[nth] == BPF_PROG_LOAD)
      << "the only call failed";
  EXPECT_TRUE(ec || now == plain.after) << "reports success and has not done all";
  return "again";
}

void InjectFaults::operator()(const char* name, const EitherForm& call) const {
  const Plain plain = run_without_fault(call);
  for (std::size_t nth = 0; nth < plain.commands.size(); ++nth)
    for (const auto& row : injected)
      for (const std::size_t times : {std::size_t{1}, FailingCalls::all})
        run_with_fault(name, call, plain, nth, row.error, times);
}

}  // namespace bpfmap::test
