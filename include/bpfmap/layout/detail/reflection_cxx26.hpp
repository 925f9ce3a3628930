// SPDX-License-Identifier: MIT
// The members and enumerators of a type by the reflection of C++26, which sees anonymous unions,
// bases, private members, unions and the names of bit-fields. Knows no map.
#pragma once

#include "bpfmap/config.hpp"

// Compiles to nothing without it.
#ifdef __cpp_impl_reflection

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <meta>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/layout/detail/type_description.hpp"

namespace bpfmap::inline v0::detail {

template <class T>
constexpr const TypeDescription& describe() noexcept;

struct FoundMember {
  std::meta::info member;
  std::uint64_t bit_offset;
};

// Those of anonymous unions, and of bases, count as members.
consteval void find_members(std::meta::info type, std::uint64_t bits_before,
                            std::vector<FoundMember>& into) {
  constexpr auto all = std::meta::access_context::unchecked();
  const auto offset = [&](std::meta::info of) {
    const auto at = offset_of(of);
    return bits_before + static_cast<std::uint64_t>(at.bytes) * 8 +
           static_cast<std::uint64_t>(at.bits);
  };
  for (const std::meta::info base : bases_of(type, all))
    find_members(type_of(base), offset(base), into);
  for (const std::meta::info member : nonstatic_data_members_of(type, all)) {
    if (has_identifier(member))
      into.push_back({member, offset(member)});
    else if (!is_bit_field(member))
      find_members(type_of(member), offset(member), into);
  }
}
consteval std::span<const FoundMember> find_members(std::meta::info type) {
  std::vector<FoundMember> found;
  find_members(type, 0, found);
  return std::define_static_array(found);
}
template <class T>
inline constexpr std::span<const FoundMember> found_members = find_members(^^T);

template <FoundMember found>
consteval MemberDescription describe_member() {
  return {
      .name = std::define_static_string(identifier_of(found.member)),
      .type = &describe<typename[:type_of(found.member):]>(),
      .bit_offset = found.bit_offset,
      .bit_size =
          is_bit_field(found.member) ? static_cast<std::uint32_t>(bit_size_of(found.member)) : 0,
  };
}
template <class T, std::size_t... i>
consteval auto describe_members(std::index_sequence<i...>) {
  return std::array<MemberDescription, sizeof...(i)>{describe_member<found_members<T>[i]>()...};
}

// Whether no member of a T has a name, as in the kernel's struct bpf_timer.
template <class T>
inline constexpr bool is_opaque = found_members<T>.empty();

template <class T>
std::span<const MemberDescription> reflected_members() noexcept {
  static constexpr auto members =
      describe_members<T>(std::make_index_sequence<found_members<T>.size()>{});
  return members;
}

template <class T>
constexpr bool check_reflectable() {
  return true;
}
template <class T>
inline constexpr bool sees_union = !is_opaque<T>;

template <class E>
consteval auto find_enumerators() {
  using Number = std::underlying_type_t<E>;
  std::vector<Enumerator> found;
  for (const std::meta::info each : enumerators_of(^^E))
    found.push_back({std::define_static_string(identifier_of(each)),
                     static_cast<std::uint64_t>(static_cast<Number>(extract<E>(each)))});
  std::ranges::stable_sort(found, [](const Enumerator& a, const Enumerator& b) {
    return static_cast<Number>(a.value) < static_cast<Number>(b.value);
  });
  return found;
}
template <class E, std::size_t... i>
consteval auto copy_enumerators(std::index_sequence<i...>) {
  return std::array<Enumerator, sizeof...(i)>{find_enumerators<E>()[i]...};
}
// The enumerators, ascending by value.
template <class E>
inline constexpr auto enumerators =
    copy_enumerators<E>(std::make_index_sequence<enumerators_of(^^E).size()>{});

}  // namespace bpfmap::inline v0::detail

#endif
