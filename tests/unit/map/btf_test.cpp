// SPDX-License-Identifier: MIT
// The sizes of types, read from BTF that the test makes.
#include "../../../src/map/btf.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bpfmap {
namespace {

using detail::Btf;
using detail::BtfKind;

// The words of a type's record, after its name.
class MadeBtf {
 public:
  // Returns the id of the type.
  std::uint32_t add(std::string_view name, BtfKind kind, std::uint32_t members,
                    std::uint32_t size_or_type, std::initializer_list<std::uint32_t> rest = {}) {
    words_.insert(words_.end(),
                  {named(name), static_cast<std::uint32_t>(kind) << 24U | members, size_or_type});
    words_.insert(words_.end(), rest);
    return ++last_;
  }

  [[nodiscard]] Bytes bytes() const {
    const auto types_size = static_cast<std::uint32_t>(words_.size() * sizeof words_[0]);
    const std::vector<std::uint32_t> header{
        0x0001'EB9F, 24, 0, types_size, types_size, static_cast<std::uint32_t>(strings_.size())};
    Bytes made(24 + types_size + strings_.size());
    std::memcpy(made.data(), header.data(), 24);
    std::memcpy(made.data() + 24, words_.data(), types_size);
    std::memcpy(made.data() + 24 + types_size, strings_.data(), strings_.size());
    return made;
  }

 private:
  std::uint32_t named(std::string_view name) {
    if (name.empty()) return 0;
    const auto offset = static_cast<std::uint32_t>(strings_.size());
    strings_ += name;
    strings_ += '\0';
    return offset;
  }

  std::vector<std::uint32_t> words_;
  std::string strings_ = std::string(1, '\0');
  std::uint32_t last_ = 0;
};

TEST(BtfSize, IsThatOfAnObject) {
  MadeBtf made;
  const auto integer = made.add("int", BtfKind::integer, 0, 4, {32});
  const auto constant = made.add("", BtfKind::const_type, 0, integer);
  const auto alias = made.add("count", BtfKind::type_definition, 0, constant);
  const auto array = made.add("", BtfKind::array, 0, 0, {alias, integer, 6});
  const auto matrix = made.add("", BtfKind::array, 0, 0, {array, integer, 3});
  const auto large = made.add("large", BtfKind::enum64, 1, 8, {0, 1, 0});
  const auto function = made.add("", BtfKind::func_proto, 0, 0);
  const Bytes bytes = made.bytes();
  const Btf btf{bytes};
  EXPECT_EQ(btf.size_of(integer), 4U);
  EXPECT_EQ(btf.size_of(alias), 4U);
  EXPECT_EQ(btf.size_of(array), 24U);
  EXPECT_EQ(btf.size_of(matrix), 72U);
  EXPECT_EQ(btf.size_of(large), 8U);
  EXPECT_FALSE(btf.size_of(function));
  EXPECT_FALSE(btf.size_of(0)) << "void";
  EXPECT_FALSE(btf.size_of(100));
}

TEST(BtfSize, OfACircleIsUnknown) {
  MadeBtf made;
  const auto first = made.add("first", BtfKind::type_definition, 0, 2);
  made.add("second", BtfKind::type_definition, 0, first);
  const auto array = made.add("", BtfKind::array, 0, 0, {3, 3, 2});
  const Bytes bytes = made.bytes();
  EXPECT_FALSE(Btf{bytes}.size_of(first));
  EXPECT_FALSE(Btf{bytes}.size_of(array));
}

TEST(BtfName, OfMoreThan512BytesIsEmpty) {
  MadeBtf made;
  const auto longest = made.add(std::string(512, 'a'), BtfKind::integer, 0, 4, {32});
  const auto longer = made.add(std::string(513, 'a'), BtfKind::integer, 0, 4, {32});
  const auto last = made.add("last", BtfKind::integer, 0, 4, {32});
  Bytes bytes = made.bytes();
  const Btf btf{bytes};
  EXPECT_EQ(btf.name(*btf.type(longest)), std::string(512, 'a'));
  EXPECT_EQ(btf.name(*btf.type(longer)), "");
  EXPECT_EQ(btf.name(*btf.type(last)), "last");
}

TEST(BtfReason, SaysWhyTypesAreMissing) {
  MadeBtf made;
  const auto integer = made.add("int", BtfKind::integer, 0, 4, {32});
  const Bytes good = made.bytes();
  EXPECT_EQ(Btf{good}.reason(), "");
  made.add("new", BtfKind{31}, 0, 0);
  const Bytes newer = made.bytes();
  EXPECT_EQ(Btf{newer}.reason(),
            "type 2 of the BTF is of kind 31, which this library does not know");
  EXPECT_TRUE(Btf{newer}.type(integer));
  EXPECT_FALSE(Btf{newer}.type(2));
  struct {
    std::size_t at;
    std::uint16_t word;
    const char* reason;
  } const rows[]{{0, 0x9feb, "the BTF is in the byte order of another machine"},
                 {0, 0xeb9e, "the bytes do not begin as BTF does"},
                 {2, 0x0202, "the BTF has version 2, and this library knows version 1"},
                 {4, 0xffff, "the BTF is shorter than its header"},
                 {12, 0xffff, "the types of the BTF reach beyond its end"},
                 {12, 12, "the types of the BTF reach beyond its end"}};
  for (const auto& [at, word, reason] : rows) {
    Bytes bytes = good;
    std::memcpy(bytes.data() + at, &word, sizeof word);
    EXPECT_EQ(Btf{bytes}.reason(), reason);
  }
  EXPECT_EQ(Btf{BytesView{good}.first(23)}.reason(), "the BTF is shorter than its header");
}

}  // namespace
}  // namespace bpfmap
