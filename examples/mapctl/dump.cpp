// SPDX-License-Identifier: MIT
// dump and restore, as text, JSON lines and CSV.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "csv.hpp"
#include "mapctl.hpp"

namespace mapctl {
namespace {

using bpfmap::Bytes;
using bpfmap::TextStyle;
using nlohmann::ordered_json;

struct DumpOptions {
  std::string map;
  std::string file = "-";
  std::string format = "text";
  std::vector<std::string> hints;
  bool clear = false;
};

int dump(const DumpOptions& options) {
  const auto map = open_map(options.map, bpfmap::Access::read_only);
  const auto text = text_of(map, options.hints);
  const bool csv = options.format == "csv";
  const TextStyle style = options.format == "text"    ? TextStyle::line
                          : options.format == "lines" ? TextStyle::lines
                                                      : TextStyle::json;
  if (!text.has_btf() && output_is_terminal())
    fmt::print(stderr, "mapctl: shown as numbers and bytes: {}\n", text.reason());
  Progress progress{"entries read", map.info().max_entries};
  CsvWriter writer;
  std::string lines;
  constexpr std::size_t part = 65536;
  auto entries = bpfmap::scan(map);
  for (const auto& [key, value] : entries) {
    const std::string entry = text.entry_text(key, value, style);
    lines += csv ? writer.rows(ordered_json::parse(entry)) : entry + '\n';
    progress.step();
    if (lines.size() < part) continue;
    if (!print(lines)) return done;
    lines.clear();
  }
  print(lines);
  if (!entries.status().complete)
    fmt::print(stderr, "mapctl: entries may be missing: others wrote meanwhile\n");
  return done;
}

// Reads a dump in the form that its first line has.
class Restorer {
 public:
  Restorer(bpfmap::Map& map, const bpfmap::EntryText& text) : map_(map), text_(text) {}

  void line(const std::string& line, std::size_t number) try {
    if (line.empty()) return;
    if (is_csv_ || (number == 1 && line[0] != '{' && !line.starts_with("key: ")))
      csv(line);
    else
      entry(text_.parse_entry(line));
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("line {}: {}", number, error.what()));
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  void entry(const bpfmap::ParsedEntry& entry) {
    write(map_, entry.key, entry.value, bpfmap::UpdateFlags::any);
    ++count_;
  }

  void csv(const std::string& line) {
    if (!is_csv_) {
      is_csv_ = true;
      reader_ = CsvReader{line};
      return;
    }
    const CsvRow row = reader_.row(line);
    const Bytes key = text_.parse_key(row.key);
    if (row.cpu.empty()) {
      entry({key, text_.parse_value(row.value)});
      return;
    }
    // One CPU's slot: the others are those of earlier rows, and zero before the first.
    const auto value = text_.parse_value("[{\"cpu\":" + row.cpu + ",\"value\":" + row.value + "}]");
    Bytes slots = value;
    const bool is_first =
        seen_.emplace(reinterpret_cast<const char*>(key.data()), key.size()).second;
    if (const auto before = read(map_, key); before && !is_first)
      for (std::size_t i = 0; i < slots.size(); ++i) slots[i] |= (*before)[i];
    entry({key, slots});
  }

  bpfmap::Map& map_;
  const bpfmap::EntryText& text_;
  CsvReader reader_;
  std::set<std::string> seen_;  // the keys' bytes
  std::uint64_t count_ = 0;
  bool is_csv_ = false;
};

int restore(const DumpOptions& options) {
  auto map = open_map(options.map);
  const auto text = text_of(map, options.hints);
  std::ifstream file;
  if (options.file != "-") file.open(options.file);
  if (!file) throw std::runtime_error("'" + options.file + "' cannot be read");
  std::istream& in = options.file == "-" ? std::cin : file;
  if (options.clear) bpfmap::clear(map);
  Restorer restorer{map, text};
  Progress progress{"entries written"};
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    restorer.line(line, number);
    progress.step();
  }
  return done;
}

}  // namespace

void add_dump_commands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<DumpOptions>();
  CLI::App* const out = app.add_subcommand(
      "dump", "Prints all entries: as text (one per line, or over several), JSON lines or CSV");
  add_map(*out, options->map);
  add_hints(*out, options->hints);
  out->add_option("--format", options->format, "The form: text, lines, json or csv")
      ->check(CLI::IsMember({"text", "lines", "json", "csv"}))
      ->capture_default_str();
  CLI::App* const in = app.add_subcommand(
      "restore", "Writes the entries of a dump in text, JSON lines or CSV into a map");
  add_map(*in, options->map);
  in->add_option("FILE", options->file, "The dump; - is standard input")->capture_default_str();
  add_hints(*in, options->hints);
  in->add_flag("--clear", options->clear, "Clears the map first");
  out->callback([&run, options] { run = [options] { return dump(*options); }; });
  in->callback([&run, options] { run = [options] { return restore(*options); }; });
}

}  // namespace mapctl
