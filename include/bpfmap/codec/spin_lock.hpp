// SPDX-License-Identifier: MIT
// Whether a value type holds a struct bpf_spin_lock. Knows no map.
#pragma once

#include <type_traits>

#include "bpfmap/codec/detail/members.hpp"

struct bpf_spin_lock;

namespace bpfmap::inline v0 {

namespace detail {

template <class T>
struct IsSpinLock : std::is_same<T, ::bpf_spin_lock> {};
// A class other than the lock, which may contain one: the kernel looks only in the value itself.
template <class T>
struct IsOtherClass : std::bool_constant<std::is_class_v<T> && !std::is_same_v<T, bpf_spin_lock>> {
};

template <class T, int index = 0>
consteval bool has_lock_from() {
  if constexpr (index == probed_members || !is_made_of<T, index + 1>())
    return false;
  else if constexpr (is_made_of<T, index, ClassProbe<IsSpinLock>>())
    return (!is_made_of<T, index, ClassProbe<IsOtherClass>>() &&
            !is_made_of<T, index, NoProbe>()) ||
           has_lock_from<T, index + 1>();
  else
    return has_lock_from<T, index + 1>();
}

template <class T>
consteval bool has_spin_lock_member() {
  // Most values are too small, or not structs: they cost nothing.
  if constexpr (!std::is_class_v<T> || !std::is_aggregate_v<T>)
    return false;
  else if constexpr (sizeof(T) < 4 || alignof(T) < 4)
    return false;
  else
    return has_lock_from<T>();
}

}  // namespace detail

/// Whether a V has a member of type `struct bpf_spin_lock`, so that typed maps read and write it
/// under that lock (BPF_F_LOCK, 5.1).
///
/// Found among the first 32 members of an aggregate, not in its bases or nested structs, where the
/// kernel does not look either. Specialise it for any other type:
///
///     template <> inline constexpr bool bpfmap::has_spin_lock<V> = true;
template <class V>
inline constexpr bool has_spin_lock = detail::has_spin_lock_member<V>();

}  // namespace bpfmap::inline v0
