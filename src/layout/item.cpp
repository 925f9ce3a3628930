// SPDX-License-Identifier: MIT
#include "item.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace bpfmap::inline v0::detail {
namespace {

// The names in BTF from a file may be anything.
std::string clean(std::string_view text) {
  constexpr std::size_t most = 128;
  std::string result{text.substr(0, most)};
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

bool is_byte(const Shape& shape) noexcept {
  return shape.kind == TypeKind::bytes || (shape.size == 1 && (shape.kind == TypeKind::integer ||
                                                               shape.kind == TypeKind::character));
}

bool is_byte_array(const Item& item) noexcept {
  if (item.is_bit_field) return false;
  const Shape* shape = &item.shape();
  if (shape->kind == TypeKind::bytes) return true;
  if (shape->kind != TypeKind::array) return false;
  while (shape->kind == TypeKind::array) shape = shape->element.shape;
  return is_byte(*shape);
}

}  // namespace

Dimensions dimensions(const Item& item) {
  Dimensions result;
  result.element = item.type;
  std::uint64_t skipped = item.skipped;
  while (result.element.shape->kind == TypeKind::array) {
    const std::uint64_t count = result.element.shape->count - skipped;
    skipped = 0;
    result.text += "[" + std::to_string(count) + "]";
    ++result.number;
    result.elements *= count;
    result.element = result.element.shape->element;
  }
  return result;
}

bool is_struct(const Item& item) noexcept {
  return !item.is_bit_field && item.shape().kind == TypeKind::structure &&
         !item.shape().members.empty();
}

bool is_of_bytes(const Item& item) noexcept {
  const Shape& shape = item.shape();
  return shape.kind == TypeKind::union_type ||
         (shape.kind == TypeKind::structure && shape.members.empty()) || is_byte_array(item);
}

bool has_parts(const Item& item) noexcept {
  const Shape& shape = item.shape();
  return is_struct(item) || (!item.is_bit_field && shape.kind == TypeKind::array &&
                             shape.count > item.skipped && shape.element.shape->size != 0);
}

bool is_bytes(const Item& item) noexcept {
  return is_byte_array(item) || (!item.is_bit_field && is_byte(item.shape()));
}

bool may_hold_bit_fields(const Item& item) noexcept {
  return !item.is_bit_field && item.shape().kind == TypeKind::integer;
}

bool is_padding_name(std::string_view name) {
  if (name.empty()) return false;
  std::string text{name};
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // What is left of "__pad2_" is "pad", and of "_" nothing.
  text.erase(text.find_last_not_of("_0123456789") + 1);
  text.erase(0, text.find_first_not_of('_'));
  constexpr std::array<std::string_view, 15> names{"",     "pad",    "res",  "resv",  "rsv",
                                                   "rsvd", "mbz",    "gap",  "hole",  "dummy",
                                                   "fill", "filler", "zero", "align", "spare"};
  if (std::ranges::find(names, text) != names.end()) return true;
  constexpr std::array<std::string_view, 3> parts{"padding", "reserved", "unused"};
  if (std::ranges::any_of(parts, [&](auto part) { return text.find(part) != text.npos; }))
    return true;
  // A word of the name.
  text = "_" + text + "_";
  return text.find("_pad_") != text.npos || text.find("_rsvd_") != text.npos;
}

bool is_padding(const Item& item) {
  if (is_byte_array(item)) return true;
  if (item.shape().kind == TypeKind::structure || item.shape().kind == TypeKind::union_type)
    return false;
  return item.has_padding_name;
}

std::string type_text(const TypeUse& type) {
  if (!type.name.empty()) return clean(type.name);
  const Shape& shape = *type.shape;
  const std::string name = clean(shape.name);
  const std::string behind = name.empty() ? "" : " " + name;
  switch (shape.kind) {
    case TypeKind::structure:
      return "struct" + behind;
    case TypeKind::union_type:
      return "union" + behind;
    case TypeKind::enumeration:
      return "enum" + behind;
    case TypeKind::pointer:
      return "void*";
    case TypeKind::array:
      return type_text(shape.element);
    case TypeKind::bytes:
      return name.empty() ? "byte" : name;
    default:
      break;
  }
  return name.empty() ? "integer" : name;
}

std::string declaration(const Item& item) {
  std::string text;
  if (item.shape().kind == TypeKind::array) {
    const Dimensions array = dimensions(item);
    text = type_text(array.element) + " " + clean(item.label) + array.text;
  } else {
    text = type_text(item.type) + " " + clean(item.label);
  }
  if (item.shape().kind == TypeKind::bytes) text += "[" + std::to_string(item.bits / 8) + "]";
  if (item.is_bit_field) text += ": " + std::to_string(item.bits);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string place_text(const Item& item) {
  std::string text = "byte " + std::to_string(item.begin / 8);
  if (item.is_bit_field || item.begin % 8 != 0) text += " bit " + std::to_string(item.begin % 8);
  return text;
}

std::string size_text(const Item& item) {
  if (item.is_bit_field || item.bits % 8 != 0)
    return std::to_string(item.bits) + (item.bits == 1 ? " bit" : " bits");
  return std::to_string(item.bits / 8) + (item.bits == 8 ? " byte" : " bytes");
}

std::string path_text(LayoutPart part, const Item& item) {
  if (item.depth == 0 && item.path.empty()) return "the " + std::string{to_string(part)};
  std::string path = item.path.empty() ? "" : "'" + clean(item.path) + "'";
  if (!item.label.empty()) return path;
  return "a member without a name" + (path.empty() ? "" : " of " + path);
}

}  // namespace bpfmap::inline v0::detail
