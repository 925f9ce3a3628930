// SPDX-License-Identifier: MIT
// Entries as JSON, and how they differ; diff.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "mapctl.hpp"

namespace mapctl {
namespace {

using nlohmann::ordered_json;

std::string signed_difference(const ordered_json& before, const ordered_json& after,
                              double seconds) {
  if (!before.is_number() || !after.is_number()) return {};
  // Modulo 2^64, as counters wrap around.
  const bool integers = before.is_number_integer() && after.is_number_integer();
  const double change = integers ? static_cast<double>(static_cast<std::int64_t>(
                                       after.get<std::uint64_t>() - before.get<std::uint64_t>()))
                                 : after.get<double>() - before.get<double>();
  if (seconds > 0) return fmt::format(" ({:+.12g}, {:.12g}/s)", change, change / seconds);
  return fmt::format(" ({:+.12g})", change);
}

struct DiffOptions {
  std::string before;
  std::string after;
  std::vector<std::string> hints;
};

// The entries of a dump in JSON lines, or of a map.
std::map<std::string, ordered_json> read_entries(const std::string& name,
                                                 const std::vector<std::string>& hints) {
  std::error_code ec;
  if (!std::filesystem::is_regular_file(name, ec) || bpfmap::Map::open_pinned(name, ec)) {
    const auto map = open_map(name, bpfmap::Access::read_only);
    return entries_of(map, text_of(map, hints));
  }
  std::map<std::string, ordered_json> entries;
  std::ifstream file{name};
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const auto entry = ordered_json::parse(line, nullptr, false);
    if (!entry.is_object() || !(entry.contains("value") || entry.contains("values")))
      throw std::runtime_error(fmt::format(
          "{}, line {}: expected an entry of `mapctl dump --format json`", name, number));
    entries[entry.value("key", ordered_json{}).dump()] = entry;
  }
  return entries;
}

int diff(const DiffOptions& options) {
  const auto before = read_entries(options.before, options.hints);
  const auto after = read_entries(options.after, options.hints);
  std::string lines;
  for (const auto& [key, entry] : before)
    if (after.count(key) == 0) lines += fmt::format("- {} {}\n", key, value_of(entry).dump());
  for (const auto& [key, entry] : after) {
    const auto old = before.find(key);
    if (old == before.end())
      lines += fmt::format("+ {} {}\n", key, value_of(entry).dump());
    else if (value_of(old->second) != value_of(entry))
      lines += fmt::format("~ {} {}\n", key, difference(value_of(old->second), value_of(entry)));
  }
  print(lines);
  return lines.empty() ? done : no;
}

}  // namespace

std::vector<std::pair<std::string, ordered_json>> scalars(const ordered_json& value,
                                                          const std::string& base) {
  std::vector<std::pair<std::string, ordered_json>> all;
  const auto add = [&](const std::string& path, const ordered_json& part) {
    for (auto& scalar : scalars(part, path)) all.push_back(std::move(scalar));
  };
  if (value.is_object()) {
    for (const auto& [name, member] : value.items())
      add(base.empty() ? name : base + "." + name, member);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) add(fmt::format("{}[{}]", base, i), value[i]);
  } else if (!value.is_null()) {
    all.emplace_back(base, value);
  }
  return all;
}

const ordered_json& value_of(const ordered_json& entry) {
  return entry.contains("values") ? entry.at("values") : entry.at("value");
}

std::map<std::string, ordered_json> entries_of(const bpfmap::Map& map,
                                               const bpfmap::EntryText& text) {
  std::map<std::string, ordered_json> entries;
  for (const auto& [key, value] : bpfmap::scan(map)) {
    auto entry = ordered_json::parse(text.entry_text(key, value, bpfmap::TextStyle::json));
    const std::string name = entry.at("key").dump();
    entries[name] = std::move(entry);
  }
  return entries;
}

std::string difference(const ordered_json& before, const ordered_json& after, double seconds) {
  const auto old = scalars(before);
  const auto now = scalars(after);
  std::map<std::string, ordered_json> by_path(old.begin(), old.end());
  std::string text;
  for (const auto& [path, value] : now) {
    const ordered_json was = by_path[path];
    if (was == value) continue;
    text += fmt::format("{}{}{}{} -> {}{}", text.empty() ? "" : ", ", path, path.empty() ? "" : " ",
                        was.dump(), value.dump(), signed_difference(was, value, seconds));
  }
  return text;
}

void add_diff_command(CLI::App& app, Run& run) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* const sub = app.add_subcommand(
      "diff", "Compares two maps, or dumps in JSON lines: - was removed, + was added, ~ changed");
  sub->add_option("BEFORE", options->before, "A dump's file, or a map")->required();
  sub->add_option("AFTER", options->after, "A dump's file, or a map")->required();
  add_hints(*sub, options->hints);
  sub->callback([&run, options] { run = [options] { return diff(*options); }; });
}

}  // namespace mapctl
