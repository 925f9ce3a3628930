# cmake -P cmake/generate_binding.cmake
#
# Writes include/bpfmap/layout/detail/binding.hpp: a structured binding for each number of members.
cmake_minimum_required(VERSION 3.24)

set(most 64)
set(text [[
// SPDX-License-Identifier: MIT
// Made by cmake/generate_binding.cmake. A structured binding for each number of members.
#pragma once

#include <cstddef>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// The largest number of members that reflection sees.
inline constexpr std::size_t max_bound_members = @most@;

// visit() calls f with the members of an aggregate, and point() with their addresses, which
// bit-fields do not have. References to members of a packed struct need not be aligned, and are not
// read. g++ copies a packed member for a reference to it, but points to it. A
// compiler shows the line that it refuses, hence the comments in them.
template <std::size_t count>
struct Binding;

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Waddress-of-packed-member"
]])
string(CONFIGURE "${text}" text @ONLY)
set(note "/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ ")
set(names "")
set(addresses "")
set(sep "")
foreach(i RANGE 1 ${most})
  math(EXPR last "${i} - 1")
  string(APPEND names "${sep}m${last}")
  string(APPEND addresses "${sep}&m${last}")
  set(sep ", ")
  string(APPEND text "template <> struct Binding<${i}> {
  template <class T, class F> __attribute__((no_sanitize(\"alignment\"))) static constexpr auto visit(T& object, F f) {
    auto& [${note}${names}] = object;
    return f(${names});
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [${note}${names}] = object;
    return f(${note}${addresses});
  }
};
")
endforeach()
string(APPEND text "#pragma GCC diagnostic pop
// clang-format on

}  // namespace bpfmap::inline v0::detail
")
file(WRITE "${CMAKE_CURRENT_LIST_DIR}/../include/bpfmap/layout/detail/binding.hpp" "${text}")
