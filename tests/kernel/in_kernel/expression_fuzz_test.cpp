// SPDX-License-Identifier: MIT
// Random expressions over random entries of types of 1 to 256 bytes, and of one of 64 KiB: the
// kernel, the walk in user space and plain C++ agree. BPFMAP_EXPRESSIONS sets how many are tried
// (default 2,000), BPFMAP_SEED the first one.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../../../src/in_kernel/evaluate.hpp"
#include "../../../src/in_kernel/generate.hpp"
#include "bpfmap/in_kernel/detail/query_engine.hpp"
#include "bpfmap/in_kernel/expression.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/mapping.hpp"

namespace bpfmap::test {
namespace {

using detail::Node;
using detail::NodeKind;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using Random = std::mt19937_64;

// --- the types ---

struct [[gnu::packed]] Packed {
  u8 a;
  u32 b;
  i16 c;
  u64 d;
  i8 e;
  i64 f;
  u16 big;
  std::array<u8, 5> bytes;
};
struct Inner {
  u16 n;
  i16 m;
  u32 k;
};
struct Nested {
  u64 count;
  i32 delta;
  in_addr address;
  Inner inner[3];
  std::array<u8, 16> address6;
};
struct Large {
  u64 a[8];
  i32 b[16];
  u16 c[32];
  char text[64];
};
struct Far {
  u64 first;
  u64 second;
  u8 between[32734];
  u16 last_reached;  // by a program
  u16 beyond;
  u8 more[32790];
  u64 far;  // beyond byte 65,536
};
struct SmallKey {
  u16 a;
  i8 b;
  u8 c;
};
enum class Color : i16 { red = -3, green = 5 };
struct Colors {
  Color color;
  u8 pad[2];
};

// A number that a test computes from an entry; several slots are those of CPUs.
using Plain = std::function<u64(const std::byte* key, const std::byte* value)>;

struct Leaf {
  Node node;
  Plain plain;
};
struct BytesLeaf {
  // Makes a condition that `sample`, an entry, may meet.
  std::function<std::pair<std::vector<Node>, Plain>(Random&, const std::byte* key,
                                                    const std::byte* value)>
      make;
};

struct Subject {
  std::string name;
  MapType type;
  u32 key_size;
  u32 value_size;
  std::vector<Leaf> leaves;
  std::vector<BytesLeaf> bytes;

  Map map = {};
  std::vector<std::pair<Bytes, Bytes>> entries = {};
  detail::QueryEngine programs = {};
  detail::QueryEngine walks = {};
};

template <class T>
T object_in(const std::byte* from) {
  T object;
  std::memcpy(&object, from, sizeof object);
  return object;
}
template <class T>
u64 extended(T number) {
  if constexpr (std::is_enum_v<T>)
    return extended(static_cast<std::underlying_type_t<T>>(number));
  else
    return static_cast<u64>(number);  // by its sign
}

// `get` reads the member from an object.
template <class V, class E, class Get>
Leaf value_leaf(const E& member, Get get) {
  return {member.nodes[0], [get](const std::byte*, const std::byte* value) {
            return extended(get(object_in<V>(value)));
          }};
}
template <class K, class E, class Get>
Leaf key_leaf(const E& member, Get get) {
  return {member.nodes[0], [get](const std::byte* key, const std::byte*) {
            return extended(get(object_in<K>(key)));
          }};
}
template <class E>
std::vector<Node> nodes_of(const E& condition) {
  return {condition.nodes.begin(), condition.nodes.end()};
}

template <class V, class E, class Get>
BytesLeaf bytes_leaf(const E& member, Get get) {
  return {[=](Random& random, const std::byte*, const std::byte* value) {
    auto sample = get(object_in<V>(value));
    using Bytes_ = decltype(sample);
    const auto* bytes = reinterpret_cast<std::byte*>(&sample);
    const std::size_t length = random() % (sizeof sample + 2);
    std::vector<std::byte> first(bytes, bytes + std::min(length, sizeof sample));
    if (length > sizeof sample) first.push_back(std::byte{0});
    if (!first.empty() && random() % 4 == 0) first[random() % first.size()] ^= std::byte{1};
    const Plain starts = [=](const std::byte*, const std::byte* of) {
      const auto found = get(object_in<V>(of));
      return static_cast<u64>(
          first.size() <= sizeof found &&
          (first.empty() || std::memcmp(&found, first.data(), first.size()) == 0));
    };
    if (random() % 2 == 0) return std::pair{nodes_of(member.starts_with(first)), starts};
    const auto bits = static_cast<u32>(random() % (8 * sizeof sample + 1));
    std::array<u8, sizeof(Bytes_)> raw;
    std::memcpy(raw.data(), &sample, sizeof raw);
    const LpmKey<std::array<u8, sizeof(Bytes_)>, sizeof(Bytes_)> prefix{raw, bits};
    const Plain covered = [=](const std::byte*, const std::byte* of) {
      const auto found = get(object_in<V>(of));
      std::array<u8, sizeof found> other;
      std::memcpy(other.data(), &found, sizeof other);
      for (u32 bit = 0; bit < bits; ++bit)
        if (((raw[bit / 8] ^ other[bit / 8]) >> (7 - bit % 8) & 1) != 0) return u64{0};
      return u64{1};
    };
    return std::pair{nodes_of(member.in(prefix)), covered};
  }};
}

template <class T>
Subject whole(const char* name, MapType type) {
  Subject s{name, type, 4, sizeof(T), {}, {}};
  s.leaves.push_back(value_leaf<T>(value<T>(), [](T v) { return v; }));
  s.leaves.push_back(key_leaf<u32>(key<u32>(), [](u32 k) { return k; }));
  return s;
}

std::vector<Leaf> packed_leaves() {
  const auto swapped = [](const Packed& p) { return __builtin_bswap16(p.big); };
  return {value_leaf<Packed>(value(&Packed::a), [](const Packed& p) { return p.a; }),
          value_leaf<Packed>(value(&Packed::b), [](const Packed& p) { return p.b; }),
          value_leaf<Packed>(value(&Packed::c), [](const Packed& p) { return p.c; }),
          value_leaf<Packed>(value(&Packed::d), [](const Packed& p) { return p.d; }),
          value_leaf<Packed>(value(&Packed::e), [](const Packed& p) { return p.e; }),
          value_leaf<Packed>(value(&Packed::f), [](const Packed& p) { return p.f; }),
          value_leaf<Packed>(big_endian(value(&Packed::big)), swapped),
          value_leaf<Packed>(value(&Packed::bytes, 3), [](const Packed& p) { return p.bytes[3]; }),
          key_leaf<SmallKey>(key(&SmallKey::a), [](const SmallKey& k) { return k.a; }),
          key_leaf<SmallKey>(key(&SmallKey::b), [](const SmallKey& k) { return k.b; })};
}
Subject packed(MapType type, bool percpu) {
  Subject s{"packed", type, sizeof(SmallKey), sizeof(Packed), packed_leaves(), {}};
  if (!percpu)
    s.bytes.push_back(
        bytes_leaf<Packed>(value(&Packed::bytes), [](const Packed& p) { return p.bytes; }));
  return s;
}
Subject nested(MapType type) {
  Subject s{"nested", type, 4, sizeof(Nested), {}, {}};
  const auto big = [](const Nested& n) { return __builtin_bswap32(n.inner[0].k); };
  s.leaves = {value_leaf<Nested>(value(&Nested::count), [](const Nested& n) { return n.count; }),
              value_leaf<Nested>(value(&Nested::delta), [](const Nested& n) { return n.delta; }),
              value_leaf<Nested>(value(&Nested::inner, 1, &Inner::n),
                                 [](const Nested& n) { return n.inner[1].n; }),
              value_leaf<Nested>(value(&Nested::inner, 2, &Inner::m),
                                 [](const Nested& n) { return n.inner[2].m; }),
              value_leaf<Nested>(big_endian(value(&Nested::inner, 0, &Inner::k)), big),
              value_leaf<Nested>(value(&Nested::address6, 15),
                                 [](const Nested& n) { return n.address6[15]; })};
  s.bytes = {
      bytes_leaf<Nested>(value(&Nested::address6), [](const Nested& n) { return n.address6; }),
      bytes_leaf<Nested>(value(&Nested::address), [](const Nested& n) { return n.address; })};
  return s;
}
Subject large(MapType type) {
  struct Text {
    char chars[64];
  };
  Subject s{"large", type, 4, sizeof(Large), {}, {}};
  s.leaves = {value_leaf<Large>(value(&Large::a, 7), [](const Large& l) { return l.a[7]; }),
              value_leaf<Large>(value(&Large::b, 0), [](const Large& l) { return l.b[0]; }),
              value_leaf<Large>(value(&Large::b, 15), [](const Large& l) { return l.b[15]; }),
              value_leaf<Large>(value(&Large::c, 31), [](const Large& l) { return l.c[31]; })};
  s.bytes.push_back(bytes_leaf<Large>(value(&Large::text), [](const Large& l) {
    Text text;
    std::memcpy(text.chars, l.text, sizeof text.chars);
    return text;
  }));
  return s;
}
Subject colors(MapType type) {
  Subject s{"colors", type, 4, sizeof(Colors), {}, {}};
  s.leaves = {value_leaf<Colors>(value(&Colors::color), [](const Colors& c) { return c.color; }),
              key_leaf<u32>(key<u32>(), [](u32 k) { return k; })};
  return s;
}

Subject far(MapType type) {
  Subject s{"far", type, 4, sizeof(Far), {}, {}};
  s.leaves = {
      value_leaf<Far>(value(&Far::first), [](const Far& f) { return f.first; }),
      value_leaf<Far>(value(&Far::second), [](const Far& f) { return f.second; }),
      value_leaf<Far>(value(&Far::last_reached), [](const Far& f) { return f.last_reached; }),
      value_leaf<Far>(value(&Far::beyond), [](const Far& f) { return f.beyond; }),
      value_leaf<Far>(value(&Far::far), [](const Far& f) { return f.far; })};
  return s;
}

// --- random numbers and entries ---

u64 interesting(Random& random) {
  constexpr std::array<u64, 14> numbers{0,
                                        1,
                                        2,
                                        3,
                                        7,
                                        63,
                                        64,
                                        255,
                                        0x7fff,
                                        0x80000000,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        std::numeric_limits<u64>::max(),
                                        std::numeric_limits<u64>::max() - 2};
  return random() % 3 == 0 ? random() >> (random() % 64) : numbers[random() % numbers.size()];
}
Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; at += 4) {
    const u64 part = random() % 2 == 0 ? 0 : interesting(random);
    std::memcpy(bytes.data() + at, &part, std::min<std::size_t>(4, size - at));
  }
  return bytes;
}

bool is_array(MapType type) { return type == MapType::array || type == MapType::percpu_array; }

void fill(Subject& s, Random& random) {
  constexpr u32 count = 24;
  s.map = Map::create(
      {.type = s.type, .key_size = s.key_size, .value_size = s.value_size, .max_entries = count});
  s.walks.choose(EngineChoice::system_calls);
  for (u32 i = 0; i < count; ++i) {
    Bytes key = random_bytes(random, s.key_size);
    if (is_array(s.type)) std::memcpy(key.data(), &i, sizeof i);
    const std::size_t slots = s.map.is_percpu() ? sys::possible_cpus().size() : 1;
    const std::size_t stride =
        s.map.is_percpu() ? sys::percpu_stride(s.value_size) : std::size_t{s.value_size};
    Bytes value(slots * stride);
    for (std::size_t slot = 0; slot < slots; ++slot) {
      const Bytes part = random_bytes(random, s.value_size);
      std::copy(part.begin(), part.end(),
                value.begin() + static_cast<std::ptrdiff_t>(slot * stride));
    }
    if (s.map.is_percpu()) {
      std::vector<Bytes> parts;
      for (std::size_t slot = 0; slot < slots; ++slot) {
        const auto at = value.begin() + static_cast<std::ptrdiff_t>(slot * stride);
        parts.emplace_back(at, at + s.value_size);
      }
      s.map.update_percpu(key, parts);
    } else {
      s.map.update(key, value);
    }
    const auto same = std::find_if(s.entries.begin(), s.entries.end(),
                                   [&](const auto& entry) { return entry.first == key; });
    if (same == s.entries.end())
      s.entries.emplace_back(key, value);
    else
      same->second = value;
  }
  if (!s.map.is_percpu()) return;
  for (Leaf& leaf : s.leaves) {
    if (leaf.node.source != detail::Source::value) continue;
    leaf.plain = [one = leaf.plain, size = s.value_size](const std::byte* key,
                                                         const std::byte* value) {
      u64 sum = 0;
      for (std::size_t slot = 0; slot < sys::possible_cpus().size(); ++slot)
        sum += one(key, value + slot * sys::percpu_stride(size));
      return sum;
    };
  }
}

// --- random expressions ---

struct Expression {
  std::vector<Node> nodes;
  Plain plain;
  bool is_signed = false;
};

std::vector<Node> joined(Node last, const std::vector<Node>& a, const std::vector<Node>& b = {}) {
  std::vector<Node> all = a;
  all.insert(all.end(), b.begin(), b.end());
  last.span = static_cast<u32>(all.size() + 1);
  all.push_back(last);
  return all;
}

u64 calculated(NodeKind kind, bool is_signed, u64 a, u64 b) {
  const auto sa = static_cast<i64>(a);
  const auto sb = static_cast<i64>(b);
  constexpr i64 lowest = std::numeric_limits<i64>::min();
  switch (kind) {
    case NodeKind::add:
      return a + b;
    case NodeKind::sub:
      return a - b;
    case NodeKind::mul:
      return a * b;
    case NodeKind::div:
      if (b == 0) return 0;
      if (is_signed) return sa == lowest && sb == -1 ? a : static_cast<u64>(sa / sb);
      return a / b;
    case NodeKind::mod:
      if (b == 0) return a;
      if (is_signed) return sb == -1 ? 0 : static_cast<u64>(sa % sb);
      return a % b;
    case NodeKind::bit_and:
      return a & b;
    case NodeKind::bit_or:
      return a | b;
    case NodeKind::bit_xor:
      return a ^ b;
    case NodeKind::lsh:
      return a << (b % 64);
    case NodeKind::rsh:
      return is_signed ? static_cast<u64>(sa >> (b % 64)) : a >> (b % 64);
    case NodeKind::min:
      return is_signed ? static_cast<u64>(std::min(sa, sb)) : std::min(a, b);
    case NodeKind::max:
      return is_signed ? static_cast<u64>(std::max(sa, sb)) : std::max(a, b);
    default:
      std::abort();
  }
}
bool compared(NodeKind kind, bool is_signed, u64 a, u64 b) {
  const auto by = [kind](auto left, auto right) {
    switch (kind) {
      case NodeKind::equal:
        return left == right;
      case NodeKind::not_equal:
        return left != right;
      case NodeKind::less:
        return left < right;
      case NodeKind::less_equal:
        return left <= right;
      case NodeKind::greater:
        return left > right;
      case NodeKind::greater_equal:
        return left >= right;
      default:
        std::abort();
    }
  };
  return is_signed ? by(static_cast<i64>(a), static_cast<i64>(b)) : by(a, b);
}
NodeKind between(Random& random, NodeKind first, NodeKind last) {
  const auto from = static_cast<u64>(first);
  return static_cast<NodeKind>(from + random() % (static_cast<u64>(last) - from + 1));
}

class Maker {
 public:
  Maker(Random& random, const Subject& subject) : random_(random), subject_(subject) {}

  Expression number(int depth) {
    if (depth == 0 || random_() % 5 == 0) return leaf();
    if (random_() % 6 == 0) {
      const bool negates = random_() % 2 == 0;
      Expression of = number(depth - 1);
      return {joined({.kind = negates ? NodeKind::negate : NodeKind::complement}, of.nodes),
              [=](auto* k, auto* v) { return negates ? 0 - of.plain(k, v) : ~of.plain(k, v); },
              of.is_signed};
    }
    const NodeKind kind = between(random_, NodeKind::add, NodeKind::max);
    // Deep on one side or on both.
    Expression a = number(depth - 1);
    Expression b = number(random_() % 3 == 0 ? 0 : depth - 1);
    if (random_() % 2 == 0) std::swap(a, b);
    const bool shifts = kind == NodeKind::lsh || kind == NodeKind::rsh;
    const bool is_signed = a.is_signed && (shifts || b.is_signed);
    return {
        joined({.kind = kind, .is_signed = is_signed}, a.nodes, b.nodes),
        [=](auto* k, auto* v) { return calculated(kind, is_signed, a.plain(k, v), b.plain(k, v)); },
        is_signed};
  }

  Expression condition(int depth) {
    const u64 dice = random_() % 10;
    if (depth > 0 && dice < 5) {
      const Expression a = condition(depth - 1);
      if (dice == 0)
        return {joined({.kind = NodeKind::negation}, a.nodes),
                [=](auto* k, auto* v) -> u64 { return a.plain(k, v) == 0; }};
      const Expression b = condition(depth - 1);
      const bool both = dice < 3;
      return {joined({.kind = both ? NodeKind::both : NodeKind::either}, a.nodes, b.nodes),
              [=](auto* k, auto* v) -> u64 {
                return both ? a.plain(k, v) != 0 && b.plain(k, v) != 0
                            : a.plain(k, v) != 0 || b.plain(k, v) != 0;
              }};
    }
    if (dice == 5 && !subject_.bytes.empty()) return bytes();
    if (dice == 6) return one_of(depth);
    const NodeKind kind = between(random_, NodeKind::equal, NodeKind::greater_equal);
    const Expression a = number(depth);
    // Something that it may be equal to.
    const Expression b =
        random_() % 3 == 0
            ? constant(a.plain(sample().first.data(), sample().second.data()), a.is_signed)
            : number(depth);
    const bool is_signed = a.is_signed && b.is_signed;
    return {joined({.kind = kind, .is_signed = is_signed}, a.nodes, b.nodes),
            [=](auto* k, auto* v) -> u64 {
              return compared(kind, is_signed, a.plain(k, v), b.plain(k, v));
            }};
  }

 private:
  const std::pair<Bytes, Bytes>& sample() {
    return subject_.entries[random_() % subject_.entries.size()];
  }
  static Expression constant(u64 number, bool is_signed) {
    return {{Node{.constant = number}}, [=](auto*, auto*) { return number; }, is_signed};
  }
  Expression leaf() {
    if (random_() % 3 == 0) return constant(interesting(random_), random_() % 2 == 0);
    const Leaf& leaf = subject_.leaves[random_() % subject_.leaves.size()];
    return {{leaf.node}, leaf.plain, leaf.node.is_signed};
  }
  Expression bytes() {
    const auto& [key, value] = sample();
    auto [nodes, plain] =
        subject_.bytes[random_() % subject_.bytes.size()].make(random_, key.data(), value.data());
    return {nodes, plain};
  }
  Expression one_of(int depth) {
    const Expression a = number(depth);
    std::vector<u64> list(1 + random_() % 5);
    std::vector<Node> constants;
    for (u64& number : list) {
      number = random_() % 2 == 0 ? interesting(random_)
                                  : a.plain(sample().first.data(), sample().second.data());
      constants.push_back({.constant = number});
    }
    return {joined({.kind = NodeKind::one_of, .count = static_cast<u32>(list.size())}, a.nodes,
                   constants),
            [=](auto* k, auto* v) -> u64 {
              return std::find(list.begin(), list.end(), a.plain(k, v)) != list.end();
            }};
  }

  Random& random_;
  const Subject& subject_;
};

// --- the comparison ---

struct Answer {
  u64 matched;
  u64 number;

  friend bool operator==(const Answer&, const Answer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Answer& answer) {
    return out << answer.matched << " entries, number " << answer.number;
  }
};

Answer plain_answer(const Subject& s, const Expression& where, const Expression& number,
                    const detail::Query& query) {
  Answer answer{};
  for (const auto& [key, value] : s.entries) {
    if (where.plain(key.data(), value.data()) == 0) continue;
    const u64 n = number.plain(key.data(), value.data());
    const NodeKind kind = query.kind == detail::QueryKind::sum   ? NodeKind::add
                          : query.kind == detail::QueryKind::min ? NodeKind::min
                                                                 : NodeKind::max;
    answer.number = answer.matched == 0 ? n : calculated(kind, query.is_signed, answer.number, n);
    answer.matched = query.kind == detail::QueryKind::sum ? answer.matched + 1 : 1;
  }
  return answer;
}

Answer answer_of(detail::QueryEngine& engine, Map& map, const detail::Query& query) {
  std::error_code ec;
  const auto result = engine.run(map, query, ec);
  EXPECT_FALSE(ec) << explain(ec);
  return {result.matched, result.number};
}

bool by_program(const detail::QueryEngine& engine) {
  return engine.status().engine == Engine::kernel;
}

// The program for machines that read aligned members only.
Answer aligned_answer(Map& map, const detail::Query& query) {
  using detail::QueryMemory;
  const Map memory = Map::create({.type = MapType::array,
                                  .key_size = 4,
                                  .value_size = sizeof(QueryMemory),
                                  .max_entries = 1,
                                  .flags = MapFlags::mmapable});
  const auto mapping = sys::Mapping::of(memory.fd(), sizeof(QueryMemory), {.writable = true});
  auto& shared = *reinterpret_cast<QueryMemory*>(mapping.data());
  const auto constants = detail::constants_of(query);
  std::copy(constants.begin(), constants.end(), shared.constants);
  detail::bytecode::Assembler program;
  EXPECT_TRUE(detail::generate(query,
                               {.map = map.fd(),
                                .key_size = map.info().key_size,
                                .value_size = map.info().value_size,
                                .memory = memory.fd(),
                                .aligned_loads_only = true},
                               program));
  std::string log;
  std::error_code ec;
  const auto kind = detail::bytecode::ProgramKind::syscall;
  const auto fd = detail::bytecode::load(program, kind, "bpfmap_aligned", log, ec);
  EXPECT_TRUE(fd) << ec.message() << log;
  u32 returned = 0;
  EXPECT_EQ(detail::bytecode::run(fd.get(), kind, returned), 0);
  return {shared.matched, shared.number};
}

std::vector<std::unique_ptr<Subject>> all_subjects(Random& random) {
  std::vector<std::unique_ptr<Subject>> subjects;
  const auto add = [&](Subject subject) {
    subjects.push_back(std::make_unique<Subject>(std::move(subject)));
    fill(*subjects.back(), random);
  };
  add(whole<u8>("u8", MapType::hash));
  add(whole<i8>("i8", MapType::array));
  add(whole<i16>("i16", MapType::lru_hash));
  add(whole<u32>("u32", MapType::array));
  add(whole<u64>("u64", MapType::percpu_array));
  add(whole<i32>("i32", MapType::percpu_hash));
  add(packed(MapType::hash, false));
  add(packed(MapType::lru_percpu_hash, true));
  add(nested(MapType::hash));
  add(nested(MapType::array));
  add(large(MapType::hash));
  add(colors(MapType::hash));
  add(far(MapType::array));
  return subjects;
}

u64 from_environment(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ExpressionFuzz, KernelWalkAndPlainCodeAgree) {
  const u64 count = from_environment("BPFMAP_EXPRESSIONS", 2000);
  const u64 seed = from_environment("BPFMAP_SEED", 1);
  Random setup{seed};
  const auto subjects = all_subjects(setup);
  u64 by_programs = 0;
  u64 matches = 0;
  for (u64 i = 0; i < count && !HasFailure(); ++i) {
    Random random{seed + i};
    Subject& s = *subjects[random() % subjects.size()];
    SCOPED_TRACE(s.name + ", BPFMAP_SEED=" + std::to_string(seed + i));
    Maker maker{random, s};
    const Expression where = maker.condition(static_cast<int>(random() % 5));
    const Expression number = maker.number(static_cast<int>(random() % 7));
    const std::array kinds{detail::QueryKind::sum, detail::QueryKind::min, detail::QueryKind::max};
    const detail::Query query{.kind = kinds[random() % kinds.size()],
                              .is_signed = number.is_signed,
                              .where = where.nodes,
                              .number = number.nodes};
    const Answer expected = plain_answer(s, where, number, query);
    EXPECT_EQ(answer_of(s.walks, s.map, query), expected);
    EXPECT_EQ(answer_of(s.programs, s.map, query), expected);
    if (by_program(s.programs))
      ++by_programs;
    else
      EXPECT_NE(s.programs.status().reason.find("too large"), std::string_view::npos)
          << s.programs.status().reason;
    if (i % 8 == 0 && by_program(s.programs) && !s.map.is_percpu()) {
      EXPECT_EQ(aligned_answer(s.map, query), expected);
    }
    matches += expected.matched;
  }
  EXPECT_GT(by_programs, count * 90 / 100);
  EXPECT_GT(matches, count);
  RecordProperty("by_programs", std::to_string(by_programs));
}

}  // namespace
}  // namespace bpfmap::test
