// SPDX-License-Identifier: MIT
// PerCpuArrayMap: BPF_MAP_TYPE_PERCPU_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/percpu.hpp"

namespace bpfmap::inline v0 {

/// An array of one V for each possible CPU: BPF_MAP_TYPE_PERCPU_ARRAY (4.6). Every index below
/// size() has values, zero at first, and none can be erased.
///
/// Written with one V, every CPU gets it; written with PerCpuValues<V>, each CPU its own. Read as
/// PerCpuValues<V>: a polling loop that passes the same one to lookup_into allocates nothing. A
/// scan shows PerCpuView<V>. Otherwise as ArrayMap.
template <class V>
class PerCpuArrayMap : public detail::PerCpuKeyedMap<std::uint32_t, V> {
 public:
  /// Empty.
  PerCpuArrayMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type, wrong_key_size, wrong_value_size) when it
  /// is not a per-CPU array of V.
  explicit PerCpuArrayMap(Map map) : Base(std::move(map), requirement) {}
  PerCpuArrayMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new array of `max_entries` per-CPU values; type and sizes are filled in.
  [[nodiscard]] static PerCpuArrayMap create(MapSpec spec) {
    return PerCpuArrayMap{Base::create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static PerCpuArrayMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = Base::create_map(std::move(spec), requirement, ec);
    return ec ? PerCpuArrayMap{} : PerCpuArrayMap{std::move(map), ec};
  }

  /// Entries: max_entries.
  [[nodiscard]] std::uint32_t size() const noexcept { return map_.info().max_entries; }

  /// The value at `index` on each CPU (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] PerCpuValues<V> lookup(std::uint32_t index) const {
    PerCpuValues<V> values;
    lookup_into(index, values);
    return values;
  }
  /// The same; nullopt when `ec` is set.
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup(std::uint32_t index,
                                                      std::error_code& ec) const noexcept {
    return detail::without_bad_alloc(ec, [&]() -> std::optional<PerCpuValues<V>> {
      PerCpuValues<V> values;
      lookup_into(index, values, ec);
      return ec ? std::nullopt : std::optional{std::move(values)};
    });
  }

  /// Copies the value at `index` on each CPU into `values`, and allocates nothing.
  void lookup_into(std::uint32_t index, PerCpuValues<V>& values) const {
    Base::read(index, detail::slots_of(values), {}, 0, thrower(Operation::lookup, index));
  }
  void lookup_into(std::uint32_t index, PerCpuValues<V>& values,
                   std::error_code& ec) const noexcept {
    void* const slots = detail::slots_of(values, ec);
    if (slots == nullptr && ec) return;
    Base::read(index, slots, {}, 0, setter(ec));
  }

 private:
  using Base = detail::PerCpuKeyedMap<std::uint32_t, V>;
  using Base::map_, Base::setter, Base::thrower;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::percpu_array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t),
                                                       Codec<V>::size};
};

}  // namespace bpfmap::inline v0
