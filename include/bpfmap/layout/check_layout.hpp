// SPDX-License-Identifier: MIT
// check_layout(): compares C++ types with the BTF that the kernel keeps for a map. Layer 1.
#pragma once

#include <concepts>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "bpfmap/config.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/layout/detail/describe.hpp"
#include "bpfmap/layout/detail/type_description.hpp"
#include "bpfmap/layout/layout_report.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// Compares both with the BTF of `info`; nullptr is not compared. Sets `ec` to EMFILE, ENFILE or
// ENOMEM; throws std::bad_alloc only.
[[nodiscard]] LayoutReport check_layout(const MapInfo& info, const TypeDescription* key,
                                        const TypeDescription* value, const LayoutOptions& options,
                                        std::error_code& ec);
// As above; of a map of maps, the BTF is that of its first inner map.
[[nodiscard]] LayoutReport check_layout(const Map& map, const TypeDescription* key,
                                        const TypeDescription* value, const LayoutOptions& options,
                                        std::error_code& ec) noexcept;
[[nodiscard]] LayoutReport check_variable(const Map& map, std::string_view name,
                                          const TypeDescription& type, const LayoutOptions& options,
                                          std::error_code& ec) noexcept;

// Compares bytes of BTF, which need not be the kernel's, with types.
[[nodiscard]] LayoutReport check_layout(BytesView btf, std::uint32_t key_type_id,
                                        std::uint32_t value_type_id, const TypeDescription* key,
                                        const TypeDescription* value,
                                        const LayoutOptions& options = {});

// The description of a T; nullptr for void.
template <class T>
[[nodiscard]] constexpr const TypeDescription* described() noexcept {
  if constexpr (std::is_void_v<T>)
    return nullptr;
  else
    return &describe<T>();
}

// Keys and values of a typed map M, those of an inner map on a map of maps; void for what it has
// not.
template <class M>
struct LayoutTypes {
  using key = void;
  using value = void;
};
template <class M>
  requires requires { typename M::value_type; }
struct LayoutTypes<M> {
  using key = void;
  using value = typename M::value_type;
};
template <class M>
  requires(
      requires {
        typename M::key_type;
        typename M::slot_type;
      } && !requires { typename M::inner_type; })
struct LayoutTypes<M> {
  using key = typename M::key_type;
  using value = typename M::slot_type;
};
template <class M>
  requires requires { typename M::inner_type; }
struct LayoutTypes<M> : LayoutTypes<typename M::inner_type> {};

template <class M>
concept typed_map_like = requires(const M& map) {
  { map.map() } -> std::same_as<const Map&>;
};

}  // namespace detail

/// Compares K and V with the BTF of `map`'s keys and values (BPF_BTF_GET_FD_BY_ID, 4.18): sizes,
/// and the offsets, sizes, signs and counts of all members. K or V may be void, which is not
/// compared, as on maps without keys. Needs CAP_SYS_ADMIN.
///
/// - Nested structs and anonymous ones are compared member by member, arrays by their dimensions
///   and one element, enumerations by size, unions by size only.
/// - Bytes (std::byte, arrays of char or of 8-bit integers) match every member that lies in them,
///   and other bytes wherever they overlap. Those of the same name and another length match only
///   if more bytes follow the shorter ones.
/// - An integer matches the bit-fields that lie in it, with a note.
/// - A single byte matches one of the other sign; a pointer or an enumeration any integer of its
///   size.
/// - A member with a name that the other side uses elsewhere is at a wrong offset, unless the name
///   is one for padding. Other names that differ are notes.
/// - The key of an array or a local storage is not compared: any integer is an index. One of an LPM
///   trie that is no struct is compared by size.
/// - A member that is an array of bytes, or has a name such as "pad" or "reserved2", matches
///   padding.
/// - An array without elements at the end of the map's struct is a note.
/// - A V that is a multiple of 8 bytes describes the elements of a data section whose size is a
///   multiple of it, as in MappedArray, or its beginning; every other V describes the beginning.
///
/// A map of maps has no BTF: K and V are compared with that of its first inner map, which is looked
/// for in the first 1024 slots. Without BTF, or without the permission to read it, the verdict is
/// LayoutVerdict::unknown, which is no error.
/// Throws Error: Errc::no_map for an empty map; EMFILE, ENFILE and ENOMEM.
template <class K, class V>
[[nodiscard]] LayoutReport check_layout(const Map& map, const LayoutOptions& options,
                                        std::error_code& ec) noexcept {
  return detail::check_layout(map, detail::described<K>(), detail::described<V>(), options, ec);
}
template <class K, class V>
[[nodiscard]] LayoutReport check_layout(const Map& map, std::error_code& ec) noexcept {
  return check_layout<K, V>(map, {}, ec);
}
template <class K, class V>
[[nodiscard]] LayoutReport check_layout(const Map& map, const LayoutOptions& options = {}) {
  std::error_code ec;
  LayoutReport report = check_layout<K, V>(map, options, ec);
  detail::throw_if(ec);
  return report;
}

/// As above, with the key and value of a typed map's class; with those of its Inner on a map of
/// maps.
template <detail::typed_map_like M>
[[nodiscard]] LayoutReport check_layout(const M& map, const LayoutOptions& options,
                                        std::error_code& ec) noexcept {
  using Types = detail::LayoutTypes<M>;
  return check_layout<typename Types::key, typename Types::value>(map.map(), options, ec);
}
template <detail::typed_map_like M>
[[nodiscard]] LayoutReport check_layout(const M& map, std::error_code& ec) noexcept {
  return check_layout(map, {}, ec);
}
template <detail::typed_map_like M>
[[nodiscard]] LayoutReport check_layout(const M& map, const LayoutOptions& options = {}) {
  std::error_code ec;
  LayoutReport report = check_layout(map, options, ec);
  detail::throw_if(ec);
  return report;
}

/// Compares T with the variable `name` of the data section that `map` holds (.bss, .data, .rodata),
/// as check_layout() does. Throws Error: those of check_layout(); Errc::no_such_variable.
template <class T>
[[nodiscard]] LayoutReport check_variable(const Map& map, std::string_view name,
                                          const LayoutOptions& options,
                                          std::error_code& ec) noexcept {
  return detail::check_variable(map, name, detail::describe<T>(), options, ec);
}
template <class T>
[[nodiscard]] LayoutReport check_variable(const Map& map, std::string_view name,
                                          std::error_code& ec) noexcept {
  return check_variable<T>(map, name, {}, ec);
}
template <class T>
[[nodiscard]] LayoutReport check_variable(const Map& map, std::string_view name,
                                          const LayoutOptions& options = {}) {
  std::error_code ec;
  LayoutReport report = check_variable<T>(map, name, options, ec);
  detail::throw_if(ec);
  return report;
}

}  // namespace bpfmap::inline v0
