// SPDX-License-Identifier: MIT
// A type is compared with any BTF: bytes as they are, or types in a short form, which are found
// faster. The comparison ends, and the report is consistent and printable.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "../../src/map/btf.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "require.hpp"

namespace bpfmap::fuzz {
namespace {

using detail::MemberDescription;
using detail::TypeDescription;
using detail::TypeKind;

template <auto& members>
std::span<const MemberDescription> all() noexcept {
  return members;
}

constexpr TypeDescription u8{.kind = TypeKind::integer, .size = 1};
constexpr TypeDescription u16{.kind = TypeKind::integer, .size = 2};
constexpr TypeDescription u32{.kind = TypeKind::integer, .size = 4};
constexpr TypeDescription s64{.kind = TypeKind::integer, .is_signed = true, .size = 8};
constexpr TypeDescription name{.kind = TypeKind::array, .size = 6, .element = &u8, .count = 6};
constexpr TypeDescription row{.kind = TypeKind::array, .size = 4, .element = &u16, .count = 2};
constexpr TypeDescription rows{.kind = TypeKind::array, .size = 8, .element = &row, .count = 2};
constexpr std::array<MemberDescription, 2> pair_members{{{"a", &u32, 0, 0}, {"b", &row, 32, 0}}};
constexpr TypeDescription pair{
    .kind = TypeKind::structure, .name = "pair", .size = 8, .members = &all<pair_members>};
constexpr TypeDescription pairs{.kind = TypeKind::array, .size = 16, .element = &pair, .count = 2};
constexpr TypeDescription word{.kind = TypeKind::union_type, .size = 8};
constexpr std::array<MemberDescription, 8> members{{{"a", &u32, 0, 3},
                                                    {"", &u32, 3, 29},
                                                    {"c", &name, 32, 0},
                                                    {"d", &rows, 80, 0},
                                                    {"pad", &u16, 144, 0},
                                                    {"b", &pairs, 160, 0},
                                                    {"", &word, 320, 0},
                                                    {"e", &s64, 384, 0}}};
constexpr TypeDescription entry{
    .kind = TypeKind::structure, .name = "entry", .size = 56, .members = &all<members>};

// Types of BTF, each from a kind, the number of its members and its size, and a byte for each of
// the words behind it.
Bytes written(Input& input) {
  std::vector<std::uint32_t> types;
  constexpr std::string_view strings{"\0a\0b\0c\0d\0pad\0pair\0", 19};
  while (!input.rest().empty()) {
    const auto kind = input.take<std::uint8_t>();
    const std::uint32_t count = input.take<std::uint8_t>() % 16U;
    types.push_back(2U * (kind >> 5U));
    types.push_back((kind & 0x1fU) << 24U | (kind & 0x20U) << 26U | count);
    types.push_back(input.take<std::uint8_t>());
    const std::uint32_t words = (kind & 0x1fU) == 3 ? 3 : (kind & 0x1fU) == 1 ? 1 : 3 * count;
    for (std::uint32_t i = 0; i < words; ++i) {
      const auto byte = input.take<std::uint8_t>();
      types.push_back(byte < 0x80 ? byte : (byte & 0x7fU) << 22U | (byte & 0x1fU));
    }
  }
  const auto size = static_cast<std::uint32_t>(types.size() * sizeof types[0]);
  const std::array<std::uint32_t, 6> header{
      0x0001'EB9F, 24, 0, size, size, static_cast<std::uint32_t>(strings.size())};
  Bytes bytes(24 + size + strings.size());
  std::memcpy(bytes.data(), header.data(), 24);
  if (size != 0) std::memcpy(bytes.data() + 24, types.data(), size);
  std::memcpy(bytes.data() + 24 + size, strings.data(), strings.size());
  return bytes;
}

void check(BytesView btf, std::uint32_t key, std::uint32_t value, bool names) {
  const LayoutReport report =
      detail::check_layout(btf, key, value, &pair, &entry, {.names = names});
  require((report.verdict == LayoutVerdict::mismatch) == (report.difference_count != 0));
  require((report.verdict == LayoutVerdict::unknown) == !report.reason.empty());
  require(report.differences.size() == std::min<std::size_t>(report.difference_count, 256));
  require(report.lines.size() <= 10'000);
  const std::string text = to_string(report);
  const auto is_odd = [](char c) { return c != '\n' && (c < ' ' || c > '~'); };
  require(std::ranges::none_of(text, is_odd));
  require(std::ranges::none_of(to_json(report), is_odd));
  if (report.verdict != LayoutVerdict::match) return;
  const detail::Btf read{btf};
  const auto type = read.type(value);
  require(type && (type->kind() == detail::BtfKind::section || read.size_of(value) == entry.size));
}

}  // namespace
}  // namespace bpfmap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bpfmap::fuzz::Input input{data, size};
  const auto how = input.take<std::uint8_t>();
  const auto key = input.take<std::uint8_t>();
  const auto value = input.take<std::uint8_t>();
  const bool names = (how & 2U) != 0;
  if ((how & 1U) != 0) {
    bpfmap::fuzz::check(bpfmap::fuzz::written(input), key, value, names);
  } else {
    const std::string_view rest = input.rest();
    bpfmap::fuzz::check(std::as_bytes(std::span{rest.data(), rest.size()}), key, value, names);
  }
  return 0;
}
