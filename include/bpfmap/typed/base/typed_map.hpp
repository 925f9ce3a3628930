// SPDX-License-Identifier: MIT
// TypedMap: the operations that every typed map has. Layer 2.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/detail/whole_map.hpp"
#include "bpfmap/codec/layout.hpp"
#include "bpfmap/map/detail/entry_layout.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/open_or_create.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// The map decides the size, and the class reads it from there.
inline constexpr std::uint32_t any_size = 0xffffffff;

// The fields that a typed map requires of its Map, and fills into a MapSpec.
struct Requirement {
  std::span<const MapType> types;  // create() uses the first
  std::uint32_t key_size;
  std::uint32_t value_size;                     // create() uses this
  std::uint32_t other_value_size = value_size;  // also accepted
  MapFlags flags = MapFlags::none;              // set at creation
  void (*fill)(MapSpec& spec) = nullptr;        // fills in further unset fields
};

// Returns and records no_map, wrong_map_type, wrong_key_size, wrong_value_size, wrong_map_flags or
// wrong_layout unless `map` is as required. No `layout` (nullptr) is not compared.
[[nodiscard]] std::error_code check(const Map& map, const Requirement& required,
                                    const EntryLayout* layout = nullptr) noexcept;

// Fills in the type, sizes and flags that `spec` does not set; recorded errors as above. With a
// `layout`, also BTF that describes it, which `btf` owns, where the map's type accepts BTF.
[[nodiscard]] std::error_code complete(MapSpec& spec, const Requirement& required,
                                       const EntryLayout* layout, sys::UniqueFd& btf) noexcept;

// The types of the entries of a class M: void for what it has not.
template <class M>
struct KeyOf {
  using type = void;
};
template <class M>
  requires requires { typename M::key_type; }
struct KeyOf<M> {
  using type = typename M::key_type;
};
template <class M>
struct ValueOf {
  using type = void;
};
template <class M>
  requires requires { typename M::slot_type; }
struct ValueOf<M> {
  using type = typename M::slot_type;
};
template <class M>
  requires(
      !requires { typename M::slot_type; } && requires { typename M::value_type; })
struct ValueOf<M> {
  using type = typename M::value_type;
};

// The layout of a class's entries; nullptr when neither its key nor its value has a Layout, whose
// header then need not be included.
template <class M>
[[nodiscard]] consteval const EntryLayout* layout_of() {
  using K = typename KeyOf<M>::type;
  using V = typename ValueOf<M>::type;
  if constexpr (has_layout<K> || has_layout<V>)
    return entry_layout(KeyAndValue<K, V>{});
  else
    return nullptr;
}

// The max_entries that has room for every number in `cpus`, which are ascending and may have holes.
[[nodiscard]] std::uint32_t entries_for(std::span<const std::uint32_t> cpus) noexcept;
// Sets max_entries to make room for the highest possible CPU number, unless the caller set it.
void fill_max_entries_with_cpus(MapSpec& spec) noexcept;

}  // namespace detail

/// A Map with a type and sizes that match a class. Each typed map derives from its TypedMap, and an
/// operation on it is one system call on the Map. Move-only; empty by default and after a move. An
/// operation on an empty typed map is Errc::no_map.
template <class Derived>
class TypedMap : public detail::TypedMapTag {
 public:
  /// Empty.
  TypedMap() noexcept = default;
  /// Takes ownership of `map`. Errors: Errc::no_map, wrong_map_type, wrong_key_size,
  /// wrong_value_size or wrong_map_flags when it does not fit this class; Errc::wrong_layout when a
  /// type with a Layout differs from the map's BTF.
  explicit TypedMap(Map map) : TypedMap() {
    std::error_code ec = detail::no_error();
    take_over(std::move(map), detail::layout_of<Derived>(), ec);
    detail::throw_if(ec);
  }
  /// As above; empty when `ec` is set.
  TypedMap(Map map, std::error_code& ec) noexcept {
    take_over(std::move(map), detail::layout_of<Derived>(), ec);
  }
  /// As above, without a comparison with the map's BTF.
  TypedMap(Map map, UncheckedLayout) : TypedMap() {
    std::error_code ec = detail::no_error();
    take_over(std::move(map), nullptr, ec);
    detail::throw_if(ec);
  }
  TypedMap(Map map, UncheckedLayout, std::error_code& ec) noexcept {
    take_over(std::move(map), nullptr, ec);
  }

  /// Creates a map (BPF_MAP_CREATE, 3.18). Fills in the fields that `spec` does not set: the type
  /// and the sizes of this class, the flags that the type needs, and BTF that describes a key or
  /// value with a Layout.
  [[nodiscard]] static Derived create(MapSpec spec) {
    std::error_code ec = detail::no_error();
    Derived map = create(std::move(spec), ec);
    detail::throw_if(ec);
    return map;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] static Derived create(MapSpec spec, std::error_code& ec) noexcept {
    sys::UniqueFd btf;
    ec = detail::complete(spec, Derived::requirement, detail::layout_of<Derived>(), btf);
    return ec ? Derived{} : over_known(Map::create(spec, ec), ec);
  }

  /// Opens the map pinned at `path` (BPF_OBJ_GET, 4.4). Errors: those of Map::open_pinned() and of
  /// the constructor.
  [[nodiscard]] static Derived open_pinned(const std::string& path,
                                           Access access = Access::read_write) {
    std::error_code ec = detail::no_error();
    Derived map = open_pinned(path, access, ec);
    detail::throw_if(ec);
    return map;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] static Derived open_pinned(const std::string& path, Access access,
                                           std::error_code& ec) noexcept {
    return over(Map::open_pinned(path, access, ec), ec);
  }
  [[nodiscard]] static Derived open_pinned(const std::string& path, std::error_code& ec) noexcept {
    return open_pinned(path, Access::read_write, ec);
  }

  /// Opens the map with the kernel's id `id` (BPF_MAP_GET_FD_BY_ID, 4.13). Needs CAP_SYS_ADMIN.
  /// Errors: those of Map::from_id() and of the constructor.
  [[nodiscard]] static Derived from_id(std::uint32_t id, Access access = Access::read_write) {
    std::error_code ec = detail::no_error();
    Derived map = from_id(id, access, ec);
    detail::throw_if(ec);
    return map;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] static Derived from_id(std::uint32_t id, Access access,
                                       std::error_code& ec) noexcept {
    return over(Map::from_id(id, access, ec), ec);
  }
  [[nodiscard]] static Derived from_id(std::uint32_t id, std::error_code& ec) noexcept {
    return from_id(id, Access::read_write, ec);
  }

  /// Opens the map pinned at `path`, or creates and pins one; see bpfmap::open_or_create(). The
  /// spec is filled in as by create().
  [[nodiscard]] static Derived open_or_create(const std::string& path, MapSpec spec,
                                              OpenOrCreateOptions options = {}) {
    std::error_code ec = detail::no_error();
    Derived map = open_or_create(path, std::move(spec), options, ec);
    detail::throw_if(ec);
    return map;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] static Derived open_or_create(const std::string& path, MapSpec spec,
                                              OpenOrCreateOptions options,
                                              std::error_code& ec) noexcept {
    sys::UniqueFd btf;
    ec = detail::complete(spec, Derived::requirement, detail::layout_of<Derived>(), btf);
    return ec ? Derived{} : over(bpfmap::open_or_create(path, spec, options, ec), ec);
  }
  [[nodiscard]] static Derived open_or_create(const std::string& path, MapSpec spec,
                                              std::error_code& ec) noexcept {
    return open_or_create(path, std::move(spec), {}, ec);
  }

  /// Returns another owner of the same map.
  [[nodiscard]] Derived duplicate() const {
    std::error_code ec = detail::no_error();
    Derived map = duplicate(ec);
    detail::throw_if(ec);
    return map;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] Derived duplicate(std::error_code& ec) const noexcept {
    return over_known(map_.duplicate(ec), ec);
  }

  /// Returns the underlying Map, with its descriptor, info, pin and freeze.
  [[nodiscard]] const Map& map() const& noexcept { return map_; }
  [[nodiscard]] Map& map() & noexcept { return map_; }
  [[nodiscard]] Map map() && noexcept { return std::move(map_); }
  /// Returns whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(map_); }
  /// Returns the max_entries with which the map was created; 0 when there is no map.
  [[nodiscard]] std::uint32_t max_entries() const noexcept { return map_.info().max_entries; }

 private:
  static Derived over(Map map, std::error_code& ec) noexcept {
    return ec ? Derived{} : Derived{std::move(map), ec};
  }
  // Over a map whose layout is known to fit.
  static Derived over_known(Map map, std::error_code& ec) noexcept {
    if constexpr (detail::layout_of<Derived>() == nullptr)
      return over(std::move(map), ec);
    else
      return ec ? Derived{} : Derived{std::move(map), unchecked_layout, ec};
  }
  void take_over(Map map, const detail::EntryLayout* layout, std::error_code& ec) noexcept {
    ec = detail::check(map, Derived::requirement, layout);
    if (!ec) map_ = std::move(map);
  }

  Map map_;
};

}  // namespace bpfmap::inline v0
