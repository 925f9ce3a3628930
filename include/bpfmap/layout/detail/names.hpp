// SPDX-License-Identifier: MIT
// The names of types, members and enumerators, as the compiler prints them. Knows no map.
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
#include "bpfmap/layout/detail/type_description.hpp"

namespace bpfmap::inline v0::detail {

constexpr bool is_identifier_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// The identifier at the end of `text`; empty when it is a number.
constexpr std::string_view last_identifier(std::string_view text) noexcept {
  std::size_t begin = text.size();
  while (begin > 0 && is_identifier_char(text[begin - 1])) --begin;
  text.remove_prefix(begin);
  return text.empty() || (text[0] >= '0' && text[0] <= '9') ? std::string_view{} : text;
}

// Follows the nesting of brackets, from either end of a text.
constexpr int nesting(char c) noexcept {
  if (c == '(' || c == '<' || c == '{') return 1;
  return c == ')' || c == '>' || c == '}' ? -1 : 0;
}

template <class T>
constexpr const char* print_type() {
  return __PRETTY_FUNCTION__;
}

// The name of a class or an enumeration without its namespaces and template arguments; empty when
// it has none.
template <class T>
constexpr std::string_view type_name() {
  std::string_view text = print_type<T>();
  text.remove_prefix(text.find("T = ") + 4);
  text.remove_suffix(1);
  int depth = 0;
  std::size_t begin = 0;
  std::size_t end = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' && depth == 0) end = i;
    depth += nesting(text[i]);
    if (text[i] == ':' && depth == 0) {
      begin = i + 1;
      end = text.size();
    }
  }
  return last_identifier(text.substr(begin, end - begin));
}

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
  const std::string_view text = print_enumerators<E, searched_at<E>(i)...>();
  return text.substr(text.find("v = ") + 5);
}

// Calls f(index, name) for the names in a list such as "S::a, S::b, (S)2}]".
template <class F>
constexpr void for_each_name(std::string_view text, F f) {
  int depth = 0;
  std::size_t begin = 0;
  std::size_t index = 0;
  for (std::size_t i = 0; i < text.size() && depth >= 0; ++i) {
    depth += nesting(text[i]);
    if (depth < 0 || (depth == 0 && text[i] == ',')) {
      const std::string_view name = last_identifier(text.substr(begin, i - begin));
      if (!name.empty()) f(index, name);
      begin = i + 1;
      ++index;
    }
  }
}

template <class E>
constexpr auto find_enumerators() {
  constexpr std::string_view text = print_searched<E>(std::make_index_sequence<searched<E>>{});
  constexpr std::size_t count = [](std::string_view names) {
    std::size_t n = 0;
    for_each_name(names, [&](std::size_t, std::string_view) { ++n; });
    return n;
  }(text);
  std::array<Enumerator, count> result{};
  std::size_t n = 0;
  for_each_name(text, [&](std::size_t index, std::string_view name) {
    result[n++] = {name, static_cast<std::uint64_t>(
                             static_cast<std::underlying_type_t<E>>(searched_at<E>(index)))};
  });
  return result;
}

// The enumerators of an enumeration with a fixed underlying type.
template <class E>
inline constexpr auto enumerators = find_enumerators<E>();

}  // namespace bpfmap::inline v0::detail
