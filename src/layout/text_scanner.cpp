// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>

#include "entry_reader.hpp"

namespace bpfmap::inline v0::detail {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void append_utf8(std::uint32_t code, std::string& to) {
  const auto add = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0U | code >> 6U);
    add(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    add(0xe0U | code >> 12U);
    add(0x80U | (code >> 6U & 0x3fU));
    add(0x80U | (code & 0x3fU));
  } else {
    add(0xf0U | code >> 18U);
    add(0x80U | (code >> 12U & 0x3fU));
    add(0x80U | (code >> 6U & 0x3fU));
    add(0x80U | (code & 0x3fU));
  }
}

}  // namespace

bool TextScanner::fail(std::size_t at, std::string message, Errc code) {
  if (!fault_.code) fault_ = {code, at + 1, std::move(message)};
  return false;
}

bool TextScanner::expected(std::string_view what) {
  constexpr std::size_t most = 20;
  std::string message = "expected " + std::string{what} + ", found ";
  const std::string_view rest = text_.substr(std::min(at_, text_.size()));
  const std::size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
  if (rest.empty())
    message += "the end";
  else
    message +=
        "'" + std::string{rest.substr(0, std::min(std::max<std::size_t>(end, 1), most))} + "'";
  return fail(at_, std::move(message));
}

void TextScanner::skip_space() noexcept {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool TextScanner::accept(char c) noexcept {
  skip_space();
  if (at_end() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool TextScanner::separator(char close, bool& more) {
  const std::size_t begin = at_;
  const bool comma = accept(',');
  skip_space();
  const bool closed = close == '\0' ? at_end() : peek() == close;
  more = !closed;
  if (comma && closed) return expected("another one after ','");
  if (closed || comma || at_ != begin) return true;
  return expected(close == '\0' ? "',' or the end" : close == '}' ? "',' or '}'" : "',' or ']'");
}

bool TextScanner::token(Token& to, std::string_view stop, std::string_view what) {
  skip_space();
  to = {.text = {}, .at = at_, .quoted = peek() == '"'};
  if (to.quoted) return quoted(to.text);
  const std::size_t end = std::min(text_.find_first_of(stop, at_), text_.size());
  to.text = text_.substr(std::min(at_, end), end - std::min(at_, end));
  if (to.text.empty()) return expected(what);
  at_ = end;
  return true;
}

bool TextScanner::name_before_value(Token& to) {
  if (!name(to)) return false;
  skip_space();
  return accept('=') || accept(':') || expected("'='");
}

bool TextScanner::quoted(std::string& to) {
  const std::size_t begin = at_++;
  while (!at_end() && peek() != '"') {
    const char c = text_[at_];
    if (static_cast<unsigned char>(c) < ' ') return expected("no control character in quotes");
    if (c == '\\') {
      if (!escape(to)) return false;
      continue;
    }
    to += c;
    ++at_;
  }
  if (at_end()) return fail(begin, "the text that begins here has no '\"' at its end");
  ++at_;
  return true;
}

bool TextScanner::code_unit(std::uint32_t& to) {
  constexpr std::size_t digits = 4;
  const std::string_view hex = text_.substr(std::min(at_, text_.size()), digits);
  const auto* const end = hex.data() + hex.size();
  const auto [rest, error] = std::from_chars(hex.data(), end, to, 16);
  if (hex.size() != digits || error != std::errc{} || rest != end)
    return expected("four hexadecimal digits");
  at_ += digits;
  return true;
}

bool TextScanner::escape(std::string& to) {
  const std::size_t begin = at_++;
  constexpr std::string_view codes = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t simple = at_end() ? std::string_view::npos : codes.find(peek());
  if (simple != std::string_view::npos) {
    to += meanings[simple];
    ++at_;
    return true;
  }
  if (peek() != 'u') return expected("one of \"\\/bfnrtu");
  ++at_;
  std::uint32_t code = 0;
  if (!code_unit(code)) return false;
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
    at_ += 2;
    std::uint32_t low = 0;
    if (!code_unit(low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return fail(begin, "this is half of a character");
    code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
  }
  if (code >= 0xd800 && code < 0xe000) return fail(begin, "this is half of a character");
  append_utf8(code, to);
  return true;
}

}  // namespace bpfmap::inline v0::detail
