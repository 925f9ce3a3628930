// SPDX-License-Identifier: MIT
// create: a map like another one, or with sizes, or with types from a file with BTF.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>

#include "mapctl.hpp"

namespace mapctl {
namespace {

struct CreateOptions {
  std::string path;
  std::string like;
  std::string inner;
  std::string type = "hash";
  std::string name;
  std::string btf;
  std::string key_type;
  std::string value_type;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t entries = 0;
  std::uint32_t flags = 0;
};

using Btf = std::unique_ptr<btf, decltype(&btf__free)>;

// The id of a struct, union, enum, typedef or integer, and its size.
std::uint32_t type_of(const btf* types, const std::string& name, std::uint32_t& size) {
  const int id = btf__find_by_name(types, name.c_str());
  const auto bytes = id < 0 ? -1 : btf__resolve_size(types, static_cast<std::uint32_t>(id));
  if (bytes < 0) throw std::runtime_error("the BTF has no type '" + name + "' with a size");
  size = static_cast<std::uint32_t>(bytes);
  return static_cast<std::uint32_t>(id);
}

// The types alone, with their ids: the sizes of an object's sections are not known before it is
// loaded, and the kernel refuses them so.
Btf without_sections(const btf* from) {
  Btf to{btf__new_empty(), &btf__free};
  for (std::uint32_t id = 1; to != nullptr && id < btf__type_cnt(from); ++id) {
    const btf_type* const type = btf__type_by_id(from, id);
    const bool is_type =
        !btf_is_datasec(type) && !btf_is_var(type) && !btf_is_func(type) && !btf_is_decl_tag(type);
    const int added =
        is_type ? btf__add_type(to.get(), from, type) : btf__add_typedef(to.get(), "left_out", 0);
    if (added < 0) throw std::system_error(-added, std::generic_category(), "copying BTF");
  }
  return to;
}

// The types of a file: an object of clang, or BTF alone.
Btf load(const std::string& path) {
  libbpf_set_print(nullptr);  // it would print all types when the kernel refuses them
  const Btf file{btf__parse(path.c_str(), nullptr), &btf__free};
  if (file == nullptr)
    throw std::system_error(errno, std::generic_category(), "the BTF of '" + path + "'");
  Btf types = without_sections(file.get());
  if (const int result = btf__load_into_kernel(types.get()); result != 0)
    throw std::system_error(-result, std::generic_category(), "loading the BTF of '" + path + "'");
  return types;
}

void check(const CreateOptions& options) {
  const bool types = !options.key_type.empty() || !options.value_type.empty();
  if (types && options.btf.empty())
    throw CLI::ValidationError("--key-type and --value-type", "they need --btf");
  if (!options.btf.empty() && options.value_type.empty())
    throw CLI::ValidationError("--btf",
                               "it needs --value-type, and --key-type where there are keys");
}

int create(const CreateOptions& options) {
  check(options);
  bpfmap::OwnedSpec like;
  if (!options.like.empty()) like = bpfmap::spec_of(open_map(options.like));
  bpfmap::MapSpec& spec = like.spec;
  if (options.like.empty()) {
    const auto type = bpfmap::parse_map_type(options.type);
    if (!type) throw CLI::ValidationError("--type", "there is no map type '" + options.type + "'");
    spec.type = *type;
    spec.flags = static_cast<bpfmap::MapFlags>(options.flags);
    if (const auto* const traits = bpfmap::traits_of(*type))
      spec.flags = spec.flags | traits->flags_needed;
  }
  if (options.key_size != 0) spec.key_size = options.key_size;
  if (options.value_size != 0) spec.value_size = options.value_size;
  if (options.entries != 0) spec.max_entries = options.entries;
  if (!options.name.empty()) spec.name = options.name;
  Btf types{nullptr, &btf__free};
  if (!options.btf.empty()) {
    types = load(options.btf);
    spec.btf_fd = btf__fd(types.get());
    if (!options.key_type.empty())
      spec.btf_key_type_id = type_of(types.get(), options.key_type, spec.key_size);
    spec.btf_value_type_id = type_of(types.get(), options.value_type, spec.value_size);
  }
  bpfmap::Map inner;
  if (!options.inner.empty()) {
    inner = open_map(options.inner);
    spec.inner_map_fd = inner.fd();
  }
  const bpfmap::Map map = bpfmap::Map::create(spec);
  map.pin(options.path);
  print(fmt::format("{}\n", map.info().id));
  return done;
}

}  // namespace

void add_create_command(CLI::App& app, Run& run) {
  const auto options = std::make_shared<CreateOptions>();
  CLI::App* const sub = app.add_subcommand(
      "create", "Creates a map, pins it, which keeps it alive, and prints its id");
  sub->add_option("PATH", options->path, "The pin")->required();
  sub->add_option("--like", options->like, "A map whose type, sizes, flags and BTF are used");
  sub->add_option("--type", options->type, "The type, such as lru_hash")->capture_default_str();
  sub->add_option("--key-size", options->key_size, "Bytes of a key");
  sub->add_option("--value-size", options->value_size, "Bytes of a value, of one CPU's slot");
  sub->add_option("--entries", options->entries, "The largest number of entries");
  sub->add_option("--flags", options->flags, "The kernel's number of BPF_F_ flags");
  sub->add_option("--name", options->name, "Up to 15 letters, digits, '_' and '.'");
  sub->add_option("--btf", options->btf, "A file with BTF: an object of clang, or its types alone");
  sub->add_option("--key-type", options->key_type, "The key's type in it; its size is used");
  sub->add_option("--value-type", options->value_type, "The value's type in it; its size is used");
  sub->add_option("--inner", options->inner, "A map like the inner maps, for a map of maps");
  sub->callback([&run, options] { run = [options] { return create(*options); }; });
}

}  // namespace mapctl
