// SPDX-License-Identifier: MIT
// describe<T>(): what a C++ type looks like in memory. Knows no map.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/layout.hpp"
#include "bpfmap/config.hpp"
#include "bpfmap/layout/detail/blank.hpp"
#include "bpfmap/layout/detail/names.hpp"
#include "bpfmap/layout/detail/type_description.hpp"

// C++26, for g++ 16 with -std=c++26 -freflection.
#ifdef __cpp_impl_reflection
#include "bpfmap/layout/detail/reflection_cxx26.hpp"
#else
#include "bpfmap/layout/detail/reflection_cxx20.hpp"
#endif

namespace bpfmap::inline v0 {

template <std::size_t N>
  requires(N > 0)
class FixedString;
template <class Addr, std::size_t data_size>
struct LpmKey;

namespace detail {

// How a T is described; specialised below for the types that are no plain integers and structs.
template <class T>
struct Description;

/// Returns what a T looks like in memory. Valid for ever.
template <class T>
[[nodiscard]] constexpr const TypeDescription& describe() noexcept {
  return Description<std::remove_cv_t<T>>::value;
}

// The name as clang writes it into BTF.
template <class T>
constexpr std::string_view number_name() {
  if constexpr (std::is_same_v<T, bool>) return "_Bool";
  if constexpr (std::is_floating_point_v<T>)
    return std::is_same_v<T, float>         ? "float"
           : std::is_same_v<T, double>      ? "double"
           : std::is_same_v<T, long double> ? "long double"
                                            : "__float128";
  if constexpr (std::is_same_v<T, long>) return "long";
  if constexpr (std::is_same_v<T, unsigned long>) return "unsigned long";
  constexpr bool is_signed = static_cast<T>(-1) < T{1};
  switch (sizeof(T)) {
    case 1:
      return std::is_same_v<T, char> ? "char" : is_signed ? "signed char" : "unsigned char";
    case 2:
      return is_signed ? "short" : "unsigned short";
    case 4:
      return is_signed ? "int" : "unsigned int";
    case 8:
      return is_signed ? "long long" : "unsigned long long";
    default:
      return is_signed ? "__int128" : "unsigned __int128";
  }
}

template <class T>
constexpr TypeDescription describe_number() {
  const bool is_signed = static_cast<T>(-1) < T{1};
  const TypeKind kind = std::is_same_v<T, bool>       ? TypeKind::boolean
                        : std::is_floating_point_v<T> ? TypeKind::floating
                        : std::is_same_v<T, char>     ? TypeKind::character
                                                      : TypeKind::integer;
  return {.kind = kind, .is_signed = is_signed, .name = number_name<T>(), .size = sizeof(T)};
}

template <class T>
constexpr TypeDescription describe_enum() {
  return {.kind = TypeKind::enumeration,
          .is_signed = std::is_signed_v<std::underlying_type_t<T>>,
          .name = type_name<T>(),
          .size = sizeof(T),
          .enumerators = enumerators<T>};
}

template <class T>
constexpr TypeDescription describe_array(std::size_t count) {
  if constexpr (std::is_same_v<std::remove_cv_t<T>, std::byte>)
    return {.kind = TypeKind::bytes, .size = count};
  else
    return {.kind = TypeKind::array,
            .size = Description<std::remove_cv_t<T>>::value.size * count,
            .element = &describe<T>(),
            .count = count};
}

inline std::span<const MemberDescription> no_members() noexcept { return {}; }

// A struct without members that can be seen, as the kernel's struct bpf_timer, keeps its name.
template <class T>
constexpr TypeDescription describe_struct() {
  TypeDescription result{.kind = TypeKind::structure, .name = type_name<T>(), .size = sizeof(T)};
  if constexpr (std::is_empty_v<T>)
    result.members = &no_members;
  else if constexpr (is_opaque<T>)
    result.members = &no_members;
  else if constexpr (!check_reflectable<T>())
    result.members = &no_members;
  else
    result.members = &reflected_members<T>;
  return result;
}

template <class T>
std::span<const MemberDescription> declared_members() noexcept {
  static const auto members = std::apply(
      [](const auto&... member) {
        std::array<MemberDescription, sizeof...(member)> result{member.template in<T>()...};
        for (std::size_t i = 1; i < result.size(); ++i)
          for (std::size_t at = i; at > 0 && result[at].bit_offset < result[at - 1].bit_offset;
               --at)
            std::swap(result[at], result[at - 1]);
        return result;
      },
      Layout<T>::members);
  return members;
}

// A concept, which looks for a codec only where there is no layout: that takes long to compile.
template <class T>
concept without_layout_but_codec =
    !has_layout<T> && has_own_codec<T> && !requires { Codec<T>::zeroes_padding; };

template <class T>
concept has_members_declared = requires { Layout<T>::members; };

template <class T>
constexpr TypeDescription describe_class() {
  if constexpr (has_members_declared<T>)
    return {.kind = std::is_union_v<T> ? TypeKind::union_type : TypeKind::structure,
            .name = type_name<T>(),
            .size = sizeof(T),
            .members = &declared_members<T>};
  else if constexpr (without_layout_but_codec<T>)
    return {.kind = TypeKind::bytes, .name = type_name<T>(), .size = Codec<T>::size};
  else if constexpr (std::is_union_v<T> && sees_union<T>)
    return {.kind = TypeKind::union_type,
            .name = type_name<T>(),
            .size = sizeof(T),
            .members = &reflected_members<T>};
  else if constexpr (std::is_union_v<T>)
    return {.kind = TypeKind::union_type,
            .name = type_name<T>(),
            .size = sizeof(T),
            .members = &no_members};
  else if constexpr (std::is_aggregate_v<T> || has_layout<T>)
    return describe_struct<T>();
  else
    return {.kind = TypeKind::bytes, .name = type_name<T>(), .size = sizeof(T)};
}

template <class T>
constexpr TypeDescription describe_type() {
  if constexpr (std::is_class_v<T> || std::is_union_v<T>)
    return describe_class<T>();
  else if constexpr (std::is_same_v<T, std::byte>)
    return {.kind = TypeKind::bytes, .size = 1};
  else if constexpr (bool_or_enum_of_bool<T>)
    return describe_number<bool>();
  else if constexpr (std::is_enum_v<T> && has_own_codec<T>)
    return {.kind = TypeKind::bytes, .name = type_name<T>(), .size = Codec<T>::size};
  else if constexpr (std::is_enum_v<T>)
    return describe_enum<T>();
  else if constexpr (std::is_pointer_v<T> || std::is_null_pointer_v<T>)
    return {.kind = TypeKind::pointer, .size = sizeof(T)};
  else if constexpr (std::is_member_pointer_v<T>)
    return {.kind = TypeKind::bytes, .size = sizeof(T)};
  else
    return describe_number<T>();
}

template <class T>
struct Description {
  static constexpr TypeDescription value = describe_type<T>();
};
template <class T, std::size_t count>
struct Description<T[count]> {
  static constexpr TypeDescription value = describe_array<T>(count);
};
template <class T, std::size_t count>
struct Description<std::array<T, count>> {
  static constexpr TypeDescription value = describe_array<T>(count);
};
template <class T>
  requires is_atomic<T>
struct Description<T> : Description<typename T::value_type> {};
// A `char name[N]` to a BPF program.
template <std::size_t count>
struct Description<FixedString<count>> : Description<char[count]> {};

template <class Addr, std::size_t data_size>
struct Description<LpmKey<Addr, data_size>> {
  static std::span<const MemberDescription> members() noexcept {
    static constexpr MemberDescription result[]{
        {.name = "prefixlen", .type = &describe<std::uint32_t>()},
        {.name = "data", .type = &describe<std::uint8_t[data_size]>(), .bit_offset = 32}};
    return result;
  }
  // Its name would be that of a template, which no program has.
  static constexpr TypeDescription value{
      .kind = TypeKind::structure, .size = 4 + data_size, .members = &members};
};

}  // namespace detail
}  // namespace bpfmap::inline v0
