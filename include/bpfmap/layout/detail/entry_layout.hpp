// SPDX-License-Identifier: MIT
// The layout of a typed map's entries, which the typed map finds by its arguments. Layer 1.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <system_error>
#include <type_traits>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/layout.hpp"
#include "bpfmap/layout/detail/describe.hpp"
#include "bpfmap/layout/detail/type_description.hpp"
#include "bpfmap/map/detail/entry_layout.hpp"

namespace bpfmap::inline v0::detail {

[[nodiscard]] std::error_code check_entries(const EntryLayout& layout,
                                            const MapInfo& info) noexcept;
[[nodiscard]] std::string report_entries(const EntryLayout& layout, const MapInfo& info);
[[nodiscard]] std::error_code describe_entries(const EntryLayout& layout, MapSpec& spec,
                                               sys::UniqueFd& btf) noexcept;

// Whether a T is looked into. A class that did not ask for it is compared by its size only.
template <class T>
inline constexpr bool is_seen = has_layout<T> || (!std::is_class_v<T> && !std::is_union_v<T>);
template <class T, std::size_t count>
inline constexpr bool is_seen<std::array<T, count>> = is_seen<T>;
template <std::size_t count>
inline constexpr bool is_seen<FixedString<count>> = true;
template <class Addr, std::size_t data_size>
inline constexpr bool is_seen<LpmKey<Addr, data_size>> = true;

// The innermost element of std::arrays; T itself when it is none.
template <class T>
struct ArrayElement {
  using type = T;
};
template <class T, std::size_t count>
struct ArrayElement<std::array<T, count>> : ArrayElement<T> {};

template <class T>
inline constexpr TypeDescription unseen{.kind = TypeKind::bytes, .size = Codec<T>::size};

template <class T>
consteval const TypeDescription* description_of() {
  if constexpr (std::is_void_v<T>)
    return nullptr;
  else if constexpr (is_seen<T>)
    return &describe<T>();
  else
    return &unseen<T>;
}

// Only who asked for a comparison gets one: a program's key may be an int, and K a std::uint32_t.
template <class T>
consteval const TypeDescription* checked_description_of() {
  if constexpr (has_layout<typename ArrayElement<T>::type>)
    return description_of<T>();
  else
    return nullptr;
}

template <class K, class V>
inline constexpr EntryLayout entry_layout_of{description_of<K>(),
                                             description_of<V>(),
                                             checked_description_of<K>(),
                                             checked_description_of<V>(),
                                             &check_entries,
                                             &report_entries,
                                             &describe_entries};

// Found by its argument, so that typed maps need not include this header.
template <class K, class V>
[[nodiscard]] consteval const EntryLayout* entry_layout(KeyAndValue<K, V>) {
  return &entry_layout_of<K, V>;
}

}  // namespace bpfmap::inline v0::detail
