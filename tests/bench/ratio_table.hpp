// SPDX-License-Identifier: MIT
// What a run ends with: tables of the medians, in Markdown.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace bpfmap::bench {

/// Prints what the console reporter prints, and at the end a table for each group of benchmarks,
/// which are named group/row/column. A cell is the median over all repetitions, in nanoseconds,
/// and in brackets how many times the first column that is.
///
/// The time is the calling thread's CPU time: on a busy machine it is steadier than the clock.
class RatioTable : public benchmark::ConsoleReporter {
 public:
  /// `names`: of all benchmarks, in the order of the tables.
  explicit RatioTable(std::vector<std::string> names)
      : ConsoleReporter(OO_None), names_(std::move(names)) {}

  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;
  [[nodiscard]] bool has_errors() const noexcept { return has_errors_; }

 private:
  void print(const std::string& group) const;

  std::vector<std::string> names_;
  std::map<std::string, std::vector<double>> times_;  // by name, nanoseconds an iteration
  bool has_errors_ = false;
};

}  // namespace bpfmap::bench
