// SPDX-License-Identifier: MIT
// Types from broken BTF: what EntryText writes by them is read back as the same bytes, in every
// style, and any other text is refused or gives bytes that are written and read back.
#include "bpfmap/layout/entry_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "require.hpp"

namespace bpfmap::fuzz {
namespace {

using namespace std::string_view_literals;

// Names that types can refer to, with some that need care.
constexpr std::string_view names =
    "\0a\0b\0char\0cpu0\0(padding)\0a.b\0x y\0a#1\0true\0"
    "5\0\xff\0value\0"sv;

// Behind them, one that is longer than the kernel accepts.
constexpr std::size_t long_name = 600;

// BTF with a good header and these types.
Bytes btf_with(std::string_view types) {
  const auto size = static_cast<std::uint32_t>(types.size());
  const std::array<std::uint32_t, 6> header{0x0001'EB9F, 24,   0,
                                            size,        size, names.size() + long_name + 1};
  Bytes made(sizeof header + types.size() + names.size() + long_name, std::byte{'n'});
  made.push_back(std::byte{0});
  std::memcpy(made.data(), header.data(), sizeof header);
  types.copy(reinterpret_cast<char*>(made.data()) + sizeof header, types.size());
  names.copy(reinterpret_cast<char*>(made.data()) + sizeof header + types.size(), names.size());
  return made;
}

void write_and_read(const EntryText& text, BytesView value) {
  for (const TextStyle style : {TextStyle::line, TextStyle::lines, TextStyle::json}) {
    std::error_code ec;
    const std::string printed = text.value_text(value, style, ec);
    require(!ec);
    const Bytes back = text.parse_value(printed, ec);
    require(!ec && std::equal(back.begin(), back.end(), value.begin(), value.end()));
    const ParsedEntry entry = text.parse_entry(text.entry_text(Bytes(4), value, style), ec);
    require(!ec && entry.key == Bytes(4) && entry.value == back);
  }
}

std::string_view taken(std::string_view& from, std::size_t size) {
  const std::string_view front = from.substr(0, size);
  from.remove_prefix(front.size());
  return front;
}

}  // namespace
}  // namespace bpfmap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bpfmap;
  fuzz::Input input{data, size};
  const auto choice = input.take<std::uint8_t>();
  const std::size_t types_size = input.take<std::uint8_t>();
  const std::uint32_t value_size = input.take<std::uint8_t>();
  MapInfo info{.type = (choice & 2U) != 0 ? MapType::percpu_hash : MapType::hash,
               .key_size = 4,
               .value_size = value_size == 0 ? 4 : value_size,
               .max_entries = 1,
               .btf_id = 1,
               .btf_value_type_id = input.take<std::uint8_t>()};
  EntryTextOptions options;
  if ((choice & 4U) != 0)
    options.hints = {{"a", static_cast<FieldFormat>(choice >> 3U & 7U)},
                     {"value", FieldFormat::ipv6}};
  std::string_view rest = input.rest();
  const std::string_view types = fuzz::taken(rest, types_size);
  const Bytes btf = (choice & 1U) != 0
                        ? Bytes(reinterpret_cast<const std::byte*>(types.data()),
                                reinterpret_cast<const std::byte*>(types.data()) + types.size())
                        : fuzz::btf_with(types);
  const EntryText text{info, btf, options};
  Bytes value = text.parse_value(text.value_text(Bytes(info.value_size)));
  const std::string_view given = fuzz::taken(rest, value.size());
  // Between the slots of CPUs, and behind a section that BTF ends earlier, nothing is written.
  if (info.type == MapType::hash)
    std::copy_n(reinterpret_cast<const std::byte*>(given.data()), given.size(), value.begin());
  fuzz::write_and_read(text, value);
  std::error_code ec =
      fuzz::both_forms([&](auto&... error) { value = text.parse_value(rest, error...); });
  if (!ec) fuzz::write_and_read(text, value);
  (void)fuzz::both_forms([&](auto&... error) { (void)text.parse_entry(rest, error...); });
  return 0;
}
