// SPDX-License-Identifier: MIT
// Expressions over the members of keys and values, which a query evaluates in the kernel.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/fixed_string.hpp"
#include "bpfmap/codec/integer.hpp"
#include "bpfmap/codec/lpm_key.hpp"
#include "bpfmap/in_kernel/detail/combine.hpp"
#include "bpfmap/in_kernel/detail/node.hpp"

namespace bpfmap::inline v0 {

/// A number of 64 bits, made from members and constants: signed or unsigned. `K` and `V` are the
/// types whose members it reads, or void.
template <class K, class V, bool is_signed, std::size_t size>
struct Number {
  using key_type = K;
  using value_type = V;
  using result_type = std::conditional_t<is_signed, std::int64_t, std::uint64_t>;
  static constexpr auto kind = detail::ExpressionKind::number;

  std::array<detail::Node, size> nodes;

  /// Returns the condition that the number is one of `constants`: `value(&Flow::port).in({80,
  /// 443})`.
  template <class Constant, std::size_t count>
  [[nodiscard]] constexpr auto in(const Constant (&constants)[count]) const noexcept {
    static_assert(detail::constant_number<Constant>, "bpfmap: in() compares with integers.");
    detail::Node last{.kind = detail::NodeKind::one_of, .count = count};
    std::array<detail::Node, count> list{};
    for (std::size_t i = 0; i < count; ++i) list[i].constant = detail::widen_constant(constants[i]);
    return detail::condition<K, V>(detail::join(last, nodes, list));
  }
};

/// True or false, made from numbers, bytes and other conditions.
template <class K, class V, std::size_t size>
struct Predicate {
  using key_type = K;
  using value_type = V;
  static constexpr auto kind = detail::ExpressionKind::condition;

  std::array<detail::Node, size> nodes;
};

/// An integer member of a key or a value: a Number that knows its place.
template <class K, class V, class T>
struct NumberMember : Number<K, V, detail::is_signed_member<T>, 1> {
  /// Returns the condition that the member's bytes, in memory order, begin with the bits of
  /// `prefix`: an address in network order, whatever the type of the member.
  template <class Address, std::size_t data_size>
    requires(sizeof(Address) == sizeof(T))
  [[nodiscard]] auto in(const LpmKey<Address, data_size>& prefix) const noexcept {
    return detail::matches_prefix<K, V, sizeof(T)>(this->nodes[0], prefix);
  }
  using Number<K, V, detail::is_signed_member<T>, 1>::in;
};

/// A member that is no integer: an array, a text or an address. Its bytes can be compared.
template <class K, class V, class T>
struct BytesMember {
  using key_type = K;
  using value_type = V;
  static constexpr auto kind = detail::ExpressionKind::bytes;

  detail::Node node;

  /// Returns the condition that the member begins with the bits of `prefix`:
  /// `key(&Flow::source).in(LpmKey<in_addr>::parse("10.0.0.0/8"))`.
  template <class Address, std::size_t data_size>
  [[nodiscard]] auto in(const LpmKey<Address, data_size>& prefix) const noexcept {
    static_assert(sizeof(Address) == sizeof(T),
                  "bpfmap: in() takes a prefix of an address as large as the member.");
    return detail::matches_prefix<K, V, sizeof(T)>(node, prefix);
  }
  /// Returns the condition that the member begins with these bytes; false when it is shorter.
  [[nodiscard]] auto starts_with(BytesView bytes) const noexcept {
    return detail::matches_first<K, V, sizeof(T)>(node, bytes);
  }
  [[nodiscard]] auto starts_with(std::string_view text) const noexcept {
    return starts_with(BytesView{reinterpret_cast<const std::byte*>(text.data()), text.size()});
  }

  /// Compares all bytes with those of a T. The member may also be compared with a text, when it is
  /// an array of characters or a FixedString; the text ends with zeros, and a longer one is never
  /// equal.
  [[nodiscard]] friend auto operator==(const BytesMember& member, const T& constant) noexcept
    requires(!std::is_array_v<T> || !detail::text_member<T>)
  {
    return detail::matches_first<K, V, sizeof(T)>(
        member.node, {reinterpret_cast<const std::byte*>(&constant), sizeof(T)});
  }
  [[nodiscard]] friend auto operator==(const BytesMember& member, const char* text) noexcept
    requires(detail::text_member<T>)
  {
    return detail::matches_text<K, V, sizeof(T)>(member.node, text);
  }
  [[nodiscard]] friend auto operator==(const BytesMember& member, std::string_view text) noexcept
    requires(detail::text_member<T>)
  {
    return detail::matches_text<K, V, sizeof(T)>(member.node, text);
  }
  [[nodiscard]] friend auto operator!=(const BytesMember& member, const T& constant) noexcept
    requires(!std::is_array_v<T> || !detail::text_member<T>)
  {
    return !(member == constant);
  }
  [[nodiscard]] friend auto operator!=(const BytesMember& member, const char* text) noexcept
    requires(detail::text_member<T>)
  {
    return !(member == text);
  }
  [[nodiscard]] friend auto operator!=(const BytesMember& member, std::string_view text) noexcept
    requires(detail::text_member<T>)
  {
    return !(member == text);
  }
};

/// The member of a value: an integer (also an enumerator or a character), or bytes. A path of
/// members and array indices reaches into members: `value(&Stats::port, 3, &Port::packets)`.
///
///     const auto busy = value(&FlowStats::packets) > 1000 && key(&FlowKey::port).in({80, 443});
///
/// Numbers have 64 bits. A member keeps its sign when it is extended; an operation of a signed and
/// an unsigned number is unsigned, as in C++. Overflow wraps around, x / 0 is 0, x % 0 is x, and a
/// shift counts the lower 6 bits. Both operands of && and || are free of effects. Constants can
/// change without loading another program.
template <class Object, class Member, class... Steps>
[[nodiscard]] auto value(Member Object::* member, Steps... steps) noexcept {
  return detail::follow<detail::Source::value, Object, Object>(0, member, steps...);
}
/// The whole value of a map: `value<std::uint64_t>()`, or an array of such: `value<Counts>(3)`.
template <class Whole, class... Steps>
  requires(!std::is_member_pointer_v<Whole> && (... && std::integral<Steps>))
[[nodiscard]] auto value(Steps... steps) noexcept {
  return detail::follow<detail::Source::value, Whole, Whole>(0, steps...);
}
/// As value(), of the key.
template <class Object, class Member, class... Steps>
[[nodiscard]] auto key(Member Object::* member, Steps... steps) noexcept {
  return detail::follow<detail::Source::key, Object, Object>(0, member, steps...);
}
template <class Whole, class... Steps>
  requires(!std::is_member_pointer_v<Whole> && (... && std::integral<Steps>))
[[nodiscard]] auto key(Steps... steps) noexcept {
  return detail::follow<detail::Source::key, Whole, Whole>(0, steps...);
}

/// The number of an integer member that is stored in network order: `big_endian(key(&Flow::port)) <
/// 1024`.
template <class K, class V, class T>
[[nodiscard]] constexpr auto big_endian(NumberMember<K, V, T> member) noexcept {
  member.nodes[0].big_endian = true;
  return member;
}

// --- numbers ---

template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator+(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::add>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator-(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::sub>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator*(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::mul>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator/(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::div>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator%(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::mod>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator&(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::bit_and>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator|(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::bit_or>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator^(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::bit_xor>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator<<(const L& left, const R& right) noexcept {
  return detail::shift<detail::NodeKind::lsh>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator>>(const L& left, const R& right) noexcept {
  return detail::shift<detail::NodeKind::rsh>(left, right);
}
template <class E>
  requires detail::uses_expression<E, E>
[[nodiscard]] constexpr auto operator-(const E& number) noexcept {
  return detail::unary<detail::NodeKind::negate>(number);
}
template <class E>
  requires detail::uses_expression<E, E>
[[nodiscard]] constexpr auto operator~(const E& number) noexcept {
  return detail::unary<detail::NodeKind::complement>(number);
}
/// The smaller, or the larger, of two numbers.
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto smaller(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::min>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto larger(const L& left, const R& right) noexcept {
  return detail::arithmetic<detail::NodeKind::max>(left, right);
}

// --- conditions ---

template <class L, class R>
  requires detail::uses_numbers<L, R>
[[nodiscard]] constexpr auto operator==(const L& left, const R& right) noexcept {
  return detail::compare<detail::NodeKind::equal>(left, right);
}
template <class L, class R>
  requires detail::uses_numbers<L, R>
[[nodiscard]] constexpr auto operator!=(const L& left, const R& right) noexcept {
  return detail::compare<detail::NodeKind::not_equal>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator<(const L& left, const R& right) noexcept {
  return detail::compare<detail::NodeKind::less>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator<=(const L& left, const R& right) noexcept {
  return detail::compare<detail::NodeKind::less_equal>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator>(const L& left, const R& right) noexcept {
  return detail::compare<detail::NodeKind::greater>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator>=(const L& left, const R& right) noexcept {
  return detail::compare<detail::NodeKind::greater_equal>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator&&(const L& left, const R& right) noexcept {
  return detail::logical<detail::NodeKind::both>(left, right);
}
template <class L, class R>
  requires detail::uses_expression<L, R>
[[nodiscard]] constexpr auto operator||(const L& left, const R& right) noexcept {
  return detail::logical<detail::NodeKind::either>(left, right);
}
template <class E>
  requires detail::uses_expression<E, E>
[[nodiscard]] constexpr auto operator!(const E& condition) noexcept {
  static_assert(E::kind == detail::ExpressionKind::condition,
                "bpfmap: ! negates a condition. Compare the number with 0.");
  return detail::condition<typename E::key_type, typename E::value_type>(detail::join(
      {.kind = detail::NodeKind::negation}, std::array<detail::Node, 0>{}, condition.nodes));
}

// --- changes ---

/// What update_if() does to a member.
template <class K, class V, std::size_t size>
struct MemberChange {
  using key_type = K;
  using value_type = V;

  std::array<detail::Node, size> nodes;
  detail::Node member;
  bool adds;
};

/// Sets an integer member of the value to a number, of which it keeps the lower bytes:
/// `set(value(&FlowStats::packets), 0)`.
template <class V, class T, class N>
[[nodiscard]] constexpr auto set(const NumberMember<void, V, T>& member, const N& number) noexcept {
  return detail::change<V>(member.nodes[0], number, false);
}
/// Adds a number to an integer member of the value; atomically when the member has 4 or 8 bytes, is
/// aligned, and in machine order.
template <class V, class T, class N>
[[nodiscard]] constexpr auto add(const NumberMember<void, V, T>& member, const N& number) noexcept {
  return detail::change<V>(member.nodes[0], number, true);
}

}  // namespace bpfmap::inline v0
