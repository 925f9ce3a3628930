// SPDX-License-Identifier: MIT
// lookup, update, delete, getnext, push, pop and peek.
#include <CLI/CLI.hpp>
#include <bpfmap/interop/fmt.hpp>
#include <memory>

#include "mapctl.hpp"

namespace mapctl {
namespace {

using bpfmap::Bytes;
using bpfmap::TextStyle;
using bpfmap::UpdateFlags;

struct EntryOptions {
  std::string map;
  std::string key;
  std::string value;
  std::vector<std::string> hints;
  bool json = false;
  bool insert = false;
  bool replace = false;
  bool merge = false;

  [[nodiscard]] TextStyle style() const { return json ? TextStyle::json : TextStyle::line; }
  [[nodiscard]] UpdateFlags flags() const {
    return insert ? UpdateFlags::noexist : replace ? UpdateFlags::exist : UpdateFlags::any;
  }
};

int nothing(std::string_view what) {
  fmt::print(stderr, "mapctl: {}\n", what);
  return no;
}

int lookup(const EntryOptions& options) {
  const auto map = open_map(options.map, bpfmap::Access::read_only);
  const auto text = text_of(map, options.hints);
  const Bytes key = text.parse_key(options.key);
  const auto value = read(map, key);
  if (!value) return nothing("there is no such key");
  print(text.entry_text(key, *value, options.style()) + '\n');
  return done;
}

int update(const EntryOptions& options) {
  auto map = open_map(options.map);
  const auto text = text_of(map, options.hints);
  const Bytes key = text.parse_key(options.key);
  Bytes value;
  if (options.merge) {
    auto before = read(map, key);
    if (!before) return nothing("there is no such key");
    value = std::move(*before);
    text.parse_value_into(options.value, value);
  } else {
    value = parsed_value(map, text, options.value);
  }
  try {
    write(map, key, value, options.flags());
  } catch (const bpfmap::Error& error) {
    if (options.insert && error.code() == std::errc::file_exists) return nothing("the key exists");
    if (options.replace && error.code() == std::errc::no_such_file_or_directory)
      return nothing("there is no such key");
    throw;
  }
  return done;
}

int erase(const EntryOptions& options) {
  auto map = open_map(options.map);
  const auto text = text_of(map, options.hints);
  return map.erase(text.parse_key(options.key)) ? done : nothing("there is no such key");
}

int get_next(const EntryOptions& options) {
  const auto map = open_map(options.map, bpfmap::Access::read_only);
  const auto text = text_of(map, options.hints);
  std::optional<Bytes> key;
  if (!options.key.empty()) key = text.parse_key(options.key);
  Bytes next(map.info().key_size);
  if (!map.get_next_key_into(key ? std::optional<bpfmap::BytesView>{*key} : std::nullopt, next))
    return nothing("there are no more keys");
  print(text.key_text(next, options.style()) + '\n');
  return done;
}

int push(const EntryOptions& options) {
  auto map = open_map(options.map);
  map.update(Bytes{}, text_of(map, options.hints).parse_value(options.value));
  return done;
}

int take(const EntryOptions& options, bool removes) {
  auto map = open_map(options.map);
  const auto text = text_of(map, options.hints);
  const auto value = removes ? map.lookup_and_delete(Bytes{}) : map.lookup(Bytes{});
  if (!value) return nothing("it is empty");
  print(text.value_text(*value, options.style()) + '\n');
  return done;
}

}  // namespace

void add_entry_commands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<EntryOptions>();
  const auto add = [&](const char* name, const char* what, auto command) {
    CLI::App* const sub = app.add_subcommand(name, what);
    add_map(*sub, options->map);
    add_hints(*sub, options->hints);
    sub->callback(
        [&run, options, command] { run = [options, command] { return command(*options); }; });
    return sub;
  };
  const auto add_key = [&](CLI::App* sub) {
    return sub->add_option("KEY", options->key, "The key: a number, or members as saddr=10.0.0.1");
  };
  const auto add_value = [&](CLI::App* sub) {
    sub->add_option("VALUE", options->value, "The value; in a map of maps, a map")->required();
  };
  const auto add_json = [&](CLI::App* sub) {
    sub->add_flag("--json", options->json, "JSON instead of text");
  };
  CLI::App* sub = add("lookup", "Prints the entry of a key", &lookup);
  add_key(sub)->required();
  add_json(sub);
  sub = add("update", "Sets the value of a key, on all CPUs of a per-CPU map", &update);
  add_key(sub)->required();
  add_value(sub);
  CLI::Option* const insert =
      sub->add_flag("--insert", options->insert, "Only a key that is missing");
  sub->add_flag("--replace", options->replace, "Only a key that exists")->excludes(insert);
  sub->add_flag("--merge", options->merge, "Changes the members that are named, and keeps others")
      ->excludes(insert);
  sub = add("delete", "Deletes the entry of a key", &erase);
  add_key(sub)->required();
  sub = add("getnext", "Prints the key after a key, or the first key", &get_next);
  add_key(sub);
  add_json(sub);
  sub = add("push", "Adds a value to a queue, a stack or a bloom filter", &push);
  add_value(sub);
  add_json(add("pop", "Removes a value from a queue or a stack, and prints it",
               [](const EntryOptions& given) { return take(given, true); }));
  add_json(add("peek", "Prints the next value of a queue or a stack",
               [](const EntryOptions& given) { return take(given, false); }));
}

}  // namespace mapctl
