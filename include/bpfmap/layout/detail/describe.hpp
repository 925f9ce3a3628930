// SPDX-License-Identifier: MIT
// describe<T>(): what a C++ type looks like in memory. Knows no map.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/layout.hpp"
#include "bpfmap/config.hpp"
#include "bpfmap/layout/detail/aggregate.hpp"
#include "bpfmap/layout/detail/binding.hpp"
#include "bpfmap/layout/detail/names.hpp"
#include "bpfmap/layout/detail/type_description.hpp"

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
    return std::is_same_v<T, float>    ? "float"
           : std::is_same_v<T, double> ? "double"
                                       : "long double";
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
  TypeDescription result{.kind = TypeKind::enumeration,
                         .is_signed = std::is_signed_v<std::underlying_type_t<T>>,
                         .name = type_name<T>(),
                         .size = sizeof(T)};
  if constexpr (has_fixed_underlying_type<T>) result.enumerators = enumerators<T>;
  return result;
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

// Memory for a T that is never constructed: only the addresses of its members are taken, and its
// bit-fields read. In .bss, because a T may be too large for the stack.
template <class T>
union Blank {
  constexpr Blank() noexcept : bytes{} {}
  std::byte bytes[sizeof(T)];
  T value;
};
template <class T>
inline constinit Blank<T> blank;

// The place of a bit-field in bytes where it alone has ones.
inline void find_bits(std::span<const std::byte> bytes, MemberDescription& into) noexcept {
  into.bit_size = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const unsigned shift = std::endian::native == std::endian::little ? bit % 8 : 7 - bit % 8;
    if ((std::to_integer<unsigned>(bytes[bit / 8]) >> shift & 1) == 0) continue;
    if (into.bit_size++ == 0) into.bit_offset = bit;
  }
  // Not a bit-field, but a packed member that g++ copied.
  if (into.bit_size == into.type->size * 8) into.bit_size = 0;
}

// Whether a member is a bit-field narrower than its type. Nothing else has padding bits or shares
// bytes, so that most structs are not searched.
template <class T>
inline constexpr bool has_bit_fields = Binding<member_count<T>>::visit(
    filled<T>, [](const auto&... member) { return (is_truncated(member) || ...); });

inline void take_places(std::span<const void* const> addresses,
                        std::span<const TypeDescription* const> types,
                        std::span<const std::byte> object,
                        std::span<MemberDescription> into) noexcept {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const auto* address = static_cast<const std::byte*>(addresses[i]);
    into[i].type = types[i];
    into[i].bit_offset = static_cast<std::uint64_t>(address - object.data()) * 8;
  }
}

// The members of an object: their addresses, nullptr for a bit-field, and their types.
template <std::size_t count>
struct Places {
  const void* addresses[count];
  const TypeDescription* types[count];

  [[nodiscard]] constexpr auto in_rows() const noexcept {
    MemberAddresses<(count + 7) / 8> result{};
    for (std::size_t i = 0; i < (count + 7) / 8 * 8; ++i)
      result.row[i / 8].at[i % 8] =
          i < count && addresses[i] != nullptr ? addresses[i] : &bpfmap_no_name;
    return result;
  }
};

template <class T>
constexpr auto find_places() {
  if constexpr (!has_bit_fields<T>)
    return Binding<member_count<T>>::point(blank<T>.value, []<class... M>(M*... member) {
      return Places<sizeof...(M)>{{member...}, {&describe<M>()...}};
    });
  else
    return Binding<member_count<T>>::visit(filled<T>, []<class... M>(const M&... member) {
      return Places<sizeof...(M)>{{(is_truncated(member) ? nullptr : std::addressof(member))...},
                                  {&describe<M>()...}};
    });
}
template <class T>
inline constexpr auto places = find_places<T>();

template <class T>
auto find_members() noexcept {
  constexpr std::size_t count = member_count<T>;
  std::array<MemberDescription, count> result{};
  take_member_names(print_members<T, places<T>.in_rows()>(), (count + 7) / 8 * 8, result);
  if constexpr (!has_bit_fields<T>) {
    take_places(places<T>.addresses, places<T>.types, blank<T>.bytes, result);
  } else {
    // The address of a bit-field is that of a copy.
    const void* addresses[count];
    Binding<count>::visit(blank<T>.value, [&addresses](const auto&... member) {
      std::size_t i = 0;
      ((addresses[i++] = std::addressof(member)), ...);
      return true;
    });
    take_places(addresses, places<T>.types, blank<T>.bytes, result);
    for (std::size_t i = 0; i < count; ++i) {
      if (result[i].bit_offset < sizeof(T) * 8) continue;
      set_ones<T>(blank<T>.bytes, i, runs<T>{});
      find_bits(blank<T>.bytes, result[i]);
    }
  }
  return result;
}

template <class T>
std::span<const MemberDescription> reflected_members() noexcept {
  static const auto members = find_members<T>();
  return members;
}

template <class T>
constexpr bool check_reflectable() {
  static_assert(std::is_aggregate_v<T>,
                "bpfmap: members that are private, or that a constructor initialises, cannot be "
                "reflected. Give bpfmap::Layout<T> its members: static constexpr auto members = "
                "std::tuple{bpfmap::member(\"pid\", &T::pid), ...}; as a friend of the class.");
  if constexpr (std::is_aggregate_v<T>) {
    static_assert(!has_base<T>,
                  "bpfmap: a struct with a base class cannot be reflected. Make the base a member, "
                  "or give bpfmap::Layout<T> its members.");
    static_assert(member_count<T> <= max_bound_members,
                  "bpfmap: a struct of more than 64 members cannot be reflected. Give "
                  "bpfmap::Layout<T> its members, or group them in structs.");
    return !has_base<T> && member_count<T> <= max_bound_members;
  }
  return false;
}

// A struct without members that can be seen, as the kernel's struct bpf_timer, keeps its name.
template <class T>
constexpr TypeDescription describe_struct() {
  TypeDescription result{.kind = TypeKind::structure, .name = type_name<T>(), .size = sizeof(T)};
  if constexpr (std::is_empty_v<T> || member_count<T> == 0)
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
        std::ranges::stable_sort(result, {}, &MemberDescription::bit_offset);
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
