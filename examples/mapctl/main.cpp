// SPDX-License-Identifier: MIT
// Shows and changes the BPF maps of a machine. Run it as root: build/mapctl list
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "mapctl.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Shows and changes the BPF maps of a machine", "mapctl"};
  app.require_subcommand(1);
  app.footer(
      "Keys and values are a number, or members by name, as the map's BTF has them: "
      "'saddr=10.0.0.1 ports[1]=443 tuple.proto=6 name=\"eth0\"', in braces or without; or JSON. "
      "Without BTF they are a number, or 0x and two digits per byte. A per-CPU value is one for "
      "all "
      "CPUs, or {cpu0=1, cpu1=2}.");
  mapctl::Run run;
  mapctl::add_list_commands(app, run);
  mapctl::add_dump_commands(app, run);
  mapctl::add_entry_commands(app, run);
  mapctl::add_map_commands(app, run);
  mapctl::add_create_command(app, run);
  mapctl::add_watch_commands(app, run);
  mapctl::add_diff_command(app, run);
  mapctl::add_help_commands(app, run);
  std::signal(SIGPIPE, SIG_IGN);  // a write to a closed pipe fails instead
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? mapctl::done : mapctl::usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mapctl: {}\n", mapctl::printable(error.what()));
    return mapctl::failed;
  }
}
