// SPDX-License-Identifier: MIT
#include "bpfmap/map/open_or_create.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>

#include "bpfmap/sys/cpus.hpp"
#include "names.hpp"
#include "pins.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

constexpr int attempts = 100;
constexpr int lock_attempts = 2000;
constexpr unsigned int lock_pause = 1000;  // microseconds

// Of a descriptor or of the creation, and not of the map.
constexpr MapFlags passing_flags =
    MapFlags::rdonly | MapFlags::wronly | MapFlags::token_fd | MapFlags::vtype_btf_obj_fd;

// The flags that tell two maps of this type apart.
MapFlags compared(MapType type, MapFlags flags) noexcept {
  constexpr detail::Types devmaps = detail::set(MapType::devmap, MapType::devmap_hash);
  const MapFlags given_by_kernel = devmaps.contains(type) ? MapFlags::rdonly_prog : MapFlags::none;
  return flags & ~passing_flags & ~given_by_kernel;
}

MapFlags wanted_flags(const MapSpec& spec) noexcept {
  return spec.numa_node ? spec.flags | MapFlags::numa_node : spec.flags;
}

// As the kernel rounds it, to a multiple of the possible CPUs.
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

// A bloom filter asked for 0 hashes has 5.
std::uint64_t hashes_or_extra(MapType type, std::uint64_t map_extra) noexcept {
  return type == MapType::bloom_filter && map_extra == 0 ? 5 : map_extra;
}

Access access_of(MapFlags flags) noexcept {
  if (has(flags, MapFlags::rdonly)) return Access::read_only;
  return has(flags, MapFlags::wronly) ? Access::write_only : Access::read_write;
}

// The folder, locked until the descriptor is closed: of two processes that replace a pin at once
// the second sees what the first has done.
sys::UniqueFd lock_folder(const std::string& path, std::error_code& ec) {
  sys::UniqueFd folder{::open(detail::folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ec = kernel_error(folder ? 0 : -errno);
  if (ec) return {};
  for (int attempt = 0; attempt < lock_attempts; ++attempt) {
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    if (errno != EWOULDBLOCK && errno != EINTR) {
      ec = kernel_error(-errno);
      return {};
    }
    ::usleep(lock_pause);
  }
  ec = kernel_error(-EAGAIN);
  return {};
}

// One call of open_or_create. Afterwards `step` and `map` are what was tried last, for the record
// of a failure.
struct Reuse {
  const std::string& path;
  const MapSpec& spec;
  OpenOrCreateOptions options;
  Operation step = Operation::open_pinned;
  Map map = {};  // what does not fit; or what was made and is not pinned yet

  Map run(std::error_code& ec);

 private:
  Map open(std::error_code& ec);
  bool check_path(std::error_code& ec);
  bool make(std::error_code& ec);
  bool pin_at(const std::string& where, std::error_code& ec);
  Map pin_new(std::error_code& ec);
  Map replace(std::error_code& ec);
  bool swap_in(std::error_code& ec);
  // The answer of a step after which all starts again.
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

// A path that can hold no pin is why none could be opened.
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

Map Reuse::pin_new(std::error_code& ec) {
  if (!make(ec) || !pin_at(path, ec)) return {};
  return std::move(map);
}

Map Reuse::replace(std::error_code& ec) {
  step = Operation::open_or_create;
  const sys::UniqueFd lock = lock_folder(path, ec);
  if (ec) return {};
  Map found = open(ec);
  if (ec != Errc::incompatible_map) return found;
  if (!make(ec) || !swap_in(ec)) return {};
  return std::move(map);
}

// rename(2) puts the new pin in the place of the old one at once; a pin cannot be made over
// another.
bool Reuse::swap_in(std::error_code& ec) {
  const std::string prefix =
      detail::folder_of(path) + "/bpfmap_" + std::to_string(::getpid()) + "_";
  std::string name;
  for (int number = 0; number < attempts; ++number) {
    name = prefix + std::to_string(number);
    if (pin_at(name, ec)) break;
    if (ec != kernel_error(-EEXIST)) return false;
  }
  if (ec) return false;
  if (std::rename(name.c_str(), path.c_str()) == 0) return true;
  step = Operation::unpin;
  ec = kernel_error(-errno);
  ::unlink(name.c_str());
  return false;
}

}  // namespace

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
  add("flags", detail::to_string(compared(found.type, found.flags)),
      detail::to_string(compared(wanted.type, wanted_flags(wanted))));
  add_number("map_extra", hashes_or_extra(found.type, found.map_extra),
             hashes_or_extra(wanted.type, wanted.map_extra));
  add_number("ifindex", found.ifindex, wanted.ifindex);
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
