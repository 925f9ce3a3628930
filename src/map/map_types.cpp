// SPDX-License-Identifier: MIT
// The table of map types, and what is read from it: names, creation limits, commands.
#include <array>
#include <limits>

#include "bpfmap/map/map_type.hpp"
#include "creation.hpp"

namespace bpfmap::inline v0 {
namespace {

using enum MapType;
using enum KeyKind;

constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t largest_int = std::numeric_limits<std::int32_t>::max();
constexpr std::uint32_t largest_alloc = 4U << 20U;  // KMALLOC_MAX_SIZE

// --- sizes, as tried on Linux 6.18 ---

constexpr SizeRange any_size{1, unlimited};
constexpr SizeRange whatever_size{0, unlimited};
constexpr SizeRange no_keys{0, 0, 1, "they have no keys"};
constexpr SizeRange u32_key{4, 4, 1, "the key is a u32"};
constexpr SizeRange fd_key{4, 4, 1, "the key is a descriptor"};
constexpr SizeRange socket_key{1, 512};
constexpr SizeRange prefix_key{5, 260, 1, "4 of prefix length, then 1 to 256 of prefix"};
constexpr SizeRange cgroup_key{8, 16, 8, "a cgroup id, or a struct bpf_cgroup_storage_key"};

constexpr SizeRange no_values{0, 0, 1, "they have no elements"};
constexpr SizeRange fd_value{4, 4, 1, "the value is a descriptor"};
constexpr SizeRange u32_or_u64_value{4, 8, 4};
constexpr SizeRange percpu_value{1, 32768, 1, "the value of one CPU"};  // PCPU_MIN_UNIT_SIZE
constexpr SizeRange array_value{1, largest_int};
constexpr SizeRange trie_value{1, 4194024};
constexpr SizeRange allocated_value{1, largest_alloc};
constexpr SizeRange storage_value{1, 65407};
constexpr SizeRange frames{8, unlimited, 8, "8 per stack frame"};
constexpr SizeRange instruction{16, 16, 1, "a struct bpf_insn_array_value"};

constexpr SizeRange some_entries{1, unlimited};
constexpr SizeRange hash_entries{1, 1U << 31U};
constexpr SizeRange pages{1, unlimited, 1, "pages"};
constexpr SizeRange no_entries{0, 0, 1, "entries live with their owners"};
// A power of two and a multiple of the page size, which no range can say.
constexpr SizeRange ring_bytes{0, unlimited};

// --- flags ---

constexpr MapFlags unneeded = MapFlags::none;
constexpr MapFlags any_flags = ~MapFlags::none;  // of which nothing was tried
constexpr MapFlags fd_access = MapFlags::rdonly | MapFlags::wronly;
constexpr MapFlags any_access = fd_access | MapFlags::rdonly_prog | MapFlags::wronly_prog;
constexpr MapFlags numa = MapFlags::numa_node;
constexpr MapFlags plain_hash = any_access | MapFlags::no_prealloc | MapFlags::zero_seed;
constexpr MapFlags lru = any_access | MapFlags::no_common_lru | MapFlags::zero_seed;
constexpr MapFlags local_storage = MapFlags::no_prealloc | MapFlags::clone;

// --- commands ---

constexpr MapCommands frozen = MapCommands::freeze;
constexpr MapCommands take = MapCommands::lookup_and_delete;
constexpr MapCommands drain = MapCommands::drain_batch;
constexpr MapCommands batches = MapCommands::lookup_batch | MapCommands::update_batch;
constexpr MapCommands entry_commands = MapCommands::lookup | MapCommands::update |
                                       MapCommands::erase | MapCommands::get_next_key | frozen;
constexpr MapCommands entry_commands_but_update = entry_commands & ~MapCommands::update;
constexpr MapCommands entry_commands_but_erase = entry_commands & ~MapCommands::erase;
constexpr MapCommands unreadable = entry_commands & ~MapCommands::lookup;
constexpr MapCommands unfrozen_objects = entry_commands_but_update & ~frozen;
constexpr MapCommands of_hashes = entry_commands | batches | MapCommands::erase_batch;
constexpr MapCommands of_arrays = entry_commands_but_erase | batches;
constexpr MapCommands of_queues = MapCommands::lookup | MapCommands::update | take | frozen;
constexpr MapCommands of_bloom_filters = MapCommands::lookup | MapCommands::update | frozen;
// A value with a bpf_spin_lock cannot be frozen.
constexpr MapCommands of_storages =
    MapCommands::lookup | MapCommands::update | MapCommands::erase | frozen;

// A new map type is a row here. `since` is the kernel whose uapi header first names the type.
//
// Batches came with these commits: hashes and arrays cb4d03ab499d and 057996380a42 (5.6), lpm_trie
// f56387c534c4 and percpu_array f008d732ab18 (5.13), maps of maps 9263dddc7b6f (5.19).
constexpr std::array rows{
    // type, name, since, key, per CPU, sizes of key and value, entries, flags taken and needed,
    // commands, first kernel with batches
    MapTypeTraits{hash, "hash", "3.18", bytes, false, any_size, any_size, hash_entries,
                  plain_hash | numa, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{array, "array", "3.18", index, false, u32_key, array_value, some_entries,
                  any_access | numa | MapFlags::mmapable | MapFlags::inner_map, unneeded, of_arrays,
                  "5.6"},
    MapTypeTraits{prog_array, "prog_array", "4.2", slot, false, u32_key, fd_value, some_entries,
                  fd_access | numa, unneeded, entry_commands},
    MapTypeTraits{perf_event_array, "perf_event_array", "4.3", slot, false, u32_key, fd_value,
                  some_entries, fd_access | numa | MapFlags::preserve_elems, unneeded, unreadable},
    MapTypeTraits{percpu_hash, "percpu_hash", "4.6", bytes, true, any_size, percpu_value,
                  hash_entries, plain_hash, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{percpu_array, "percpu_array", "4.6", index, true, u32_key, percpu_value,
                  some_entries, any_access, unneeded, of_arrays, "5.13"},
    MapTypeTraits{stack_trace, "stack_trace", "4.6", slot, false, u32_key, frames, some_entries,
                  fd_access | numa | MapFlags::stack_build_id, unneeded,
                  entry_commands_but_update | take},
    MapTypeTraits{cgroup_array, "cgroup_array", "4.8", slot, false, u32_key, fd_value, some_entries,
                  fd_access | numa, unneeded, unreadable},
    MapTypeTraits{lru_hash, "lru_hash", "4.10", bytes, false, any_size, any_size, hash_entries,
                  lru | numa, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{lru_percpu_hash, "lru_percpu_hash", "4.10", bytes, true, any_size, percpu_value,
                  hash_entries, lru, unneeded, of_hashes | take | drain, "5.6"},
    MapTypeTraits{lpm_trie, "lpm_trie", "4.11", prefix, false, prefix_key, trie_value, some_entries,
                  any_access | numa | MapFlags::no_prealloc, MapFlags::no_prealloc, of_hashes,
                  "5.13"},
    MapTypeTraits{array_of_maps, "array_of_maps", "4.12", slot, false, u32_key, fd_value,
                  some_entries, fd_access | numa, unneeded, entry_commands | batches, "5.19"},
    MapTypeTraits{hash_of_maps, "hash_of_maps", "4.12", bytes, false, any_size, fd_value,
                  hash_entries, plain_hash | numa, unneeded, of_hashes | drain, "5.19"},
    MapTypeTraits{devmap, "devmap", "4.14", slot, false, u32_key, u32_or_u64_value, some_entries,
                  fd_access | numa, unneeded, entry_commands},
    MapTypeTraits{sockmap, "sockmap", "4.14", slot, false, u32_key, u32_or_u64_value, some_entries,
                  fd_access | numa, unneeded, entry_commands},
    MapTypeTraits{cpumap, "cpumap", "4.15", slot, false, u32_key, u32_or_u64_value, some_entries,
                  numa, unneeded, entry_commands},
    MapTypeTraits{xskmap, "xskmap", "4.18", slot, false, u32_key, fd_value, some_entries,
                  fd_access | numa, unneeded, unreadable},
    MapTypeTraits{sockhash, "sockhash", "4.18", bytes, false, socket_key, u32_or_u64_value,
                  some_entries, fd_access | numa, unneeded, entry_commands},
    MapTypeTraits{cgroup_storage, "cgroup_storage", "4.19", object, false, cgroup_key,
                  storage_value, no_entries, any_access | numa, unneeded, entry_commands_but_erase},
    MapTypeTraits{reuseport_sockarray, "reuseport_sockarray", "4.19", slot, false, u32_key,
                  u32_or_u64_value, some_entries, any_access | numa, unneeded, entry_commands},
    MapTypeTraits{percpu_cgroup_storage, "percpu_cgroup_storage", "4.20", object, true, cgroup_key,
                  percpu_value, no_entries, any_access | numa, unneeded, entry_commands_but_erase},
    MapTypeTraits{queue, "queue", "4.20", none, false, no_keys, allocated_value, some_entries,
                  any_access | numa, unneeded, of_queues},
    MapTypeTraits{stack, "stack", "4.20", none, false, no_keys, allocated_value, some_entries,
                  any_access | numa, unneeded, of_queues},
    MapTypeTraits{sk_storage, "sk_storage", "5.2", object, false, fd_key, storage_value, no_entries,
                  local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{devmap_hash, "devmap_hash", "5.4", bytes, false, u32_key, u32_or_u64_value,
                  some_entries, fd_access | numa, unneeded, entry_commands},
    MapTypeTraits{struct_ops, "struct_ops", "5.6", index, false, u32_key, whatever_size,
                  some_entries, MapFlags::link | MapFlags::vtype_btf_obj_fd, unneeded,
                  unfrozen_objects},
    MapTypeTraits{ringbuf, "ringbuf", "5.8", none, false, no_keys, no_values, ring_bytes,
                  numa | MapFlags::rb_overwrite, unneeded, frozen},
    MapTypeTraits{inode_storage, "inode_storage", "5.10", object, false, fd_key, storage_value,
                  no_entries, local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{task_storage, "task_storage", "5.11", object, false, fd_key, storage_value,
                  no_entries, local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{bloom_filter, "bloom_filter", "5.16", none, false, no_keys, allocated_value,
                  some_entries, any_access | numa | MapFlags::zero_seed, unneeded,
                  of_bloom_filters},
    MapTypeTraits{user_ringbuf, "user_ringbuf", "6.1", none, false, no_keys, no_values, ring_bytes,
                  numa, unneeded, frozen},
    MapTypeTraits{cgrp_storage, "cgrp_storage", "6.2", object, false, fd_key, storage_value,
                  no_entries, local_storage, MapFlags::no_prealloc, of_storages},
    MapTypeTraits{arena, "arena", "6.9", none, false, no_keys, no_values, pages,
                  MapFlags::mmapable | MapFlags::segv_on_fault | MapFlags::no_user_conv,
                  MapFlags::mmapable, frozen},
    MapTypeTraits{insn_array, "insn_array", "6.19", index, false, u32_key, instruction,
                  some_entries, any_flags, unneeded,
                  MapCommands::lookup | MapCommands::update | MapCommands::get_next_key | frozen},
    MapTypeTraits{rhash, "rhash", "7.2", bytes, false, any_size, any_size, some_entries,
                  plain_hash | numa, MapFlags::no_prealloc, of_hashes | take | drain, "7.2"},
};

// traits_of() finds a row by its number.
consteval bool numbered() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].type) != i + 1) return false;
  return true;
}
static_assert(numbered());

}  // namespace

std::span<const MapTypeTraits> map_types() noexcept { return rows; }

const MapTypeTraits* traits_of(MapType type) noexcept {
  const auto number = static_cast<std::size_t>(type);
  return number >= 1 && number <= rows.size() ? &rows[number - 1] : nullptr;
}

std::string_view to_string(MapType type) noexcept {
  const MapTypeTraits* const row = traits_of(type);
  return row != nullptr ? row->name : "unknown";
}

std::optional<MapType> parse_map_type(std::string_view name) noexcept {
  for (const auto& row : rows)
    if (row.name == name) return row.type;
  return std::nullopt;
}

namespace detail {
namespace {

struct LimitedField {
  std::uint32_t MapSpec::* field;
  SizeRange MapTypeTraits::* range;
};
constexpr std::array limited_fields{
    LimitedField{&MapSpec::key_size, &MapTypeTraits::key_size},
    LimitedField{&MapSpec::value_size, &MapTypeTraits::value_size},
    LimitedField{&MapSpec::max_entries, &MapTypeTraits::max_entries}};

consteval auto limits_of_rows() {
  std::array<Limit, rows.size() * limited_fields.size()> limits{};
  std::size_t at = 0;
  for (const MapTypeTraits& row : rows)
    for (const LimitedField& field : limited_fields) {
      const SizeRange& range = row.*field.range;
      limits[at++] = {row.type, field.field, range.least, range.most, range.step, range.why};
    }
  return limits;
}
constexpr auto limit_rows = limits_of_rows();

consteval auto flags_of_rows() {
  std::array<FlagsTaken, rows.size()> flags{};
  for (std::size_t i = 0; i < rows.size(); ++i)
    flags[i] = {rows[i].type, rows[i].flags_taken, rows[i].flags_needed};
  return flags;
}
constexpr auto flags_rows = flags_of_rows();

constexpr std::array flag_rows{
    FlagName{MapFlags::no_prealloc, "no_prealloc", "4.6"},
    FlagName{MapFlags::no_common_lru, "no_common_lru", "4.10"},
    FlagName{MapFlags::numa_node, "numa_node", "4.14"},
    FlagName{MapFlags::rdonly, "rdonly", "4.15"},
    FlagName{MapFlags::wronly, "wronly", "4.15"},
    FlagName{MapFlags::stack_build_id, "stack_build_id", "4.17"},
    FlagName{MapFlags::zero_seed, "zero_seed", "5.0"},
    FlagName{MapFlags::rdonly_prog, "rdonly_prog", "5.2"},
    FlagName{MapFlags::wronly_prog, "wronly_prog", "5.2"},
    FlagName{MapFlags::clone, "clone", "5.4"},
    FlagName{MapFlags::mmapable, "mmapable", "5.5"},
    FlagName{MapFlags::preserve_elems, "preserve_elems", "5.10"},
    FlagName{MapFlags::inner_map, "inner_map", "5.10"},
    FlagName{MapFlags::link, "link", "6.4"},
    FlagName{MapFlags::vtype_btf_obj_fd, "vtype_btf_obj_fd", "6.9"},
    FlagName{MapFlags::token_fd, "token_fd", "6.9"},
    FlagName{MapFlags::segv_on_fault, "segv_on_fault", "6.9"},
    FlagName{MapFlags::no_user_conv, "no_user_conv", "6.9"},
    FlagName{MapFlags::rb_overwrite, "rb_overwrite", "6.19"},
};

constexpr std::array since_rows{
    FieldSince{[](const Failure& f) { return f.spec->inner_map_fd >= 0; }, "inner_map_fd", "4.12"},
    FieldSince{[](const Failure& f) { return f.spec->numa_node.has_value(); }, "numa_node", "4.14"},
    FieldSince{[](const Failure& f) { return !f.spec->name.empty(); }, "name", "4.15"},
    FieldSince{[](const Failure& f) { return f.spec->ifindex != 0; }, "ifindex", "4.16"},
    FieldSince{[](const Failure& f) { return f.spec->btf_fd >= 0; }, "btf_fd", "4.18"},
    FieldSince{[](const Failure& f) { return f.spec->btf_vmlinux_value_type_id != 0; },
               "btf_vmlinux_value_type_id", "5.6"},
    FieldSince{[](const Failure& f) { return f.spec->map_extra != 0; }, "map_extra", "5.16"},
    FieldSince{[](const Failure& f) { return f.spec->value_type_btf_obj_fd >= 0; },
               "value_type_btf_obj_fd", "6.9"},
    FieldSince{[](const Failure& f) { return f.spec->token_fd >= 0; }, "token_fd", "6.9"},
    FieldSince{[](const Failure& f) { return f.spec->excl_prog_hash.has_value(); },
               "excl_prog_hash", "6.18"},
};

}  // namespace

std::span<const Limit> limits() noexcept { return limit_rows; }
std::span<const FlagsTaken> flags_taken() noexcept { return flags_rows; }
std::span<const FlagName> flag_names() noexcept { return flag_rows; }
std::span<const FieldSince> fields_since() noexcept { return since_rows; }

}  // namespace detail
}  // namespace bpfmap::inline v0
