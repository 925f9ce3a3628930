// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>

#include "bits.hpp"
#include "entry_plan.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// A scalar's text: bare in every style, in quotes in JSON only, or always in quotes.
enum class Quotes : std::uint8_t { none, in_json, always };

struct ScalarText {
  std::string text;
  Quotes quotes = Quotes::none;
};

std::string hex_bytes(const std::byte* at, std::uint64_t size, bool reversed = false) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "0x";
  text.reserve(2 + 2 * size);
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto byte = std::to_integer<unsigned>(at[reversed ? size - 1 - i : i]);
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
  }
  return text;
}

std::string hex_number(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string{digits.data(), end};
}

ScalarText number(const EntryNode& node, std::uint64_t raw) {
  if (node.format == FieldFormat::hex) return {hex_number(raw), Quotes::in_json};
  if (node.is_signed && node.format != FieldFormat::network)
    return {std::to_string(static_cast<std::int64_t>(sign_extended(raw, node.bits)))};
  return {std::to_string(raw)};
}

// The number of an integer in network byte order.
std::uint64_t from_network(std::uint64_t raw, unsigned bits) noexcept {
  if constexpr (std::endian::native == std::endian::big) return raw;
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bits / 8; ++i) value = value << 8U | (raw >> 8 * i & 0xffU);
  return value;
}

bool is_word(std::string_view text) noexcept {
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), in_word);
}

ScalarText enumerator(const EntryNode& node, std::uint64_t raw) {
  const auto* const found = node.enumerators->of(raw, node.bits);
  if (found == nullptr) return number(node, raw);
  return {found->name, is_word(found->name) ? Quotes::in_json : Quotes::always};
}

template <class Float>
ScalarText floating(const std::byte* at) {
  Float value;
  std::memcpy(&value, at, sizeof value);
  if (std::isinf(value)) return {value < 0 ? "-inf" : "inf", Quotes::in_json};
  if (std::isnan(value)) {
    const auto usual = std::bit_cast<std::array<std::byte, sizeof(Float)>>(
        std::numeric_limits<Float>::quiet_NaN());
    if (std::memcmp(at, usual.data(), usual.size()) == 0) return {"nan", Quotes::in_json};
    constexpr bool big = std::endian::native == std::endian::big;
    return {"nan(" + hex_bytes(at, sizeof value, !big) + ")", Quotes::in_json};
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {std::string{digits.data(), end}};
}

std::string address(int family, const std::byte* at) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, at, text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string mac(const std::byte* at) {
  std::string text;
  for (std::size_t i = 0; i < 6; ++i) text += (i == 0 ? "" : ":") + hex_bytes(at + i, 1).substr(2);
  return text;
}

std::string prefix(const std::byte* at, std::uint64_t size) {
  std::uint32_t length = 0;
  std::memcpy(&length, at, sizeof length);
  if (length > (size - 4) * 8) return hex_bytes(at, size);
  return address(size == 8 ? AF_INET : AF_INET6, at + 4) + "/" + std::to_string(length);
}

// An array of char: a text when the bytes are its bytes and zeros.
ScalarText text_or_bytes(const std::byte* at, std::uint64_t size, bool exact) {
  const auto* const begin = reinterpret_cast<const char*>(at);
  const std::string_view text{begin, ::strnlen(begin, size)};
  const bool rest_is_zero =
      std::all_of(at + text.size(), at + size, [](std::byte byte) { return byte == std::byte{0}; });
  if ((exact && !rest_is_zero) || !is_clean_text(text))
    return {hex_bytes(at, size), Quotes::in_json};
  return {std::string{text}, Quotes::always};
}

ScalarText scalar(const EntryNode& node, const std::byte* from, std::uint64_t bit, bool exact) {
  const std::byte* const at = from + bit / 8;
  const std::uint64_t raw = node.bits != 0 ? load_bits(from, bit, node.bits) : 0;
  switch (node.kind) {
    case NodeKind::integer:
      return number(node, node.format == FieldFormat::network ? from_network(raw, node.bits) : raw);
    case NodeKind::boolean:
      if (raw > 1) return {std::to_string(raw)};
      return {raw == 1 ? "true" : "false"};
    case NodeKind::enumeration:
      return enumerator(node, raw);
    case NodeKind::pointer:
      return {hex_number(raw), Quotes::in_json};
    case NodeKind::floating:
      return node.size == 4 ? floating<float>(at) : floating<double>(at);
    case NodeKind::wide:
      return {hex_bytes(at, node.size, std::endian::native == std::endian::little),
              Quotes::in_json};
    case NodeKind::text:
      return text_or_bytes(at, node.size, exact);
    case NodeKind::ipv4:
      return {address(AF_INET, at), Quotes::in_json};
    case NodeKind::ipv6:
      return {address(AF_INET6, at), Quotes::in_json};
    case NodeKind::mac:
      return {mac(at), Quotes::in_json};
    case NodeKind::prefix:
      return {prefix(at, node.size), Quotes::in_json};
    default:
      return {hex_bytes(at, node.size), Quotes::in_json};
  }
}

// Whether a name needs no quotes in a text: paths are made of such names.
bool is_plain_name(std::string_view name) noexcept {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), plain);
}

class Printer {
 public:
  Printer(const EntrySide& side, BytesView bytes, TextStyle style, bool exact, std::string& to)
      : side_(side),
        bytes_(bytes),
        json_(style == TextStyle::json),
        lines_(style == TextStyle::lines),
        exact_(exact),
        to_(to) {}

  void print(unsigned indent) {
    const Bytes rest = exact_ ? uncovered_bytes(side_, bytes_) : Bytes{};
    const EntryNode& root = side_.root;
    if (!rest.empty() && root.kind != NodeKind::structure)
      write({hex_bytes(bytes_.data(), bytes_.size()), Quotes::in_json});
    else if (root.kind == NodeKind::structure)
      structure(root, 0, indent, rest);
    else
      value(root, root.bit_offset, indent);
  }

 private:
  void write(const ScalarText& scalar) {
    if (scalar.quotes == Quotes::always || (json_ && scalar.quotes == Quotes::in_json))
      print_quoted(scalar.text, to_);
    else
      to_ += scalar.text;
  }

  void name(std::string_view name) {
    if (json_ || (!is_plain_name(name) && name != padding_name))
      print_quoted(name, to_);
    else
      to_ += name;
    to_ += json_ ? ':' : '=';
  }

  void separate(bool first, unsigned indent) {
    if (lines_)
      to_.append("\n").append(std::size_t{2} * indent, ' ');
    else if (!first)
      to_ += json_ ? "," : ", ";
  }

  void structure(const EntryNode& node, std::uint64_t bit, unsigned indent, const Bytes& rest) {
    to_ += '{';
    bool first = true;
    for (const EntryNode& child : node.children) {
      separate(first, indent + 1);
      name(child.name);
      value(child, bit + child.bit_offset, indent + 1);
      first = false;
    }
    if (!rest.empty()) {
      separate(first, indent + 1);
      name(padding_name);
      write({hex_bytes(rest.data(), rest.size()), Quotes::in_json});
      first = false;
    }
    if (!first && lines_) separate(true, indent);
    to_ += '}';
  }

  void array(const EntryNode& node, std::uint64_t bit, unsigned indent) {
    const EntryNode& element = node.children[0];
    const bool wraps = lines_ && element.is_aggregate();
    to_ += '[';
    for (std::uint64_t i = 0; i < node.count; ++i) {
      if (wraps)
        separate(i == 0, indent + 1);
      else if (i != 0)
        to_ += json_ ? "," : ", ";
      value(element, bit + i * element.size * 8 + element.bit_offset, indent + 1);
    }
    if (wraps && node.count != 0) separate(true, indent);
    to_ += ']';
  }

  void value(const EntryNode& node, std::uint64_t bit, unsigned indent) {
    if (node.kind == NodeKind::structure)
      structure(node, bit, indent, {});
    else if (node.kind == NodeKind::array)
      array(node, bit, indent);
    else
      write(scalar(node, bytes_.data(), bit, exact_));
  }

  const EntrySide& side_;
  BytesView bytes_;
  bool json_;
  bool lines_;
  bool exact_;
  std::string& to_;
};

// The length of the UTF-8 character at the front; 0 when there is none, and for control characters.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return first < ' ' || first == 0x7f ? 0 : 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  const unsigned second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  const bool control = first == 0xc2 && second < 0xa0;
  return overlong || surrogate || too_large || control ? 0 : length;
}

}  // namespace

bool is_clean_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const bool blank = text[0] == '\n' || text[0] == '\t' || text[0] == '\r';
    const std::size_t length = blank ? 1 : utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void print_quoted(std::string_view text, std::string& to) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\')
      to.append(1, '\\').append(1, c);
    else if (c == '\n')
      to += "\\n";
    else if (c == '\t')
      to += "\\t";
    else if (c == '\r')
      to += "\\r";
    else
      to += c;
  }
  to += '"';
}

void print_side(const EntrySide& side, BytesView bytes, TextStyle style, bool exact,
                unsigned indent, std::string& to) {
  Printer{side, bytes, style, exact, to}.print(indent);
}

}  // namespace bpfmap::inline v0::detail
