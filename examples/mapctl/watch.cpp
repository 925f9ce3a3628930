// SPDX-License-Identifier: MIT
// watch and top.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "mapctl.hpp"

namespace mapctl {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
using Entries = std::map<std::string, ordered_json>;

struct WatchOptions {
  std::string map;
  std::vector<std::string> hints;
  std::string by;
  double interval = 1;
  std::uint64_t rounds = std::numeric_limits<std::uint64_t>::max();
  std::size_t rows = 20;
  bool live = false;
};

const char* clear_screen() { return output_is_terminal() ? "\x1b[H\x1b[J" : ""; }

double since(Clock::time_point& last) {
  const auto now = Clock::now();
  const std::chrono::duration<double> elapsed = now - std::exchange(last, now);
  return elapsed.count();
}

// The changes from one look at the map to the next, a line per entry.
std::vector<std::string> changes(const Entries& before, const Entries& after, double seconds) {
  std::vector<std::string> lines;
  for (const auto& [key, entry] : after) {
    const auto old = before.find(key);
    if (old == before.end())
      lines.push_back(fmt::format("+ {} {}", key, value_of(entry).dump()));
    else if (value_of(old->second) != value_of(entry))
      lines.push_back(
          fmt::format("~ {} {}", key, difference(value_of(old->second), value_of(entry), seconds)));
  }
  for (const auto& [key, entry] : before)
    if (after.count(key) == 0) lines.push_back(fmt::format("- {} {}", key, value_of(entry).dump()));
  return lines;
}

int watch(const WatchOptions& options) {
  const auto map = open_map(options.map, bpfmap::Access::read_only);
  const auto text = text_of(map, options.hints);
  const bool terminal = output_is_terminal();
  auto last = Clock::now();
  Entries before = entries_of(map, text);
  for (std::uint64_t round = 0; round < options.rounds && wait_for(options.interval); ++round) {
    Entries after = entries_of(map, text);
    auto lines = changes(before, after, since(last));
    std::string out;
    if (terminal) {
      out = fmt::format("{}{} entries, {} changes\n", clear_screen(), after.size(), lines.size());
      if (lines.size() > options.rows) lines.resize(options.rows);
    }
    for (const std::string& line : lines) out += line + '\n';
    if (!print(out)) break;
    before = std::move(after);
  }
  return done;
}

// The number that a path names in a value, summed over all CPUs.
double number(const ordered_json& entry, const std::string& path) {
  if (entry.contains("values")) {
    double sum = 0;
    for (const ordered_json& slot : entry.at("values")) sum += number(slot, path);
    return sum;
  }
  for (const auto& [own, scalar] : scalars(entry.at("value")))
    if (own == path && scalar.is_number()) return scalar.get<double>();
  std::string names;
  for (const auto& [own, scalar] : scalars(entry.at("value")))
    if (scalar.is_number()) names += (names.empty() ? "" : ", ") + (own.empty() ? "''" : own);
  throw std::runtime_error(
      fmt::format("the value has no number '{}'; the numbers are {}", path, names));
}

std::string table(const Entries& entries, const Entries& before, const WatchOptions& options,
                  double seconds) {
  struct Row {
    double value;
    double rate;
    const std::string* key;
  };
  std::vector<Row> rows;
  double sum = 0;
  for (const auto& [key, entry] : entries) {
    const double value = number(entry, options.by);
    const auto old = before.find(key);
    const double was = old == before.end() ? 0 : number(old->second, options.by);
    rows.push_back({value, seconds > 0 ? (value - was) / seconds : 0, &key});
    sum += value;
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    return seconds > 0 ? a.rate > b.rate : a.value > b.value;
  });
  std::string text = fmt::format("{} entries, the sum is {:.15g}\n", rows.size(), sum);
  rows.resize(std::min(rows.size(), options.rows));
  text += fmt::format("{:>20} {:>14} {}\n", options.by.empty() ? "VALUE" : options.by,
                      seconds > 0 ? "PER SECOND" : "", "KEY");
  for (const Row& row : rows)
    text += fmt::format("{:>20.15g} {:>14} {}\n", row.value,
                        seconds > 0 ? fmt::format("{:.1f}", row.rate) : "", *row.key);
  return text;
}

int top(const WatchOptions& options) {
  const auto map = open_map(options.map, bpfmap::Access::read_only);
  const auto text = text_of(map, options.hints);
  auto last = Clock::now();
  Entries before = entries_of(map, text);
  if (!options.live) {
    print(table(before, {}, options, 0));
    return done;
  }
  for (std::uint64_t round = 0; round < options.rounds && wait_for(options.interval); ++round) {
    Entries after = entries_of(map, text);
    if (!print(clear_screen() + table(after, before, options, since(last)))) break;
    before = std::move(after);
  }
  return done;
}

}  // namespace

void add_watch_commands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<WatchOptions>();
  CLI::App* const changing = app.add_subcommand(
      "watch", "Prints what changes: + is a new entry, - a removed one, ~ shows old, new and rate");
  CLI::App* const busiest =
      app.add_subcommand("top", "Sorts the entries by a number, which is summed over all CPUs");
  for (CLI::App* const sub : {changing, busiest}) {
    add_map(*sub, options->map);
    add_hints(*sub, options->hints);
    sub->add_option("--interval", options->interval, "Seconds between two looks at the map")
        ->check(CLI::Range(0.01, 86400.0))
        ->capture_default_str();
    sub->add_option("--rounds", options->rounds, "End after so many; without, Ctrl-C ends it");
    sub->add_option("--rows", options->rows, "Rows to show; of watch, in a terminal only")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }
  busiest->add_option("--by", options->by,
                      "The number: packets, ports[0]; without, the value itself is the number");
  busiest->add_flag("--live", options->live, "Again and again, sorted by the change per second");
  changing->callback([&run, options] { run = [options] { return watch(*options); }; });
  busiest->callback([&run, options] { run = [options] { return top(*options); }; });
}

}  // namespace mapctl
