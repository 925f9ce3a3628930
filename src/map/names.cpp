// SPDX-License-Identifier: MIT
#include "names.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include "creation.hpp"

namespace bpfmap::inline v0::detail {

std::string type_name(MapType type) {
  if (traits_of(type) != nullptr) return std::string{bpfmap::to_string(type)};
  return "type " + std::to_string(to_underlying(type));
}

std::string to_string(MapFlags flags) {
  std::string text;
  const auto add = [&text](std::string_view name) {
    if (!text.empty()) text += '|';
    text += name;
  };
  for (const FlagName& row : flag_names()) {
    if (!has(flags, row.flag)) continue;
    add(row.name);
    flags = flags & ~row.flag;
  }
  if (flags != MapFlags::none) add(hexadecimal(to_underlying(flags)));
  return text.empty() ? "none" : text;
}

std::string hexadecimal(std::uint64_t bits) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string describe(const MapInfo& info) {
  std::string text;
  if (!info.name.empty()) text.append("'").append(info.name).append("' ");
  text += "(";
  if (info.id != 0) text += "id " + std::to_string(info.id) + ", ";
  text += type_name(info.type) + ", key_size " + std::to_string(info.key_size);
  text += ", value_size " + std::to_string(info.value_size);
  text += ", max_entries " + std::to_string(info.max_entries);
  if (info.flags != MapFlags::none) text += ", flags " + to_string(info.flags);
  return text + ")";
}

}  // namespace bpfmap::inline v0::detail
