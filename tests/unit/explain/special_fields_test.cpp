// SPDX-License-Identifier: MIT
// Special fields, searched in BTF that the test makes.
#include "../../../src/explain/special_fields.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace bpfmap {
namespace {

constexpr std::uint32_t structure = 4U << 24U;  // BTF_KIND_STRUCT

// A struct without members, then `levels` structs that each have `members` members of the type of
// the one before.
Bytes nested(std::uint32_t levels, std::uint32_t members) {
  std::vector<std::uint32_t> words{1, structure, 4};
  for (std::uint32_t level = 1; level <= levels; ++level) {
    words.insert(words.end(), {0, structure | members, 4});
    for (std::uint32_t i = 0; i < members; ++i) words.insert(words.end(), {0, level, 0});
  }
  const std::string strings{"\0plain", 7};
  const auto size = static_cast<std::uint32_t>(words.size() * sizeof words[0]);
  const std::vector<std::uint32_t> header{
      0x0001'EB9F, 24, 0, size, size, static_cast<std::uint32_t>(strings.size())};
  Bytes made(24 + size + strings.size());
  std::memcpy(made.data(), header.data(), 24);
  std::memcpy(made.data() + 24, words.data(), size);
  std::memcpy(made.data() + 24 + size, strings.data(), strings.size());
  return made;
}

// Each struct would be visited a thousand times as often as the one around it.
TEST(SpecialFields, AreNotSearchedForHours) {
  const Bytes bytes = nested(6, 1000);
  const detail::Btf btf{bytes};
  EXPECT_EQ(btf.size_of(7), 4U) << "the BTF is read";
  EXPECT_EQ(detail::special_fields(btf, 7), detail::special_fields(btf, 1)) << "there are none";
}

}  // namespace
}  // namespace bpfmap
