// SPDX-License-Identifier: MIT
#include "bpfmap/layout/layout_report.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace bpfmap::inline v0 {
namespace {

using Side = LayoutLine::Side;
using Mark = LayoutLine::Mark;

// Lines around a marked one, and lines that are too few to be left out.
constexpr std::size_t context = 3;
constexpr std::size_t few_lines = 24;
constexpr std::size_t widest_side = 60;
// More of either are not read.
constexpr std::size_t most_texts = 20;
constexpr std::size_t most_shown_lines = 150;

// "8", or "8.3" for bit 3 of byte 8.
std::string offset_text(const LayoutPlace& place) {
  std::string text = std::to_string(place.bit_offset / 8);
  if (place.bit_offset % 8 != 0) text += "." + std::to_string(place.bit_offset % 8);
  return text;
}

std::string side_text(const std::optional<Side>& side, std::uint32_t depth,
                      std::size_t offset_width) {
  if (!side) return {};
  std::string text = offset_text(side->place);
  if (text.size() < offset_width) text.insert(0, offset_width - text.size(), ' ');
  return text + "  " + std::string(std::size_t{2} * std::min(depth, 8U), ' ') + side->text;
}

char mark_text(Mark mark) noexcept {
  switch (mark) {
    case Mark::different:
      return '!';
    case Mark::note:
      return '~';
    case Mark::same:
      break;
  }
  return ' ';
}

// The lines of one part.
class Layouts {
 public:
  Layouts(std::span<const LayoutLine> lines, std::string& text) : lines_(lines), text_(text) {
    for (const LayoutLine& line : lines_) {
      for (const auto* side : {&line.in_type, &line.in_map})
        if (*side) offset_width_ = std::max(offset_width_, offset_text((*side)->place).size());
    }
    for (const LayoutLine& line : lines_)
      left_width_ =
          std::max(left_width_, side_text(line.in_type, line.depth, offset_width_).size());
    left_width_ = std::min(std::max(left_width_, std::size_t{20}), widest_side);
  }

  void print() {
    two_columns(
        ' ',
        std::string{to_string(lines_.front().part)} + " in C++" + size_text(&LayoutLine::in_type),
        "in the map" + size_text(&LayoutLine::in_map));
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (!is_shown(i)) {
        ++left_out;
        continue;
      }
      tell_left_out(left_out);
      left_out = 0;
      ++shown_;
      const LayoutLine& line = lines_[i];
      two_columns(mark_text(line.mark), side_text(line.in_type, line.depth, offset_width_),
                  side_text(line.in_map, line.depth, offset_width_));
    }
    if (shown_ < most_shown_lines)
      tell_left_out(left_out);
    else if (left_out != 0)
      text_ += "  ... " + std::to_string(left_out) + " more\n";
  }

 private:
  // The size of the whole, whose line is the first of its side.
  [[nodiscard]] std::string size_text(std::optional<Side> LayoutLine::* side) const {
    const auto whole = std::ranges::find_if(
        lines_, [side](const LayoutLine& line) { return (line.*side).has_value(); });
    if (whole == lines_.end()) return {};
    return " (" + std::to_string(((*whole).*side)->place.bit_size / 8) + " bytes)";
  }

  [[nodiscard]] bool is_shown(std::size_t i) const {
    if (shown_ >= most_shown_lines) return false;
    if (lines_.size() <= few_lines || i == 0) return true;
    const std::size_t begin = i < context ? 0 : i - context;
    const std::size_t end = std::min(i + context + 1, lines_.size());
    return std::any_of(lines_.begin() + static_cast<std::ptrdiff_t>(begin),
                       lines_.begin() + static_cast<std::ptrdiff_t>(end),
                       [](const LayoutLine& line) { return line.mark != Mark::same; });
  }

  void tell_left_out(std::size_t count) {
    if (count != 0)
      text_ += "  ... " + std::to_string(count) + (count == 1 ? " line" : " lines") +
               " without a difference ...\n";
  }

  void two_columns(char mark, std::string left, const std::string& right) {
    if (left.size() < left_width_) left.append(left_width_ - left.size(), ' ');
    std::string line = std::string{mark} + " " + left + "   " + right;
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text_ += line + "\n";
  }

  std::span<const LayoutLine> lines_;
  std::string& text_;
  std::size_t offset_width_ = 1;
  std::size_t left_width_ = 0;
  std::size_t shown_ = 0;
};

std::string heading(const LayoutReport& report) {
  std::string text = "layout";
  if (report.map_id != 0) text += " of map " + std::to_string(report.map_id);
  if (!report.map_name.empty()) text += " '" + report.map_name + "'";
  text += ": " + std::string{to_string(report.verdict)};
  if (report.difference_count != 0)
    text += ", " + std::to_string(report.difference_count) +
            (report.difference_count == 1 ? " difference" : " differences");
  if (!report.reason.empty()) text += ": " + report.reason;
  return text + "\n";
}

// `count` may be more than those in the list.
void add_texts(std::string& text, std::string_view word, std::span<const LayoutDifference> list,
               std::size_t count) {
  const std::size_t shown = std::min(list.size(), most_texts);
  for (const LayoutDifference& found : list.first(shown))
    text += std::string{word} + std::string{to_string(found.part)} + ": " + found.text + "\n";
  if (count > shown)
    text += std::string{word} + "... and " + std::to_string(count - shown) + " more\n";
}

// --- JSON ---

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      result += std::string{'\\', c};
    else if (byte < 0x20 || byte > 0x7e)
      result += std::string{"\\u00"} + digits[byte >> 4U] + digits[byte & 0xfU];
    else
      result += c;
  }
  return result + "\"";
}

std::string json(const std::optional<LayoutPlace>& place) {
  if (!place) return "null";
  return "{\"byte\":" + std::to_string(place->bit_offset / 8) +
         ",\"bit\":" + std::to_string(place->bit_offset % 8) +
         ",\"bits\":" + std::to_string(place->bit_size) + "}";
}

std::string json(std::span<const LayoutDifference> list) {
  std::string text = "[";
  for (const LayoutDifference& found : list) {
    if (text.size() > 1) text += ",";
    text += "{\"part\":" + quoted(to_string(found.part)) +
            ",\"fault\":" + quoted(to_string(found.fault)) + ",\"path\":" + quoted(found.path) +
            ",\"type\":" + json(found.in_type) + ",\"map\":" + json(found.in_map) +
            ",\"text\":" + quoted(found.text) + "}";
  }
  return text + "]";
}

}  // namespace

std::string_view to_string(LayoutVerdict verdict) noexcept {
  static constexpr std::array<std::string_view, 3> names{"match", "mismatch", "unknown"};
  const auto i = static_cast<std::size_t>(verdict);
  return i < names.size() ? names[i] : std::string_view{};
}

std::string_view to_string(LayoutPart part) noexcept {
  static constexpr std::array<std::string_view, 3> names{"key", "value", "variable"};
  const auto i = static_cast<std::size_t>(part);
  return i < names.size() ? names[i] : std::string_view{};
}

std::string_view to_string(LayoutFault fault) noexcept {
  static constexpr std::array<std::string_view, 9> names{
      "size", "offset", "sign", "count", "type", "absent", "flexible_end", "name", "padding"};
  const auto i = static_cast<std::size_t>(fault);
  return i < names.size() ? names[i] : std::string_view{};
}

std::string to_string(const LayoutReport& report) {
  std::string text = heading(report);
  add_texts(text, "", report.differences, report.difference_count);
  add_texts(text, "note: ", report.notes, report.notes.size());
  for (auto at = report.lines.begin(); at != report.lines.end();) {
    const LayoutPart part = at->part;
    const auto end = std::find_if(at, report.lines.end(),
                                  [part](const LayoutLine& line) { return line.part != part; });
    Layouts{std::span{at, end}, text}.print();
    at = end;
  }
  text.pop_back();
  return text;
}

std::string to_json(const LayoutReport& report) {
  return "{\"verdict\":" + quoted(to_string(report.verdict)) +
         ",\"map\":{\"id\":" + std::to_string(report.map_id) +
         ",\"name\":" + quoted(report.map_name) + "},\"reason\":" + quoted(report.reason) +
         ",\"difference_count\":" + std::to_string(report.difference_count) +
         ",\"differences\":" + json(report.differences) + ",\"notes\":" + json(report.notes) + "}";
}

}  // namespace bpfmap::inline v0
