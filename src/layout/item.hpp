// SPDX-License-Identifier: MIT
// The members of a type in the order of memory, and their text. Private to src/layout/.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "bpfmap/layout/layout_report.hpp"
#include "shape.hpp"

namespace bpfmap::inline v0::detail {

/// A member, an element, or the elements of an array behind the first few.
struct Item {
  std::string path;       ///< from the key or value, as in "tcp.flags[0]"
  std::string label;      ///< from the struct that is being compared
  std::string_view name;  ///< empty when it has none
  TypeUse type;
  std::uint64_t begin = 0;    ///< bits
  std::uint64_t bits = 0;     ///< size
  std::uint64_t skipped = 0;  ///< elements of the array before `begin`
  /// The struct that it is a member of, if the other side has not that struct: bits.
  std::uint64_t scope_begin = 0;
  std::uint64_t scope_end = ~std::uint64_t{0};
  std::uint32_t depth = 0;
  bool is_bit_field = false;
  bool has_padding_name = false;
  bool is_covered = false;  ///< members of the other side lie in it
  bool is_told = false;     ///< a difference was reported when its namesake was met
  bool has_line = false;    ///< the report has a line for it, or for what it is the rest of

  [[nodiscard]] std::uint64_t end_bit() const noexcept { return begin + bits; }
  [[nodiscard]] bool is_within(std::uint64_t first, std::uint64_t end) const noexcept {
    return first <= begin && end_bit() <= end;
  }
  [[nodiscard]] const Shape& shape() const noexcept { return *type.shape; }
  [[nodiscard]] LayoutPlace place() const noexcept { return {begin, bits}; }
};
using Items = std::deque<Item>;

/// The dimensions of an array and what it is made of.
struct Dimensions {
  std::string text;  ///< as in "[2][3]"
  std::uint64_t number = 0;
  std::uint64_t elements = 1;
  TypeUse element;
};
[[nodiscard]] Dimensions dimensions(const Item& item);

/// A byte, or an array of bytes of any dimensions.
[[nodiscard]] bool is_bytes(const Item& item) noexcept;
/// Accepts anything of its size: bytes, unions, and structs whose members cannot be seen.
[[nodiscard]] bool is_of_bytes(const Item& item) noexcept;
/// Consists of members or elements.
[[nodiscard]] bool has_parts(const Item& item) noexcept;
/// A struct with members.
[[nodiscard]] bool is_struct(const Item& item) noexcept;
/// An integer that is no bit-field, and may hold those of the other side.
[[nodiscard]] bool may_hold_bit_fields(const Item& item) noexcept;
/// A name for padding, such as "pad", "__reserved2" or "unused_bits".
[[nodiscard]] bool is_padding_name(std::string_view name);
/// May stand for padding that the other side does not name.
[[nodiscard]] bool is_padding(const Item& item);

/// Returns the item as C declares it, such as "__u32 ports[2]".
[[nodiscard]] std::string declaration(const Item& item);
/// Returns the name of a type as C writes it, such as "struct flow".
[[nodiscard]] std::string type_text(const TypeUse& type);
/// Returns a place as text, such as "byte 4" or "byte 4 bit 3".
[[nodiscard]] std::string place_text(const Item& item);
/// Returns a size as text, such as "4 bytes" or "3 bits".
[[nodiscard]] std::string size_text(const Item& item);
/// Returns the path in quotes, or words for what has no path.
[[nodiscard]] std::string path_text(LayoutPart part, const Item& item);

}  // namespace bpfmap::inline v0::detail
