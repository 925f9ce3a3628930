// SPDX-License-Identifier: MIT
// list and show.
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <fnmatch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bpfmap/interop/fmt.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "mapctl.hpp"

namespace mapctl {
namespace {

using nlohmann::ordered_json;

struct ListOptions {
  std::string map;
  std::string type;
  std::string name;
  std::string pins = "/sys/fs/bpf";
  std::string sort = "id";
  std::uint64_t least_memory = 0;
  bool pinned = false;
  bool json = false;
};

struct Row {
  bpfmap::MapInfo info;
  bpfmap::MapFdInfo more;
  std::vector<std::string> pins;
};

// The type of the programs that the map works with, such as xdp; "-" when it has none.
std::string owner_of(const bpfmap::MapFdInfo& info) {
  if (!info.owner_program_type) return "-";
  const char* const name =
      libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(*info.owner_program_type));
  return name != nullptr ? name : std::to_string(*info.owner_program_type);
}

bool is_wanted(const Row& row, const ListOptions& options) {
  if (!options.type.empty() && to_string(row.info.type) != options.type) return false;
  if (!options.name.empty() && fnmatch(options.name.c_str(), row.info.name.c_str(), 0) != 0)
    return false;
  if (options.pinned && row.pins.empty()) return false;
  return row.more.memlock.value_or(0) >= options.least_memory;
}

std::vector<Row> rows_of(const ListOptions& options) {
  const auto pins = all_pins(options.pins);
  std::vector<Row> rows;
  for (bpfmap::MapInfo& info : bpfmap::list_maps()) {
    Row row{std::move(info), {}, {}};
    if (const auto found = pins.find(row.info.id); found != pins.end()) row.pins = found->second;
    std::error_code ec;  // the map may be gone meanwhile
    if (const auto map = bpfmap::Map::from_id(row.info.id, ec)) row.more = map.fd_info(ec);
    if (is_wanted(row, options)) rows.push_back(std::move(row));
  }
  if (options.sort == "memory")
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return a.more.memlock.value_or(0) > b.more.memlock.value_or(0);
    });
  if (options.sort == "name")
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.info.name < b.info.name; });
  return rows;
}

ordered_json json_of(const Row& row) {
  const bpfmap::MapInfo& info = row.info;
  ordered_json object{{"id", info.id},
                      {"type", std::string{to_string(info.type)}},
                      {"name", info.name},
                      {"key_size", info.key_size},
                      {"value_size", info.value_size},
                      {"max_entries", info.max_entries},
                      {"flags", static_cast<std::uint32_t>(info.flags)},
                      {"pins", row.pins}};
  if (info.btf_id != 0) object["btf_id"] = info.btf_id;
  if (info.map_extra != 0) object["map_extra"] = info.map_extra;
  if (info.ifindex != 0) object["ifindex"] = info.ifindex;
  if (row.more.memlock) object["memory"] = *row.more.memlock;
  if (row.more.frozen) object["frozen"] = *row.more.frozen;
  if (row.more.owner_program_type) object["owner_program_type"] = owner_of(row.more);
  return object;
}

std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

int list(const ListOptions& options) {
  const auto rows = rows_of(options);
  std::string text;
  if (!options.json)
    text = fmt::format("{:>7} {:<20} {:<16} {:>5} {:>7} {:>9} {:>12} {:<8} {}\n", "ID", "TYPE",
                       "NAME", "KEY", "VALUE", "ENTRIES", "MEMORY", "OWNER", "PINS");
  for (const Row& row : rows) {
    if (options.json) {
      text += dump(json_of(row));
      continue;
    }
    const bpfmap::MapInfo& info = row.info;
    const std::string memory = row.more.memlock ? std::to_string(*row.more.memlock) : "-";
    text +=
        fmt::format("{:>7} {:<20} {:<16} {:>5} {:>7} {:>9} {:>12} {:<8} {}\n", info.id, info.type,
                    printable(info.name), info.key_size, info.value_size, info.max_entries, memory,
                    owner_of(row.more), printable(fmt::format("{}", fmt::join(row.pins, " "))));
  }
  print(text);
  return done;
}

int show(const ListOptions& options) {
  const bpfmap::Map map = open_map(options.map);
  Row row{map.info(), map.fd_info(), {}};
  if (const auto pins = all_pins(options.pins); pins.count(row.info.id) != 0)
    row.pins = pins.at(row.info.id);
  ordered_json json = json_of(row);
  const bpfmap::EntryText text{map};
  json["btf"] = text.has_btf() ? "key and value are known" : text.reason();
  if (options.json) {
    print(dump(json));
    return done;
  }
  std::string lines;
  for (const auto& [name, value] : json.items())
    lines += fmt::format("{:<20} {}\n", name,
                         value.is_string() ? printable(value.get<std::string>()) : value.dump());
  print(lines);
  return done;
}

}  // namespace

void add_list_commands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<ListOptions>();
  CLI::App* const all = app.add_subcommand("list", "Lists the maps of the system");
  all->add_option("--type", options->type, "Only maps of this type, such as lru_hash");
  all->add_option("--name", options->name, "Only maps with this name, in which * stands for any");
  all->add_option("--least-memory", options->least_memory, "Only maps of so many bytes or more");
  all->add_flag("--pinned", options->pinned, "Only maps with a pin");
  all->add_option("--sort", options->sort, "The order: id, memory or name")
      ->check(CLI::IsMember({"id", "memory", "name"}));
  CLI::App* const one = app.add_subcommand("show", "Shows what the kernel knows of a map");
  add_map(*one, options->map);
  for (CLI::App* const command : {all, one}) {
    command->add_option("--pins", options->pins, "The folder whose pins are shown")
        ->capture_default_str();
    command->add_flag("--json", options->json, "One JSON object per map, each on a line");
  }
  all->callback([&run, options] { run = [options] { return list(*options); }; });
  one->callback([&run, options] { run = [options] { return show(*options); }; });
}

}  // namespace mapctl
