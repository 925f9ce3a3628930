// SPDX-License-Identifier: MIT
// The members and enumerators of a type by structured bindings and __PRETTY_FUNCTION__. Knows no
// map.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/config.hpp"
#include "bpfmap/layout/detail/aggregate.hpp"
#include "bpfmap/layout/detail/binding.hpp"
#include "bpfmap/layout/detail/blank.hpp"
#include "bpfmap/layout/detail/names.hpp"
#include "bpfmap/layout/detail/type_description.hpp"

namespace bpfmap::inline v0::detail {

template <class T>
constexpr const TypeDescription& describe() noexcept;

// Stands for the address of a bit-field.
inline constexpr char bpfmap_no_name = 0;

// The addresses of the members of a constant object. In rows, because
// clang prints no more than ten elements of an array.
template <std::size_t rows>
struct MemberAddresses {
  struct Row {
    const void* at[8];
  } row[rows];
};

template <class T, MemberAddresses members>
constexpr const char* print_members() {
  return __PRETTY_FUNCTION__;
}

// Finds the names in what print_members() returns: from clang "[T = S, members = {{{{&filled.pid,
// &bpfmap_no_name, ...}}}}]"; from g++ "[with T = S; MemberAddresses<...auto...> members =
// MemberAddresses<1>{MemberAddresses<1>::Row [1]{MemberAddresses<1>::Row{const void* [8]{((const
// void*)(& filled<S>.S::pid)), ...}}}}]".
inline void take_member_names(std::string_view text, std::size_t addresses,
                              std::span<MemberDescription> into) noexcept {
  for (std::size_t i = addresses; i > 0; --i) {
    int depth = 0;
    for (; !text.empty() && !is_identifier_char(text.back()); text.remove_suffix(1))
      if (text.back() == ')') ++depth;
    const std::string_view name = last_identifier(text);
    if (i <= into.size() && name != "bpfmap_no_name") into[i - 1].name = name;
    for (; !text.empty() && (text.back() != ',' || depth != 0); text.remove_suffix(1))
      if (text.back() != '{' && text.back() != '}') depth -= nesting(text.back());
  }
}

// Where enumerators are searched: small numbers, and flags.
inline constexpr std::int64_t first_searched = -8;
inline constexpr std::size_t small_searched = 136;
template <class E>
inline constexpr std::size_t searched = small_searched + sizeof(E) * 8 - 7;

template <class E>
constexpr E searched_at(std::size_t index) {
  const auto number =
      index < small_searched
          ? static_cast<std::uint64_t>(first_searched + static_cast<std::int64_t>(index))
          : std::uint64_t{128} << (index - small_searched);
  return static_cast<E>(static_cast<std::underlying_type_t<E>>(number));
}

template <class E, E... v>
constexpr const char* print_enumerators() {
  return __PRETTY_FUNCTION__;
}
template <class E, std::size_t... i>
constexpr std::string_view print_searched(std::index_sequence<i...>) {
  return print_enumerators<E, searched_at<E>(i)...>();
}

// The end of an item in a list such as "S::a, (S)2, (S)3}]".
constexpr const char* end_of_item(const char* at) noexcept {
  for (int depth = 0; depth > 0 || (*at != ',' && *at != '}' && *at != '>'); ++at)
    depth += nesting(*at);
  return at;
}

// The indices and names of the items that are no casts. Compilers evaluate this character by
// character: casts, which differ in the number alone, are skipped.
template <std::size_t count>
struct NamedItems {
  std::size_t found = 0;
  std::size_t index[count]{};
  std::string_view name[count]{};

  constexpr explicit NamedItems(const char* at) noexcept {
    std::size_t cast = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (cast != 0 && at[cast - 1] == ')' && *at == '(' && at[cast] >= '-' && at[cast] <= '9') {
        for (at += cast; *at != ',' && *at != '}' && *at != '>'; ++at) continue;
      } else {
        const char* const end = end_of_item(at);
        const std::string_view item(at, static_cast<std::size_t>(end - at));
        if (const std::string_view last = last_identifier(item); !last.empty()) {
          index[found] = i;
          name[found++] = last;
        } else {
          cast = item.rfind(')') + 1;
        }
        at = end;
      }
      at += 2;  // the comma and the space
    }
  }
};

template <class E>
constexpr auto find_enumerators() {
  using Number = std::underlying_type_t<E>;
  constexpr std::string_view text = print_searched<E>(std::make_index_sequence<searched<E>>{});
  constexpr NamedItems<searched<E>> items{text.data() + text.find("v = ") + 5};
  std::array<Enumerator, items.found> result{};
  for (std::size_t i = 0; i < items.found; ++i) {
    const auto number = static_cast<Number>(searched_at<E>(items.index[i]));
    std::size_t at = i;
    for (; at > 0 && number < static_cast<Number>(result[at - 1].value); --at)
      result[at] = result[at - 1];
    result[at] = {items.name[i], static_cast<std::uint64_t>(number)};
  }
  return result;
}

// The enumerators that can be found, ascending by value.
template <class E>
inline constexpr auto enumerators = [] {
  if constexpr (has_fixed_underlying_type<E>)
    return find_enumerators<E>();
  else
    return std::array<Enumerator, 0>{};
}();

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

// Whether a member has no address: a bit-field, or a packed member that g++ copies.
template <class T, class M>
constexpr bool is_copied(const M& member) {
#ifdef __clang__
  return is_truncated(member);
#else
  static_assert(alignof(M) <= alignof(T) || has_full_value<std::remove_all_extents_t<M>>,
                "bpfmap: g++ cannot reflect a struct in a packed struct that has bit-fields. Give "
                "bpfmap::Layout<T> its members.");
  return is_truncated(member) || alignof(M) > alignof(T);
#endif
}

template <class T>
constexpr auto find_places() {
  if constexpr (!has_bit_fields<T>)
    return Binding<member_count<T>>::point(blank<T>.value, []<class... M>(M*... member) {
      return Places<sizeof...(M)>{{member...}, {&describe<M>()...}};
    });
  else
    return Binding<member_count<T>>::visit(filled<T>, []<class... M>(const M&... member) {
      return Places<sizeof...(M)>{
          {(is_copied<T>(member) ? nullptr : __builtin_addressof(member))...}, {&describe<M>()...}};
    });
}
// Compilers show this line for a bit-field that is_truncated() does not see.
// clang-format off
template <class T>
inline constexpr auto places /* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ = find_places<T>();
// clang-format on

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
      ((addresses[i++] = __builtin_addressof(member)), ...);
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

// Whether no member of a T has a name, as in the kernel's struct bpf_timer.
template <class T>
inline constexpr bool is_opaque = member_count<T> == 0;

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

// Only Layout<T> knows the members of a union.
template <class T>
inline constexpr bool sees_union = false;

}  // namespace bpfmap::inline v0::detail
