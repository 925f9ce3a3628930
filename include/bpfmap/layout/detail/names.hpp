// SPDX-License-Identifier: MIT
// The names of types, as the compiler prints them. Knows no map.
#pragma once

#include <cstddef>
#include <string_view>

#include "bpfmap/config.hpp"

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

}  // namespace bpfmap::inline v0::detail
