// SPDX-License-Identifier: MIT
// Counts the members of an aggregate, and finds its bit-fields, when compiling. Knows no map.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// The scalar whose bits are all one, but for the sign of a signed one: no bit-field that is
// narrower than its type holds it.
template <class T>
consteval T full_value() {
  if constexpr (std::is_enum_v<T>)
    return static_cast<T>(full_value<std::underlying_type_t<T>>());
  else if constexpr (std::is_same_v<T, bool>)
    return true;
  else if constexpr (static_cast<T>(-1) > T{0})
    return static_cast<T>(-1);
  else
    return static_cast<T>(~(T{1} << (sizeof(T) * 8 - 1)));
}

// An integer, or an enumeration that holds every number of its underlying type.
template <class T>
concept has_full_value =
    has_fixed_underlying_type<T> || std::is_same_v<T, bool> ||
    (!std::is_enum_v<T> && !std::is_class_v<T> && !std::is_union_v<T> && requires(T t) { t % t; });

// Initialises any member, with its full_value(). In braces of its own, it cannot initialise more
// than one: an array takes all its elements from one pair of braces.
struct AnyMember {
  template <class T>
  constexpr operator T() const noexcept {
    if constexpr (has_full_value<T>)
      return full_value<T>();
    else
      return T{};
  }
};
struct AnyMembers {
  [[nodiscard]] constexpr AnyMember at(std::size_t) const noexcept { return {}; }
};

// Initialises any member, with all bits one or all zero.
struct OnesOrZeros {
  bool ones;
  template <class T>
  constexpr operator T() const noexcept {
    if constexpr (std::is_enum_v<T> && has_full_value<T>)
      return static_cast<T>(std::underlying_type_t<T>{*this});
    else if constexpr (has_full_value<T>)
      return ones ? static_cast<T>(-1) : T{};
    else
      return T{};
  }
};
struct OnesInOne {
  std::size_t member;
  [[nodiscard]] constexpr OnesOrZeros at(std::size_t index) const noexcept {
    return {index == member};
  }
};

// Braces cannot initialise a struct without named members, such as the kernel's struct bpf_timer:
// its initialiser has none, which no array accepts. `Runs` are the members before the first such
// struct, after it, and after the second one.
template <std::size_t... lengths>
struct Runs {
  static constexpr std::size_t count = (lengths + ... + (sizeof...(lengths) - 1));
};

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wmissing-braces"
#pragma GCC diagnostic ignored "-Wbitfield-constant-conversion"
#pragma GCC diagnostic ignored "-Wbitfield-enum-conversion"
#else
#pragma GCC diagnostic ignored "-Woverflow"
#pragma GCC diagnostic ignored "-Wconversion"
#endif
template <class T, class M, std::size_t... a>
constexpr T make(M m, std::index_sequence<a...>) { return T{{m.at(a)}...}; }
template <class T, class M, std::size_t... a, std::size_t... b>
constexpr T make(M m, std::index_sequence<a...>, std::index_sequence<b...>) {
  return T{{m.at(a)}..., m.at(sizeof...(a)), {m.at(b + sizeof...(a) + 1)}...};
}
template <class T, class M, std::size_t... a, std::size_t... b, std::size_t... c>
constexpr T make(M m, std::index_sequence<a...>, std::index_sequence<b...>, std::index_sequence<c...>) {
  return T{{m.at(a)}..., m.at(sizeof...(a)), {m.at(b + sizeof...(a) + 1)}...,
           m.at(sizeof...(a) + sizeof...(b) + 1), {m.at(c + sizeof...(a) + sizeof...(b) + 2)}...};
}
template <class T, class M, std::size_t... a>
void construct(void* at, M m, std::index_sequence<a...>) noexcept {
  ::new (at) T{{m.at(a)}...};
}
template <class T, class M, std::size_t... a, std::size_t... b>
void construct(void* at, M m, std::index_sequence<a...>, std::index_sequence<b...>) noexcept {
  ::new (at) T{{m.at(a)}..., m.at(sizeof...(a)), {m.at(b + sizeof...(a) + 1)}...};
}
template <class T, class M, std::size_t... a, std::size_t... b, std::size_t... c>
void construct(void* at, M m, std::index_sequence<a...>, std::index_sequence<b...>, std::index_sequence<c...>) noexcept {
  ::new (at) T{{m.at(a)}..., m.at(sizeof...(a)), {m.at(b + sizeof...(a) + 1)}...,
           m.at(sizeof...(a) + sizeof...(b) + 1), {m.at(c + sizeof...(a) + sizeof...(b) + 2)}...};
}
#pragma GCC diagnostic pop
// Whether make() would compile.
template <class T, std::size_t... a>
consteval bool accepts(std::index_sequence<a...>) {
  return requires(AnyMembers m) { T{{m.at(a)}...}; };
}
template <class T, std::size_t... a, std::size_t... b>
consteval bool accepts(std::index_sequence<a...>, std::index_sequence<b...>) {
  return requires(AnyMembers m) { T{{m.at(a)}..., m.at(0), {m.at(b)}...}; };
}
template <class T, std::size_t... a, std::size_t... b, std::size_t... c>
consteval bool accepts(std::index_sequence<a...>, std::index_sequence<b...>, std::index_sequence<c...>) {
  return requires(AnyMembers m) { T{{m.at(a)}..., m.at(0), {m.at(b)}..., m.at(0), {m.at(c)}...}; };
}
// clang-format on

template <class T, std::size_t... lengths>
inline constexpr bool accepts_runs = accepts<T>(std::make_index_sequence<lengths>{}...);

// The length of the last run: at least `low`, and less than `high`.
template <class T, std::size_t low, std::size_t high, std::size_t... before>
consteval std::size_t length_between() {
  constexpr std::size_t middle = low + (high - low) / 2;
  if constexpr (middle == low)
    return low;
  else if constexpr (accepts_runs<T, before..., middle>)
    return length_between<T, middle, high, before...>();
  else
    return length_between<T, low, middle, before...>();
}
template <class T, std::size_t guess, std::size_t... before>
consteval std::size_t length_from() {
  if constexpr (accepts_runs<T, before..., guess>)
    return length_from<T, guess * 2, before...>();
  else
    return length_between<T, guess == 4 ? 0 : guess / 2, guess, before...>();
}
template <class T, std::size_t... before>
consteval auto find_runs() {
  constexpr std::size_t length = length_from<T, 4, before...>();
  if constexpr (sizeof...(before) == 2)
    return Runs<before..., length>{};
  else if constexpr (accepts_runs<T, before..., length, 0>)
    return find_runs<T, before..., length>();
  else
    return Runs<before..., length>{};
}

template <class T>
using runs = decltype(find_runs<T>());

// The number of members of an aggregate, and of its direct bases.
template <class T>
inline constexpr std::size_t member_count = runs<T>::count;

template <class T, std::size_t... lengths>
consteval T fill(Runs<lengths...>) {
  return make<T>(AnyMembers{}, std::make_index_sequence<lengths>{}...);
}
// Constructed in place: a copy need not keep the bytes between the members.
template <class T, std::size_t... lengths>
void set_ones(void* at, std::size_t member, Runs<lengths...>) noexcept {
  std::memset(at, 0, sizeof(T));
  construct<T>(at, OnesInOne{member}, std::make_index_sequence<lengths>{}...);
}

// Initialises a direct base of T, and no member.
template <class T>
struct AnyBase {
  template <class Base>
    requires std::is_base_of_v<Base, T> && (!std::is_same_v<Base, T>)
  operator Base() const noexcept;
};
template <class T>
concept has_base = requires { T{AnyBase<T>{}}; };

// A T with a full_value() in every scalar member. Never used at run time, so that it takes no
// space.
template <class T>
inline constexpr T filled = fill<T>(runs<T>{});

// Whether a member of filled<T> is a bit-field narrower than its type.
template <class M>
constexpr bool is_truncated(const M& member) noexcept {
  if constexpr (has_full_value<M>)
    return member != full_value<M>();
  else
    return false;
}

}  // namespace bpfmap::inline v0::detail
