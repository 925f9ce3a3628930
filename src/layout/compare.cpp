// SPDX-License-Identifier: MIT
// Walks the members of both types in the order of memory. A struct or array that the other side has
// not as one member is replaced by its own members or elements when its turn comes, so that the
// work depends on the members, not on the sizes.
#include "compare.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "item.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr int most_steps = 100'000;
constexpr std::size_t most_differences = 256;
constexpr std::size_t most_lines = 10'000;

using Mark = LayoutLine::Mark;

enum class Side : std::uint8_t { type, map };

class Comparison {
 public:
  Comparison(const ComparedTypes& types, Shapes& shapes, const LayoutOptions& options,
             LayoutReport& report)
      : types_(types), shapes_(shapes), options_(options), report_(report) {}

  bool run() {
    Item type = root(types_.in_type);
    Item map = root(types_.in_map);
    end_[0] = type.end_bit();
    end_[1] = map.end_bit();
    if (types_.is_section)
      section(type, map);
    else if (type.bits == map.bits)
      walk({type}, {map});
    else
      different_size(type, map);
    return steps_ >= 0;
  }

 private:
  Item root(const TypeUse& type) const {
    return {.path = {}, .label = {}, .name = {}, .type = type, .bits = type.shape->size * 8};
  }

  void section(const Item& type, const Item& map) {
    line(&type, &map, Mark::same);
    Items in_map = members(map, Side::map);
    // A type may describe the beginning of a section only.
    std::erase_if(in_map, [&](const Item& item) { return item.begin >= type.end_bit(); });
    walk(is_struct(type) ? members(type, Side::type) : Items{type}, std::move(in_map));
  }

  // --- members ---

  Items members(const Item& parent, Side side) {
    Items result;
    add_members(parent, parent.shape(), parent.begin, side, result);
    if (!std::ranges::is_sorted(result, {}, &Item::begin))
      std::ranges::stable_sort(result, {}, &Item::begin);
    unite(result);
    return result;
  }

  // Members of an anonymous struct are members of the struct around it.
  void add_members(const Item& parent, const Shape& shape, std::uint64_t begin, Side side,
                   Items& to) {
    for (const ShapeMember& member : shape.members) {
      if (--steps_ < 0) return;
      const Shape& type = *member.type.shape;
      if (member.name.empty() && type.kind == TypeKind::structure && !type.members.empty()) {
        add_members(parent, type, begin + member.bit_offset, side, to);
        continue;
      }
      Item item{.path = joined(parent.path, member.name),
                .label = std::string{member.name},
                .name = member.name,
                .type = member.type,
                .begin = begin + member.bit_offset,
                .bits = member.bit_size,
                .depth = parent.depth + 1,
                .is_bit_field = member.is_bit_field,
                .has_padding_name = is_padding_name(member.name)};
      if (item.bits != 0)
        to.push_back(std::move(item));
      else if (type.kind == TypeKind::array && item.begin == end_[static_cast<int>(side)])
        flexible_end(item, side);
    }
  }

  static std::string joined(const std::string& path, std::string_view name) {
    if (path.empty() || name.empty()) return path + std::string{name};
    return path + "." + std::string{name};
  }

  // Members that overlap without a union were named one by one, and are one to the other side.
  void unite(Items& items) {
    Items result;
    for (Item& item : items) {
      if (result.empty() || item.begin >= result.back().end_bit()) {
        result.push_back(std::move(item));
        continue;
      }
      Item& last = result.back();
      const std::uint64_t end = std::max(last.end_bit(), item.end_bit());
      Shape& shape = shapes_.add();
      shape.kind = TypeKind::union_type;
      last.bits = end - last.begin;
      shape.size = last.bits / 8;
      last.type = {&shape};
      last.is_bit_field = last.bits % 8 != 0;
      last.name = {};
    }
    items = std::move(result);
  }

  // Replaces the first item by its members, or by its first element and the rest.
  void open(Items& items, Side side) {
    Item item = std::move(items.front());
    items.pop_front();
    if (item.depth == 0 && item.path.empty() && !types_.is_section)
      one_line(item, side, Mark::same);
    Items parts;
    if (is_struct(item)) {
      parts = members(item, side);
      for (Item& part : parts) {
        part.label = joined(item.label, part.label);
        part.depth = item.depth;
        part.scope_begin = item.begin;
        part.scope_end = item.end_bit();
      }
    } else {
      const TypeUse element = item.shape().element;
      const std::string index = "[" + std::to_string(item.skipped) + "]";
      const std::uint64_t bits = element.shape->size * 8;
      parts.push_back({.path = item.path + index,
                       .label = item.label + index,
                       .name = {},
                       .type = element,
                       .begin = item.begin,
                       .bits = bits,
                       .depth = item.depth,
                       .is_covered = item.is_covered});
      if (++item.skipped < item.shape().count) {
        item.begin += bits;
        item.bits -= bits;
        item.name = {};
        item.has_line = true;
        parts.push_back(std::move(item));
      }
    }
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      items.push_front(std::move(*part));
  }

  // Replaces the first item, which is bytes, by those before `border` and those behind.
  void cut(Items& items, std::uint64_t border) {
    Item rest = items.front();
    rest.name = {};
    rest.skipped = 0;
    rest.begin = border;
    rest.bits = items.front().end_bit() - border;
    rest.has_line = true;
    Shape& shape = shapes_.add();
    shape.size = rest.bits / 8;
    rest.type = {&shape};
    if (items.front().is_covered) {
      items.front() = std::move(rest);
      return;
    }
    Shape& first = shapes_.add();
    items.front().bits = border - items.front().begin;
    first.size = items.front().bits / 8;
    items.front().type = {&first};
    items.front().skipped = 0;
    rest.is_covered = true;
    items.insert(items.begin() + 1, std::move(rest));
  }

  // --- the walk ---

  void walk(Items type, Items map) {
    while (!type.empty() || !map.empty()) {
      if (--steps_ < 0) return;
      if (type.empty() || (!map.empty() && map.front().end_bit() <= type.front().begin))
        alone(map, type, Side::map);
      else if (map.empty() || type.front().end_bit() <= map.front().begin)
        alone(type, map, Side::type);
      else
        pair(type, map);
    }
  }

  // The first of `items` lies where the other side has nothing.
  void alone(Items& items, Items& others, Side side) {
    const Item item = std::move(items.front());
    items.pop_front();
    if (item.is_covered) return;
    // More elements of a section's array than a type that describes its beginning has.
    if (types_.is_section && side == Side::map && item.begin >= end_[0]) return;
    if (!item.is_told && !tell_namesake(item, others, side)) {
      if (is_padding(item)) {
        padding(item, side);
        return one_line(item, side, Mark::note);
      }
      absent(item, side);
    }
    one_line(item, side, Mark::different);
  }

  // Reports that the other side has a member of this name elsewhere, if it has.
  bool tell_namesake(const Item& item, Items& others, Side side) {
    if (item.name.empty() || item.has_padding_name) return false;
    const auto other = std::ranges::find_if(others, [&](const Item& candidate) {
      return candidate.name == item.name && !candidate.is_told && candidate.begin != item.begin &&
             candidate.is_within(item.scope_begin, item.scope_end) &&
             item.is_within(candidate.scope_begin, candidate.scope_end);
    });
    if (other == others.end()) return false;
    other->is_told = true;
    side == Side::type ? elsewhere(item, *other) : elsewhere(*other, item);
    return true;
  }

  void elsewhere(const Item& type, const Item& map) {
    offset(type, map);
    if (type.bits != map.bits)
      size(type, map);
    else if (!has_parts(type) && !has_parts(map))
      (void)scalars(type, map, type.type, map.type);
  }

  // The first items overlap.
  void pair(Items& types, Items& maps) {
    Item& type = types.front();
    Item& map = maps.front();
    if (type.is_told && map.is_told) return both(types, maps, Mark::different);
    if (type.is_told) return drop(types, Side::type);
    if (map.is_told) return drop(maps, Side::map);
    const bool is_same_name = !type.name.empty() && !type.has_padding_name && type.name == map.name;
    if (!is_same_name && namesakes(types, maps)) return;
    if (type.place() == map.place()) return same_place(types, maps);
    if (is_same_name && !is_view(types, maps)) {
      const Item in_type = std::move(type);
      const Item in_map = std::move(map);
      types.pop_front();
      maps.pop_front();
      if (in_type.begin == in_map.begin) return different_size(in_type, in_map);
      elsewhere(in_type, in_map);
      return line(&in_type, &in_map, Mark::different);
    }
    type.bits >= map.bits ? regroup(types, Side::type, maps) : regroup(maps, Side::map, types);
  }

  // Whether one of the first items has a namesake elsewhere.
  bool namesakes(Items& types, Items& maps) {
    const bool type_has = tell_namesake(types.front(), maps, Side::type);
    const bool map_has = tell_namesake(maps.front(), types, Side::map);
    if (!type_has && !map_has) return false;
    if (type_has == map_has || types.front().place() == maps.front().place())
      both(types, maps, Mark::different);
    else if (type_has)
      drop(types, Side::type);
    else
      drop(maps, Side::map);
    return true;
  }

  // Whether one of the first items, which have the same name and different sizes, is a union with
  // the other as one of its views, or bytes that the other side splits into more bytes.
  static bool is_view(const Items& types, const Items& maps) {
    const bool type_is_larger = types.front().bits > maps.front().bits;
    const Items& smaller = type_is_larger ? maps : types;
    const Item& large = type_is_larger ? types.front() : maps.front();
    if (large.begin != smaller.front().begin) return false;
    if (!is_bytes(large)) return is_of_bytes(large);
    std::uint64_t end = large.begin;
    for (const Item& item : smaller) {
      if (item.begin != end || !is_bytes(item)) return false;
      end = item.end_bit();
      if (end >= large.end_bit()) return true;
    }
    return false;
  }

  // The first of `larger` may be made of several of the other's.
  void regroup(Items& larger, Side side, Items& smaller) {
    Item& large = larger.front();
    Item& small = smaller.front();
    const Side other = side == Side::type ? Side::map : Side::type;
    const bool is_inside = small.is_within(large.begin, large.end_bit());
    const bool holds_bits = small.is_bit_field && may_hold_bit_fields(large);
    if (is_inside && (is_of_bytes(large) || holds_bits)) {
      cover(large, side, small, holds_bits ? Mark::note : Mark::same);
      smaller.pop_front();
    } else if (has_parts(large) && !is_of_bytes(large)) {
      open(larger, side);
    } else if (has_parts(small) && !is_of_bytes(small)) {
      open(smaller, other);
    } else if (large.begin < small.begin && crosses(large, small)) {
      cut(larger, small.begin);
    } else if (small.begin < large.begin && crosses(small, large)) {
      cut(smaller, large.begin);
    } else if (has_parts(small)) {
      open(smaller, other);
    } else {
      side == Side::type ? size(large, small) : size(small, large);
      side == Side::type ? both(larger, smaller, Mark::different)
                         : both(smaller, larger, Mark::different);
    }
  }

  // `large` stands for whatever the other side has in it.
  void cover(Item& large, Side side, const Item& small, Mark mark) {
    if (mark == Mark::note && !large.is_covered)
      note(LayoutFault::size, large, side,
           path_text(types_.part, large) + ", " + size_text(large) + " at " + place_text(large) +
               ", holds bit-fields in " + (side == Side::type ? "the map" : "C++"));
    side == Side::type ? line(&large, &small, mark) : line(&small, &large, mark);
    large.is_covered = true;
    large.has_line = true;
  }

  // Whether the first of two items that overlap is bytes, and can be cut where the second begins.
  static bool crosses(const Item& first, const Item& second) {
    return second.begin % 8 == 0 && (is_bytes(first) || (is_of_bytes(first) && is_bytes(second)));
  }

  void same_place(Items& types, Items& maps) {
    const Item& type = types.front();
    const Item& map = maps.front();
    const Mark mark = names(type, map);
    if (is_struct(type) && is_struct(map)) {
      const Item in_type = type;
      const Item in_map = map;
      both(types, maps, mark);
      walk(members(in_type, Side::type), members(in_map, Side::map));
    } else if (is_of_bytes(type) || is_of_bytes(map)) {
      both(types, maps, mark);
    } else if (type.shape().kind == TypeKind::array && map.shape().kind == TypeKind::array) {
      arrays(types, maps, mark);
    } else if (has_parts(type)) {
      open(types, Side::type);
    } else if (has_parts(map)) {
      open(maps, Side::map);
    } else {
      both(types, maps, scalars(type, map, type.type, map.type) ? mark : Mark::different);
    }
  }

  // Both are arrays of the same size.
  void arrays(Items& types, Items& maps, Mark mark) {
    const Dimensions type = dimensions(types.front());
    const Dimensions map = dimensions(maps.front());
    if (type.elements != map.elements) {
      // A struct of two integers is an element like two integers.
      if (type.element.shape->kind == TypeKind::structure) return open(types, Side::type);
      if (map.element.shape->kind == TypeKind::structure) return open(maps, Side::map);
    }
    const Item in_type = types.front();
    const Item in_map = maps.front();
    bool is_same = type.elements == map.elements;
    if (!is_same)
      element_size(in_type, in_map, type, map);
    else if (type.number > 1 && map.number > 1 && type.text != map.text)
      count(in_type, in_map, type, map), is_same = false;
    else if (!is_aggregate(type.element) && !is_aggregate(map.element))
      is_same = scalars(in_type, in_map, type.element, map.element);
    both(types, maps, is_same ? mark : Mark::different);
    if (type.elements == map.elements) elements(in_type, in_map, type, map);
  }

  static bool is_aggregate(const TypeUse& type) noexcept {
    return type.shape->kind == TypeKind::structure || type.shape->kind == TypeKind::union_type ||
           type.shape->kind == TypeKind::bytes;
  }

  // Compares the first elements of two arrays, if they have members.
  void elements(const Item& type, const Item& map, const Dimensions& types,
                const Dimensions& maps) {
    const Item first_type = first_element(type, types);
    const Item first_map = first_element(map, maps);
    if (is_struct(first_type) && is_struct(first_map))
      walk(members(first_type, Side::type), members(first_map, Side::map));
    else if (is_aggregate(first_type.type) != is_aggregate(first_map.type) &&
             first_type.bits == first_map.bits)
      walk({first_type}, {first_map});
  }

  static Item first_element(const Item& array, const Dimensions& dimensions) {
    Item first = array;
    std::string indices;
    for (std::uint64_t i = 0; i < dimensions.number; ++i) indices += "[0]";
    first.path += indices;
    first.label += indices;
    first.name = {};
    first.type = dimensions.element;
    first.bits = dimensions.element.shape->size * 8;
    return first;
  }

  // Both begin at the same place, and are the same member.
  void different_size(const Item& type, const Item& map) {
    if (type.shape().kind == TypeKind::array && map.shape().kind == TypeKind::array) {
      const Dimensions types = dimensions(type);
      const Dimensions maps = dimensions(map);
      if (types.element.shape->size == maps.element.shape->size)
        count(type, map, types, maps);
      else
        element_size(type, map, types, maps);
      line(&type, &map, Mark::different);
      return elements(type, map, types, maps);
    }
    size(type, map);
    line(&type, &map, Mark::different);
    if (is_struct(type) && is_struct(map)) walk(members(type, Side::type), members(map, Side::map));
  }

  // --- what differs ---

  Mark names(const Item& type, const Item& map) {
    if (type.name.empty() || map.name.empty() || type.name == map.name) return Mark::same;
    LayoutDifference found = difference(LayoutFault::name, &type, &map);
    found.text = path_text(types_.part, type) + " at " + place_text(type) + " has the name " +
                 path_text(types_.part, map) + " in the map";
    if (options_.names) {
      tell(std::move(found));
      return Mark::different;
    }
    if (report_.notes.size() < most_differences) report_.notes.push_back(std::move(found));
    return Mark::note;
  }

  // Returns whether two numbers are of the same kind.
  bool scalars(const Item& type, const Item& map, const TypeUse& in_type, const TypeUse& in_map) {
    const Shape& a = *in_type.shape;
    const Shape& b = *in_map.shape;
    const std::string where = path_text(types_.part, type) + " at " + place_text(type);
    if ((a.kind == TypeKind::floating) != (b.kind == TypeKind::floating)) {
      tell(LayoutFault::type, &type, &map,
           where + " is '" + type_text(in_type) + "' in C++, '" + type_text(in_map) +
               "' in the map");
      return false;
    }
    const bool have_signs = a.kind == TypeKind::integer && b.kind == TypeKind::integer;
    if (!have_signs || a.is_signed == b.is_signed || a.size < 2 || b.size < 2) return true;
    const auto sign = [](const Shape& shape) { return shape.is_signed ? "signed" : "unsigned"; };
    tell(LayoutFault::sign, &type, &map,
         where + " is " + sign(a) + " in C++, " + sign(b) + " in the map");
    return false;
  }

  void size(const Item& type, const Item& map) {
    const std::string where = type.depth == 0 ? "" : " at " + place_text(type);
    tell(LayoutFault::size, &type, &map,
         path_text(types_.part, type) + where + " has " + size_text(type) + " in C++, " +
             size_text(map) + " in the map");
  }

  void count(const Item& type, const Item& map, const Dimensions& types, const Dimensions& maps) {
    tell(LayoutFault::count, &type, &map,
         path_text(types_.part, type) + " at " + place_text(type) + " has the elements " +
             types.text + " in C++, " + maps.text + " in the map");
  }

  void element_size(const Item& type, const Item& map, const Dimensions& types,
                    const Dimensions& maps) {
    tell(LayoutFault::size, &type, &map,
         path_text(types_.part, type) + " at " + place_text(type) + " has elements of " +
             size_text(first_element(type, types)) + " in C++, of " +
             size_text(first_element(map, maps)) + " in the map");
  }

  void offset(const Item& type, const Item& map) {
    tell(LayoutFault::offset, &type, &map,
         path_text(types_.part, type) + " is at " + place_text(type) + " in C++, at " +
             place_text(map) + " in the map");
  }

  void absent(const Item& item, Side side) {
    tell_one(LayoutFault::absent, item, side,
             path_text(types_.part, item) + ", " + size_text(item) + " at " + place_text(item) +
                 ", is only in " + (side == Side::type ? "C++" : "the map"));
  }

  // The map's values end where it begins, so that nothing is lost without it.
  void flexible_end(const Item& item, Side side) {
    const std::string where = path_text(types_.part, item) + " at " + place_text(item);
    if (side == Side::map)
      return note(LayoutFault::flexible_end, item, side, where + " has no elements in the map");
    tell_one(LayoutFault::flexible_end, item, side,
             where + " has no elements in C++: a flexible end");
  }

  void padding(const Item& item, Side side) {
    note(LayoutFault::padding, item, side,
         path_text(types_.part, item) + ", " + size_text(item) + " at " + place_text(item) +
             ", is padding in " + (side == Side::type ? "the map" : "C++"));
  }

  // --- the report ---

  LayoutDifference difference(LayoutFault fault, const Item* type, const Item* map) const {
    LayoutDifference found{.part = types_.part, .fault = fault};
    if (map != nullptr) {
      found.path = map->path;
      found.in_map = map->place();
    }
    if (type != nullptr) {
      found.path = type->path;
      found.in_type = type->place();
    }
    return found;
  }
  void tell(LayoutDifference found) {
    report_.verdict = LayoutVerdict::mismatch;
    if (++report_.difference_count <= most_differences)
      report_.differences.push_back(std::move(found));
  }
  void tell(LayoutFault fault, const Item* type, const Item* map, std::string text) {
    LayoutDifference found = difference(fault, type, map);
    found.text = std::move(text);
    tell(std::move(found));
  }
  void tell_one(LayoutFault fault, const Item& item, Side side, std::string text) {
    const bool is_in_type = side == Side::type;
    tell(fault, is_in_type ? &item : nullptr, is_in_type ? nullptr : &item, std::move(text));
  }

  void note(LayoutFault fault, const Item& item, Side side, std::string text) {
    const bool is_in_type = side == Side::type;
    LayoutDifference found =
        difference(fault, is_in_type ? &item : nullptr, is_in_type ? nullptr : &item);
    found.text = std::move(text);
    if (report_.notes.size() < most_differences) report_.notes.push_back(std::move(found));
  }

  void line(const Item* type, const Item* map, Mark mark) {
    // The rest of an item needs no line of its own.
    if (type != nullptr && type->has_line && mark != Mark::different) type = nullptr;
    if (map != nullptr && map->has_line && mark != Mark::different) map = nullptr;
    if (type == nullptr && map == nullptr) return;
    if (report_.lines.size() >= most_lines) return;
    LayoutLine added{.part = types_.part, .mark = mark};
    if (map != nullptr) {
      added.depth = map->depth;
      added.in_map = {map->place(), declaration(*map)};
    }
    if (type != nullptr) {
      added.depth = type->depth;
      added.in_type = {type->place(), declaration(*type)};
    }
    report_.lines.push_back(std::move(added));
  }
  void one_line(const Item& item, Side side, Mark mark) {
    side == Side::type ? line(&item, nullptr, mark) : line(nullptr, &item, mark);
  }
  void both(Items& types, Items& maps, Mark mark) {
    line(&types.front(), &maps.front(), mark);
    types.pop_front();
    maps.pop_front();
  }
  void drop(Items& items, Side side) {
    one_line(items.front(), side, Mark::different);
    items.pop_front();
  }

  const ComparedTypes& types_;
  Shapes& shapes_;
  const LayoutOptions& options_;
  LayoutReport& report_;
  std::uint64_t end_[2] = {};
  int steps_ = most_steps;
};

}  // namespace

bool compare(const ComparedTypes& types, Shapes& shapes, const LayoutOptions& options,
             LayoutReport& report) {
  return Comparison{types, shapes, options, report}.run();
}

}  // namespace bpfmap::inline v0::detail
