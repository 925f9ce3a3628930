// SPDX-License-Identifier: MIT
// Which types can be keys and values, and how they are laid out. What must not compile is a false
// concept here.
#include "bpfmap/codec/codec.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "bytes.hpp"

namespace {

enum class Protocol : std::uint8_t { tcp = 6, udp = 17 };

struct Plain {
  std::uint32_t a;
  std::uint16_t b;
  std::uint16_t c;
};

struct Padded {
  std::uint8_t a;
  std::uint32_t b;
};

struct NamedPadding {
  std::uint8_t a;
  std::uint8_t pad[3] = {};
  std::uint32_t b;
};

struct TailPadded {
  alignas(8) std::uint64_t a;  // as in BPF programs; i386 aligns it to 4
  std::uint32_t b;
};

struct HoldsPadded {
  Padded inner[2];
  std::uint32_t b;
};

struct [[gnu::packed]] Packed {
  std::uint8_t a;
  std::uint32_t b;
};

struct FullBitField {
  std::uint32_t a : 20;
  std::uint32_t b : 12;
};

struct HalfBitField {
  std::uint32_t a : 20;
};

struct WithArrays {
  char name[16];
  std::uint32_t counts[4];
  std::array<std::uint8_t, 8> address;
};

struct WithFloat {
  float ratio;
};

struct Empty {};

struct WithBool {
  std::uint32_t a;
  std::uint8_t b[3];
  bool on;
};
struct WithNestedBool {
  std::uint64_t a;
  WithBool inner[2];
};
struct WithBools {
  std::uint32_t a;
  bool on[2][2];
};
struct WithBoolBitField {
  std::uint32_t a : 3;
  bool on : 1;
};
struct WithBoolInUnion {
  std::uint32_t a;
  union {
    bool on;
    std::uint8_t byte;
  };
};
enum CEnum { c_one = 1, c_two };
struct WithCEnum {
  std::uint32_t a;
  CEnum kind;
};
struct WithFixedEnums {
  Protocol protocol;
  std::byte byte;
  enum : std::uint16_t { x, y } kind;
};
enum class EnumOfBool : bool { off, on };
struct WithEnumOfBool {
  std::uint8_t a;
  EnumOfBool on;
};
struct WithOptional {
  std::uint32_t a;
  std::optional<std::uint32_t> maybe;
};
struct WithOptionalBool {
  std::uint32_t a;
  std::optional<bool> maybe;
};
struct WithVariant {
  std::uint32_t a;
  std::variant<std::uint32_t, std::uint64_t> either;
};
struct WithAtomicBool {
  std::uint8_t a;
  std::atomic<bool> on;
};
struct WithPointer {
  std::uint64_t a;
  const char* text;
};
struct WithNestedPointer {
  std::uint32_t a;
  struct {
    std::uint32_t b;
    WithPointer inner;
  } c;
};
struct WithPointers {
  std::array<int*, 2> all;
};
struct WithView {
  std::uint32_t a;
  std::string_view text;
};
struct WithSpan {
  std::uint32_t a;
  std::span<const std::byte> bytes;
};
struct WithMemberPointer {
  std::uint32_t a;
  int WithPointer::* member;
};
struct WithFunction {
  std::uint32_t a;
  void (*call)();
};
struct WithReference {
  std::uint32_t& a;
};
struct LastOf32 {
  std::uint64_t a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, c0,
      c1, c2, c3, c4, c5, c6, c7, c8, c9, d0;
  void* last;
};
struct WithAnonymousMembers {
  std::uint32_t family;
  union {
    std::uint32_t v4;
    std::uint8_t v6[16];
  };
  __extension__ struct {
    std::uint16_t source, target;
  };
};
struct Promised {
  std::uint32_t a;
  bool on;
};
struct MayThrow {
  std::string text;
};
struct DecodeMayThrow {
  std::string text;
};

struct WithDestructor {
  std::uint32_t a;
  ~WithDestructor() {}
};

struct NoDefault {
  explicit NoDefault(std::uint32_t value) : a(value) {}
  std::uint32_t a;
};

struct Virtual {
  virtual ~Virtual() = default;
  std::uint32_t a = 0;
};

union Address {
  std::uint32_t v4;
  std::uint8_t v6[16];
};

// A type that is not its own layout: up to 15 characters in 16 bytes.
struct Name {
  std::string text;
  bool operator==(const Name&) const = default;
};

// One that could be, and has a Codec instead: the padding stays zero.
struct Tidy {
  std::uint8_t a;
  std::uint32_t b;
};

}  // namespace

template <>
struct bpfmap::Codec<Name> {
  static constexpr std::size_t size = 16;
  static void encode(const Name& name, std::span<std::byte, size> out) noexcept {
    std::memcpy(out.data(), name.text.data(), std::min(name.text.size(), size - 1));
  }
  static Name decode(std::span<const std::byte, size> in) noexcept {
    const char* const text = reinterpret_cast<const char*>(in.data());
    return {std::string{text, ::strnlen(text, size)}};
  }
};

template <>
inline constexpr bool bpfmap::valid_as_bytes<Promised> = true;

template <>
struct bpfmap::Codec<MayThrow> {
  static constexpr std::size_t size = 8;
  static void encode(const MayThrow&, std::span<std::byte, size>);
  static MayThrow decode(std::span<const std::byte, size>) noexcept;
};

template <>
struct bpfmap::Codec<DecodeMayThrow> {
  static constexpr std::size_t size = 8;
  static void encode(const DecodeMayThrow&, std::span<std::byte, size>) noexcept;
  static DecodeMayThrow decode(std::span<const std::byte, size>);
};

template <>
struct bpfmap::Codec<Tidy> {
  static constexpr std::size_t size = 8;
  static void encode(const Tidy& tidy, std::span<std::byte, size> out) noexcept {
    out[0] = std::byte{tidy.a};
    std::memcpy(&out[4], &tidy.b, 4);
  }
  static Tidy decode(std::span<const std::byte, size> in) noexcept {
    Tidy tidy{std::to_integer<std::uint8_t>(in[0]), 0};
    std::memcpy(&tidy.b, &in[4], 4);
    return tidy;
  }
};

namespace bpfmap {
namespace {

using test::bytes;

template <class T>
concept both = encodable_as_key<T> && encodable<T>;
template <class T>
concept value_only = !encodable_as_key<T> && encodable<T>;
template <class T>
concept neither = !encodable_as_key<T> && !encodable<T>;

// Integers, enumerators and structs without padding.
static_assert(both<std::uint8_t> && both<std::int64_t> && both<char> && both<std::byte>);
static_assert(both<Protocol>);
static_assert(both<Plain> && both<NamedPadding> && both<WithArrays> && both<FullBitField>);
static_assert(both<Packed> && sizeof(Packed) == 5);
static_assert(both<std::array<std::uint32_t, 3>> && both<std::array<std::byte, 16>>);
static_assert(both<std::array<Plain, 2>>);
static_assert(both<std::chrono::nanoseconds>);

// One byte, told apart from the object's: only 0 and 1 may be a bool.
static_assert(both<bool> && !detail::coded_as_object<bool> && Codec<bool>::size == 1);

// Padding, in front, behind or within, is fit for values only; so is floating point.
static_assert(value_only<Padded> && value_only<TailPadded> && value_only<HoldsPadded>);
static_assert(value_only<HalfBitField>);
static_assert(value_only<std::array<Padded, 2>>);
static_assert(value_only<float> && value_only<double> && value_only<WithFloat>);
static_assert(value_only<Address>, "a union with members of several sizes");

// Not all bytes are one: a flag has two values, an enumeration without a fixed type a few.
static_assert(neither<WithBool> && neither<WithNestedBool> && neither<WithBools>);
static_assert(neither<WithBoolBitField> && neither<WithBoolInUnion>);
static_assert(neither<std::array<bool, 2>> && neither<std::array<WithBool, 2>>);
static_assert(neither<CEnum> && neither<WithCEnum>);
static_assert(neither<std::optional<std::uint32_t>> && neither<std::optional<bool>>);
static_assert(neither<WithOptional> && neither<WithOptionalBool> && neither<WithVariant>);
static_assert(neither<std::variant<std::uint32_t, std::uint64_t>>);
static_assert(both<WithFixedEnums>);
static_assert(!bytewise<std::atomic<bool>> && !bytewise<std::atomic<int*>>);
static_assert(!bytewise<WithAtomicBool> && bytewise<std::atomic<std::uint64_t>>);
static_assert(both<EnumOfBool> && neither<WithEnumOfBool>);

// Pointers are found among the members.
static_assert(neither<WithPointer> && neither<WithNestedPointer> && neither<WithPointers>);
static_assert(neither<WithView> && neither<WithSpan> && neither<WithMemberPointer>);
static_assert(neither<WithFunction> && neither<WithReference> && neither<LastOf32>);
static_assert(value_only<WithAnonymousMembers>);

// So are iterators, and what else refers to other memory.
struct WithIterator {
  std::vector<int>::iterator at;
};
static_assert(neither<std::vector<int>::iterator> && neither<WithIterator>);
static_assert(neither<std::initializer_list<int>> && neither<std::shared_ptr<int>>);
static_assert(neither<std::reference_wrapper<int>>);

// A long double has another size in a BPF program, and bits that are no number.
struct WithLongDouble {
  long double values[2];
};
static_assert(neither<long double> && neither<WithLongDouble>);

// A base is a member, too.
struct BaseWithBool : WithBool {};
struct BaseAndBool : Plain {
  bool on;
};
static_assert(neither<BaseWithBool> && neither<BaseAndBool>);

// An atomic is what it holds.
static_assert(bytewise<std::atomic<int>> && !bytewise<std::atomic<bool>>);
static_assert(neither<volatile std::uint32_t>);
static_assert(both<wchar_t> && both<char8_t>);

// What can be inspected counts, not the names of member functions; what cannot needs a promise.
struct Sized {
  std::array<unsigned char, 12> bytes;
  std::uint32_t used;
  [[nodiscard]] const unsigned char* data() const { return bytes.data(); }
  [[nodiscard]] std::size_t size() const { return used; }
  unsigned char operator*() const { return bytes[0]; }
};
struct Reading {
  std::uint32_t value;
  [[nodiscard]] std::uint32_t load() const { return value; }
  [[nodiscard]] bool valueless_by_exception() const { return false; }
};
class Closed {
 public:
  [[nodiscard]] const unsigned char* data() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  std::array<unsigned char, 12> bytes_{};
};
class PointerLike {
 public:
  int operator*() const { return at_[0]; }

 private:
  const int* at_ = nullptr;
};
static_assert(both<Sized> && both<Reading>);
static_assert(neither<Closed> && neither<PointerLike> && !detail::points_elsewhere<Closed>);

// A promise of the user's own.
static_assert(encodable<Promised> && detail::coded_as_object<Promised>);

// Encoding and decoding never throws.
static_assert(neither<MayThrow> && neither<DecodeMayThrow>);
static_assert(detail::coded_by_throwing<MayThrow> && detail::coded_by_throwing<DecodeMayThrow>);

// What the bytes do not hold, or hold no T.
static_assert(neither<int*> && neither<const char*> && neither<void (*)()> &&
              neither<int Plain::*>);
static_assert(neither<std::nullptr_t>);
static_assert(neither<std::span<const std::byte>> && neither<std::string_view>);
static_assert(neither<std::string> && neither<std::vector<int>> && neither<std::map<int, int>>);
static_assert(neither<std::unique_ptr<int>>);
static_assert(neither<Empty> && neither<WithDestructor> && neither<NoDefault> && neither<Virtual>);
static_assert(neither<char[16]> && neither<std::uint32_t[4]>, "no function returns a bare array");
static_assert(neither<void> && neither<int&> && neither<const int>);

// A Codec of the user's own makes both of any type.
static_assert(both<Name> && Codec<Name>::size == 16 && !detail::coded_as_object<Name>);
static_assert(both<Tidy> && !detail::coded_as_object<Tidy>);
static_assert(detail::coded_as_object<Plain> && detail::coded_as_object<Padded>);

template <class T>
Bytes encode(const T& value) {
  Bytes bytes(Codec<T>::size);
  Codec<T>::encode(value, std::span<std::byte, Codec<T>::size>{bytes});
  return bytes;
}

template <class T>
T decode(const Bytes& bytes) {
  return Codec<T>::decode(std::span<const std::byte, Codec<T>::size>{bytes});
}

TEST(CodecOfAStruct, IsItsLayoutInMemory) {
  const Packed packed{0x11, 0x44332222};
  EXPECT_EQ(encode(packed), bytes({0x11, 0x22, 0x22, 0x33, 0x44}));
  const auto back = decode<Packed>(encode(packed));
  EXPECT_EQ(back.a, packed.a);
  EXPECT_EQ(std::uint32_t{back.b}, 0x44332222U);
}

TEST(CodecOfAStruct, KeepsArrayFields) {
  const WithArrays value{"bash", {1, 2, 3, 4}, {9, 8, 7, 6, 5, 4, 3, 2}};
  const Bytes encoded = encode(value);
  ASSERT_EQ(encoded.size(), 40U);
  EXPECT_EQ(Bytes(encoded.begin(), encoded.begin() + 5), bytes({'b', 'a', 's', 'h', 0}));
  EXPECT_EQ(Bytes(encoded.end() - 8, encoded.end()), bytes({9, 8, 7, 6, 5, 4, 3, 2}));
  const auto back = decode<WithArrays>(encoded);
  EXPECT_STREQ(back.name, "bash");
  EXPECT_EQ(back.counts[3], 4U);
  EXPECT_EQ(back.address, value.address);
}

TEST(CodecOfAStruct, HasTheLayoutThatClangGivesABpfProgram) {
  static_assert(Codec<Padded>::size == 8 && Codec<TailPadded>::size == 16 &&
                Codec<HoldsPadded>::size == 20);
  static_assert(Codec<Plain>::size == 8 && Codec<WithArrays>::size == 40);
  EXPECT_EQ(decode<Padded>(bytes({7, 0xA5, 0xA5, 0xA5, 1, 0, 0, 0})).b, 1U);
}

TEST(CodecOfBool, IsOneByteOfZeroOrOne) {
  EXPECT_EQ(encode(false), bytes({0}));
  EXPECT_EQ(encode(true), bytes({1}));
  EXPECT_FALSE(decode<bool>(bytes({0})));
}

TEST(CodecOfBool, ReadsEveryOtherByteAsTrue) {
  for (int byte = 1; byte < 256; ++byte) {
    const bool value = decode<bool>(bytes({byte}));
    EXPECT_TRUE(value);
    EXPECT_EQ(static_cast<int>(value), 1) << byte;
  }
}

TEST(CodecOfAnEnum, IsItsUnderlyingInteger) {
  EXPECT_EQ(encode(Protocol::udp), bytes({17}));
  EXPECT_EQ(decode<Protocol>(bytes({6})), Protocol::tcp);
  EXPECT_EQ(decode<Protocol>(bytes({250})), static_cast<Protocol>(250)) << "no name is needed";
}

TEST(CodecOfAUsersType, RoundTrips) {
  EXPECT_EQ(decode<Name>(encode(Name{"eth0"})), Name{"eth0"});
  EXPECT_EQ(encode(Name{"ab"}), bytes({'a', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const Tidy tidy = decode<Tidy>(encode(Tidy{7, 9}));
  EXPECT_EQ(tidy.a, 7);
  EXPECT_EQ(tidy.b, 9U);
}

}  // namespace
}  // namespace bpfmap
