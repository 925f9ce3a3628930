// SPDX-License-Identifier: MIT
// What the commands of mapctl share.
#pragma once

#include <bpfmap/bpfmap.hpp>
#include <bpfmap/layout/entry_text.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace mapctl {

/// The exit codes, which the manual lists.
enum ExitCode : int {
  done = 0,
  no = 1,      ///< no such entry, an empty queue, dumps that differ
  usage = 2,   ///< the command line is wrong
  failed = 3,  ///< anything else; standard error has the reason
};

/// What main() runs when the command line is good; returns an ExitCode.
using Run = std::function<int()>;

// Each adds its commands, which set `run`.
void add_list_commands(CLI::App& app, Run& run);
void add_entry_commands(CLI::App& app, Run& run);
void add_dump_commands(CLI::App& app, Run& run);
void add_map_commands(CLI::App& app, Run& run);
void add_create_command(CLI::App& app, Run& run);
void add_watch_commands(CLI::App& app, Run& run);
void add_diff_command(CLI::App& app, Run& run);
/// `man` and `completion`, which describe all others.
void add_help_commands(CLI::App& app, Run& run);

/// Describes the argument MAP, and adds it to a command.
void add_map(CLI::App& command, std::string& map, const char* name = "MAP");
/// Adds --hint to a command.
void add_hints(CLI::App& command, std::vector<std::string>& hints);

/// Opens a map by its id, its name or its pin. Throws when no map, or more than one, has the name.
[[nodiscard]] bpfmap::Map open_map(const std::string& map,
                                   bpfmap::Access access = bpfmap::Access::read_write);

/// Entries as text, with the formats of --hint (`saddr=ipv4`). Throws for a format that is none.
[[nodiscard]] bpfmap::EntryText text_of(const bpfmap::Map& map,
                                        const std::vector<std::string>& hints);

/// A value as the map takes it: every CPU's slot on a per-CPU map, an inner map's descriptor in a
/// map of maps.
void write(bpfmap::Map& map, bpfmap::BytesView key, bpfmap::BytesView value,
           bpfmap::UpdateFlags flags);
/// The value of `key`, of every CPU on a per-CPU map.
[[nodiscard]] std::optional<bpfmap::Bytes> read(const bpfmap::Map& map, bpfmap::BytesView key);
/// A key or a value from the command line; the map of a map of maps is named like any map.
[[nodiscard]] bpfmap::Bytes parsed_value(const bpfmap::Map& map, const bpfmap::EntryText& text,
                                         const std::string& value);

/// The paths of all pins of maps below `folder`, by the map's id. Empty when there is no bpffs.
[[nodiscard]] std::map<std::uint32_t, std::vector<std::string>> all_pins(const std::string& folder);

/// Writes to standard output; false when the reader of a pipe is gone.
bool print(std::string_view text);
[[nodiscard]] bool output_is_terminal() noexcept;
/// A text without the control characters that a terminal would obey.
[[nodiscard]] std::string printable(std::string text);

/// Shows on standard error how far a long work has come, when that is a terminal.
class Progress {
 public:
  explicit Progress(std::string what, std::uint64_t whole = 0);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void step();

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::uint64_t whole_;
  std::uint64_t done_ = 0;
  Clock::time_point next_;
  bool shows_;
  bool shown_ = false;
};

/// Waits for a time; false when a signal such as Ctrl-C arrives before.
[[nodiscard]] bool wait_for(double seconds);

/// The scalars of a value and their paths: "packets", "ports[0]"; a scalar itself has an empty one.
[[nodiscard]] std::vector<std::pair<std::string, nlohmann::ordered_json>> scalars(
    const nlohmann::ordered_json& value, const std::string& base = {});
/// Every entry of a map as a JSON object, by its key as text.
[[nodiscard]] std::map<std::string, nlohmann::ordered_json> entries_of(
    const bpfmap::Map& map, const bpfmap::EntryText& text);
/// The members in which two values differ: "packets 5 -> 9 (+4)", with a rate when `seconds` is not
/// zero.
[[nodiscard]] std::string difference(const nlohmann::ordered_json& before,
                                     const nlohmann::ordered_json& after, double seconds = 0);
/// The value or values of an entry.
[[nodiscard]] const nlohmann::ordered_json& value_of(const nlohmann::ordered_json& entry);

}  // namespace mapctl
