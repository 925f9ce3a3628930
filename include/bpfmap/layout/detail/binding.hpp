// SPDX-License-Identifier: MIT
// Made by cmake/generate_binding.cmake. A structured binding for each number of members.
#pragma once

#include <cstddef>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// The largest number of members that reflection sees.
inline constexpr std::size_t max_bound_members = 64;

// visit() calls f with the members of an aggregate, and point() with their addresses, which
// bit-fields do not have. References to members of a packed struct need not be aligned, and are not
// read. g++ copies a packed member for a reference to it, but points to it. A
// compiler shows the line that it refuses, hence the comments in them.
template <std::size_t count>
struct Binding;

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Waddress-of-packed-member"
template <> struct Binding<1> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0] = object;
    return f(m0);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0);
  }
};
template <> struct Binding<2> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1] = object;
    return f(m0, m1);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1);
  }
};
template <> struct Binding<3> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2] = object;
    return f(m0, m1, m2);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2);
  }
};
template <> struct Binding<4> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3] = object;
    return f(m0, m1, m2, m3);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3);
  }
};
template <> struct Binding<5> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4] = object;
    return f(m0, m1, m2, m3, m4);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4);
  }
};
template <> struct Binding<6> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5] = object;
    return f(m0, m1, m2, m3, m4, m5);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5);
  }
};
template <> struct Binding<7> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6] = object;
    return f(m0, m1, m2, m3, m4, m5, m6);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6);
  }
};
template <> struct Binding<8> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7);
  }
};
template <> struct Binding<9> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8);
  }
};
template <> struct Binding<10> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9);
  }
};
template <> struct Binding<11> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10);
  }
};
template <> struct Binding<12> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11);
  }
};
template <> struct Binding<13> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12);
  }
};
template <> struct Binding<14> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13);
  }
};
template <> struct Binding<15> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14);
  }
};
template <> struct Binding<16> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15);
  }
};
template <> struct Binding<17> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16);
  }
};
template <> struct Binding<18> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17);
  }
};
template <> struct Binding<19> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18);
  }
};
template <> struct Binding<20> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19);
  }
};
template <> struct Binding<21> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20);
  }
};
template <> struct Binding<22> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21);
  }
};
template <> struct Binding<23> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22);
  }
};
template <> struct Binding<24> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23);
  }
};
template <> struct Binding<25> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24);
  }
};
template <> struct Binding<26> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25);
  }
};
template <> struct Binding<27> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26);
  }
};
template <> struct Binding<28> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27);
  }
};
template <> struct Binding<29> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28);
  }
};
template <> struct Binding<30> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29);
  }
};
template <> struct Binding<31> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30);
  }
};
template <> struct Binding<32> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31);
  }
};
template <> struct Binding<33> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32);
  }
};
template <> struct Binding<34> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33);
  }
};
template <> struct Binding<35> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34);
  }
};
template <> struct Binding<36> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35);
  }
};
template <> struct Binding<37> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36);
  }
};
template <> struct Binding<38> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37);
  }
};
template <> struct Binding<39> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38);
  }
};
template <> struct Binding<40> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39);
  }
};
template <> struct Binding<41> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40);
  }
};
template <> struct Binding<42> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41);
  }
};
template <> struct Binding<43> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42);
  }
};
template <> struct Binding<44> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43);
  }
};
template <> struct Binding<45> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44);
  }
};
template <> struct Binding<46> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45);
  }
};
template <> struct Binding<47> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46);
  }
};
template <> struct Binding<48> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47);
  }
};
template <> struct Binding<49> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48);
  }
};
template <> struct Binding<50> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49);
  }
};
template <> struct Binding<51> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50);
  }
};
template <> struct Binding<52> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51);
  }
};
template <> struct Binding<53> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52);
  }
};
template <> struct Binding<54> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53);
  }
};
template <> struct Binding<55> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54);
  }
};
template <> struct Binding<56> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55);
  }
};
template <> struct Binding<57> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56);
  }
};
template <> struct Binding<58> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57);
  }
};
template <> struct Binding<59> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57, &m58);
  }
};
template <> struct Binding<60> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57, &m58, &m59);
  }
};
template <> struct Binding<61> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57, &m58, &m59, &m60);
  }
};
template <> struct Binding<62> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57, &m58, &m59, &m60, &m61);
  }
};
template <> struct Binding<63> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57, &m58, &m59, &m60, &m61, &m62);
  }
};
template <> struct Binding<64> {
  template <class T, class F> __attribute__((no_sanitize("alignment"))) static constexpr auto visit(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62, m63] = object;
    return f(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62, m63);
  }
  template <class T, class F> static constexpr auto point(T& object, F f) {
    auto& [/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43, m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62, m63] = object;
    return f(/* An anonymous union, a flexible array, and a bit-field of bool or of an enum without a fixed type cannot be reflected: give bpfmap::Layout<T> its members. */ &m0, &m1, &m2, &m3, &m4, &m5, &m6, &m7, &m8, &m9, &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18, &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26, &m27, &m28, &m29, &m30, &m31, &m32, &m33, &m34, &m35, &m36, &m37, &m38, &m39, &m40, &m41, &m42, &m43, &m44, &m45, &m46, &m47, &m48, &m49, &m50, &m51, &m52, &m53, &m54, &m55, &m56, &m57, &m58, &m59, &m60, &m61, &m62, &m63);
  }
};
#pragma GCC diagnostic pop
// clang-format on

}  // namespace bpfmap::inline v0::detail
