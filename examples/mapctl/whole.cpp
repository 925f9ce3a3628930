// SPDX-License-Identifier: MIT
// count, clear, copy, pin, unpin and freeze.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "mapctl.hpp"

namespace mapctl {
namespace {

struct MapOptions {
  std::string map;
  std::string to;
  std::string path;
  std::string mode;
  bool folders = false;
  bool insert = false;
};

int count(const MapOptions& options) {
  const auto map = open_map(options.map, bpfmap::Access::read_only);
  print(fmt::format("{}\n", bpfmap::count(map)));
  return done;
}

int clear(const MapOptions& options) {
  auto map = open_map(options.map);
  print(fmt::format("{}\n", bpfmap::clear(map)));
  return done;
}

int copy(const MapOptions& options) {
  const auto from = open_map(options.map, bpfmap::Access::read_only);
  auto to = open_map(options.to);
  print(fmt::format("{}\n", bpfmap::copy(from, to)));
  return done;
}

int pin(const MapOptions& options) {
  bpfmap::PinOptions how;
  how.make_folders = options.folders;
  if (!options.mode.empty())
    how.mode = static_cast<std::uint32_t>(std::stoul(options.mode, nullptr, 8));
  open_map(options.map).pin(options.path, how);
  return done;
}

int unpin(const MapOptions& options) {
  if (bpfmap::Map::unpin(options.path)) return done;
  fmt::print(stderr, "mapctl: nothing is pinned at '{}'\n", options.path);
  return no;
}

int freeze(const MapOptions& options) {
  open_map(options.map).freeze();
  return done;
}

}  // namespace

void add_map_commands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<MapOptions>();
  const auto add = [&](const char* name, const char* what, auto command) {
    CLI::App* const sub = app.add_subcommand(name, what);
    sub->callback(
        [&run, options, command] { run = [options, command] { return command(*options); }; });
    return sub;
  };
  add_map(*add("count", "Prints the number of entries", &count), options->map);
  add_map(*add("clear", "Removes all entries, and prints how many", &clear), options->map);
  CLI::App* sub =
      add("copy", "Writes the entries of a map into another one of the same sizes", &copy);
  add_map(*sub, options->map, "FROM");
  add_map(*sub, options->to, "TO");
  sub = add("pin", "Pins a map on a bpffs, which keeps it alive", &pin);
  add_map(*sub, options->map);
  sub->add_option("PATH", options->path, "The new pin")->required();
  sub->add_option("--mode", options->mode, "The permission bits, such as 0640")
      ->check([](const std::string& given) {
        const bool octal = !given.empty() && given.find_first_not_of("01234567") == given.npos;
        return octal && given.size() < 6 ? "" : "'" + given + "' is not such as 0640";
      });
  sub->add_flag("--folders", options->folders, "Creates folders that are missing");
  sub = add("unpin", "Removes a pin", &unpin);
  sub->add_option("PATH", options->path, "The pin")->required();
  add_map(*add("freeze", "Forbids writes from user space for the rest of the map's life", &freeze),
          options->map);
}

}  // namespace mapctl
