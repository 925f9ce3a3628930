// SPDX-License-Identifier: MIT
#include "ratio_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bpfmap::bench {
namespace {

double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const std::size_t middle = times.size() / 2;
  return times.size() % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
}

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

// As many decimals as `usual`, or as two digits that are not zero take.
int decimals(double number, int usual) {
  int places = usual;
  for (double least = 10 / std::pow(10, usual); number < least && places < 6; least /= 10) ++places;
  return places;
}

// Google Benchmark 1.8 replaced the flag by an enumeration.
template <class Run>
bool failed(const Run& run) {
  if constexpr (requires { run.error_occurred; })
    return run.error_occurred;
  else
    return run.skipped != 0;
}

}  // namespace

void RatioTable::ReportRuns(const std::vector<Run>& runs) {
  ConsoleReporter::ReportRuns(runs);
  for (const Run& run : runs) {
    if (failed(run)) has_errors_ = true;
    if (failed(run) || run.run_type != Run::RT_Iteration) continue;
    const bool is_real = !run.run_name.time_type.empty();
    const double seconds = is_real ? run.real_accumulated_time : run.cpu_accumulated_time;
    const auto iterations = static_cast<double>(run.iterations);
    times_[run.run_name.function_name].push_back(seconds * 1e9 / iterations);
  }
}

void RatioTable::Finalize() {
  ConsoleReporter::Finalize();
  std::vector<std::string> groups;
  for (const std::string& name : names_)
    if (times_.count(name) != 0) add_once(groups, name.substr(0, name.find('/')));
  for (const std::string& group : groups) print(group);
}

void RatioTable::print(const std::string& group) const {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  for (const std::string& name : names_) {
    if (times_.count(name) == 0 || !name.starts_with(group + '/')) continue;
    const std::size_t column = name.rfind('/');
    add_once(rows, name.substr(0, column));
    add_once(columns, name.substr(column));
  }

  std::printf("\n| %s, ns |", group.c_str());
  for (const std::string& column : columns) std::printf(" %s |", column.c_str() + 1);
  std::printf("\n|---|");
  for (std::size_t i = 0; i < columns.size(); ++i) std::printf("---:|");
  for (const std::string& row : rows) {
    std::printf("\n| %s |", row.c_str() + group.size() + 1);
    const auto base = times_.find(row + columns.front());
    for (const std::string& column : columns) {
      const auto cell = times_.find(row + column);
      if (cell != times_.end()) {
        const double time = median(cell->second);
        std::printf(" %.*f", decimals(time, 0), time);
        const double ratio = base != times_.end() ? time / median(base->second) : 1;
        if (base != times_.end() && cell != base) std::printf(" (%.*f)", decimals(ratio, 2), ratio);
      }
      std::printf(" |");
    }
  }
  std::printf("\n");
}

}  // namespace bpfmap::bench
