// SPDX-License-Identifier: MIT
#include "entry_plan.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "../map/btf.hpp"
#include "bits.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr unsigned most_depth = 32;
constexpr std::size_t most_members = 65536;

bool is_hop(BtfKind kind) noexcept {
  switch (kind) {
    case BtfKind::type_definition:
    case BtfKind::volatile_type:
    case BtfKind::const_type:
    case BtfKind::restrict_type:
    case BtfKind::type_tag:
    case BtfKind::variable:
      return true;
    default:
      return false;
  }
}

// Whether `hint` is `path`, or its end behind a dot.
bool names(std::string_view hint, std::string_view path) noexcept {
  if (hint.empty() || !path.ends_with(hint)) return false;
  return hint.size() == path.size() || path[path.size() - hint.size() - 1] == '.';
}

// The encoding of an integer, from the word behind it.
struct IntegerWord {
  std::uint32_t word;
  [[nodiscard]] bool is_signed() const noexcept { return (word >> 24U & 1U) != 0; }
  [[nodiscard]] bool is_char() const noexcept { return (word >> 24U & 2U) != 0; }
  [[nodiscard]] bool is_bool() const noexcept { return (word >> 24U & 4U) != 0; }
  [[nodiscard]] unsigned offset() const noexcept { return word >> 16U & 0xffU; }
  [[nodiscard]] unsigned bits() const noexcept { return word & 0xffU; }
};

// Makes the tree of one side. `reason` is set when the types cannot be used.
class PlanMaker {
 public:
  PlanMaker(const Btf& btf, const MapInfo& info, const EntryTextOptions& options)
      : btf_(btf), info_(info), options_(options) {}

  [[nodiscard]] std::optional<EntrySide> side(std::uint32_t id, std::uint32_t size,
                                              std::string_view name);
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  using Made = std::optional<EntryNode>;

  Made fail(std::string why) {
    if (reason_.empty()) reason_ = std::move(why);
    return std::nullopt;
  }
  Made make(std::uint32_t id, std::uint64_t room_bits, const std::string& path, unsigned depth);
  Made of_kind(std::uint32_t id, const BtfType& type, std::uint64_t room, const std::string& path,
               unsigned depth);
  Made integer(std::uint32_t id, const BtfType& type);
  Made enumeration(std::uint32_t id, const BtfType& type);
  Made array(std::uint32_t id, std::uint64_t room, const std::string& path, unsigned depth);
  Made structure(std::uint32_t id, const BtfType& type, const std::string& path, unsigned depth);
  bool add_member(EntryNode& to, const BtfType& parent, std::uint32_t id, std::uint32_t i,
                  const std::string& path, unsigned depth);
  bool as_bit_field(EntryNode& node, std::uint64_t offset, unsigned bits, std::uint64_t room);
  [[nodiscard]] Made hinted(EntryNode node, const std::string& path) const;
  [[nodiscard]] FieldFormat hint_for(std::string_view path) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> resolve(std::uint32_t id) const noexcept;

  const Btf& btf_;
  const MapInfo& info_;
  const EntryTextOptions& options_;
  std::map<std::uint32_t, std::shared_ptr<const Enumerators>> enumerations_;
  std::size_t members_ = 0;
  std::string reason_;
};

std::optional<std::uint32_t> PlanMaker::resolve(std::uint32_t id) const noexcept {
  constexpr int most_hops = 64;  // BTF with a circle has no end
  for (int i = 0; i < most_hops; ++i) {
    const auto type = btf_.type(id);
    if (!type) return std::nullopt;
    if (!is_hop(type->kind())) return id;
    id = type->size_or_type;
  }
  return std::nullopt;
}

FieldFormat PlanMaker::hint_for(std::string_view path) const noexcept {
  for (const FieldHint& hint : options_.hints)
    if (names(hint.path, path)) return hint.format;
  return FieldFormat::automatic;
}

// The node in the format that a hint asks for, when its size allows that.
PlanMaker::Made PlanMaker::hinted(EntryNode node, const std::string& path) const {
  const auto leaf = [&node](NodeKind kind) {
    return EntryNode{.kind = kind, .bits = 0, .size = node.size};
  };
  const bool number = node.kind == NodeKind::integer || node.kind == NodeKind::enumeration ||
                      node.kind == NodeKind::pointer || node.kind == NodeKind::boolean;
  const bool is_bytes = node.kind == NodeKind::bytes || node.kind == NodeKind::text;
  const bool trie_key = info_.type == MapType::lpm_trie && path == "key";
  const bool whole = node.bits == 0 || node.bits == node.size * 8;
  const FieldFormat format = hint_for(path);
  switch (format) {
    case FieldFormat::decimal:
    case FieldFormat::hex:
    case FieldFormat::network:
      if (!number || (format == FieldFormat::network && !whole)) break;
      node.kind = NodeKind::integer;
      node.format = format;
      break;
    case FieldFormat::ipv4:
      if (node.size == 8 && trie_key) return leaf(NodeKind::prefix);
      if (node.size == 4 && whole) return leaf(NodeKind::ipv4);
      break;
    case FieldFormat::ipv6:
      if (node.size == 20 && trie_key) return leaf(NodeKind::prefix);
      if (node.size == 16) return leaf(NodeKind::ipv6);
      break;
    case FieldFormat::mac:
      if (node.size == 6) return leaf(NodeKind::mac);
      break;
    case FieldFormat::text:
      if (is_bytes) node.kind = NodeKind::text;
      break;
    case FieldFormat::bytes:
      if (whole) return leaf(NodeKind::bytes);
      break;
    case FieldFormat::automatic:
      break;
  }
  return node;
}

PlanMaker::Made PlanMaker::integer(std::uint32_t id, const BtfType& type) {
  const auto word = btf_.word(id, 0);
  const std::uint64_t size = type.size_or_type;
  if (!word || size == 0 || size > 16) return fail("an integer has no valid size");
  const IntegerWord encoding{*word};
  const unsigned bits = encoding.bits();
  if (bits == 0 || bits + encoding.offset() > size * 8)
    return fail("an integer has more bits than bytes");
  if (size > 8)
    return EntryNode{.kind = NodeKind::wide, .is_signed = encoding.is_signed(), .size = size};
  return EntryNode{.kind = encoding.is_bool() ? NodeKind::boolean : NodeKind::integer,
                   .is_signed = encoding.is_signed(),
                   .bits = bits,
                   .bit_offset = encoding.offset(),
                   .size = size};
}

PlanMaker::Made PlanMaker::enumeration(std::uint32_t id, const BtfType& type) {
  const std::uint64_t size = type.size_or_type;
  if (size != 1 && size != 2 && size != 4 && size != 8) return fail("an enum has no valid size");
  const bool large = type.kind() == BtfKind::enum64;
  EntryNode node{.kind = NodeKind::enumeration,
                 .is_signed = type.info >> 31U != 0,
                 .bits = static_cast<unsigned>(size * 8),
                 .size = size};
  auto& kept = enumerations_[id];
  if (kept == nullptr) {
    std::vector<Enumerators::Enumerator> all;
    const std::uint32_t words = large ? 3 : 2;
    for (std::uint32_t i = 0; i < type.members(); ++i) {
      const auto name = btf_.word(id, words * i);
      const auto low = btf_.word(id, words * i + 1);
      const auto high = large ? btf_.word(id, words * i + 2) : std::optional<std::uint32_t>{0};
      if (!name || !low || !high) return fail("an enum reaches beyond the BTF");
      std::uint64_t value = std::uint64_t{*high} << 32U | *low;
      if (!large && node.is_signed) value = sign_extended(value, 32);
      const std::string_view text = btf_.name({*name, 0, 0});
      // A name that could be a number would not be read back.
      const bool is_name = !text.empty() && text[0] != '-' && !(text[0] >= '0' && text[0] <= '9');
      if (is_name && is_clean_text(text)) all.push_back({std::string{text}, value});
    }
    kept = std::make_shared<const Enumerators>(std::move(all));
  }
  node.enumerators = kept;
  return node;
}

PlanMaker::Made PlanMaker::array(std::uint32_t id, std::uint64_t room, const std::string& path,
                                 unsigned depth) {
  const auto words = btf_.words(id, 0);
  if (!words) return fail("an array reaches beyond the BTF");
  const std::uint64_t count = (*words)[2];
  Made element = make((*words)[0], room, path, depth + 1);
  if (!element) {
    // Of a flexible array, nothing is there to be written.
    if (count != 0 || !reason_.empty()) return std::nullopt;
    element = EntryNode{.kind = NodeKind::bytes, .size = 0};
  }
  if (element->size != 0 && count > room / 8 / element->size)
    return fail("an array is larger than its place");
  EntryNode node{.kind = NodeKind::array, .size = count * element->size, .count = count};
  const auto inner = resolve((*words)[0]);
  const auto type = inner ? btf_.type(*inner) : std::nullopt;
  if (type && type->kind() == BtfKind::integer && type->size_or_type == 1 && count != 0 &&
      element->kind == NodeKind::integer && element->bits == 8 &&
      element->format == FieldFormat::automatic) {
    const bool is_char =
        IntegerWord{btf_.word(*inner, 0).value_or(0)}.is_char() || btf_.name(*type) == "char";
    if (is_char || !element->is_signed)
      return hinted({.kind = is_char ? NodeKind::text : NodeKind::bytes, .size = count}, path);
  }
  Made whole = hinted(node, path);
  if (whole->kind != NodeKind::array) return whole;
  if (element->size == 0) node.count = 0;
  node.children.push_back(std::move(*element));
  return node;
}

bool PlanMaker::as_bit_field(EntryNode& node, std::uint64_t offset, unsigned bits,
                             std::uint64_t room) {
  const bool number = node.kind == NodeKind::integer || node.kind == NodeKind::boolean ||
                      node.kind == NodeKind::enumeration;
  if (!number || bits > node.size * 8 || offset > room || room - offset < bits) {
    (void)fail("a bit-field is larger than its place");
    return false;
  }
  node.bits = bits;
  node.bit_offset = offset;
  return true;
}

bool PlanMaker::add_member(EntryNode& to, const BtfType& parent, std::uint32_t id, std::uint32_t i,
                           const std::string& path, unsigned depth) {
  const auto words = btf_.words(id, i);
  if (!words) return (void)fail("a struct reaches beyond the BTF"), false;
  const bool section = parent.kind() == BtfKind::section;
  const std::uint32_t type_id = section ? (*words)[0] : (*words)[1];
  std::uint64_t offset = section ? std::uint64_t{(*words)[1]} * 8 : (*words)[2];
  unsigned bits = 0;
  if (!section && parent.has_bit_fields()) {
    bits = static_cast<unsigned>(offset >> 24U);
    offset &= 0xffffffU;
  }
  const auto variable = btf_.type(type_id);
  const std::string_view name =
      section ? (variable ? btf_.name(*variable) : "") : btf_.name({(*words)[0], 0, 0});
  const std::uint64_t room = to.size * 8;
  if (offset > room) return (void)fail("a member is beyond its struct"), false;
  // A bit-field's type may reach beyond the struct: only its bits are there.
  const std::string own_path = name.empty() ? path : path + "." + std::string{name};
  Made node = bits != 0 ? make(type_id, 128, {}, depth + 1)
                        : make(type_id, room - offset, own_path, depth + 1);
  if (!node) return reason_.empty();  // a type without a size has no bytes to write
  if (bits != 0) {
    if (!as_bit_field(*node, offset, bits, room)) return false;
    const FieldFormat format = hint_for(own_path);
    if (format == FieldFormat::hex || format == FieldFormat::decimal) {
      node->kind = NodeKind::integer;
      node->format = format;
    }
  } else {
    if (offset % 8 != 0) return (void)fail("a member begins within a byte"), false;
    node->bit_offset += offset;
  }
  if (!name.empty() && is_clean_text(name)) {
    node->name = name;
    to.children.push_back(std::move(*node));
    return true;
  }
  if (node->kind != NodeKind::structure) return true;  // a name is missing: left to the padding
  for (EntryNode& child : node->children) {
    child.bit_offset += node->bit_offset;
    to.children.push_back(std::move(child));
  }
  return true;
}

PlanMaker::Made PlanMaker::structure(std::uint32_t id, const BtfType& type, const std::string& path,
                                     unsigned depth) {
  EntryNode node{.kind = NodeKind::structure, .size = type.size_or_type};
  Made whole = hinted(node, path);
  if (whole->kind != NodeKind::structure) return whole;
  for (std::uint32_t i = 0; i < type.members(); ++i)
    if (!add_member(node, type, id, i, path, depth)) return std::nullopt;
  std::set<std::string_view> seen{padding_name};
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    // In C, no name is there twice.
    std::string& name = node.children[i].name;
    while (!seen.insert(name).second) name += "#" + std::to_string(i);
  }
  return node;
}

PlanMaker::Made PlanMaker::of_kind(std::uint32_t id, const BtfType& type, std::uint64_t room,
                                   const std::string& path, unsigned depth) {
  const std::uint64_t size = type.size_or_type;
  switch (type.kind()) {
    case BtfKind::integer: {
      const Made made = integer(id, type);
      return made ? hinted(*made, path) : made;
    }
    case BtfKind::enumeration:
    case BtfKind::enum64: {
      const Made made = enumeration(id, type);
      return made ? hinted(*made, path) : made;
    }
    case BtfKind::pointer:
      return hinted({.kind = NodeKind::pointer, .bits = 64, .size = 8}, path);
    case BtfKind::floating:
      if (size == 4 || size == 8)
        return hinted(
            {.kind = NodeKind::floating, .bits = static_cast<unsigned>(size * 8), .size = size},
            path);
      return EntryNode{.kind = NodeKind::bytes, .size = size};
    case BtfKind::array:
      return array(id, room, path, depth);
    case BtfKind::structure:
    case BtfKind::union_type:
    case BtfKind::section:
      if (size > room / 8) return fail("a struct is larger than its place");
      return structure(id, type, path, depth);
    default:
      return std::nullopt;
  }
}

PlanMaker::Made PlanMaker::make(std::uint32_t id, std::uint64_t room, const std::string& path,
                                unsigned depth) {
  if (depth > most_depth) return fail("types are nested more than 32 deep");
  if (++members_ > most_members) return fail("a type has more than 65536 members");
  const auto resolved = resolve(id);
  if (!resolved) return btf_.reason().empty() ? std::nullopt : fail(btf_.reason());
  Made made = of_kind(*resolved, *btf_.type(*resolved), room, path, depth);
  if (made && made->size > room / 8 && made->kind != NodeKind::array)
    return fail("a member reaches beyond its struct");
  return made;
}

// The number of scalars that are written: unions and empty structs may have more than bytes.
std::uint64_t scalars(const EntryNode& node) noexcept {
  constexpr std::uint64_t many = std::uint64_t{1} << 40U;
  std::uint64_t all = 1;
  for (const EntryNode& child : node.children) {
    const std::uint64_t each = scalars(child);
    const std::uint64_t times = node.kind == NodeKind::array ? node.count : 1;
    if (times != 0 && each > many / times) return many;
    all = std::min(many, all + each * times);
  }
  return all;
}

void cover(const EntryNode& node, std::uint64_t bit, Bytes& covered) noexcept {
  if (node.kind == NodeKind::structure) {
    for (const EntryNode& child : node.children) cover(child, bit + child.bit_offset, covered);
  } else if (node.kind == NodeKind::array) {
    for (std::uint64_t i = 0; i < node.count; ++i)
      cover(node.children[0], bit + i * node.children[0].size * 8 + node.children[0].bit_offset,
            covered);
  } else if (node.bits != 0) {
    store_bits(covered.data(), bit, node.bits, all_bits(node.bits));
  } else {
    for (std::uint64_t i = 0; i < node.size; ++i) covered[bit / 8 + i] = std::byte{0xff};
  }
}

EntrySide covered_side(EntryNode root) {
  const auto size = static_cast<std::size_t>(root.size);
  EntrySide side{std::move(root), Bytes(size)};
  cover(side.root, side.root.bit_offset, side.covered);
  const bool all = std::all_of(side.covered.begin(), side.covered.end(),
                               [](std::byte byte) { return byte == std::byte{0xff}; });
  if (all) side.covered.clear();
  // Of a scalar with padding, only bytes are all of it.
  if (!all && !side.root.is_aggregate()) return {{.kind = NodeKind::bytes, .size = size}, {}};
  return side;
}

std::optional<EntrySide> PlanMaker::side(std::uint32_t id, std::uint32_t size,
                                         std::string_view name) {
  members_ = 0;
  Made root = make(id, std::uint64_t{size} * 8, std::string{name}, 0);
  if (!root && reason_.empty()) (void)fail("it is not a type with a size");
  if (root && root->size > size) (void)fail("the type is larger");
  // The end of a section may be missing in its BTF.
  const bool section = root && btf_.type(id)->kind() == BtfKind::section;
  if (root && root->size < size && section) root->size = size;
  if (root && root->size != size)
    (void)fail("the type has " + std::to_string(root->size) + " bytes, the map's " +
               std::string{name} + "s have " + std::to_string(size));
  if (root && scalars(*root) > most_members + std::uint64_t{8} * size)
    (void)fail("unions have too many members");
  if (!reason_.empty()) return std::nullopt;
  return covered_side(std::move(*root));
}

// The hints for a whole key or value, which need no BTF.
EntrySide hinted_side(std::uint32_t size, std::string_view name, const MapInfo& info,
                      const EntryTextOptions& options) {
  EntrySide side = plain_side(size);
  for (const FieldHint& hint : options.hints) {
    if (!names(hint.path, name)) continue;
    const bool trie = info.type == MapType::lpm_trie && name == "key";
    const auto is = [&](FieldFormat format, std::uint32_t bytes) {
      return hint.format == format && size == bytes;
    };
    const bool number = side.root.kind == NodeKind::integer;
    if (trie && (is(FieldFormat::ipv4, 8) || is(FieldFormat::ipv6, 20)))
      side.root = {.kind = NodeKind::prefix, .size = size};
    else if (is(FieldFormat::ipv4, 4))
      side.root = {.kind = NodeKind::ipv4, .size = size};
    else if (is(FieldFormat::ipv6, 16))
      side.root = {.kind = NodeKind::ipv6, .size = size};
    else if (is(FieldFormat::mac, 6))
      side.root = {.kind = NodeKind::mac, .size = size};
    else if (hint.format == FieldFormat::text || hint.format == FieldFormat::bytes)
      side.root = {.kind = hint.format == FieldFormat::text ? NodeKind::text : NodeKind::bytes,
                   .size = size};
    else if (number && (hint.format == FieldFormat::hex || hint.format == FieldFormat::network))
      side.root.format = hint.format;
    break;
  }
  return side;
}

}  // namespace

EntrySide plain_side(std::uint32_t size) {
  const bool number = size == 1 || size == 2 || size == 4 || size == 8;
  return {{.kind = number ? NodeKind::integer : NodeKind::bytes,
           .bits = number ? size * 8 : 0,
           .size = size},
          {}};
}

EntryPlan plan_of(const MapInfo& info, BytesView bytes, const EntryTextOptions& options) {
  const MapTypeTraits* const traits = traits_of(info.type);
  EntryPlan plan{.key = hinted_side(info.key_size, "key", info, options),
                 .value = hinted_side(info.value_size, "value", info, options),
                 .percpu = traits != nullptr && traits->percpu,
                 .exact = options.exact,
                 .reason = {}};
  if (bytes.empty()) return plan;
  const Btf btf{bytes};
  const auto use = [&](EntrySide& side, std::uint32_t id, std::uint32_t size,
                       std::string_view name) {
    PlanMaker maker{btf, info, options};
    if (auto made = maker.side(id, size, name))
      side = std::move(*made);
    else if (plan.reason.empty())
      plan.reason = "the BTF of the " + std::string{name} + " cannot be used: " + maker.reason();
  };
  // A section's key has no type, and is a number.
  if (info.btf_key_type_id != 0) use(plan.key, info.btf_key_type_id, info.key_size, "key");
  if (info.btf_value_type_id != 0)
    use(plan.value, info.btf_value_type_id, info.value_size, "value");
  else
    plan.reason = "the map's BTF has no type for its values";
  return plan;
}

Bytes uncovered_bytes(const EntrySide& side, BytesView bytes) {
  if (side.covered.empty()) return {};
  Bytes rest(bytes.begin(), bytes.end());
  bool any = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    rest[i] &= ~side.covered[i];
    any = any || rest[i] != std::byte{0};
  }
  return any ? rest : Bytes{};
}

}  // namespace bpfmap::inline v0::detail
