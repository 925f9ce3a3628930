// SPDX-License-Identifier: MIT
// Maps by name, and their entries in bytes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "mapctl.hpp"

namespace mapctl {
namespace {

using bpfmap::Bytes;
using bpfmap::BytesView;
using bpfmap::FieldFormat;
using bpfmap::Map;
using bpfmap::ValueKind;

constexpr std::array formats{
    std::pair{"decimal", FieldFormat::decimal}, std::pair{"hex", FieldFormat::hex},
    std::pair{"network", FieldFormat::network}, std::pair{"ipv4", FieldFormat::ipv4},
    std::pair{"ipv6", FieldFormat::ipv6},       std::pair{"mac", FieldFormat::mac},
    std::pair{"text", FieldFormat::text},       std::pair{"bytes", FieldFormat::bytes}};

std::optional<std::uint32_t> as_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::uint32_t id_of_name(std::string_view name) {
  std::vector<std::uint32_t> ids;
  for (const bpfmap::MapInfo& info : bpfmap::list_maps())
    if (info.name == name) ids.push_back(info.id);
  if (ids.size() == 1) return ids[0];
  if (ids.empty()) throw std::runtime_error(fmt::format("no map has the name '{}'", name));
  throw std::runtime_error(fmt::format("{} maps have the name '{}', with the ids {}; give an id",
                                       ids.size(), name, fmt::join(ids, ", ")));
}

bool holds_maps(const Map& map) {
  const bpfmap::MapTypeTraits* const traits = bpfmap::traits_of(map.info().type);
  return traits != nullptr && traits->value == ValueKind::inner_map;
}

}  // namespace

void add_map(CLI::App& command, std::string& map, const char* name) {
  command.add_option(name, map, "A map: its id, its name, or the path of its pin")->required();
}

void add_hints(CLI::App& command, std::vector<std::string>& hints) {
  command
      .add_option("--hint", hints,
                  "The format of a member, as MEMBER=FORMAT: decimal, hex, network (byte order), "
                  "ipv4, ipv6, mac, text or bytes; may be repeated")
      ->type_name("MEMBER=FORMAT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Map open_map(const std::string& map, bpfmap::Access access) {
  if (map.find('/') != std::string::npos) return Map::open_pinned(map, access);
  if (const auto id = as_id(map)) return Map::from_id(*id, access);
  return Map::from_id(id_of_name(map), access);
}

bpfmap::EntryText text_of(const Map& map, const std::vector<std::string>& hints) {
  bpfmap::EntryTextOptions options;
  for (const std::string& hint : hints) {
    const std::size_t equal = std::min(hint.find('='), hint.size() - 1);
    const std::string format = hint.substr(equal + 1);
    const auto* const found = std::find_if(formats.begin(), formats.end(),
                                           [&](const auto& row) { return row.first == format; });
    if (found == formats.end())
      throw CLI::ValidationError("--hint", "'" + hint + "' is not such as saddr=ipv4");
    options.hints.push_back({hint.substr(0, equal), found->second});
  }
  return bpfmap::EntryText{map, options};
}

void write(Map& map, BytesView key, BytesView value, bpfmap::UpdateFlags flags) {
  if (!map.is_percpu()) {
    map.update(key, value, flags);
    return;
  }
  const std::size_t stride = bpfmap::sys::percpu_stride(map.info().value_size);
  std::vector<Bytes> slots;
  for (; value.size() >= stride; value = value.subspan(stride)) {
    const BytesView slot = value.first(map.info().value_size);
    slots.emplace_back(slot.begin(), slot.end());
  }
  map.update_percpu(key, slots, flags);
}

std::optional<Bytes> read(const Map& map, BytesView key) {
  if (!map.is_percpu()) return map.lookup(key);
  Bytes slots(bpfmap::sys::percpu_size(map.info().value_size));
  if (!map.lookup_percpu_into(key, slots)) return std::nullopt;
  return slots;
}

Bytes parsed_value(const Map& map, const bpfmap::EntryText& text, const std::string& value) {
  if (!holds_maps(map)) return text.parse_value(value);
  // Open as long as the program runs, which is until the kernel has taken it.
  static std::vector<Map> inner;
  inner.push_back(open_map(value));
  const int fd = inner.back().fd();
  Bytes bytes(sizeof fd);
  std::memcpy(bytes.data(), &fd, sizeof fd);
  return bytes;
}

std::map<std::uint32_t, std::vector<std::string>> all_pins(const std::string& folder) {
  std::map<std::uint32_t, std::vector<std::string>> pins;
  const auto add = [&pins](const std::string& path) {
    std::error_code ec;  // a folder that may not be read has no pins to be shown
    for (const bpfmap::PinnedMap& pin : bpfmap::list_pins(path, ec))
      pins[pin.info.id].push_back(pin.path);
  };
  add(folder);
  std::error_code ec;
  using Options = std::filesystem::directory_options;
  const std::filesystem::recursive_directory_iterator below{folder, Options::skip_permission_denied,
                                                            ec};
  for (auto it = begin(below); it != end(below); it.increment(ec)) {
    if (it->is_directory(ec) && !it->is_symlink(ec)) add(it->path());
    if (ec) break;
  }
  return pins;
}

}  // namespace mapctl
