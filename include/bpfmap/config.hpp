// SPDX-License-Identifier: MIT
// Checks how a translation unit is built. Every header includes this one first, directly or
// indirectly, so that a wrong build fails with a clear message. Below every layer.
#pragma once

#if __cplusplus < 202002L
#error "bpfmap needs C++20: compile with -std=c++20 or newer"
// #error alone does not stop the compiler, which would report hundreds of further errors.
#include <bpfmap needs C++20: compile with -std=c++20 or newer>
#endif

#ifndef __linux__
#error "bpfmap needs Linux"
#endif

// These macros change the layout of the standard containers. A program and a library that disagree
// about them would crash, so they must not link.
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
