// SPDX-License-Identifier: MIT
#include "bpfmap/layout/layout.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>

#include "bpfmap/codec/fixed_string.hpp"
#include "bpfmap/codec/lpm_key.hpp"

using namespace bpfmap;
using detail::describe;
using detail::MemberDescription;
using detail::TypeDescription;
using detail::TypeKind;

namespace {

// A description as one line: "Event 24 {pid@0 u32, comm@4 char[16]}".
std::string text(const TypeDescription& type);

std::string number(const TypeDescription& type, char letter) {
  return letter + std::to_string(type.size * 8);
}

std::string members_text(const TypeDescription& type) {
  std::string out = "{";
  for (const MemberDescription& member : type.members()) {
    if (out.size() > 1) out += ", ";
    out += member.name.empty() ? "?" : std::string{member.name};
    out += '@' + std::to_string(member.bit_offset / 8);
    if (member.bit_size != 0)
      out += '.' + std::to_string(member.bit_offset % 8) + ':' + std::to_string(member.bit_size);
    out += ' ' + text(*member.type);
  }
  return out + '}';
}

std::string text(const TypeDescription& type) {
  const std::string named = std::string{type.name} + ' ' + std::to_string(type.size);
  switch (type.kind) {
    case TypeKind::integer:
      return number(type, type.is_signed ? 's' : 'u');
    case TypeKind::boolean:
      return "bool";
    case TypeKind::character:
      return "char";
    case TypeKind::floating:
      return number(type, 'f');
    case TypeKind::enumeration: {
      std::string out = "enum " + named + (type.is_signed ? " signed" : "") + " (";
      for (const auto& each : type.enumerators)
        out += std::string{each.name} + '=' +
               std::to_string(static_cast<std::int64_t>(each.value)) + ' ';
      if (out.back() == ' ') out.pop_back();
      return out + ')';
    }
    case TypeKind::pointer:
      return "pointer";
    case TypeKind::array:
      EXPECT_EQ(type.size, type.element->size * type.count);
      return text(*type.element) + '[' + std::to_string(type.count) + ']';
    case TypeKind::structure:
      return "struct " + named + ' ' + members_text(type);
    case TypeKind::union_type:
      return "union " + named + ' ' + members_text(type);
    case TypeKind::bytes:
      return "bytes " + std::to_string(type.size);
  }
  return "?";
}

enum class Verdict : std::uint32_t { pass, drop, redirect = 7 };
enum Flags : std::uint16_t { flag_a = 1, flag_b = 1 << 9, flag_c = 1 << 15 };
enum class Code : std::int8_t { lowest = -128, bad = -1, ok };
enum class Sentinel : std::uint64_t { zero, top = 1ULL << 63, none = ~0ULL };
enum class OnOff : bool { off, on };
enum Open { open_a, open_b };

struct Event {
  std::uint64_t ts;
  std::uint32_t pid;
  char comm[16];
  Verdict verdict;
  std::int16_t code;
};
struct Point {
  std::int32_t x, y;
};
struct Nested {
  Point from;
  Point way[2][3];
  std::array<std::array<std::uint8_t, 2>, 3> matrix;
  struct {
    std::uint16_t low, high;
  } range;
};
struct Aligned {
  char a;
  alignas(16) std::uint32_t b;
  std::uint8_t tail;
};
struct [[gnu::packed]] Packed {
  char a;
  std::uint64_t b;
  std::uint16_t c[2];
  std::uint32_t d;
};
union Address {
  std::uint32_t v4;
  std::uint8_t v6[16];
};
struct WithUnion {
  std::uint8_t family;
  Address address;
  union {
    std::uint32_t seq;
    std::uint16_t id;
  } u;
};
struct Bits {
  std::uint32_t version : 4, length : 4;
  std::uint32_t : 3;
  std::uint32_t rest : 21;
  std::int32_t sign : 5;
  std::uint32_t plain;
  std::int8_t code : 4;
};
struct Kernel {
  bpf_spin_lock lock;
  bpf_timer timer;
  bpf_dynptr dynptr;
  std::uint32_t count;
};
struct Raw {
  std::byte blob[6];
  std::array<std::byte, 2> more;
  std::byte one;
  unsigned char u8[3];
  signed char s8;
};
struct Wide {
  __extension__ unsigned __int128 u;
  __extension__ __int128 s;
  long l;
  unsigned long long ull;
  char16_t c16;
  float f;
  double d;
};
struct Pointing {
  const char* text;
  void (*call)();
};
struct Name {
  std::string value;
};
struct Text {
  FixedString<8> name;
  LpmKey<in_addr> prefix;
  bool on;
  OnOff state;
};
struct Defaults {
  std::uint32_t a = 3;
  const std::uint16_t b = 4;
  std::uint8_t c = 5;
};
class Private {
 public:
  [[nodiscard]] int get() const { return first_ + second_; }

 private:
  friend struct bpfmap::Layout<Private>;
  int first_ = 0;
  short second_ = 0;
};
class Hidden {
  [[maybe_unused]] std::uint64_t secret_ = 0;
};
struct Anonymous {
  std::uint8_t kind;
  union {
    std::uint32_t v4;
    std::uint16_t port;
  };
  std::uint8_t low : 4, high : 4;
};
struct OfBool {
  bool on : 1;
  bool off : 1;
  std::uint32_t count;
};
template <class T>
struct Pair {
  T first, second;
};
struct Base {
  std::uint32_t a;
};
struct Derived : Base {
  std::uint32_t b;
};
// clang-format off
struct Many { std::uint8_t m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20,
  m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41, m42, m43,
  m44, m45, m46, m47, m48, m49, m50, m51, m52, m53, m54, m55, m56, m57, m58, m59, m60, m61, m62, m63, m64; };
// clang-format on
struct Empty {};
#ifdef __cpp_impl_reflection
struct Unnamed {
  std::uint32_t id;
  union {
    std::uint64_t whole;
    struct {
      std::uint32_t low, high;
    };
  };
};
class OptedIn : Base {
  std::uint32_t secret_;
  std::uint8_t bit_ : 1;
};
#endif
struct Huge {
  std::uint8_t begin;
  std::uint64_t data[100000];
  std::uint32_t end : 3;
};

}  // namespace

template <>
struct bpfmap::Layout<Event> : bpfmap::Reflected {};
#ifdef __cpp_impl_reflection
template <>
struct bpfmap::Layout<OptedIn> : bpfmap::Reflected {};
#endif
template <>
struct bpfmap::Layout<Private> {
  static constexpr auto members =
      std::tuple{member("second", &Private::second_), member("first", &Private::first_)};
};
template <>
struct bpfmap::Layout<Anonymous> {
  static std::uint8_t low(Anonymous& x) { return x.low = 0xf; }
  static std::uint8_t high(Anonymous& x) { return x.high = 0xf; }
  static constexpr auto members =
      std::tuple{member("kind", &Anonymous::kind), member("v4", &Anonymous::v4),
                 member("port", &Anonymous::port), bit_field("high", high), bit_field("low", low)};
};
template <>
struct bpfmap::Layout<OfBool> {
  static bool on(OfBool& x) { return x.on = true; }
  static bool off(OfBool& x) { return x.off = true; }
  static constexpr auto members =
      std::tuple{bit_field("on", on), bit_field("off", off), member("count", &OfBool::count)};
};
template <>
struct bpfmap::Layout<Address> {
  static constexpr auto members =
      std::tuple{member("v4", &Address::v4), member("v6", &Address::v6)};
};
template <>
struct bpfmap::Layout<Derived> {
  static constexpr auto members = std::tuple{member("a", &Derived::a), member("b", &Derived::b)};
};
template <>
struct bpfmap::Codec<Name> {
  static constexpr std::size_t size = 12;
  static void encode(const Name&, std::span<std::byte, size>) noexcept {}
  static Name decode(std::span<const std::byte, size>) noexcept { return {}; }
};

namespace {

// The names of bit-fields need the reflection of C++26.
#ifdef __cpp_impl_reflection
constexpr bool all_names = true;
#else
constexpr bool all_names = false;
#endif

TEST(Describe, DescribesNumbers) {
  EXPECT_EQ(text(describe<std::uint8_t>()), "u8");
  EXPECT_EQ(text(describe<signed char>()), "s8");
  EXPECT_EQ(text(describe<char>()), "char");
  EXPECT_EQ(text(describe<std::int64_t>()), "s64");
  EXPECT_EQ(text(describe<const std::uint16_t>()), "u16");
  EXPECT_EQ(text(describe<double>()), "f64");
  EXPECT_EQ(text(describe<bool>()), "bool");
  EXPECT_EQ(text(describe<std::atomic<std::uint32_t>>()), "u32");
  EXPECT_EQ(text(describe<int*>()), "pointer");
  EXPECT_EQ(text(describe<Wide>()), std::string{"struct Wide "} + std::to_string(sizeof(Wide)) +
                                        " {u@0 u128, s@16 s128, l@32 s64, ull@40 u64, c16@48 u16, "
                                        "f@52 f32, d@56 f64}");
  EXPECT_EQ(describe<std::uint32_t>().name, "unsigned int");
  EXPECT_EQ(describe<signed char>().name, "signed char");
  EXPECT_EQ(describe<char>().name, "char");
  EXPECT_EQ(describe<bool>().name, "_Bool");
  EXPECT_EQ(describe<decltype(Wide::u)>().name, "unsigned __int128");
}

TEST(Describe, FindsEnumerators) {
  EXPECT_EQ(text(describe<Verdict>()), "enum Verdict 4 (pass=0 drop=1 redirect=7)");
  EXPECT_EQ(text(describe<Flags>()), "enum Flags 2 (flag_a=1 flag_b=512 flag_c=32768)");
  EXPECT_EQ(text(describe<Code>()), "enum Code 1 signed (lowest=-128 bad=-1 ok=0)");
  EXPECT_EQ(describe<Sentinel>().enumerators.size(), 3U);
  EXPECT_EQ(text(describe<OnOff>()), "bool");
  EXPECT_EQ(describe<Open>().size, 4U);
}

TEST(Describe, DescribesStructs) {
  EXPECT_EQ(text(describe<Event>()),
            "struct Event 40 {ts@0 u64, pid@8 u32, comm@12 char[16], verdict@28 enum Verdict 4 "
            "(pass=0 drop=1 redirect=7), code@32 s16}");
  EXPECT_EQ(text(describe<Nested>()),
            "struct Nested 68 {from@0 struct Point 8 {x@0 s32, y@4 s32}, way@8 struct Point 8 "
            "{x@0 s32, y@4 s32}[3][2], matrix@56 u8[2][3], range@62 struct  4 {low@0 u16, high@2 "
            "u16}}");
  EXPECT_EQ(text(describe<Aligned>()), "struct Aligned 32 {a@0 char, b@16 u32, tail@20 u8}");
  EXPECT_EQ(text(describe<Packed>()), "struct Packed 17 {a@0 char, b@1 u64, c@9 u16[2], d@13 u32}");
  EXPECT_EQ(text(describe<Pair<Point>>()),
            "struct Pair 16 {first@0 struct Point 8 {x@0 s32, y@4 s32}, second@8 struct Point 8 "
            "{x@0 s32, y@4 s32}}");
  EXPECT_EQ(text(describe<Defaults>()), "struct Defaults 8 {a@0 u32, b@4 u16, c@6 u8}");
  EXPECT_EQ(text(describe<Pointing>()), "struct Pointing 16 {text@0 pointer, call@8 pointer}");
  struct Local {
    std::uint8_t only;
  };
  EXPECT_EQ(text(describe<Local>()), "struct Local 1 {only@0 u8}");
  EXPECT_EQ(text(describe<Empty>()), "struct Empty 1 {}");
  EXPECT_EQ(text(describe<in6_addr>()).substr(0, 26), "struct in6_addr 16 {__in6_");
}

TEST(Describe, DescribesManyAndLargeMembers) {
  const auto members = describe<Many>().members();
  ASSERT_EQ(members.size(), 64U);
  EXPECT_EQ(members[63].name, "m64");
  EXPECT_EQ(members[63].bit_offset, 63U * 8);
  const auto huge = describe<Huge>().members();
  ASSERT_EQ(huge.size(), 3U);
  EXPECT_EQ(huge[1].bit_offset, 64U);
  EXPECT_EQ(huge[2].bit_offset, 800008U * 8);
  EXPECT_EQ(huge[2].bit_size, 3U);
}

TEST(Describe, DescribesUnions) {
  const std::string unseen = all_names ? "{seq@0 u32, id@0 u16}" : "{}";
  EXPECT_EQ(text(describe<WithUnion>()),
            "struct WithUnion 24 {family@0 u8, address@4 union Address 16 {v4@0 u32, v6@0 "
            "u8[16]}, u@20 union  4 " +
                unseen + "}");
}

TEST(Describe, FindsBitFields) {
  const auto name = [](const char* known) { return std::string{all_names ? known : "?"}; };
  EXPECT_EQ(text(describe<Bits>()), "struct Bits 16 {" + name("version") + "@0.0:4 u32, " +
                                        name("length") + "@0.4:4 u32, " + name("rest") +
                                        "@1.3:21 u32, " + name("sign") +
                                        "@4.0:5 s32, plain@8 u32, " + name("code") + "@12.0:4 s8}");
}

TEST(Describe, KeepsTheKernelsStructsByName) {
  const auto members = describe<Kernel>().members();
  ASSERT_EQ(members.size(), 4U);
  EXPECT_EQ(text(*members[0].type), "struct bpf_spin_lock 4 {val@0 u32}");
  EXPECT_EQ(members[1].type->kind, TypeKind::structure);
  EXPECT_EQ(members[1].type->name, "bpf_timer");
  EXPECT_EQ(members[1].type->size, sizeof(bpf_timer));
  EXPECT_EQ(members[2].type->name, "bpf_dynptr");
  EXPECT_EQ(members[3].name, "count");
  EXPECT_EQ(members[3].bit_offset, offsetof(Kernel, count) * 8);
}

TEST(Describe, DescribesBytes) {
  EXPECT_EQ(text(describe<Raw>()),
            "struct Raw 13 {blob@0 bytes 6, more@6 bytes 2, one@8 bytes 1, u8@9 u8[3], s8@12 s8}");
  EXPECT_EQ(text(describe<Name>()), "bytes 12") << "as its codec writes it";
  EXPECT_EQ(text(describe<Hidden>()), "bytes 8");
}

TEST(Describe, DescribesTheLibrarysTypes) {
  EXPECT_EQ(text(describe<Text>()),
            "struct Text 20 {name@0 char[8], prefix@8 struct  8 {prefixlen@0 u32, data@4 u8[4]}, "
            "on@16 bool, state@17 bool}");
  EXPECT_EQ(text(describe<LpmKey<std::array<std::uint8_t, 6>, 6>>()),
            "struct  10 {prefixlen@0 u32, data@4 u8[6]}")
      << "as its codec writes it";
}

TEST(Layout, NamesMembersThatReflectionCannotSee) {
  EXPECT_EQ(text(describe<Private>()), "struct Private 8 {first@0 s32, second@4 s16}");
  EXPECT_EQ(text(describe<Anonymous>()),
            "struct Anonymous 12 {kind@0 u8, v4@4 u32, port@4 u16, low@8.0:4 u8, high@8.4:4 u8}");
  EXPECT_EQ(text(describe<OfBool>()),
            "struct OfBool 8 {on@0.0:1 bool, off@0.1:1 bool, count@4 u32}");
  EXPECT_EQ(text(describe<Derived>()), "struct Derived 8 {a@0 u32, b@4 u32}");
}

#ifdef __cpp_impl_reflection
TEST(Describe, SeesEverythingByTheReflectionOfCxx26) {
  EXPECT_EQ(text(describe<Unnamed>()),
            "struct Unnamed 16 {id@0 u32, whole@8 u64, low@8 u32, high@12 u32}");
  EXPECT_EQ(text(describe<OptedIn>()), "struct OptedIn 12 {a@0 u32, secret_@4 u32, bit_@8.0:1 u8}");
  EXPECT_EQ(text(describe<Open>()), "enum Open 4 (open_a=0 open_b=1)");
}
#endif

TEST(Describe, GivesATypeOneAddress) {
  EXPECT_EQ(&describe<Event>(), &describe<const Event>());
  EXPECT_EQ(describe<Event>().members().data(), describe<Event>().members().data());
}

}  // namespace
