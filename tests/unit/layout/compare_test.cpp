// SPDX-License-Identifier: MIT
// C++ types against BTF: what matches, and what differs at which offset.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "../../../src/layout/btf_of.hpp"
#include "bpfmap/codec/fixed_string.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "bpfmap/layout/layout.hpp"

namespace bpfmap {
namespace {

using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
__extension__ typedef __int128 s128;
__extension__ typedef unsigned __int128 u128;

// The report on an Ours against the BTF that describes a Theirs.
template <class Ours, class Theirs>
LayoutReport report_on(const LayoutOptions& options) {
  const detail::TypeDescription& theirs = detail::describe<Theirs>();
  const MapSpec spec{
      .type = MapType::hash, .key_size = 4, .value_size = static_cast<std::uint32_t>(theirs.size)};
  std::error_code ec;
  const detail::MadeBtf made = detail::btf_of(spec, nullptr, &theirs, detail::BtfKinds::all, ec);
  EXPECT_FALSE(ec) << ec.message();
  return detail::check_layout(made.bytes, 0, made.value_type_id, nullptr, &detail::describe<Ours>(),
                              options);
}

std::string place(const std::optional<LayoutPlace>& at) {
  if (!at) return "-";
  std::string text = std::to_string(at->bit_offset / 8);
  if (at->bit_offset % 8 != 0) text += "." + std::to_string(at->bit_offset % 8);
  return text;
}

// Such as "offset src 0 4": the fault, the path, the offset in C++ and that in the map.
std::string shortened(const std::vector<LayoutDifference>& list) {
  std::string text;
  for (const LayoutDifference& found : list) {
    if (!text.empty()) text += ", ";
    text += std::string{to_string(found.fault)} + " " + found.path +
            (found.path.empty() ? "" : " ") + place(found.in_type) + " " + place(found.in_map);
  }
  return text;
}

struct Row {
  const char* name;
  LayoutReport (*report)(const LayoutOptions& options);
  std::string expected;    // differences
  std::string notes = {};  // when there is no difference
};

// --- the types ---

struct Flow {
  u32 src, dst;
  u16 port;
  u8 proto;
  u8 flags;
  u64 bytes;
};
struct Point {
  u32 x, y;
};
enum class Colour : u32 { red, blue };
enum class Small : u8 { one = 1, two };
union Word {
  u64 whole;
  u32 halves[2];
};
struct Mixed {
  Point at;
  Colour colour;
  char name[16];
  u16 table[2][3];
  Point corners[4];
  Word word;
  s64 delta;
  u128 wide;
  double ratio;
  void* pointer;
  bool is_on;
};

namespace wrong {
struct Swapped {
  u32 dst, src;
  u16 port;
  u8 proto, flags;
  u64 bytes;
};
struct SwappedBytes {
  u32 src, dst;
  u16 port;
  u8 flags, proto;
  u64 bytes;
};
struct Narrow {
  u32 src, dst;
  u16 port;
  u8 proto, flags;
  u32 bytes;
};
struct Wide {
  u32 src, dst;
  u32 port;
  u8 proto, flags;
  u64 bytes;
};
struct Signed {
  u32 src;
  s32 dst;
  u16 port;
  u8 proto, flags;
  u64 bytes;
};
struct SignedShort {
  u32 src, dst;
  s16 port;
  u8 proto, flags;
  u64 bytes;
};
struct SignedLong {
  u32 src, dst;
  u16 port;
  u8 proto, flags;
  s64 bytes;
};
struct Missing {
  u32 src, dst;
  u16 port;
  u8 proto;
  u64 bytes;
};
struct MissingFirst {
  u32 dst;
  u16 port;
  u8 proto, flags;
  u64 bytes;
};
struct MissingLast {
  u32 src, dst;
  u16 port;
  u8 proto, flags;
};
struct Extra {
  u32 src, dst;
  u16 port;
  u8 proto, flags;
  u64 bytes;
  u64 packets;
};
struct ExtraInside {
  u32 src, dst, mark;
  u16 port;
  u8 proto, flags;
  u64 bytes;
};
struct Long32 {
  u32 src, dst;
  u16 port;
  u8 proto, flags;
  u32 bytes;
  u32 tail;
};
struct Floating {
  u32 src;
  float dst;
  u16 port;
  u8 proto, flags;
  u64 bytes;
};
struct Moved {
  u64 bytes;
  u32 src, dst;
  u16 port;
  u8 proto, flags;
};
struct Array4 {
  u32 src, dst;
  u16 port;
  u8 proto, flags;
  u32 bytes[2];
};
}  // namespace wrong

struct Padded {
  u8 kind;
  u32 number;
  u8 last;
};
struct [[gnu::packed]] Packed {
  u8 kind;
  u32 number;
  u8 last;
};
struct alignas(16) Aligned {
  u8 kind;
  u32 number;
  u8 last;
};
struct PaddingMoved {
  u8 kind, last;
  u32 number;
};
struct PaddingNamed {
  u8 kind;
  u8 pad[3];
  u32 number;
  u8 last;
  u8 reserved0, reserved1, reserved2;
};
struct PaddingUsed {
  u8 kind;
  u8 second;
  u32 number;
  u8 last;
};
struct [[gnu::packed]] PackedLong {
  u8 kind;
  u64 number;
};
struct PaddedLong {
  u8 kind;
  u64 number;
};

// Variants of a member of a struct.
template <class M>
struct With {
  u32 before;
  M member;
  u32 after;
};
template <class M>
struct Alone {
  M member;
};
struct Point3 {
  u32 x, y, z;
};
struct PointSwapped {
  u32 y, x;
};
struct PointSigned {
  u32 x;
  s32 y;
};
struct PointLong {
  u64 x, y;
};
struct Line {
  Point from, to;
};
struct LineFlat {
  u32 from_x, from_y, to_x, to_y;
};
struct LineSigned {
  Point from;
  PointSigned to;
};
struct Bytes16 {
  std::byte raw[16];
};
struct Bytes12And4 {
  char raw[12];
  u32 rest;
};

struct Bits {
  u32 low : 3;
  u32 middle : 5;
  u32 high : 24;
};
struct BitsSwapped {
  u32 low : 5;
  u32 middle : 3;
  u32 high : 24;
};
struct BitsMoved {
  u32 low : 3;
  u32 : 2;
  u32 middle : 3;
  u32 high : 24;
};
struct BitsMissing {
  u32 low : 3;
  u32 middle : 5;
};
struct BitsSigned {
  u32 low : 3;
  s32 middle : 5;
  u32 high : 24;
};
struct NoBits {
  u32 all;
};
struct Header {
  u8 version : 4;
  u8 length : 4;
  u8 tos;
  u16 total;
};
struct HeaderMoved {
  u8 tos;
  u8 version : 4;
  u8 length : 4;
  u16 total;
};

struct Pads {
  u32 first;
  u8 kind;
  u8 pad[3];
  u64 number;
  u32 second;
  u32 rsv;
};
struct PadLast {
  u32 first;
  u8 kind;
  u64 number;
  u32 second;
  u32 pad;
};
struct SwappedFlat {
  u32 before;
  u32 y, x;
  u32 after;
};
struct SwappedBoth {
  u32 before;
  struct {
    PointSwapped inner;
  } outer;
  u32 after;
};
struct Bytes4And8 {
  u8 header[4], rest[8];
};
struct Bytes6And6 {
  u8 target[6], source[6];
};
struct Bytes6AndWord {
  u8 target[6];
  u16 source;
};
struct Bytes8 {
  u8 raw[8];
};
struct Bytes4And4 {
  u8 raw[4];
  char more[4];
};
struct Bytes4And4And4 {
  u8 raw[4];
  char more[4];
  char rest[4];
};
struct Bytes4AndWord {
  u8 raw[4];
  u32 more;
};
struct Bytes4AndHole {
  u8 raw[4];
  alignas(8) u64 number;
};
struct Bytes8AndNumber {
  u8 raw[8];
  u64 number;
};
struct Flags {
  u8 flags;
  u8 tos;
  u16 total;
};
struct FlagsMoved {
  u16 total;
  u8 flags;
  u8 tos;
};
struct AllFlags {
  u32 all;
};
union Address {
  u32 v4;
  u8 v6[16];
};
struct AddressUnion {
  u32 kind;
  Address address;
};
struct AddressWord {
  u32 kind;
  u32 address;
  u32 unused[3];
};
struct AddressLong {
  u32 kind;
  u32 address;
  u32 word;
  u64 number;
};
struct EndHole {
  u64 number;
  u32 last;
};
template <int>
struct EndNamed;
#define NAMED_END(number_, name_) \
  template <>                     \
  struct EndNamed<number_> {      \
    u64 number;                   \
    u32 last, name_;              \
  }
NAMED_END(0, res);
NAMED_END(1, resv2);
NAMED_END(2, __rsv);
NAMED_END(3, mbz);
NAMED_END(4, gap0);
NAMED_END(5, _);
NAMED_END(6, tail_pad);
NAMED_END(7, unusedFlags);
NAMED_END(8, zero_window);
NAMED_END(9, fill_count);
NAMED_END(10, ipad);
NAMED_END(11, reset);
#undef NAMED_END

template <class Ours, class Theirs>
constexpr auto on = &report_on<Ours, Theirs>;
template <class Ours, class Theirs>
constexpr auto in = &report_on<With<Ours>, With<Theirs>>;

TEST(CompareLayout, FindsEveryWrongVariantAtItsOffset) {
  const Row rows[]{
      {"swapped", on<wrong::Swapped, Flow>, "offset dst 0 4, offset src 4 0"},
      {"swapped bytes", on<wrong::SwappedBytes, Flow>, "offset flags 10 11, offset proto 11 10"},
      {"narrow last", on<wrong::Narrow, Flow>, "size 0 0, offset bytes 12 16, size bytes 12 16"},
      {"wide in the middle", on<wrong::Wide, Flow>,
       "size port 8 8, offset proto 12 10, offset flags 13 11"},
      {"signed", on<wrong::Signed, Flow>, "sign dst 4 4"},
      {"signed short", on<wrong::SignedShort, Flow>, "sign port 8 8"},
      {"signed long", on<wrong::SignedLong, Flow>, "sign bytes 16 16"},
      {"missing byte", on<wrong::Missing, Flow>, "absent flags - 11"},
      {"missing first", on<wrong::MissingFirst, Flow>,
       "size 0 0, offset dst 0 4, offset port 4 8, offset proto 6 10, offset flags 7 11, offset "
       "bytes 8 16"},
      {"missing last", on<wrong::MissingLast, Flow>, "size 0 0, absent bytes - 16"},
      {"extra last", on<wrong::Extra, Flow>, "size 0 0, absent packets 24 -"},
      {"extra inside", on<wrong::ExtraInside, Flow>,
       "offset port 12 8, offset proto 14 10, offset flags 15 11, absent mark 8 -"},
      {"32-bit long", on<wrong::Long32, Flow>,
       "size 0 0, offset bytes 12 16, size bytes 12 16, absent tail 16 -"},
      {"floating", on<wrong::Floating, Flow>, "type dst 4 4"},
      {"moved to the front", on<wrong::Moved, Flow>,
       "offset bytes 0 16, offset src 8 0, offset dst 12 4, offset port 16 8, offset proto 18 10, "
       "offset flags 19 11"},
      {"array for a number", on<wrong::Array4, Flow>, "size 0 0, offset bytes 12 16"},
      {"packed", on<Packed, Padded>, "size 0 0, offset number 1 4, offset last 5 8"},
      {"not packed", on<Padded, Packed>, "size 0 0, offset number 4 1, offset last 8 5"},
      {"aligned", on<Aligned, Padded>, "size 0 0"},
      {"padding moved", on<PaddingMoved, Padded>, "size 0 0, offset last 1 8"},
      {"padding used", on<PaddingUsed, Padded>, "absent second 1 -"},
      {"packed long", on<PackedLong, PaddedLong>, "size 0 0, offset number 1 8"},
      {"shorter name", in<char[12], char[16]>, "size 0 0, count member 4 4, offset after 16 20"},
      {"longer array", in<u32[4], u32[3]>, "size 0 0, count member 4 4, offset after 20 16"},
      {"array of narrower", in<u16[4], u32[2]>, "size member 4 4"},
      {"signed elements", in<s32[4], u32[4]>, "sign member 4 4"},
      {"transposed", in<u16[3][2], u16[2][3]>, "count member 4 4"},
      {"more rows", in<u32[3][2], u32[2][2]>, "size 0 0, count member 4 4, offset after 28 20"},
      {"nested wider", in<Point3, Point>,
       "size 0 0, size member 4 4, absent member.z 12 -, offset after 16 12"},
      {"nested swapped", in<PointSwapped, Point>, "offset member.y 4 8, offset member.x 8 4"},
      {"nested sign", in<PointSigned, Point>, "sign member.y 8 8"},
      {"nested of nested", in<LineSigned, Line>, "sign member.to.y 16 16"},
      {"nested in an array", in<PointSigned[4], Point[4]>, "sign member[0].y 8 8"},
      {"nested, flat", in<LineFlat, LineSigned>, "sign member.to_y 16 16"},
      {"larger elements", in<Point3[4], Point[4]>,
       "size 0 0, size member 4 4, absent member[0].z 12 -, offset after 52 36"},
      {"more structs", in<Point[4], Point[5]>, "size 0 0, count member 4 4, offset after 36 44"},
      {"wider enum", in<Colour, Small>, "size member 4 4"},
      {"union", in<Word, u32>, "size 0 0, offset member 8 4, size member 8 4, offset after 16 8"},
      {"128 for 64", in<u128, u64>,
       "size 0 0, offset member 16 8, size member 16 8, offset after 32 16"},
      {"128 signed", in<s128, u128>, "sign member 16 16"},
      {"float for double", in<float, double>,
       "size 0 0, offset member 4 8, size member 4 8, offset after 8 16"},
      {"bytes too short", on<Bytes12And4, Bytes16>, "count raw 0 0, absent rest 12 -"},
      {"bits in another order", on<BitsSwapped, Bits>, "size 0 0, size 0.5 0.3"},
      {"bits moved", on<BitsMoved, Bits>, "size 0.5 0.3"},
      {"bits missing", on<BitsMissing, Bits>, "absent - 1"},
      {"bits signed", on<BitsSigned, Bits>, "sign 0.3 0.3"},
      {"bits for a part of a number", on<AllFlags, Header>, "size all 0 1, absent total - 2"},
      {"bits moved by a byte", on<HeaderMoved, Header>,
       "offset tos 0 1, absent - 0, absent - 0.4, absent 1 -, absent 1.4 -"},
      {"a number for another", on<u32, s32>, "sign 0 0"},
      {"a number for a longer", on<u32, u64>, "size 0 0"},
      {"a struct for a number", on<Point, u64>, "size x 0 0, absent y 4 -"},
      {"swapped, flat in the map", on<With<Point>, SwappedFlat>,
       "offset member.x 4 8, offset member.y 8 4"},
      {"swapped, flat in C++", on<SwappedFlat, With<Point>>, "offset y 4 8, offset x 8 4"},
      {"swapped, deeper", on<With<Point>, SwappedBoth>, "offset member.x 4 8, offset member.y 8 4"},
      {"bytes across a number", on<Bytes6AndWord, Bytes4AndWord>,
       "size target 4 4, absent source 6 -"},
      {"bytes that go on as a number", on<Bytes8, Bytes4AndWord>, "count raw 0 0, absent more - 4"},
      {"bytes that go on as a hole", on<Bytes8AndNumber, Bytes4AndHole>, "count raw 0 0"},
      {"a union too short", on<AddressLong, AddressUnion>, "size 0 0, size number 16 4"},
      {"zero_window", on<EndNamed<8>, EndHole>, "absent zero_window 12 -"},
      {"fill_count", on<EndNamed<9>, EndHole>, "absent fill_count 12 -"},
      {"ipad", on<EndNamed<10>, EndHole>, "absent ipad 12 -"},
      {"reset", on<EndHole, EndNamed<11>>, "absent reset - 12"},
  };
  for (const Row& row : rows) {
    const LayoutReport report = row.report({});
    EXPECT_EQ(report.verdict, LayoutVerdict::mismatch) << row.name;
    EXPECT_EQ(shortened(report.differences), row.expected) << row.name << "\n" << to_string(report);
  }
}

// --- what matches ---

struct Renamed {
  u32 source, destination;
  u16 port;
  u8 proto, flags;
  u64 bytes;
};
struct CharFlow {
  u32 src, dst;
  u16 port;
  s8 proto;
  char flags;
  u64 bytes;
};
struct AddressBytes {
  u8 raw[8];
  u8 rest[16];
};
struct OneNumber {
  u64 value;
};
struct Deep {
  struct {
    struct {
      Point at;
    } middle;
  } outer;
  u32 z;
};
struct DeepFlat {
  u32 x, y, z;
};
struct Pointers {
  void* pointer;
  bool is_on;
  Colour colour;
};
struct Numbers {
  u64 pointer;
  u8 is_on;
  s32 colour;
};
struct Words4 {
  u32 words[4];
};
struct Fields4 {
  u32 a, b, c, d;
};
struct Named16 {
  FixedString<16> name;
};
struct Chars16 {
  char name[16];
};
struct HugeArrays {
  u8 bytes[4 << 20];
  Flow flows[100'000];
};
struct EmptyEnd {
  u32 length;
  struct {
  } nothing;
};

TEST(CompareLayout, MatchesWhatIsLaidOutAlike) {
  const Row rows[]{
      {"itself", on<Flow, Flow>, "", ""},
      {"everything", on<Mixed, Mixed>, "", ""},
      {"other names", on<Renamed, Flow>, "", "name source 0 0, name destination 4 4"},
      {"signs of bytes", on<CharFlow, Flow>, "", ""},
      {"bytes", on<AddressBytes, Flow>, "", ""},
      {"the bytes of all", on<std::byte[24], Flow>, "", ""},
      {"all of the bytes", on<Flow, std::array<u8, 24>>, "", ""},
      {"number in a struct", on<OneNumber, u64>, "", ""},
      {"struct for a number", on<u64, OneNumber>, "", ""},
      {"flat", on<DeepFlat, Deep>, "", ""},
      {"deep", on<Deep, DeepFlat>, "", ""},
      {"flat elements", in<Point[2], Line>, "", ""},
      {"structs of elements", on<Words4, Fields4>, "", ""},
      {"structs for numbers", in<Point[2], u32[4]>, "", ""},
      {"numbers for structs", in<u32[4], Point[2]>, "", ""},
      {"one dimension of two", in<u16[6], u16[2][3]>, "", ""},
      {"numbers", on<Numbers, Pointers>, "", ""},
      {"pointers", on<Pointers, Numbers>, "", ""},
      {"text", on<Named16, Chars16>, "", ""},
      {"named padding", on<PaddingNamed, Padded>, "",
       "padding pad 1 -, padding reserved0 9 -, padding reserved1 10 -, padding reserved2 11 -"},
      {"padding without a name", on<Padded, PaddingNamed>, "",
       "padding pad - 1, padding reserved0 - 9, padding reserved1 - 10, padding reserved2 - 11"},
      {"packed", on<Packed, Packed>, "", ""},
      {"aligned", on<Aligned, Aligned>, "", ""},
      {"bits", on<Bits, Bits>, "", ""},
      {"more bits", on<Header, Header>, "", ""},
      {"union for bytes", on<Alone<Word>, Alone<u8[8]>>, "", ""},
      {"union for a struct", on<Word, Point>, "", ""},
      {"large arrays", on<HugeArrays, HugeArrays>, "", ""},
      {"padding by one name in two places", on<Pads, PadLast>, "",
       "padding pad 5 -, name rsv 20 20"},
      {"the same the other way", on<PadLast, Pads>, "", "padding pad - 5, name pad 20 20"},
      {"flat in the same order", on<With<PointSwapped>, SwappedFlat>, "", ""},
      {"bytes that cross", on<Bytes4And8, Bytes6And6>, "", ""},
      {"bytes that cross, the other way", on<Bytes6And6, Bytes4And8>, "", ""},
      {"bytes split", on<Bytes8, Bytes4And4>, "", ""},
      {"bytes united", on<Bytes4And4, Bytes8>, "", ""},
      {"bytes split by one name and across", on<Bytes4And4And4, Bytes6And6>, "", ""},
      {"a number for bits", on<NoBits, Bits>, "", "size all 0 -"},
      {"bits for a number", on<Bits, NoBits>, "", "size all - 0"},
      {"flags for bits", on<Flags, Header>, "", "size flags 0 -"},
      {"a union's view", on<AddressWord, AddressUnion>, "", ""},
      {"a union for its view", on<AddressUnion, AddressWord>, "", ""},
      {"res", on<EndNamed<0>, EndHole>, "", "padding res 12 -"},
      {"resv2", on<EndNamed<1>, EndHole>, "", "padding resv2 12 -"},
      {"__rsv", on<EndNamed<2>, EndHole>, "", "padding __rsv 12 -"},
      {"mbz", on<EndNamed<3>, EndHole>, "", "padding mbz 12 -"},
      {"gap0", on<EndHole, EndNamed<4>>, "", "padding gap0 - 12"},
      {"_", on<EndNamed<5>, EndHole>, "", "padding _ 12 -"},
      {"tail_pad", on<EndNamed<6>, EndHole>, "", "padding tail_pad 12 -"},
      {"unusedFlags", on<EndNamed<7>, EndHole>, "", "padding unusedFlags 12 -"},
  };
  for (const Row& row : rows) {
    const LayoutReport report = row.report({});
    EXPECT_EQ(report.verdict, LayoutVerdict::match) << row.name << "\n" << to_string(report);
    EXPECT_EQ(shortened(report.differences), "") << row.name;
    EXPECT_EQ(shortened(report.notes), row.notes) << row.name;
    EXPECT_LT(report.lines.size(), 50U) << row.name;
  }
}

TEST(CompareLayout, TakesNamesForDifferencesWhenAsked) {
  const LayoutReport report = report_on<Renamed, Flow>({.names = true});
  EXPECT_EQ(report.verdict, LayoutVerdict::mismatch);
  EXPECT_EQ(shortened(report.differences), "name source 0 0, name destination 4 4");
  EXPECT_TRUE(report.notes.empty());
}

// --- BTF as clang and others write it, made with libbpf ---

// BTF that a test makes type by type.
class HandMade {
 public:
  HandMade() : btf_(::btf__new_empty()) {}
  HandMade(const HandMade&) = delete;
  HandMade& operator=(const HandMade&) = delete;
  ~HandMade() { ::btf__free(btf_); }

  [[nodiscard]] btf* get() const { return btf_; }
  template <class T>
  LayoutReport against(int id) const {
    std::uint32_t size = 0;
    const auto* const data = static_cast<const std::byte*>(::btf__raw_data(btf_, &size));
    return detail::check_layout({data, size}, 0, static_cast<std::uint32_t>(id), nullptr,
                                &detail::describe<T>());
  }

 private:
  btf* btf_;
};

struct PortPair {
  u16 source, target;
};
union PortsOrWord {
  PortPair ports;
  u32 word;
};
struct NamedUnion {
  u32 kind;
  PortsOrWord either;
  u32 x, y;
};
struct OfLayout {
  u32 kind;
  union {
    PortPair ports;
    u32 word;
  };
  u32 x, y;
};

}  // namespace
}  // namespace bpfmap

template <>
struct bpfmap::Layout<bpfmap::OfLayout> {
  static constexpr auto members =
      std::tuple{bpfmap::member("kind", &OfLayout::kind), bpfmap::member("ports", &OfLayout::ports),
                 bpfmap::member("word", &OfLayout::word), bpfmap::member("x", &OfLayout::x),
                 bpfmap::member("y", &OfLayout::y)};
};

namespace bpfmap {
namespace {

TEST(CompareLayout, FlattensAnonymousMembersAndResolvesQualifiers) {
  const HandMade made;
  btf* const btf = made.get();
  const int u32_id = ::btf__add_int(btf, "unsigned int", 4, 0);
  const int alias = ::btf__add_typedef(btf, "__u32", u32_id);
  const int constant = ::btf__add_const(btf, ::btf__add_volatile(btf, alias));
  const int tag = ::btf__add_type_tag(btf, "user", constant);
  const int ports = ::btf__add_int(btf, "ports", 4, 0);
  const int either = ::btf__add_union(btf, nullptr, 4);
  ::btf__add_field(btf, "ports", ports, 0, 0);
  ::btf__add_field(btf, "word", u32_id, 0, 0);
  const int point = ::btf__add_struct(btf, nullptr, 8);
  ::btf__add_field(btf, "x", constant, 0, 0);
  ::btf__add_field(btf, "y", tag, 32, 0);
  const int whole = ::btf__add_struct(btf, "of_layout", 16);
  ::btf__add_field(btf, "kind", tag, 0, 0);
  ::btf__add_field(btf, nullptr, either, 32, 0);
  ::btf__add_field(btf, nullptr, point, 64, 0);
  const int name = ::btf__add_typedef(btf, "of_layout_t", whole);
  for (const LayoutReport& report :
       {made.against<NamedUnion>(name), made.against<OfLayout>(name)}) {
    EXPECT_EQ(report.verdict, LayoutVerdict::match) << to_string(report);
    EXPECT_EQ(shortened(report.notes), "");
  }
}

TEST(CompareLayout, ReadsBitFieldsOfBothEncodings) {
  const HandMade made;
  btf* const btf = made.get();
  const int u32_id = ::btf__add_int(btf, "unsigned int", 4, 0);
  const int bits = ::btf__add_struct(btf, "bits", 4);
  ::btf__add_field(btf, "low", u32_id, 0, 3);
  ::btf__add_field(btf, "middle", u32_id, 3, 5);
  ::btf__add_field(btf, "high", u32_id, 8, 24);
  EXPECT_EQ(made.against<Bits>(bits).verdict, LayoutVerdict::match);
  EXPECT_EQ(shortened(made.against<BitsSwapped>(bits).differences), "size 0 0, size 0.5 0.3");
  // Older compilers: an integer of 3 bits.
  std::array<int, 3> narrow{};
  const std::array<unsigned char, 3> sizes{3, 5, 24};
  for (std::size_t i = 0; i < narrow.size(); ++i) narrow.at(i) = ::btf__add_int(btf, "u", 4, 0);
  const int old_bits = ::btf__add_struct(btf, "old_bits", 4);
  ::btf__add_field(btf, "low", narrow[0], 0, 0);
  ::btf__add_field(btf, "middle", narrow[1], 0, 0);
  ::btf__add_field(btf, "high", narrow[2], 8, 0);
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    const auto* type = ::btf__type_by_id(btf, static_cast<std::uint32_t>(narrow.at(i)));
    // The word behind an integer: encoding, offset, bits.
    auto* word = const_cast<std::uint32_t*>(reinterpret_cast<const std::uint32_t*>(type + 1));
    *word = (i == 1 ? 3U << 16U : 0U) | sizes.at(i);
  }
  const LayoutReport report = made.against<Bits>(old_bits);
  EXPECT_EQ(report.verdict, LayoutVerdict::match) << to_string(report);
}

struct Event {
  u32 length;
};

TEST(CompareLayout, NotesFlexibleEndsOfTheMap) {
  const HandMade made;
  btf* const btf = made.get();
  const int u32_id = ::btf__add_int(btf, "unsigned int", 4, 0);
  const int rest = ::btf__add_array(btf, u32_id, u32_id, 0);
  const int event = ::btf__add_struct(btf, "event", 4);
  ::btf__add_field(btf, "length", u32_id, 0, 0);
  ::btf__add_field(btf, "data", rest, 32, 0);
  const LayoutReport report = made.against<Event>(event);
  EXPECT_EQ(report.verdict, LayoutVerdict::match);
  EXPECT_EQ(shortened(report.notes), "flexible_end data - 4");
  // One in front of another member, as the kernel uses them to mark places, is nothing.
  const int marked = ::btf__add_struct(btf, "event", 4);
  ::btf__add_field(btf, "here", rest, 0, 0);
  ::btf__add_field(btf, "length", u32_id, 0, 0);
  EXPECT_EQ(made.against<Event>(marked).verdict, LayoutVerdict::match);
}

TEST(CompareLayout, ComparesAStructWithASection) {
  const HandMade made;
  btf* const btf = made.get();
  const int u64_id = ::btf__add_int(btf, "unsigned long long", 8, 0);
  const int u8_id = ::btf__add_int(btf, "unsigned char", 1, 0);
  const int value = ::btf__add_var(btf, "value", BTF_VAR_GLOBAL_ALLOCATED, u64_id);
  const int kind = ::btf__add_var(btf, "kind", BTF_VAR_GLOBAL_ALLOCATED, u8_id);
  const int section = ::btf__add_datasec(btf, ".bss", 9);
  ::btf__add_datasec_var_info(btf, value, 0, 8);
  ::btf__add_datasec_var_info(btf, kind, 8, 1);
  struct Bss {
    u64 value;
    u8 kind;
  };
  EXPECT_EQ(made.against<Bss>(section).verdict, LayoutVerdict::match)
      << "without the end's padding";
  EXPECT_EQ(made.against<OneNumber>(section).verdict, LayoutVerdict::match) << "its beginning";
  EXPECT_EQ(made.against<u64>(section).verdict, LayoutVerdict::match);
  struct Swapped {
    u8 kind;
    u64 value;
  };
  EXPECT_EQ(shortened(made.against<Swapped>(section).differences),
            "offset kind 0 8, offset value 8 0");

  const int lines = ::btf__add_var(btf, "lines", BTF_VAR_GLOBAL_ALLOCATED,
                                   ::btf__add_array(btf, u64_id, u64_id, 4));
  const int array = ::btf__add_datasec(btf, ".data.lines", 32);
  ::btf__add_datasec_var_info(btf, lines, 0, 32);
  EXPECT_EQ(made.against<OneNumber>(array).verdict, LayoutVerdict::match) << "an array of them";
  EXPECT_EQ(made.against<Point>(array).verdict, LayoutVerdict::mismatch);
}

// MappedArray takes a section for an array only if its elements are multiples of 8 bytes.
TEST(CompareLayout, LetsMoreVariablesFollowAStruct) {
  const HandMade made;
  btf* const btf = made.get();
  const int u32_id = ::btf__add_int(btf, "unsigned int", 4, 0);
  const int s32_id = ::btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
  const auto section = [&](std::initializer_list<const char*> names, std::size_t first) {
    std::vector<int> ids;
    for (const char* name : names)
      ids.push_back(::btf__add_var(btf, name, BTF_VAR_GLOBAL_ALLOCATED,
                                   ids.size() < first ? u32_id : s32_id));
    const auto size = static_cast<std::uint32_t>(4 * ids.size());
    const int id = ::btf__add_datasec(btf, ".bss", size);
    for (std::uint32_t i = 0; i < ids.size(); ++i)
      ::btf__add_datasec_var_info(btf, ids[i], 4 * i, 4);
    return id;
  };
  const LayoutReport three =
      made.against<Point3>(section({"x", "y", "z", "more", "of", "them"}, 3));
  EXPECT_EQ(three.verdict, LayoutVerdict::match) << to_string(three);
  const LayoutReport two = made.against<Point>(section({"x", "y", "of", "them"}, 2));
  EXPECT_EQ(two.verdict, LayoutVerdict::match) << to_string(two);
  EXPECT_EQ(two.difference_count, 0U);
  const LayoutReport swapped = made.against<PointSwapped>(section({"x", "y", "of", "them"}, 2));
  EXPECT_EQ(shortened(swapped.differences), "offset y 0 4, offset x 4 0");
  // Each line of the report is about other members.
  const int points = ::btf__add_var(btf, "points", BTF_VAR_GLOBAL_ALLOCATED,
                                    ::btf__add_array(btf, s32_id, u32_id, 6));
  const int array = ::btf__add_datasec(btf, ".data", 24);
  ::btf__add_datasec_var_info(btf, points, 0, 24);
  const LayoutReport begin = made.against<Point3>(array);
  EXPECT_EQ(begin.verdict, LayoutVerdict::match) << to_string(begin);
  EXPECT_EQ(made.against<Point>(array).verdict, LayoutVerdict::match);
}

// An array that is compared element by element has one line, as bytes have that cross others.
TEST(CompareLayout, PrintsWhatItTakesApartOnce) {
  const LayoutReport flat = report_on<Point3[2], u32[6]>({});
  EXPECT_EQ(flat.lines.size(), 2U + 6) << to_string(flat);
  const LayoutReport bytes = report_on<Bytes4And8, Bytes6And6>({});
  EXPECT_EQ(bytes.lines.size(), 1U + 3) << to_string(bytes);
}

// --- BTF that nobody vouches for ---

TEST(CompareLayout, OfBrokenBtfIsUnknown) {
  const HandMade made;
  btf* const btf = made.get();
  const int u64_id = ::btf__add_int(btf, "unsigned long long", 8, 0);
  const int beyond = ::btf__add_struct(btf, "beyond", 8);
  ::btf__add_field(btf, "value", u64_id, 64, 0);
  const int huge =
      ::btf__add_array(btf,
                       ::btf__add_array(btf, ::btf__add_array(btf, u64_id, u64_id, 0xffff'ffff),
                                        u64_id, 0xffff'ffff),
                       u64_id, 0xffff'ffff);
  const int forward = ::btf__add_fwd(btf, "forward", BTF_FWD_STRUCT);
  const int next = forward + 1;
  const int circle = ::btf__add_typedef(btf, "circle", next);
  const int self = ::btf__add_struct(btf, "self", 8);
  ::btf__add_field(btf, "self", self, 0, 0);
  const int missing = ::btf__add_struct(btf, "missing", 8);
  ::btf__add_field(btf, "value", 1000, 0, 0);
  struct {
    int id;
    const char* reason;
  } const rows[]{{beyond, "has a member beyond its end"},
                 {huge, "is too large"},
                 {forward, "has no size"},
                 {circle, "is a circle of names"},
                 {self, "contains itself"},
                 {missing, "does not exist"},
                 {5000, "does not exist"}};
  for (const auto& [id, reason] : rows) {
    const LayoutReport report = made.against<OneNumber>(id);
    EXPECT_EQ(report.verdict, LayoutVerdict::unknown) << reason;
    EXPECT_NE(report.reason.find(reason), std::string::npos) << report.reason;
  }
  const LayoutReport nothing = detail::check_layout({}, 0, 1, nullptr, &detail::describe<u32>());
  EXPECT_EQ(nothing.verdict, LayoutVerdict::unknown);
}

// Each struct holds the one before it in all of its 64 members: 64 to the power of 30 members.
TEST(CompareLayout, EndsOnBtfThatExplodes) {
  const HandMade made;
  btf* const btf = made.get();
  int last = ::btf__add_struct(btf, "empty", 0);
  for (int level = 0; level < 30; ++level) {
    const int next = ::btf__add_struct(btf, nullptr, 8);
    for (int i = 0; i < 64; ++i) ::btf__add_field(btf, nullptr, last, 0, 0);
    last = next;
  }
  const LayoutReport report = made.against<Point>(last);
  EXPECT_NE(report.verdict, LayoutVerdict::match);
  EXPECT_LT(report.differences.size(), 300U);
}

// Ten megabytes: structs of 65 535 members, each of which is the struct before.
TEST(CompareLayout, EndsOnTenMegabytes) {
  constexpr std::uint32_t members = 65'535;
  std::vector<std::uint32_t> types{0, 1U << 24U, 4, 32};  // an integer of 4 bytes
  for (std::uint32_t level = 0; level < 13; ++level) {
    types.insert(types.end(), {0, 4U << 24U | members, 4 * members});
    for (std::uint32_t i = 0; i < members; ++i)
      types.insert(types.end(), {0, level + 1, level == 0 ? 32 * i : 0});
  }
  const auto size = static_cast<std::uint32_t>(types.size() * sizeof types[0]);
  ASSERT_GT(size, 10'000'000U);
  const std::array<std::uint32_t, 6> header{0x0001'EB9F, 24, 0, size, size, 1};
  Bytes bytes(24 + size + 1);
  std::memcpy(bytes.data(), header.data(), 24);
  std::memcpy(bytes.data() + 24, types.data(), size);
  for (const std::uint32_t id : {2U, 14U}) {
    const LayoutReport report =
        detail::check_layout(bytes, 0, id, nullptr, &detail::describe<Point>());
    EXPECT_EQ(report.verdict, LayoutVerdict::mismatch);
    EXPECT_LE(report.differences.size(), 256U);
    EXPECT_LE(report.lines.size(), 10'000U);
    EXPECT_LT(std::ranges::count(to_string(report), '\n'), 200);
  }
}

}  // namespace
}  // namespace bpfmap
