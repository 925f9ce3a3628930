// SPDX-License-Identifier: MIT
// ArrayMap: BPF_MAP_TYPE_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0 {

/// An array of V: BPF_MAP_TYPE_ARRAY (3.18). Every index below size() has a value, zero at first,
/// and none can be erased.
///
/// Type and sizes are compared with the kernel's once, at construction; then an operation is one
/// system call and allocates nothing. An index out of range is an Error: Errc::index_out_of_range
/// from lookup, E2BIG from update; both equal std::errc::argument_list_too_long.
template <class V>
class ArrayMap : public detail::KeyedMap<std::uint32_t, V> {
  static_assert(encodable<V>,
                "bpfmap: V cannot be a map's value. Use a trivially copyable type without "
                "pointers, or specialise "
                "bpfmap::Codec<V>.");

 public:
  using key_type = std::uint32_t;
  using mapped_type = V;
  using slot_type = V;  ///< a value, of one CPU on a per-CPU map

  /// Empty.
  ArrayMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is not an array of V.
  explicit ArrayMap(Map map) : Base(std::move(map), requirement) {}
  ArrayMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new array of `max_entries` values; type and sizes are filled in.
  [[nodiscard]] static ArrayMap create(MapSpec spec) {
    return ArrayMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static ArrayMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? ArrayMap{} : ArrayMap{std::move(map), ec};
  }

  /// Entries: max_entries.
  [[nodiscard]] std::uint32_t size() const noexcept { return map_.info().max_entries; }

  /// The value at `index` (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] V lookup(std::uint32_t index, LookupFlags flags = {}) const {
    detail::ObjectRoom<V> room;
    Base::read(index, room.data(), flags, 0,
               thrower(Operation::lookup, index, detail::to_underlying(flags)));
    return room.value();
  }
  /// The same; nullopt when `ec` is set.
  [[nodiscard]] std::optional<V> lookup(std::uint32_t index, LookupFlags flags,
                                        std::error_code& ec) const noexcept {
    detail::ObjectRoom<V> room;
    if (!Base::read(index, room.data(), flags, 0, setter(ec))) return std::nullopt;
    return room.value();
  }
  [[nodiscard]] std::optional<V> lookup(std::uint32_t index, std::error_code& ec) const noexcept {
    return lookup(index, {}, ec);
  }

  /// Copies the value at `index` into `value`. For large values.
  void lookup_into(std::uint32_t index, V& value, LookupFlags flags = {}) const {
    get_into(index, value, flags, thrower(Operation::lookup, index, detail::to_underlying(flags)));
  }
  /// The same; `value` is as it was when `ec` is set.
  void lookup_into(std::uint32_t index, V& value, LookupFlags flags,
                   std::error_code& ec) const noexcept {
    get_into(index, value, flags, setter(ec));
  }
  void lookup_into(std::uint32_t index, V& value, std::error_code& ec) const noexcept {
    get_into(index, value, {}, setter(ec));
  }

  /// Sets the value at `index` (BPF_MAP_UPDATE_ELEM).
  void update(std::uint32_t index, const V& value, UpdateFlags flags = UpdateFlags::any) {
    put(index, value, flags, thrower(Operation::update, index, detail::to_underlying(flags)));
  }
  void update(std::uint32_t index, const V& value, UpdateFlags flags,
              std::error_code& ec) noexcept {
    put(index, value, flags, setter(ec));
  }
  void update(std::uint32_t index, const V& value, std::error_code& ec) noexcept {
    put(index, value, UpdateFlags::any, setter(ec));
  }

 private:
  using Base = detail::KeyedMap<std::uint32_t, V>;
  using Base::map_, Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       Codec<V>::size};

  template <class Report>
  void get_into(std::uint32_t index, V& value, LookupFlags flags, Report report) const {
    if constexpr (detail::coded_as_object<V>) {
      Base::read(index, &value, flags, 0, report);
    } else {
      detail::ObjectRoom<V> room;
      if (Base::read(index, room.data(), flags, 0, report)) value = room.value();
    }
  }
  template <class Report>
  void put(std::uint32_t index, const V& value, UpdateFlags flags, Report report) {
    Base::write(index, detail::ObjectBytes<V>{value}.data(), flags, 0, report);
  }
};

}  // namespace bpfmap::inline v0
