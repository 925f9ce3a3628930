// SPDX-License-Identifier: MIT
#include "shape.hpp"

#include <algorithm>
#include <climits>

namespace bpfmap::inline v0::detail {
namespace {

// Maps have values of at most 4 GiB.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 32U;
constexpr int deepest = 64;

constexpr std::uint32_t encoded_signed = 1;
constexpr std::uint32_t encoded_bool = 4;

TypeKind integer_kind(std::string_view name, std::uint32_t encoding, std::uint64_t size) noexcept {
  if ((encoding & encoded_bool) != 0) return TypeKind::boolean;
  return size == 1 && name == "char" ? TypeKind::character : TypeKind::integer;
}

}  // namespace

TypeUse Shapes::of(const TypeDescription& type) {
  const auto known = described_.find(&type);
  if (known != described_.end()) return {known->second};
  Shape& shape = add();
  shape.kind = type.kind;
  shape.is_signed = type.is_signed;
  shape.name = type.name;
  shape.size = type.size;
  shape.count = type.count;
  if (type.kind == TypeKind::array && type.element != nullptr) shape.element = of(*type.element);
  if (type.kind == TypeKind::array && type.element == nullptr) shape.kind = TypeKind::bytes;
  if (type.members != nullptr)
    for (const MemberDescription& member : type.members())
      shape.members.push_back({member.name, of(*member.type), member.bit_offset,
                               member.bit_size != 0 ? member.bit_size : member.type->size * 8,
                               member.bit_size != 0});
  described_.emplace(&type, &shape);
  return {&shape};
}

bool Shapes::broken(std::uint32_t id, std::string_view what) {
  if (reason_.empty()) reason_ = "type " + std::to_string(id) + " of the BTF " + std::string{what};
  return false;
}

TypeUse Shapes::of(std::uint32_t id, int depth) {
  std::string_view name;
  const std::uint32_t first = id;
  for (int i = 0; i < deepest; ++i) {
    const auto type = btf_.type(id);
    if (!type)
      return broken(id,
                    btf_.reason().empty() ? "does not exist" : "cannot be read: " + btf_.reason()),
             TypeUse{};
    switch (type->kind()) {
      case BtfKind::type_definition:
        if (name.empty()) name = btf_.name(*type);
        [[fallthrough]];
      case BtfKind::volatile_type:
      case BtfKind::const_type:
      case BtfKind::restrict_type:
      case BtfKind::type_tag:
      case BtfKind::variable:
        id = type->size_or_type;
        continue;
      default:
        break;
    }
    const auto known = read_.find(id);
    if (known != read_.end() && known->second == nullptr)
      return broken(id, "contains itself"), TypeUse{};
    if (known != read_.end()) return {known->second, name};
    if (depth > deepest) return broken(id, "is nested too deeply"), TypeUse{};
    read_[id] = nullptr;
    const Shape* const shape = read(id, *type, depth);
    if (shape == nullptr) return {};
    read_[id] = shape;
    return {shape, name};
  }
  return broken(first, "is a circle of names"), TypeUse{};
}

const Shape* Shapes::read(std::uint32_t id, const BtfType& type, int depth) {
  Shape& shape = add();
  shape.name = btf_.name(type);
  shape.size = type.size_or_type;
  bool is_good = true;
  switch (type.kind()) {
    case BtfKind::integer: {
      const std::uint32_t word = btf_.word(id, 0).value_or(0);
      const std::uint32_t encoding = word >> 24U & 0xfU;
      if ((word & 0xffU) < shape.size * 8) shape.bits = word & 0xffU;
      shape.first_bit = word >> 16U & 0xffU;
      shape.kind = integer_kind(shape.name, encoding, shape.size);
      shape.is_signed = (encoding & encoded_signed) != 0;
      break;
    }
    case BtfKind::enumeration:
    case BtfKind::enum64:
      shape.kind = TypeKind::enumeration;
      shape.is_signed = type.has_bit_fields();
      break;
    case BtfKind::floating:
      shape.kind = TypeKind::floating;
      break;
    case BtfKind::pointer:
      shape.kind = TypeKind::pointer;
      shape.size = 8;  // of a BPF program, whatever the machine's
      break;
    case BtfKind::array:
      shape.kind = TypeKind::array;
      is_good = read_array(id, shape, depth);
      break;
    case BtfKind::structure:
    case BtfKind::union_type:
      shape.kind = type.kind() == BtfKind::structure ? TypeKind::structure : TypeKind::union_type;
      is_good = read_members(id, type, shape, depth);
      break;
    case BtfKind::section:
      shape.kind = TypeKind::structure;
      is_good = read_section(id, type, shape, depth);
      break;
    default:
      is_good = broken(id, "has no size");
  }
  return is_good ? &shape : nullptr;
}

bool Shapes::read_array(std::uint32_t id, Shape& into, int depth) {
  const auto array = btf_.words(id, 0);
  if (!array) return broken(id, "is cut off");
  into.element = of((*array)[0], depth + 1);
  into.count = (*array)[2];
  if (into.element.shape == nullptr) return false;
  if (into.element.shape->size > most_bytes || into.element.shape->size * into.count > most_bytes)
    return broken(id, "is too large");
  into.size = into.element.shape->size * into.count;
  return true;
}

bool Shapes::read_members(std::uint32_t id, const BtfType& type, Shape& into, int depth) {
  into.members.reserve(type.members());
  for (std::uint32_t i = 0; i < type.members(); ++i) {
    const auto words = btf_.words(id, i);
    if (!words) return broken(id, "is cut off");
    const auto& [name, member_id, place] = *words;
    ShapeMember member{btf_.name({name, 0, 0}), of(member_id, depth + 1)};
    if (member.type.shape == nullptr) return false;
    member.bit_offset = type.has_bit_fields() ? place & 0xffffffU : place;
    member.bit_size = type.has_bit_fields() ? place >> 24U : 0;
    // Older compilers gave the integer the size of the bit-field.
    if (member.bit_size == 0 && member.type.shape->bits != 0) {
      member.bit_offset += member.type.shape->first_bit;
      member.bit_size = member.type.shape->bits;
    }
    member.is_bit_field = member.bit_size != 0;
    if (!member.is_bit_field) member.bit_size = member.type.shape->size * 8;
    if (member.bit_offset > into.size * 8 || member.bit_size > into.size * 8 - member.bit_offset)
      return broken(id, "has a member beyond its end");
    into.members.push_back(member);
  }
  return true;
}

bool Shapes::read_section(std::uint32_t id, const BtfType& type, Shape& into, int depth) {
  for (std::uint32_t i = 0; i < type.members(); ++i) {
    const auto words = btf_.words(id, i);
    if (!words) return broken(id, "is cut off");
    const auto& [variable_id, offset, size] = *words;
    const auto variable = btf_.type(variable_id);
    if (!variable || variable->kind() != BtfKind::variable)
      return broken(id, "has an entry that is not a variable");
    ShapeMember member{btf_.name(*variable), of(variable_id, depth + 1)};
    if (member.type.shape == nullptr) return false;
    member.bit_offset = std::uint64_t{offset} * 8;
    member.bit_size = member.type.shape->size * 8;
    if (offset > into.size || member.type.shape->size > into.size - offset)
      return broken(id, "has a variable beyond its end");
    into.members.push_back(member);
  }
  return true;
}

}  // namespace bpfmap::inline v0::detail
