// SPDX-License-Identifier: MIT
#include "bpfmap/map/open_or_create.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "bpfmap/sys/cpus.hpp"
#include "lasting_flags.hpp"
#include "names.hpp"
#include "pin_path.hpp"
#include "pin_swap.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

constexpr int attempts = 100;

MapFlags wanted_flags(const MapSpec& spec) noexcept {
  return spec.numa_node ? spec.flags | MapFlags::numa_node : spec.flags;
}

// Rounds up to a multiple of the possible CPUs, as the kernel does.
std::uint32_t wanted_entries(const MapSpec& spec) noexcept {
  const std::uint64_t cpus = sys::possible_cpus().size();
  const std::uint64_t entries = spec.max_entries;
  const bool rounded =
      detail::lru_hashes.contains(spec.type) && has(spec.flags, MapFlags::no_common_lru);
  if (!rounded || cpus == 0) return spec.max_entries;
  const std::uint64_t up = (entries + cpus - 1) / cpus * cpus;
  const bool too_many = up > std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(too_many ? up - cpus : up);
}

// A bloom filter created with 0 hashes has 5.
std::uint64_t hashes_or_extra(MapType type, std::uint64_t map_extra) noexcept {
  return type == MapType::bloom_filter && map_extra == 0 ? 5 : map_extra;
}

Access access_of(MapFlags flags) noexcept {
  if (has(flags, MapFlags::rdonly)) return Access::read_only;
  return has(flags, MapFlags::wronly) ? Access::write_only : Access::read_write;
}

// One call of open_or_create. Afterwards, `step` and `map` are those of the last attempt, for the
// record of a failure.
struct Reuse {
  const std::string& path;
  const MapSpec& spec;
  OpenOrCreateOptions options;
  Operation step = Operation::open_pinned;
  Map map = {};  // an incompatible map, or a new one that is not pinned yet

  Map run(std::error_code& ec);

 private:
  Map open(std::error_code& ec);
  bool check_path(std::error_code& ec);
  bool make(std::error_code& ec);
  bool pin_at(const std::string& where, std::error_code& ec);
  Map pin_new(std::error_code& ec);
  Map replace(std::error_code& ec);
  bool swap_in(const std::string& target, std::uint32_t old_id, std::error_code& ec);
  // Whether the result of a step means that another process was faster: the call starts again.
  static bool again(const std::error_code& ec) {
    return ec == kernel_error(-ENOENT) || ec == kernel_error(-EEXIST);
  }
};

Map Reuse::run(std::error_code& ec) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    Map found = open(ec);
    if (ec && ec != Errc::incompatible_map && !check_path(ec)) return {};
    if (ec == kernel_error(-ENOENT))
      found = pin_new(ec);
    else if (ec == Errc::incompatible_map && options.replace_incompatible)
      found = replace(ec);
    if (found || !again(ec)) return found;
  }
  step = Operation::open_or_create;
  ec = kernel_error(-EAGAIN);
  return {};
}

// Returns false, with `ec` set, when no map can be pinned at the path: then that is why none could
// be opened.
bool Reuse::check_path(std::error_code& ec) {
  const std::error_code error = detail::check_pin_path(path);
  if (!error) return true;
  step = Operation::pin;
  ec = error;
  return false;
}

Map Reuse::open(std::error_code& ec) {
  step = Operation::open_pinned;
  Map found = Map::open_pinned(path, access_of(spec.flags), ec);
  if (ec || incompatibilities(found.info(), spec).empty()) return found;
  ec = Errc::incompatible_map;
  map = std::move(found);
  return {};
}

bool Reuse::make(std::error_code& ec) {
  step = Operation::create;
  map = Map::create(spec, ec);
  return !ec;
}

bool Reuse::pin_at(const std::string& where, std::error_code& ec) {
  step = Operation::pin;
  map.pin(where, ec);
  return !ec;
}

// Holds the lock, so that another process that replaces a pin does not rename over this one. Where
// the folder cannot be locked, pins without the lock.
Map Reuse::pin_new(std::error_code& ec) {
  std::error_code unlocked;
  const sys::UniqueFd lock = detail::lock_folder(path, unlocked);
  if (!make(ec) || !pin_at(path, ec)) return {};
  return std::move(map);
}

Map Reuse::replace(std::error_code& ec) {
  step = Operation::open_or_create;
  const std::string target = detail::linked_path(path, ec);
  if (!ec) ec = detail::check_pin_path(target);
  if (ec) return {};
  const sys::UniqueFd lock = detail::lock_folder(target, ec);
  if (ec) return {};
  Map found = open(ec);
  if (ec != Errc::incompatible_map) return found;
  const std::uint32_t old_id = map.info().id;
  if (!make(ec) || !swap_in(target, old_id, ec)) return {};
  return std::move(map);
}

bool Reuse::swap_in(const std::string& target, std::uint32_t old_id, std::error_code& ec) {
  step = Operation::pin;
  const detail::TemporaryPin pin{map, target, ec};
  if (ec) return false;
  pin.keep_rights_of_old();
  step = Operation::open_or_create;
  ec = pin.exchange(old_id);
  // ENOENT: the old map was unpinned meanwhile.
  if (ec == kernel_error(-ENOENT)) ec = pin.move_in();
  return !ec;
}

}  // namespace

MapFlags detail::lasting_flags(MapType type, MapFlags flags) noexcept {
  constexpr MapFlags passing =
      MapFlags::rdonly | MapFlags::wronly | MapFlags::token_fd | MapFlags::vtype_btf_obj_fd;
  constexpr Types read_only = set(MapType::devmap, MapType::devmap_hash, MapType::insn_array);
  const MapFlags given_by_kernel =
      read_only.contains(type) ? MapFlags::rdonly_prog : MapFlags::none;
  return flags & ~passing & ~given_by_kernel;
}

std::string incompatibilities(const MapInfo& found, const MapSpec& wanted) {
  std::string text;
  const auto add = [&text](std::string_view field, const std::string& is, const std::string& want) {
    if (is == want) return;
    if (!text.empty()) text += "; ";
    text.append(field).append(" is ").append(is).append(", not ").append(want);
  };
  const auto add_number = [&add](std::string_view field, std::uint64_t is, std::uint64_t want) {
    add(field, std::to_string(is), std::to_string(want));
  };
  add("type", detail::type_name(found.type), detail::type_name(wanted.type));
  add_number("key_size", found.key_size, wanted.key_size);
  add_number("value_size", found.value_size, wanted.value_size);
  add_number("max_entries", found.max_entries, wanted_entries(wanted));
  add("flags", detail::to_string(detail::lasting_flags(found.type, found.flags)),
      detail::to_string(detail::lasting_flags(wanted.type, wanted_flags(wanted))));
  add_number("map_extra", hashes_or_extra(found.type, found.map_extra),
             hashes_or_extra(wanted.type, wanted.map_extra));
  add_number("ifindex", found.ifindex, wanted.ifindex);
  return text;
}

std::string incompatibilities(const MapInfo& found, const MapSpec& wanted,
                              std::error_code& ec) noexcept {
  ec.clear();
  std::string text =
      detail::without_bad_alloc(ec, [&] { return incompatibilities(found, wanted); });
  if (ec) ec = detail::record_open(Operation::info, std::int64_t{found.id}, ec);
  return text;
}

Map open_or_create(const std::string& path, const MapSpec& spec, OpenOrCreateOptions options,
                   std::error_code& ec) noexcept {
  Reuse reuse{.path = path, .spec = spec, .options = options};
  Map map = detail::without_bad_alloc(ec, [&] { return reuse.run(ec); });
  if (ec) ec = detail::record_open_or_create(path, spec, reuse.step, reuse.map, ec);
  return map;
}

Map open_or_create(const std::string& path, const MapSpec& spec, OpenOrCreateOptions options) {
  std::error_code ec;
  Map map = open_or_create(path, spec, options, ec);
  detail::throw_if(ec);
  return map;
}

}  // namespace bpfmap::inline v0
