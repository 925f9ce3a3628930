// SPDX-License-Identifier: MIT
// Makes expressions from members, constants and other expressions. Included by expression.hpp only.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/fixed_string.hpp"
#include "bpfmap/codec/integer.hpp"
#include "bpfmap/in_kernel/detail/node.hpp"

namespace bpfmap::inline v0 {

template <class K, class V, bool is_signed, std::size_t size>
struct Number;
template <class K, class V, std::size_t size>
struct Predicate;
template <class K, class V, class T>
struct NumberMember;
template <class K, class V, class T>
struct BytesMember;
template <class K, class V, std::size_t size>
struct MemberChange;

namespace detail {

enum class ExpressionKind : std::uint8_t { number, condition, bytes };

template <class E>
concept expression = std::same_as<decltype(E::kind), const ExpressionKind>;
template <class E>
concept condition_expression = expression<E> && (E::kind == ExpressionKind::condition);
template <class E>
concept number_expression = expression<E> && (E::kind == ExpressionKind::number);
template <class E>
concept bytes_expression = expression<E> && (E::kind == ExpressionKind::bytes);
template <class L, class R>
concept uses_expression = expression<L> || expression<R>;
// Bytes have a comparison of their own.
template <class L, class R>
concept uses_numbers = uses_expression<L, R> && !bytes_expression<L> && !bytes_expression<R>;

template <class T>
concept integer_enum = std::is_enum_v<T> && integer_like<std::underlying_type_t<T>>;
template <class T>
concept constant_number = integer_like<T> || integer_enum<T>;

template <class T>
struct IntegerOf {
  using type = T;
};
template <class T>
  requires std::is_enum_v<T>
struct IntegerOf<T> {
  using type = std::underlying_type_t<T>;
};
template <class T>
inline constexpr bool is_signed_member = std::is_signed_v<typename IntegerOf<T>::type>;

template <class T>
inline constexpr bool text_member = false;
template <std::size_t n>
inline constexpr bool text_member<FixedString<n>> = true;
template <std::size_t n>
inline constexpr bool text_member<char[n]> = true;
template <std::size_t n>
inline constexpr bool text_member<std::array<char, n>> = true;

template <constant_number T>
[[nodiscard]] constexpr std::uint64_t widen_constant(T constant) noexcept {
  return static_cast<std::uint64_t>(static_cast<typename IntegerOf<T>::type>(constant));
}

// --- nodes ---

// The nodes of the operands, and then the operation's.
template <std::size_t a, std::size_t b>
[[nodiscard]] constexpr auto join(Node last, const std::array<Node, a>& first,
                                  const std::array<Node, b>& second) noexcept {
  std::array<Node, a + b + 1> all{};
  std::copy(first.begin(), first.end(), all.begin());
  std::copy(second.begin(), second.end(), all.begin() + a);
  last.span = static_cast<std::uint32_t>(a + b + 1);
  all[a + b] = last;
  return all;
}
template <class K, class V, std::size_t n>
[[nodiscard]] constexpr auto condition(const std::array<Node, n>& nodes) noexcept {
  return Predicate<K, V, n>{nodes};
}

// A number of an expression or a constant.
template <number_expression E>
[[nodiscard]] constexpr const auto& as_number(const E& number) noexcept {
  return number;
}
template <constant_number T>
[[nodiscard]] constexpr auto as_number(T constant) noexcept {
  return Number<void, void, is_signed_member<T>, 1>{{Node{.constant = widen_constant(constant)}}};
}

template <class E>
inline constexpr std::size_t nodes_of = std::tuple_size_v<decltype(E::nodes)>;
template <class E>
[[nodiscard]] consteval bool is_signed_number() {
  return std::is_signed_v<typename E::result_type>;
}

// The type whose members both sides read.
template <class Left, class Right>
struct Both {
  static_assert(std::is_void_v<Left> || std::is_void_v<Right> || std::same_as<Left, Right>,
                "bpfmap: an expression reads the members of one key type and one value type.");
  using type = std::conditional_t<std::is_void_v<Left>, Right, Left>;
};
template <class L, class R>
using BothKeys = typename Both<typename L::key_type, typename R::key_type>::type;
template <class L, class R>
using BothValues = typename Both<typename L::value_type, typename R::value_type>::type;

// Fails to compile with the reason why a T is no operand for numbers.
template <class T>
consteval bool check_number() {
  static_assert(!condition_expression<T>,
                "bpfmap: a condition is no number. To count, use count_if(); combine conditions "
                "with &&, || and !.");
  static_assert(!bytes_expression<T>,
                "bpfmap: this member is no integer: its bytes can be compared by ==, != and "
                "starts_with(), and with a prefix by in().");
  static_assert(!std::is_floating_point_v<T>,
                "bpfmap: the kernel has no floating-point numbers. Use an integer.");
  static_assert(!std::same_as<T, bool>, "bpfmap: a bool is no number. Use 0 or 1.");
  static_assert(number_expression<T> || constant_number<T> || expression<T> ||
                    std::is_floating_point_v<T> || std::same_as<T, bool>,
                "bpfmap: an expression is made from members and integer constants of up to 64 "
                "bits.");
  return number_expression<T> || constant_number<T>;
}

template <NodeKind kind, bool as_signed, class L, class R>
[[nodiscard]] constexpr auto join_numbers(const L& left, const R& right) noexcept {
  return join({.kind = kind, .is_signed = as_signed}, left.nodes, right.nodes);
}

template <NodeKind kind, class L, class R>
[[nodiscard]] constexpr auto arithmetic(const L& left, const R& right) noexcept {
  if constexpr (check_number<L>() && check_number<R>()) {
    const auto& a = as_number(left);
    const auto& b = as_number(right);
    using A = std::remove_cvref_t<decltype(a)>;
    using B = std::remove_cvref_t<decltype(b)>;
    constexpr bool is_signed = is_signed_number<A>() && is_signed_number<B>();
    return Number<BothKeys<A, B>, BothValues<A, B>, is_signed, nodes_of<A> + nodes_of<B> + 1>{
        join_numbers<kind, is_signed>(a, b)};
  }
}
// The sign is that of the left side, as in C++.
template <NodeKind kind, class L, class R>
[[nodiscard]] constexpr auto shift(const L& left, const R& right) noexcept {
  if constexpr (check_number<L>() && check_number<R>()) {
    const auto& a = as_number(left);
    const auto& b = as_number(right);
    using A = std::remove_cvref_t<decltype(a)>;
    using B = std::remove_cvref_t<decltype(b)>;
    constexpr bool is_signed = is_signed_number<A>();
    return Number<BothKeys<A, B>, BothValues<A, B>, is_signed, nodes_of<A> + nodes_of<B> + 1>{
        join_numbers<kind, is_signed>(a, b)};
  }
}
template <NodeKind kind, class E>
[[nodiscard]] constexpr auto unary(const E& number) noexcept {
  if constexpr (check_number<E>())
    return Number<typename E::key_type, typename E::value_type, is_signed_number<E>(),
                  nodes_of<E> + 1>{join({.kind = kind}, std::array<Node, 0>{}, number.nodes)};
}
template <NodeKind kind, class L, class R>
[[nodiscard]] constexpr auto compare(const L& left, const R& right) noexcept {
  if constexpr (check_number<L>() && check_number<R>()) {
    const auto& a = as_number(left);
    const auto& b = as_number(right);
    using A = std::remove_cvref_t<decltype(a)>;
    using B = std::remove_cvref_t<decltype(b)>;
    return condition<BothKeys<A, B>, BothValues<A, B>>(
        join_numbers < kind, is_signed_number<A>() && is_signed_number<B>() > (a, b));
  }
}
template <NodeKind kind, class L, class R>
[[nodiscard]] constexpr auto logical(const L& left, const R& right) noexcept {
  static_assert(condition_expression<L> && condition_expression<R>,
                "bpfmap: && and || combine conditions. Compare a number with 0.");
  return condition<BothKeys<L, R>, BothValues<L, R>>(join({.kind = kind}, left.nodes, right.nodes));
}

// --- bytes ---

// The condition that the first bytes of a member are `wanted`, where `mask` has ones.
template <class K, class V, std::size_t size>
[[nodiscard]] inline auto matches(const Node& member, const std::byte* wanted,
                                  const std::byte* mask) noexcept {
  constexpr std::size_t count = piece_count(size);
  std::array<Node, count> pieces{};
  for (std::size_t at = 0, i = 0; at < size; at += piece_size(size, at), ++i) {
    pieces[i].mask = load_bytes(mask + at, piece_size(size, at));
    pieces[i].constant = load_bytes(wanted + at, piece_size(size, at)) & pieces[i].mask;
  }
  Node last = member;
  last.kind = NodeKind::bytes;
  last.count = count;
  return condition<K, V>(join(last, pieces, std::array<Node, 0>{}));
}
// A condition that is never true, with the same program.
template <class K, class V, std::size_t size>
[[nodiscard]] inline auto matches_nothing(const Node& member) noexcept {
  const std::array<std::byte, size> zeros{};
  auto never = matches<K, V, size>(member, zeros.data(), zeros.data());
  never.nodes[0].constant = 1;
  return never;
}
template <class K, class V, std::size_t size>
[[nodiscard]] inline auto matches_first(const Node& member, BytesView first) noexcept {
  if (first.size() > size) return matches_nothing<K, V, size>(member);
  std::array<std::byte, size> wanted{};
  std::array<std::byte, size> mask{};
  std::copy(first.begin(), first.end(), wanted.begin());
  std::fill_n(mask.begin(), first.size(), std::byte{0xff});
  return matches<K, V, size>(member, wanted.data(), mask.data());
}
template <class K, class V, std::size_t size>
[[nodiscard]] inline auto matches_text(const Node& member, std::string_view text) noexcept {
  if (text.size() > size) return matches_nothing<K, V, size>(member);
  std::array<std::byte, size> wanted{};
  std::memcpy(wanted.data(), text.data(), text.size());
  return matches_first<K, V, size>(member, wanted);
}
template <class K, class V, std::size_t size, class Prefix>
[[nodiscard]] inline auto matches_prefix(const Node& member, const Prefix& prefix) noexcept {
  std::array<std::byte, size> mask{};
  for (std::size_t bit = 0; bit < prefix.prefixlen && bit < size * 8; ++bit)
    mask[bit / 8] |= std::byte{0x80} >> (bit % 8);
  return matches<K, V, size>(member, reinterpret_cast<const std::byte*>(prefix.data.data()),
                             mask.data());
}

// --- members ---

// An offset that no key or value has: the query is Errc::out_of_range.
inline constexpr std::uint32_t no_offset = std::numeric_limits<std::uint32_t>::max();

template <class Owner, class Member>
[[nodiscard]] inline std::uint32_t offset_of(Member Owner::* member) noexcept {
  alignas(Owner) static constexpr std::byte storage[sizeof(Owner)]{};
  const auto* object = reinterpret_cast<const Owner*>(storage);
  const auto* place = reinterpret_cast<const std::byte*>(__builtin_addressof(object->*member));
  return static_cast<std::uint32_t>(place - storage);
}

template <class T>
consteval bool check_member() {
  static_assert(!std::is_floating_point_v<T>,
                "bpfmap: the kernel has no floating-point numbers: a query cannot read this "
                "member.");
  static_assert(!std::same_as<T, bool>,
                "bpfmap: a query reads no bool. Use std::uint8_t for the member.");
  static_assert(std::is_floating_point_v<T> || std::is_array_v<T> ||
                    std::has_unique_object_representations_v<T>,
                "bpfmap: this member has padding, whose bytes mean nothing. Go on to one of its "
                "members: value(&V::member, &Member::number).");
  return true;
}
template <Source source, class Root>
consteval bool check_root() {
  static_assert(coded_as_object<Root> || integer_like<Root>,
                "bpfmap: a query reads members where the compiler puts them, but this type has a "
                "bpfmap::Codec with another layout.");
  return true;
}

template <class T>
struct ElementOf {};
template <class T, std::size_t n>
struct ElementOf<T[n]> {
  using type = T;
  static constexpr std::size_t count = n;
};
template <class T, std::size_t n>
struct ElementOf<std::array<T, n>> {
  using type = T;
  static constexpr std::size_t count = n;
};

template <Source source, class Root, class T>
[[nodiscard]] inline auto follow(std::uint32_t offset) noexcept {
  using K = std::conditional_t<source == Source::key, Root, void>;
  using V = std::conditional_t<source == Source::value, Root, void>;
  static_assert(check_root<source, Root>() && check_member<T>());
  const Node node{.kind = NodeKind::load,
                  .source = source,
                  .is_signed = integer_like<T> || integer_enum<T> ? is_signed_member<T> : false,
                  .size = sizeof(T),
                  .offset = offset};
  if constexpr (constant_number<T>)
    return NumberMember<K, V, T>{{{node}}};
  else
    return BytesMember<K, V, T>{node};
}
template <Source source, class Root, class T, std::integral Index, class... Rest>
[[nodiscard]] inline auto follow(std::uint32_t offset, Index index, Rest... rest) noexcept;
template <Source source, class Root, class T, class Member, class Owner, class... Rest>
[[nodiscard]] inline auto follow(std::uint32_t offset, Member Owner::* member,
                                 Rest... rest) noexcept {
  static_assert(!std::is_function_v<Member>, "bpfmap: a query reads data members, not functions.");
  static_assert(std::same_as<Owner, T> || std::is_base_of_v<Owner, T>,
                "bpfmap: this is no member of the member before it.");
  Member T::* const own = member;
  const std::uint32_t further = offset_of<T>(own);
  return follow<source, Root, std::remove_cv_t<Member>>(
      offset == no_offset ? no_offset : offset + further, rest...);
}
template <Source source, class Root, class T, std::integral Index, class... Rest>
[[nodiscard]] inline auto follow(std::uint32_t offset, Index index, Rest... rest) noexcept {
  using Array = ElementOf<T>;
  static_assert(requires { Array::count; }, "bpfmap: only an array has elements with an index.");
  using Element = typename Array::type;
  const bool exists = index >= 0 && static_cast<std::uint64_t>(index) < Array::count;
  return follow<source, Root, Element>(
      exists && offset != no_offset
          ? offset + static_cast<std::uint32_t>(static_cast<std::size_t>(index) * sizeof(Element))
          : no_offset,
      rest...);
}

template <class V, class N>
[[nodiscard]] constexpr auto change(const Node& member, const N& number, bool adds) noexcept {
  if constexpr (check_number<N>()) {
    const auto& n = as_number(number);
    using E = std::remove_cvref_t<decltype(n)>;
    return MemberChange<typename E::key_type, typename Both<V, typename E::value_type>::type,
                        nodes_of<E>>{n.nodes, member, adds};
  }
}

}  // namespace detail
}  // namespace bpfmap::inline v0
