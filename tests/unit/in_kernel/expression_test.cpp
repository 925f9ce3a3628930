// SPDX-License-Identifier: MIT
// Expressions over members, evaluated in user space, against the same in plain C++.
#include "bpfmap/in_kernel/expression.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "../../../src/in_kernel/evaluate.hpp"
#include "bpfmap/codec/fixed_string.hpp"
#include "bpfmap/in_kernel/query_operations.hpp"

namespace bpfmap::test {
namespace {

using u64 = std::uint64_t;
using i64 = std::int64_t;

enum class State : std::int16_t { closed = -1, open = 1 };
struct Port {
  std::uint16_t number;
  std::int16_t weight;
};
struct Extended : Port {
  std::uint32_t more;
};
struct FlowKey {
  in_addr source;
  std::uint32_t destination;  // in network order
  std::uint16_t port;         // in network order
  std::uint8_t pad[2];
};
struct Flow {
  u64 packets;
  i64 balance;
  std::uint32_t flags;
  std::int32_t delta;
  State state;
  std::int8_t small;
  std::uint8_t byte;
  Port ports[3];
  Extended extended;
  std::array<std::uint8_t, 4> mac;
  char comm[16];
  FixedString<8> tag;
  std::array<std::uint8_t, 11> odd;
};

struct Sample {
  FlowKey key{};
  Flow flow{};
};
Sample sample(u64 packets, std::int32_t delta) {
  Sample s;
  s.key.source = {htonl(0x0a010203)};
  s.key.destination = htonl(0xc0a80001);
  s.key.port = htons(443);
  s.flow.packets = packets;
  s.flow.delta = delta;
  s.flow.balance = -7;
  s.flow.flags = 0xf0f0f0f0;
  s.flow.state = State::closed;
  s.flow.small = -128;
  s.flow.byte = 255;
  s.flow.ports[1] = {80, -80};
  s.flow.extended.number = 8080;
  s.flow.mac = {1, 2, 3, 4};
  std::copy_n("nginx", 5, s.flow.comm);
  s.flow.tag = "dns";
  s.flow.odd = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 255};
  return s;
}
std::vector<Sample> samples() {
  return {sample(0, 0), sample(1, -1), sample(1000, 5),
          sample(std::numeric_limits<u64>::max(), std::numeric_limits<std::int32_t>::min())};
}

detail::EntryBytes bytes_of(const Sample& s) {
  return {reinterpret_cast<const std::byte*>(&s.key), reinterpret_cast<const std::byte*>(&s.flow)};
}
template <class E>
u64 number_of(const E& expression, const Sample& s) {
  return detail::evaluate_number(detail::nodes_in(expression), bytes_of(s));
}
template <class E>
bool is_true(const E& condition, const Sample& s) {
  return detail::evaluate_condition(detail::nodes_in(condition), bytes_of(s));
}

// Each pair of an expression and the same in C++.
template <class E, class Get>
void expect_number(const char* text, const E& expression, Get plain) {
  for (const Sample& s : samples()) {
    const auto expected = plain(s.key, s.flow);
    EXPECT_EQ(number_of(expression, s), static_cast<u64>(expected)) << text;
    EXPECT_EQ(std::is_signed_v<typename E::result_type>, std::is_signed_v<decltype(expected)>)
        << text;
  }
}
template <class E, class Get>
void expect_condition(const char* text, const E& condition, Get plain) {
  for (const Sample& s : samples())
    EXPECT_EQ(is_true(condition, s), plain(s.key, s.flow)) << text << ", " << s.flow.packets;
}
#define NUMBER(expression, plain)                                              \
  expect_number(#expression, expression, [](const FlowKey& k, const Flow& f) { \
    (void)k;                                                                   \
    (void)f;                                                                   \
    return plain;                                                              \
  })
#define CONDITION(expression, plain)                                              \
  expect_condition(#expression, expression, [](const FlowKey& k, const Flow& f) { \
    (void)k;                                                                      \
    (void)f;                                                                      \
    return plain;                                                                 \
  })

constexpr auto packets = [] { return value(&Flow::packets); };
constexpr auto delta = [] { return value(&Flow::delta); };
constexpr auto flags = [] { return value(&Flow::flags); };
constexpr auto balance = [] { return value(&Flow::balance); };

TEST(Expression, ReadsMembersWithTheirSign) {
  NUMBER(packets(), f.packets);
  NUMBER(delta(), i64{f.delta});
  NUMBER(flags(), u64{f.flags});
  NUMBER(value(&Flow::state), static_cast<i64>(f.state));
  NUMBER(value(&Flow::small), i64{f.small});
  NUMBER(value(&Flow::byte), u64{f.byte});
  NUMBER(key(&FlowKey::destination), u64{k.destination});
}

TEST(Expression, ReachesIntoMembersAndArrays) {
  NUMBER(value(&Flow::ports, 1, &Port::number), u64{f.ports[1].number});
  NUMBER(value(&Flow::ports, 1, &Port::weight), i64{f.ports[1].weight});
  NUMBER(value(&Flow::extended, &Extended::number), u64{f.extended.number});
  NUMBER(value(&Flow::mac, 3), u64{f.mac[3]});
  NUMBER(value<Port>(&Port::number) * 0 + value<Port>(&Port::weight) * 0, u64{0});
  const Sample s = sample(0x1122334455667788, 1);
  EXPECT_EQ(number_of(value<u64>(), s), 0x1122334455667788U);
  EXPECT_EQ((number_of(value<std::array<u64, 2>>(1), s)), static_cast<u64>(-7));
}

TEST(Expression, HasNoMemberOutsideOfAnArray) {
  const auto offset = [](const auto& member) { return member.nodes[0].offset; };
  EXPECT_EQ(offset(value(&Flow::ports, 3, &Port::number)), detail::no_offset);
  EXPECT_EQ(offset(value(&Flow::ports, -1, &Port::number)), detail::no_offset);
  EXPECT_EQ(offset(value(&Flow::mac, std::numeric_limits<u64>::max())), detail::no_offset);
  EXPECT_EQ(offset(value(&FlowKey::pad, 1)), offsetof(FlowKey, pad) + 1);
}

TEST(Expression, CalculatesIn64Bits) {
  NUMBER(packets() + 1, f.packets + 1);
  NUMBER(packets() - flags(), f.packets - f.flags);
  NUMBER(3 * delta(), i64{3} * f.delta);
  NUMBER(flags() * flags(), u64{f.flags} * f.flags);
  NUMBER(delta() / 2, i64{f.delta} / 2);
  NUMBER(delta() % 4, i64{f.delta} % 4);
  NUMBER(balance() / -2, f.balance / -2);
  NUMBER(balance() % -4, f.balance % -4);
  NUMBER(packets() / 3U, f.packets / 3);
  NUMBER(packets() % 7U, f.packets % 7);
  NUMBER(flags() & 0xffU, u64{f.flags & 0xffU});
  NUMBER(flags() | delta(), u64{f.flags} | static_cast<u64>(i64{f.delta}));
  NUMBER(flags() ^ packets(), f.flags ^ f.packets);
  NUMBER(-delta(), -i64{f.delta});
  NUMBER(~packets(), ~f.packets);
  NUMBER(smaller(delta(), 3), std::min(i64{f.delta}, i64{3}));
  NUMBER(larger(packets(), 3U), std::max(f.packets, u64{3}));
  NUMBER(key(&FlowKey::port) + packets(), u64{k.port} + f.packets);
}

// As the headers say: what has no meaning in C++ has one here.
TEST(Expression, DividesByZeroAndShiftsTooFarAsTheKernelDoes) {
  NUMBER(packets() / 0, u64{0});
  NUMBER(delta() / 0, i64{0});
  NUMBER(packets() % 0, f.packets);
  NUMBER(delta() % 0, i64{f.delta});
  NUMBER(packets() << 4, f.packets << 4U);
  NUMBER(packets() << 68, f.packets << 4U);
  NUMBER(packets() >> 68, f.packets >> 4U);
  NUMBER(balance() >> 1, f.balance >> 1);
  NUMBER(balance() >> 1U, f.balance >> 1);
  constexpr i64 lowest = std::numeric_limits<i64>::min();
  NUMBER((delta() * 0 + lowest) / -1, lowest);
  NUMBER((delta() * 0 + lowest) % -1, i64{0});
}

TEST(Expression, ComparesAsCppAfterTheExtensionTo64Bits) {
  CONDITION(packets() > 5, f.packets > 5);
  CONDITION(packets() >= 1000, f.packets >= 1000);
  CONDITION(delta() < 0, f.delta < 0);
  CONDITION(0 > delta(), f.delta < 0);
  CONDITION(delta() <= -1, f.delta <= -1);
  CONDITION(delta() == -1, f.delta == -1);
  CONDITION(delta() != 5, f.delta != 5);
  CONDITION(delta() < 0U, false);                                              // unsigned
  CONDITION(delta() < packets(), static_cast<u64>(i64{f.delta}) < f.packets);  // unsigned
  CONDITION(value(&Flow::state) == State::closed, f.state == State::closed);
  CONDITION(flags() == -1, false);  // 64 bits of ones
}

TEST(Expression, CombinesConditions) {
  CONDITION(packets() > 5 && delta() > 0, f.packets > 5 && f.delta > 0);
  CONDITION(packets() > 5 || delta() == -1, f.packets > 5 || f.delta == -1);
  CONDITION(!(packets() > 5), !(f.packets > 5));
  CONDITION(!(packets() > 5 && !(delta() < 0)), !(f.packets > 5 && !(f.delta < 0)));
  CONDITION(packets().in({1, 1000}), f.packets == 1 || f.packets == 1000);
  CONDITION((delta() * 2).in({-2}), f.delta == -1);
  CONDITION(value(&Flow::state).in({State::open}), false);
  CONDITION(everything, true);
}

TEST(Expression, ComparesBytes) {
  CONDITION(value(&Flow::comm) == "nginx", true);
  CONDITION(value(&Flow::comm) == std::string{"nginx"}, true);
  CONDITION(value(&Flow::comm) == "ngin", false);
  CONDITION(value(&Flow::comm) != "nginx-worker", true);
  CONDITION(value(&Flow::comm) == "a text of more than 16 bytes", false);
  CONDITION(value(&Flow::comm) != "a text of more than 16 bytes", true);
  CONDITION(value(&Flow::comm).starts_with("ng"), true);
  CONDITION(value(&Flow::comm).starts_with(""), true);
  CONDITION(value(&Flow::comm).starts_with("nx"), false);
  CONDITION(value(&Flow::comm).starts_with("a text of more than 16 bytes"), false);
  CONDITION(value(&Flow::tag) == "dns", true);
  CONDITION(value(&Flow::tag) == FixedString<8>{"dns"}, true);
  CONDITION((value(&Flow::mac) == std::array<std::uint8_t, 4>{1, 2, 3, 4}), true);
  CONDITION((value(&Flow::mac) != std::array<std::uint8_t, 4>{1, 2, 3, 4}), false);
  CONDITION((value(&Flow::odd) == std::array<std::uint8_t, 11>{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 255}),
            true);
  CONDITION((value(&Flow::odd) == std::array<std::uint8_t, 11>{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 254}),
            false);
}

TEST(Expression, MatchesPrefixesInNetworkOrder) {
  const auto prefix = [](const char* text) { return LpmKey<in_addr>::parse(text); };
  CONDITION(key(&FlowKey::source).in(prefix("10.0.0.0/8")), true);
  CONDITION(key(&FlowKey::source).in(prefix("10.1.2.3/32")), true);
  CONDITION(key(&FlowKey::source).in(prefix("10.1.2.2/31")), true);
  CONDITION(key(&FlowKey::source).in(prefix("10.1.2.4/30")), false);
  CONDITION(key(&FlowKey::source).in(prefix("0.0.0.0/0")), true);
  CONDITION(key(&FlowKey::destination).in(prefix("192.168.0.0/16")), true);
  CONDITION(key(&FlowKey::destination).in(prefix("192.169.0.0/16")), false);
}

TEST(Expression, ReadsNetworkOrder) {
  CONDITION(big_endian(key(&FlowKey::port)) == 443, ntohs(k.port) == 443);
  CONDITION(big_endian(key(&FlowKey::port)) < 1024, true);
  CONDITION(key(&FlowKey::port) == htons(443), true);
  NUMBER(big_endian(key(&FlowKey::destination)), u64{ntohl(k.destination)});
  NUMBER(big_endian(value(&Flow::ports, 1, &Port::weight)),
         i64{static_cast<std::int16_t>(
             __builtin_bswap16(static_cast<std::uint16_t>(f.ports[1].weight)))});
}

// The same expression with other constants is the same program.
TEST(Expression, IsTheSameButForItsConstants) {
  const auto shape = [](auto expression) {
    for (detail::Node& node : expression.nodes) node.constant = node.mask = 0;
    return expression.nodes;
  };
  EXPECT_EQ(shape(packets() > 5 && value(&Flow::comm) == "a"),
            shape(packets() > 6 && value(&Flow::comm) == "longer"));
  EXPECT_EQ(shape(value(&Flow::comm).starts_with("a")), shape(value(&Flow::comm) == "longer"));
  EXPECT_EQ(shape(key(&FlowKey::source).in(LpmKey<in_addr>::parse("10.0.0.0/8"))),
            shape(key(&FlowKey::source).in(LpmKey<in_addr>::parse("1.2.3.4/32"))));
}

TEST(Expression, AppliesChangesInOrder) {
  Flow flow = sample(1000, 5).flow;
  auto* bytes = reinterpret_cast<std::byte*>(&flow);
  const auto make = [&](const auto& change) {
    detail::apply({change.adds, change.member.offset, change.member.size, change.member.big_endian,
                   detail::nodes_in(change)},
                  {nullptr, bytes}, bytes);
  };
  make(add(packets(), 5));
  make(set(delta(), packets() * 2));
  make(set(value(&Flow::byte), 0x1234));
  make(add(value(&Flow::small), -1));  // wraps around
  make(set(big_endian(value(&Flow::ports, 0, &Port::number)), 443));
  make(add(big_endian(value(&Flow::ports, 0, &Port::number)), 1));
  EXPECT_EQ(flow.packets, 1005U);
  EXPECT_EQ(flow.delta, 2010);
  EXPECT_EQ(flow.byte, 0x34);
  EXPECT_EQ(flow.small, 127);
  EXPECT_EQ(ntohs(flow.ports[0].number), 444);
  EXPECT_EQ(flow.flags, 0xf0f0f0f0);
}

TEST(Expression, AddsUpTheSlotsOfAPerCpuValue) {
  const std::array<i64, 3> slots{5, -7, 100};
  const detail::EntryBytes entry{nullptr, reinterpret_cast<const std::byte*>(slots.data()), 3, 8};
  EXPECT_EQ(detail::evaluate_number(detail::nodes_in(value<i64>()), entry), 98U);
  EXPECT_TRUE(detail::evaluate_condition(detail::nodes_in(value<i64>() * 2 == 196), entry));
}

TEST(Expression, PutsNumbersIntoBuckets) {
  const detail::Buckets bits;
  const detail::Buckets linear{
      .logarithmic = false, .count = 10, .from = static_cast<u64>(-50), .width = 10};
  struct Row {
    const detail::Buckets& buckets;
    i64 number;
    bool is_signed;
    std::uint32_t bucket;
  };
  const std::vector<Row> rows{
      {bits, 0, false, 0},     {bits, 1, false, 1},    {bits, 255, true, 8},
      {bits, 256, true, 9},    {bits, -1, true, 0},    {bits, -1, false, 64},
      {linear, -51, true, 0},  {linear, -50, true, 0}, {linear, -41, true, 0},
      {linear, -40, true, 1},  {linear, 49, true, 9},  {linear, 5000, true, 9},
      {linear, -60, false, 0},
  };
  for (const Row& row : rows)
    EXPECT_EQ(detail::bucket_of(row.buckets, static_cast<u64>(row.number), row.is_signed),
              row.bucket)
        << row.number;
}

}  // namespace
}  // namespace bpfmap::test
