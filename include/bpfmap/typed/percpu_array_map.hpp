// SPDX-License-Identifier: MIT
// PerCpuArrayMap: BPF_MAP_TYPE_PERCPU_ARRAY. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/typed/base/percpu_update_operations.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// An array of one V per possible CPU: BPF_MAP_TYPE_PERCPU_ARRAY (4.6). Every index below
/// max_entries() has values, initially zero, and no entry can be erased.
///
/// Values are read as PerCpuValues<V>: a polling loop that passes the same object to lookup_into()
/// allocates nothing. A scan shows PerCpuView<V>. Otherwise it is like ArrayMap.
template <class V>
class PerCpuArrayMap : public TypedMap<PerCpuArrayMap<V>>,
                       public PerCpuUpdateOperations<PerCpuArrayMap<V>, std::uint32_t, V> {
 public:
  using TypedMap<PerCpuArrayMap>::TypedMap;

  /// Returns the value at `index` on each CPU (BPF_MAP_LOOKUP_ELEM, 4.6).
  [[nodiscard]] PerCpuValues<V> lookup(argument<std::uint32_t> index) const {
    PerCpuValues<V> values;
    lookup_into(index, values);
    return values;
  }
  /// As above; nullopt when `ec` is set.
  [[nodiscard]] std::optional<PerCpuValues<V>> lookup(argument<std::uint32_t> index,
                                                      std::error_code& ec) const noexcept {
    auto values = detail::new_slots<V>(this->map(), Operation::lookup, ec);
    if (values) lookup_into(index, *values, ec);
    if (ec) values.reset();
    return values;
  }

  /// Copies the value at `index` on each CPU into `values`, and allocates nothing.
  void lookup_into(argument<std::uint32_t> index, PerCpuValues<V>& values) const {
    std::error_code ec = detail::no_error();
    lookup_into(index, values, ec);
    detail::throw_if(ec);
  }
  /// As above; leaves `values` unchanged when `ec` is set.
  void lookup_into(argument<std::uint32_t> index, PerCpuValues<V>& values,
                   std::error_code& ec) const noexcept {
    if (!detail::fit(this->map(), Operation::lookup, ec, index)) return;
    void* const slots = detail::slots_of(this->map(), Operation::lookup, values, ec);
    if (slots != nullptr) (void)detail::lookup_element<0>(this->map(), index.value(), slots, 0, ec);
  }

 private:
  friend TypedMap<PerCpuArrayMap>;
  static constexpr std::array types{MapType::percpu_array};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t), Codec<V>::size};
};

}  // namespace bpfmap::inline v0
