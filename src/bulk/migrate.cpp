// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/migrate.hpp"

#include <algorithm>
#include <cerrno>

#include "../map/pin_path.hpp"
#include "../map/pin_swap.hpp"
#include "../map/sets.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/map/pins.hpp"
#include "bpfmap/map/spec_of.hpp"
#include "walk/kinds.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

// Opens any inner map, as the template of the new map. Without one, the creation fails and names
// the field.
Map first_inner(const Map& map, std::error_code& ec) noexcept {
  Walk walk{map, {.batch_size = 16}};
  while (walk.next(ec))
    for (std::size_t i = 0; i < walk.size(); ++i) {
      Map inner = Map::from_id(detail::load_u32(walk.values() + i * walk.value_stride()), ec);
      // ENOENT: this one was replaced meanwhile.
      if (ec != kernel_error(-ENOENT)) return inner;
      ec.clear();
    }
  return {};
}

bool all_zero(BytesView bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

bool has_indices(const Map& map) noexcept { return detail::arrays.contains(map.info().type); }

// Counts the elements beyond the end of the new array as dropped. Fails when one is not zero,
// because it would be lost.
void drop_zeros(const Walk& walk, std::size_t from, Migrated<Map>& to,
                std::error_code& ec) noexcept {
  for (std::size_t i = from; i < walk.size(); ++i) {
    const BytesView value{walk.values() + i * walk.value_stride(), walk.value_stride()};
    const BytesView key{walk.keys() + i * walk.key_size(), walk.key_size()};
    if (!all_zero(value)) {
      ec = detail::record(to.map, {Operation::update, key}, Errc::index_out_of_range);
      return;
    }
    ++to.dropped;
  }
}

void shrink_array(const Map& from, Migrated<Map>& to, UpdateFlags flags,
                  std::error_code& ec) noexcept {
  const std::uint32_t end = to.map.info().max_entries;
  Walk walk{from, {.flags = has(flags, UpdateFlags::lock) ? LookupFlags::lock : LookupFlags::none}};
  std::uint32_t index = 0;
  while (walk.next(ec)) {
    const std::uint32_t fit = std::min(walk.size(), end - std::min(index, end));
    const auto done = detail::update_flat(to.map, {walk.keys(), walk.values(), fit}, flags, ec);
    to.copied += done.done;
    index += walk.size();
    if (ec) ec = detail::record_entry(to.map, {Operation::update_batch}, done, ec);
    if (!ec) drop_zeros(walk, fit, to, ec);
    if (ec) return;
  }
}

Migrated<Map> migrate_map(const Map& map, const std::string& path, const MapSpec& spec,
                          UpdateFlags flags, std::error_code& ec) noexcept {
  Migrated<Map> to;
  to.map = Map::create(spec, ec);
  if (!ec) detail::copy_into(map, to, flags, ec);
  if (!ec) detail::count_evicted(to.map, to.copied, to.dropped, ec);
  if (!ec) detail::pin_instead(map, to.map, path, ec);
  return ec ? Migrated<Map>{} : std::move(to);
}

}  // namespace

namespace detail {

std::error_code check_pinned(const Map& map, const std::string& path) noexcept {
  std::error_code ec;
  if (!is_pinned_at(map, path, ec) && !ec)
    ec = record(map, {.operation = Operation::migrate, .subject = path}, Errc::not_pinned);
  return ec;
}

LikeSpec spec_like(const Map& map, std::error_code& ec) noexcept {
  LikeSpec like;
  OwnedSpec owned = spec_of(map, ec);
  if (ec) return like;
  like.spec = std::move(owned.spec);
  like.btf = std::move(owned.btf);
  if (!maps_of_maps.contains(map.info().type)) return like;
  like.inner = first_inner(map, ec);
  like.spec.inner_map_fd = like.inner.fd();
  return like;
}

void copy_into(const Map& from, Migrated<Map>& to, UpdateFlags flags,
               std::error_code& ec) noexcept {
  const MapInfo& wanted = to.map.info();
  const bool same = from.info().type == wanted.type && from.info().value_size == wanted.value_size;
  if (has_indices(from) && same && wanted.max_entries < from.info().max_entries)
    shrink_array(from, to, flags, ec);
  else
    to.copied = copy(from, to.map, flags, ec);
}

void count_evicted(const Map& map, std::uint64_t& copied, std::uint64_t& dropped,
                   std::error_code& ec) noexcept {
  if (!lru_hashes.contains(map.info().type)) return;
  const std::uint64_t held = std::min(count(map, ec), copied);
  dropped += copied - held;
  copied = held;
}

void pin_instead(const Map& old, const Map& next, const std::string& path,
                 std::error_code& ec) noexcept {
  without_bad_alloc(ec, [&] {
    const std::string target = linked_path(path, ec);
    if (!ec) ec = check_pin_path(target);
    if (ec) return;
    const sys::UniqueFd lock = lock_folder(target, ec);
    if (ec) return;
    // Checked under the lock, for kernels where the rename replaces any pin.
    if (ec = check_pinned(old, target); ec) return;
    const TemporaryPin pin{next, target, ec};
    if (ec) return;
    pin.keep_rights_of_old();
    ec = pin.exchange(old.info().id);
    if (ec == kernel_error(-ENOENT) || ec == kernel_error(-EEXIST)) ec = Errc::not_pinned;
  });
  if (ec) ec = record(old, {.operation = Operation::migrate, .subject = path}, ec);
}

Migrated<Map> resize_map(const Map& map, const std::string& path, std::uint32_t max_entries,
                         UpdateFlags flags, std::error_code& ec) noexcept {
  ec = check_pinned(map, path);
  if (ec) return {};
  LikeSpec like = spec_like(map, ec);
  like.spec.max_entries = max_entries;
  return ec ? Migrated<Map>{} : migrate_map(map, path, like.spec, flags, ec);
}

}  // namespace detail

Migrated<Map> resize(const Map& map, const std::string& path, std::uint32_t max_entries,
                     std::error_code& ec) noexcept {
  return detail::resize_map(map, path, max_entries, UpdateFlags::any, ec);
}

Migrated<Map> resize(const Map& map, const std::string& path, std::uint32_t max_entries) {
  std::error_code ec;
  auto done = resize(map, path, max_entries, ec);
  detail::throw_if(ec);
  return done;
}

Migrated<Map> migrate(const Map& map, const std::string& path, const MapSpec& spec,
                      std::error_code& ec) noexcept {
  ec = detail::check_pinned(map, path);
  return ec ? Migrated<Map>{} : migrate_map(map, path, spec, UpdateFlags::any, ec);
}

Migrated<Map> migrate(const Map& map, const std::string& path, const MapSpec& spec) {
  std::error_code ec;
  auto done = migrate(map, path, spec, ec);
  detail::throw_if(ec);
  return done;
}

}  // namespace bpfmap::inline v0
