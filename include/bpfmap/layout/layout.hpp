// SPDX-License-Identifier: MIT
// Opts a C++ type in to be compared with BTF, and names the members that reflection cannot see.
// Knows no map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "bpfmap/codec/layout.hpp"
#include "bpfmap/config.hpp"
#include "bpfmap/layout/detail/describe.hpp"
#include "bpfmap/layout/detail/entry_layout.hpp"
#include "bpfmap/layout/detail/type_description.hpp"

namespace bpfmap::inline v0 {

/// The base of a Layout<T> whose members are found by reflection:
///
///     template <> struct bpfmap::Layout<FlowStats> : bpfmap::Reflected {};
///
/// T is an aggregate of up to 64 members, nested structs, arrays and bit-fields included, without a
/// base class, an anonymous union, an empty member, or a bit-field of bool or of an enum without a
/// fixed type; the compiler refuses any other T and names the cure. A union is compared by its
/// size. The names of bit-fields, and of enumerators outside -8 to 127 that are no power of two,
/// cannot be found.
struct Reflected {};

namespace detail {

template <class Class, class M>
struct Member {
  std::string_view name;
  M Class::* pointer;

  template <class T>
  [[nodiscard]] MemberDescription in() const noexcept {
    const auto* at =
        reinterpret_cast<const std::byte*>(__builtin_addressof(blank<T>.value.*pointer));
    return {.name = name,
            .type = &describe<M>(),
            .bit_offset = static_cast<std::uint64_t>(at - blank<T>.bytes) * 8};
  }
};

template <class Setter>
struct BitField {
  std::string_view name;
  Setter set;

  template <class T>
  [[nodiscard]] MemberDescription in() const noexcept {
    MemberDescription result{
        .name = name, .type = &describe<std::remove_cvref_t<decltype(set(blank<T>.value))>>()};
    std::memset(blank<T>.bytes, 0, sizeof(T));
    set(blank<T>.value);
    find_bits(blank<T>.bytes, result);
    return result;
  }
};

}  // namespace detail

/// Names a member in a Layout<T>, where reflection cannot find it: in a struct with an anonymous
/// union, with private members, or with more than 64. Members need no order, and may overlap:
///
///     template <> struct bpfmap::Layout<Event> {
///       static constexpr auto members = std::tuple{
///           bpfmap::member("pid", &Event::pid), bpfmap::member("comm", &Event::comm)};
///     };
template <class Class, class M>
[[nodiscard]] consteval detail::Member<Class, M> member(std::string_view name, M Class::* pointer) {
  return {name, pointer};
}

/// Names a bit-field in a Layout<T>, to which no pointer can be made: `ones` is a function that
/// sets all its bits, and returns it.
///
///     template <> struct bpfmap::Layout<Header> {
///       static std::uint8_t version(Header& h) { return h.version = 0xf; }
///       static constexpr auto members = std::tuple{bpfmap::bit_field("version", version), ...};
///     };
template <class Setter>
[[nodiscard]] consteval auto bit_field(std::string_view name, Setter ones) {
  return detail::BitField<Setter>{name, ones};
}

}  // namespace bpfmap::inline v0
