// SPDX-License-Identifier: MIT
// Lets each call of bpf(2) that an operation makes fail in turn, with each errno, once or from then
// on; checks what must hold whatever the errno is, and notes what came out.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"
#include "told.hpp"

namespace bpfmap::test {

using Contents = std::map<Bytes, Bytes>;

/// Calls of bpf(2) fail from the `nth` on, which is 0 for the first: `times` of them, or all.
class FailingCalls {
 public:
  static constexpr std::size_t none = SIZE_MAX;
  static constexpr std::size_t all = SIZE_MAX;

  FailingCalls(std::size_t nth, int error, std::size_t times);
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;
  ~FailingCalls();

  /// Returns the commands of the calls so far, at most `most_noted`.
  [[nodiscard]] std::vector<int> commands() const;
  [[nodiscard]] std::size_t count() const noexcept;

  static constexpr std::size_t most_noted = 256;

 private:
  ReplacedBpf replaced_;
};

/// What an operation works on.
class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;
  /// Makes it as it was in the beginning.
  virtual void renew() = 0;
  /// Returns all that an operation may change.
  [[nodiscard]] virtual Contents contents() = 0;
};

/// Whether an operation works on many entries. Then it tries a call again that was turned away (by
/// a signal or by a lock), and part of it may be done before it reports another error. All others
/// report the first error, and have done nothing then.
[[nodiscard]] bool works_on_many(std::string_view operation);

/// Whether each entry is as in `before` or as in `after`.
[[nodiscard]] ::testing::AssertionResult is_between(const Contents& now, const Contents& before,
                                                    const Contents& after);

/// An operation as a check of each_operation() and each_function(): runs it once for each call of
/// bpf(2) that it makes, for each errno and in both forms, and again with all calls failing from
/// that one on. With BPFMAP_FAULT_TABLE=1 in the environment, the process ends with a table of what
/// came out.
class InjectFaults {
 public:
  explicit InjectFaults(Subject& subject) noexcept : subject_(&subject) {}

  void operator()(const char* name, const EitherForm& call) const;

 private:
  struct Plain;
  [[nodiscard]] Plain run_without_fault(const EitherForm& call) const;
  void run_with_fault(const char* name, const EitherForm& call, const Plain& plain, std::size_t nth,
                      int error, std::size_t times) const;
  static std::string_view expect_outcome(std::string_view name, const Plain& plain, std::size_t nth,
                                         int error, bool once, std::error_code ec,
                                         const Contents& now);

  Subject* subject_;
};

}  // namespace bpfmap::test
