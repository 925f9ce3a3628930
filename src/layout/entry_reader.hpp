// SPDX-License-Identifier: MIT
// Reads a text into the bytes that a tree of types describes. Private to src/layout/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"
#include "entry_plan.hpp"

namespace bpfmap::inline v0::detail {

/// Why a text was refused.
struct TextFault {
  std::error_code code;
  std::size_t column = 0;  ///< bytes, from 1
  std::string message;
};

/// Words, texts in quotes, and the characters between them. Every function that returns a bool is
/// false after fail().
class TextScanner {
 public:
  struct Token {
    std::string text;
    std::size_t at = 0;
    bool quoted = false;
  };

  explicit TextScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] const TextFault& fault() const noexcept { return fault_; }
  bool fail(std::size_t at, std::string message, Errc code = Errc::invalid_text);
  /// Fails with what is expected at the position, and what is found there.
  bool expected(std::string_view what);

  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  void go_to(std::size_t position) noexcept { at_ = position; }
  void skip_space() noexcept;
  /// The character at the position; 0 at the end.
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
  /// Steps over spaces and `c`; false, and no failure, when something else is there.
  [[nodiscard]] bool accept(char c) noexcept;
  /// Steps over what may be between two members; `more` is false at `close`, or at the end for 0.
  bool separator(char close, bool& more);
  /// Reads a name or path, or a scalar.
  bool name(Token& to) { return token(to, " \t\r\n=:,{}\"", "a name"); }
  bool word(Token& to) { return token(to, " \t\r\n,{}[]\"", "a value"); }
  /// Reads a name and the = or : behind it.
  bool name_before_value(Token& to);

 private:
  bool token(Token& to, std::string_view stop, std::string_view what);
  bool quoted(std::string& to);
  bool escape(std::string& to);
  bool code_unit(std::uint32_t& to);

  std::string_view text_;
  std::size_t at_ = 0;
  TextFault fault_;
};

/// Stores the scalar that `token` is.
bool read_scalar(TextScanner& scanner, const TextScanner::Token& token, const EntryNode& node,
                 std::byte* to, std::uint64_t bit);
/// Stores 0x and two digits for each of the node's bytes; false when `text` is something else.
[[nodiscard]] bool read_hex_bytes(std::string_view text, std::uint64_t size, std::byte* to);

/// Reads a number without a sign, decimal or 0x and digits; Errc::out_of_range when it does not
/// fit.
[[nodiscard]] std::optional<std::uint64_t> read_number(std::string_view text, Errc& why) noexcept;

/// Reads a key, a value or an entry.
class EntryReader {
 public:
  EntryReader(const EntryPlan& plan, std::string_view text) : plan_(plan), scanner_(text) {}

  [[nodiscard]] const TextFault& fault() const noexcept { return scanner_.fault(); }
  /// Read the whole text into `to`, which keeps what is not named.
  bool key(MutableBytesView to);
  bool value(MutableBytesView to);
  bool entry(MutableBytesView key, MutableBytesView value);

 private:
  using Token = TextScanner::Token;
  struct Place {
    const EntryNode* node;
    std::uint64_t bit;
  };

  bool side(const EntrySide& side, MutableBytesView to, bool may_lack_braces);
  bool one_value(MutableBytesView to, bool may_lack_braces);
  bool cpus(MutableBytesView to);
  bool named_cpus(MutableBytesView to);
  bool listed_cpus(MutableBytesView to);
  bool listed_cpu(MutableBytesView to);
  bool slot(std::string_view cpu, std::size_t at, MutableBytesView to, MutableBytesView& slot);
  [[nodiscard]] bool begins_with_cpus();
  [[nodiscard]] bool begins_with_member();
  bool node(const EntryNode& node, std::uint64_t bit);
  bool members(const EntryNode& node, std::uint64_t bit, char close);
  bool member(const EntryNode& node, std::uint64_t bit);
  bool elements(const EntryNode& node, std::uint64_t bit);
  bool padding();
  std::optional<Place> find(const EntryNode& node, std::uint64_t bit, const Token& path);
  bool step_to_member(Place& at, std::string_view& rest, std::size_t column);
  bool step_to_element(Place& at, std::string_view& rest, std::size_t column);
  bool end();

  const EntryPlan& plan_;
  TextScanner scanner_;
  const EntrySide* side_ = nullptr;
  MutableBytesView to_;
};

}  // namespace bpfmap::inline v0::detail
