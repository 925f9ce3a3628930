// SPDX-License-Identifier: MIT
// How a C++ value becomes the bytes of a key or a value, and back. Knows no map.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

namespace detail {

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t n>
inline constexpr bool is_std_array<std::array<T, n>> = true;

// A span, string or vector: its object bytes are a pointer, which means nothing to a BPF program.
template <class T>
concept points_elsewhere = std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
                           std::is_null_pointer_v<T> || (!is_std_array<T> && requires(const T& t) {
                             t.data();
                             t.size();
                           });

}  // namespace detail

/// A type whose object is its own layout: trivially copyable, and no pointer, span, string or bare
/// array (a std::array is one; so is an array in a struct).
template <class T>
concept bytewise =
    std::is_trivially_copyable_v<T> && std::default_initializable<T> && !std::is_const_v<T> &&
    !std::is_empty_v<T> && !std::is_array_v<T> && !detail::points_elsewhere<T>;

/// How a T is laid out in a map; specialise it for a type that is not its own layout, as with
/// fmt::formatter:
///
///     template <> struct bpfmap::Codec<Name> {
///       static constexpr std::size_t size = 16;  // bytes in the map
///       static void encode(const Name&, std::span<std::byte, size> zeroed) noexcept;
///       static Name decode(std::span<const std::byte, size>) noexcept;
///     };
///
/// Without one, a trivially copyable T is taken as it lies in memory: natural C alignment, array
/// fields included, as clang lays out the same struct for a BPF program.
template <class T>
struct Codec;

template <bytewise T>
struct Codec<T> {
  static constexpr bool is_object_layout = true;
  static constexpr std::size_t size = sizeof(T);
  static void encode(const T& value, std::span<std::byte, size> out) noexcept {
    std::memcpy(out.data(), &value, size);
  }
  static T decode(std::span<const std::byte, size> in) noexcept {
    T value;
    std::memcpy(&value, in.data(), size);
    return value;
  }
};

/// One byte, 0 or 1; any other byte reads as true (as an object it would be undefined behaviour).
template <>
struct Codec<bool> {
  static constexpr std::size_t size = 1;
  static void encode(bool value, std::span<std::byte, size> out) noexcept {
    out[0] = static_cast<std::byte>(value);
  }
  static bool decode(std::span<const std::byte, size> in) noexcept { return in[0] != std::byte{0}; }
};

namespace detail {

// Whether Codec<T> hands the object's own bytes to the kernel, so that no copy is needed.
template <class T>
concept coded_as_object = requires { requires Codec<T>::is_object_layout; };

template <class T>
concept coded_by_user =
    !coded_as_object<T> && requires(const T& value, std::span<std::byte, Codec<T>::size> out,
                                    std::span<const std::byte, Codec<T>::size> in) {
      Codec<T>::encode(value, out);
      { Codec<T>::decode(in) } -> std::same_as<T>;
    };

}  // namespace detail

/// A type that can be a value: one with a Codec, its own or the default.
template <class T>
concept encodable = detail::coded_as_object<T> || detail::coded_by_user<T>;

/// A type that can be a key. Hash keys are compared byte by byte, so every byte must belong to a
/// member: a struct with padding is refused (two equal keys would differ in garbage), and so are
/// float and double (0.0 and -0.0 are equal). The cure: name the padding (`std::uint8_t pad[3] =
/// {};`), or specialise Codec<T>, whose bytes start out zeroed.
template <class T>
concept encodable_as_key =
    detail::coded_by_user<T> ||
    (detail::coded_as_object<T> && std::has_unique_object_representations_v<T>);

}  // namespace bpfmap::inline v0
