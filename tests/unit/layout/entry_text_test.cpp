// SPDX-License-Identifier: MIT
// Entries as text and JSON by BTF that the test makes with libbpf, and read back.
#include "bpfmap/layout/entry_text.hpp"

#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/error.hpp"
#include "bpfmap/sys/cpus.hpp"

namespace bpfmap {
namespace {

constexpr bool little = std::endian::native == std::endian::little;

class MadeBtf {
 public:
  MadeBtf() : btf_(::btf__new_empty(), &::btf__free) {}

  btf* operator*() const { return btf_.get(); }
  [[nodiscard]] int integer(const char* name, unsigned size, int encoding = 0) const {
    return ::btf__add_int(btf_.get(), name, size, encoding);
  }
  [[nodiscard]] int structure(const char* name, std::uint32_t size) const {
    return ::btf__add_struct(btf_.get(), name, size);
  }
  void member(const char* name, int type, std::uint32_t bit, std::uint32_t bits = 0) const {
    EXPECT_EQ(::btf__add_field(btf_.get(), name, type, bit, bits), 0);
  }
  [[nodiscard]] int array(int element, std::uint32_t count) const {
    return ::btf__add_array(btf_.get(), 1, element, count);
  }
  [[nodiscard]] BytesView bytes() const {
    std::uint32_t size = 0;
    const auto* const data = static_cast<const std::byte*>(::btf__raw_data(btf_.get(), &size));
    return {data, size};
  }

 private:
  std::unique_ptr<btf, decltype(&::btf__free)> btf_;
};

template <class T>
Bytes bytes_of(const T& object) {
  Bytes bytes(sizeof object);
  std::memcpy(bytes.data(), &object, sizeof object);
  return bytes;
}

MapInfo info_of(std::uint32_t key_size, std::uint32_t value_size, int key_type, int value_type,
                MapType type = MapType::hash) {
  return {.type = type,
          .key_size = key_size,
          .value_size = value_size,
          .max_entries = 8,
          .btf_id = 1,
          .btf_key_type_id = static_cast<std::uint32_t>(key_type),
          .btf_value_type_id = static_cast<std::uint32_t>(value_type)};
}

// The value in each style gives its bytes back.
void expect_round_trip(const EntryText& text, BytesView value) {
  for (const TextStyle style : {TextStyle::line, TextStyle::lines, TextStyle::json}) {
    const std::string printed = text.value_text(value, style);
    std::error_code ec;
    const Bytes back = text.parse_value(printed, ec);
    EXPECT_FALSE(ec) << printed << ": " << explain(ec);
    EXPECT_TRUE(std::equal(back.begin(), back.end(), value.begin(), value.end())) << printed;
  }
}

// A value of one type, in text and in JSON.
void expect_value(const MadeBtf& made, int type, const Bytes& value, const std::string& line,
                  const std::string& json, EntryTextOptions options = {}) {
  const EntryText text{info_of(4, static_cast<std::uint32_t>(value.size()), 0, type), made.bytes(),
                       std::move(options)};
  EXPECT_EQ(text.reason(), "");
  EXPECT_EQ(text.value_text(value), line);
  EXPECT_EQ(text.value_text(value, TextStyle::json), json);
  expect_round_trip(text, value);
}

// --- scalars ---

TEST(EntryTextScalars, AreWrittenByTheirTypes) {
  const MadeBtf made;
  const int i32 = made.integer("int", 4, BTF_INT_SIGNED);
  const int u64 = made.integer("unsigned long long", 8);
  const int s64 = made.integer("long long", 8, BTF_INT_SIGNED);
  const int u8 = made.integer("unsigned char", 1);
  const int boolean = made.integer("_Bool", 1, BTF_INT_BOOL);
  const int wide = made.integer("unsigned __int128", 16);
  const int f32 = ::btf__add_float(*made, "float", 4);
  const int f64 = ::btf__add_float(*made, "double", 8);
  const int pointer = ::btf__add_ptr(*made, 0);
  const int alias = ::btf__add_typedef(*made, "s32", ::btf__add_const(*made, i32));
  const auto u64_max = std::numeric_limits<std::uint64_t>::max();
  expect_value(made, alias, bytes_of(std::int32_t{-7}), "-7", "-7");
  expect_value(made, u64, bytes_of(u64_max), "18446744073709551615", "18446744073709551615");
  expect_value(made, s64, bytes_of(std::numeric_limits<std::int64_t>::min()),
               "-9223372036854775808", "-9223372036854775808");
  expect_value(made, u8, bytes_of(std::uint8_t{200}), "200", "200");
  expect_value(made, boolean, bytes_of(std::uint8_t{1}), "true", "true");
  expect_value(made, boolean, bytes_of(std::uint8_t{0}), "false", "false");
  expect_value(made, boolean, bytes_of(std::uint8_t{3}), "3", "3");
  expect_value(made, f32, bytes_of(0.1F), "0.1", "0.1");
  expect_value(made, f64, bytes_of(-1e300), "-1e+300", "-1e+300");
  expect_value(made, f64, bytes_of(std::numeric_limits<double>::infinity()), "inf", "\"inf\"");
  expect_value(made, f64, bytes_of(std::nan("")), "nan", "\"nan\"");
  expect_value(made, f32, bytes_of(std::uint32_t{0xffc00001}), "nan(0xffc00001)",
               "\"nan(0xffc00001)\"");
  expect_value(made, pointer, bytes_of(std::uint64_t{0xffff888100000000}), "0xffff888100000000",
               "\"0xffff888100000000\"");
  const std::array<std::uint64_t, 2> halves{little ? 1U : u64_max, little ? u64_max : 1U};
  expect_value(made, wide, bytes_of(halves), "0xffffffffffffffff0000000000000001",
               "\"0xffffffffffffffff0000000000000001\"");
}

TEST(EntryTextScalars, OfAnEnumAreNames) {
  const MadeBtf made;
  (void)made.integer("int", 4, BTF_INT_SIGNED);
  const int plain = ::btf__add_enum(*made, "state", 4);
  ::btf__add_enum_value(*made, "CLOSED", 0);
  ::btf__add_enum_value(*made, "OPEN", 1);
  ::btf__add_enum_value(*made, "BROKEN", -1);
  const int large = ::btf__add_enum64(*made, "flags", 8, false);
  ::btf__add_enum64_value(*made, "TOP", std::uint64_t{1} << 63U);
  expect_value(made, plain, bytes_of(std::int32_t{1}), "OPEN", "\"OPEN\"");
  expect_value(made, plain, bytes_of(std::int32_t{-1}), "BROKEN", "\"BROKEN\"");
  expect_value(made, plain, bytes_of(std::int32_t{17}), "17", "17");
  expect_value(made, large, bytes_of(std::uint64_t{1} << 63U), "TOP", "\"TOP\"");
  expect_value(made, large, bytes_of(std::uint64_t{5}), "5", "5");
  const EntryText text{info_of(4, 4, 1, plain), made.bytes()};
  EXPECT_EQ(text.parse_value("OPEN"), bytes_of(1));
  EXPECT_EQ(text.parse_value("0x11"), bytes_of(17));
}

TEST(EntryTextScalars, OfAnEnumHaveTheFirstOfEqualNamesAndValues) {
  const MadeBtf made;
  (void)made.integer("int", 4, BTF_INT_SIGNED);
  const int state = ::btf__add_enum(*made, "state", 4);
  constexpr std::array<std::pair<const char*, std::int64_t>, 6> rows{
      {{"Z", 5}, {"A", 5}, {"M", 1}, {"Z", 7}, {"B", -1}, {"LOW", -2147483648}}};
  for (const auto& [name, value] : rows) ::btf__add_enum_value(*made, name, value);
  expect_value(made, state, bytes_of(std::int32_t{5}), "Z", "\"Z\"");
  expect_value(made, state, bytes_of(std::int32_t{1}), "M", "\"M\"");
  expect_value(made, state, bytes_of(std::int32_t{7}), "7", "7");
  expect_value(made, state, bytes_of(std::int32_t{-1}), "B", "\"B\"");
  const auto lowest = std::numeric_limits<std::int32_t>::min();
  expect_value(made, state, bytes_of(lowest), "LOW", "\"LOW\"");
  const int fields = made.structure("fields", 4);
  made.member("a", state, 0, 3);
  made.member("b", state, 3, 29);
  struct Fields {
    unsigned a : 3;
    unsigned b : 29;
  };
  expect_value(made, fields, bytes_of(Fields{7, 5}), "{a=B, b=Z}", R"({"a":"B","b":"Z"})");
  const EntryText text{info_of(4, 4, 1, state), made.bytes()};
  EXPECT_EQ(text.parse_value("A"), bytes_of(5));
  EXPECT_EQ(text.parse_value("Z"), bytes_of(5));
}

TEST(EntryTextScalars, OfALargeEnumAreFoundFast) {
  constexpr int count = 60'000;
  const MadeBtf made;
  const int many = ::btf__add_enum(*made, "many", 4);
  for (int i = 0; i < count; ++i)
    ::btf__add_enum_value(*made, ("E" + std::to_string(i)).c_str(), i / 2);
  const int all = made.array(many, count);
  std::vector<std::int32_t> values(count);
  for (int i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = i;
  Bytes bytes(4 * count);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  const EntryText text{info_of(4, 4 * count, 1, all), made.bytes()};
  const std::string printed = text.value_text(bytes);  // 1.8 billion comparisons one by one
  EXPECT_TRUE(printed.starts_with("[E0, E2, E4, ")) << printed.substr(0, 40);
  EXPECT_TRUE(printed.ends_with(", 59998, 59999]"));
  EXPECT_EQ(text.parse_value(printed), bytes);
}

TEST(EntryTextScalars, MayBeBitFields) {
  const MadeBtf made;
  const int i32 = made.integer("int", 4, BTF_INT_SIGNED);
  const int u32 = made.integer("unsigned int", 4);
  const int fields = made.structure("fields", 4);
  made.member("a", u32, 0, 3);
  made.member("b", i32, 3, 5);
  made.member("c", u32, 8, 24);
  struct Fields {
    unsigned a : 3;
    int b : 5;
    unsigned c : 24;
  };
  expect_value(made, fields, bytes_of(Fields{5, -2, 0xabcdef}), "{a=5, b=-2, c=11259375}",
               R"({"a":5,"b":-2,"c":11259375})");
}

// --- texts and bytes ---

Bytes chars(std::string text, std::size_t size) {
  text.resize(size);
  Bytes bytes(size);
  std::memcpy(bytes.data(), text.data(), size);
  return bytes;
}

TEST(EntryTextArrays, OfCharAreTextWhenTheyHoldText) {
  const MadeBtf made;
  const int character = made.integer("char", 1, BTF_INT_SIGNED);
  const int name = made.array(character, 8);
  expect_value(made, name, chars("eth0", 8), R"("eth0")", R"("eth0")");
  expect_value(made, name, chars("", 8), R"("")", R"("")");
  expect_value(made, name, chars("12345678", 8), R"("12345678")", R"("12345678")");
  expect_value(made, name, chars("0x41", 8), R"("0x41")", R"("0x41")");
  expect_value(made, name, chars("a\"b\\\n\t", 8), R"("a\"b\\\n\t")", R"("a\"b\\\n\t")");
  expect_value(made, name, chars("h\xc3\xa9llo", 8), "\"h\xc3\xa9llo\"", "\"h\xc3\xa9llo\"");
  expect_value(made, name, chars("\xff\x01", 8), "0xff01000000000000", "\"0xff01000000000000\"");
  Bytes garbage = chars("hi", 8);
  garbage[7] = std::byte{1};
  expect_value(made, name, garbage, "0x6869000000000001", "\"0x6869000000000001\"");
  const EntryText cut{info_of(4, 8, 1, name), made.bytes(), {.exact = false}};
  EXPECT_EQ(cut.value_text(garbage), R"("hi")");
}

TEST(EntryTextArrays, OfBytesAreDigitsAndOthersAreLists) {
  const MadeBtf made;
  const int u8 = made.integer("unsigned char", 1);
  const int s8 = made.integer("signed char", 1, BTF_INT_SIGNED);
  const int u16 = made.integer("unsigned short", 2);
  const int matrix = made.array(made.array(u16, 2), 2);
  const int character = made.integer("char", 1, BTF_INT_SIGNED);
  const int names = made.array(made.array(character, 2), 2);
  expect_value(made, made.array(u8, 4), bytes_of(std::array<std::uint8_t, 4>{0xde, 0xad, 0, 1}),
               "0xdead0001", "\"0xdead0001\"");
  expect_value(made, made.array(s8, 2), bytes_of(std::array<std::int8_t, 2>{-1, 2}), "[-1, 2]",
               "[-1,2]");
  expect_value(made, matrix, bytes_of(std::array<std::uint16_t, 4>{1, 2, 3, 4}), "[[1, 2], [3, 4]]",
               "[[1,2],[3,4]]");
  expect_value(made, names, bytes_of(std::array<char, 4>{'a', 0, 'b', 'c'}), R"(["a", "bc"])",
               R"(["a","bc"])");
  const EntryText text{info_of(4, 8, 1, matrix), made.bytes()};
  EXPECT_EQ(text.parse_value("[1][0]=3 [0][1]=2"), bytes_of(std::array<std::uint16_t, 4>{0, 2, 3}));
}

// --- structs ---

struct Flow {
  std::uint32_t saddr;
  std::uint16_t port;
  std::uint16_t hole;  // not a member in BTF
  struct {
    std::uint64_t packets;
    std::array<std::uint32_t, 2> parts;
  } count;
  std::array<char, 8> name;
};

struct FlowBtf : MadeBtf {
  int flow = 0;
  FlowBtf() {
    const int u32 = integer("unsigned int", 4);
    const int u16 = integer("unsigned short", 2);
    const int u64 = integer("unsigned long", 8);
    const int parts = array(u32, 2);
    const int name = array(integer("char", 1, BTF_INT_SIGNED), 8);
    const int count = structure("count", 16);
    member("packets", u64, 0);
    member("parts", parts, 64);
    flow = structure("flow", 32);
    member("saddr", u32, 0);
    member("port", u16, 32);
    member("count", count, 64);
    member("name", name, 192);
  }
  [[nodiscard]] EntryText text(EntryTextOptions options = {}) const {
    return EntryText{info_of(4, sizeof(Flow), 1, flow), bytes(), std::move(options)};
  }
};

const Flow sample{0x0100000a, 0xbb01, 0, {7, {1, 2}}, {'e', 't', 'h', '0'}};

TEST(EntryTextStructs, HaveOneMemberPerName) {
  const FlowBtf made;
  const EntryText text = made.text();
  EXPECT_EQ(text.reason(), "");
  EXPECT_TRUE(text.has_btf());
  const Bytes value = bytes_of(sample);
  EXPECT_EQ(text.entry_text(bytes_of(3), value),
            "key: 3 value: {saddr=16777226, port=47873, count={packets=7, parts=[1, 2]}, "
            "name=\"eth0\"}");
  EXPECT_EQ(text.entry_text(bytes_of(3), value, TextStyle::json),
            R"({"key":3,"value":{"saddr":16777226,"port":47873,)"
            R"("count":{"packets":7,"parts":[1,2]},"name":"eth0"}})");
  EXPECT_EQ(text.entry_text(bytes_of(3), value, TextStyle::lines),
            "key: 3\nvalue: {\n  saddr=16777226\n  port=47873\n  count={\n    packets=7\n"
            "    parts=[1, 2]\n  }\n  name=\"eth0\"\n}");
  expect_round_trip(text, value);
  for (const TextStyle style : {TextStyle::line, TextStyle::lines, TextStyle::json}) {
    const ParsedEntry entry = text.parse_entry(text.entry_text(bytes_of(3), value, style));
    EXPECT_EQ(entry.key, bytes_of(3));
    EXPECT_EQ(entry.value, value);
  }
}

TEST(EntryTextStructs, ShowPaddingThatIsNotZero) {
  const FlowBtf made;
  Flow dirty = sample;
  dirty.hole = 0xffff;
  const std::string digits = "0x" + std::string(12, '0') + "ffff" + std::string(48, '0');
  EXPECT_TRUE(made.text().value_text(bytes_of(dirty)).ends_with(", (padding)=" + digits + "}"));
  EXPECT_TRUE(made.text({.exact = false}).value_text(bytes_of(dirty)).ends_with("\"eth0\"}"));
  expect_round_trip(made.text(), bytes_of(dirty));
}

TEST(EntryTextStructs, ReplaceThePaddingThatIsNamed) {
  const EntryText text = FlowBtf{}.text();
  Flow flow = sample;
  flow.hole = 0xffff;
  Bytes value = bytes_of(flow);
  const std::string before = "(padding)=0x" + std::string(12, '0');
  text.parse_value_into("port=1", value);
  flow.port = 1;
  EXPECT_EQ(value, bytes_of(flow)) << "padding that is not named stays";
  text.parse_value_into(before + "00f0" + std::string(48, '0') + " port=2", value);
  flow.port = 2;
  flow.hole = little ? 0xf000 : 0x00f0;
  EXPECT_EQ(value, bytes_of(flow));
  text.parse_value_into(before + std::string(52, '0'), value);
  flow.hole = 0;
  EXPECT_EQ(value, bytes_of(flow));
  std::error_code ec;
  text.parse_value_into("(padding)=0x01" + std::string(62, '0'), value, ec);
  EXPECT_EQ(ec, Errc::invalid_text);
  EXPECT_NE(explain(ec).find("column 11: expected zero for byte 0, where a member is"),
            std::string::npos)
      << explain(ec);
}

TEST(EntryTextStructs, AreReadMemberByMember) {
  const EntryText text = FlowBtf{}.text(
      {.hints = {{"saddr", FieldFormat::ipv4}, {"value.port", FieldFormat::network}}});
  const Bytes value = bytes_of(sample);
  if (little) {
    EXPECT_TRUE(text.value_text(value).starts_with("{saddr=10.0.0.1, port=443, "));
    EXPECT_EQ(text.parse_value("saddr=10.0.0.1 port=443, count.packets=7 name=eth0\n"
                               "count.parts=[1,2]"),
              value);
    EXPECT_EQ(text.parse_value(R"({"saddr":"10.0.0.1","port":443,"name":"\u0065th0",)"
                               R"("count":{"packets":"0x7","parts":[1,2]}})"),
              value);
  }
  expect_round_trip(text, value);
  Bytes changed = value;
  text.parse_value_into("count.parts[1]=9", changed);
  Flow expected = sample;
  expected.count.parts[1] = 9;
  EXPECT_EQ(changed, bytes_of(expected));
  EXPECT_EQ(text.parse_value("{}"), Bytes(sizeof(Flow)));
}

TEST(EntryTextStructs, ShowAllMembersOfAUnionAndThoseOfUnnamedOnes) {
  const MadeBtf made;
  const int u32 = made.integer("unsigned int", 4);
  const int u8 = made.integer("unsigned char", 1);
  const int bytes = made.array(u8, 4);
  const int choice = ::btf__add_union(*made, nullptr, 4);
  made.member("word", u32, 0);
  made.member("bytes", bytes, 0);
  const int outer = made.structure("outer", 12);
  made.member("first", u32, 0);
  made.member(nullptr, choice, 32);
  made.member("named", choice, 64);
  const std::uint32_t word = little ? 0x04030201 : 0x01020304;
  expect_value(made, outer, bytes_of(std::array<std::uint32_t, 3>{1, word, 0}),
               "{first=1, word=" + std::to_string(word) +
                   ", bytes=0x01020304, named={word=0, bytes=0x00000000}}",
               R"({"first":1,"word":)" + std::to_string(word) +
                   R"(,"bytes":"0x01020304","named":{"word":0,"bytes":"0x00000000"}})");
}

TEST(EntryTextStructs, MayBeSections) {
  const MadeBtf made;
  const int u32 = made.integer("unsigned int", 4);
  const int hits = ::btf__add_var(*made, "hits", BTF_VAR_GLOBAL_ALLOCATED, u32);
  const int calls = ::btf__add_var(*made, "f.calls", BTF_VAR_STATIC, u32);
  const int section = ::btf__add_datasec(*made, ".bss", 8);
  ::btf__add_datasec_var_info(*made, hits, 0, 4);
  ::btf__add_datasec_var_info(*made, calls, 4, 4);
  const EntryText text{info_of(4, 16, 0, section, MapType::array), made.bytes()};
  EXPECT_EQ(text.reason(), "");
  const Bytes value = bytes_of(std::array<std::uint32_t, 4>{1, 2, 0, 0});
  EXPECT_EQ(text.entry_text(bytes_of(0), value), "key: 0 value: {hits=1, f.calls=2}");
  EXPECT_EQ(text.parse_value("f.calls=2 hits=1"), value);
  expect_round_trip(text, bytes_of(std::array<std::uint32_t, 4>{1, 2, 3, 4}));
}

// --- hints ---

TEST(EntryTextHints, ShowAddresses) {
  const MadeBtf made;
  const int u8 = made.integer("unsigned char", 1);
  const int u32 = made.integer("unsigned int", 4);
  const int six = made.array(u32, 4);
  const int mac = made.array(u8, 6);
  const int more = made.array(u8, 4);
  const int rest = made.array(u8, 2);
  const int addresses = made.structure("addresses", 32);
  made.member("four", u32, 0);
  made.member("six", six, 32);
  made.member("mac", mac, 160);
  made.member("more", more, 208);
  made.member("rest", rest, 240);
  Bytes value(32);
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<std::byte>(i);
  const std::vector<FieldHint> hints{{"four", FieldFormat::ipv4},
                                     {"value.six", FieldFormat::ipv6},
                                     {"mac", FieldFormat::mac},
                                     {"more", FieldFormat::ipv4},
                                     {"rest", FieldFormat::ipv6}};
  expect_value(made, addresses, value,
               "{four=0.1.2.3, six=405:607:809:a0b:c0d:e0f:1011:1213, mac=14:15:16:17:18:19, "
               "more=26.27.28.29, rest=0x1e1f}",
               R"({"four":"0.1.2.3","six":"405:607:809:a0b:c0d:e0f:1011:1213",)"
               R"("mac":"14:15:16:17:18:19","more":"26.27.28.29","rest":"0x1e1f"})",
               {.hints = hints});
}

TEST(EntryTextHints, ShowNumbersInOtherForms) {
  const MadeBtf made;
  const int u16 = made.integer("unsigned short", 2);
  const int u8 = made.integer("unsigned char", 1);
  const auto port = bytes_of(std::array<std::uint8_t, 2>{1, 0xbb});
  expect_value(made, u16, port, "443", "443", {.hints = {{"value", FieldFormat::network}}});
  expect_value(made, u16, bytes_of(std::uint16_t{255}), "0xff", "\"0xff\"",
               {.hints = {{"value", FieldFormat::hex}}});
  expect_value(made, u16, port, "0x01bb", "\"0x01bb\"", {.hints = {{"value", FieldFormat::bytes}}});
  expect_value(made, made.array(u8, 4), chars("ok", 4), R"("ok")", R"("ok")",
               {.hints = {{"value", FieldFormat::text}}});
  const EntryText trie{MapInfo{.type = MapType::lpm_trie, .key_size = 8, .value_size = 3},
                       {},
                       {.hints = {{"key", FieldFormat::ipv4}}}};
  EXPECT_EQ(trie.key_text(trie.parse_key("10.1.0.0/16")), "10.1.0.0/16");
  EXPECT_EQ(trie.value_text(Bytes(3)), "0x000000");
}

// --- without BTF ---

TEST(EntryTextWithoutBtf, WritesNumbersAndBytesAndSaysWhy) {
  const EntryText text{MapInfo{.type = MapType::hash, .key_size = 8, .value_size = 5}, {}};
  EXPECT_FALSE(text.has_btf());
  EXPECT_EQ(text.reason(), "there is no BTF");
  EXPECT_EQ(text.entry_text(bytes_of(std::uint64_t{7}), Bytes(5)), "key: 7 value: 0x0000000000");
  EXPECT_EQ(text.parse_key("7"), bytes_of(std::uint64_t{7}));
  EXPECT_EQ(text.parse_value("[1, 2, 3, 4, 0xff]"), text.parse_value("0x01020304ff"));
}

TEST(EntryTextWithoutBtf, ShowsEveryCpu) {
  const EntryText text{MapInfo{.type = MapType::percpu_array, .key_size = 4, .value_size = 4}, {}};
  const auto cpus = sys::possible_cpus();
  Bytes slots(sys::percpu_size(4));
  std::string line = "{";
  std::string json = "[";
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    slots[i * 8 + (little ? 0 : 3)] = static_cast<std::byte>(i + 1);
    line += (i == 0 ? "cpu" : ", cpu") + std::to_string(cpus[i]) + "=" + std::to_string(i + 1);
    json += (i == 0 ? "" : ",") + std::string{"{\"cpu\":"} + std::to_string(cpus[i]) +
            ",\"value\":" + std::to_string(i + 1) + "}";
  }
  EXPECT_EQ(text.value_text(slots), line + "}");
  EXPECT_EQ(text.entry_text(Bytes(4), slots), "key: 0 values: " + line + "}");
  EXPECT_EQ(text.entry_text(Bytes(4), slots, TextStyle::json),
            "{\"key\":0,\"values\":" + json + "]}");
  EXPECT_EQ(text.value_text(Bytes(4)), "0") << "one CPU";
  expect_round_trip(text, slots);
  EXPECT_EQ(text.parse_entry(text.entry_text(Bytes(4), slots)).value, slots);
  EXPECT_EQ(text.parse_entry(text.entry_text(Bytes(4), slots, TextStyle::json)).value, slots);
  EXPECT_EQ(text.parse_entry("key: 0 value: 1").value, text.parse_value("1"));
  std::error_code ec;
  (void)text.parse_value("{cpu99999=1}", ec);
  EXPECT_EQ(ec, Errc::no_such_cpu);
}

// --- refused texts ---

struct Refused {
  const char* text;
  Errc error;
  const char* message;
};

TEST(EntryTextErrors, NameTheColumnAndWhatWasExpected) {
  const EntryText text =
      FlowBtf{}.text({.hints = {{"count.parts", FieldFormat::hex}, {"saddr", FieldFormat::ipv4}}});
  const std::array refused{
      Refused{"port=x", Errc::invalid_text,
              "column 6: expected a number from 0 to 65535, found 'x'"},
      Refused{"port=65536", Errc::out_of_range, "column 6: expected a number from 0 to 65535"},
      Refused{"port=-1", Errc::out_of_range, "column 6: expected a number from 0 to 65535"},
      Refused{"port=99999999999999999999", Errc::out_of_range, "column 6: expected a number"},
      Refused{"port=", Errc::invalid_text, "column 6: expected a value, found the end"},
      Refused{"", Errc::invalid_text, "column 1: expected a value, found the end"},
      Refused{"port", Errc::invalid_text,
              "column 1: expected '{' or 0x and 64 digits, found 'port'"},
      Refused{"port=1 sport=2", Errc::invalid_text,
              "column 8: there is no member 'sport'; the members are saddr, port, count, name"},
      Refused{"count.bytes=1", Errc::invalid_text, "column 7: there is no member 'bytes'"},
      Refused{"count.parts[2]=1", Errc::out_of_range, "column 12: expected an index below 2"},
      Refused{"count.parts[x]=1", Errc::invalid_text, "column 12: expected an index such as [0]"},
      Refused{"count.parts=[1]", Errc::invalid_text, "column 13: expected 2 elements, found 1"},
      Refused{"count.parts=[1,2,3]", Errc::out_of_range, "column 18: expected ']' behind 2"},
      Refused{"port.x=1", Errc::invalid_text, "column 6: expected '=', because this is no struct"},
      Refused{"name=123456789", Errc::out_of_range, "column 6: expected a text of at most 8 bytes"},
      Refused{"saddr=10.0.0", Errc::invalid_text, "column 7: expected an IPv4 address"},
      Refused{"{port=1", Errc::invalid_text, "column 8: expected ',' or '}', found the end"},
      Refused{"{port=1,}", Errc::invalid_text, "column 9: expected another one after ','"},
      Refused{"{port=1} x", Errc::invalid_text, "column 10: expected the end, found 'x'"},
      Refused{"name=\"x", Errc::invalid_text, "column 6: the text that begins here has no '\"'"},
      Refused{R"(name="\x")", Errc::invalid_text, "column 8: expected one of"},
      Refused{R"(name="\ud800")", Errc::invalid_text, "column 7: this is half of a character"},
      Refused{"count={packets=1{}}", Errc::invalid_text, "column 17: expected ',' or '}'"},
      Refused{"count=1", Errc::invalid_text, "column 7: expected '{' or 0x and 32 digits"},
  };
  for (const auto& [given, error, message] : refused) {
    std::error_code ec;
    EXPECT_EQ(text.parse_value(given, ec), Bytes{}) << given;
    EXPECT_EQ(ec, error) << given;
    EXPECT_NE(explain(ec).find("the text of a value, " + std::string{message}), std::string::npos)
        << given << "\n"
        << explain(ec);
    try {
      (void)text.parse_value(given);
      ADD_FAILURE() << given;
    } catch (const Error& thrown) {
      EXPECT_EQ(thrown.code(), error);
      EXPECT_EQ(thrown.operation(), Operation::encode);
    }
  }
}

TEST(EntryTextErrors, NameWhatAnEntryLacks) {
  const EntryText text = FlowBtf{}.text();
  std::error_code ec;
  (void)text.parse_entry("key: 1", ec);
  EXPECT_NE(explain(ec).find("the text of an entry, column 7: expected a value"), std::string::npos)
      << explain(ec);
  (void)text.parse_entry(R"({"value":{}})", ec);
  EXPECT_NE(explain(ec).find("expected a key"), std::string::npos) << explain(ec);
  (void)text.parse_entry(R"({"key":1,"size":2})", ec);
  EXPECT_NE(explain(ec).find("column 10: expected key or value, found 'size'"), std::string::npos)
      << explain(ec);
  (void)text.parse_entry("", ec);
  EXPECT_EQ(ec, Errc::invalid_text);
}

TEST(EntryTextErrors, OfSizesAndOfAnEmptyObject) {
  const EntryText text = FlowBtf{}.text();
  std::error_code ec;
  EXPECT_EQ(text.key_text(Bytes(5), TextStyle::line, ec), "");
  EXPECT_EQ(ec, Errc::wrong_key_size);
  EXPECT_NE(explain(ec).find("the key has 5 bytes, the map's keys have 4"), std::string::npos);
  EXPECT_EQ(text.value_text(Bytes(5), TextStyle::line, ec), "");
  EXPECT_EQ(ec, Errc::wrong_value_size);
  Bytes room(5);
  text.parse_value_into("port=1", room, ec);
  EXPECT_EQ(ec, Errc::wrong_value_size);
  const EntryText none;
  EXPECT_EQ(none.entry_text({}, {}, TextStyle::line, ec), "");
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_FALSE(none.has_btf());
  EXPECT_EQ((EntryText{Map{}, ec}.reason()), "");
  EXPECT_EQ(ec, Errc::no_map);
}

// --- BTF that is not to be trusted ---

void expect_unused(const MadeBtf& made, int type, std::uint32_t size, const std::string& why) {
  const EntryText text{info_of(4, size, 1, type), made.bytes()};
  EXPECT_EQ(text.reason(), "the BTF of the value cannot be used: " + why);
  expect_round_trip(text, Bytes(size));
}

TEST(EntryTextBrokenBtf, IsNotUsed) {
  const MadeBtf made;
  const int u32 = made.integer("unsigned int", 4);
  const int beyond = made.structure("beyond", 8);
  made.member("a", u32, 48);
  const int itself = made.structure("itself", 8);
  made.member("again", itself, 0);
  const int huge = made.array(made.array(u32, 0xffffffff), 0xffffffff);
  const int nothing = made.array(made.structure("empty", 0), 0xffffffff);
  const int circle = ::btf__add_typedef(*made, "circle", huge + 100);
  expect_unused(made, beyond, 8, "a member reaches beyond its struct");
  expect_unused(made, itself, 8, "types are nested more than 32 deep");
  expect_unused(made, huge, 8, "an array is larger than its place");
  expect_unused(made, circle, 8, "it is not a type with a size");
  expect_unused(made, u32, 8, "the type has 4 bytes, the map's values have 8");
  expect_unused(made, 1000, 8, "it is not a type with a size");
  expect_unused(made, nothing, 8, "the type has 0 bytes, the map's values have 8");
}

TEST(EntryTextBrokenBtf, OfANewerKindOrAnotherMachineSaysSo) {
  const MadeBtf made;
  const int u32 = made.integer("unsigned int", 4);
  const int alias = ::btf__add_typedef(*made, "alias", u32);
  const int outer = made.structure("outer", 4);
  made.member("a", alias, 0);
  const auto reason_of = [&](const Bytes& bytes, int type) {
    const EntryText text{info_of(4, 4, 1, type), bytes};
    expect_round_trip(text, Bytes(4));
    return text.reason();
  };
  Bytes bytes(made.bytes().begin(), made.bytes().end());
  const auto word = [&bytes](std::size_t at) {
    return std::span<std::byte, 4>{bytes.data() + at, 4};
  };
  constexpr std::size_t alias_info = 24 + 16 + 4;
  word(alias_info)[little ? 3 : 0] = std::byte{30};
  const std::string newer = "type 2 of the BTF is of kind 30, which this library does not know";
  EXPECT_EQ(reason_of(bytes, u32), "");
  EXPECT_EQ(reason_of(bytes, alias), "the BTF of the value cannot be used: " + newer);
  EXPECT_EQ(reason_of(bytes, outer), "the BTF of the value cannot be used: " + newer);
  std::swap(bytes[0], bytes[1]);
  EXPECT_EQ(reason_of(bytes, u32),
            "the BTF of the key cannot be used: the BTF is in the byte order of another machine");
}

TEST(EntryTextBrokenBtf, OfTypesThatMultiplyIsNotUsed) {
  const MadeBtf made;
  int type = made.integer("unsigned int", 4);
  for (int i = 0; i < 20; ++i) {
    const int next = ::btf__add_union(*made, "both", 4);
    made.member("a", type, 0);
    made.member("b", type, 0);
    type = next;
  }
  expect_unused(made, type, 4, "a type has more than 65536 members");
  const MadeBtf arrays;
  int element = arrays.integer("unsigned int", 4);
  const int empty = arrays.structure("empty", 0);
  const int many = arrays.structure("many", 0);
  for (int i = 0; i < 1000; ++i) arrays.member("e", empty, 0);
  element = arrays.structure("byte", 1);
  for (int i = 0; i < 60; ++i) arrays.member("m", many, 0);
  expect_unused(arrays, arrays.array(element, 4000), 4000, "unions have too many members");
}

TEST(EntryTextBrokenBtf, CutAnywhereGivesATextThatReadsBack) {
  const FlowBtf made;
  const BytesView whole = made.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const EntryText text{info_of(4, sizeof(Flow), 1, made.flow), whole.first(size)};
    expect_round_trip(text, bytes_of(sample));
  }
}

TEST(EntryTextBrokenBtf, WithALongNameInManyMembersTakesNoMemoryForIt) {
  constexpr std::uint32_t count = 100;  // 100 MB, if each of them kept its name
  const std::string name(1'000'000, 'n');
  const MadeBtf made;
  const int u8 = made.integer("unsigned char", 1);
  const int many = made.structure("many", count);
  for (std::uint32_t i = 0; i < count; ++i) made.member(i == 0 ? "a" : name.c_str(), u8, 8 * i);
  const EntryText text{info_of(4, count, 0, many), made.bytes()};
  EXPECT_EQ(text.reason(), "");
  Bytes value(count);
  EXPECT_EQ(text.value_text(value), "{a=0}");
  value[7] = std::byte{1};
  expect_round_trip(text, value);
}

TEST(EntryTextBrokenBtf, WithTheSameNameTwiceReadsBack) {
  const MadeBtf made;
  const int u32 = made.integer("unsigned int", 4);
  const int twice = made.structure("twice", 12);
  made.member("a", u32, 0);
  made.member("a", u32, 32);
  made.member("(padding)", u32, 64);
  expect_value(made, twice, bytes_of(std::array<std::uint32_t, 3>{1, 2, 3}),
               R"({a=1, "a#1"=2, "(padding)#2"=3})", R"({"a":1,"a#1":2,"(padding)#2":3})");
}

}  // namespace
}  // namespace bpfmap
