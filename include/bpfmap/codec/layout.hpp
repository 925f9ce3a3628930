// SPDX-License-Identifier: MIT
// Layout<T>: whether, and how, a T is held against the BTF of a map. Knows no map.
#pragma once

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// Specialise it beside a struct, and typed maps hold the struct against the BTF of every map that
/// they are constructed over, and create maps whose BTF describes it. Include
/// bpfmap/layout/layout.hpp, which finds the members by itself:
///
///     template <> struct bpfmap::Layout<FlowStats> : bpfmap::Reflected {};
///
/// A type without a specialisation costs nothing, and only its size is compared.
template <class T>
struct Layout;

/// Passed to a typed map's constructor, it leaves out the comparison with the map's BTF:
/// `HashMap<K, V> flows{Map::open_pinned(path), unchecked_layout}`.
struct UncheckedLayout {};
inline constexpr UncheckedLayout unchecked_layout{};

namespace detail {

template <class T>
concept has_layout = requires { sizeof(Layout<T>); };

// The argument by which a typed map finds what layout/ has for its key and value.
template <class K, class V>
struct KeyAndValue {};

}  // namespace detail
}  // namespace bpfmap::inline v0
