// SPDX-License-Identifier: MIT
// What a C++ type looks like in memory, as data that compiled code can read. Knows no map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

/// What a TypeDescription describes.
enum class TypeKind : std::uint8_t {
  integer,      ///< __int128 included; `is_signed`
  boolean,      ///< bool, which only reports show: a value of a map is no bool
  character,    ///< char, whose sign a report does not compare
  floating,     ///< float and double
  enumeration,  ///< `is_signed`, and `enumerators` where they can be had
  pointer,
  array,       ///< `count` times `element`
  structure,   ///< `members`
  union_type,  ///< `members`, all at offset 0; empty when they cannot be seen
  bytes,       ///< anything of this size: std::byte, and types that cannot be seen into
};

struct TypeDescription;

/// A member of a structure or union.
struct MemberDescription {
  std::string_view name;  ///< empty when it cannot be had
  const TypeDescription* type = nullptr;
  std::uint64_t bit_offset = 0;  ///< from the beginning of the structure, in memory order
  std::uint32_t bit_size = 0;    ///< of a bit-field; 0: the member has the size of its type
};

/// A named value of an enumeration, sign-extended.
struct Enumerator {
  std::string_view name;
  std::uint64_t value = 0;
};

/// What a type looks like in memory. Has static storage duration, so that a pointer to one is valid
/// for ever and identifies the type.
struct TypeDescription {
  TypeKind kind = TypeKind::bytes;
  bool is_signed = false;
  std::string_view name = {};  ///< without namespaces, as C has it; empty when it has none
  std::uint64_t size = 0;      ///< bytes
  const TypeDescription* element = nullptr;  ///< of an array
  std::uint64_t count = 0;                   ///< of an array's elements
  std::span<const Enumerator> enumerators = {};
  /// Returns the members of a structure or union, ascending by offset; the span is valid for ever.
  /// A function, because the offset of a bit-field is found at run time, once.
  std::span<const MemberDescription> (*members)() noexcept = nullptr;
};

}  // namespace bpfmap::inline v0::detail
