// SPDX-License-Identifier: MIT
#include "bpfmap/layout/zeroed_padding.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <tuple>
#include <vector>

#include "bpfmap/codec/wire.hpp"
#include "bpfmap/typed/base/element.hpp"

using namespace bpfmap;

namespace {

struct Inner {
  std::uint8_t kind;
  std::uint32_t id;
};
struct Flow {
  std::uint32_t saddr;
  std::uint16_t port;
  std::uint64_t cookie;
  std::uint8_t proto;
};
struct Deep {
  Inner one;
  Inner many[2][2];
  std::array<Inner, 2> array;
  char name[3];
  float ratio;
  std::uint64_t last;
};
struct Bits {
  std::uint32_t version : 4;
  std::int32_t sign : 3;
  std::uint16_t port;
  std::uint64_t cookie;
};
struct WithBits {
  std::uint8_t tag;
  Bits bits;
  Inner inner;
};
struct WithUnion {
  std::uint8_t family;
  union {
    std::uint32_t v4;
    std::uint8_t v6[16];
  } address;
  std::uint8_t last;
};
struct WithAnonymous {
  std::uint8_t family;
  union {
    std::uint32_t v4;
    std::uint16_t port;
  };
  std::uint8_t low : 4, high : 4;
};
class [[gnu::packed]] PackedOuter {
 public:
  std::uint8_t tag;
  Inner inner;
  std::uint16_t port;
};

}  // namespace

template <>
struct bpfmap::Layout<WithAnonymous> {
  static std::uint8_t low(WithAnonymous& x) { return x.low = 0xf; }
  static constexpr auto members =
      std::tuple{member("family", &WithAnonymous::family), member("v4", &WithAnonymous::v4),
                 member("port", &WithAnonymous::port), bit_field("low", low)};
};
template <>
struct bpfmap::Codec<Flow> : bpfmap::zeroed_padding<Flow> {};
template <>
struct bpfmap::Codec<WithBits> : bpfmap::zeroed_padding<WithBits> {};

namespace {

static_assert(encodable_as_key<Flow> && encodable<Flow> && !encodable_as_key<Deep>);
static_assert(encodable_as_key<WithBits>);

// A T whose members have the bytes of `value`, between bytes of garbage.
template <class T>
struct Dirty {
  explicit Dirty(std::byte garbage) { std::memset(bytes, static_cast<int>(garbage), sizeof bytes); }
  T& object() { return *std::launder(reinterpret_cast<T*>(bytes)); }
  alignas(T) std::byte bytes[sizeof(T)];
};

template <class T>
std::vector<std::byte> encode(const T& value) {
  std::vector<std::byte> out(sizeof(T));
  zeroed_padding<T>::encode(value, std::span<std::byte, sizeof(T)>{out.data(), sizeof(T)});
  return out;
}

// The bytes that are the same whatever lies between the members, and in `count` of which a member
// lies.
template <class T, class Set>
std::vector<std::byte> expect_same(Set set) {
  Dirty<T> zeros{std::byte{0}};
  Dirty<T> ones{std::byte{0xff}};
  set(zeros.object());
  set(ones.object());
  EXPECT_EQ(encode(zeros.object()), encode(ones.object()));
  const std::vector<std::byte> expected(zeros.bytes, zeros.bytes + sizeof(T));
  EXPECT_EQ(encode(ones.object()), expected);
  return expected;
}

void set_inner(Inner& inner, std::uint8_t kind) {
  inner.kind = kind;
  inner.id = 0xdeadbeef;
}

TEST(ZeroedPadding, WritesZerosBetweenMembers) {
  expect_same<Flow>([](Flow& flow) {
    flow.saddr = 0x0a000001;
    flow.port = 80;
    flow.cookie = ~std::uint64_t{0};
    flow.proto = 6;
  });
}

TEST(ZeroedPadding, WritesZerosInNestedStructsAndArrays) {
  expect_same<Deep>([](Deep& deep) {
    set_inner(deep.one, 1);
    for (auto& row : deep.many)
      for (auto& inner : row) set_inner(inner, 2);
    for (auto& inner : deep.array) set_inner(inner, 3);
    std::memcpy(deep.name, "abc", 3);
    deep.ratio = 0.5F;
    deep.last = 7;
  });
}

TEST(ZeroedPadding, WritesZerosBetweenBitFields) {
  expect_same<WithBits>([](WithBits& x) {
    x.tag = 1;
    x.bits.version = 0xa;
    x.bits.sign = -2;
    x.bits.port = 443;
    x.bits.cookie = 5;
    set_inner(x.inner, 9);
  });
}

TEST(ZeroedPadding, WritesZerosBehindTheValueOfALongDouble) {
  struct Ratios {
    std::uint32_t count;
    long double ratio;
    long double more[2];
  };
  struct WithBitField {
    std::uint32_t flag : 1;
    long double ratio;
  };
  expect_same<Ratios>([](Ratios& x) {
    x.count = 1;
    x.ratio = 0.5L;
    x.more[0] = -1.25L;
    x.more[1] = 2.0L;
  });
  expect_same<WithBitField>([](WithBitField& x) {
    x.flag = 1;
    x.ratio = 0.5L;
  });
}

TEST(ZeroedPadding, CopiesUnionsWhole) {
  expect_same<WithUnion>([](WithUnion& x) {
    x.family = 2;
    std::memset(x.address.v6, 0x11, sizeof x.address.v6);
    x.last = 3;
  });
}

TEST(ZeroedPadding, CopiesTheMembersThatALayoutNames) {
  Dirty<WithAnonymous> dirty{std::byte{0xff}};
  dirty.object().family = 2;
  dirty.object().v4 = 0x01020304;
  const auto bytes = encode(dirty.object());
  WithAnonymous back{};
  std::memcpy(static_cast<void*>(&back), bytes.data(), sizeof back);
  EXPECT_EQ(back.family, 2);
  EXPECT_EQ(back.v4, 0x01020304U);
  EXPECT_EQ(back.low, 0xf);
  EXPECT_EQ(back.high, 0) << "not named";
  EXPECT_EQ(bytes[1], std::byte{0});
}

TEST(ZeroedPadding, CopiesMembersOfPackedStructs) {
  expect_same<PackedOuter>([](PackedOuter& x) {
    x.tag = 1;
    Inner inner{};
    set_inner(inner, 4);
    std::memcpy(static_cast<void*>(&x.inner), &inner, sizeof inner);
    x.port = 8;
    // Its padding is not that of a member, and cannot be left out of a copy.
    std::memset(reinterpret_cast<std::byte*>(&x) + 2, 0, 3);
  });
}

TEST(ZeroedPadding, DecodesWhatItEncoded) {
  const Flow flow{.saddr = 1, .port = 2, .cookie = 3, .proto = 4};
  const auto bytes = encode(flow);
  const Flow back = Codec<Flow>::decode(std::span<const std::byte, sizeof(Flow)>{bytes});
  EXPECT_EQ(std::tuple(back.saddr, back.port, back.cookie, back.proto), std::tuple(1, 2, 3, 4));
}

// The bytes of `value` that a typed map and a Map pass to the kernel.
template <class T>
void expect_written_without_garbage(void (*set)(T&)) {
  Dirty<T> zeros{std::byte{0}};
  Dirty<T> ones{std::byte{0xff}};
  set(zeros.object());
  set(ones.object());
  const detail::ElementBytes<T> typed{ones.object()};
  EXPECT_EQ(std::memcmp(typed.data(), zeros.bytes, sizeof(T)), 0);
  std::error_code ec;
  const detail::Encoded<T> untyped{ones.object(), sizeof(T), ec};
  EXPECT_EQ(std::memcmp(untyped.bytes().data(), zeros.bytes, sizeof(T)), 0);
}

TEST(PaddingOfValues, IsWrittenAsZeros) {
  expect_written_without_garbage<Inner>([](Inner& x) { set_inner(x, 1); });
  expect_written_without_garbage<Deep>([](Deep& deep) {
    set_inner(deep.one, 1);
    for (auto& row : deep.many)
      for (auto& inner : row) set_inner(inner, 2);
    for (auto& inner : deep.array) set_inner(inner, 3);
    std::memcpy(deep.name, "abc", 3);
    deep.ratio = 0.5F;
    deep.last = 7;
  });
#ifndef __clang__
  expect_written_without_garbage<Bits>([](Bits& x) {
    x.version = 3;
    x.sign = -1;
    x.port = 1;
    x.cookie = 2;
  });
#endif
}

// Only what has padding is copied.
struct Ratio {
  float ratios[2];
  double sum[3];
};
struct Large {
  std::uint8_t a;
  std::uint32_t b[2000];
};
static_assert(detail::written_as_object<std::uint32_t> && detail::written_as_object<double> &&
              detail::written_as_object<Ratio> && detail::written_as_object<Large>);
static_assert(!detail::written_as_object<Inner> && detail::coded_as_object<Inner>);

}  // namespace
