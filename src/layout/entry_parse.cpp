// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>

#include "bpfmap/sys/cpus.hpp"
#include "entry_reader.hpp"

namespace bpfmap::inline v0::detail {
namespace {

std::string names_in(const EntryNode& node) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, node.children.size()); ++i)
    text += (i == 0 ? "" : ", ") + node.children[i].name;
  return node.children.size() > most ? text + ", ..." : text;
}

}  // namespace

bool EntryReader::end() {
  scanner_.skip_space();
  return scanner_.at_end() || scanner_.expected("the end");
}

bool EntryReader::key(MutableBytesView to) { return side(plan_.key, to, true) && end(); }

bool EntryReader::value(MutableBytesView to) { return one_value(to, true) && end(); }

// A value, of every CPU on a per-CPU map.
bool EntryReader::one_value(MutableBytesView to, bool may_lack_braces) {
  const auto size = static_cast<std::size_t>(plan_.value.root.size);
  const bool all_slots = plan_.percpu && to.size() == sys::percpu_size(size);
  if (!all_slots) return side(plan_.value, to, may_lack_braces);
  if (begins_with_cpus()) return cpus(to);
  const std::size_t begin = scanner_.position();
  const std::size_t stride = sys::percpu_stride(size);
  for (std::size_t at = 0; at < to.size(); at += stride) {
    scanner_.go_to(begin);
    if (!side(plan_.value, to.subspan(at, size), may_lack_braces)) return false;
  }
  return true;
}

bool EntryReader::side(const EntrySide& side, MutableBytesView to, bool may_lack_braces) {
  side_ = &side;
  to_ = to;
  if (may_lack_braces && side.root.is_aggregate() && begins_with_member())
    return members(side.root, side.root.bit_offset, '\0');
  return node(side.root, side.root.bit_offset);
}

// Whether a name and a = are next, without a brace.
bool EntryReader::begins_with_member() {
  const TextScanner before = scanner_;
  scanner_.skip_space();
  Token path;
  const bool is_name = scanner_.peek() != '{' && scanner_.name_before_value(path);
  scanner_ = before;
  // Not the address in `[fe80::1]`.
  const bool list = path.text.starts_with('[') && path.text.find(']') == std::string::npos;
  return is_name && !list;
}

// Whether `{cpu0=` or `[{cpu=` is next.
bool EntryReader::begins_with_cpus() {
  const TextScanner before = scanner_;
  const bool list = scanner_.accept('[');
  Token first;
  bool is_cpus = scanner_.accept('{') && scanner_.name_before_value(first);
  scanner_ = before;
  if (list) return is_cpus && first.text == "cpu";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  is_cpus = is_cpus && first.text.starts_with("cpu") && first.text.size() > 3;
  return is_cpus && std::all_of(first.text.begin() + 3, first.text.end(), digit);
}

bool EntryReader::cpus(MutableBytesView to) {
  if (scanner_.accept('{')) return named_cpus(to);
  if (scanner_.accept('[')) return listed_cpus(to);
  return scanner_.expected("'{' and the values of CPUs, such as cpu0=1");
}

bool EntryReader::slot(std::string_view cpu, std::size_t at, MutableBytesView to,
                       MutableBytesView& slot) {
  Errc why = Errc::invalid_text;
  const auto number = read_number(cpu, why);
  if (!number)
    return scanner_.fail(at, "expected the number of a CPU, found '" + std::string{cpu} + "'", why);
  const auto possible = sys::possible_cpus();
  const auto found = std::find(possible.begin(), possible.end(), *number);
  if (found == possible.end())
    return scanner_.fail(at,
                         "CPU " + std::to_string(*number) + " is not one of the " +
                             std::to_string(possible.size()) + " possible CPUs",
                         Errc::no_such_cpu);
  const auto size = static_cast<std::size_t>(plan_.value.root.size);
  slot = to.subspan(static_cast<std::size_t>(found - possible.begin()) * sys::percpu_stride(size),
                    size);
  return true;
}

bool EntryReader::named_cpus(MutableBytesView to) {
  scanner_.skip_space();
  for (bool more = scanner_.peek() != '}'; more;) {
    Token name;
    MutableBytesView own;
    if (!scanner_.name_before_value(name)) return false;
    if (!name.text.starts_with("cpu"))
      return scanner_.fail(name.at, "expected a CPU such as cpu0, found '" + name.text + "'");
    if (!slot(std::string_view{name.text}.substr(3), name.at, to, own) ||
        !side(plan_.value, own, false) || !scanner_.separator('}', more))
      return false;
  }
  return scanner_.accept('}') || scanner_.expected("'}'");
}

bool EntryReader::listed_cpus(MutableBytesView to) {
  scanner_.skip_space();
  for (bool more = scanner_.peek() != ']'; more;)
    if (!listed_cpu(to) || !scanner_.separator(']', more)) return false;
  return scanner_.accept(']') || scanner_.expected("']'");
}

// {"cpu":0,"value":1}
bool EntryReader::listed_cpu(MutableBytesView to) {
  Token name;
  Token cpu;
  MutableBytesView own;
  bool more = false;
  if (!scanner_.accept('{')) return scanner_.expected("'{'");
  if (!scanner_.name_before_value(name)) return false;
  if (name.text != "cpu")
    return scanner_.fail(name.at, "expected 'cpu', found '" + name.text + "'");
  if (!scanner_.word(cpu) || !slot(cpu.text, cpu.at, to, own) || !scanner_.separator('}', more))
    return false;
  if (!more) return scanner_.expected("'value'");
  if (!scanner_.name_before_value(name)) return false;
  if (name.text != "value")
    return scanner_.fail(name.at, "expected 'value', found '" + name.text + "'");
  return side(plan_.value, own, false) && (scanner_.accept('}') || scanner_.expected("'}'"));
}

bool EntryReader::entry(MutableBytesView key, MutableBytesView value) {
  const bool braces = scanner_.accept('{');
  bool has_key = key.empty();
  bool has_value = false;
  scanner_.skip_space();
  for (bool more = !scanner_.at_end() && scanner_.peek() != '}'; more;) {
    Token name;
    if (!scanner_.name_before_value(name)) return false;
    if (name.text == "key") {
      has_key = true;
      if (!side(plan_.key, key, false)) return false;
    } else if (name.text == "value" || (name.text == "values" && plan_.percpu)) {
      has_value = true;
      if (!(name.text == "values" ? cpus(value) : one_value(value, false))) return false;
    } else {
      return scanner_.fail(name.at, "expected key or value, found '" + name.text + "'");
    }
    if (!scanner_.separator(braces ? '}' : '\0', more)) return false;
  }
  if (braces && !scanner_.accept('}')) return scanner_.expected("'}'");
  if (!end()) return false;
  if (!has_key) return scanner_.expected("a key");
  return has_value || scanner_.expected("a value");
}

bool EntryReader::node(const EntryNode& node, std::uint64_t bit) {
  scanner_.skip_space();
  const char next = scanner_.peek();
  const bool of_bytes = node.kind == NodeKind::bytes || node.kind == NodeKind::text;
  if (node.is_aggregate() && scanner_.accept('{')) return members(node, bit, '}');
  if ((node.kind == NodeKind::array || of_bytes) && next == '[') return elements(node, bit);
  if (next == '{' || next == '[')
    return scanner_.expected(node.kind == NodeKind::array ? "'['" : "a value without brackets");
  Token token;
  if (!scanner_.word(token)) return false;
  if (!node.is_aggregate()) return read_scalar(scanner_, token, node, to_.data(), bit);
  if (bit % 8 == 0 && read_hex_bytes(token.text, node.size, to_.data() + bit / 8)) return true;
  scanner_.go_to(token.at);
  return scanner_.expected((node.kind == NodeKind::array ? "'[' or 0x and " : "'{' or 0x and ") +
                           std::to_string(2 * node.size) + " digits");
}

bool EntryReader::members(const EntryNode& node, std::uint64_t bit, char close) {
  scanner_.skip_space();
  for (bool more = close == '\0' ? !scanner_.at_end() : scanner_.peek() != close; more;)
    if (!member(node, bit) || !scanner_.separator(close, more)) return false;
  return close == '\0' || scanner_.accept(close) || scanner_.expected("'}'");
}

bool EntryReader::member(const EntryNode& node, std::uint64_t bit) {
  Token path;
  if (!scanner_.name_before_value(path)) return false;
  if (path.text == padding_name && &node == &side_->root) return padding();
  const auto place = find(node, bit, path);
  return place && this->node(*place->node, place->bit);
}

// Replaces the bits that are no member's.
bool EntryReader::padding() {
  Token token;
  if (!scanner_.word(token)) return false;
  const std::size_t size = to_.size();
  Bytes bytes(size);
  if (!read_hex_bytes(token.text, size, bytes.data())) {
    scanner_.go_to(token.at);
    return scanner_.expected("0x and " + std::to_string(2 * size) + " digits");
  }
  const Bytes& covered = side_->covered;
  for (std::size_t i = 0; i < size; ++i) {
    const std::byte members = covered.empty() ? std::byte{0xff} : covered[i];
    if ((bytes[i] & members) != std::byte{0})
      return scanner_.fail(token.at,
                           "expected zero for byte " + std::to_string(i) + ", where a member is");
    to_[i] = (to_[i] & members) | bytes[i];
  }
  return true;
}

bool EntryReader::elements(const EntryNode& node, std::uint64_t bit) {
  const EntryNode byte{.kind = NodeKind::integer, .bits = 8, .size = 1};
  const EntryNode& element = node.kind == NodeKind::array ? node.children[0] : byte;
  const std::uint64_t count = node.kind == NodeKind::array ? node.count : node.size;
  const std::size_t begin = scanner_.position();
  std::uint64_t done = 0;
  if (!scanner_.accept('[')) return scanner_.expected("'['");
  scanner_.skip_space();
  for (bool more = scanner_.peek() != ']'; more; ++done) {
    if (done == count)
      return scanner_.fail(scanner_.position(),
                           "expected ']' behind " + std::to_string(count) + " elements",
                           Errc::out_of_range);
    if (!this->node(element, bit + done * element.size * 8 + element.bit_offset) ||
        !scanner_.separator(']', more))
      return false;
  }
  if (!scanner_.accept(']')) return scanner_.expected("']'");
  if (done == count) return true;
  return scanner_.fail(
      begin, "expected " + std::to_string(count) + " elements, found " + std::to_string(done));
}

std::optional<EntryReader::Place> EntryReader::find(const EntryNode& node, std::uint64_t bit,
                                                    const Token& path) {
  Place at{&node, bit};
  for (std::string_view rest = path.text;;) {
    const std::size_t column = path.at + (path.text.size() - rest.size());
    const bool array = at.node->kind == NodeKind::array;
    if (!array && at.node->kind != NodeKind::structure) {
      (void)scanner_.fail(column, "expected '=', because this is no struct and no array, found '" +
                                      std::string{rest} + "'");
      return std::nullopt;
    }
    if (!(array ? step_to_element(at, rest, column) : step_to_member(at, rest, column)))
      return std::nullopt;
    if (rest.empty()) return at;
    if (rest.size() > 1 && rest[0] == '.') rest.remove_prefix(1);
  }
}

bool EntryReader::step_to_member(Place& at, std::string_view& rest, std::size_t column) {
  const EntryNode* found = nullptr;
  for (const EntryNode& child : at.node->children) {
    if (!rest.starts_with(child.name)) continue;
    const char next = rest.size() > child.name.size() ? rest[child.name.size()] : '.';
    const bool longer = found == nullptr || child.name.size() > found->name.size();
    if ((next == '.' || next == '[') && longer) found = &child;
  }
  if (found == nullptr)
    return scanner_.fail(column, "there is no member '" + std::string{rest} +
                                     "'; the members are " + names_in(*at.node));
  at = {found, at.bit + found->bit_offset};
  rest.remove_prefix(found->name.size());
  return true;
}

bool EntryReader::step_to_element(Place& at, std::string_view& rest, std::size_t column) {
  const std::size_t close = rest.find(']');
  Errc why = Errc::invalid_text;
  const auto index = rest.starts_with('[') && close != std::string_view::npos
                         ? read_number(rest.substr(1, close - 1), why)
                         : std::nullopt;
  const std::uint64_t count = at.node->count;
  if (!index && why != Errc::out_of_range)
    return scanner_.fail(column,
                         "expected an index such as [0], found '" + std::string{rest} + "'");
  if (!index || *index >= count)
    return scanner_.fail(column, "expected an index below " + std::to_string(count),
                         Errc::out_of_range);
  const EntryNode& element = at.node->children[0];
  at = {&element, at.bit + *index * element.size * 8 + element.bit_offset};
  rest.remove_prefix(close + 1);
  return true;
}

}  // namespace bpfmap::inline v0::detail
