// SPDX-License-Identifier: MIT
// Converts C++ values to the bytes of keys and values, and back. Knows no map.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bpfmap/codec/detail/members.hpp"
#include "bpfmap/codec/detail/padding.hpp"
#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// These contain a flag for which only some bytes are valid: std::optional, and std::variant without
// its header.
template <class T>
inline constexpr bool is_sum_type = requires(const T& t) {
  get<0>(t);
  t.valueless_by_exception();
};
template <class T>
inline constexpr bool is_sum_type<std::optional<T>> = true;

// The ranges of the standard library whose object bytes hold a pointer.
template <class T>
inline constexpr bool is_range_elsewhere = false;
template <class T>
inline constexpr bool is_range_elsewhere<std::initializer_list<T>> = true;
template <class T, std::size_t n>
inline constexpr bool is_range_elsewhere<std::span<T, n>> = true;
template <class... T>
inline constexpr bool is_range_elsewhere<std::basic_string_view<T...>> = true;
template <class... T>
inline constexpr bool is_range_elsewhere<std::basic_string<T...>> = true;
template <class... T>
inline constexpr bool is_range_elsewhere<std::vector<T...>> = true;

// A pointer is meaningless to a BPF program.
template <class T>
concept points_elsewhere = std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
                           std::is_null_pointer_v<T> || is_range_elsewhere<T>;

// A class that looks like a range, an iterator or an owning pointer, and whose members cannot be
// inspected: only its author knows whether it holds a pointer.
template <class T>
concept may_point_elsewhere =
    std::is_class_v<T> && !std::is_aggregate_v<T> && !is_sum_type<T> && (requires(const T& t) {
      t.data();
      t.size();
    } || requires(const T& t) { *t; });

// A std::atomic, without its header.
template <class T>
inline constexpr bool is_atomic = false;
template <template <class> class Atomic, class V>
inline constexpr bool is_atomic<Atomic<V>> = requires(const Atomic<V>& t) {
  { t.load() } -> std::same_as<V>;
  Atomic<V>::is_always_lock_free;
};

// Only an enumeration with a fixed underlying type holds every number of that type, and only such
// an enumeration can be initialised from an integer in braces (bool has just two numbers).
template <class T>
concept has_fixed_underlying_type =
    std::is_enum_v<T> && requires { T{0}; } && !std::same_as<std::underlying_type_t<T>, bool>;

template <class T>
consteval bool is_valid_as_bytes();

}  // namespace detail

/// Whether any sizeof(T) bytes are a valid T with the same meaning in a BPF program.
///
/// false for bool, enumerations without a fixed underlying type, std::optional, std::variant,
/// pointers, iterators and long double, for a std::atomic of these, and for structs and arrays that
/// hold one; also for a class with private members that has data() and size(), or a unary
/// operator*, because it may hold a pointer. The search covers the first 32 members of an aggregate
/// and of the aggregates in it, and the first member of a union; it cannot inspect the members of
/// other classes. Instead, use std::uint8_t for a bool, `enum E : std::uint32_t`, std::uint64_t for
/// a pointer, and double for a long double. Specialise it where every writer of the map is known to
/// write valid members:
///
///     template <> inline constexpr bool bpfmap::valid_as_bytes<Settings> = true;
template <class T>
inline constexpr bool valid_as_bytes = detail::is_valid_as_bytes<T>();

namespace detail {

template <class T>
struct IsInvalidAsBytes : std::bool_constant<!valid_as_bytes<T>> {};

template <class T>
consteval bool is_valid_as_bytes() {
  if constexpr (std::is_array_v<T>)
    return valid_as_bytes<std::remove_all_extents_t<T>>;
  else if constexpr (std::is_enum_v<T>)
    return has_fixed_underlying_type<T>;
  else if constexpr (std::is_scalar_v<T>)
    // A long double has padding, bits that are no number, and another size in a BPF program.
    return std::is_arithmetic_v<T> && !std::same_as<std::remove_cv_t<T>, bool> &&
           !std::same_as<std::remove_cv_t<T>, long double>;
  else if constexpr (points_elsewhere<T> || may_point_elsewhere<T> || is_sum_type<T>)
    return false;
  else if constexpr (is_atomic<T>)
    return valid_as_bytes<typename T::value_type>;
  else if constexpr (std::is_aggregate_v<T> && !std::is_empty_v<T>)
    return !has_member_from<T, IsInvalidAsBytes>();
  else
    return true;
}

}  // namespace detail

/// A type that a map stores as it lies in memory: trivially copyable, default-initializable, valid
/// for any bytes (valid_as_bytes), and not a bare array (a std::array is accepted; so is an array
/// in a struct).
template <class T>
concept bytewise =
    std::is_trivially_copyable_v<T> && std::default_initializable<T> && !std::is_const_v<T> &&
    !std::is_volatile_v<T> && !std::is_empty_v<T> && !std::is_array_v<T> && valid_as_bytes<T>;

/// The layout of a T in a map. Specialise it for a type that is not stored as it lies in memory, as
/// with fmt::formatter:
///
///     template <> struct bpfmap::Codec<Name> {
///       static constexpr std::size_t size = 16;  // bytes in the map
///       static void encode(const Name&, std::span<std::byte, size> zeroed) noexcept;
///       static Name decode(std::span<const std::byte, size>) noexcept;
///     };
///
/// Both must be noexcept: they run in operations that do not throw, and after an entry was removed
/// from the map. Without a specialisation, a trivially copyable T is stored as it lies in memory:
/// natural C alignment, array fields included, as clang lays out the same struct for a BPF program.
/// Its padding is written as zeros, if it has up to 4096 bytes and, with clang, a constexpr default
/// constructor and no bit-field or union; else with what is in memory there: see zeroed_padding.
template <class T>
struct Codec;

template <bytewise T>
struct Codec<T> {
  static constexpr bool is_object_layout = true;
  static constexpr std::size_t size = sizeof(T);
  static void encode(const T& value, std::span<std::byte, size> out) noexcept {
    detail::copy_members(value, out.data());
  }
  static T decode(std::span<const std::byte, size> in) noexcept {
    T value;
    std::memcpy(&value, in.data(), size);
    return value;
  }
};

namespace detail {

template <class T>
concept bool_or_enum_of_bool =
    std::same_as<T, bool> || (std::is_enum_v<T> && std::same_as<std::underlying_type_t<T>, bool>);

}  // namespace detail

/// One byte, 0 or 1; any other byte is decoded as true (a bool object with such a byte would be
/// undefined behaviour).
template <detail::bool_or_enum_of_bool T>
struct Codec<T> {
  static constexpr std::size_t size = 1;
  static void encode(T value, std::span<std::byte, size> out) noexcept {
    out[0] = static_cast<std::byte>(value);
  }
  static T decode(std::span<const std::byte, size> in) noexcept {
    return static_cast<T>(in[0] != std::byte{0});
  }
};

namespace detail {

// Whether Codec<T> hands the object's own bytes to the kernel, so that no copy is needed.
template <class T>
concept coded_as_object = requires { requires Codec<T>::is_object_layout; };

// Whether the kernel reads the object's own bytes. Those of a T with padding are copied, so that
// what the padding holds does not leak into the map.
template <class T>
concept written_as_object = coded_as_object<T> && !has_padding<T>;

// Whether somebody gave T a layout of its own, which then counts wherever a T is converted.
template <class T>
concept has_own_codec = !coded_as_object<T> && requires { Codec<T>::size; };

template <class T>
concept coded_by_user =
    has_own_codec<T> && requires(const T& value, std::span<std::byte, Codec<T>::size> out,
                                 std::span<const std::byte, Codec<T>::size> in) {
      { Codec<T>::encode(value, out) } noexcept;
      { Codec<T>::decode(in) } noexcept -> std::same_as<T>;
    };

// A Codec that lacks only a noexcept.
template <class T>
concept coded_by_throwing = has_own_codec<T> && !coded_by_user<T> &&
                            requires(const T& value, std::span<std::byte, Codec<T>::size> out,
                                     std::span<const std::byte, Codec<T>::size> in) {
                              Codec<T>::encode(value, out);
                              { Codec<T>::decode(in) } -> std::same_as<T>;
                            };

}  // namespace detail

/// A type that can be a value: it has a Codec of its own, or the default one.
template <class T>
concept encodable = detail::coded_as_object<T> || detail::coded_by_user<T>;

/// A type that can be a key. Hash keys are compared byte by byte, so every byte must belong to a
/// member: a struct with padding is refused (equal keys could compare unequal because of their
/// padding), and so are float and double (0.0 and -0.0 are equal). Instead, name the padding
/// (`std::uint8_t pad[3] = {};`), or specialise Codec<T>, which encodes into zeroed bytes, as
/// zeroed_padding<T> does.
template <class T>
concept encodable_as_key =
    detail::coded_by_user<T> ||
    (detail::coded_as_object<T> && std::has_unique_object_representations_v<T>);

namespace detail {

// Fails to compile with the one reason why a T cannot be a value, and the remedy.
template <class T>
consteval bool check_encodable() {
  if constexpr (!encodable<T>) {
    static_assert(!std::is_array_v<T>,
                  "bpfmap: a bare array cannot be a key or a value, because functions cannot "
                  "return arrays. Use std::array, or a struct that holds the array.");
    static_assert(!coded_by_throwing<T>,
                  "bpfmap: encode() and decode() of a bpfmap::Codec must be noexcept. Check "
                  "before the call what may fail, or encode a placeholder.");
    static_assert(!points_elsewhere<T>,
                  "bpfmap: a key or a value cannot point elsewhere: the address means nothing to "
                  "a BPF program. Use std::array or bpfmap::FixedString.");
    static_assert(!may_point_elsewhere<T> || coded_by_throwing<T> || valid_as_bytes<T>,
                  "bpfmap: this class has data() and size(), or operator*, and may hold a pointer, "
                  "which means nothing to a BPF program. Use std::array or bpfmap::FixedString; "
                  "for a class that holds its bytes itself, specialise bpfmap::valid_as_bytes or "
                  "bpfmap::Codec.");
    static_assert(
        std::is_array_v<T> || coded_by_throwing<T> || points_elsewhere<T> ||
            may_point_elsewhere<T> || valid_as_bytes<T>,
        "bpfmap: not every byte is a valid member of this type: it is or holds a bool, a "
        "std::optional, a pointer, a long double or an enumeration without a fixed underlying "
        "type. Use std::uint8_t for a bool, std::uint64_t for a pointer and double for a long "
        "double, write `enum E : std::uint32_t`, or specialise bpfmap::valid_as_bytes.");
    static_assert(std::is_array_v<T> || coded_by_throwing<T> || !valid_as_bytes<T> ||
                      std::is_trivially_copyable_v<T>,
                  "bpfmap: a key or a value is trivially copyable, or has a bpfmap::Codec.");
    static_assert(std::is_array_v<T> || coded_by_throwing<T> || !valid_as_bytes<T> ||
                      !std::is_trivially_copyable_v<T> || bytewise<T>,
                  "bpfmap: a key or a value is neither const, volatile nor empty, holds no "
                  "reference, and has a default constructor, or a bpfmap::Codec.");
  }
  static_assert(!coded_as_object<T> || std::is_move_constructible_v<T>,
                "bpfmap: a key or a value is returned by value, and this type cannot be. Use V for "
                "a std::atomic<V>; MappedArray<V> has atomic(), load() and store().");
  return true;
}

// As above, for a key.
template <class T>
consteval bool check_encodable_as_key() {
  if constexpr (check_encodable<T>() && encodable<T>)
    static_assert(encodable_as_key<T>,
                  "bpfmap: this key has padding or floating point, and a map compares keys byte "
                  "by byte: equal keys could compare unequal. Name the padding as a member "
                  "(std::uint8_t pad[3] = {};), or derive its bpfmap::Codec from "
                  "bpfmap::zeroed_padding (bpfmap/layout/zeroed_padding.hpp).");
  return true;
}

}  // namespace detail

}  // namespace bpfmap::inline v0
