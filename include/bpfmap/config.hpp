// SPDX-License-Identifier: MIT
// What a translation unit must be built with. Every header includes this one, directly or not,
// before anything that would fail less clearly. Below every layer.
#pragma once

#if __cplusplus < 202002L
#error "bpfmap needs C++20: compile with -std=c++20 or newer"
// #error alone does not end a translation unit, and hundreds of errors would follow.
#include <bpfmap needs C++20: compile with -std=c++20 or newer>
#endif

#ifndef __linux__
#error "bpfmap needs Linux"
#endif

// These macros change the layout of the standard containers. A program and a library that disagree
// about them crash, so that they must not link.
namespace bpfmap::inline v0::detail {

#if defined(_GLIBCXX_DEBUG)
extern const char libbpfmap_was_built_with_GLIBCXX_DEBUG;
[[gnu::used]] inline constexpr const char* must_link_GLIBCXX_DEBUG =
    &libbpfmap_was_built_with_GLIBCXX_DEBUG;
#else
extern const char libbpfmap_was_built_without_GLIBCXX_DEBUG;
[[gnu::used]] inline constexpr const char* must_link_no_GLIBCXX_DEBUG =
    &libbpfmap_was_built_without_GLIBCXX_DEBUG;
#endif

}  // namespace bpfmap::inline v0::detail
