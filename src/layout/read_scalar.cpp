// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "bits.hpp"
#include "entry_reader.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using Token = TextScanner::Token;

std::string shown(const Token& token) {
  constexpr std::size_t most = 40;
  if (token.text.size() <= most) return "'" + token.text + "'";
  return "'" + token.text.substr(0, most) + "...'";
}

bool refuse(TextScanner& scanner, const Token& token, const std::string& what,
            Errc code = Errc::invalid_text) {
  return scanner.fail(token.at, "expected " + what + ", found " + shown(token), code);
}

std::string range_of(bool is_signed, unsigned bits) {
  if (!is_signed) return "0 to " + std::to_string(all_bits(bits));
  const std::uint64_t most = all_bits(bits - 1);
  return std::to_string(-static_cast<std::int64_t>(most) - 1) + " to " + std::to_string(most);
}

struct Number {
  std::uint64_t value = 0;
  bool negative = false;
  bool hex = false;
};

// Whether the number is one of `bits` bits. Hexadecimal digits are the bits of negative ones, too.
bool fits(const Number& number, bool is_signed, unsigned bits) noexcept {
  if (number.negative)
    return number.value == 0 || (is_signed && number.value <= all_bits(bits - 1) + 1);
  return number.value <= all_bits(is_signed && !number.hex ? bits - 1 : bits);
}

bool integer(TextScanner& scanner, const Token& token, bool is_signed, unsigned bits,
             std::uint64_t& to) {
  std::string_view digits = token.text;
  Number number;
  number.negative = digits.starts_with('-');
  if (number.negative) digits.remove_prefix(1);
  number.hex = digits.starts_with("0x");
  Errc why = Errc::invalid_text;
  const auto value = read_number(digits, why);
  const std::string what = "a number from " + range_of(is_signed, bits);
  if (!value) return refuse(scanner, token, what, why);
  number.value = *value;
  if (!fits(number, is_signed, bits)) return refuse(scanner, token, what, Errc::out_of_range);
  to = number.negative ? 0 - number.value : number.value;
  return true;
}

std::uint64_t to_network(std::uint64_t value, unsigned bits) noexcept {
  if constexpr (std::endian::native == std::endian::big) return value;
  std::uint64_t raw = 0;
  for (unsigned i = 0; i < bits / 8; ++i) raw = raw << 8U | (value >> 8 * i & 0xffU);
  return raw;
}

bool enumeration(TextScanner& scanner, const Token& token, const EntryNode& node,
                 std::uint64_t& to) {
  if (const auto* const found = node.enumerators->named(token.text)) {
    to = found->value;
    if (enumerator_fits(to, node.bits)) return true;
    return refuse(scanner, token, "an enumerator that fits", Errc::out_of_range);
  }
  std::string names;
  constexpr std::size_t most = 8;
  const auto& all = node.enumerators->all();
  for (std::size_t i = 0; i < std::min(most, all.size()); ++i) names += all[i].name + ", ";
  if (all.size() > most) names += "..., ";
  const char first = token.text.empty() ? '\0' : token.text[0];
  if (first != '-' && (first < '0' || first > '9'))
    return refuse(scanner, token, names + "or a number");
  return integer(scanner, token, node.is_signed, node.bits, to);
}

// The bytes of a number of `size` bytes, from 0x and digits, most significant first.
bool wide_hex(std::string_view digits, std::uint64_t size, std::byte* to) {
  digits.remove_prefix(2);
  if (digits.empty() || digits.size() > 2 * size) return false;
  const std::string all = "0x" + std::string(2 * size - digits.size(), '0') + std::string{digits};
  Bytes bytes(size);
  if (!read_hex_bytes(all, size, bytes.data())) return false;
  if (std::endian::native == std::endian::little) std::reverse(bytes.begin(), bytes.end());
  std::copy(bytes.begin(), bytes.end(), to);
  return true;
}

bool wide(TextScanner& scanner, const Token& token, const EntryNode& node, std::byte* to) {
  if (token.text.starts_with("0x"))
    return wide_hex(token.text, node.size, to) ||
           refuse(scanner, token, "0x and up to " + std::to_string(2 * node.size) + " digits");
  std::uint64_t low = 0;
  const bool negative = node.is_signed && token.text.starts_with('-');
  if (!integer(scanner, token, negative, 64, low)) return false;
  std::fill(to, to + node.size, negative ? std::byte{0xff} : std::byte{0});
  const bool little = std::endian::native == std::endian::little;
  store_bits(to, little ? 0 : (node.size - 8) * 8, 64, low);
  return true;
}

template <class Float>
bool floating(TextScanner& scanner, const Token& token, std::byte* to) {
  const std::string_view text = token.text;
  if (text.starts_with("nan(0x")) {
    if (text.size() == 7 + 2 * sizeof(Float) && text.ends_with(')') &&
        wide_hex(text.substr(4, 2 + 2 * sizeof(Float)), sizeof(Float), to))
      return true;
    return refuse(scanner, token,
                  "nan(0x and " + std::to_string(2 * sizeof(Float)) + " digits and )");
  }
  Float value{};
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const bool out_of_range = error == std::errc::result_out_of_range;
  if (rest != end || text.empty() || (error != std::errc{} && !out_of_range))
    return refuse(scanner, token, "a floating-point number");
  if (out_of_range) return refuse(scanner, token, "a number that fits", Errc::out_of_range);
  if (value != value) value = std::numeric_limits<Float>::quiet_NaN();
  std::memcpy(to, &value, sizeof value);
  return true;
}

bool address(TextScanner& scanner, const Token& token, int family, std::byte* to) {
  std::array<std::byte, sizeof(in6_addr)> bytes{};
  const bool four = family == AF_INET;
  if (token.text.find('\0') != std::string::npos ||
      ::inet_pton(family, token.text.c_str(), bytes.data()) != 1)
    return refuse(scanner, token, four ? "an IPv4 address" : "an IPv6 address");
  std::copy_n(bytes.begin(), four ? 4 : 16, to);
  return true;
}

bool mac(TextScanner& scanner, const Token& token, std::byte* to) {
  constexpr std::size_t size = 17;  // "00:11:22:33:44:55"
  std::string digits = "0x";
  for (std::size_t i = 0; i < token.text.size(); ++i)
    if (i % 3 != 2)
      digits += token.text[i];
    else if (token.text[i] != ':')
      return refuse(scanner, token, "a MAC address");
  return (token.text.size() == size && read_hex_bytes(digits, 6, to)) ||
         refuse(scanner, token, "a MAC address");
}

bool prefix(TextScanner& scanner, const Token& token, std::uint64_t size, std::byte* to) {
  const int family = size == 8 ? AF_INET : AF_INET6;
  const std::size_t slash = std::min(token.text.find('/'), token.text.size());
  const Token ahead{token.text.substr(0, slash), token.at, token.quoted};
  if (!address(scanner, ahead, family, to + 4)) return false;
  const auto most = static_cast<std::uint32_t>((size - 4) * 8);
  std::uint32_t length = most;
  if (slash < token.text.size()) {
    Errc why = Errc::invalid_text;
    const auto given = read_number(std::string_view{token.text}.substr(slash + 1), why);
    if (!given || *given > most)
      return refuse(scanner, token, "a length from 0 to " + std::to_string(most) + " behind '/'",
                    given ? Errc::out_of_range : why);
    length = static_cast<std::uint32_t>(*given);
  }
  std::memcpy(to, &length, sizeof length);
  return true;
}

bool text(TextScanner& scanner, const Token& token, std::uint64_t size, std::byte* to) {
  if (token.text.size() > size)
    return refuse(scanner, token, "a text of at most " + std::to_string(size) + " bytes",
                  Errc::out_of_range);
  std::fill(to, to + size, std::byte{0});
  std::memcpy(to, token.text.data(), token.text.size());
  return true;
}

bool boolean(TextScanner& scanner, const Token& token, unsigned bits, std::uint64_t& to) {
  to = token.text == "true" ? 1 : 0;
  if (token.text == "true" || token.text == "false") return true;
  const bool digit = !token.text.empty() && token.text[0] >= '0' && token.text[0] <= '9';
  if (!digit) return refuse(scanner, token, "true or false");
  return integer(scanner, token, false, bits, to);
}

// The scalars that are a number of some bits.
bool number(TextScanner& scanner, const Token& token, const EntryNode& node, std::uint64_t& to) {
  switch (node.kind) {
    case NodeKind::boolean:
      return boolean(scanner, token, node.bits, to);
    case NodeKind::enumeration:
      return enumeration(scanner, token, node, to);
    case NodeKind::integer:
      if (node.format == FieldFormat::network) {
        if (!integer(scanner, token, false, node.bits, to)) return false;
        to = to_network(to, node.bits);
        return true;
      }
      return integer(scanner, token, node.is_signed, node.bits, to);
    default:
      return integer(scanner, token, false, node.bits, to);
  }
}

}  // namespace

std::optional<std::uint64_t> read_number(std::string_view text, Errc& why) noexcept {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, hex ? 16 : 10);
  why = error == std::errc::result_out_of_range && rest == end ? Errc::out_of_range
                                                               : Errc::invalid_text;
  if (text.empty() || rest != end || error != std::errc{}) return std::nullopt;
  return value;
}

bool read_hex_bytes(std::string_view text, std::uint64_t size, std::byte* to) {
  if (text.size() != 2 + 2 * size || !text.starts_with("0x")) return false;
  text.remove_prefix(2);
  const auto digit = [](char c) noexcept {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  if (std::any_of(text.begin(), text.end(), [&](char c) { return digit(c) < 0; })) return false;
  for (std::uint64_t i = 0; i < size; ++i)
    to[i] = static_cast<std::byte>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  return true;
}

bool read_scalar(TextScanner& scanner, const Token& token, const EntryNode& node, std::byte* to,
                 std::uint64_t bit) {
  std::byte* const at = to + bit / 8;
  if (node.bits != 0 && node.kind != NodeKind::floating) {
    std::uint64_t value = 0;
    if (!number(scanner, token, node, value)) return false;
    store_bits(to, bit, node.bits, value & all_bits(node.bits));
    return true;
  }
  switch (node.kind) {
    case NodeKind::wide:
      return wide(scanner, token, node, at);
    case NodeKind::floating:
      return node.size == 4 ? floating<float>(scanner, token, at)
                            : floating<double>(scanner, token, at);
    case NodeKind::ipv4:
      return address(scanner, token, AF_INET, at);
    case NodeKind::ipv6:
      return address(scanner, token, AF_INET6, at);
    case NodeKind::mac:
      return mac(scanner, token, at);
    case NodeKind::prefix:
      if (read_hex_bytes(token.text, node.size, at)) return true;
      return prefix(scanner, token, node.size, at);
    case NodeKind::text:
      if (read_hex_bytes(token.text, node.size, at)) return true;
      return text(scanner, token, node.size, at);
    default:
      return read_hex_bytes(token.text, node.size, at) ||
             refuse(scanner, token, "0x and " + std::to_string(2 * node.size) + " digits");
  }
}

}  // namespace bpfmap::inline v0::detail
